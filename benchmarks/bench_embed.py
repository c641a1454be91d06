"""embed beside ONNX Runtime on batches in memory, and beside torch: one run, interleaved; JSON.

    python benchmarks/bench_embed.py --network resnet10 --images 2000 --rounds 5
    python benchmarks/bench_embed.py --model encoder.onnx --photographs images.h5 --rounds 5

The three describe the same photographs with the same weights, batch size and threads, and their
answers are compared before the clock starts. Photographs are synthetic unless given: a smooth field
with noise, stored as `igwas-fast images` stores them, so that reading costs what it costs there.
Take enough of them: a run ends with flushes to the disk that take a tenth of a second or more.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # tests.encoder_files writes the images.h5

from igwas.context import Context  # noqa: E402
from igwas.embeddings.embed import embed_images  # noqa: E402
from igwas.embeddings.embed_options import EmbedOptions  # noqa: E402
from igwas.embeddings.embedding_run import split_batches  # noqa: E402
from igwas.embeddings.embeddings_file import read_embeddings  # noqa: E402
from igwas.embeddings.encoder import INPUT, OUTPUT, open_encoder  # noqa: E402
from igwas.embeddings.image_rows import open_image_rows  # noqa: E402
from igwas.embeddings.inference import describe_batches  # noqa: E402
from igwas.embeddings.test_time_views import TestTimeViews  # noqa: E402

SIZE_PX = 400
DIMENSIONS = 128
# onnxruntime: its default options, batches in memory. same_session: the session that embed uses,
# called for one batch at a time: embed calls it from all lanes.
# embed: from its first batch to its last. embed_whole: with opening files and optimising the graph.
# cpu_bound_on_embed: CPU time of the same session in memory over that of reading and describing:
# with every core busy no program of one machine can be nearer to the in-memory rate.
RATES = ("onnxruntime", "same_session", "embed", "embed_whole", "torch")
# float32 sums in another order.
TOLERANCE = 1e-4


class Block(nn.Module):
    """A residual block: two 3 x 3 convolutions, or with `inner` 1 x 1, 3 x 3, 1 x 1."""

    def __init__(self, n_in: int, n_out: int, stride: int, inner: int = 0) -> None:
        super().__init__()
        if inner:
            plan = [(n_in, inner, 1, 1), (inner, inner, 3, stride), (inner, n_out, 1, 1)]
        else:
            plan = [(n_in, n_out, 3, stride), (n_out, n_out, 3, 1)]
        layers: list[nn.Module] = []
        for a, b, kernel, step in plan:
            layers += [nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False), nn.BatchNorm2d(b)]
            layers.append(nn.ReLU())
        self.path = nn.Sequential(*layers[:-1])
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            conv = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both paths, added."""
        return torch.relu(self.path(x) + self.shortcut(x))


class Network(nn.Module):
    """A ResNet that takes bytes of images.h5 and does its own resizing and scaling."""

    def __init__(self, side: int, widths: list[int], blocks: list[int], bottleneck: bool) -> None:
        super().__init__()
        self.side = side
        stem = 64 if bottleneck else widths[0]
        layers: list[nn.Module] = [
            nn.Conv2d(3, stem, 7, 2, 3, bias=False), nn.BatchNorm2d(stem), nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        ]  # fmt: skip
        n_in = stem
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            for block in range(count):
                stride = 2 if stage and not block else 1
                layers.append(Block(n_in, width, stride, width // 4 if bottleneck else 0))
                n_in = width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(n_in, DIMENSIONS)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Vectors of uint8 (batch, rows, columns, 3)."""
        x = image.permute(0, 3, 1, 2).contiguous().float() / 255 - 0.5
        x = nn.functional.interpolate(x, size=self.side, mode="bilinear", align_corners=False)
        return self.head(self.layers(x).mean(dim=(2, 3)))


NETWORKS: dict[str, Callable[[], Network]] = {
    "resnet10": lambda: Network(96, [32, 64, 128, 256], [1, 1, 1, 1], False),
    "resnet18": lambda: Network(224, [64, 128, 256, 512], [2, 2, 2, 2], False),
    "resnet50": lambda: Network(224, [256, 512, 1024, 2048], [3, 4, 6, 3], True),
}


def write_model(network: Network, path: Path) -> None:
    """Export with the metadata that embed asks for."""
    import onnx

    example = torch.zeros((2, SIZE_PX, SIZE_PX, 3), dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (example,), str(path), input_names=[INPUT], output_names=[OUTPUT],
            dynamic_shapes=[{0: torch.export.Dim("batch")}], dynamo=True, external_data=False,
            verbose=False,
        )  # fmt: skip
    model = onnx.load(path)
    names = json.dumps([f"dim_{index:03d}" for index in range(DIMENSIONS)])
    metadata = {
        "igwas_format": "igwas encoder", "igwas_preprocessing_version": "fundus-1",
        "igwas_image_size_px": str(SIZE_PX), "igwas_weights_digest": "benchmark",
        "igwas_training_participants": "[]", "igwas_dimension_names": names,
    }  # fmt: skip
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)


def write_photographs(path: Path, n_images: int) -> None:
    """Discs with a smooth field and the noise of a camera."""
    from tests.encoder_files import write_images

    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX] / SIZE_PX - 0.5
    is_disc = np.hypot(x, y) < 0.49
    rgb = np.zeros((n_images, SIZE_PX, SIZE_PX, 3), np.uint8)
    for image in rgb:
        a, b, c = rng.uniform(3, 25, 3)
        field = np.sin(a * x + b * y + c)[..., None] * [60, 35, 15] + [140, 80, 40]
        field = field + rng.normal(scale=2.0, size=image.shape)
        image[is_disc] = field.clip(0, 255)[is_disc]
    write_images(path, rgb)


def seconds(function: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def cpu_seconds(function: Callable[[], Any]) -> float:
    """CPU time of all threads in one call: what other programs on the machine do not disturb."""
    start = time.process_time()
    function()
    return time.process_time() - start


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Rates of the three, round by round."""
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    network = None if arguments.model else NETWORKS[arguments.network]().eval()
    model, images = arguments.model, arguments.photographs
    output = folder / "embeddings.h5"
    if network is not None:
        model = folder / "e.onnx"
        write_model(network, model)
    if images is None:
        images = folder / "images.h5"
        write_photographs(images, arguments.images)
    context = Context(threads=arguments.threads)
    encoder = open_encoder(model, context=context)
    size = arguments.batch_size
    with open_image_rows(images) as rows:
        arguments.images = len(rows)
        batches = [rows.read(at, at + size) for at in range(0, len(rows), size)]
    tensors = [torch.from_numpy(batch) for batch in batches]
    options = EmbedOptions(batch_size=size, overwrite=True, min_grade="reject")
    default = encoder.opened.runtime.SessionOptions()
    default.intra_op_num_threads = arguments.threads
    default.log_severity_level = 3
    own = encoder.opened.runtime.InferenceSession(
        model.read_bytes(), default, providers=["CPUExecutionProvider"]
    )

    def in_memory(session: Any = own) -> Any:
        return [session.run([OUTPUT], {INPUT: batch})[0] for batch in batches]

    def same_session() -> Any:
        return in_memory(encoder.opened.session)

    def overlapped() -> Any:
        with open_image_rows(images) as rows:
            views = TestTimeViews((), encoder.card.size_px)
            return list(
                describe_batches(
                    encoder, rows.read, split_batches(len(rows), size), views, batch_size=size,
                    name_of=str,
                )
            )  # fmt: skip

    def with_torch() -> Any:
        assert network is not None
        with torch.inference_mode():
            return [network(batch).numpy() for batch in tensors]

    embed_images(images, model, output, options=options, context=context)
    vectors = read_embeddings(output).vectors
    difference = {
        "embed_from_onnxruntime": float(np.abs(vectors - np.concatenate(in_memory())).max())
    }
    if network is not None:
        expected = np.concatenate(with_torch())
        distance = np.abs(vectors - expected).max() / np.abs(expected).max()
        difference["embed_from_torch"] = float(distance)
    assert max(difference.values()) < TOLERANCE, difference
    rates: dict[str, list[float]] = {name: [] for name in RATES}
    cpu: dict[str, list[float]] = {"same_session": [], "overlapped": []}
    for _ in range(arguments.rounds):
        rates["onnxruntime"].append(arguments.images / seconds(in_memory))
        rates["same_session"].append(arguments.images / seconds(same_session))
        begun = time.perf_counter()
        summary = embed_images(images, model, output, options=options, context=context)
        rates["embed_whole"].append(arguments.images / (time.perf_counter() - begun))
        rates["embed"].append(arguments.images / summary.seconds)
        if network is not None:
            rates["torch"].append(arguments.images / seconds(with_torch))
        for function in (same_session, overlapped):
            spent = 1000 * cpu_seconds(function) / arguments.images
            cpu[function.__name__].append(round(spent, 3))
    share = np.median(cpu["same_session"]) / np.median(cpu["overlapped"])
    result = {"difference": difference, "images_per_second": rates} | ratios(rates)
    return result | {"cpu_ms_per_image": cpu, "cpu_bound_on_embed": round(float(share), 3)}


def ratios(rates: dict[str, list[float]]) -> dict[str, Any]:
    """Ratios within each round, and their medians."""
    array = {name: np.array(values) for name, values in rates.items() if values}
    within = {
        f"embed_over_{name}": array["embed"] / array[name]
        for name in ("onnxruntime", "same_session", "torch")
        if name in array
    }
    return {name: values.round(3).tolist() for name, values in within.items()} | {
        f"median_{name}": round(float(np.median(values)), 3) for name, values in within.items()
    }


def main() -> None:
    """Parse, measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=list(NETWORKS), default="resnet10")
    parser.add_argument("--model", type=Path, help="an encoder.onnx instead of a network")
    parser.add_argument("--photographs", type=Path, help="its images.h5")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(arguments, Path(folder))
    described = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(described, capture_output=True, text=True, check=True).stdout.strip()
    print(json.dumps({"commit": commit, **vars(arguments), **result}, indent=2, default=str))


if __name__ == "__main__":
    main()

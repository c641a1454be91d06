"""Train every recipe on real photographs and measure how well each finds a person's other eye.

Every figure of a trained encoder is of its exported .onnx in ONNX Runtime. Finished runs in the
working folder are not repeated, so that an interrupted measurement goes on where it stopped.

    python validation/encoder_results.py images.h5 --work build/encoder -o docs/encoder-results.md
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from encoder_baselines import as_distance, kept_baselines, principal, untrained

from igwas.context import Context
from igwas.embeddings.bootstrap import Estimate, mean_with_interval
from igwas.embeddings.retrieval import TOP, chance_level, colour_matched_retrieval, mate_ranks
from igwas.encoder.checkpoint import BEST, LAST, Checkpoint, read_checkpoint
from igwas.encoder.export_onnx import export_encoder
from igwas.encoder.export_options import ExportOptions
from igwas.encoder.held_out import HeldOut
from igwas.encoder.options import DEFAULT_STEPS, GRADES, TrainOptions
from igwas.encoder.train import train_encoder
from igwas.encoder.training_images import TrainingImages, read_slabs, read_training_images

Vectors = npt.NDArray[np.float32]

# Title of a row -> recipe; every recipe is otherwise the default.
RECIPES: dict[str, dict[str, Any]] = {
    "NT-Xent, both eyes (default)": {},
    "NT-Xent, views of one image": {"positives": "image"},
    "CosFace by person": {"objective": "cosface"},
    "VICReg, both eyes": {"objective": "vicreg"},
    "structure only (standardised, mask 0.9)": {"standardise": True, "mask_radius": 0.9},
    "common circular mask 0.9": {"mask_radius": 0.9},
}
DEFAULT = next(iter(RECIPES))
HISTOGRAM = "colour histogram, 16 bins"
ENSEMBLE_SEEDS = (0, 1, 2, 3, 4)


def name_of(title: str) -> str:
    """Name of a recipe's files."""
    return title.split(" (")[0].replace(",", "").replace(" ", "-").lower()


@dataclass
class Measured:
    """Ranks and matches of the people tested, fold after fold."""

    ranks: list[npt.NDArray[np.int64]] = field(default_factory=list)
    matched: list[npt.NDArray[np.bool_]] = field(default_factory=list)

    def by_person(self) -> dict[str, npt.NDArray[np.float64]]:
        """Top-1, top-5, average precision and colour-matched top-1 of each person."""
        ranks = np.concatenate(self.ranks, 1)
        return {
            "top-1": (ranks == 1).mean(0),
            f"top-{TOP}": (ranks <= TOP).mean(0),
            "mAP": (1 / ranks).mean(0),
            "colour-matched top-1": np.concatenate(self.matched, 1).mean(0),
        }


class Fold:
    """One split of the people, its runs and its measures."""

    def __init__(self, images: TrainingImages, arguments: argparse.Namespace, fold: int):
        self.images, self.fold, self.part = images, fold, arguments.part
        self.folder = arguments.work / f"fold{fold}"
        self.precision = arguments.precision
        self.context = Context(threads=arguments.threads, device="cpu")
        self.seconds: dict[str, float] = {}

    def is_finished(self, title: str, seed: int) -> bool:
        """Whether this recipe has been trained to its end."""
        last = self.folder / f"{name_of(title)}-seed{seed}" / LAST
        return last.exists() and read_checkpoint(last).step >= DEFAULT_STEPS

    def train(self, title: str, seed: int) -> Path:
        """Train a recipe, or find it trained; its folder."""
        run = self.folder / f"{name_of(title)}-seed{seed}"
        self._share_cache(run)
        options = TrainOptions(
            seed=seed, fold=self.fold, grades=GRADES, precision=self.precision, **RECIPES[title]
        )
        summary = train_encoder(
            self.images.path, run, options=options, resume=True, context=self.context
        )
        self.seconds[f"{title}, seed {seed}"] = summary.seconds
        print(f"fold {self.fold}: {title}, seed {seed}: {summary.seconds:.0f} s", flush=True)
        return run

    def _share_cache(self, run: Path) -> None:
        """Give a run the resized images of the first one; they are the same for all."""
        first = self.folder.parent / "fold0" / f"{name_of(DEFAULT)}-seed0"
        run.mkdir(parents=True, exist_ok=True)
        for name in ("images.cache", "images.cache.json"):
            if (first / name).exists() and not (run / name).exists():
                (run / name).hardlink_to(first / name)

    def describe(self, name: str, runs: list[Path], n_verified: int = 20) -> Vectors:
        """Export runs as one .onnx and describe the images of the people measured with it.

        Rows of other images are NaN. What was described before with the same weights is read.
        """
        checkpoints = [read_checkpoint(run / BEST) for run in runs]
        key = hashlib.sha256("".join(one.weights_digest for one in checkpoints).encode())
        kept = self.folder / f"{name}-{self.part}-{key.hexdigest()[:16]}.npy"
        if not kept.exists():
            vectors = self._describe(name, runs, checkpoints[0], n_verified)
            partial = kept.with_name(kept.name + ".partial")
            with partial.open("wb") as stream:
                np.save(stream, vectors)
            partial.replace(kept)
        found: Vectors = np.load(kept)
        return found

    def _describe(
        self, name: str, runs: list[Path], checkpoint: Checkpoint, n_verified: int
    ) -> Vectors:
        model = self.folder / f"{name}.onnx"
        summary = export_encoder(
            runs, model, images=self.images.path, options=ExportOptions(n_verified=n_verified),
            overwrite=True, context=self.context,
        )  # fmt: skip
        print("\n".join(summary.describe()), flush=True)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = self.context.n_threads
        session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        held_out = HeldOut.of(self.images, tuple(checkpoint.people[self.part]))
        positions = np.sort(held_out.positions.ravel())
        vectors = np.full((len(self.images.rows), summary.n_dimensions), np.nan, np.float32)
        for start, slab in read_slabs(self.images.path, self.images.rows[positions], 32):
            chosen = positions[start : start + len(slab)]
            vectors[chosen] = session.run(None, {"image": slab})[0]
        return vectors

    def measure(self, vectors: Vectors, histograms: Vectors, into: Measured, run: Path) -> None:
        """Add the ranks of this fold's people."""
        people = read_checkpoint(run / LAST).people[self.part]
        left, right = HeldOut.of(self.images, tuple(people)).positions.T
        into.ranks.append(mate_ranks(vectors[left], vectors[right]))
        matched = colour_matched_retrieval(
            vectors[left], vectors[right], histograms[left], histograms[right]
        )
        into.matched.append(matched.is_found)


def measure_all(
    images: TrainingImages, arguments: argparse.Namespace
) -> tuple[dict[str, Measured], dict[str, float]]:
    """Train, describe and measure every row of the table."""
    table: dict[str, Measured] = {}
    seconds: dict[str, float] = {}
    plain = kept_baselines(images, arguments.work / "baselines.npz")
    histograms = plain["colour histogram"]

    for number in range(arguments.folds):
        fold = Fold(images, arguments, number)
        default = fold.train(DEFAULT, 0)

        def add(title: str, vectors: Vectors, fold: Fold = fold, default: Path = default) -> None:
            fold.measure(vectors, histograms, table.setdefault(title, Measured()), default)

        checkpoint = read_checkpoint(default / BEST)
        training = images.of_people(frozenset(checkpoint.people["train"]))
        add("mean colour", as_distance(plain["mean colour"]))
        add("camera outline alone", principal(plain["camera outline"], training))
        add("pixels, PCA-128", principal(plain["pixels"], training))
        tested = HeldOut.of(images, tuple(checkpoint.people[arguments.part])).positions.ravel()
        add("untrained network", untrained(checkpoint, images, training, np.sort(tested)))
        add(HISTOGRAM, histograms)
        for title in RECIPES:
            if arguments.finished_only and not fold.is_finished(title, 0):
                continue
            n_verified = 200 if title == DEFAULT else 20
            add(title, fold.describe(name_of(title), [fold.train(title, 0)], n_verified))
        if number == 0 or arguments.ensemble_in_every_fold:
            runs = [
                fold.train(DEFAULT, seed)
                for seed in ENSEMBLE_SEEDS
                if not arguments.finished_only or fold.is_finished(DEFAULT, seed)
            ]
            add(
                f"{len(runs)} networks of the default in one .onnx",
                fold.describe("ensemble", runs, 200),
            )
        seconds |= {f"fold {number}: {name}": value for name, value in fold.seconds.items()}
    return table, seconds


def write_page(
    table: dict[str, Measured],
    seconds: dict[str, float],
    images: TrainingImages,
    arguments: argparse.Namespace,
) -> str:
    """The page of results, in Markdown."""
    n_people = table[DEFAULT].ranks[0].shape[1]
    chance = chance_level(n_people)
    lines = [
        "# Finding a person's other eye",
        "",
        "Written by `make train-real` (validation/encoder_results.py); docs/encoder.md says what "
        "the recipes are. Query: one eye. Gallery: everybody's other eye. Intervals are 95 % "
        "bootstrap intervals over people. Colour-matched: the mate against the 10 people nearest "
        "to it in colour. Every trained encoder is measured as exported: its .onnx in ONNX "
        "Runtime, mean of 5 views, 128 principal axes fitted on training people.",
        "",
        f"- images: {len(images.rows):,} photographs of "
        f"{len(set(images.participant_ids)):,} people, preprocessing "
        f"{images.preprocessing_version}; {arguments.part} people of "
        f"{'fold 0' if arguments.folds == 1 else f'{arguments.folds} folds'} ({n_people} people)",
        f"- machine: {_processor()}, threads: {arguments.threads}, trained in "
        f"{arguments.precision}; torch {torch.__version__}, "
        f"onnxruntime {onnxruntime.__version__}, Python {platform.python_version()}",
        f"- commit {_commit()}; seeds: 0 for single networks, "
        f"{', '.join(map(str, ENSEMBLE_SEEDS))} for the ensemble",
        "",
        "| recipe | top-1 | top-5 | mAP | colour-matched top-1 | top-1 minus histogram's |",
        "|---|---|---|---|---|---|",
        f"| chance | {chance['top1']:.3f} | {chance['top5']:.3f} | "
        f"{chance['mean_average_precision']:.3f} | {1 / 11:.3f} | |",
    ]
    reference = table[HISTOGRAM].by_person()["top-1"]
    for title, measured in table.items():
        by_person = measured.by_person()
        cells = [_cell(mean_with_interval(values)) for values in by_person.values()]
        own = by_person["top-1"]
        if title == HISTOGRAM:
            cells.append("")
        else:
            cells.append(_cell(mean_with_interval(own - reference[: len(own)])))
        lines.append(f"| {title} | {' | '.join(cells)} |")
    total = sum(seconds.values())
    lines += [
        "",
        f"Training took {total / 60:.0f} minutes for {len(seconds)} runs "
        f"({total / 60 / len(seconds):.1f} minutes each"
        f"{', on a machine with other work' if arguments.busy else ''}).",
        "",
    ]
    return "\n".join(lines)


def _cell(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]".replace(
        "-0.00", "0.00"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{line.split(':')[1].strip()}, {os.cpu_count()} cores"
    return platform.processor()


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/encoder"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=1)
    parser.add_argument("--part", choices=("validation", "test"), default="test")
    parser.add_argument("--ensemble-in-every-fold", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--only", help="one run to make: TITLE:SEED:FOLD")
    parser.add_argument("--finished-only", action="store_true", help="train nothing")
    parser.add_argument("--busy", action="store_true", help="say that other work was going on")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    images = read_training_images(arguments.images, GRADES)
    if arguments.only:
        title, seed, number = arguments.only.rsplit(":", 2)
        fold = Fold(images, arguments, int(number))
        run = fold.train(title, int(seed))
        if seed == "0":
            fold.describe(name_of(title), [run], 200 if title == DEFAULT else 20)
        return
    began = time.monotonic()
    table, seconds = measure_all(images, arguments)
    arguments.threads = Context(threads=arguments.threads).n_threads
    page = write_page(table, seconds, images, arguments)
    arguments.output.write_text(page)
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    print(page)
    print(
        json.dumps({"wall": time.monotonic() - began, "cpu": cpu.ru_utime + cpu.ru_stime}),
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()

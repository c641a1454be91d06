"""How much of each drawn parameter an encoder sees in simulated photographs.

Draws people, prepares their photographs, trains the default recipe briefly on some of them, and
regresses the true scores of the others on their embeddings. Finished stages in the working folder
are not repeated, so that an interrupted measurement goes on where it stopped.

    python validation/encoder_sight.py --work build/encoder-sight -o docs/encoder-sight.md
"""

import argparse
import os
import platform
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
from encoder_baselines import principal, untrained
from score_regression import explained_by

from igwas.context import Context
from igwas.embeddings.embed import embed_images
from igwas.embeddings.embed_options import EmbedOptions
from igwas.embeddings.embeddings_file import read_embeddings
from igwas.encoder.checkpoint import BEST, read_checkpoint
from igwas.encoder.export_onnx import export_encoder
from igwas.encoder.export_options import ExportOptions
from igwas.encoder.options import TrainOptions
from igwas.encoder.resize import resize_matrix
from igwas.encoder.train import train_encoder
from igwas.encoder.training_images import (
    TrainingImages,
    read_slabs,
    read_training_images,
    resized,
)
from igwas.images.images_file import read_images
from igwas.images.options import ImagesOptions
from igwas.images.process import process_photographs
from igwas.simulate.eye_parameters import CAMERAS, EYE_PARAMETERS
from igwas.simulate.photographs import write_photographs

Values = npt.NDArray[np.float64]
SIZE_PX, PIXELS_PX = 160, 32
GRADES = ("keep", "usable")


def draw_scores(n_people: int, seed: int) -> Values:
    """Scores (people, 2, parameters) of a population: eyes of a person alike but not equal."""
    generator = np.random.default_rng([seed, 0])
    likeness = np.array([parameter.between_eyes for parameter in EYE_PARAMETERS])
    shared = generator.normal(size=(n_people, 1, len(likeness)))
    own = generator.normal(size=(n_people, 2, len(likeness)))
    return np.asarray(np.sqrt(likeness) * shared + np.sqrt(1 - likeness) * own)


def names_of(n_people: int) -> list[str]:
    return [f"P{number:05d}" for number in range(n_people)]


def draw_photographs(arguments: argparse.Namespace, scores: Values, context: Context) -> Path:
    """Photographs of everybody; camera and light are drawn apart from the scores."""
    n = arguments.people
    generator = np.random.default_rng([arguments.seed, 1])
    cameras = [CAMERAS[number] for number in generator.integers(len(CAMERAS), size=n)]
    light = np.exp(0.1 * generator.normal(size=(n, 2)))
    seeds = [arguments.seed * n + number for number in range(n)]
    return write_photographs(
        arguments.work / "photographs", names_of(n), scores, cameras, light, seeds,
        context=context, resume=True,
    )  # fmt: skip


def train(arguments: argparse.Namespace, images: Path, context: Context) -> Path:
    """The run of the default recipe on the first people."""
    table = arguments.work / "split.tsv"
    n_train = arguments.train_people
    n_validation = max(5, arguments.people // 20)
    parts = ["train"] * n_train + ["validation"] * n_validation
    parts += ["test"] * (arguments.people - len(parts))
    rows = zip(names_of(arguments.people), parts, strict=True)
    table.write_text("participant_id\tpart\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
    options = TrainOptions(steps=arguments.steps, split_file=table, grades=GRADES)
    run: Path = arguments.work / "run"
    train_encoder(images, run, options=options, resume=True, context=context)
    return run


def describe(run: Path, images: Path, context: Context) -> dict[str, dict[str, Values]]:
    """Recipe -> image id -> vector, of people that were not trained on."""
    model, vectors = run.parent / "encoder.onnx", run.parent / "embeddings.h5"
    export_encoder([run], model, images=images, options=ExportOptions(n_verified=20),
                   overwrite=True, context=context)  # fmt: skip
    embed_images(images, model, vectors, options=EmbedOptions(overwrite=True), context=context)
    trained = read_embeddings(vectors)
    checkpoint = read_checkpoint(run / BEST)
    used = read_training_images(images, GRADES)
    ids = read_images(images).table["image_id"].to_numpy()[used.rows]
    training = used.of_people(frozenset(checkpoint.people["train"]))
    tested = used.of_people(frozenset(checkpoint.people["test"]))
    random = untrained(checkpoint, used, training, tested)
    pixels = principal(_pixels(used), training)
    found = {
        "trained encoder": dict(zip(trained.columns.image_id, trained.vectors, strict=True)),
        "untrained encoder": dict(zip(ids, random, strict=True)),
        f"pixels at {PIXELS_PX} px": dict(zip(ids, pixels, strict=True)),
    }
    return {title: {name: rows[name] for name in ids[tested]} for title, rows in found.items()}


def _pixels(images: TrainingImages) -> npt.NDArray[np.float32]:
    matrix = resize_matrix(images.size_px, PIXELS_PX)
    slabs = [resized(slab, matrix) for _, slab in read_slabs(images.path, images.rows)]
    pixels = np.concatenate(slabs).astype(np.float32)
    return pixels.reshape(len(pixels), -1)


def regress(
    described: dict[str, dict[str, Values]], scores: Values
) -> tuple[dict[str, Values], int]:
    """R2 of each parameter by each recipe, and the number of people it is of."""
    table: dict[str, Values] = {}
    people: list[str] = []
    for title, rows in described.items():
        people = [name.split("_")[0] for name in rows]
        eyes = [("left", "right").index(name.split("_")[1]) for name in rows]
        truth = np.array([scores[int(who[1:]), eye] for who, eye in zip(people, eyes, strict=True)])
        table[title] = explained_by(np.array(list(rows.values())), truth, people)
    return table, len(set(people))


def page_of(
    table: dict[str, Values], n_people: int, grades: Counter[str], arguments: argparse.Namespace
) -> str:
    """The page, in Markdown."""
    commit = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    lines = [
        "# What an encoder sees of drawn eyes",
        "",
        "Written by validation/encoder_sight.py. Share of the variance of each true score (R2) "
        "that a ridge regression on the embedding of one photograph predicts, in people that "
        "neither the encoder nor the regression has seen (5 folds of the people not trained on).",
        "",
        f"- {arguments.people:,} people, both eyes, cameras and light at random; "
        f"{', '.join(f'{count:,} {grade}' for grade, count in sorted(grades.items()))}",
        f"- trained on {arguments.train_people:,} people for {arguments.steps} steps of the "
        f"default recipe, seed {arguments.seed}; measured on {n_people:,} people",
        f"- commit {commit or 'unknown'}; Python {platform.python_version()}, "
        f"{os.cpu_count()} cores",
        "",
        f"| parameter | {' | '.join(table)} |",
        f"|---|{'---|' * len(table)}",
    ]  # fmt: skip
    for row, parameter in enumerate(EYE_PARAMETERS):
        cells = [f"{values[row]:.2f}".replace("-0.00", "0.00") for values in table.values()]
        lines.append(f"| {parameter.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("build/encoder-sight"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--train-people", type=int, default=300)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    context = Context(threads=arguments.threads, device="cpu")
    scores = draw_scores(arguments.people, arguments.seed)
    manifest = draw_photographs(arguments, scores, context)
    images = arguments.work / "images.h5"
    if not images.exists():
        options = ImagesOptions(size_px=SIZE_PX, resume=True)
        process_photographs(manifest, images, options=options, context=context)
    run = train(arguments, images, context)
    table, n_people = regress(describe(run, images, context), scores)
    grades = Counter(read_images(images).table["grade"])
    page = page_of(table, n_people, grades, arguments)
    arguments.output.write_text(page)
    print(page)


if __name__ == "__main__":
    main()

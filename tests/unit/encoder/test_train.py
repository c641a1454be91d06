"""Runs: what they write, that they can be resumed bit for bit, and what they refuse."""

import dataclasses
import importlib
import json
import logging
import re

import h5py
import numpy as np
import pytest
import torch
from tests.images_files import draw_eyes, write_images

from igwas.context import Context
from igwas.encoder import learner
from igwas.encoder.checkpoint import read_checkpoint
from igwas.encoder.journal import read_journal
from igwas.encoder.train import train_encoder
from igwas.errors import InputError, OptionError, OutputError, TrainingFailed
from igwas.sole_writer import sole_writer

# One thread: nets this small lose more by sharing than they gain.
CPU = Context(threads=1, device="cpu")


def train(images, folder, options, **settings):
    return train_encoder(images, folder, options=options, **{"context": CPU, **settings})


@pytest.fixture(scope="module")
def run(images, small, tmp_path_factory):
    """A finished run."""
    folder = tmp_path_factory.mktemp("run") / "run"
    return folder, train(images, folder, small())


class KilledError(Exception):
    """Stands for the end of the process."""


def stop_at(step):
    def progress(done, total):
        if done == step:
            raise KilledError

    return progress


def assert_same_run(first, second):
    """Weights, optimiser, random numbers and log agree bit for bit; times may not."""
    for name in ("last.pt", "best.pt"):
        a, b = read_checkpoint(first / name), read_checkpoint(second / name)
        assert a.weights_digest == b.weights_digest
        assert a.step == b.step
        assert_equal(a.training_state["optimiser"], b.training_state["optimiser"])
        assert_equal(a.training_state["random"], b.training_state["random"])
    rows = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in read_journal(f / "log.csv")]
        for f in (first, second)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 2


def assert_equal(a, b):
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_equal(x, y)
    else:
        assert a == b


def test_a_run_leaves_what_is_documented(run):
    folder, summary = run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "last.pt", "best.pt", "log.csv", "split.tsv", "run.json", "tensorboard",
        "images.cache", "images.cache.json",
    }  # fmt: skip
    assert summary.step == 6
    assert summary.n_people == {"train": 7, "validation": 2, "test": 3}
    description = json.loads((folder / "run.json").read_text())
    assert description["inputs"]["images"]["digest"]
    rows = read_journal(folder / "log.csv")
    assert [row["step"] for row in rows] == ["3", "6"]
    assert all(row["effective_rank"] and row["validation_top1"] for row in rows)


def test_the_checkpoint_records_who_was_not_trained_on(run):
    people = read_checkpoint(run[0] / "last.pt").people
    assert len(people["test"]) == 3
    assert not set(people["test"]) & {*people["train"], *people["validation"]}


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(run, images, small, tmp_path):
    again = train(images, tmp_path / "again", small())
    other = train(images, tmp_path / "other", small(seed=1))
    assert again.weights_digest == run[1].weights_digest != other.weights_digest


@pytest.mark.parametrize("step", [1, 4, 5])
def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(run, images, small, tmp_path, step):
    folder = tmp_path / "run"
    with pytest.raises(KilledError):
        train(images, folder, small(), progress=stop_at(step))
    # Whatever the process did in between must not matter.
    torch.manual_seed(12345)
    train(images, folder, small(), resume=True)
    assert_same_run(folder, run[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "cosface"},
        {"objective": "vicreg"},
        {"objective": "barlow-twins", "colour_jitter": 0.1},
        {"objective": "cca", "projection_dimensions": 2, "batch_people": 6},
        {"positives": "image", "standardise": True, "mask_radius": 0.9},
        {"accumulate": 2, "batch_people": 3},
    ],
)
def test_every_recipe_resumes_bit_for_bit(images, small, tmp_path, changes):
    options = small(**changes)
    whole = train(images, tmp_path / "whole", options)
    with pytest.raises(KilledError):
        train(images, tmp_path / "run", options, progress=stop_at(5))
    train(images, tmp_path / "run", options, resume=True)
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    assert np.isfinite(float(read_journal(whole.run_dir / "log.csv")[-1]["loss"]))


def test_resuming_a_finished_run_changes_nothing(run, images, small, caplog):
    before = (run[0] / "last.pt").read_bytes()
    with caplog.at_level(logging.INFO, "igwas"):
        summary = train(images, run[0], small(), resume=True)
    assert "nothing to resume" in caplog.text
    assert summary.weights_digest == run[1].weights_digest
    assert (run[0] / "last.pt").read_bytes() == before


def test_a_run_is_not_replaced_unasked(run, images, small):
    with pytest.raises(OutputError, match="holds a run already"):
        train(images, run[0], small())


def test_a_run_that_is_going_on_is_not_overwritten(run, images, small):
    before = (run[0] / "last.pt").read_bytes()
    with sole_writer(run[0] / "run"), pytest.raises(OutputError):
        train(images, run[0], small(), overwrite=True)
    assert (run[0] / "last.pt").read_bytes() == before


def test_resuming_with_other_options_is_refused(run, images, small):
    with pytest.raises(OptionError, match=r"learning_rate 0.002 there, 0.001 here"):
        train(images, run[0], small(learning_rate=1e-3), resume=True)


def test_resuming_with_other_images_is_refused(run, small, tmp_path):
    other = write_images(tmp_path / "other.h5", *draw_eyes(12, seed=1))
    with pytest.raises(InputError, match="is not the file that"):
        train(other, run[0], small(), resume=True)


def test_overwriting_starts_again(images, small, tmp_path):
    train(images, tmp_path / "run", small(seed=4))
    summary = train(images, tmp_path / "run", small(), overwrite=True)
    assert summary.step == 6
    assert len(read_journal(tmp_path / "run" / "log.csv")) == 2


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(
    images, small, tmp_path, monkeypatch
):
    original = learner.Trainer._loss

    def spoilt(self, index):
        loss = original(self, index)
        return loss * float("nan") if index == 4 else loss

    monkeypatch.setattr(learner.Trainer, "_loss", spoilt)
    with pytest.raises(TrainingFailed, match=r"the loss is nan at step 5"):
        train(images, tmp_path / "run", small())
    checkpoint = read_checkpoint(tmp_path / "run" / "last.pt")
    assert checkpoint.step == 3
    assert all(torch.isfinite(t).all() for t in checkpoint.network.values())


@pytest.mark.parametrize(("precision", "has_units"), [("bfloat16", False), ("float16", True)])
def test_half_precision_on_a_cpu_without_units_for_it_is_refused(
    images, small, tmp_path, monkeypatch, precision, has_units
):
    monkeypatch.setattr(learner, "cpu_has_bfloat16", lambda: has_units)
    with pytest.raises(OptionError, match="many times slower than float32"):
        train(images, tmp_path / "run", small(precision=precision))


def test_bfloat16_on_a_cpu_learns_as_float32_does(images, small, tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "cpu_has_bfloat16", lambda: True)
    losses = {}
    for precision in ("float32", "bfloat16"):
        train(images, tmp_path / precision, small(precision=precision))
        log = (tmp_path / precision / "log.csv").read_text().splitlines()
        losses[precision] = float(log[1].split(",")[log[0].split(",").index("loss")])
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)


def test_fewer_people_than_a_batch_are_one_batch_and_said(images, small, tmp_path, caplog):
    summary = train(images, tmp_path / "run", small(batch_people=50, steps=1))
    assert "a batch is all 7 people, not 50" in caplog.text
    assert summary.notes


def test_rejected_images_and_duplicates_are_not_used(small, tmp_path):
    rgb, people, eyes = draw_eyes(12)
    grades = ["reject" if person == "P000" else "keep" for person in people]
    duplicates = ["x" if person == "P001" else "" for person in people]
    path = write_images(tmp_path / "i.h5", rgb, people, eyes, grades=grades, duplicates=duplicates)
    summary = train(path, tmp_path / "run", small(steps=1))
    assert sum(summary.n_people.values()) == 12
    assert sum(summary.n_images.values()) == 20


def test_without_both_eyes_held_out_the_last_is_the_best(small, tmp_path, caplog):
    rgb, people, _ = draw_eyes(12)
    path = write_images(tmp_path / "i.h5", rgb, people, ["left"] * 24)
    summary = train(path, tmp_path / "run", small(positives="eye"))
    assert summary.best == {}
    assert summary.best_step == 6
    assert "no retrieval" in caplog.text


@pytest.fixture(scope="module")
def more_images(tmp_path_factory):
    """24 people, of whom 9 can be held out."""
    path = tmp_path_factory.mktemp("more") / "images.h5"
    return write_images(path, *draw_eyes(24))


RECIPES = [("nt-xent", 0), ("nt-xent", 1), ("nt-xent", 2), ("cosface", 0), ("vicreg", 0),
           ("barlow-twins", 0), ("cca", 0)]  # fmt: skip


@pytest.mark.parametrize(("objective", "seed"), RECIPES)
def test_training_does_not_collapse(more_images, small, tmp_path, objective, seed, caplog):
    options = small(
        steps=20, seed=seed, objective=objective, batch_people=12, validate_every=20,
        split_shares=(0.5, 0.4), projection_dimensions=6,
    )  # fmt: skip
    train(more_images, tmp_path / "run", options)
    last = read_journal(tmp_path / "run" / "log.csv")[-1]
    assert "collapsed" not in caplog.text
    assert float(last["effective_rank"]) > 1.5


@pytest.mark.parametrize(
    ("collapsed", "warned_at"),
    [([1, 1, 1, 1], [2]), ([1, 0, 0, 0], []), ([0, 0, 0, 1], [4]), ([1, 1, 0, 1], [2, 4])],
)
def test_a_collapse_that_lasts_or_ends_the_run_is_warned_of_once(
    images, small, tmp_path, monkeypatch, caplog, collapsed, warned_at
):
    module = importlib.import_module("igwas.encoder.train")

    shapes = iter(collapsed)
    score = module.score

    def score_of(*arguments):
        scores, shape = score(*arguments)
        return scores, dataclasses.replace(shape, spread=0.01 if next(shapes) else 0.5,
                                           effective_rank=5.0)  # fmt: skip

    monkeypatch.setattr(module, "score", score_of)
    train(images, tmp_path / "run", small(steps=4, validate_every=1))
    found = re.findall(r"the encoder has collapsed at step (\d+)", caplog.text)
    assert [int(step) for step in found] == warned_at


def test_the_loss_falls(images, small, tmp_path):
    options = small(steps=60, batch_people=7, validate_every=20, learning_rate=5e-3)
    train(images, tmp_path / "run", options)
    losses = [float(row["loss"]) for row in read_journal(tmp_path / "run" / "log.csv")]
    assert losses[-1] < 0.8 * losses[0]


def test_images_of_another_file_kind_or_shape_are_refused(small, tmp_path):
    rgb, people, eyes = draw_eyes(4)
    path = write_images(tmp_path / "i.h5", rgb[:, :40], people, eyes)
    with pytest.raises(InputError, match="expected square images"):
        train(path, tmp_path / "run", small())
    with h5py.File(path, "r+") as file:
        file.attrs["format"] = "igwas embeddings"
    with pytest.raises(InputError, match="file of kind"):
        train(path, tmp_path / "run", small())


def test_images_of_no_preprocessing_version_are_refused(small, tmp_path):
    path = write_images(tmp_path / "i.h5", *draw_eyes(4))
    with h5py.File(path, "r+") as file:
        del file.attrs["preprocessing_version"]
    with pytest.raises(InputError, match="has no preprocessing_version"):
        train(path, tmp_path / "run", small())


def test_no_image_of_the_grades_is_an_error(images, small, tmp_path):
    with pytest.raises(InputError, match="none is graded reject"):
        train(images, tmp_path / "run", small(grades=("reject",)))


def test_an_output_that_is_a_file_is_refused(images, small, tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(OutputError, match="is a file; expected a folder"):
        train(images, tmp_path / "run", small())


def test_a_split_file_that_the_run_would_replace_is_refused(run, images, small):
    split = run[0] / "split.tsv"
    with pytest.raises(OptionError, match="the input of --split-file"):
        train(images, run[0], small(split_file=split), overwrite=True)
    assert split.exists()


def test_the_caller_keeps_its_threads_and_random_numbers(images, small, tmp_path):
    torch.manual_seed(9)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    train(images, tmp_path / "run", small(steps=1), context=Context(threads=2))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)

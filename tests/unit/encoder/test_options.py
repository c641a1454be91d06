"""Options: ranges, contradictions, and the way through a checkpoint."""

from dataclasses import fields
from pathlib import Path

import pytest

from igwas.encoder.options import TrainOptions
from igwas.errors import OptionError


def test_options_survive_a_checkpoint():
    options = TrainOptions(split_file=Path("s.tsv"), grades=("keep",), steps=3, width=8)
    assert TrainOptions.from_dict(options.as_dict()) == options


def test_options_of_a_newer_version_are_refused():
    with pytest.raises(OptionError, match="the checkpoint has options brand_new"):
        TrainOptions.from_dict({**TrainOptions().as_dict(), "brand_new": 1})


def test_differences_name_what_decides_numbers():
    found = TrainOptions().differences(TrainOptions(seed=2, checkpoint_every=9))
    assert found == ["seed 0 there, 2 here"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objective": "triplet"}, "--objective is 'triplet'"),
        ({"backbone": "resnet101"}, "--backbone is 'resnet101'"),
        ({"backbone": "timm:"}, "--backbone is 'timm:'"),
        ({"grades": ("good",)}, "--grades is 'good'"),
        ({"temperature": 0}, "--temperature is 0; expected 0.001 to 100"),
        ({"learning_rate": float("nan")}, "--learning-rate is nan"),
        ({"batch_people": 1}, "--batch-people is 1; expected 2"),
        ({"image_size_px": 8}, "--image-size is 8"),
        ({"fold": 5}, "--fold is 5; expected 0 to 4"),
        ({"split_shares": (0.9, 0.2)}, "--split is 0.9,0.2"),
        ({"steps": 1, "epochs": 1}, "--steps and --epochs"),
        ({"window_low": 1.0, "window_high": 0.5}, "--window is 1,0.5"),
        ({"objective": "cosface", "positives": "image"}, "expected person"),
        ({"positives": "image", "exclude_same_visit": True}, "pairs a photograph with itself"),
        ({"objective": "cca"}, "128 dimensions over 55 people"),
        ({"pretrained": True}, "no published weights for resnet10"),
        ({"backbone": "timm:x", "width": 8}, "--width is given"),
    ],
)
def test_bad_options_are_refused_by_name(changes, words):
    with pytest.raises(OptionError, match=words):
        TrainOptions(**changes)


def test_every_option_is_documented():
    documented = TrainOptions.__doc__
    assert all(field.name in documented for field in fields(TrainOptions))


def test_epochs_are_steps_over_batches():
    assert TrainOptions(epochs=4).n_steps(6) == 24
    assert TrainOptions(epochs=4, accumulate=3).n_steps(6) == 8
    assert TrainOptions().n_steps(6) == 260

"""What commands print of one thing, and of several."""

import dataclasses
import re
from pathlib import Path

import pytest

from igwas.association.project import ProjectionSummary
from igwas.encoder.summary import TrainSummary
from igwas.phenotypes.from_embeddings import PhenotypeSummary
from igwas.report.run import ReportSummary

ONE_EACH = dict.fromkeys(("all", "left", "right", "both", "none"), 1)
BEST = {"validation_top1": 1.0, "validation_top5": 1.0, "validation_map": 1.0,
        "validation_people": 1.0}  # fmt: skip
TRAINED = TrainSummary(
    run_dir=Path("run"), step=1, n_people={"train": 1}, n_images={"train": 1}, best_step=1,
    best=BEST, weights_digest="0", seconds=1.2,
)  # fmt: skip


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        (ProjectionSummary(Path("p.h5"), 1, ("a",), 1, []), "1 variant x 1 combination (a), 1 hit"),
        (
            PhenotypeSummary(Path("p.h5"), 2, [("eye unknown", 1)], ONE_EACH, 0.5, 1, []),
            "1 participant x 1 phenotype",
        ),
        (ReportSummary(Path("r.html"), 10, 1, 1, 1, Path("f")), "1 locus, 1 figure, 1 warning"),
        (TRAINED, "1 step in 1 second"),
    ],
)
def test_one_is_said_in_the_singular(summary, words):
    printed = "\n".join(summary.describe())
    assert words in printed
    assert not re.search(r"\b1 (?!locus)[a-z]+s\b", printed)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 seconds"), (59.6, "60 seconds"), (119, "119 seconds"), (150, "2.5 minutes")],
)
def test_a_short_training_is_told_in_seconds(seconds, words):
    printed = dataclasses.replace(TRAINED, step=4, seconds=seconds).describe()[0]
    assert printed == f"run: 4 steps in {words}"

from unittest import mock

import h5py
import numpy as np
import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark import subset
from igwas.benchmark.answers import WrongAnswer
from igwas.benchmark.engines import Assoc
from igwas.benchmark.journal import Journal
from igwas.benchmark.options import BenchmarkOptions
from igwas.benchmark.subset import check_same_bits, measure_subset, same_bits
from igwas.benchmark.wide_cohort import make_wide

OPTIONS = BenchmarkOptions(shape=SHAPE, threads=1, repeats=2, file_samples=500, is_quick=True)


def write(path, **changes):
    arrays = {"beta": np.array([1.0, np.nan]), "id": np.array(["a", "b"], object),
              "progress/done": np.zeros(1)}  # fmt: skip
    with h5py.File(path, "w") as file:
        for name, values in {**arrays, **changes}.items():
            if values is not None:
                file[name.replace("__", "/")] = values
    return path


@pytest.fixture
def expected(tmp_path):
    return write(tmp_path / "expected.h5")


def test_statistics_of_a_wide_and_a_narrow_file_are_the_same_bits(cohort, tmp_path):
    cohorts = {"wide": make_wide(cohort, 500), "narrow": cohort}
    names = check_same_bits(Assoc(), cohorts, SHAPE.n_variants, 1, tmp_path)
    assert {"beta", "variant_statistics/n", "omnibus/log10p"} <= set(names)
    assert not any(name.startswith("progress") for name in names)
    assert list(tmp_path.iterdir()) == []


def test_calls_of_other_people_are_found(cohort, tmp_path):
    wide = make_wide(cohort, 501)
    # The wrong people: each a place further.
    bed = wide.genotypes()
    lines = bed.with_suffix(".fam").read_text().splitlines(keepends=True)
    bed.with_suffix(".fam").write_text("".join([lines[-1], *lines[:-1]]))
    with pytest.raises(WrongAnswer, match="of the statistics of the wide and the narrow file"):
        check_same_bits(Assoc(), {"wide": wide, "narrow": cohort}, SHAPE.n_variants, 1, tmp_path)


def test_equal_files_are_equal_whatever_their_blocks_and_nan_equals_nan(expected, tmp_path):
    found = write(tmp_path / "f.h5", **{"progress/done": np.ones(3)})
    assert same_bits(found, expected, "both") == ["beta", "id"]


@pytest.mark.parametrize(
    "change",
    [
        {"beta": np.array([np.nextafter(1.0, 2.0), np.nan])},
        {"beta": np.array([1.0, 2.0])},
        {"beta": np.array([1.0, np.nan, 3.0])},
        {"beta": np.array([1.0, np.nan], np.float32)},
        {"id": np.array(["a", "c"], object)},
        {"beta": None},
        {"se": np.zeros(2)},
    ],
)
def test_one_bit_is_enough_to_stop(change, expected, tmp_path):
    found = write(tmp_path / "f.h5", **change)
    with pytest.raises(WrongAnswer, match="expected the same bits before anything is timed"):
        same_bits(found, expected, "both")


def test_wide_and_narrow_take_turns_at_two_numbers_of_variants(cohort, tmp_path):
    journal = Journal(tmp_path / "j", is_resumed=False)
    with mock.patch.object(subset, "run_rounds", side_effect=fake_rounds) as rounds:
        found = measure_subset(cohort, OPTIONS, work=tmp_path, journal=journal)
    labels = [task.label for task in rounds.call_args.args[0]]
    assert labels == [f"subset: {name}, {n} variants" for name in ("wide", "narrow")
                      for n in (12, 60)]  # fmt: skip
    assert found["ratios"] == pytest.approx({"wall_seconds": 0.5, "cpu_seconds": 0.5})
    assert (found["file_samples"], found["n_samples"]) == (500, SHAPE.n_samples)


def fake_rounds(tasks, repeats, *, work, journal):
    """The wide file costs twice as much a variant."""
    records = []
    for task in tasks:
        seconds = 1 + task.n_variants * (2 if "wide" in task.label else 1)
        spread = {"median": seconds, "smallest": seconds, "largest": seconds}
        records.append({"label": task.label, "n_variants": task.n_variants,
                        "wall_seconds": spread, "cpu_seconds": spread})  # fmt: skip
    return records


def test_nothing_is_timed_where_the_statistics_differ(cohort, tmp_path):
    journal = Journal(tmp_path / "j", is_resumed=False)
    with (
        mock.patch.object(subset, "check_same_bits", side_effect=WrongAnswer("differs")),
        mock.patch.object(subset, "run_rounds") as rounds,
        pytest.raises(WrongAnswer),
    ):
        measure_subset(cohort, OPTIONS, work=tmp_path, journal=journal)
    rounds.assert_not_called()
    assert len(journal) == 0

from unittest import mock

import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark import curves
from igwas.benchmark.curves import fit_line, measure_curve
from igwas.benchmark.journal import Journal
from igwas.benchmark.options import CURVES, BenchmarkOptions
from igwas.benchmark.rounds import spread
from igwas.benchmark.spectrum import SPECTRA


def measure(name, tmp_path, seconds):
    """A curve where a run takes `seconds(task)`; no cohort is made."""
    options = BenchmarkOptions(shape=SHAPE, threads=1, is_quick=True, curve_variants=100)

    def rounds(tasks, *_, **__):
        return [
            {"label": task.label, "n_variants": task.n_variants,
             **{clock: spread([seconds(task)]) for clock in ("wall_seconds", "cpu_seconds")},
             "peak_bytes": spread([5])}
            for task in tasks
        ]  # fmt: skip

    with (
        mock.patch.object(curves, "run_rounds", side_effect=rounds),
        mock.patch.object(curves, "make_cohort", side_effect=FakeCohort),
    ):
        return measure_curve(
            name, options, work=tmp_path, journal=Journal(tmp_path / "j", is_resumed=False)
        )


class FakeCohort:
    def __init__(self, _, shape):
        self.shape = shape


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_has_a_point_a_value(name, tmp_path):
    found = measure(name, tmp_path, lambda task: 1 + task.n_variants)
    names = [engine["engine"] for engine in found["engines"]]
    assert names == (["igwas", "igwas-drop"] if name == "missing" else ["igwas"])
    for engine in found["engines"]:
        values = [point["x"] for point in engine["points"]]
        assert len(set(values)) == len(values) >= 1


def test_a_cost_in_proportion_to_samples_has_an_exponent_of_one(tmp_path):
    found = measure("samples", tmp_path, lambda t: 2 + t.n_variants * t.cohort.shape.n_samples)
    fit = found["engines"][0]["fits"]["wall_seconds"]
    assert fit["exponent"] == pytest.approx(1)
    assert fit["slope"] == pytest.approx(1)
    assert fit["r_squared"] == pytest.approx(1)


def test_the_curve_of_variants_is_of_whole_times(tmp_path):
    found = measure("variants", tmp_path, lambda task: 2 + 3 * task.n_variants)
    fit = found["engines"][0]["fits"]["wall_seconds"]
    assert fit["slope"] == pytest.approx(3)
    assert fit["intercept"] == pytest.approx(2)


def test_spectra_have_points_and_no_line(tmp_path):
    found = measure("frequency", tmp_path, lambda task: 1 + task.n_variants)
    engine = found["engines"][0]
    assert [point["x"] for point in engine["points"]] == list(SPECTRA)
    assert engine["fits"] == {}


def test_an_exponent_below_one_shows_a_fixed_part():
    x = [1.0, 10.0, 100.0]
    assert fit_line(x, [10 + value for value in x])["exponent"] < 0.6


def test_no_cost_that_grows_is_explained_by_a_flat_line():
    assert fit_line([1.0, 2.0, 3.0], [5.0, 5.0, 5.0])["r_squared"] == 1

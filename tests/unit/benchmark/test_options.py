import os

import pytest

from igwas.benchmark.options import PARTS, BenchmarkOptions, CohortShape, choose_options
from igwas.errors import OptionError


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_variants": 19}, "--variants is 19; expected 20 or more"),
        ({"n_phenotypes": 0}, "--phenotypes is 0"),
        ({"n_covariates": 0}, "--covariates is 0"),
        ({"n_samples": 199}, "--samples is 199; expected 200"),
        ({"n_samples": 300, "n_covariates": 151}, "expected 302"),
        ({"seed": -1}, "--seed is -1"),
        ({"spectrum": "flat"}, "--spectrum is 'flat'; expected imputed"),
        ({"missing_rate": (0.2, 0.1)}, "--missing-rate is 0.2 0.1"),
        ({"missing_rate": (0.0, 0.6)}, "--missing-rate is 0 0.6"),
        ({"missing_rate": (float("nan"), 0.1)}, "--missing-rate is nan 0.1"),
    ],
)
def test_impossible_cohorts_are_refused(change, message):
    with pytest.raises(OptionError, match=message):
        CohortShape(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repeats": 0}, "--repeats is 0"),
        ({"threads": 10_000}, "--threads is 10000; expected at most"),
        ({"curve_variants": 99}, "--curve-variants is 99"),
        ({"engine_seconds": 0.0}, "--engine-seconds is 0"),
        ({"engines": ("igwas", "gemma")}, "--engines is 'gemma'; expected igwas, "),
        ({"parts": ("speed",)}, "--parts is 'speed'"),
        ({"curves": ("up",)}, "--curve is 'up'"),
        ({"parts": ()}, "nothing to measure"),
        ({"file_samples": 65_628}, "--file-samples is 65628; expected at least 65629"),
    ],
)
def test_impossible_benchmarks_are_refused(change, message):
    with pytest.raises(OptionError, match=message):
        BenchmarkOptions(**{"threads": 1, **change})


def test_people_of_the_wide_file_matter_only_where_it_is_made():
    assert BenchmarkOptions(threads=1, file_samples=10, parts=("limits",)).file_samples == 10


def test_what_is_given_overrides_the_quick_preset():
    options = choose_options(is_quick=True, threads=1, n_samples=500, repeats=7, seed=None)
    assert (options.shape.n_samples, options.repeats, options.shape.seed) == (500, 7, 1)
    assert options.shape.n_variants < CohortShape().n_variants
    assert options.file_samples < BenchmarkOptions(threads=1).file_samples
    assert options.parts == PARTS


def test_no_number_of_threads_is_all_cores():
    options = choose_options(is_quick=True, threads=0)
    assert options.threads == len(os.sched_getaffinity(0))

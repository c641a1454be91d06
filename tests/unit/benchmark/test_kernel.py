from unittest import mock

import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark import child, kernel, kernel_process
from igwas.benchmark.answers import WrongAnswer
from igwas.benchmark.dosages import CASES
from igwas.benchmark.journal import Journal
from igwas.benchmark.options import BenchmarkOptions
from igwas.benchmark.spectrum import SPECTRA

OPTIONS = BenchmarkOptions(shape=SHAPE, threads=1, is_quick=True)
RATES = {"igwas": [4.0, 8.0, 9.0], "decode_sgemm": [2.0, 2.0, 2.0], "decode": [9.0] * 3,
         "sgemm": [9.0] * 3}  # fmt: skip


def said(difference=1e-6):
    return {"rates": RATES, "largest_relative_difference": difference, "blas": []}


def test_both_products_are_timed_in_every_round(cohort):
    found = kernel_process.measure(cohort.genotypes(), 5, threads=1, rounds=3)
    assert {name: len(rates) for name, rates in found["rates"].items()} == dict.fromkeys(RATES, 3)
    assert all(rate > 0 for rates in found["rates"].values() for rate in rates)
    assert found["n_variants"] == SHAPE.n_variants
    assert found["blas"]


def test_nothing_is_timed_where_the_products_differ(cohort):
    with mock.patch.object(kernel_process, "compare", return_value=0.016):
        found = kernel_process.measure(cohort.genotypes(), 5, threads=1, rounds=3)
    assert found["rates"] == {}
    assert found["largest_relative_difference"] == 0.016


def test_the_process_is_told_its_columns_threads_and_rounds(cohort, tmp_path):
    with (
        mock.patch.object(kernel, "make_cohort", return_value=cohort),
        mock.patch.object(child, "run_json", return_value=said()) as run,
    ):
        found = kernel.measure_kernel(
            OPTIONS, work=tmp_path, journal=Journal(tmp_path / "j", is_resumed=False)
        )
    command = run.call_args.args[0]
    assert command.arguments[1:] == (
        "-m", "igwas.benchmark.kernel_process", str(cohort.genotypes()),
        "--columns", "6", "--threads", "1", "--rounds", "3",
    )  # fmt: skip
    assert command.environment["OPENBLAS_NUM_THREADS"] == "1"
    assert [entry["spectrum"] for entry in found["spectra"]] == list(SPECTRA)
    assert found["spectra"][0]["ratio"] == 4.0


@pytest.mark.parametrize("measure", [kernel.measure_kernel, kernel.measure_dosages])
def test_a_wrong_product_stops_the_benchmark_and_is_not_kept(measure, cohort, tmp_path):
    journal = Journal(tmp_path / "j", is_resumed=False)
    with (
        mock.patch.object(kernel, "make_cohort", return_value=cohort),
        mock.patch.object(kernel, "make_dosages", return_value=cohort.genotypes()),
        mock.patch.object(child, "run_json", return_value={**said(0.016), "rates": {}}),
        pytest.raises(WrongAnswer, match=r"is off by 0\.016 standard errors"),
    ):
        measure(OPTIONS, work=tmp_path, journal=journal)
    assert len(journal) == 0


def test_dosages_are_measured_with_few_and_with_all_fractional(tmp_path):
    with (
        mock.patch.object(kernel, "make_dosages", return_value=tmp_path / "d.h5") as make,
        mock.patch.object(child, "run_json", return_value=said()),
    ):
        found = kernel.measure_dosages(
            OPTIONS, work=tmp_path, journal=Journal(tmp_path / "j", is_resumed=False)
        )
    assert [call.args[2] for call in make.call_args_list] == list(CASES)
    assert [(entry["case"], entry["fractional"]) for entry in found["cases"]] == list(CASES.items())

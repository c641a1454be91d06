"""The script that compares ways of storing hard calls."""

import json
import sys
from unittest import mock

import pytest
from benchmarks import storage

from igwas.benchmark.answers import WrongAnswer
from igwas.benchmark.child import Usage
from igwas.benchmark.cohort import make_cohort
from igwas.benchmark.options import CohortShape
from igwas.benchmark.rounds import spread

SHAPE = CohortShape(n_samples=200, n_variants=50, n_phenotypes=2, n_covariates=2)


def fake_rounds(tasks, *_, **__):
    """A second, and a millisecond a variant."""
    return [
        {"label": task.label, "n_variants": task.n_variants, "peak_bytes": spread([5e6]),
         **{clock: spread([1 + task.n_variants / 1000]) for clock in ("wall_seconds",
                                                                       "cpu_seconds")}}
        for task in tasks
    ]  # fmt: skip


def test_rows_per_chunk_are_the_default_a_quarter_and_four_times():
    found = storage.storages(16_408)
    assert [kind.title for kind in found] == [
        ".bed in place", "raw, 63 rows a chunk", "zstd 1, 63 rows a chunk",
        "zstd 3, 63 rows a chunk", "zstd 9, 63 rows a chunk", "raw, 15 rows a chunk",
        "raw, 252 rows a chunk", "zstd 1, 15 rows a chunk", "zstd 1, 252 rows a chunk",
    ]  # fmt: skip
    assert len({kind.name for kind in found}) == len(found)


def test_a_chunk_has_at_least_one_row():
    assert any("raw, 1 rows" in kind.title for kind in storage.storages(2**21))


def test_the_bed_is_not_converted_and_a_conversion_is_the_command_of_the_user(tmp_path):
    cohort = make_cohort(tmp_path, SHAPE)
    bed, raw, *_ = (
        storage.StoredCohort(cohort.folder, SHAPE, kind, tmp_path)
        for kind in storage.storages(cohort.row_bytes)
    )
    assert bed.genotypes() == cohort.genotypes()
    assert raw.genotypes(10).suffix == ".h5"
    words = raw.conversion(10, threads=2).arguments
    assert words[:5] == (sys.executable, "-m", "igwas", "genotypes",
                         f"{cohort.folder.name}/first10.bed")  # fmt: skip
    assert words[5:] == ("-o", raw.genotypes(10).name, "--raw", "--threads", "2", "--overwrite",
                         "-q")  # fmt: skip


def test_every_storage_is_converted_and_scanned_in_turn(tmp_path):
    with (
        mock.patch.object(storage, "run_rounds", side_effect=fake_rounds) as rounds,
        mock.patch.object(storage, "check_same_bits") as checked,
        mock.patch.object(storage.child, "run", side_effect=convert) as run,
    ):
        found = storage.measure(tmp_path, SHAPE, threads=1, repeats=2)
    assert len(rounds.call_args.args[0]) == 2 * len(found) == 18
    assert len(checked.call_args.args[1]) == len(found)
    # Eight of few variants, then every round all eight in turn.
    order = [call.args[0].arguments[6] for call in run.call_args_list]
    assert order[8:16] == order[16:24]
    assert len(set(order)) == 16
    assert found[0]["conversion_seconds"] is None
    assert found[1]["conversion_seconds"]["median"] == 2.0
    assert found[1]["rates"]["wall_seconds"]["variants_per_second_marginal"] == pytest.approx(1000)


def convert(command):
    (command.folder / command.arguments[6]).write_bytes(b"12345")
    return Usage(2.0, 1.0, 5)


def test_nothing_is_timed_where_a_scan_differs_from_the_beds(tmp_path):
    with (
        mock.patch.object(storage, "run_rounds") as rounds,
        mock.patch.object(storage, "check_same_bits", side_effect=WrongAnswer("differs")),
        mock.patch.object(storage.child, "run", side_effect=convert),
        pytest.raises(WrongAnswer),
    ):
        storage.measure(tmp_path, SHAPE, threads=1, repeats=1)
    rounds.assert_not_called()


def test_the_result_is_written_and_the_table_names_machine_commit_and_command(
    tmp_path, monkeypatch
):
    output, report = tmp_path / "s.json", tmp_path / "s.md"
    monkeypatch.setattr(sys, "argv", ["storage.py", "--work", str(tmp_path), "-o", str(output),
                                      "--samples", "200", "--variants", "50", "--phenotypes", "2",
                                      "--report", str(report)])  # fmt: skip
    with (
        mock.patch.object(storage, "run_rounds", side_effect=fake_rounds),
        mock.patch.object(storage, "check_same_bits"),
        mock.patch.object(storage.child, "run", side_effect=convert),
    ):
        storage.main()
    record = json.loads(output.read_text())
    page = report.read_text()
    assert record["machine"]["commit"] in page
    assert record["command"] in page
    assert page.count("\n| ") == 1 + len(record["found"])
    with pytest.raises(SystemExit):
        storage.main()


@pytest.mark.slow
def test_real_files_give_the_same_bits(tmp_path):
    found = storage.measure(tmp_path, SHAPE, threads=1, repeats=1)
    assert found[1]["bytes"] > found[2]["bytes"]

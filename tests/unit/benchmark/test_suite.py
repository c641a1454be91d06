import json
from unittest import mock

import pytest
from tests.unit.benchmark.conftest import SHAPE, Dishonest, Honest

from igwas.benchmark import rounds, suite
from igwas.benchmark.answers import WrongAnswer
from igwas.benchmark.options import BenchmarkOptions
from igwas.benchmark.suite import run_benchmark
from igwas.errors import OutputError

OPTIONS = BenchmarkOptions(shape=SHAPE, threads=1, repeats=2, parts=("commands",), is_quick=True)


@pytest.fixture
def work(cohort):
    """A folder where the cohort is already."""
    return cohort.folder.parent


def run(folder, work, *engines, **options):
    with mock.patch.object(suite, "ENGINES", engines or (Honest,)):
        return run_benchmark(OPTIONS, folder / "r.json", work, **options)


class Absent(Honest):
    name = "absent"
    title = "Absent"

    def missing_reason(self):
        return "no absent on PATH"

    def command(self, job):
        raise AssertionError("it is not here")


def test_a_whole_run_is_written_as_json_and_returned(tmp_path, work):
    record = run(tmp_path, work, Honest, Absent)
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["format"] == "igwas benchmark"
    assert written["answers"] == record["answers"]
    assert written["tools"]["absent"]["missing"] == "no absent on PATH"
    assert list(written["commands"]["rates"]) == ["honest"]
    assert [len(item["runs"]) for item in written["commands"]["runs"]] == [2, 2]
    assert [item.name for item in tmp_path.iterdir()] == ["r.json"]
    assert not list(work.glob("journal*"))


def test_a_wrong_engine_stops_the_run_before_anything_is_timed(tmp_path, work):
    with (
        mock.patch.object(suite, "run_rounds") as timed,
        pytest.raises(WrongAnswer, match="Dishonest disagrees"),
    ):
        run(tmp_path, work, Honest, Dishonest)
    timed.assert_not_called()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, work):
    asked = []

    def two_runs(task, place):
        asked.append(task.label)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return "true", {"wall_seconds": 1.0, "cpu_seconds": 1.0, "peak_bytes": 1}

    with mock.patch.object(rounds, "_run", side_effect=two_runs):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, work)
        assert list(tmp_path.iterdir()) == []
        with mock.patch.object(suite, "check_answers") as checked:
            record = run(tmp_path, work, is_resumed=True)
    checked.assert_not_called()
    assert len(asked) == 5
    assert len(record["commands"]["runs"]) == 2


def test_other_options_do_not_use_what_was_kept(tmp_path, work):
    machine = {"commit": "a", "core_digest": "b", "processor": "c", "cores": 2}
    other = BenchmarkOptions(shape=SHAPE, threads=1, repeats=3, parts=("commands",))
    assert suite._identity(OPTIONS, machine) == suite._identity(OPTIONS, machine)
    assert suite._identity(OPTIONS, machine) != suite._identity(other, machine)
    assert suite._identity(OPTIONS, machine) != suite._identity(
        OPTIONS, {**machine, "core_digest": "d"}
    )


def test_an_existing_result_is_refused_unless_told_otherwise(tmp_path, work):
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(OutputError, match="exists; expected a new file"):
        run(tmp_path, work)
    assert (tmp_path / "r.json").read_text() == "{}"
    run(tmp_path, work, overwrite=True)
    assert json.loads((tmp_path / "r.json").read_text())["answers"]


def test_a_work_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "w").touch()
    with pytest.raises(OutputError, match="is no folder"):
        run(tmp_path, tmp_path / "w")


def test_folders_are_not_made_two_deep(tmp_path, work):
    with pytest.raises(OutputError, match="does not exist; expected one"):
        run(tmp_path, tmp_path / "a" / "b")
    with pytest.raises(OutputError, match="does not exist; expected one"):
        run(tmp_path / "a", work)


def test_a_core_that_fails_its_self_test_is_not_timed(tmp_path, work):
    with mock.patch.object(suite, "diagnose") as diagnose:
        diagnose.return_value.is_healthy = False
        with pytest.raises(Exception, match="the self-test failed"):
            run(tmp_path, work)
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_json_has_not_are_null():
    value = {"a": [float("nan"), 1.0], "b": (float("inf"), "x")}
    assert suite._finite(value) == {"a": [None, 1.0], "b": [None, "x"]}


@pytest.mark.parametrize("part", ["limits", "kernel", "dosages", "startup", "subset"])
def test_every_part_is_measured_where_it_is_asked_for(part, tmp_path, work):
    function = {"limits": "_limits", "startup": "_start_up"}.get(part, f"_{part}")
    options = BenchmarkOptions(
        shape=SHAPE, threads=1, parts=(part,), file_samples=500, is_quick=True
    )
    with (
        mock.patch.object(suite, "ENGINES", (Honest,)),
        mock.patch.object(suite, "check_answers", return_value=[]),
        mock.patch.object(suite, function, return_value=["measured"]),
    ):
        record = run_benchmark(options, tmp_path / "r.json", work)
    assert record[part] == ["measured"]
    assert set(record) & {"limits", "commands", "kernel", "dosages", "startup", "subset"} == {part}

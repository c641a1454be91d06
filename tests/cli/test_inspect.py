import json

import pytest
from click.testing import CliRunner
from tests.reference.statistics_fixture import write_statistics

from igwas.cli import inspect as command_module
from igwas.cli.inspect import inspect
from igwas.cli.main import main
from igwas.context import Context
from igwas.inspection.describe import FileDescription


@pytest.fixture
def statistics_path(tmp_path):
    return write_statistics(tmp_path / "statistics.h5").path


@pytest.mark.parametrize("problems", [[], ["x is damaged; expected y. Do z."]])
def test_the_file_and_options_are_passed_on(monkeypatch, statistics_path, problems):
    calls = []

    def record(path, *, check, context):
        calls.append((path, check, context))
        return FileDescription(str(path), "kind", "meaning", 7, problems=problems)

    monkeypatch.setattr(command_module, "describe_file", record)
    result = CliRunner().invoke(inspect, [str(statistics_path), "--check", "--threads", "3"])
    assert calls == [(statistics_path, True, Context(threads=3))]
    assert result.exit_code == len(problems)
    assert "kind, 7 bytes" in result.output


def test_statistics_are_described_end_to_end(statistics_path):
    result = CliRunner().invoke(inspect, [str(statistics_path)])
    assert result.exit_code == 0, result.output
    for words in ("igwas statistics", "/beta", "blocks done: 4 of 4", "constant"):
        assert words in result.output


def test_json_is_json(statistics_path):
    result = CliRunner().invoke(inspect, [str(statistics_path), "--json"])
    assert json.loads(result.output)["kind"] == "igwas statistics"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"FID IID", "neither HDF5 nor"),
        (b"\x89HDF\r\n\x1a\n" + bytes(90), "cannot be read as HDF5"),
    ],
)
def test_other_files_exit_with_1_and_one_line(tmp_path, capsys, content, words):
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    with pytest.raises(SystemExit) as stopped:
        main(["inspect", str(bad)])
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_absent_file_is_a_usage_error(tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["inspect", str(tmp_path / "absent.h5")])
    assert stopped.value.code == 2

"""`igwas-fast audit`: what reaches the function, and whole runs."""

import gzip
import json
from functools import partial
from unittest import mock

import pytest
from tests import command
from tests.encoder_files import photographs, write_encoder, write_images

from igwas.context import Context
from igwas.embeddings.audit import AuditOptions
from igwas.embeddings.audit_files import FIGURES
from igwas.embeddings.embed import embed_images
from igwas.embeddings.embeddings_file import read_embeddings

run = partial(command.status, "audit")


@pytest.fixture
def files(tmp_path):
    images = write_images(tmp_path / "images.h5", photographs(25))
    embed_images(images, write_encoder(tmp_path / "m.onnx"), tmp_path / "e.h5")
    return images, tmp_path / "e.h5"


@pytest.fixture
def run_audit():
    report = mock.Mock(describe=lambda: ["first", "second"])
    with mock.patch("igwas.embeddings.audit.run_audit", return_value=report) as function:
        yield function


def test_defaults_are_passed_on_and_the_report_is_printed(files, run_audit, capsys):
    assert run(files[1]) == 0
    run_audit.assert_called_once_with(
        files[1], images=None, metadata=None, json_path=None, figures=None,
        options=AuditOptions(), context=Context(threads=0),
    )  # fmt: skip
    assert capsys.readouterr().out == "first\nsecond\n"


def test_every_option_is_passed_on(files, run_audit, tmp_path):
    table = tmp_path / "t.tsv"
    table.write_text("x")
    arguments = [
        files[1], "--images", files[0], "--metadata", table, "--json", tmp_path / "a.json",
        "--figures", tmp_path / "f", "--max-people", "7", "--seed", "3", "--bootstrap", "9",
        "--sheet-queries", "2", "--threads", "1", "--overwrite",
    ]  # fmt: skip
    assert run(*arguments) == 0
    run_audit.assert_called_once_with(
        files[1], images=files[0], metadata=table, json_path=tmp_path / "a.json",
        figures=tmp_path / "f",
        options=AuditOptions(max_people=7, seed=3, bootstrap=9, sheet_queries=2, overwrite=True),
        context=Context(threads=1),
    )  # fmt: skip


def test_wrong_usage_exits_with_2_and_runs_nothing(files, run_audit):
    assert run() == 2
    assert run("absent.h5") == 2
    for wrong in (["--images", "absent.h5"], ["--max-people", "0"], ["--bootstrap", "x"]):
        assert run(files[1], *wrong) == 2
    run_audit.assert_not_called()


def test_a_whole_audit_from_the_command_line(files, tmp_path):
    finished = command.run(
        "audit", files[1], "--images", files[0], "--json", tmp_path / "a.json",
        "--figures", tmp_path / "f", "--bootstrap", "50",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    assert "verdict: fit for a GWAS, with warnings" in finished.stdout
    assert "0 of them left out: the encoder was trained on them" in finished.stdout
    assert json.loads((tmp_path / "a.json").read_text())["people"]["n_compared"] == 25
    assert len(list((tmp_path / "f").iterdir())) == 6


def test_an_input_is_never_an_output_and_the_option_is_named(files, tmp_path, capsys):
    assert run(files[1], "--json", files[1], "--overwrite") == 2
    assert f"--json is {files[1]}, which would replace" in capsys.readouterr().err
    (tmp_path / FIGURES[0]).hardlink_to(files[1])
    assert run(files[1], "--figures", tmp_path, "--overwrite") == 2
    assert "--figures is" in capsys.readouterr().err


@pytest.mark.parametrize("which", ["embeddings", "images"])
def test_a_file_of_another_kind_is_one_line(files, capsys, which):
    wrong = (files[0],) if which == "embeddings" else (files[1], "--images", files[1])
    assert run(*wrong) == 1
    stderr = capsys.readouterr().err
    assert stderr.startswith("error: ")
    assert len(stderr.splitlines()) == 1
    assert "expected 'igwas" in stderr


@pytest.mark.parametrize(("name", "separator"), [("t.tsv.gz", "\t"), ("t.csv.gz", ",")])
def test_a_gzip_table_of_metadata_is_read_as_the_plain_one(files, tmp_path, name, separator):
    people = sorted(set(read_embeddings(files[1]).columns.participant_id))
    rows = [("participant_id", "age"), *((one, str(40 + at)) for at, one in enumerate(people))]
    text = "".join(separator.join(row) + "\n" for row in rows)
    found = []
    for path in (tmp_path / name, tmp_path / name.removesuffix(".gz")):
        content = text.encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        report = tmp_path / f"{path.name}.json"
        assert run(files[1], "--metadata", path, "--json", report, "--bootstrap", 50) == 0
        found.append(json.loads(report.read_text())["explained"])
    assert "age" in str(found[0])
    assert found[0] == found[1]


def test_a_cut_gzip_table_of_metadata_is_one_line(files, tmp_path, capsys):
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress(b"image_id\tage\n" + b"a\t1\n" * 999)[:-12])
    assert run(files[1], "--metadata", path) == 1
    stderr = capsys.readouterr().err
    assert "expected a whole gzip file" in stderr
    assert len(stderr.splitlines()) == 1

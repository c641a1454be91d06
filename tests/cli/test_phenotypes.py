import re
import shlex
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from tests.encoder_files import write_encoder
from tests.fundus_pictures import fundus_picture, save
from tests.reference.embeddings_fixture import random_rows, write_embeddings

from igwas.cli.main import main
from igwas.cli.phenotypes import phenotypes
from igwas.phenotypes import from_embeddings as module
from igwas.phenotypes.from_embeddings import PhenotypeSummary
from igwas.phenotypes.options import PhenotypeOptions


@pytest.fixture
def embeddings(tmp_path):
    return write_embeddings(tmp_path / "embeddings.h5", random_rows(20))


@pytest.fixture
def calls(monkeypatch):
    made = []

    def record(embeddings, output, *, options):
        made.append((embeddings, output, options))
        people = {"all": 3, "left": 3, "right": 2, "both": 2, "none": 0}
        return PhenotypeSummary(output, 9, [("eye unknown", 2)], people, 0.5, 12, ["a note"])

    monkeypatch.setattr(module, "make_phenotypes", record)
    return made


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["phenotypes", *map(str, arguments)])
    return stopped.value.code


def test_defaults_are_passed_on(calls, embeddings):
    result = CliRunner().invoke(phenotypes, [str(embeddings), "-o", "p.h5"])
    assert result.exit_code == 0, result.output
    assert calls == [(embeddings, Path("p.h5"), PhenotypeOptions())]
    assert "7 images used, of 3 participants" in result.output
    assert "2 images left out: eye unknown" in result.output


def test_every_option_is_passed_on(calls, embeddings):
    arguments = [
        str(embeddings), "-o", "p.h5", "--eyes", "mean,difference", "--choice", "best", "--visit",
        "first", "--min-quality", "0.4", "--use-unknown-eyes", "--images", str(embeddings),
        "--image-table", str(embeddings), "--regress-out", "quality,camera",
        "--categorical-columns", "centre", "--measures", "red,green", "--components", "5",
        "--whiten", "--save-basis", "b.h5", "--outliers", "clip", "--outlier-limit", "7",
        "--transform", "rank-inverse-normal", "--overwrite",
    ]  # fmt: skip
    result = CliRunner().invoke(phenotypes, arguments)
    assert result.exit_code == 0, result.output
    assert calls[0][2] == PhenotypeOptions(
        eyes=("mean", "difference"), choice="best", visit="first", min_quality=0.4,
        use_unknown_eyes=True, images=embeddings, image_table=embeddings,
        regress_out=("quality", "camera"), categorical_columns=("centre",),
        measures=("red", "green"), components=5, whiten=True, save_basis=Path("b.h5"),
        outliers="clip", outlier_limit=7.0, transform="rank-inverse-normal", overwrite=True,
    )  # fmt: skip


def test_a_file_is_written_and_inspected(embeddings, tmp_path, capsys):
    output, basis = tmp_path / "p.h5", tmp_path / "basis.h5"
    assert run(embeddings, "-o", output, "--components", 3, "--save-basis", basis) == 0
    assert "20 participants x 12 phenotypes" in capsys.readouterr().out
    for path in (output, basis):
        with pytest.raises(SystemExit) as stopped:
            main(["inspect", str(path)])
        assert stopped.value.code == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--eyes", "top"), 2, "--eyes"),
        (("--components", 99), 2, "expected 1 to 5"),
        (("--regress-out", "camera"), 1, "'camera'"),
        (("--min-quality", 1), 1, "no image is left"),
        (("--basis", "{embeddings}"), 1, "igwas basis"),
    ],
)
def test_bad_input_is_one_clear_line(embeddings, tmp_path, capsys, arguments, status, message):
    words = [str(word).format(embeddings=embeddings) for word in arguments]
    assert run(embeddings, "-o", tmp_path / "p.h5", *words) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("p.h5*"))


def test_the_input_is_never_the_output(embeddings, capsys):
    assert run(embeddings, "-o", embeddings, "--overwrite") == 2
    assert "--output is" in (error := capsys.readouterr().err)
    assert "would replace" in error
    words = ("--components", "2", "--save-basis", embeddings, "--overwrite")
    assert run(embeddings, "-o", "p.h5", *words) == 2
    assert "--save-basis is" in capsys.readouterr().err


def test_the_example_of_the_help_works_on_a_folder_of_photographs(tmp_path, monkeypatch, capsys):
    """The commands as a new user types them, with nothing but a folder and an encoder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(7)
    for person in range(20):
        for eye in ("left", "right"):
            picture = fundus_picture(
                x=120 + rng.normal() * 4, radius=85 + rng.normal() * 3, notch=person % 3 == 0,
                brightness=0.9 + 0.1 * rng.random(), seed=2 * person + (eye == "left"),
            )  # fmt: skip
            save(Path("photographs") / f"{person}_{eye}.png", picture)
    model = write_encoder(tmp_path / "encoder.onnx", size_px=96)
    for command in (["images", "photographs", "-o", "images.h5", "--size", "96"],
                    ["embed", "images.h5", "--model", model, "-o", "embeddings.h5"]):  # fmt: skip
        with pytest.raises(SystemExit) as stopped:
            main(list(map(str, command)))
        assert stopped.value.code == 0, capsys.readouterr().err
    example = phenotypes.epilog.replace("\\\n", " ").partition("igwas-fast phenotypes ")[2]
    assert run(*shlex.split(example)) == 0, capsys.readouterr().err
    with h5py.File("phenotypes.h5") as file:
        assert "camera outline" in file.attrs["options"]
    # Photographs without a notch have no angle of it, and are used.
    used = re.search(r"(\d+) images used", capsys.readouterr().out)
    assert int(used[1]) > 20

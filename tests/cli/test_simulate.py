import csv
from functools import partial
from unittest import mock

import pandas as pd
import pytest
from tests import command

from igwas.context import Context
from igwas.simulate import CohortFiles, CohortOptions, EyeOptions
from igwas.simulate.cohort_folder import sole_cohort_writer
from igwas.simulate.cohort_photographs import PhotographedCohort

run = partial(command.status, "simulate")


def test_options_reach_the_function_unchanged(tmp_path):
    folder = tmp_path / "cohort"
    with mock.patch("igwas.simulate.simulate_cohort") as function:
        function.return_value = CohortFiles.within(folder)
        status = run(
            *("-o", str(folder), "--samples", "9", "--variants", "8", "--phenotypes", "7"),
            *("--seed", "6", "--planted", "2", "--planted-phenotypes", "3"),
            *("--variance-explained", "0.1", "0.2", "--heritability", "0.1"),
            *("--missing-rate", "0", "0.5", "--related", "0", "--chromosomes", "1,X"),
            *("--unphenotyped", "0.2", "--ancestries", "0.7,0.3", "--fst", "0.01,0.1"),
            *("--admixed", "0.05", "--overwrite"),
        )
    assert status == 0
    expected = CohortOptions(
        n_samples=9, n_variants=8, n_phenotypes=7, seed=6, n_planted=2, planted_phenotypes=3,
        variance_explained=(0.1, 0.2), heritability=0.1, missing_rate=(0.0, 0.5),
        related_fraction=0.0, chromosomes=("1", "X"), unphenotyped_fraction=0.2,
        ancestry_fractions=(0.7, 0.3), ancestry_fst=(0.01, 0.1), admixed_fraction=0.05,
    )  # fmt: skip
    function.assert_called_once_with(folder, expected, overwrite=True, progress=mock.ANY)


def test_options_of_photographs_reach_their_function(tmp_path):
    folder = tmp_path / "cohort"
    name = "igwas.simulate.cohort_photographs.simulate_photographed_cohort"
    with mock.patch(name) as function:
        function.return_value = PhotographedCohort.within(folder)
        status = run(
            *("-o", str(folder), "--samples", "90", "--variants", "80", "--photographs"),
            *("--clear", "2", "--clear-share", "0.1", "0.12", "--faint", "3"),
            *("--faint-share", "0.001", "0.002", "--one-eye", "0.2", "--width", "128"),
            *("--threads", "3", "--resume"),
        )
    assert status == 0
    function.assert_called_once_with(
        folder,
        CohortOptions(n_samples=90, n_variants=80),
        EyeOptions(n_clear=2, clear_share=(0.1, 0.12), n_faint=3, faint_share=(0.001, 0.002),
                   one_eye_fraction=0.2),
        width_px=128,
        resume=True,
        overwrite=False,
        context=Context(threads=3),
        track=mock.ANY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--samples", "0"), "--samples is 0"),
        (("--photographs", "--planted", "3"), "--planted is given, but is not used with"),
        (("--clear", "2"), "--clear is given, but is not used without --photographs"),
        (("--resume",), "--resume is given, but is not used without --photographs"),
        (("--photographs", "--clear", "9"), "would explain up to"),
        (("--photographs", "--resume", "--overwrite"), "both given"),
        (("--ancestries", "0.9,x"), "--ancestries is '0.9,x'; expected numbers"),
        (("--ancestries", "0.9,0.3"), "summing to 1"),
        (("--heritability", "nan"), "--heritability is nan; expected 0 to below 1"),
        (("--photographs", "--faint", "-1"), "--faint is -1; expected 0 or more"),
        (("--photographs", "--width", "5"), "--width is 5 pixels; expected"),
    ],
)
def test_impossible_cohorts_are_one_clear_line_and_status_2(tmp_path, capsys, arguments, message):
    assert run("-o", str(tmp_path / "c"), *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "c").exists()


def test_the_files_are_named_on_stdout(tmp_path, capsys):
    assert run("-o", str(tmp_path / "c"), "--samples", "20", "--variants", "30") == 0
    assert str(tmp_path / "c" / "genotypes.bed") in capsys.readouterr().out.split()


def test_an_existing_cohort_is_one_clear_line_and_status_1(tmp_path, capsys):
    arguments = ("-o", str(tmp_path / "c"), "--samples", "20", "--variants", "30")
    run(*arguments)
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "exists; expected a new folder" in error


@pytest.mark.parametrize("kind", [(), ("--photographs",)])
def test_a_folder_that_another_process_writes_is_left_alone(tmp_path, capsys, kind):
    folder = tmp_path / "c"
    arguments = ("-o", str(folder), "--samples", "20", "--variants", "30", *kind, "--overwrite")
    with sole_cohort_writer(folder):
        assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert "is being written by another process" in error
    assert error.count("\n") == 1
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def photographed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographed") / "c"
    assert run(*arguments_of(folder)) == 0
    return folder


def arguments_of(folder) -> tuple[str, ...]:
    return ("-o", str(folder), "--samples", "12", "--variants", "400", "--photographs",
            "--width", "96", "--threads", "1", "--one-eye", "0.3", "--seed", "4")  # fmt: skip


def test_the_manifest_has_a_line_for_every_eye_and_a_photograph(photographed):
    eyes = pd.read_csv(photographed / "eyes.tsv", sep="\t")
    with (photographed / "photographs" / "manifest.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["participant_id"], row["eye"]) for row in rows} == set(
        zip(eyes["participant_id"], eyes["eye"], strict=True)
    )
    assert set(rows[0]) == {"path", "participant_id", "eye", "visit", "camera", "exposure", "age",
                            "sex"}  # fmt: skip
    for row in rows:
        assert (photographed / "photographs" / row["path"]).stat().st_size > 500


def test_an_interrupted_cohort_goes_on_and_is_the_same(photographed, tmp_path):
    assert run(*arguments_of(tmp_path / "c")) == 0
    folder = tmp_path / "c" / "photographs"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "manifest.csv").unlink()
    sorted(folder.glob("*.jpg"))[-1].unlink()
    assert run(*arguments_of(tmp_path / "c"), "--resume") == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    for name in ("genotypes.bed", "eyes.tsv", "truth.tsv"):
        assert (tmp_path / "c" / name).read_bytes() == (photographed / name).read_bytes()


def test_another_cohort_is_not_gone_on_with(photographed, capsys):
    arguments = ["40" if word == "12" else word for word in arguments_of(photographed)]
    assert run(*arguments, "--resume") == 1
    assert "holds a cohort of other options" in capsys.readouterr().err


def test_genotypes_of_a_biobank_are_streamed(tmp_path):
    # Rows are written as they are made: a hundred times the variants need no more memory.
    import tracemalloc

    from igwas.simulate import simulate_cohort

    peaks = []
    for number, n_variants in enumerate((500, 5000)):
        options = CohortOptions(n_samples=2000, n_variants=n_variants, n_phenotypes=2)
        tracemalloc.start()
        simulate_cohort(tmp_path / str(number), options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_quiet_prints_nothing(tmp_path, capsys):
    assert run("-o", str(tmp_path / "c"), "--samples", "60", "--variants", "40", "-q") == 0
    assert capsys.readouterr() == ("", "")

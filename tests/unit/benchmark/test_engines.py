import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark import child
from igwas.benchmark.answers import Oracle, check
from igwas.benchmark.engines import ENGINE_NAMES, ENGINES
from igwas.benchmark.engines.bolt import Bolt
from igwas.benchmark.engines.engine import ORACLES, Job, find_program
from igwas.benchmark.engines.ours import Assoc, AssocDrop, AssocText
from igwas.benchmark.engines.plink2 import Plink2Exact, Plink2Residualize
from igwas.benchmark.engines.regenie import Regenie
from igwas.benchmark.engines.scripts import NumpyScript, NumpyScriptWithoutP
from igwas.benchmark.engines.tensorqtl import TensorQtl

VARIANTS = np.array([0, 2])
BETA = np.array([[0.5, -1.0, 2.0], [0.1, 0.2, -0.3]])
T = np.array([[5.0, -10.0, 20.0], [1.0, 2.0, -3.0]])


@pytest.fixture
def job(cohort, tmp_path):
    return Job(cohort, 20, tmp_path, 1)


def rows(column, variants=VARIANTS):
    """Id, beta and t of each variant in a column."""
    return [
        (f"v{variant}", BETA[i, column], T[i, column])
        for i, variant in enumerate(VARIANTS)
        if variant in variants
    ]


def write(path, head, lines, separator="\t"):
    text = [separator.join(head), *(separator.join(map(str, line)) for line in lines)]
    path.write_text("\n".join(text) + "\n")


def test_names_are_unique_and_every_engine_has_an_oracle():
    assert len(set(ENGINE_NAMES)) == len(ENGINES)
    assert {engine.oracle for engine in ENGINES} <= set(ORACLES)


def test_ours_runs_with_every_filter_off(job):
    words = Assoc().command(job).arguments
    assert words[:4] == (sys.executable, "-m", "igwas", "assoc")
    assert words[words.index("--mac") + 1] == "0"
    assert words[words.index("--geno") + 1] == "1"
    assert "drop" in AssocDrop().command(job).arguments
    assert any(word.endswith("phenotypes.tsv") for word in AssocText().command(job).arguments)


@pytest.mark.parametrize("engine", [AssocDrop, NumpyScript, NumpyScriptWithoutP])
def test_ours_and_the_numpy_script_are_right(engine, job):
    found = check(engine(), job, Oracle(job.cohort), np.arange(20))
    assert found["is_right"]
    assert found["n_absent"] == 0


def test_the_numpy_script_knows_its_versions():
    assert NumpyScript().version().startswith("numpy ")


@pytest.mark.skipif(find_program("plink2") is None, reason="no plink2 on PATH")
def test_plink2_is_read_as_the_least_squares_it_does(job):
    found = check(Plink2Exact(), job, Oracle(job.cohort), np.arange(20))
    assert found["is_right"]
    assert Plink2Exact().version().startswith("PLINK v2")


def test_plink2s_tables_are_read_by_id_and_additive_test(job):
    for column, name in enumerate(job.cohort.phenotype_names):
        lines = [(i, "ADD", b, t) for i, b, t in reversed(rows(column))]
        covariates = [(i, "COVAR", 9, 9) for i, *_ in rows(column)]
        write(job.folder / f"plink2.{name}.glm.linear", ("ID", "TEST", "BETA", "T_STAT"),
              covariates + lines)  # fmt: skip
    found = Plink2Exact().read(job, VARIANTS)
    assert np.array_equal(found.beta, BETA)
    assert np.array_equal(found.t, T)


def test_a_variant_that_a_program_left_out_is_absent_and_not_another_one(job):
    for column, name in enumerate(job.cohort.phenotype_names):
        lines = [(i, b, t) for i, b, t in rows(column, [2])]
        write(job.folder / f"plink2.{name}.glm.linear", ("ID", "BETA", "T_STAT"), lines)
    found = Plink2Exact().read(job, VARIANTS)
    assert np.isnan(found.t[0]).all()
    assert np.array_equal(found.t[1], T[1])


def test_regenies_sign_follows_the_effect_allele(job):
    for column, name in enumerate(job.cohort.phenotype_names):
        lines = [(i, "A" if i == "v0" else "G", b if i == "v0" else -b, abs(b / t))
                 for i, b, t in rows(column)]  # fmt: skip
        write(job.folder / f"regenie_{name}.regenie", ("ID", "ALLELE1", "BETA", "SE"), lines, " ")
    found = Regenie().read(job, VARIANTS)
    assert found.beta == pytest.approx(BETA)
    assert found.t == pytest.approx(T)


def test_bolt_answers_for_the_first_phenotype_alone(job):
    lines = [(i, b, t**2) for i, b, t in rows(0)]
    write(job.folder / "bolt.tsv", ("SNP", "BETA", "CHISQ_LINREG"), lines)
    found = Bolt().read(job, VARIANTS)
    assert found.t[:, 0] == pytest.approx(T[:, 0])
    assert np.isnan(found.t[:, 1:]).all()


def test_tensorqtls_pairs_are_sorted_into_the_matrix(job):
    pairs = [
        {"variant_id": int(i[1:]), "phenotype_id": name, "b": b, "b_se": b / t}
        for column, name in enumerate(job.cohort.phenotype_names)
        for i, b, t in rows(column)
    ]
    pd.DataFrame(pairs[::-1]).to_parquet(job.folder / "out")
    found = TensorQtl().read(job, VARIANTS)
    assert found.beta == pytest.approx(BETA)
    assert found.t == pytest.approx(T)


@pytest.mark.parametrize("engine", [Plink2Exact, Plink2Residualize, Regenie, Bolt])
def test_a_program_that_is_not_on_path_is_missing(engine, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "on PATH" in engine().missing_reason()


def test_an_older_plink2_does_not_know_qt_residualize(monkeypatch, tmp_path):
    program = tmp_path / "plink2"
    program.write_text('#!/bin/sh\necho "PLINK v2.00a3"\necho "Error: Invalid --glm argument"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "does not know qt-residualize" in Plink2Residualize().missing_reason()
    assert Plink2Exact().missing_reason() is None


def test_commands_without_covariates_name_none(cohort, tmp_path):
    alone = dataclasses.replace(cohort, shape=SHAPE.with_changes(n_covariates=1))
    for engine in ENGINES:
        words = " ".join(engine().command(Job(alone, 60, tmp_path, 1)).arguments)
        assert "covariates.tsv" not in words, engine.name


def test_recorded_commands_hold_no_absolute_path(job):
    for engine in ENGINES:
        text = engine().command(job).text()
        assert str(job.folder) not in text, engine.name
        assert child.script("") not in text, engine.name

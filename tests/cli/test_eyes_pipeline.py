"""Photographs' embeddings to loci: eyes to people, one scan of four masks, and the rule of both."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.cohort_files import write_bed
from tests.reference.embeddings_fixture import write_embeddings

from igwas.association.statistics_file import open_statistics
from igwas.cli.main import main

N_PEOPLE, N_VARIANTS, N_DIMENSIONS = 600, 40, 3
CAUSAL = 17
SEED = 12


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(list(map(str, arguments)))
    assert stopped.value.code == 0


@pytest.fixture
def cohort(tmp_path):
    """Genotypes, and embeddings of which one variant moves a direction in both eyes."""
    rng = np.random.default_rng(SEED)
    dosage = rng.binomial(2, 0.3, (N_VARIANTS, N_PEOPLE))
    write_bed(tmp_path / "g.bed", dosage)
    effect = np.array([0.8, -0.7, 0.0])
    rows = []
    for person in range(N_PEOPLE):
        shared = rng.normal(size=N_DIMENSIONS) + effect * dosage[CAUSAL, person]
        for eye in ("left", "right"):
            if rng.random() < 0.1:
                continue
            vector = shared + rng.normal(size=N_DIMENSIONS)
            rows.append((f"i{person}{eye}", f"S{person}", eye, "0", rng.random(), vector))
    write_embeddings(tmp_path / "embeddings.h5", rows)
    return tmp_path


def test_embeddings_become_loci(cohort, capsys):
    run("phenotypes", cohort / "embeddings.h5", "-o", cohort / "phenotypes.h5")
    run("assoc", cohort / "g.bed", cohort / "phenotypes.h5", "-o", cohort / "statistics.h5")
    with open_statistics(cohort / "statistics.h5") as file:
        assert file.n_masks == 4
        assert file.n_phenotypes == 4 * N_DIMENSIONS
    capsys.readouterr()
    run(
        "loci", cohort / "statistics.h5", "--genotypes", cohort / "g.bed", "--phenotypes",
        cohort / "phenotypes.h5", "-o", cohort / "loci.tsv", "--json", cohort / "loci.json",
    )  # fmt: skip
    printed = capsys.readouterr().out
    table = pd.read_csv(cohort / "loci.tsv", sep="\t").set_index("test")
    for test in ("omnibus", "minimum_p", "both_eyes"):
        assert table.at[test, "lead_variant"] == f"v{CAUSAL}"
    assert table.at["omnibus", "log10p"] > table.at["minimum_p", "log10p"]
    assert table.at["omnibus", "n_signals"] == 1
    assert table.at["both_eyes", "log10p"] == min(
        table.at["both_eyes", "log10p_left"], table.at["both_eyes", "log10p_right"]
    )
    eyes = json.loads((cohort / "loci.json").read_text())["eyes"]
    assert eyes["negative_control"]["n_loci"] == 0
    assert eyes["expected_null_hits"]["both_eyes"] < eyes["expected_null_hits"]["one_eye"]
    assert "left minus right (negative control)" in printed


def test_the_direction_that_the_lead_moves_is_the_one_that_was_planted(cohort):
    run("phenotypes", cohort / "embeddings.h5", "-o", cohort / "phenotypes.h5", "--eyes", "mean")
    run("assoc", cohort / "g.bed", cohort / "phenotypes.h5", "-o", cohort / "statistics.h5")
    run(
        "project", cohort / "statistics.h5", "--lead-variant", f"v{CAUSAL}", "-o",
        cohort / "lead.h5",
    )  # fmt: skip
    with open_statistics(cohort / "lead.h5") as file:
        weights = file.array("/projection/weight")[:, 0]
        assert int(np.nanargmax(file.log10p[:, 0])) == CAUSAL
    # The noise of the dimensions is alike and uncorrelated: the direction is that of the effect.
    planted = np.array([0.8, -0.7, 0.0])
    cosine = weights @ planted / np.linalg.norm(weights) / np.linalg.norm(planted)
    assert cosine > 0.95


def test_every_command_takes_the_omnibus_that_loci_takes_and_says_which(cohort, capsys):
    statistics, table = cohort / "statistics.h5", cohort / "top.tsv"
    run("phenotypes", cohort / "embeddings.h5", "-o", cohort / "phenotypes.h5")
    run("assoc", cohort / "g.bed", cohort / "phenotypes.h5", "-o", statistics)
    with open_statistics(statistics) as file:
        mask = int(file.masks[file.phenotype_index("mean_dim_000")])
        assert file.omnibus_mask() == mask > 0
        n = int(file.mask_samples[mask])
        f_statistic = float(file.omnibus_f_statistic[CAUSAL, mask])
        left = file.describe_mask(0)
    which = f"the {N_DIMENSIONS} mean_* phenotypes, {n:,} people (mask {mask})"
    capsys.readouterr()
    run("loci", statistics, "-o", cohort / "loci.tsv")
    loci = pd.read_csv(cohort / "loci.tsv", sep="\t").set_index("test")
    capsys.readouterr()
    omnibus = ("sumstats", statistics, "--phenotype", "omnibus", "--top", 1, "--overwrite")
    run(*omnibus, "-o", table)
    assert f"omnibus of {which}\n" in capsys.readouterr().out
    row = pd.read_csv(table, sep="\t").iloc[0]
    assert row["f_statistic"] == pytest.approx(f_statistic, rel=1e-8)
    assert row["neg_log_10_p_value"] == pytest.approx(loci.at["omnibus", "log10p"], rel=1e-4)
    assert row["n"] == n
    meta = (cohort / "top.tsv-meta.yaml").read_text()
    assert f'"sample_size": {n}' in meta
    assert which in meta
    run(*omnibus, "-o", table, "--mask", 0)
    assert f"omnibus of {left}\n" in capsys.readouterr().out
    run("inspect", statistics)
    assert f"omnibus of: {which}\n" in capsys.readouterr().out
    run("project", statistics, "--principal-components", 2, "-o", cohort / "pc.h5")
    assert f"principal components of {which}\n" in capsys.readouterr().out
    run("project", statistics, "--lead-variant", f"v{CAUSAL}", "-o", cohort / "lead.h5")
    assert f"directions of variants in {which}\n" in capsys.readouterr().out

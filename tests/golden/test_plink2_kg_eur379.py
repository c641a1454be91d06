"""Linear regression of 54,051 real variants against plink2; see plink2/HOW.md."""

import numpy as np
import pandas as pd
import pytest
from tests.golden.printed_digits import FLOAT32_ROUNDING, assert_prints_as

# Found by plink2 in all 366 people: its only untestable variant.
N_UNTESTABLE = 1


@pytest.fixture(scope="module")
def expected(data_dir):
    path = data_dir / "expected" / "kg_eur379_plink2" / "EUR_subset.PHENO2.glm.linear.gz"
    return pd.read_csv(path, sep="\t", dtype={"P": str})


@pytest.fixture(params=["drop", "mean"])
def frame(request, data_dir, scan):
    """Nobody misses a call, so both ways to treat missing calls must give plink2's numbers."""
    table = "EUR_subset.pheno2.covars.complete366.tsv"
    phenotypes = data_dir / "expected" / "kg_eur379_plink2" / table
    statistics = scan(
        data_dir / "genotypes" / "kg_eur379" / "EUR_subset.bed",
        phenotypes,
        covariates=phenotypes,
        covariate_columns=("QCOV1", "QCOV2", "CAT_COV"),
        categorical_columns=("CAT_COV",),
        phenotype_columns=("PHENO",),
        missing=request.param,
    )
    return statistics.to_frame("PHENO")


def test_every_number_equals_plink2_to_its_printed_digits(frame, expected):
    assert len(frame) == len(expected) == 54_051
    assert frame["id"].tolist() == expected["ID"].tolist()
    assert frame["effect_allele"].tolist() == expected["A1"].tolist()
    assert frame["other_allele"].tolist() == expected["AX"].tolist()
    np.testing.assert_array_equal(frame["n"], expected["OBS_CT"])
    assert_prints_as(frame["effect_allele_frequency"], expected["A1_FREQ"])
    assert_prints_as(frame["beta"], expected["BETA"])
    assert_prints_as(frame["se"], expected["SE"])
    assert_prints_as(frame["t"], expected["T_STAT"], relative=3 * FLOAT32_ROUNDING)
    assert_log10p_agrees(frame, expected)


def assert_log10p_agrees(frame, expected):
    """p to six digits is log10 p to 5e-6 / ln 10; ours carries the rounding of t besides."""
    printed = expected["P"].astype(float)
    slope = np.abs(frame["t"]) * (np.abs(frame["t"]) + 1)  # bounds |d ln p / d ln t|
    tolerance = (5e-6 + 3 * FLOAT32_ROUNDING * slope) / np.log(10)
    difference = np.abs(frame["log10p"] + np.log10(printed))
    assert (difference[printed.notna()] <= tolerance[printed.notna()]).all()
    assert frame["log10p"].isna().equals(printed.isna())


def test_the_variant_plink2_gives_as_na_has_a_reason(frame, expected):
    untested = frame["reason"] != "tested"
    assert untested.sum() == N_UNTESTABLE
    assert (
        frame.loc[untested, "id"].tolist() == expected.loc[expected["BETA"].isna(), "ID"].tolist()
    )
    assert frame.loc[untested, "reason"].tolist() == ["constant"]
    assert frame.loc[untested, ["beta", "se", "t", "log10p"]].isna().all(axis=None)

"""Linear regression against BOLT-LMM's LINREG columns; see bolt/HOW.md."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.golden.printed_digits import FLOAT32_ROUNDING, assert_prints_as

N_PEOPLE, N_COVARIATES = 366, 4

# Chi-square from which the mixed model and linear regression surely agree on the sign.
NOT_WEAK = 6.0


@pytest.fixture
def joined(data_dir, scan):
    """BOLT's table with our statistics of the same variants beside it."""
    folder = data_dir / "genotypes" / "kg_eur379"
    table = folder / "EUR_subset.pheno2.covars"
    statistics = scan(
        folder / "EUR_subset.bed",
        table,
        covariates=table,
        covariate_columns=("QCOV1", "QCOV2", "CAT_COV"),
        categorical_columns=("CAT_COV",),
        phenotype_columns=("PHENO",),
        missing_values=("-9",),
        remove=folder / "EUR_subset.remove",
    )
    results = data_dir / "expected" / "kg_eur379_bolt" / "rerun_here" / "bolt_verbose.stats"
    bolt = pd.read_csv(results, sep="\t", dtype={"P_LINREG": str})
    joined = bolt.merge(statistics.to_frame("PHENO"), left_on="SNP", right_on="id")
    assert len(joined) == len(bolt) == 5_475
    return joined[joined["reason"] == "tested"]


def test_the_same_people_remain_after_missing_values_and_removals(joined):
    assert set(joined["n"]) == {N_PEOPLE}


def test_alleles_and_their_frequencies_agree(joined):
    assert joined["effect_allele"].tolist() == joined["ALLELE1"].tolist()
    assert_prints_as(joined["effect_allele_frequency"], joined["A1FREQ"])


def test_chi_square_agrees_to_its_printed_digits_on_bolts_scale(joined):
    dof = N_PEOPLE - N_COVARIATES - 1
    r_squared = joined["t"] ** 2 / (joined["t"] ** 2 + dof)
    ours = (N_PEOPLE - N_COVARIATES) * r_squared
    # Small chi-squares keep the absolute rounding that se has, which is relative to 1 + t^2 / dof.
    assert_prints_as(ours, joined["CHISQ_LINREG"], relative=8 * FLOAT32_ROUNDING)


def test_p_agrees_to_its_two_printed_digits(joined):
    dof = N_PEOPLE - N_COVARIATES - 1
    chisq = (N_PEOPLE - N_COVARIATES) * joined["t"] ** 2 / (joined["t"] ** 2 + dof)
    assert_prints_as(
        stats.chi2.sf(chisq, 1), joined["P_LINREG"].astype(float), digits=2, relative=1e-5
    )


def test_the_t_test_is_within_bolts_scale_of_bolts_statistic(joined):
    ratio = joined["t"] ** 2 / joined["CHISQ_LINREG"]
    assert np.abs(ratio - 1).median() < 0.003
    assert ratio.between(1 - 1 / (N_PEOPLE - N_COVARIATES) - 1e-5, 1.1).all()


def test_signs_agree_where_the_association_is_not_weak(joined):
    strong = joined[joined["CHISQ_LINREG"] > NOT_WEAK]
    assert len(strong) > 50
    assert (np.sign(strong["beta"]) == np.sign(strong["BETA"])).all()

"""X, Y and MT against plink2: the effect of one copy, who is analysed, frequencies."""

from pathlib import Path

import pandas as pd
import pytest
from tests.golden.plink2_sex_chromosomes.make_inputs import CHROMOSOMES, write
from tests.golden.printed_digits import FLOAT32_ROUNDING, assert_prints_as

HERE = Path(__file__).resolve().parent / "plink2_sex_chromosomes"


@pytest.fixture(params=["Y1", "Y2"])
def joined(request, scan, tmp_path):
    """plink2's table with our statistics of the same variants beside it."""
    write(tmp_path)
    for name in ("p", "q"):
        path = tmp_path / f"{name}.tsv"
        path.write_text(path.read_text().replace("#FID", "FID"))
    statistics = scan(
        tmp_path / "c.bed", tmp_path / "p.tsv", covariates=tmp_path / "q.tsv", missing="drop"
    )
    printed = pd.read_csv(HERE / f"{request.param}.glm.linear", sep="\t")
    ours = statistics.to_frame(request.param)
    assert printed["ID"].tolist() == ours["id"].tolist() == [f"v{i}" for i in range(30)]
    assert printed["#CHROM"].astype(str).tolist() == CHROMOSOMES
    return pd.concat([printed, ours], axis=1)


def test_the_same_people_are_analysed(joined):
    assert joined["n"].tolist() == joined["OBS_CT"].tolist()
    assert joined.loc[joined["#CHROM"] == "Y", "n"].max() <= 120


def test_beta_and_se_are_those_of_plink2(joined):
    assert_prints_as(joined["beta"], joined["BETA"])
    assert_prints_as(joined["se"], joined["SE"], relative=4 * FLOAT32_ROUNDING)
    assert_prints_as(joined["t"], joined["T_STAT"], relative=8 * FLOAT32_ROUNDING)


def test_alleles_and_frequencies_agree(joined):
    assert joined["effect_allele"].tolist() == joined["A1"].tolist()
    # On X theirs is of what is regressed on, in which a male's one allele is two.
    rest = joined[joined["#CHROM"] != "X"]
    assert_prints_as(rest["effect_allele_frequency"], rest["A1_FREQ"])

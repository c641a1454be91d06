"""Alleles, frequencies and the MAF filter against plink2 on a VCF; see plink2/HOW.md.

plink2's test there is logistic, so its betas are not compared.
"""

import numpy as np
import pandas as pd
import pytest
from tests.golden.printed_digits import assert_prints_as

from igwas.genotypes.convert import convert

VCF = "1kg_eas_hg19.chr7_126253550_128253550.vcf.gz"


@pytest.fixture(scope="module")
def genotypes(data_dir, tmp_path_factory):
    output = tmp_path_factory.mktemp("kg_eas504") / "genotypes.h5"
    convert(data_dir / "genotypes" / "kg_eas504_chr7" / VCF, output)
    return output


@pytest.fixture
def frame(data_dir, genotypes, scan):
    folder = data_dir / "genotypes" / "kg_eas504_chr7"
    # Every FID is 0 there, as plink2 had it for a VCF.
    statistics = scan(genotypes, folder / "1kgeas_t2d.txt", maf=0.01, missing_values=("-9",))
    return statistics.to_frame("T2D")


@pytest.fixture
def expected(data_dir):
    folder = data_dir / "expected" / "kg_eas504_plink2"
    return pd.read_csv(folder / "t2d.glm.logistic.hybrid.maf01.gz", sep="\t")


def test_alleles_people_and_frequencies_equal_plink2(frame, expected):
    assert len(frame) == 54_234
    ours = frame.set_index("id").loc[expected["ID"]]
    assert ours["effect_allele"].tolist() == expected["A1"].tolist()
    assert ours["other_allele"].tolist() == expected["AX"].tolist()
    np.testing.assert_array_equal(ours["n"], expected["OBS_CT"])
    assert_prints_as(ours["effect_allele_frequency"], expected["A1_FREQ"])


def test_the_maf_filter_keeps_what_plink2_keeps_among_the_analysed_people(frame, expected):
    """plink2 filtered on all 504 people before two without a phenotype were left out; we after."""
    in_analysis = np.minimum(expected["A1_FREQ"], 1 - expected["A1_FREQ"]) >= 0.01
    assert 0 < (~in_analysis).sum() < 30
    tested = frame[frame["reason"] == "tested"]
    assert tested["id"].tolist() == expected.loc[in_analysis, "ID"].tolist()
    assert set(frame["reason"]) == {"tested", "maf", "constant"}

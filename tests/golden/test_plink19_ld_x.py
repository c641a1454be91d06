"""r^2 and clumps on chromosome X against plink 1.9; see plink19_ld_x/HOW.md."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.golden.plink19_ld_x.make_inputs import LEAD, N_VARIANTS, p_values, write
from tests.golden.printed_digits import assert_prints_as

from igwas.genotypes.genotype_file import open_genotypes
from igwas.loci.clump import clump
from igwas.loci.ld import Linkage

HERE = Path(__file__).resolve().parent / "plink19_ld_x"


@pytest.fixture(scope="module")
def genotypes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("x")
    write(folder)
    with open_genotypes(folder / "x.bed") as file:
        yield file


@pytest.mark.parametrize("method", ["genotype", "haplotype"])
def test_r2_equals_plink_to_its_printed_digits(genotypes, method):
    printed = pd.read_csv(HERE / "r2.tsv", sep="\t")
    found = Linkage(genotypes, method=method).r2(LEAD, np.arange(N_VARIANTS))
    assert_prints_as(found, printed[method])


def test_males_coded_0_1_are_another_thing(genotypes):
    """Plink's default of --r2: males lie below females, and unlinked variants correlate."""
    printed = pd.read_csv(HERE / "r2.tsv", sep="\t")
    found = Linkage(genotypes, method="genotype").r2(LEAD, np.arange(N_VARIANTS))
    far = np.abs(np.arange(N_VARIANTS) - LEAD) > 15
    assert np.median(printed["default"][far]) > 3 * np.median(found[far])


def test_clumps_are_those_of_plink(genotypes):
    linkage = Linkage(genotypes)
    found = clump(
        np.zeros(N_VARIANTS, np.int64), genotypes.positions, -np.log10(p_values()),
        min_log10p=3.0, window_bp=10_000, min_r2=0.5, r2=linkage.r2,
    )  # fmt: skip
    printed = pd.read_csv(HERE / "clumps.tsv", sep="\t", keep_default_na=False)
    expected = {row.lead: set(filter(None, row.members.split(","))) for row in printed.itertuples()}
    assert {f"v{c.lead}": {f"v{m}" for m in c.members[1:]} for c in found} == expected
    assert len(expected) > 8

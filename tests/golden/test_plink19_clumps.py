"""Clumps, r^2 and conditional tests of real genotypes against plink; see plink19_clump/HOW.md."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.golden.plink19_clump.make_inputs import make_eas, make_eur
from tests.golden.printed_digits import assert_prints_as

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.context import Context
from igwas.genotypes.genotype_file import open_genotypes
from igwas.loci.conditional import ConditionalScan
from igwas.loci.find import find_loci
from igwas.loci.ld import Linkage
from igwas.loci.options import LociOptions

HERE = Path(__file__).resolve().parent / "plink19_clump"
DATA = ("eur", "missing", "eas")
RULES = (("0.1", 1000), ("0.5", 250), ("0.8", 100))


@pytest.fixture(scope="module")
def cohorts(data_dir, tmp_path_factory):
    """Genotypes, phenotypes, and the scan of each data set."""
    folder = tmp_path_factory.mktemp("plink19")
    make_eur(data_dir, folder)
    make_eas(data_dir, folder)
    genotypes = {
        "eur": data_dir / "genotypes" / "kg_eur379" / "EUR_subset.bed",
        "missing": folder / "eur_missing.bed",
        "eas": folder / "eas.h5",
    }
    found = {}
    for name, path in genotypes.items():
        table = "eas" if name == "eas" else "eur"
        options = ScanOptions(
            covariates=folder / f"{table}_covariate.tsv", mac=20, geno=1, precision="full",
            missing="drop",
        )  # fmt: skip
        output = folder / f"{name}_statistics.h5"
        run_scan(path, folder / f"{table}.tsv", output, options=options, context=Context(threads=2))
        found[name] = (path, folder / f"{table}.tsv", output)
    return found


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(("r2", "kb"), RULES)
def test_every_clump_has_the_lead_and_members_of_plink(cohorts, name, r2, kb):
    genotypes, _, statistics = cohorts[name]
    options = LociOptions(
        genotypes=genotypes, p=1e-5, secondary_p=1e-3, min_r2=float(r2), window_kb=kb
    )
    result = find_loci(statistics, options=options)
    expected = pd.read_csv(HERE / "clumps.tsv", sep="\t", keep_default_na=False, dtype=str)
    expected = expected[(expected["data"] == name) & (expected["r2"] == r2)]
    wanted = {row.lead: set(filter(None, row.members.split(","))) for row in expected.itertuples()}
    found = {}
    for locus in result.loci:
        if locus.test.name == "minimum_p":
            ids = result.places.loc[locus.members["variant"], "id"]
            lead = result.places.at[locus.lead, "id"]
            found[lead] = set(ids) - {lead}
    assert found == wanted
    assert len(found) >= 5


@pytest.mark.parametrize("name", DATA)
def test_r2_of_calls_equals_plink_to_its_printed_digits(cohorts, name):
    expected = pd.read_csv(HERE / "r2.tsv", sep="\t")
    expected = expected[expected["data"] == name]
    with open_genotypes(cohorts[name][0]) as genotypes:
        ids = genotypes.variants(0, genotypes.n_variants)["id"]
        row = {name: at for at, name in enumerate(ids)}
        lead = row[expected["SNP_A"].iloc[0]]
        rows = np.array([row[name] for name in expected["SNP_B"]])
        found = Linkage(genotypes, method="genotype").r2(lead, rows)
    assert len(found) > 100
    assert_prints_as(found, expected["R2"].to_numpy())


def conditional_cases():
    table = pd.read_csv(HERE / "conditional.tsv.gz", sep="\t", dtype={"P": str})
    return dict(list(table.groupby(["data", "given"], sort=False)))


@pytest.mark.parametrize(("name", "given"), conditional_cases())
def test_conditional_tests_equal_plink2_condition(cohorts, name, given):
    expected = conditional_cases()[name, given]
    genotypes_path, phenotypes, statistics_path = cohorts[name]
    with open_statistics(statistics_path) as file, open_genotypes(genotypes_path) as genotypes:
        row = {name: at for at, name in enumerate(file.variants()["id"])}
        rows = np.array([row[name] for name in expected["ID"]])
        scan = ConditionalScan(file, genotypes, phenotypes, context=Context(threads=2))
        found = scan.test(rows, [row[name] for name in given.split(",")])
    printed = expected["P"].astype(float).to_numpy()
    tested = np.isfinite(printed)
    assert tested.sum() > 50
    assert np.isfinite(found.beta[tested, 0]).all()
    # plink2 leaves out variants that those conditioned on nearly explain (--vif 50).
    assert (found.se[~tested & np.isfinite(found.se[:, 0]), 0] > 4 * np.nanmedian(found.se)).all()
    assert_prints_as(found.beta[tested, 0], expected["BETA"].to_numpy()[tested])
    assert_prints_as(found.se[tested, 0], expected["SE"].to_numpy()[tested])
    difference = np.abs(found.log10p[tested, 0] + np.log10(printed[tested]))
    assert difference.max() < 1e-5

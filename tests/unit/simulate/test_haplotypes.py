import numpy as np
import pandas as pd
import pytest
from tests.unit.simulate.conftest import read_bed

from igwas.simulate import CohortOptions, simulate_cohort

# Correlation of relatives' genotypes is 1/2; the spread over some thousand variants is about 0.06.
FIRST_DEGREE = (0.4, 0.6)


@pytest.fixture(scope="module")
def bim(cohort):
    return pd.read_csv(cohort.bim, sep="\t", header=None, dtype={0: str})


@pytest.fixture(scope="module")
def fam(cohort):
    return pd.read_csv(cohort.fam, sep="\t", header=None)


def scaled(dosage: np.ndarray) -> np.ndarray:
    frequency = np.nanmean(dosage, axis=1) / 2
    common = dosage[(frequency > 0.05) & (frequency < 0.95)]
    mean = np.nanmean(common, axis=1, keepdims=True)
    return np.nan_to_num((common - mean) / np.nanstd(common, axis=1, keepdims=True))


def test_males_have_no_heterozygous_call_on_x_but_some_in_the_pseudo_autosomal_region(
    bim, fam, dosage
):
    is_male = (fam[4] == 1).to_numpy()
    on_x = dosage[(bim[0] == "X").to_numpy()]
    assert not (on_x[:, is_male] == 1).any()
    assert (on_x[:, ~is_male] == 1).any()
    assert (dosage[(bim[0] == "PAR1").to_numpy()][:, is_male] == 1).any()


def test_neighbours_are_in_linkage_disequilibrium_and_far_variants_are_not(bim, dosage):
    chromosome = scaled(dosage[(bim[0] == "1").to_numpy()])
    squared = np.corrcoef(chromosome) ** 2
    distance = np.abs(np.subtract.outer(np.arange(len(squared)), np.arange(len(squared))))
    near = squared[(distance >= 1) & (distance <= 3)].mean()
    far = squared[distance > len(squared) // 2].mean()
    assert near > 0.05
    assert near > 5 * far


@pytest.mark.parametrize("relation", ["siblings", "parent-child"])
def test_first_degree_relatives_share_half_their_genotypes(cohort, bim, fam, dosage, relation):
    autosomal = scaled(dosage[(~bim[0].isin(["X", "PAR1"])).to_numpy()])
    kinship = autosomal.T @ autosomal / len(autosomal)
    row = {name: number for number, name in enumerate(fam[1])}
    pairs = pd.read_csv(cohort.relatives, sep="\t").query("relation == @relation")
    shared = [kinship[row[a], row[b]] for a, b in zip(pairs.first_id, pairs.second_id, strict=True)]
    assert FIRST_DEGREE[0] < np.median(shared) < FIRST_DEGREE[1]


def test_ancestry_separates_along_the_first_components(cohort, bim, dosage):
    autosomal = scaled(dosage[(~bim[0].isin(["X", "PAR1"])).to_numpy()])
    _, vectors = np.linalg.eigh(autosomal.T @ autosomal)
    covariates = pd.read_csv(cohort.covariates, sep="\t")
    for name in ("PC1", "PC2"):
        explained = (vectors[:, -4:].T @ covariates[name].to_numpy()) ** 2
        # Some 700 common variants estimate an axis only roughly; chance gives 0.003.
        assert explained.sum() > 0.5


def test_sons_do_not_inherit_their_fathers_x(cohort, bim, fam, dosage):
    on_x = scaled(dosage[(bim[0] == "X").to_numpy()])
    row = {name: number for number, name in enumerate(fam[1])}
    sons = fam[(fam[2] != "0") & (fam[4] == 1)]
    daughters = fam[(fam[2] != "0") & (fam[4] == 2)]

    def likeness(children: pd.DataFrame) -> float:
        pairs = [
            (row[child], row[father])
            for child, father in zip(children[1], children[2], strict=True)
        ]
        return float(np.mean([np.corrcoef(on_x[:, a], on_x[:, b])[0, 1] for a, b in pairs]))

    assert abs(likeness(sons)) < 0.3
    assert likeness(daughters) > 0.45


def test_populations_differ_in_frequency_as_their_fst_says(tmp_path):
    fst = (0.02, 0.12)
    options = CohortOptions(
        n_samples=1000, n_variants=6000, n_phenotypes=1, n_planted=0, seed=8, related_fraction=0,
        admixed_fraction=0, ancestry_fractions=(0.5, 0.5), ancestry_fst=fst, missing_rate=(0, 0),
        chromosomes=("1", "2", "3", "4", "5"),
    )  # fmt: skip
    cohort = simulate_cohort(tmp_path / "c", options)
    dosage = read_bed(cohort.bed, options.n_samples)
    # The first component separates two ancestries.
    is_first = pd.read_csv(cohort.covariates, sep="\t")["PC1"].to_numpy() < 0
    assert 0.4 < is_first.mean() < 0.6
    p, q = (dosage[:, rows].mean(axis=1) / 2 for rows in (is_first, ~is_first))
    chance = sum(f * (1 - f) / (2 * rows.sum() - 1) for f, rows in ((p, is_first), (q, ~is_first)))
    found = ((p - q) ** 2 - chance).sum() / (p * (1 - q) + q * (1 - p)).sum()
    # Hudson's Fst of two populations that drifted apart by F1 and F2 is their mean (Bhatia et al.
    # 2013, Genome Res 23:1514); variants of a region share their drift: some 100 free draws.
    assert found == pytest.approx(sum(fst) / 2, rel=0.25)

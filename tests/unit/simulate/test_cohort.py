import dataclasses
import json

import h5py
import numpy as np
import pandas as pd
import pytest

from igwas import schema
from igwas.errors import OutputError
from igwas.simulate import CohortOptions, simulate_cohort

SMALL = CohortOptions(n_samples=50, n_variants=200, n_phenotypes=3, seed=2)
# Five standard errors of an estimated effect.
EFFECT_SES = 5


def bim_of(cohort) -> pd.DataFrame:
    names = ["chromosome", "id", "cm", "position", "effect_allele", "other_allele"]
    return pd.read_csv(cohort.bim, sep="\t", names=names, dtype={"chromosome": str})


def phenotypes_of(cohort) -> pd.DataFrame:
    with h5py.File(cohort.phenotypes) as file:
        names = file["/phenotypes/name"].asstr()[:]
        ids = file["/participants/participant_id"].asstr()[:]
        return pd.DataFrame(file["/values"][:], index=ids, columns=names)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    first = simulate_cohort(tmp_path / "a", SMALL)
    again = simulate_cohort(tmp_path / "b", SMALL)
    for one, other in zip(first.all(), again.all(), strict=True):
        if one.suffix != ".h5":
            assert one.read_bytes() == other.read_bytes(), one.name
    pd.testing.assert_frame_equal(phenotypes_of(first), phenotypes_of(again))


def test_another_seed_gives_another_cohort(tmp_path):
    first = simulate_cohort(tmp_path / "a", SMALL)
    other = simulate_cohort(tmp_path / "b", dataclasses.replace(SMALL, seed=3))
    assert first.bed.read_bytes() != other.bed.read_bytes()


def test_more_phenotypes_leave_the_genotypes_alone(tmp_path):
    first = simulate_cohort(tmp_path / "a", SMALL)
    other = simulate_cohort(tmp_path / "b", dataclasses.replace(SMALL, n_phenotypes=9))
    assert first.bed.read_bytes() == other.bed.read_bytes()


def test_files_have_the_asked_shape(cohort, options, dosage):
    assert dosage.shape == (options.n_variants, options.n_samples)
    assert len(bim_of(cohort)) == options.n_variants
    assert len(pd.read_csv(cohort.fam, sep="\t", header=None)) == options.n_samples
    assert phenotypes_of(cohort).shape[1] == options.n_phenotypes


def test_phenotypes_file_follows_the_registry(cohort):
    with h5py.File(cohort.phenotypes) as file:
        schema.validate(file, schema.PHENOTYPES)


def test_phenotypes_are_shuffled_and_lack_some_people(cohort, options):
    ids = list(phenotypes_of(cohort).index)
    genotyped = list(pd.read_csv(cohort.fam, sep="\t", header=None)[1])
    assert set(ids) < set(genotyped)
    assert ids != [name for name in genotyped if name in set(ids)]
    assert len(ids) == options.n_samples - int(0.01 * options.n_samples)


def test_variants_are_sorted_within_each_chromosome_and_have_unique_ids(cohort):
    bim = bim_of(cohort)
    assert bim["id"].is_unique
    for _, rows in bim.groupby("chromosome", sort=False):
        assert rows["position"].is_monotonic_increasing
        assert rows.index[-1] - rows.index[0] == len(rows) - 1


def test_ids_name_the_effect_allele_last(cohort):
    row = bim_of(cohort).iloc[7]
    parts = row["id"].split(":")
    assert parts == [row.chromosome, str(row.position), row.other_allele, row.effect_allele]


def test_missing_rates_stay_within_their_range(options, dosage):
    rate = np.isnan(dosage).mean(axis=1)
    low, high = options.missing_rate
    assert low / 2 < rate.mean() < high
    assert rate.max() < 3 * high


def test_planted_effects_are_found_by_regression_on_the_covariates(cohort, dosage):
    bim, values = bim_of(cohort), phenotypes_of(cohort)
    table = pd.read_csv(cohort.covariates, sep="\t").set_index("IID").loc[values.index]
    columns = pd.get_dummies(table.drop(columns="FID"), columns=["centre"], dtype=float)
    rows = [int(name[1:]) - 1 for name in values.index]
    q, _ = np.linalg.qr(columns.to_numpy(float))
    truth = pd.read_csv(cohort.truth, sep="\t")
    for planted in truth.itertuples():
        g = dosage[bim.index[bim["id"] == planted.variant_id][0], rows]
        g = np.where(np.isnan(g), np.nanmean(g), g)
        g = g - q @ (q.T @ g)
        y = values[planted.phenotype].to_numpy(float)
        y = y - q @ (q.T @ y)
        beta = g @ y / (g @ g)
        se = np.sqrt((y @ y - beta**2 * (g @ g)) / (len(y) - q.shape[1] - 1) / (g @ g))
        assert abs(beta - planted.effect) < EFFECT_SES * se


def test_truth_has_every_planted_pair(cohort, options):
    truth = pd.read_csv(cohort.truth, sep="\t")
    assert truth["variant_id"].nunique() == options.n_planted
    assert len(truth) == options.n_planted * options.planted_phenotypes


def test_heritability_raises_the_likeness_of_relatives(tmp_path):
    options = CohortOptions(
        n_samples=1000, n_variants=2000, n_phenotypes=20, n_planted=0, seed=4,
        related_fraction=0.9, heritability=0.8, unphenotyped_fraction=0,
    )  # fmt: skip
    cohort = simulate_cohort(tmp_path / "cohort", options)
    values = phenotypes_of(cohort)
    table = pd.read_csv(cohort.covariates, sep="\t").set_index("IID").loc[values.index]
    columns = pd.get_dummies(table.drop(columns="FID"), columns=["centre"], dtype=float)
    q, _ = np.linalg.qr(columns.to_numpy(float))
    residual = values - q @ (q.T @ values.to_numpy())
    residual = (residual - residual.mean()) / residual.std()
    pairs = pd.read_csv(cohort.relatives, sep="\t")
    first, second = residual.loc[pairs["first_id"]], residual.loc[pairs["second_id"]]
    likeness = (first.to_numpy() * second.to_numpy()).mean()
    # Half the heritability: 0.4 for first-degree relatives.
    assert 0.3 < likeness < 0.5


def test_an_existing_cohort_is_not_overwritten_unasked(tmp_path):
    files = simulate_cohort(tmp_path / "cohort", SMALL)
    before = files.bed.read_bytes()
    with pytest.raises(OutputError, match="exists; expected a new folder"):
        simulate_cohort(tmp_path / "cohort", dataclasses.replace(SMALL, seed=9))
    assert files.bed.read_bytes() == before
    simulate_cohort(tmp_path / "cohort", dataclasses.replace(SMALL, seed=9), overwrite=True)
    assert files.bed.read_bytes() != before


def test_a_missing_parent_folder_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        simulate_cohort(tmp_path / "no" / "cohort", SMALL)


def test_an_interrupted_simulation_leaves_no_file(tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_cohort(tmp_path / "cohort", SMALL, progress=stop)
    assert list((tmp_path / "cohort").iterdir()) == []


def test_progress_ends_at_the_number_of_variants(tmp_path):
    seen = []
    simulate_cohort(tmp_path / "cohort", SMALL, progress=lambda *pair: seen.append(pair))
    assert seen[-1] == (200, 200)


def test_the_description_holds_the_options(cohort, options):
    described = json.loads(cohort.description.read_text())["options"]
    assert described["seed"] == options.seed
    assert described["n_variants"] == options.n_variants


@pytest.mark.parametrize("chromosomes", [("22",), ("X",), ("1", "X")])
def test_variants_lie_on_the_asked_chromosomes_only(tmp_path, chromosomes):
    options = CohortOptions(n_samples=20, n_variants=100, chromosomes=chromosomes, n_phenotypes=2)
    found = set(bim_of(simulate_cohort(tmp_path / "cohort", options))["chromosome"])
    assert found - {"PAR1"} == set(chromosomes)

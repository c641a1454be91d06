import dataclasses

import h5py
import numpy as np
import pandas as pd
import pytest
from tests.unit.simulate.conftest import read_bed

from igwas import schema
from igwas.errors import OptionError
from igwas.simulate import CohortOptions, EyeOptions, simulate_cohort
from igwas.simulate.effects import GeneticEffects
from igwas.simulate.eye_options import COVARIATE_EFFECTS, covariate_share
from igwas.simulate.eye_parameters import CAMERAS, EYE_PARAMETERS, parameter_names
from igwas.simulate.eyes import EyeArchitecture, make_scores, share_of_mean, true_phenotypes
from igwas.simulate.people import MALE, make_people
from igwas.simulate.phenotypes import make_covariates

COHORT = CohortOptions(n_samples=2000, n_variants=1500, seed=11, related_fraction=0.1)
EYES = EyeOptions(one_eye_fraction=0.1)
# Five standard errors of a correlation among 20,000 people, and of an estimated effect.
CORRELATION_TOLERANCE = 0.036
EFFECT_SES = 5


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return simulate_cohort(tmp_path_factory.mktemp("eyes") / "cohort", COHORT, eyes=EYES)


@pytest.fixture(scope="module")
def eyes(files):
    return pd.read_csv(files.eyes, sep="\t")


@pytest.fixture(scope="module")
def truth(files):
    return pd.read_csv(files.truth, sep="\t")


@pytest.fixture(scope="module")
def many():
    """Scores of many people on whom no variant acts, with their covariates."""
    options = CohortOptions(n_samples=20_000, n_variants=1, related_fraction=0)
    people = make_people(options, np.random.default_rng(1))
    covariates = make_covariates(people, np.random.default_rng(2))
    none = GeneticEffects.none(parameter_names(), options.n_samples, heritability=0)
    return people, covariates, make_scores(people, covariates, none, np.random.default_rng(3))


def test_every_covariate_effect_is_of_a_parameter():
    assert set(COVARIATE_EFFECTS) <= set(parameter_names())


def test_scores_have_mean_0_and_variance_1(many):
    scores = many[2].reshape(-1, len(EYE_PARAMETERS))
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=CORRELATION_TOLERANCE)
    np.testing.assert_allclose(scores.var(axis=0), 1, atol=2 * CORRELATION_TOLERANCE)


def test_eyes_of_a_person_correlate_as_the_parameter_says(many):
    for number, parameter in enumerate(EYE_PARAMETERS):
        left, right = many[2][:, :, number].T
        found = np.corrcoef(left, right)[0, 1]
        assert found == pytest.approx(parameter.between_eyes, abs=CORRELATION_TOLERANCE)
        assert not np.array_equal(left, right)


def test_parameters_are_independent_but_for_shared_covariates(many):
    left = many[2][:, 0]
    found = np.corrcoef(left.T)
    by_name = [COVARIATE_EFFECTS.get(name, {}) for name in parameter_names()]
    expected = np.array(
        [[sum(a.get(c, 0) * b.get(c, 0) for c in ("age", "sex", "ancestry")) for b in by_name]
         for a in by_name]
    )  # fmt: skip
    np.fill_diagonal(expected, 1)
    np.testing.assert_allclose(found, expected, atol=CORRELATION_TOLERANCE)


def test_age_sex_and_ancestry_act_as_stated(many):
    people, covariates, scores = many
    columns = {
        "age": covariates["age"].to_numpy(),
        "sex": (people.sex[: people.n_samples] == MALE).astype(float),
        "ancestry": 1 - people.ancestry[: people.n_samples, 0],
    }
    for number, name in enumerate(parameter_names()):
        for covariate, values in columns.items():
            found = np.corrcoef(values, scores[:, 1, number])[0, 1]
            expected = COVARIATE_EFFECTS.get(name, {}).get(covariate, 0)
            assert found == pytest.approx(expected, abs=CORRELATION_TOLERANCE), (name, covariate)


def test_every_parameter_has_a_clear_variant_and_the_faint_ones_are_others(truth):
    clear = truth[truth["variance_explained"] >= EYES.clear_share[0]]
    assert sorted(clear["phenotype"]) == sorted(parameter_names())
    assert (clear["variance_explained"] <= EYES.clear_share[1]).all()
    faint = truth.drop(clear.index)
    assert len(faint) == EYES.n_faint
    assert faint["variance_explained"].between(*EYES.faint_share).all()
    assert truth["variant_id"].is_unique


def test_estimated_effects_are_those_planted_within_their_errors(files, eyes, truth):
    bim = pd.read_csv(files.bim, sep="\t", header=None)[1].tolist()
    fam = pd.read_csv(files.fam, sep="\t", header=None)[1].tolist()
    dosage = read_bed(files.bed, COHORT.n_samples)
    covariates = pd.read_csv(files.covariates, sep="\t").set_index("IID")
    for side, table in eyes.groupby("eye"):
        table = table.set_index("participant_id")
        columns = pd.get_dummies(
            covariates.loc[table.index].drop(columns="FID"), columns=["centre"], dtype=float
        )
        q, _ = np.linalg.qr(columns.to_numpy(float))
        rows = [fam.index(name) for name in table.index]
        for planted in truth.itertuples():
            g = dosage[bim.index(planted.variant_id), rows]
            g = np.where(np.isnan(g), np.nanmean(g), g)
            y = table[planted.phenotype].to_numpy()
            g, y = g - q @ (q.T @ g), y - q @ (q.T @ y)
            beta = g @ y / (g @ g)
            se = np.sqrt((y @ y - beta**2 * (g @ g)) / (len(y) - q.shape[1] - 1) / (g @ g))
            assert abs(beta - planted.effect) < EFFECT_SES * se, (side, planted.phenotype)


def test_power_in_the_truth_is_that_of_the_mean_of_both_eyes(truth):
    clear = truth["variance_explained"] >= EYES.clear_share[0]
    assert (truth.loc[clear, "power"] > 0.999).all()
    assert (truth.loc[~clear, "power"] < 0.5).all()


def test_some_people_have_one_eye_and_the_others_two(eyes):
    count = eyes.groupby("participant_id")["eye"].agg(["size", "nunique"])
    assert (count["size"] == count["nunique"]).all()
    assert 0.07 < (count["size"] == 1).mean() < 0.13
    assert set(eyes["eye"]) == {"left", "right"}


def test_a_session_is_of_both_eyes(eyes):
    for column in ("camera", "seed", "age", "sex"):
        assert (eyes.groupby("participant_id")[column].nunique() == 1).all(), column
    assert set(eyes["camera"]) == {camera.name for camera in CAMERAS}


def test_each_eye_is_exposed_by_itself(eyes):
    assert np.log(eyes["exposure"]).std() == pytest.approx(EYES.exposure_spread, rel=0.05)
    left, right = (eyes[eyes["eye"] == side].set_index("participant_id")["exposure"]
                   for side in ("left", "right"))  # fmt: skip
    both = left.index.intersection(right.index)
    assert abs(np.corrcoef(left[both], right[both])[0, 1]) < 0.12


def test_a_centre_has_mostly_its_own_camera(files, eyes):
    centre = pd.read_csv(files.covariates, sep="\t").set_index("IID")["centre"]
    table = pd.crosstab(centre.loc[eyes["participant_id"]].to_numpy(), eyes["camera"])
    share = table.max(axis=1) / table.sum(axis=1)
    assert share.between(0.7, 0.95).all()
    assert table.idxmax(axis=1).is_unique


def test_phenotypes_are_the_true_parameters_by_eye(files, eyes):
    with h5py.File(files.phenotypes) as file:
        schema.validate(file, schema.PHENOTYPES)
        names = file["/phenotypes/name"].asstr()[:].tolist()
        ids = file["/participants/participant_id"].asstr()[:].tolist()
        values = pd.DataFrame(file["/values"][:], index=ids, columns=names)
    left = eyes[eyes["eye"] == "left"].set_index("participant_id")["macula"]
    right = eyes[eyes["eye"] == "right"].set_index("participant_id")["macula"]
    np.testing.assert_allclose(values.loc[left.index, "left_macula"], left)
    both = left.index.intersection(right.index)
    np.testing.assert_allclose(
        values.loc[both, "mean_macula"], (left[both] + right[both]) / 2, atol=1e-9
    )
    np.testing.assert_allclose(
        values.loc[both, "difference_macula"], left[both] - right[both], atol=1e-9
    )
    alone = left.index.difference(right.index)
    assert values.loc[alone, "right_macula"].isna().all()
    np.testing.assert_allclose(values.loc[alone, "mean_macula"], left[alone])
    assert values.loc[alone, "difference_macula"].isna().all()


def test_names_of_true_phenotypes_are_by_eye_then_parameter(eyes):
    _, names, values = true_phenotypes(eyes.head(10))
    assert names[0] == "left_pigment"
    assert len(names) == 4 * len(EYE_PARAMETERS) == values.shape[1]


def test_one_of_each_related_pair_is_listed_for_removal(files):
    pairs = pd.read_csv(files.relatives, sep="\t")
    removed = {line.split("\t")[1] for line in files.remove.read_text().splitlines()}
    assert removed == set(pairs["second_id"])
    assert not removed & set(pairs["first_id"])


def test_eyes_leave_the_genotypes_of_other_regions_alone(tmp_path, files):
    # Planted variants are made common; everything else does not depend on them.
    other = simulate_cohort(
        tmp_path / "c", COHORT, eyes=dataclasses.replace(EYES, one_eye_fraction=0)
    )
    assert other.bed.read_bytes() == files.bed.read_bytes()


def test_the_share_of_the_mean_of_both_eyes_follows_from_their_variances(many):
    for number, parameter in enumerate(EYE_PARAMETERS):
        mean = many[2][:, :, number].mean(axis=1)
        left_over = mean.var() - covariate_share(parameter.name)
        assert share_of_mean(0.1, parameter.name) == pytest.approx(0.1 / left_over, rel=0.05)


def test_planted_variants_go_round_the_parameters():
    options = EyeOptions(n_clear=2, n_faint=11, clear_share=(0.05, 0.06))
    architecture = EyeArchitecture(options, np.random.default_rng(1))
    assert architecture.n_planted == 2 * len(EYE_PARAMETERS) + 11
    drawn = [architecture.next_effects() for _ in range(architecture.n_planted)]
    columns = np.array([int(one.columns[0]) for one in drawn])
    is_clear = np.array([one.share[0] >= 0.05 for one in drawn])
    assert (np.bincount(columns[is_clear]) == 2).all()
    assert set(np.bincount(columns[~is_clear], minlength=len(EYE_PARAMETERS))) <= {1, 2}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_clear": -1}, "--clear is -1; expected 0 or more"),
        ({"clear_share": (0.3, 0.2)}, "--clear-share is 0.3 to 0.2"),
        ({"faint_share": (0.0, 0.2)}, "expected two shares of variance above 0"),
        ({"one_eye_fraction": 1.5}, "--one-eye is 1.5; expected 0 to 1"),
        ({"exposure_spread": -0.1}, "exposure_spread is -0.1"),
    ],
)
def test_impossible_eyes_are_refused(changed, message):
    with pytest.raises(OptionError, match=message):
        EyeOptions(**changed)


def test_more_explained_than_both_eyes_share_is_refused_before_anything_is_written(tmp_path):
    eyes = EyeOptions(n_clear=4, clear_share=(0.2, 0.25))
    with pytest.raises(OptionError, match="whose eyes share 95 %"):
        simulate_cohort(tmp_path / "c", COHORT, eyes=eyes)
    assert not (tmp_path / "c").exists()

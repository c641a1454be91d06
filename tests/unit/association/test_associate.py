"""The scan on arrays in memory: against the plain twin, statsmodels, and every wrong input."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.multivariate.manova import MANOVA
from tests.reference.ordinary_least_squares import Rules, random_cohort, scan

import igwas
from igwas.errors import DeviceUnavailable, InputError, OptionError, ShapeError
from igwas.phenotypes.transform import rank_inverse_normal

# In memory nothing is rounded to float32; what is left is rounding of two ways to solve the same
# least squares, some 1e-12 where covariates are well conditioned.
ALGEBRA_RTOL = 1e-9
# Of a z score, in itself: whole copies are summed over phenotypes in two limbs of 20 bits.
SUM_ATOL = 1e-10
# log10p grows with the square of t, so twice the error, and the reference takes log of a rounded
# tail.
TAIL_RTOL = 1e-8
# The mix is applied to the phenotypes in float64 and has a condition number of some thousands.
MIX_RTOL = 1e-6


def assert_equals_twin(result, twin):
    per_mask = {
        "n": "n",
        "missing_count": "missing_count",
        "eaf": "effect_allele_frequency",
        "mac": "minor_allele_count",
        "reason": "reason",
    }
    for ours, theirs in per_mask.items():
        found = getattr(result, theirs)[:, result.masks]
        np.testing.assert_allclose(found, getattr(twin, ours), rtol=ALGEBRA_RTOL, atol=1e-12)
    np.testing.assert_allclose(result.se, twin.se, rtol=ALGEBRA_RTOL, atol=1e-12)
    for found, expected in ((result.t, twin.t), (result.beta / twin.se, twin.beta / twin.se)):
        np.testing.assert_allclose(found, expected, rtol=ALGEBRA_RTOL, atol=SUM_ATOL)
    np.testing.assert_allclose(result.log10p, twin.log10p, rtol=TAIL_RTOL, atol=1e-12)
    for ours, theirs in {
        "omnibus_f": "omnibus_f",
        "omnibus_log10p": "omnibus_log10p",
        "genotype_ss": "genotype_sum_of_squares",
    }.items():
        tested = twin.reason == 0
        np.testing.assert_allclose(
            getattr(result, theirs)[:, result.masks][tested],
            getattr(twin, ours)[tested],
            rtol=TAIL_RTOL,
            atol=1e-12,
        )


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize("missing_rate", [0.0, 0.01, 0.2])
def test_every_number_equals_the_plain_twin(missing, missing_rate):
    cohort = random_cohort(
        n_samples=257, n_variants=12, n_phenotypes=4, missing_rate=missing_rate, seed=3
    )
    result = igwas.associate(
        cohort["dosage"], cohort["values"], cohort["covariates"], missing=missing
    )
    twin = scan(cohort["dosage"], cohort["values"], cohort["covariates"], Rules(missing=missing))
    assert_equals_twin(result, twin)


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_phenotypes_with_different_missing_values_equal_the_plain_twin(missing):
    cohort = random_cohort(n_samples=190, n_variants=8, n_phenotypes=6, missing_rate=0.1, seed=4)
    rng = np.random.default_rng(5)
    values = cohort["values"]
    values[rng.random(190) < 0.2, 1] = np.nan
    values[rng.random(190) < 0.4, 3:5] = np.nan
    result = igwas.associate(cohort["dosage"], values, cohort["covariates"], missing=missing)
    assert result.masks.tolist() == [0, 1, 0, 2, 2, 0]
    twin = scan(cohort["dosage"], values, cohort["covariates"], Rules(missing=missing))
    assert_equals_twin(result, twin)


@pytest.mark.parametrize("n_samples", [7, 31, 32, 33, 255, 256, 257])
def test_sample_counts_around_word_and_tile_ends_equal_the_plain_twin(n_samples):
    cohort = random_cohort(
        n_samples=n_samples, n_variants=6, n_phenotypes=1, missing_rate=0.05, seed=n_samples
    )
    result = igwas.associate(cohort["dosage"], cohort["values"], cohort["covariates"])
    assert_equals_twin(result, scan(cohort["dosage"], cohort["values"], cohort["covariates"]))


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize("missing_rate", [0.0, 0.01, 0.2])
def test_tests_equal_statsmodels_least_squares(missing, missing_rate):
    cohort = random_cohort(
        n_samples=300, n_variants=5, n_phenotypes=3, missing_rate=missing_rate, seed=8
    )
    dosage, values = cohort["dosage"], cohort["values"]
    result = igwas.associate(dosage, values, cohort["covariates"], missing=missing)
    for v, row in enumerate(dosage):
        g, use = row.copy(), np.ones(300, bool)
        if missing == "mean":
            g[np.isnan(g)] = np.nanmean(g)
        else:
            use = ~np.isnan(g)
        design = sm.add_constant(np.column_stack([cohort["covariates"], g])[use])
        for k in range(values.shape[1]):
            fit = sm.OLS(values[use, k], design).fit()
            assert result.beta[v, k] == pytest.approx(fit.params[-1], rel=ALGEBRA_RTOL)
            assert result.se[v, k] == pytest.approx(fit.bse[-1], rel=ALGEBRA_RTOL)
            assert result.degrees_of_freedom[v, k] == fit.df_resid
            assert result.log10p[v, k] == pytest.approx(-np.log10(fit.pvalues[-1]), rel=1e-7)


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_the_omnibus_equals_the_wilks_f_of_statsmodels(missing):
    cohort = random_cohort(n_samples=250, n_variants=4, n_phenotypes=5, missing_rate=0.1, seed=9)
    result = igwas.associate(
        cohort["dosage"], cohort["values"], cohort["covariates"], missing=missing
    )
    for v, row in enumerate(cohort["dosage"]):
        g, use = row.copy(), np.ones(250, bool)
        if missing == "mean":
            g[np.isnan(g)] = np.nanmean(g)
        else:
            use = ~np.isnan(g)
        design = sm.add_constant(np.column_stack([cohort["covariates"], g])[use])
        hypothesis = np.zeros((1, design.shape[1]))
        hypothesis[0, -1] = 1
        test = MANOVA(cohort["values"][use], design).mv_test([("g", hypothesis)])
        wilks = test.results["g"]["stat"].loc["Wilks' lambda"]
        assert result.omnibus_f[v, 0] == pytest.approx(float(wilks["F Value"]), rel=TAIL_RTOL)
        expected = -np.log10(float(wilks["Pr > F"]))
        assert result.omnibus_log10p[v, 0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_an_invertible_mix_of_128_phenotypes_leaves_the_omnibus_alone(missing):
    cohort = random_cohort(n_samples=400, n_variants=6, n_phenotypes=128, missing_rate=0.02, seed=2)
    rng = np.random.default_rng(11)
    values = rng.normal(size=(400, 128)) + 0.1 * cohort["values"]
    mix = rng.normal(size=(128, 128))
    plain = igwas.associate(cohort["dosage"], values, cohort["covariates"], missing=missing)
    mixed = igwas.associate(cohort["dosage"], values @ mix, cohort["covariates"], missing=missing)
    assert np.isfinite(plain.omnibus_log10p).all()
    np.testing.assert_allclose(mixed.omnibus_f, plain.omnibus_f, rtol=MIX_RTOL)
    np.testing.assert_allclose(mixed.omnibus_log10p, plain.omnibus_log10p, rtol=MIX_RTOL)


def test_the_omnibus_of_one_phenotype_is_its_t_test():
    cohort = random_cohort(n_samples=90, n_variants=5, n_phenotypes=1, seed=12)
    result = igwas.associate(cohort["dosage"], cohort["values"])
    np.testing.assert_allclose(result.omnibus_f, result.t**2, rtol=ALGEBRA_RTOL)
    np.testing.assert_allclose(result.omnibus_log10p, result.log10p, rtol=ALGEBRA_RTOL)


def test_repeated_phenotypes_count_once_in_the_omnibus():
    cohort = random_cohort(n_samples=90, n_variants=5, n_phenotypes=3, seed=13)
    values = cohort["values"]
    doubled = np.column_stack([values, values[:, 0], values @ [1.0, -2.0, 0.5]])
    plain = igwas.associate(cohort["dosage"], values)
    result = igwas.associate(cohort["dosage"], doubled)
    np.testing.assert_allclose(result.omnibus_f, plain.omnibus_f, rtol=MIX_RTOL)


def test_the_omnibus_is_nan_without_degrees_of_freedom_for_it():
    cohort = random_cohort(n_samples=12, n_variants=2, n_phenotypes=11, seed=14)
    result = igwas.associate(cohort["dosage"], np.random.default_rng(1).normal(size=(12, 11)))
    assert np.isnan(result.omnibus_f).all()
    assert np.isfinite(result.beta).all()


def test_rank_transform_moves_the_tests_and_not_the_omnibus():
    cohort = random_cohort(n_samples=120, n_variants=4, n_phenotypes=2, seed=15)
    skewed = np.exp(cohort["values"])
    result = igwas.associate(
        cohort["dosage"], skewed, cohort["covariates"], transform="rank-inverse-normal"
    )
    twin = scan(cohort["dosage"], rank_inverse_normal(skewed), cohort["covariates"])
    np.testing.assert_allclose(result.beta, twin.beta, rtol=ALGEBRA_RTOL)
    raw = scan(cohort["dosage"], skewed, cohort["covariates"])
    np.testing.assert_allclose(result.omnibus_f[:, [0, 0]], raw.omnibus_f, rtol=TAIL_RTOL)


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_reasons_and_filters_equal_the_plain_twin(missing):
    rng = np.random.default_rng(16)
    n = 120
    covariates = rng.normal(size=(n, 2))
    covariates[:, 1] = rng.binomial(2, 0.4, n)
    dosage = rng.binomial(2, 0.3, (8, n)).astype(float)
    dosage[1] = 2
    dosage[2] = np.nan
    dosage[3, 5:] = 0  # below --mac
    dosage[3, :5] = 1
    dosage[4, :40] = np.nan  # above --geno
    dosage[5] = covariates[:, 1]
    dosage[6] = 2 - (rng.random(n) < 0.1)  # below --maf from the other side
    dosage[7, :10] = np.nan
    limits = {"mac": 6.0, "maf": 0.12, "geno": 0.2}
    values = rng.normal(size=(n, 2))
    result = igwas.associate(dosage, values, covariates, missing=missing, **limits)
    assert result.reason[:, 0].tolist() == [0, 1, 2, 3, 5, 8, 4, 0]
    assert_equals_twin(result, scan(dosage, values, covariates, Rules(missing=missing, **limits)))
    assert np.isnan(result.beta[1:7]).all()
    assert np.isnan(result.omnibus_log10p[1:7]).all()


def test_dropping_may_leave_too_few_samples():
    rng = np.random.default_rng(17)
    dosage = np.full((1, 30), np.nan)
    dosage[0, :4] = [0, 1, 2, 1]
    values, covariates = rng.normal(size=(30, 2)), rng.normal(size=(30, 3))
    result = igwas.associate(dosage, values, covariates, missing="drop")
    assert result.reason.tolist() == [[9]]
    assert np.isnan(result.beta).all()


def test_a_covariate_that_only_uncalled_samples_have_is_lost_with_them():
    """A batch whose calls all failed: its indicator is constant among those left."""
    cohort = random_cohort(n_samples=80, n_variants=3, n_phenotypes=2, seed=18)
    batch = (np.arange(80) < 20).astype(float)
    cohort["dosage"][:, :20] = np.nan
    covariates = np.column_stack([cohort["covariates"], batch])
    result = igwas.associate(cohort["dosage"], cohort["values"], covariates, missing="drop")
    alone = igwas.associate(
        cohort["dosage"][:, 20:], cohort["values"][20:], cohort["covariates"][20:]
    )
    assert result.degrees_of_freedom.tolist() == alone.degrees_of_freedom.tolist()
    np.testing.assert_allclose(result.beta, alone.beta, rtol=ALGEBRA_RTOL)
    np.testing.assert_allclose(result.se, alone.se, rtol=ALGEBRA_RTOL)
    np.testing.assert_allclose(result.omnibus_f, alone.omnibus_f, rtol=TAIL_RTOL)


def test_a_phenotype_that_is_constant_among_called_samples_gets_nan():
    rng = np.random.default_rng(19)
    values = rng.normal(size=(60, 2))
    values[10:, 0] = 3.0
    dosage = rng.binomial(2, 0.4, (1, 60)).astype(float)
    dosage[0, :10] = np.nan
    result = igwas.associate(dosage, values, missing="drop")
    assert np.isnan(result.beta[0, 0])
    assert np.isfinite(result.beta[0, 1])
    assert result.omnibus_f[0, 0] == pytest.approx(result.t[0, 1] ** 2, rel=ALGEBRA_RTOL)


def test_minor_allele_frequency_on_the_limit_passes_from_both_sides():
    """1 - 0.9 is below 0.1 in floating point."""
    rng = np.random.default_rng(20)
    dosage = np.zeros((1, 10))
    dosage[0, :2] = 1
    values = rng.normal(size=10)
    for row in (dosage, 2 - dosage):
        assert igwas.associate(row, values, maf=0.1).reason.tolist() == [[0]]


def test_missing_rate_on_the_limit_passes():
    """0.29 * 100 is below 29 in floating point."""
    rng = np.random.default_rng(21)
    dosage = rng.binomial(2, 0.4, (1, 100)).astype(float)
    dosage[0, :29] = np.nan
    assert igwas.associate(dosage, rng.normal(size=100), geno=0.29).reason.tolist() == [[0]]


def test_a_constant_fraction_is_constant_however_many_samples():
    """A running sum of 0.1 drifts: what it leaves is no variation."""
    values = np.random.default_rng(22).normal(size=300_000)
    assert igwas.associate(np.full((1, 300_000), 0.1), values).reason.tolist() == [[1]]


def test_missing_calls_alone_are_no_variation_even_next_to_fractions():
    values = np.random.default_rng(23).normal(size=50)
    dosage = np.full((1, 50), 0.3)
    dosage[0, ::7] = np.nan
    assert igwas.associate(dosage, values).reason.tolist() == [[1]]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint16, np.float32, np.float64])
def test_every_dtype_of_genotypes_gives_the_same_bits(dtype):
    cohort = random_cohort(n_samples=50, n_variants=4, n_phenotypes=2, seed=24)
    expected = igwas.associate(cohort["dosage"], cohort["values"])
    result = igwas.associate(cohort["dosage"].astype(dtype), cohort["values"])
    assert result.beta.tobytes() == expected.beta.tobytes()


def test_negative_integers_are_missing():
    cohort = random_cohort(n_samples=50, n_variants=4, n_phenotypes=2, missing_rate=0.1, seed=25)
    calls = np.where(np.isnan(cohort["dosage"]), -9, cohort["dosage"]).astype(np.int64)
    expected = igwas.associate(cohort["dosage"], cohort["values"])
    result = igwas.associate(calls, cohort["values"])
    assert result.se.tobytes() == expected.se.tobytes()
    assert result.missing_count.tolist() == expected.missing_count.tolist()


def test_transposed_and_sliced_genotypes_are_read_where_they_lie():
    cohort = random_cohort(n_samples=40, n_variants=6, n_phenotypes=1, seed=26)
    expected = igwas.associate(cohort["dosage"][::2], cohort["values"])
    stored = np.asfortranarray(cohort["dosage"])
    assert igwas.associate(stored[::2], cohort["values"]).t.tobytes() == expected.t.tobytes()


def test_samples_without_covariates_or_any_phenotype_are_left_out():
    cohort = random_cohort(n_samples=60, n_variants=3, n_phenotypes=2, seed=27)
    covariates, values = cohort["covariates"], cohort["values"]
    covariates[4, 1] = np.nan
    values[9] = np.nan
    keep = np.setdiff1d(np.arange(60), [4, 9])
    result = igwas.associate(cohort["dosage"], values, covariates)
    expected = igwas.associate(cohort["dosage"][:, keep], values[keep], covariates[keep])
    assert result.n.tolist() == [[58]] * 3
    np.testing.assert_allclose(result.beta, expected.beta, rtol=ALGEBRA_RTOL)


def test_no_variants_give_empty_results():
    result = igwas.associate(np.zeros((0, 20), np.int8), np.arange(20.0))
    assert result.beta.shape == (0, 1)
    assert result.log10p.shape == (0, 1)
    assert len(result.to_frame()) == 0


def test_genotypes_without_any_call_are_all_missing():
    result = igwas.associate(np.full((2, 20), np.nan), np.arange(20.0))
    assert result.reason.tolist() == [[2], [2]]
    assert np.isnan(result.effect_allele_frequency).all()


def test_more_variants_than_a_block_equal_their_parts():
    cohort = random_cohort(n_samples=40, n_variants=600, n_phenotypes=1, seed=28)
    whole = igwas.associate(cohort["dosage"], cohort["values"])
    parts = [
        igwas.associate(cohort["dosage"][i : i + 77], cohort["values"]) for i in range(0, 600, 77)
    ]
    assert np.concatenate([part.se for part in parts]).tobytes() == whole.se.tobytes()


def test_results_come_as_a_data_frame_with_a_row_a_test():
    cohort = random_cohort(n_samples=40, n_variants=3, n_phenotypes=2, seed=29)
    values = pd.DataFrame(cohort["values"], columns=["left", "right"])
    values.iloc[:5, 1] = np.nan
    result = igwas.associate(cohort["dosage"], values)
    frame = result.to_frame()
    assert frame["phenotype"].tolist() == ["left", "right"] * 3
    assert frame["variant"].tolist() == [0, 0, 1, 1, 2, 2]
    assert frame["n"].tolist() == [40, 35] * 3
    assert frame["beta"].to_numpy().tobytes() == result.beta.tobytes()
    np.testing.assert_array_equal(result.chisq, result.t**2)


def test_a_perfect_fit_is_no_crash():
    dosage = np.array([[0, 1, 2, 0, 1, 2, 0.0]])
    result = igwas.associate(dosage, dosage[0])
    assert result.beta[0, 0] == pytest.approx(1)
    assert result.log10p[0, 0] > 30


GOOD = np.tile([0, 1, 2, 1, 0], (1, 4))
VALUES = np.random.default_rng(30).normal(size=20)
DAYS = np.datetime64("2020-01-01") + np.arange(20)


@pytest.mark.parametrize(
    ("genotypes", "phenotypes", "options", "error", "text"),
    [
        (GOOD[0], VALUES, {}, ShapeError, "1 axes; expected 2"),
        (GOOD + 1, VALUES, {}, InputError, "genotypes hold 3"),
        (GOOD - 0.5, VALUES, {}, InputError, "genotypes hold -0.5"),
        (np.where(GOOD == 1, np.inf, GOOD), VALUES, {}, InputError, "genotypes hold inf"),
        (GOOD.astype(np.float16), VALUES, {}, InputError, "dtype float16"),
        (GOOD.astype(object), VALUES, {}, InputError, "dtype object"),
        (GOOD[:, :19], VALUES, {}, ShapeError, "19 samples and phenotypes 20"),
        (GOOD, np.float64(3), {}, ShapeError, "phenotypes have shape ()"),
        (GOOD, VALUES.reshape(5, 2, 2), {}, ShapeError, "phenotypes have shape (5, 2, 2)"),
        (GOOD, np.zeros((20, 0)), {}, ShapeError, "phenotypes have shape (20, 0)"),
        (GOOD + 1e-7, VALUES, {}, InputError, "genotypes hold 2.0000001; expected"),
        (GOOD * (1 + 0j), VALUES, {}, InputError, "dtype complex128"),
        (GOOD, np.array(["a"] * 20), {}, InputError, "phenotypes are no numbers"),
        (GOOD, VALUES.astype(str), {}, InputError, "phenotypes are no numbers (dtype <U"),
        (GOOD, VALUES.astype(str).astype(object), {}, InputError, "is of type str"),
        (GOOD, VALUES + 1j, {}, InputError, "phenotypes are no numbers (dtype complex128)"),
        (GOOD, [10**400] * 20, {}, InputError, "phenotypes are no numbers"),
        (GOOD, DAYS, {}, InputError, "phenotypes are no numbers (dtype datetime64[D])"),
        (GOOD, DAYS - DAYS[0], {}, InputError, "phenotypes are no numbers (dtype timedelta64[D])"),
        (GOOD, pd.DataFrame({"day": DAYS}), {}, InputError, "phenotypes are no numbers (dtype"),
        (GOOD, VALUES, {"covariates": VALUES + 1j}, InputError, "covariates are no numbers"),
        (GOOD, VALUES, {"covariates": DAYS}, InputError, "covariates are no numbers"),
        (GOOD, np.where(VALUES > 1, np.inf, VALUES), {}, InputError, "infinite"),
        (GOOD, np.full(20, np.nan), {}, InputError, "has 0 samples; expected at least 2"),
        (GOOD, np.full(20, 7.5), {}, InputError, "'phenotype_0' is constant"),
        (GOOD, VALUES, {"covariates": VALUES}, InputError, "explained by the covariates"),
        (GOOD, VALUES, {"covariates": VALUES[:19]}, ShapeError, "covariates have 19 samples"),
        (GOOD, VALUES, {"covariates": VALUES - np.inf}, InputError, "infinite"),
        (GOOD, VALUES, {"covariates": ["a"] * 20}, InputError, "covariates are no numbers"),
        (GOOD, VALUES, {"covariates": np.eye(20)}, InputError, "degrees of freedom"),
        (GOOD, VALUES, {"missing": "zero"}, OptionError, "--missing is 'zero'"),
        (GOOD, VALUES, {"transform": "log"}, OptionError, "--transform is 'log'"),
        (GOOD, VALUES, {"mac": -1.0}, OptionError, "--mac is -1"),
        (GOOD, VALUES, {"maf": 0.6}, OptionError, "--maf is 0.6"),
        (GOOD, VALUES, {"geno": float("nan")}, OptionError, "--geno is nan"),
        (GOOD, VALUES, {"context": igwas.Context(device="cuda")}, DeviceUnavailable, "cuda"),
    ],
)
def test_wrong_input_is_refused_with_the_value(genotypes, phenotypes, options, error, text):
    with pytest.raises(error) as caught:
        igwas.associate(genotypes, phenotypes, **options)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_in_an_array_of_objects_are_numbers():
    mixed = pd.DataFrame({"a": VALUES, "b": pd.array([1, 2] * 10, dtype="Int64")})
    mixed["a"] = mixed["a"].astype(object)
    plain = igwas.associate(GOOD, mixed.astype(float))
    np.testing.assert_array_equal(igwas.associate(GOOD, mixed).beta, plain.beta)


def test_masked_entries_are_missing():
    rng = np.random.default_rng(7)
    dosage = rng.binomial(2, 0.4, (3, 40)).astype(float)
    values = rng.normal(size=(40, 2))
    hidden = rng.random(dosage.shape) < 0.2
    masked = igwas.associate(np.ma.masked_array(dosage, hidden), np.ma.masked_array(values, False))
    plain = igwas.associate(np.where(hidden, np.nan, dosage), values)
    assert masked.missing_count.sum() == hidden.sum()
    np.testing.assert_array_equal(masked.beta, plain.beta)


def test_tables_whose_rows_differ_are_not_joined_by_position():
    people = [f"P{i}" for i in range(20)]
    values = pd.DataFrame({"left": VALUES}, index=people)
    age = pd.Series(np.linspace(40, 70, 20) ** 2, index=people)
    plain = igwas.associate(GOOD, VALUES, age.to_numpy())
    np.testing.assert_array_equal(igwas.associate(GOOD, values, age).t, plain.t)
    # Labels of one table alone say nothing.
    np.testing.assert_array_equal(igwas.associate(GOOD, values, age.to_numpy()).t, plain.t)
    swapped = age.iloc[[0, 2, 1, *range(3, 20)]]
    with pytest.raises(InputError, match="row 1 of the phenotypes is 'P1' and row 1 of the cov"):
        igwas.associate(GOOD, values, swapped)
    with pytest.raises(
        InputError, match="row 0 of the phenotypes is 'P0' and row 0 of the covariates '0'"
    ):
        igwas.associate(GOOD, values, age.reset_index(drop=True))
    np.testing.assert_array_equal(
        igwas.associate(GOOD, values, swapped.loc[values.index]).t, plain.t
    )


@pytest.mark.parametrize("spread", [1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-12])
def test_genotypes_that_hardly_differ_are_right_or_not_tested(spread):
    rng = np.random.default_rng(12)
    values = rng.normal(size=(300, 2))
    shape = rng.uniform(-1, 1, (1, 300))
    found = igwas.associate(1 + spread * shape, values)
    # t does not depend on the scale, which is all that an offset of one copy can spoil.
    expected = igwas.associate(1 + 0.5 * shape, values)
    if found.reason[0, 0] == 0:
        np.testing.assert_allclose(found.t, expected.t, rtol=1e-4)
    else:
        assert found.reason[0, 0] == 8
        assert np.isnan(found.t).all()
    assert (found.reason[0, 0] == 0) == (spread >= 1e-5)


def test_genotypes_whose_squares_vanish_are_not_tested():
    rng = np.random.default_rng(12)
    found = igwas.associate(1e-160 * rng.random((1, 40)), rng.normal(size=40))
    assert found.reason[0, 0] == 8
    assert np.isnan(found.beta).all()


@pytest.mark.parametrize(("scale", "words"), [
    (1e160, "has values up to"), (1e300, "whose squares are too large"),
    (1e-161, "varies by"), (1e-310, "whose square is too small"),
])  # fmt: skip
def test_phenotypes_in_units_that_squares_cannot_hold_are_refused(scale, words):
    with pytest.raises(InputError, match=f"phenotype 'phenotype_0' .*{words}"):
        igwas.associate(GOOD, VALUES * scale)
    for within in (1e-90, 1e90):
        expected = igwas.associate(GOOD, VALUES)
        np.testing.assert_allclose(
            igwas.associate(GOOD, VALUES * within).t, expected.t, rtol=1e-9, atol=1e-12
        )


def test_a_context_that_is_none_is_one_line():
    with pytest.raises((InputError, OptionError), match=r"context is 'cuda'; expected an igwas\."):
        igwas.associate(GOOD, VALUES, context="cuda")


def test_a_bound_of_memory_is_refused_not_ignored():
    with pytest.raises(OptionError, match="a scan of arrays"):
        igwas.associate(GOOD, VALUES, context=igwas.Context(max_memory_bytes=1 << 30))


def test_tables_of_genotypes_are_not_joined_by_position_either():
    people = [f"P{i}" for i in range(20)]
    genotypes = pd.DataFrame(np.vstack([GOOD, 2 - GOOD]), columns=people)
    values = pd.DataFrame({"left": VALUES}, index=people)
    expected = igwas.associate(genotypes.to_numpy(), VALUES)
    np.testing.assert_array_equal(igwas.associate(genotypes, values).t, expected.t)
    # Numbers from 0 are no labels.
    np.testing.assert_array_equal(
        igwas.associate(genotypes, values.reset_index(drop=True)).t, expected.t
    )
    with pytest.raises(InputError, match="column 0 of the genotypes is 'P0' and row 0 of the phen"):
        igwas.associate(genotypes, values.iloc[::-1])


def test_the_same_ids_of_another_type_are_the_same():
    values = pd.DataFrame({"left": VALUES}, index=pd.Index(range(100, 120), dtype="Int64"))
    age = pd.Series(VALUES**2, index=np.arange(100, 120))
    expected = igwas.associate(GOOD, VALUES, VALUES**2)
    np.testing.assert_array_equal(igwas.associate(GOOD, values, age).t, expected.t)
    values.index = pd.Index([pd.NA, *range(101, 120)], dtype="Int64")
    with pytest.raises(InputError, match="row 0 of the phenotypes is '<NA>' and row 0 of the cov"):
        igwas.associate(GOOD, values, age)


@pytest.mark.parametrize("kind", ["Float64", "Float32", "Int64"])
def test_columns_that_may_be_na_are_floats(kind):
    numbers = np.round(VALUES * 100)
    table = pd.DataFrame({"a": numbers, "b": numbers[::-1]})
    table.loc[3, "a"] = np.nan
    found = igwas.associate(GOOD, table.astype(kind), table.fillna(1.0)[["b"]].astype(kind) ** 2)
    expected = igwas.associate(GOOD, table, table.fillna(1.0)[["b"]] ** 2)
    np.testing.assert_allclose(found.t, expected.t, rtol=1e-6)

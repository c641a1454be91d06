"""What must hold for every scan, whatever the numbers: examples drawn by Hypothesis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import igwas
from igwas import Context
from igwas.association import associate as associate_module

# The same least squares, with samples or columns in another order or scale: rounding only. The
# smallest cohorts leave few degrees of freedom and covariates that nearly explain a phenotype.
ROUNDING_RTOL = 1e-7
# Statistics near zero carry the rounding of what cancelled.
ROUNDING_ATOL = 1e-9

# The examples are the same in every run, and few: what fails must fail for everybody.
FIXED = settings(derandomize=True, max_examples=25, deadline=None, database=None)


@st.composite
def cohorts(draw):
    """Genotypes with missing calls, phenotypes, covariates, how to treat missing calls."""
    n = draw(st.sampled_from([16, 31, 32, 33, 64, 100, 257]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frequency = rng.uniform(0.15, 0.85, 6)
    dosage = rng.binomial(2, frequency[:, None], (6, n)).astype(float)
    if draw(st.booleans()):
        dosage = np.clip(dosage + rng.uniform(-0.4, 0.4, dosage.shape), 0, 2)
    dosage[rng.random(dosage.shape) < draw(st.sampled_from([0.0, 0.05, 0.2]))] = np.nan
    values = rng.normal(size=(n, 3)) + np.nan_to_num(dosage[:3].T) * rng.normal(size=3)
    covariates = rng.normal(size=(n, draw(st.integers(0, 3))))
    missing = draw(st.sampled_from(["mean", "drop"]))
    return dosage, values, covariates, missing, rng


def run(dosage, values, covariates, missing, **options):
    covariates = covariates if covariates.shape[1] else None
    return igwas.associate(dosage, values, covariates, missing=missing, **options)


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=ROUNDING_RTOL, atol=ROUNDING_ATOL)


def assert_same_tests(found, expected):
    for name in ("beta", "se", "log10p", "omnibus_log10p", "genotype_sum_of_squares"):
        assert_close(getattr(found, name), getattr(expected, name))
    for name in ("reason", "n", "missing_count", "degrees_of_freedom"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def assert_same_bits(found, expected):
    for name in ("beta", "se", "log10p", "omnibus_f", "omnibus_log10p", "n", "reason",
                 "genotype_sum_of_squares", "effect_allele_frequency"):  # fmt: skip
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name


@FIXED
@given(cohorts())
def test_swapping_alleles_flips_beta_and_keeps_the_rest(cohort):
    dosage, *rest = cohort[:4]
    plain, swapped = run(dosage, *rest), run(2 - dosage, *rest)
    assert_close(swapped.beta, -plain.beta)
    for name in ("se", "log10p", "omnibus_f", "omnibus_log10p", "minor_allele_count"):
        assert_close(getattr(swapped, name), getattr(plain, name))
    assert_close(swapped.effect_allele_frequency, 1 - plain.effect_allele_frequency)


@FIXED
@given(cohorts(), st.floats(1e-6, 1e6), st.booleans())
def test_scaling_a_phenotype_scales_beta_and_se(cohort, size, is_negative):
    dosage, values, covariates, missing, _ = cohort
    scale = -size if is_negative else size
    plain = run(dosage, values, covariates, missing)
    scaled = run(dosage, values * [1, scale, 1], covariates, missing)
    assert_close(scaled.beta[:, 1] / scale, plain.beta[:, 1])
    assert_close(scaled.se[:, 1] / size, plain.se[:, 1])
    assert_close(scaled.log10p, plain.log10p)
    assert_close(scaled.omnibus_log10p, plain.omnibus_log10p)
    assert_close(scaled.beta[:, [0, 2]], plain.beta[:, [0, 2]])


@FIXED
@given(cohorts())
def test_a_combination_of_covariates_adds_nothing(cohort):
    dosage, values, covariates, missing, rng = cohort
    combined = covariates @ rng.normal(size=covariates.shape[1]) + 3.0
    more = np.column_stack([covariates, combined])
    assert_same_tests(run(dosage, values, more, missing), run(dosage, values, covariates, missing))


@FIXED
@given(cohorts())
def test_covariates_added_to_a_phenotype_change_nothing(cohort):
    dosage, values, covariates, missing, rng = cohort
    moved = values + covariates @ rng.normal(size=(covariates.shape[1], 3)) * 10 + 100
    assert_same_tests(
        run(dosage, moved, covariates, missing), run(dosage, values, covariates, missing)
    )


@FIXED
@given(cohorts())
def test_covariates_in_another_basis_change_nothing(cohort):
    dosage, values, covariates, missing, rng = cohort
    width = covariates.shape[1]
    mixed = covariates @ (rng.normal(size=(width, width)) + 3 * np.eye(width)) - 7
    assert_same_tests(run(dosage, values, mixed, missing), run(dosage, values, covariates, missing))


@FIXED
@given(cohorts())
def test_shuffling_samples_changes_nothing(cohort):
    dosage, values, covariates, missing, rng = cohort
    order = rng.permutation(len(values))
    assert_same_tests(
        run(dosage[:, order], values[order], covariates[order], missing),
        run(dosage, values, covariates, missing),
    )


@FIXED
@given(cohorts())
def test_shuffling_variants_and_phenotypes_moves_their_numbers(cohort):
    dosage, values, covariates, missing, rng = cohort
    rows, columns = rng.permutation(len(dosage)), rng.permutation(values.shape[1])
    plain = run(dosage, values, covariates, missing)
    moved = run(dosage[rows], values[:, columns], covariates, missing)
    assert_close(moved.beta, plain.beta[rows][:, columns])
    assert_close(moved.log10p, plain.log10p[rows][:, columns])
    assert_close(moved.omnibus_log10p, plain.omnibus_log10p[rows])


@FIXED
@given(cohorts(), st.sampled_from([2, 4, 7]), st.sampled_from([1, 2, 5]))
def test_threads_blocks_and_batches_change_no_bit(cohort, threads, block_variants):
    plain = run(*cohort[:4], context=Context(threads=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(associate_module, "_BLOCK_VARIANTS", block_variants)
        patch.setattr(associate_module, "_BATCH_BYTES", 1)
        assert_same_bits(run(*cohort[:4], context=Context(threads=threads)), plain)


@FIXED
@given(cohorts(), st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(0, 2)))
def test_a_constant_variant_gets_a_reason_and_nan(cohort, copies):
    dosage, *rest = cohort[:4]
    dosage[2] = np.where(np.isnan(dosage[2]), np.nan, copies)
    result = run(dosage, *rest)
    assert result.reason[2, 0] == 1
    for name in ("beta", "se", "t", "log10p", "omnibus_f", "omnibus_log10p"):
        assert np.isnan(getattr(result, name)[2]).all()
    others = np.arange(len(dosage)) != 2
    without = run(dosage[others], *rest)
    if copies in (0, 1, 2):
        assert_same_bits_of_rows(result, without, others)
    # A fraction anywhere: then all are summed in float64, not as calls.
    np.testing.assert_allclose(result.t[others], without.t, rtol=1e-9, atol=1e-10)


def assert_same_bits_of_rows(result, expected, rows):
    assert result.beta[rows].tobytes() == expected.beta.tobytes()
    assert result.omnibus_log10p[rows].tobytes() == expected.omnibus_log10p.tobytes()


@FIXED
@given(cohorts())
def test_missing_calls_are_the_mean_of_the_others(cohort):
    dosage, values, covariates, _, _ = cohort
    filled = np.where(np.isnan(dosage), np.nanmean(dosage, axis=1, keepdims=True), dosage)
    found = run(dosage, values, covariates, "mean")
    expected = run(filled, values, covariates, "mean")
    for name in ("beta", "se", "log10p", "omnibus_log10p", "genotype_sum_of_squares", "n"):
        assert_close(getattr(found, name), getattr(expected, name))


@FIXED
@given(cohorts())
def test_dropping_equals_leaving_the_samples_out(cohort):
    dosage, values, covariates, _, _ = cohort
    found = run(dosage, values, covariates, "drop")
    for v, row in enumerate(dosage):
        called = ~np.isnan(row)
        expected = run(dosage[[v]][:, called], values[called], covariates[called], "mean")
        assert_close(found.beta[v], expected.beta[0])
        assert_close(found.se[v], expected.se[0])
        assert_close(found.log10p[v], expected.log10p[0])
        assert_close(found.omnibus_log10p[v], expected.omnibus_log10p[0])
        assert found.n[v, 0] == called.sum()


@FIXED
@given(cohorts())
def test_several_masks_equal_each_group_alone(cohort):
    dosage, values, covariates, missing, rng = cohort
    values[rng.random(len(values)) < 0.25, 1] = np.nan
    found = run(dosage, values, covariates, missing)
    for columns in ([0, 2], [1]):
        expected = run(dosage, values[:, columns], covariates, missing)
        mask = found.masks[columns[0]]
        assert_close(found.beta[:, columns], expected.beta)
        assert_close(found.log10p[:, columns], expected.log10p)
        assert_close(found.omnibus_log10p[:, mask], expected.omnibus_log10p[:, 0])
        np.testing.assert_array_equal(found.n[:, mask], expected.n[:, 0])


@FIXED
@given(cohorts())
def test_an_invertible_mix_of_phenotypes_leaves_the_omnibus_alone(cohort):
    dosage, values, covariates, missing, rng = cohort
    mix = rng.normal(size=(3, 3)) + 3 * np.eye(3)
    plain = run(dosage, values, covariates, missing)
    mixed = run(dosage, values @ mix, covariates, missing)
    assert_close(mixed.omnibus_log10p, plain.omnibus_log10p)
    # A mixed phenotype's effect is the mix of the effects.
    assert_close(mixed.beta, plain.beta @ mix)


@FIXED
@given(cohorts())
def test_every_p_value_is_finite_and_none_is_negative(cohort):
    result = run(*cohort[:4])
    tested = result.reason[:, 0] == 0
    assert tested.any()
    assert (result.log10p[tested] >= 0).all()
    assert (result.omnibus_log10p[tested] >= 0).all()
    assert (result.se[tested] > 0).all()

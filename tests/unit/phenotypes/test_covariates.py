import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igwas.errors import InputError, ShapeError
from igwas.phenotypes.covariates import design_matrix, orthonormal_basis
from igwas.phenotypes.table import CovariateTable

ORTHONORMAL = 1e-12  # a Householder QR leaves about 1e-15 times the number of columns
SAME_SPAN = 1e-9  # projections agree to eps times the condition number of the scaled columns


def covariate_table(columns, categorical=()):
    arrays = {
        name: np.array(column, dtype=object if name in categorical else float)
        for name, column in columns.items()
    }
    n_samples = len(next(iter(arrays.values())))
    ids = np.array([f"P{i}" for i in range(n_samples)], dtype=object)
    return CovariateTable(ids, None, arrays, tuple(categorical), Path("cov.txt"))


def basis_of(*columns, names=None, **options):
    ones = np.ones(len(columns[0]))
    names = names or [f"c{i}" for i in range(len(columns))]
    return orthonormal_basis(np.column_stack([ones, *columns]), ["intercept", *names], **options)


def test_most_frequent_level_is_the_reference():
    design = design_matrix(covariate_table({"age": [1, 2, 3, 4], "site": list("BACB")}, ["site"]))
    assert design.names == ("age", "site=A", "site=C")
    np.testing.assert_array_equal(design.columns, [[1, 0, 0], [2, 1, 0], [3, 0, 1], [4, 0, 0]])


def test_equally_frequent_levels_take_the_first_by_name_whatever_the_order():
    for order in ("AB", "BA"):
        assert design_matrix(covariate_table({"s": list(order * 2)}, ["s"])).names == ("s=B",)


def test_a_category_with_one_level_says_nothing_and_is_named(caplog):
    with caplog.at_level(logging.WARNING, "igwas"):
        design = design_matrix(covariate_table({"site": list("AAA")}, ["site"]))
    assert design.columns.shape == (3, 0)
    assert design.dropped == ("site",)
    assert "site" in caplog.text


def test_ids_declared_as_a_category_are_refused():
    table = covariate_table({"x": [1, 2, 3], "id": list("abc")}, ["id"])
    with pytest.raises(InputError, match="'id' has 3 levels for 3 samples"):
        design_matrix(table)


def test_missing_covariates_must_be_gone_by_now():
    with pytest.raises(InputError, match="complete rows"):
        design_matrix(covariate_table({"age": [1, np.nan]}))


def test_basis_is_orthonormal_at_wild_scales():
    rng = np.random.default_rng(1)
    n = 500
    basis = basis_of(
        1e9 + rng.uniform(0, 50, n), 1e-200 * rng.standard_normal(n),
        1e300 * rng.standard_normal(n), rng.standard_normal(n) - 1e6,
    )  # fmt: skip
    assert basis.dropped == ()
    np.testing.assert_allclose(basis.q.T @ basis.q, np.eye(5), atol=ORTHONORMAL)


def test_the_largest_numbers_of_float64_are_no_constant():
    x = np.random.default_rng(8).uniform(-1, 1, 100)
    x /= np.abs(x).max()
    basis = basis_of(x * np.finfo(float).max)
    assert basis.dropped == ()
    np.testing.assert_allclose(basis.q @ basis.q.T, basis_of(x).q @ basis_of(x).q.T, atol=1e-13)


@pytest.mark.parametrize("largest", [5e-324, 2e-313, 2.2e-308])
def test_a_covariate_too_small_to_have_digits_is_refused_by_name(largest):
    x, y = np.random.default_rng(9).uniform(-1, 1, (2, 60))
    tiny = x / np.abs(x).max() * largest
    with pytest.raises(InputError, match=f"'b' has no value above {largest:.3g} in size.*unit"):
        basis_of(y, tiny, names=["a", "b"])
    with pytest.raises(InputError, match="'b' has no value above"):
        basis_of(x, tiny, names=["a", "b"])  # whatever it depends on


def test_the_smallest_covariate_with_all_its_digits_is_kept_or_known_as_dependent():
    x, y = np.random.default_rng(10).uniform(-1, 1, (2, 60))
    tiny = np.array([x, y]) / np.abs(x).max() * np.finfo(float).smallest_normal
    assert basis_of(tiny[0], y).dropped == ()
    assert basis_of(x, tiny[0]).dropped == ("c1",)
    assert basis_of(x, np.zeros(60)).dropped == ("c1",)


def test_offset_does_not_change_the_space():
    rng = np.random.default_rng(2)
    year = rng.integers(1930, 1970, 300).astype(float)
    plain, shifted = basis_of(year), basis_of(year + 2.0**40)
    y = rng.standard_normal(300)
    np.testing.assert_allclose(
        plain.q @ (plain.q.T @ y), shifted.q @ (shifted.q.T @ y), atol=ORTHONORMAL
    )


def test_powers_of_a_year_are_not_taken_for_dependent():
    year = np.random.default_rng(3).integers(2006, 2020, 1000).astype(float)
    assert basis_of(year, year**2).dropped == ()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_dependent_columns_are_dropped_by_name_and_earlier_ones_stay(caplog, scale):
    rng = np.random.default_rng(4)
    a, b, d = rng.standard_normal((3, 200))
    with caplog.at_level(logging.WARNING, "igwas"):
        basis = basis_of(a, b, scale * (2 * a - b), np.full(200, 7.1), d, names=list("abcde"))
    assert basis.kept == ("intercept", "a", "b", "e")
    assert basis.dropped == ("c", "d")
    assert "c, d" in caplog.text


def test_rounded_copy_of_an_offset_column_is_dropped():
    # 1e9 + x keeps 1e-7 of x, so the copy differs by rounding alone, in either order.
    x = np.random.default_rng(5).uniform(0, 50, 400)
    assert basis_of(1e9 + x, x, names=["year", "age"]).dropped == ("age",)
    assert basis_of(x, 1e9 + x, names=["age", "year"]).dropped == ("year",)


def test_an_offset_column_does_not_make_others_dependent():
    rng = np.random.default_rng(6)
    x, z = rng.uniform(0, 50, 400), rng.standard_normal(400)
    assert basis_of(1e9 + x, z, z + 1e-5 * rng.standard_normal(400)).dropped == ()


def test_indicators_of_every_level_lose_the_last():
    sex = np.arange(20) % 2
    assert basis_of(sex, 1 - sex, names=["male", "female"]).dropped == ("female",)


def test_more_covariates_than_samples_leave_no_degree_of_freedom():
    columns = np.random.default_rng(7).standard_normal((9, 5))
    with pytest.raises(InputError, match="5 samples and 5 independent covariates"):
        basis_of(*columns)
    assert basis_of(*columns, require_dof=False).rank == 5


def test_intercept_alone_is_a_basis():
    basis = orthonormal_basis(np.ones((4, 1)), ["intercept"])
    np.testing.assert_allclose(np.abs(basis.q), 0.5)


def test_bad_arrays_are_refused():
    with pytest.raises(ShapeError, match="intercept first"):
        orthonormal_basis(np.arange(6.0)[:, None], ["age"])
    with pytest.raises(ShapeError, match="a name a column"):
        orthonormal_basis(np.ones((4, 1)), ["intercept", "age"])
    with pytest.raises(InputError, match="'c0' has a missing or infinite value"):
        basis_of(np.array([1.0, np.nan, 2.0, 3.0]))


# No product with a column (1e-9 to 1e9) and a scale (1e-200 to 1e200) leaves the normal numbers: a
# combination that has lost its digits is none, and is refused above.
WEIGHTS = st.just(0.0) | st.floats(1e-80, 1e3) | st.floats(-1e3, -1e-80)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_covariates=st.integers(1, 12),
    weights=st.lists(WEIGHTS, min_size=12, max_size=12),
    scale=st.floats(-200, 200),
)
def test_adding_a_linear_combination_changes_no_projection(seed, n_covariates, weights, scale):
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((60, n_covariates)) * 10.0 ** rng.integers(-9, 9, n_covariates)
    mixed = (columns * weights[:n_covariates]).sum(axis=1) * 10.0**scale
    plain, more = basis_of(*columns.T), basis_of(*columns.T, mixed)
    assert more.kept == plain.kept
    difference = plain.q @ plain.q.T - more.q @ more.q.T
    assert np.abs(difference).max() < SAME_SPAN


def test_real_covariates_of_regenie_have_full_rank(data_dir):
    from igwas.phenotypes.table import read_covariates

    table = read_covariates(
        data_dir / "genotypes/regenie_example/covariates_wBin.txt", categorical=["V4", "V5"]
    )
    design = design_matrix(table)
    basis = orthonormal_basis(
        np.column_stack([np.ones(500), design.columns]), ["intercept", *design.names]
    )
    assert basis.dropped == ()
    assert basis.rank == 1 + len(design.names)

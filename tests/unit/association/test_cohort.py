from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igwas.association.cohort import join_cohort
from igwas.errors import InputError
from igwas.genotypes.samples import Samples
from igwas.phenotypes.sample_ids import NamedIds
from igwas.phenotypes.table import CovariateTable, PhenotypeTable, read_covariates, read_phenotypes


def texts(items):
    return np.array(list(items), dtype=object)


def samples_of(ids, families=None, sex=None):
    n_samples = len(ids)
    families = "0" * n_samples if families is None else families
    sexes = np.zeros(n_samples) if sex is None else np.array(sex)
    return Samples(texts(families), texts(ids), sexes.astype(np.uint8))


def phenotypes_of(ids, values, families=None):
    values = np.array(values, dtype=float).reshape(len(ids), -1)
    names = tuple(f"y{i}" for i in range(values.shape[1]))
    table_families = None if families is None else texts(families)
    return PhenotypeTable(texts(ids), table_families, names, values, Path("p.txt"))


def covariates_of(ids, age):
    columns = {"age": np.array(age, dtype=float)}
    return CovariateTable(texts(ids), None, columns, (), Path("c.txt"))


class FakeLoco:
    """Predictions of some samples, one list of ids a phenotype."""

    def __init__(self, *predicted):
        self.predicted = predicted

    def has_prediction(self, samples):
        return np.array([[i in ids for ids in self.predicted] for i in samples.sample_id])


def test_values_come_in_the_order_of_the_genotypes():
    cohort = join_cohort(
        samples_of("abcd", sex=[1, 2, 1, 2]), phenotypes_of("dxba", [4, 9, 2, 1]),
        covariates_of("badz", [20, 10, 40, 0]),
    )  # fmt: skip
    assert cohort.genotype_rows.tolist() == [0, 1, 3]
    assert cohort.genotype_rows.dtype == np.int64
    assert cohort.values.ravel().tolist() == [1, 2, 4]
    assert cohort.covariates.columns["age"].tolist() == [10, 20, 40]
    assert cohort.sex.tolist() == [1, 2, 2]
    assert list(cohort.sample_id) == list("abd")


def test_every_step_says_how_many_it_left_out_and_who(tmp_path):
    ids = "abcdefghij"
    (tmp_path / "keep").write_text("\n".join("abcdefgh"))
    (tmp_path / "remove").write_text("a\nunknown\n")
    values = [[np.nan if i == "c" else 1.0, np.nan if i in "ch" else 2.0] for i in ids[:9]]
    cohort = join_cohort(
        samples_of(ids), phenotypes_of(ids[:9], values),
        covariates_of(ids, [np.nan if i == "d" else 1 for i in ids]),
        keep=tmp_path / "keep", remove=tmp_path / "remove",
        loco=FakeLoco("bfgi", "befh"), genotypes_name="g.h5",
    )  # fmt: skip
    steps = [(line.step, line.n_before, line.n_after, line.examples) for line in cohort.account]
    assert steps == [
        ("in g.h5", 10, 10, ()),
        ("with a row of phenotypes in p.txt", 10, 9, ("j",)),
        ("with a phenotype value", 9, 8, ("c",)),
        ("with a row of covariates in c.txt", 8, 8, ()),
        ("with every covariate", 8, 7, ("d",)),
        ("named in --keep keep", 7, 6, ("i",)),
        ("not named in --remove remove", 6, 5, ("a",)),
        ("with a LOCO prediction", 5, 4, ("h",)),
    ]
    assert list(cohort.sample_id) == list("befg")
    nan = np.nan
    np.testing.assert_array_equal(cohort.values, [[1, 2], [nan, 2], [1, 2], [1, nan]])
    lines = "\n".join(cohort.describe())
    assert "p.txt: joined to g.h5 by IID" in lines
    assert '1 id of remove not in g.h5 (first: "unknown")' in lines
    assert "with a row of phenotypes in p.txt   9  (1 left out: j)" in lines


def test_phenotype_rows_without_genotypes_are_mentioned():
    cohort = join_cohort(samples_of("ab"), phenotypes_of("abxyzw", range(6)))
    assert any("4 ids of p.txt not in" in note and '"x", "y", "z"' in note for note in cohort.notes)


def test_families_join_only_where_both_sides_have_them():
    samples = samples_of("aab", "123")
    phenotypes = phenotypes_of("aba", [1, 3, 2], "132")
    assert join_cohort(samples, phenotypes).values.ravel().tolist() == [1, 2, 3]
    with pytest.raises(InputError, match="IID 'a' twice"):
        join_cohort(samples, phenotypes_of("ab", [1, 3]))


def test_people_lost_to_another_family_id_are_mentioned():
    cohort = join_cohort(samples_of("abc", "123"), phenotypes_of("abc", [1, 2, 3], "129"))
    assert cohort.n_samples == 2
    assert "1 id of p.txt would match by IID alone, but FID differs" in cohort.notes


def test_too_few_shared_ids_show_both_sides_and_a_guess():
    with pytest.raises(InputError) as caught:
        join_cohort(samples_of(["P1_P1", "P2_P2", "P3_P3"]), phenotypes_of(["P1", "P2"], [1, 2]),
                    genotypes_name="g.bed")  # fmt: skip
    message = str(caught.value)
    assert message.startswith(
        'p.txt has 2 samples but g.bed shares none of their ids (first: "P1", "P2" and '
        '"P1_P1", "P2_P2"); expected at least 2 in common.'
    )
    assert "look like FID_IID" in message
    assert "\n" not in message


@pytest.mark.parametrize("ids", ["", "a"])
def test_nobody_and_one_person_are_refused(ids):
    with pytest.raises(InputError, match="expected at least 2"):
        join_cohort(samples_of(ids), phenotypes_of("ab", [1, 2]))


def test_steps_that_leave_too_few_are_named(tmp_path):
    samples, phenotypes = samples_of("abc"), phenotypes_of("abc", [1, 2, np.nan])
    with pytest.raises(InputError, match="'with every covariate'"):
        join_cohort(samples, phenotypes, covariates_of("abc", [1, np.nan, 1]))
    with pytest.raises(InputError, match="only 1 of their ids"):
        join_cohort(samples, phenotypes, covariates_of("axy", [1, 2, 3]))
    path = tmp_path / "list"
    path.write_text("a\nb\n")
    with pytest.raises(InputError, match="not named in --remove list"):
        join_cohort(samples, phenotypes, remove=path)
    path.write_text("x\ny\n")
    with pytest.raises(InputError, match="list has 2 samples but the 2 samples still in of"):
        join_cohort(samples, phenotypes, keep=path)
    with pytest.raises(InputError, match="'with a LOCO prediction'"):
        join_cohort(samples, phenotypes, loco=FakeLoco("a"))


def test_input_values_are_left_alone():
    phenotypes = phenotypes_of("abc", [1, 2, 3])
    join_cohort(samples_of("abc"), phenotypes, loco=FakeLoco("ab"))
    assert not np.isnan(phenotypes.values).any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_row_order_of_the_tables_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    ids = np.array([f"P{i}" for i in range(30)], dtype=object)
    values = np.where(rng.random((30, 2)) < 0.3, np.nan, rng.standard_normal((30, 2)))
    age = np.where(rng.random(30) < 0.2, np.nan, 1.0)
    samples = samples_of(rng.permutation(ids)[:25])
    plain = join_cohort(samples, phenotypes_of(ids, values), covariates_of(ids, age))
    one, two = rng.permutation(30), rng.permutation(30)
    shuffled = join_cohort(
        samples, phenotypes_of(ids[one], values[one]), covariates_of(ids[two], age[two])
    )
    np.testing.assert_array_equal(plain.values, shuffled.values)
    np.testing.assert_array_equal(plain.genotype_rows, shuffled.genotype_rows)
    assert plain.account == shuffled.account


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_row_order_of_the_genotypes_changes_only_the_order(seed):
    rng = np.random.default_rng(seed)
    ids = np.array([f"P{i}" for i in range(20)], dtype=object)
    phenotypes = phenotypes_of(ids[:15], rng.standard_normal(15))
    order = rng.permutation(20)
    plain = join_cohort(samples_of(ids), phenotypes)
    shuffled = join_cohort(samples_of(ids[order]), phenotypes)
    by_id = dict(zip(plain.sample_id, plain.values[:, 0], strict=True))
    assert dict(zip(shuffled.sample_id, shuffled.values[:, 0], strict=True)) == by_id
    np.testing.assert_array_equal(np.diff(shuffled.genotype_rows) > 0, True)


def test_real_cohort_has_the_366_people_that_plink2_tested(data_dir):
    folder = data_dir / "genotypes/kg_eur379"
    fam = [line.split() for line in (folder / "EUR_subset.fam").read_text().splitlines()]
    samples = samples_of([row[1] for row in fam], [row[0] for row in fam])
    path = folder / "EUR_subset.pheno.covars"
    cohort = join_cohort(
        samples, read_phenotypes(path, ["PHENO"], missing_values=["-9"]),
        read_covariates(path, ["QCOV1", "QCOV2"], ["CAT_COV"], missing_values=["-9"]),
        remove=folder / "EUR_subset.remove",
    )  # fmt: skip
    assert cohort.n_samples == 366
    assert [line.n_after for line in cohort.account] == [379, 373, 369, 369, 366, 366]
    assert "FID and IID" in cohort.notes[0]
    value = {line.split()[1]: line.split()[2] for line in path.read_text().splitlines()}
    for sample, number in zip(cohort.sample_id, cohort.values[:, 0], strict=True):
        assert float(value[sample]) == number


def test_a_cohort_can_be_asked_of_predictions():
    cohort = join_cohort(samples_of("ab", "12"), phenotypes_of("ab", [1, 2]))
    ids = NamedIds(cohort.sample_id, cohort.family_id, "cohort")
    assert FakeLoco("ab").has_prediction(ids).all()

import shutil
from collections import namedtuple

import h5py
import numpy as np
import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark import cohort as module
from igwas.benchmark.cohort import digest_of, make_cohort
from igwas.errors import OutputError
from igwas.genotypes.genotype_file import open_genotypes


def test_dosage_is_what_the_reader_of_the_package_reads(cohort):
    with open_genotypes(cohort.genotypes()) as file:
        read = file[:]
    assert np.array_equal(read, cohort.dosage(np.arange(SHAPE.n_variants)), equal_nan=True)


def test_the_text_table_holds_exactly_the_numbers_of_phenotypes_h5(cohort):
    table = np.loadtxt(cohort.phenotype_table(), skiprows=1, usecols=(2, 3, 4))
    with h5py.File(cohort.phenotypes) as file:
        assert np.array_equal(table, file["/values"][:])


def test_the_design_is_an_intercept_and_the_covariates(cohort):
    design = cohort.design()
    assert design.shape == (SHAPE.n_samples, SHAPE.n_covariates)
    assert (design[:, 0] == 1).all()
    assert set(design[:, 1]) == {0.0, 1.0}


def test_a_cohort_may_have_no_covariate_but_the_intercept(tmp_path):
    cohort = make_cohort(tmp_path, SHAPE.with_changes(n_covariates=1))
    assert not cohort.has_covariates
    assert cohort.design().shape == (SHAPE.n_samples, 1)


def test_the_first_variants_are_a_file_of_their_own(cohort):
    part = cohort.genotypes(20)
    assert part.read_bytes() == cohort.genotypes().read_bytes()[: 3 + 20 * cohort.row_bytes]
    with open_genotypes(part) as file:
        assert file.shape == (20, SHAPE.n_samples)


def test_the_same_shape_is_simulated_once_and_has_the_same_bytes_anywhere(cohort, tmp_path):
    again = make_cohort(tmp_path, SHAPE)
    assert again.genotypes().read_bytes() == cohort.genotypes().read_bytes()
    assert np.array_equal(again.values(), cohort.values())
    written = again.genotypes().stat().st_mtime_ns
    assert make_cohort(tmp_path, SHAPE).genotypes().stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"spectrum": "rare"}, {"missing_rate": (0.0, 0.1)}, {"n_samples": 231}]
)
def test_another_shape_is_another_cohort(change):
    assert digest_of(SHAPE.with_changes(**change)) != digest_of(SHAPE)


def test_a_simulation_that_is_interrupted_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_write_phenotypes", stop)
    with pytest.raises(KeyboardInterrupt):
        make_cohort(tmp_path, SHAPE)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 0))
    with pytest.raises(OutputError, match="GiB free; expected"):
        make_cohort(tmp_path, SHAPE)
    assert list(tmp_path.iterdir()) == []

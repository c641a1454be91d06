import shutil
from collections import namedtuple

import numpy as np
import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark import wide_cohort as module
from igwas.benchmark.cohort import make_cohort
from igwas.benchmark.wide_cohort import make_wide
from igwas.errors import OutputError
from igwas.genotypes.genotype_file import open_genotypes

FILE_SAMPLES = 901


@pytest.fixture(scope="module")
def wide(cohort):
    return make_wide(cohort, FILE_SAMPLES)


def test_the_cohorts_people_have_their_own_calls_in_their_own_order(cohort, wide):
    with open_genotypes(wide.genotypes()) as file, open_genotypes(cohort.genotypes()) as narrow:
        assert file.shape == (SHAPE.n_variants, FILE_SAMPLES)
        positions = wide.positions()
        assert list(file.samples.sample_id[positions]) == list(narrow.samples.sample_id)
        assert (file.samples.sex[positions] == narrow.samples.sex).all()
        assert np.array_equal(file[:, positions], narrow[:], equal_nan=True)


def test_the_others_have_calls_of_their_own_at_the_same_frequencies(cohort, wide):
    with open_genotypes(wide.genotypes()) as file:
        others = np.delete(file[:], wide.positions(), axis=1)
        names = set(np.delete(file.samples.sample_id, wide.positions()))
    assert len(names) == FILE_SAMPLES - SHAPE.n_samples
    assert all(name.startswith("X") for name in names)
    mean = np.nanmean(cohort.dosage(np.arange(SHAPE.n_variants)), axis=1)
    assert np.corrcoef(mean, np.nanmean(others, axis=1))[0, 1] > 0.98


def test_positions_are_ascending_and_spread_over_the_file(wide):
    positions = wide.positions()
    assert (np.diff(positions) > 0).all()
    assert positions[0] < FILE_SAMPLES / 10
    assert positions[-1] > 0.9 * FILE_SAMPLES


def test_its_dosage_is_the_narrow_files(cohort, wide):
    rows = np.array([0, 5, SHAPE.n_variants - 1])
    assert np.array_equal(wide.dosage(rows), cohort.dosage(rows), equal_nan=True)


def test_the_first_variants_are_a_part_of_the_wide_file(cohort, wide):
    part = wide.genotypes(20)
    assert part != cohort.genotypes(20)
    assert part.read_bytes() == wide.genotypes().read_bytes()[: 3 + 20 * wide.row_bytes]


@pytest.mark.parametrize("calls_at_once", [1, 5 * FILE_SAMPLES])
def test_the_bytes_do_not_depend_on_how_much_is_drawn_at_once(
    cohort, wide, tmp_path, monkeypatch, calls_at_once
):
    monkeypatch.setattr(module, "_CALLS_AT_ONCE", calls_at_once)
    narrow = make_cohort(tmp_path, SHAPE)
    rows = np.concatenate(list(module._wide_rows(narrow, wide)))
    stored = np.fromfile(wide.genotypes(), np.uint8, offset=3)
    positions = wide.positions()
    # The cohort's people are the same; the others come from the stream in another order.
    found = module.unpack_codes(rows, FILE_SAMPLES)[:, positions]
    expected = module.unpack_codes(stored.reshape(rows.shape), FILE_SAMPLES)[:, positions]
    assert (found == expected).all()


def test_a_file_may_hold_the_cohort_alone(tmp_path):
    cohort = make_cohort(tmp_path, SHAPE)
    wide = make_wide(cohort, SHAPE.n_samples)
    assert wide.genotypes().read_bytes() == cohort.genotypes().read_bytes()
    assert wide.genotypes().with_suffix(".fam").read_text() == (
        cohort.genotypes().with_suffix(".fam").read_text()
    )


def test_a_full_disk_is_told_before_anything_is_written(cohort, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 0))
    with pytest.raises(OutputError, match="lower --file-samples"):
        make_wide(cohort, 700)
    assert not list(cohort.folder.glob("wide700*"))


def test_an_interruption_leaves_no_file_under_the_name(cohort, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "draw_codes", stop)
    with pytest.raises(KeyboardInterrupt):
        make_wide(cohort, 800)
    assert not (cohort.folder / "wide800.bed").exists()
    assert not (cohort.folder / "wide800.partial").exists()

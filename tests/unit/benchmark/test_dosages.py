import numpy as np
import pytest
from tests.unit.benchmark.conftest import SHAPE

from igwas.benchmark.dosages import CASES, draw_dosages, make_dosages
from igwas.benchmark.product_peers import DosagesPeer
from igwas.errors import InputError
from igwas.genotypes.genotype_file import open_genotypes


def test_few_samples_are_fractional_where_few_are_asked_for():
    codes = draw_dosages(np.full(40, 0.3), 5_000, (0.02, 0.1), np.random.default_rng(1))
    shares = (codes % 127 != 0).mean(axis=1)
    assert shares.min() > 0.01
    assert shares.max() < 0.11
    assert codes.max() <= 254


def test_all_samples_are_fractional_where_all_are_asked_for():
    codes = draw_dosages(np.array([0.01, 0.4]), 5_000, (1.0, 1.0), np.random.default_rng(1))
    # A distance below half a code rounds to none: 1.6 % of them.
    assert (codes % 127 != 0).mean() > 0.97


def test_fractions_keep_the_frequency_and_stay_near_the_call():
    share = 0.3
    generator = np.random.default_rng(1)
    codes = draw_dosages(np.array([share]), 100_000, (1.0, 1.0), generator).astype(float)
    # Homozygotes move towards the inside by a fifth of a copy in the mean.
    expected = 127 * (2 * share + 0.2 * ((1 - share) ** 2 - share**2))
    assert codes.mean() == pytest.approx(expected, rel=0.02)


def test_a_file_holds_dosages_in_bytes_without_missing_ones(tmp_path):
    path = make_dosages(tmp_path, SHAPE, "all fractional")
    with open_genotypes(path) as file:
        assert file.encoding == "dosage8"
        assert file.shape == (SHAPE.n_variants, SHAPE.n_samples)
        assert not np.isnan(file[:]).any()
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_dosages_in_two_bytes_are_those_in_one_within_a_step(tmp_path):
    narrow, wide = (make_dosages(tmp_path, SHAPE, "2-10 % fractional", bits) for bits in (8, 16))
    with open_genotypes(narrow) as one, open_genotypes(wide) as two:
        assert two.encoding == "dosage16"
        expected, found = one[:64], two[:64]
    is_whole = np.isin(expected, [0, 1, 2])
    np.testing.assert_array_equal(found[is_whole], expected[is_whole])
    assert np.abs(found - expected).max() < 1.01 / 254
    codes = np.round(found[~is_whole] * 32767).astype(int)
    assert len(np.unique(codes % 256)) > 200


def test_a_file_is_made_once_for_a_shape_and_case(tmp_path):
    path = make_dosages(tmp_path, SHAPE, "all fractional")
    written = path.stat().st_mtime_ns
    same = make_dosages(tmp_path, SHAPE.with_changes(n_phenotypes=9), "all fractional")
    assert (same, same.stat().st_mtime_ns) == (path, written)
    others = [make_dosages(tmp_path, SHAPE.with_changes(seed=2), "all fractional"),
              make_dosages(tmp_path, SHAPE, next(iter(CASES)))]  # fmt: skip
    assert len({path, *others}) == 3


def test_the_peer_refuses_missing_dosages_which_it_does_not_look_for(tmp_path, monkeypatch):
    from igwas.benchmark import dosages

    def with_missing(frequency, n_samples, *_):
        return np.full((len(frequency), n_samples), 255, np.uint8)

    monkeypatch.setattr(dosages, "draw_dosages", with_missing)
    path = make_dosages(tmp_path, SHAPE, "all fractional")
    with pytest.raises(InputError, match="has missing dosages; expected none"):
        DosagesPeer(path, np.ones((SHAPE.n_samples, 2)), 1)

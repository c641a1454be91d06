import h5py
import numpy as np
import pytest
from scipy import stats
from tests.reference.statistics_fixture import write_statistics

from igwas.association.statistics_file import open_statistics
from igwas.errors import CorruptFile, IncompleteFile, InputError, OptionError, SchemaError
from igwas.schema import REASONS

# se is computed in float64 from the stored numbers by the same formula in another order.
RELATIVE = 1e-12
# scipy's tail is itself good to about 1e-12 while p does not underflow.
LOG10P_RELATIVE = 1e-9


@pytest.fixture(scope="module", params=["mean", "drop"])
def truth(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("statistics") / "statistics.h5"
    return write_statistics(path, missing=request.param)


@pytest.fixture
def statistics(truth):
    with open_statistics(truth.path) as opened:
        yield opened


def test_standard_error_equals_the_formula_pair_by_pair(truth, statistics):
    np.testing.assert_allclose(statistics.se[:], truth.se(), rtol=RELATIVE)


def test_t_and_chisq_follow_from_beta_and_se(truth, statistics):
    t = truth["/beta"].astype(float) / truth.se()
    np.testing.assert_allclose(statistics.t[:], t, rtol=RELATIVE)
    np.testing.assert_allclose(statistics.chisq[:], t**2, rtol=RELATIVE)


def test_log10p_is_that_of_student_t(truth, statistics):
    t = truth["/beta"].astype(float) / truth.se()
    expected = -(np.log(2) + stats.t.logsf(np.abs(t), np.maximum(truth.dof(), 1))) / np.log(10)
    np.testing.assert_allclose(statistics.log10p[:], expected, rtol=LOG10P_RELATIVE)


def test_beta_comes_back_bit_for_bit(truth, statistics):
    np.testing.assert_array_equal(statistics.beta[:], truth["/beta"])
    assert statistics.beta[:].dtype == np.float32


def test_untested_variants_are_nan_in_every_statistic(truth, statistics):
    for name in ("beta", "se", "t", "chisq", "log10p"):
        values = getattr(statistics, name)[:]
        np.testing.assert_array_equal(np.isnan(values), ~truth.tested)


def test_arrays_slice_by_variant_and_phenotype_name(truth, statistics):
    rows, column = [5, 150, 7], 3
    found = statistics.se[rows, truth.names[column]]
    np.testing.assert_allclose(found, truth.se()[rows, column], rtol=RELATIVE)
    assert statistics.log10p(0, 0) == statistics.log10p[0, 0]


def test_frame_of_a_phenotype_has_its_masks_numbers(truth, statistics):
    frame = statistics.to_frame("dimension_001", 10, 60)
    assert list(frame.columns) == [
        "chromosome", "position", "id", "effect_allele", "other_allele", "info", "n",
        "effect_allele_frequency", "minor_allele_count", "beta", "se", "t", "log10p", "reason",
    ]  # fmt: skip
    np.testing.assert_array_equal(frame["n"], truth["/variant_statistics/n"][10:60, 1])
    codes = truth["/variant_statistics/reason"][10:60, 1]
    assert frame["reason"].tolist() == [REASONS[code][0] for code in codes]
    assert frame["effect_allele"].tolist() == truth["/variants/effect_allele"][10:60]
    assert frame.index[0] == 10


def test_hits_name_variant_and_phenotype(truth, statistics):
    hits = statistics.hits()
    count = int(truth["/hits/count"][0])
    assert len(hits) == statistics.n_hits == count > 0
    rows = truth["/hits/variant"][:count]
    assert hits["id"].tolist() == [truth["/variants/id"][row] for row in rows]
    assert hits["phenotype"].tolist() == [truth.names[p] for p in truth["/hits/phenotype"][:count]]


def test_variants_of_scattered_rows_keep_order_and_repeats(truth, statistics):
    rows = [199, 0, 100, 0]
    frame = statistics.variants_at(rows)
    assert frame["id"].tolist() == [truth["/variants/id"][row] for row in rows]
    assert statistics.variants_at([]).empty


def test_omnibus_has_its_degrees_of_freedom(truth, statistics):
    frame = statistics.omnibus(slice(0, 50), mask=1)
    dof = truth["/variant_statistics/degrees_of_freedom"][:50, 1]
    assert (frame["dof1"] == 2).all()
    np.testing.assert_array_equal(frame["dof2"], dof + 1 - 2)
    np.testing.assert_array_equal(frame["log10p"], truth["/omnibus/log10p"][:50, 1])
    assert statistics.omnibus(7)["f_statistic"].item() == truth["/omnibus/f_statistic"][7, 0]


def test_omnibus_takes_the_mask_with_most_phenotypes(statistics):
    assert statistics.omnibus_mask() == 0
    assert statistics.describe_mask(0) == (
        "3 phenotypes (dimension_000, dimension_002, ...), 500 people (mask 0)"
    )
    assert statistics.mask_samples.tolist() == [500, 460]
    with pytest.raises(OptionError, match=r"mask is 2; expected 0 to 1"):
        statistics.omnibus_mask(2)


def test_facts_about_the_scan_are_properties(statistics):
    assert statistics.is_complete
    assert statistics.account[0]["n_after"] == 500
    assert statistics.options == {}
    assert statistics.blocks == (4, 4)
    assert statistics.has_info
    assert statistics.largest_sample_size("dimension_001") == 460
    assert statistics.largest_sample_size("omnibus") == 500
    assert "200 variants x 5 phenotypes" in repr(statistics)


def test_unknown_phenotype_lists_the_closest_names(statistics):
    with pytest.raises(OptionError, match=r"'dimension_01' is not in the file.*dimension_001"):
        statistics.to_frame("dimension_01")
    with pytest.raises(OptionError, match=r"phenotype 5 is not in .*; expected a column from 0"):
        statistics.phenotype_index(5)
    assert statistics.phenotype_index(-1) == 4


def test_incomplete_file_is_refused_and_says_how_far_it_is(tmp_path):
    truth = write_statistics(tmp_path / "statistics.h5", done=0.5)
    with pytest.raises(IncompleteFile, match=r"2 of 4 blocks .* --resume"):
        open_statistics(truth.path)


def test_incomplete_file_opened_on_purpose_has_nan_where_it_is_not_done(tmp_path):
    truth = write_statistics(tmp_path / "statistics.h5", done=0.5, every_untested=0)
    with open_statistics(truth.path, allow_incomplete=True) as statistics:
        for name in ("beta", "se", "log10p"):
            values = getattr(statistics, name)[:]
            assert np.isfinite(values[:128]).all()
            assert np.isnan(values[128:]).all()
        assert statistics.hits().empty
        assert np.isnan(statistics.read_omnibus(128, 200, 0).log10p).all()


def test_perfect_fit_lost_to_rounding_stays_a_strong_finite_result(tmp_path):
    truth = write_statistics(tmp_path / "statistics.h5", every_untested=0)
    with h5py.File(truth.path, "r+") as file:
        s = truth["/variant_statistics/genotype_sum_of_squares"][0, 0]
        residual = truth["/phenotypes/residual_sum_of_squares"][0, 0]
        file["/beta"][0, 0] = np.nextafter(np.float32(np.sqrt(residual / s)), np.float32(1e9))
    with open_statistics(truth.path) as statistics:
        assert statistics.se[0, 0] > 0
        assert np.isfinite(statistics.log10p[0, 0])
        assert statistics.chisq[0, 0] > 1e6


def test_one_phenotype_and_no_info_are_read(tmp_path):
    truth = write_statistics(tmp_path / "statistics.h5", n_phenotypes=1, with_info=False)
    with open_statistics(truth.path) as statistics:
        assert "info" not in statistics.variants(0, 3)
        assert statistics.info(0, 3) is None
        np.testing.assert_allclose(statistics.se[:, 0], truth.se()[:, 0], rtol=RELATIVE)


def test_bad_files_are_refused_with_one_line(tmp_path):
    truth = write_statistics(tmp_path / "statistics.h5")
    whole = truth.path.read_bytes()
    cut, text, empty = (tmp_path / name for name in ("cut.h5", "text.h5", "empty.h5"))
    cut.write_bytes(whole[: len(whole) // 2])
    text.write_text("CHROM POS\n")
    empty.write_bytes(b"")
    for path, error, words in (
        (cut, CorruptFile, "cut short"),
        (text, InputError, "no HDF5 file"),
        (empty, InputError, "no HDF5 file"),
        (tmp_path, InputError, "is a folder"),
        (tmp_path / "absent.h5", InputError, "does not exist"),
    ):
        with pytest.raises(error, match=words) as raised:
            open_statistics(path)
        assert "\n" not in str(raised.value)
        assert path.name in str(raised.value)


def test_file_of_another_kind_or_without_an_array_is_refused(tmp_path):
    other, lacking = tmp_path / "other.h5", tmp_path / "lacking.h5"
    with h5py.File(other, "w") as file:
        file.attrs["format"] = "igwas phenotypes"
        file.attrs["schema_version"] = 1
    with pytest.raises(SchemaError, match=r"other.h5: .*'igwas phenotypes'.*'igwas statistics'"):
        open_statistics(other)
    write_statistics(lacking)
    with h5py.File(lacking, "r+") as file:
        del file["/beta"]
    with pytest.raises(SchemaError, match=r"lacking.h5 has no /beta"):
        open_statistics(lacking)

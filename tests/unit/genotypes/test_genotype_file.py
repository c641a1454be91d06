import numpy as np
import pytest

from igwas.errors import InputError, ShapeError
from igwas.genotypes.convert import ConvertOptions, convert
from igwas.genotypes.genotype_file import open_genotypes


@pytest.fixture(params=["bed", "hdf5"])
def opened(request, tmp_path, cohort, write, context):
    path = write.bed(tmp_path / "x", cohort)
    if request.param == "hdf5":
        convert(path, tmp_path / "x.h5", options=ConvertOptions(rows_per_chunk=3), context=context)
        path = tmp_path / "x.h5"
    with open_genotypes(path) as genotypes:
        yield genotypes


@pytest.mark.parametrize(
    ("variants", "samples"),
    [
        (slice(None), slice(None)),
        (slice(2, 11, 3), slice(None, None, -1)),
        ([7, 1, -1, 7], [0, 12]),
        (np.arange(20) % 2 == 0, np.arange(13) > 5),
        ([], slice(None)),
        (np.array([4], np.uint8), [3]),
    ],
)
def test_slices_like_an_array_on_each_axis(opened, cohort, variants, samples):
    rows, columns = np.arange(20)[variants], np.arange(13)[samples]
    rows, columns = rows.astype(int), columns.astype(int)
    np.testing.assert_array_equal(opened[variants, samples], cohort.dosage[np.ix_(rows, columns)])
    np.testing.assert_array_equal(opened[variants], cohort.dosage[rows])


def test_integer_drops_its_axis(opened, cohort):
    np.testing.assert_array_equal(opened[3], cohort.dosage[3])
    np.testing.assert_array_equal(opened[:, -2], cohort.dosage[:, -2])
    np.testing.assert_equal(float(opened[3, 4]), float(cohort.dosage[3, 4]))


def test_dosages_are_float32(opened):
    assert opened[0:2].dtype == np.float32


@pytest.mark.parametrize("key", [20, -21, "a", 1.5, [[1]]])
def test_bad_index_is_an_index_error(opened, key):
    with pytest.raises(IndexError, match="index of variants"):
        opened[key]


def test_boolean_of_another_length_is_a_shape_error(opened):
    with pytest.raises(ShapeError, match=r"expected \(13,\)"):
        opened[:, np.ones(12, bool)]


def test_variants_come_in_slabs(opened, cohort):
    frame = opened.variants(8, 11)
    assert frame["chromosome"].tolist() == ["1", "2", "2"]
    assert frame["position"].tolist() == cohort.positions[8:11]
    assert frame["id"].tolist() == cohort.ids[8:11]
    assert frame["effect_allele"].tolist() == cohort.alternates[8:11]
    assert frame["other_allele"].tolist() == cohort.references[8:11]
    assert len(opened.variants(5, 5)) == 0


def test_chromosomes_are_codes_in_order_of_appearance(opened, cohort):
    names, codes = opened.chromosomes
    assert names == ["1", "2", "X", "MT"]
    assert [names[code] for code in codes] == cohort.chromosomes
    assert codes.dtype == np.int16
    assert opened.positions.tolist() == cohort.positions


def test_samples_are_in_file_order(opened, cohort):
    assert opened.samples.sample_id.tolist() == cohort.samples
    assert opened.samples.family_id.tolist() == [f"F{name}" for name in cohort.samples]
    assert opened.samples.sex.tolist() == cohort.sex


def test_length_and_shape(opened):
    assert len(opened) == opened.n_variants == 20
    assert opened.shape == (20, 13)
    assert "20 variants x 13 samples, hardcalls" in repr(opened)


def test_closed_twice_is_harmless(opened):
    opened[0]
    opened.close()
    opened.close()


def test_missing_file_folder_and_other_formats_are_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        open_genotypes(tmp_path / "x.bed")
    with pytest.raises(InputError, match="is a folder"):
        open_genotypes(tmp_path)
    (tmp_path / "x.vcf.gz").write_bytes(b"")
    with pytest.raises(InputError, match=r"igwas-fast genotypes \S+x.vcf.gz -o genotypes.h5"):
        open_genotypes(tmp_path / "x.vcf.gz")

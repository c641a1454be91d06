import gzip
import struct

import numpy as np
import pytest
from bgen import BgenWriter

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.convert import ConvertOptions, convert
from igwas.genotypes.from_bgen import BgenSource
from igwas.genotypes.genotype_file import open_genotypes

SPEC = "genotypes/bgen_spec"


def converted(path, tmp_path, context, **options):
    convert(path, tmp_path / "out.h5", options=ConvertOptions(**options), context=context)
    return open_genotypes(tmp_path / "out.h5")


def batch_of(path, **options):
    (batch,) = BgenSource(path, **options).batches()
    return batch


def true_probabilities(data_dir):
    with gzip.open(data_dir / SPEC / "example.gen.gz", "rt") as stream:
        rows = [line.split() for line in stream]
    values = np.array([row[-1500:] for row in rows], float).reshape(len(rows), 500, 3)
    values[values.sum(axis=2) == 0] = np.nan
    return rows, values


# The example files are not sorted by position, so they are read without the converter's check.
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("example.16bits", 1e-4), ("example.16bits.zstd", 1e-4), ("example.8bits", 8e-3),
     ("example.1bits", 1.01), ("example.v11", 1e-4)],
)  # fmt: skip
@pytest.mark.parametrize("alleles", ["ref-first", "ref-last"])
def test_dosages_are_those_of_the_true_probabilities(data_dir, name, tolerance, alleles):
    rows, truth = true_probabilities(data_dir)
    batch = batch_of(data_dir / SPEC / f"{name}.bgen", alleles=alleles, generate_ids=True)
    wanted = 2 if alleles == "ref-first" else 0
    dosage = truth[:, :, 1] + 2 * truth[:, :, wanted]
    np.testing.assert_array_equal(np.isnan(batch.dosages), np.isnan(dosage))
    assert np.nanmax(np.abs(batch.dosages - dosage)) <= tolerance
    named = [(row[4], row[5]) if wanted == 2 else (row[5], row[4]) for row in rows]
    assert list(zip(batch.other_alleles, batch.effect_alleles, strict=True)) == named
    assert batch.ids == [row[2] for row in rows]
    assert batch.positions.tolist() == [int(row[3]) for row in rows]


def test_information_is_that_of_the_true_probabilities(data_dir):
    _, truth = true_probabilities(data_dir)
    batch = batch_of(data_dir / SPEC / "example.16bits.bgen")
    for found, p in zip(batch.info, truth, strict=True):
        p = p[~np.isnan(p[:, 0])]
        mean = p[:, 1] + 2 * p[:, 2]
        theta = mean.sum() / (2 * len(p))
        lost = (p[:, 1] + 4 * p[:, 2] - mean**2).sum() / (2 * len(p) * theta * (1 - theta))
        assert found == pytest.approx(1 - lost, abs=2e-4)


def test_information_does_not_depend_on_the_effect_allele(data_dir):
    path = data_dir / SPEC / "example.16bits.bgen"
    first, last = (batch_of(path, alleles=a).info for a in ("ref-first", "ref-last"))
    np.testing.assert_allclose(first, last, rtol=1e-5)


def test_phased_haplotypes_are_counted(data_dir, tmp_path, context):
    folder = data_dir / SPEC
    lines = (folder / "haplotypes.haps").read_text().splitlines()
    haplotypes = np.array([line.split()[6:] for line in lines], int)
    found = converted(folder / "haplotypes.bgen", tmp_path, context)
    np.testing.assert_array_equal(found[:], haplotypes[:, 0::2] + haplotypes[:, 1::2])
    np.testing.assert_array_equal(found.info, 1)


def test_phased_probabilities_give_mean_and_information(tmp_path):
    path = tmp_path / "x.bgen"
    second = np.random.default_rng(5).integers(0, 256, (9, 2)) / 255
    probabilities = np.stack(
        [1 - second[:, 0], second[:, 0], 1 - second[:, 1], second[:, 1]], axis=1
    )
    with BgenWriter(path, 9, [f"P{i}" for i in range(9)]) as writer:
        writer.add_variant("v", "v", "1", 5, ["A", "G"], probabilities, phased=True)
    batch = batch_of(path)
    np.testing.assert_allclose(batch.dosages[0], second.sum(axis=1), atol=1e-6)
    theta = second.mean()
    lost = (second * (1 - second)).sum() / (18 * theta * (1 - theta))
    assert batch.info[0] == pytest.approx(1 - lost, abs=1e-5)


@pytest.mark.parametrize("phased", [False, True])
@pytest.mark.parametrize("alleles", ["ref-first", "ref-last"])
def test_haploid_samples_count_twice(tmp_path, phased, alleles):
    path = tmp_path / "x.bgen"
    nan = np.nan
    if phased:
        probabilities = np.array([[0.2, 0.8, nan, nan], [1, 0, 0, 1], [0, 1, nan, nan]])
    else:
        probabilities = np.array([[0.2, 0.8, nan], [0, 1, 0], [0, 1, nan]])
    with BgenWriter(path, 3, ["P", "Q", "R"]) as writer:
        writer.add_variant(
            "v", "v", "X", 5, ["A", "G"], probabilities,
            ploidy=np.array([1, 2, 1], np.uint8), phased=phased,
        )  # fmt: skip
    expected = np.array([1.6, 1, 2]) if alleles == "ref-first" else np.array([0.4, 1, 0])
    np.testing.assert_allclose(batch_of(path, alleles=alleles).dosages[0], expected, atol=1e-6)


def test_file_of_haploid_samples_only_is_read(tmp_path):
    path = tmp_path / "x.bgen"
    with BgenWriter(path, 2, ["P", "Q"]) as writer:
        writer.add_variant("v", "v", "MT", 5, ["A", "G"], np.array([[1.0, 0], [0, 1]]), ploidy=1)
    np.testing.assert_array_equal(batch_of(path).dosages, [[0, 2]])


@pytest.mark.parametrize("bit_depth", [1, 2, 3, 8, 13, 16, 24, 31])
@pytest.mark.filterwarnings("ignore:.*bit")
def test_any_bit_depth_is_read(tmp_path, cohort, write, context, bit_depth):
    path = write.bgen(tmp_path / "x.bgen", cohort, bit_depth=bit_depth)
    found = converted(path, tmp_path, context)
    np.testing.assert_allclose(found[:], cohort.dosage, atol=1e-6)
    assert found.samples.sample_id.tolist() == cohort.samples
    assert found.variants(0, 20)["effect_allele"].tolist() == cohort.alternates


def test_bgen_bed_and_pgen_of_regenie_have_the_same_dosages(data_dir, tmp_path, context):
    folder = data_dir / "genotypes/regenie_example"
    # There the reference stands last: A1 of the .bim is the bgen's first allele.
    found = converted(folder / "example.bgen", tmp_path, context, bgen_alleles="ref-last")
    with open_genotypes(folder / "example.bed") as bed:
        np.testing.assert_array_equal(found[:], bed[:])
        columns = ["chromosome", "position", "id", "effect_allele", "other_allele"]
        assert found.variants(0, 1000)[columns].equals(bed.variants(0, 1000)[columns])


def test_default_is_ref_first(data_dir, tmp_path, context):
    found = converted(data_dir / "genotypes/regenie_example/example.bgen", tmp_path, context)
    first = found.variants(0, 1)
    assert (first["other_allele"][0], first["effect_allele"][0]) == ("1", "2")


def test_file_without_ids_asks_for_them(data_dir, tmp_path, context):
    folder = data_dir / "genotypes/regenie_example"
    path = folder / "example_3chr_zstd.bgen"
    with pytest.raises(InputError, match=r"--sample-file FILE.sample, .*--generate-sample-ids"):
        convert(path, tmp_path / "x.h5", context=context)
    found = converted(path, tmp_path, context, sample_file=folder / "example_3chr.sample")
    assert found.samples.sample_id[:2].tolist() == ["1", "2"]


def test_ids_are_generated_only_on_request(tmp_path, cohort, write, context):
    path = write.bgen(tmp_path / "x.bgen", cohort, ids=False)
    found = converted(path, tmp_path, context, generate_sample_ids=True)
    assert found.samples.sample_id[:2].tolist() == ["sample_1", "sample_2"]


def test_sample_file_beside_it_is_proposed_not_taken(tmp_path, cohort, write):
    path = write.bgen(tmp_path / "x.bgen", cohort, ids=False)
    (tmp_path / "x.sample").write_text("ID_1\n0\n")
    with pytest.raises(InputError, match=r"--sample-file \S+x.sample"):
        BgenSource(path)


def test_sample_file_must_fit(tmp_path, cohort, write):
    path = write.bgen(tmp_path / "x.bgen", cohort)
    sample = tmp_path / "y.sample"
    sample.write_text("ID_1\n0\nA\n")
    with pytest.raises(InputError, match=r"has 1 samples but .* has 13"):
        BgenSource(path, sample_file=sample)
    sample.write_text("ID_1\n0\n" + "".join(f"{name}\n" for name in cohort.samples[::-1]))
    with pytest.raises(InputError, match=r"names sample 1 'P12' but .* names it 'P0'"):
        BgenSource(path, sample_file=sample)


def test_multiallelic_variant_is_named(data_dir, tmp_path, context):
    with pytest.raises(InputError, match=r"variant 4 \(M4\) has 3 alleles; expected 2"):
        convert(data_dir / SPEC / "complex.bgen", tmp_path / "x.h5", context=context)
    assert not list(tmp_path.iterdir())


def test_triploid_variant_is_named(tmp_path):
    path = tmp_path / "x.bgen"
    with BgenWriter(path, 1, ["P"]) as writer:
        writer.add_variant("v", "v", "1", 5, ["A", "G"], np.array([[0, 0, 1.0, 0]]), ploidy=3)
    with pytest.raises(InputError, match=r"variant 1 \(v\) has ploidy 3 to 3; expected 1 or 2"):
        batch_of(path)


@pytest.mark.parametrize("name", ["example.8bits", "example.16bits.zstd", "example.v11"])
def test_truncated_file_is_corrupt_wherever_it_is_cut(data_dir, tmp_path, name):
    data = (data_dir / SPEC / f"{name}.bgen").read_bytes()
    path = tmp_path / "x.bgen"
    for size in (24, 100, 3000, 6200, len(data) // 3, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(CorruptFile, match=r"[Cc]opy it again"):
            batch_of(path, generate_ids=True)


def test_damaged_block_names_the_variant(tmp_path, cohort, write):
    path = write.bgen(tmp_path / "x.bgen", cohort)
    data = bytearray(path.read_bytes())
    for back in range(1, 20):  # in the last variant's zlib stream and its checksum
        damaged = data.copy()
        damaged[-back] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(CorruptFile, match="variant 20 cannot be read"):
            batch_of(path)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [((16, b"abcd"), InputError, "61 62 63 64 at offset 16"),
     ((0, struct.pack("<I", 2**31)), CorruptFile, "data from 2147483652"),
     ((8, struct.pack("<I", 0)), InputError, "0 variants and 13 samples"),
     ((12, struct.pack("<I", 0)), InputError, "20 variants and 0 samples"),
     ((8, struct.pack("<I", 2**31)), CorruptFile, "expected more for the 2147483648 variants"),
     ((12, struct.pack("<I", 14)), InputError, "x.bgen")],
)  # fmt: skip
def test_bad_header_is_named(tmp_path, cohort, write, change, error, message):
    path = write.bgen(tmp_path / "x.bgen", cohort)
    data = bytearray(path.read_bytes())
    at, new = change
    data[at : at + len(new)] = new
    path.write_bytes(data)
    with pytest.raises(error, match=message):
        batch_of(path)


def test_text_file_is_no_bgen(tmp_path):
    path = tmp_path / "x.bgen"
    path.write_text("hello")
    with pytest.raises(InputError, match="Check that this is the file"):
        BgenSource(path)


def test_a_sample_count_that_cannot_fit_is_refused_at_once(data_dir, tmp_path):
    content = bytearray((data_dir / SPEC / "example.v11.bgen").read_bytes())
    (n_samples,) = struct.unpack_from("<I", content, 12)
    struct.pack_into("<I", content, 12, n_samples | 1 << 26)
    path = tmp_path / "flipped.bgen"
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match="expected more for the 67,109,364 samples"):
        BgenSource(path)

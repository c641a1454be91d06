import numpy as np
import pytest

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.genotype_file import open_genotypes


def test_dosage_counts_allele_1(tmp_path, cohort, write):
    with open_genotypes(write.bed(tmp_path / "x", cohort)) as bed:
        np.testing.assert_array_equal(bed[:], cohort.dosage)
        assert bed.variants(0, 1)["effect_allele"].tolist() == cohort.alternates[:1]
        assert bed.encoding == "hardcalls"
        assert not bed.has_info


def test_chunks_are_arithmetic(tmp_path, cohort, write):
    bed = open_genotypes(write.bed(tmp_path / "x", cohort))
    assert (bed.chunks.codec, bed.chunks.crc32c) == ("raw", None)
    assert bed.chunks.offset.tolist() == [3]
    assert bed.chunks.size.sum() + 3 == bed.path.stat().st_size


def test_digest_changes_with_any_of_the_three_files(tmp_path, cohort, write):
    path = write.bed(tmp_path / "x", cohort)
    before = open_genotypes(path).digest
    assert open_genotypes(path).digest == before
    path.with_suffix(".fam").write_text(path.with_suffix(".fam").read_text().replace("P0", "Q0"))
    assert open_genotypes(path).digest != before


def test_magic_bytes_are_checked(tmp_path, cohort, write):
    path = write.bed(tmp_path / "x", cohort)
    path.write_bytes(b"\x00" + path.read_bytes()[1:])
    with pytest.raises(InputError, match="starts with bytes 00 1b 01; expected 6c 1b 01"):
        open_genotypes(path)


@pytest.mark.parametrize(
    "text", ["IID\ta\nS1\t1\n", "FID IID a\r\n1 1 0.5\r\n", "\ufeffIID,a\nS1,1\n"]
)
@pytest.mark.parametrize("name", ["eyes.tsv", "eyes.bed"])
def test_a_table_in_place_of_genotypes_is_said_to_be_one(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    words = (
        "is a table; expected genotypes.h5 or a .bed. .*in assoc, genotypes come first, phenotypes"
    )
    with pytest.raises(InputError, match=words):
        open_genotypes(path)


@pytest.mark.parametrize("suffix", [".bim", ".fam"])
def test_a_table_beside_a_bed_names_the_bed(tmp_path, cohort, write, suffix):
    bed = write.bed(tmp_path / "x", cohort)
    with pytest.raises(InputError) as caught:
        open_genotypes(bed.with_suffix(suffix))
    assert str(caught.value) == (
        f"{bed.with_suffix(suffix)} is a table; expected genotypes.h5 or a .bed. Give {bed}."
    )
    bed.unlink()
    with pytest.raises(InputError, match="Check that this is the file you mean"):
        open_genotypes(bed.with_suffix(suffix))


@pytest.mark.parametrize(
    ("beside", "words"),
    [(".bed", r"Give \S+x\.bed\."), (".pgen", r"igwas-fast genotypes \S+x\.pgen")],
)
@pytest.mark.parametrize("suffix", [".pvar", ".psam"])
def test_a_table_of_plink_2_names_the_genotypes_beside_it(tmp_path, suffix, beside, words):
    path = tmp_path / f"x{suffix}"
    path.write_text("#CHROM\tPOS\n1\t5\n")
    path.with_suffix(beside).write_bytes(b"l")
    with pytest.raises(InputError, match=words):
        open_genotypes(path)


@pytest.mark.parametrize(
    "content", [b"text without a line's end", b"one\n", b"a\x00b c\n", b"\xff a\n"]
)
def test_what_is_no_table_is_not_called_one(tmp_path, content):
    (tmp_path / "x.bed").write_bytes(content)
    with pytest.raises(InputError, match="starts with bytes"):
        open_genotypes(tmp_path / "x.bed")


def test_sample_major_is_refused_with_the_command(tmp_path, cohort, write):
    path = write.bed(tmp_path / "x", cohort)
    path.write_bytes(b"\x6c\x1b\x00" + path.read_bytes()[3:])
    with pytest.raises(InputError, match=r"sample-major .* plink --bfile \S+ --make-bed"):
        open_genotypes(path)


@pytest.mark.parametrize("size", [0, 2])
def test_empty_bed_is_an_error(tmp_path, cohort, write, size):
    path = write.bed(tmp_path / "x", cohort)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="starts with bytes"):
        open_genotypes(path)


def test_truncated_bed_names_the_sizes(tmp_path, cohort, write):
    path = write.bed(tmp_path / "x", cohort)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(CorruptFile, match=r"has 78 bytes; expected 83 for the 20 variants .* 13 s"):
        open_genotypes(path)


def test_bim_of_other_data_names_the_sizes(tmp_path, cohort, write):
    path = write.bed(tmp_path / "x", cohort)
    bim = path.with_suffix(".bim")
    bim.write_text("".join(bim.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="has 83 bytes; expected 79 for the 19 variants"):
        open_genotypes(path)


@pytest.mark.parametrize("suffix", [".bim", ".fam"])
def test_missing_companion_is_named(tmp_path, cohort, write, suffix):
    path = write.bed(tmp_path / "x", cohort)
    path.with_suffix(suffix).unlink()
    with pytest.raises(InputError, match=rf"x\{suffix} does not exist"):
        open_genotypes(path)


def test_file_cut_after_opening_is_corrupt(tmp_path, cohort, write):
    path = write.bed(tmp_path / "x", cohort)
    bed = open_genotypes(path)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(CorruptFile, match="ends after 17 of 80 bytes"):
        bed[0]


def test_real_bed_agrees_with_pandas_reading_of_its_bim(data_dir):
    import pandas as pd

    path = data_dir / "genotypes/kg_eur379/EUR_subset.bed"
    names = ["chromosome", "id", "cm", "position", "effect_allele", "other_allele"]
    expected = pd.read_csv(path.with_suffix(".bim"), sep=r"\s+", names=names, dtype=str)
    with open_genotypes(path) as bed:
        assert (bed.n_variants, bed.n_samples) == (54051, 379)
        found = bed.variants(0, bed.n_variants)
        for column in ("chromosome", "id", "effect_allele", "other_allele"):
            assert found[column].tolist() == expected[column].tolist()
        assert found["position"].tolist() == expected["position"].astype(int).tolist()
        assert not np.isnan(bed[::1000]).any()
        assert (bed.samples.sex == 1).sum() == 178

import numpy as np
import pytest

from igwas.errors import InputError
from igwas.genotypes.convert import convert
from igwas.genotypes.genotype_file import open_genotypes


def test_converted_bed_equals_the_bed(tmp_path, cohort, write, context):
    bed = write.bed(tmp_path / "x", cohort)
    summary = convert(bed, tmp_path / "x.h5", context=context)
    with open_genotypes(bed) as before, open_genotypes(tmp_path / "x.h5") as after:
        np.testing.assert_array_equal(after[:], before[:])
        assert after.variants(0, 20).equals(before.variants(0, 20))
    assert summary.n_missing == (cohort.counts < 0).sum()


def test_padding_of_the_source_is_cleared(tmp_path, cohort, write, context):
    bed = write.bed(tmp_path / "x", cohort)
    data = bytearray(bed.read_bytes())
    for last in range(3 + 3, len(data), 4):
        data[last] |= 0b11111100
    bed.write_bytes(data)
    summary = convert(bed, tmp_path / "x.h5", context=context)
    with open_genotypes(tmp_path / "x.h5") as genotypes:
        assert not (genotypes.read_chunk(0)[:, -1] & 0b11111100).any()
    assert summary.n_missing == (cohort.counts < 0).sum()


def test_swapping_the_alleles_flips_the_dosage(tmp_path, cohort, write, context):
    bed = write.bed(tmp_path / "x", cohort)
    bim = bed.with_suffix(".bim")
    lines = [line.split("\t") for line in bim.read_text().splitlines()]
    flipped = [[*fields[:4], fields[5], fields[4]] for fields in lines]
    bim.write_text("".join("\t".join(fields) + "\n" for fields in flipped))
    convert(bed, tmp_path / "x.h5", context=context)
    with open_genotypes(tmp_path / "x.h5") as genotypes:
        assert genotypes.variants(0, 20)["effect_allele"].tolist() == cohort.references


def test_unsorted_bed_names_the_line(tmp_path, cohort, write, context):
    cohort.positions[4] = 1
    with pytest.raises(InputError, match=r"x.bim line 5 has position 1 after 130 .* --sort-vars"):
        convert(write.bed(tmp_path / "x", cohort), tmp_path / "x.h5", context=context)
    assert not (tmp_path / "x.h5").exists()


def test_real_bed_is_converted_whole(data_dir, tmp_path, context):
    bed = data_dir / "genotypes/kg_eur379/EUR_subset.bed"
    summary = convert(bed, tmp_path / "x.h5", context=context)
    assert summary.n_variants == 54051
    assert summary.chromosome_counts == {
        "17": 11041, "18": 12242, "19": 9690, "20": 9327, "21": 5813, "22": 5938,
    }  # fmt: skip
    assert summary.missing_rate == 0
    with open_genotypes(bed) as before, open_genotypes(tmp_path / "x.h5") as after:
        np.testing.assert_array_equal(after[:], before[:])
        assert after.variants(20_000, 20_500).equals(before.variants(20_000, 20_500))

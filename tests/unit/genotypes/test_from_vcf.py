import subprocess
import sys

import cyvcf2
import numpy as np
import pytest

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.convert import ConvertOptions, convert
from igwas.genotypes.from_pgen import SPLIT
from igwas.genotypes.from_vcf import HALF_CALLS, WITHOUT_DS
from igwas.genotypes.genotype_file import open_genotypes

NAN = np.nan


def converted(path, context, **options):
    out = path.with_name("out.h5")
    options = ConvertOptions(overwrite=True, **options)
    summary = convert(path, out, options=options, context=context)
    return summary, open_genotypes(out)


def test_dosage_counts_alt_on_every_kind_of_chromosome(tmp_path, cohort, write, context):
    _, found = converted(write.vcf(tmp_path / "x.vcf", cohort), context)
    np.testing.assert_array_equal(found[:], cohort.dosage)
    frame = found.variants(0, 20)
    assert frame["effect_allele"].tolist() == cohort.alternates
    assert frame["other_allele"].tolist() == cohort.references
    assert found.samples.sample_id.tolist() == cohort.samples
    assert found.samples.family_id.tolist() == ["0"] * 13


def rewritten(path, target, mode):
    source = cyvcf2.VCF(str(path))
    for name in ("1", "2", "X", "MT"):
        source.add_to_header(f"##contig=<ID={name}>")
    writer = cyvcf2.Writer(str(target), source, mode)
    for record in source:
        writer.write_record(record)
    writer.close()
    return target


@pytest.mark.parametrize(("name", "mode"), [("y.vcf.gz", "wz"), ("y.bcf", "wb"), ("y.vcf", "w")])
def test_compressed_and_binary_files_are_the_same(tmp_path, cohort, write, context, name, mode):
    path = rewritten(write.vcf(tmp_path / "x.vcf", cohort), tmp_path / name, mode)
    _, found = converted(path, context)
    np.testing.assert_array_equal(found[:], cohort.dosage)


def test_multiallelic_record_gives_a_row_for_each_alt(tmp_path, write, context):
    path = write.vcf_lines(
        tmp_path / "x.vcf", ["P", "Q", "R", "S"],
        ["1 5 a A C GT 0/1 1|1 0/0 ./.", "1 6 b A C,<DEL>,* GT 1/2 2/2 0/3 .|."],
    )  # fmt: skip
    summary, found = converted(path, context)
    np.testing.assert_array_equal(
        found[:], [[1, 2, 0, NAN], [1, 0, 0, NAN], [1, 2, 0, NAN], [0, 0, 1, NAN]]
    )
    assert found.variants(0, 4)["effect_allele"].tolist() == ["C", "C", "<DEL>", "*"]
    assert summary.counts[SPLIT] == 1


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("missing", [NAN, NAN, NAN, 1]), ("reference", [1, 1, 0, 1]), ("haploid", [2, 2, 0, 1])],
)
def test_half_calls_are_what_the_option_says(tmp_path, write, context, choice, expected):
    path = write.vcf_lines(
        tmp_path / "x.vcf", ["P", "Q", "R", "S"], ["1 5 a A C GT ./1 1|. ./0 0/1"]
    )
    summary, found = converted(path, context, half_calls=choice)
    np.testing.assert_array_equal(found[0], expected)
    assert summary.counts[HALF_CALLS] == 3


def test_half_calls_can_be_an_error(tmp_path, write, context):
    path = write.vcf_lines(tmp_path / "x.vcf", ["P", "Q"], ["1 5 a A C GT ./1 0/1"])
    with pytest.raises(InputError, match=r"variant 1 \(1:5\) has 1 half calls .*--half-calls"):
        converted(path, context, half_calls="error")


def test_haploid_calls_count_twice(tmp_path, write, context):
    path = write.vcf_lines(
        tmp_path / "x.vcf", ["P", "Q", "R"], ["X 5 a A C GT 1 0/1 .", "Y 1 b A C GT 0 1 ."]
    )
    _, found = converted(path, context)
    np.testing.assert_array_equal(found[:], [[2, 1, NAN], [0, 2, NAN]])


def test_ds_is_taken_where_there_is_one(tmp_path, write, context):
    path = write.vcf_lines(
        tmp_path / "x.vcf", ["P", "Q", "R", "S"],
        ["1 5 a A C GT:DS 0/1:0.9 1/1:1.95 0/0:. 0/0:0", "1 6 b A C,G DS 0.5,1.5 2,0 0,0 0,0.25"],
    )  # fmt: skip
    summary, found = converted(path, context)
    assert found.encoding == "dosage8"
    expected = [[0.9, 1.95, NAN, 0], [0.5, 2, 0, 0], [1.5, 0, 0, 0.25]]
    np.testing.assert_allclose(found[:], expected, atol=1 / 254 + 1e-6)
    assert summary.n_missing == 1
    assert found.has_info


def test_field_gt_ignores_ds(tmp_path, write, context):
    path = write.vcf_lines(tmp_path / "x.vcf", ["P", "Q"], ["1 5 a A C GT:DS 0/1:0.9 1/1:1.95"])
    _, found = converted(path, context, field="GT")
    np.testing.assert_array_equal(found[:], [[1, 2]])
    assert found.encoding == "hardcalls"


def test_ds_of_a_haploid_call_is_doubled(tmp_path, write, context):
    path = write.vcf_lines(
        tmp_path / "x.vcf", ["P", "Q", "R"], ["X 5 a A C GT:DS 1:0.9 0/1:0.9 0:0.1"]
    )
    sex = tmp_path / "sex.txt"
    sex.write_text("P 1\nQ 2\nR 1\n")
    _, found = converted(path, context, dosage_bits=16, sex_file=sex)
    np.testing.assert_allclose(found[0], [1.8, 0.9, 0.2], atol=1e-4)
    assert found.samples.sex.tolist() == [1, 2, 1]


def test_record_without_ds_gives_its_calls(tmp_path, write, context):
    path = write.vcf_lines(
        tmp_path / "x.vcf", ["P", "Q"], ["1 5 a A C GT:DS 0/1:0.9 1/1:1.95", "1 6 b A C GT 0/1 ./."]
    )
    summary, found = converted(path, context)
    np.testing.assert_array_equal(found[1], [1, NAN])
    assert summary.counts[WITHOUT_DS] == 1


def test_information_of_ds_is_mach_s(tmp_path, write, context):
    dosages = np.random.default_rng(6).uniform(0, 2, 40).round(3)
    calls = " ".join(f"{value:.3f}" for value in dosages)
    path = write.vcf_lines(
        tmp_path / "x.vcf", [f"P{i}" for i in range(40)], [f"1 5 a A C DS {calls}"]
    )
    _, found = converted(path, context)
    p = dosages.mean() / 2
    assert found.info[0] == pytest.approx(dosages.var() / (2 * p * (1 - p)), rel=1e-4)


@pytest.mark.parametrize(
    ("line", "message"),
    [("1 5 a A C DS 2.5 0", r"variant 1 \(1:5\) has dosage 2.5; expected 0 to 2"),
     ("1 5 a A C DS -0.5 0", "has dosage -0.5"),
     ("1 5 a A C DS 1,1 0,1", "has 2 DS values a sample; expected 1"),
     ("1 5 a A C GT 0/2 0/0", "has a call of allele 2; expected at most 1"),
     ("1 5 a A C GT 0/1/1 0/0/0", "has calls of 3 alleles"),
     ("1 5 a A C DP 3 4", "has no GT"),
     ("Un 5 a A C GT 0/1 0/1", "variant 1: chromosome 'Un' is unknown")],
)  # fmt: skip
def test_bad_record_is_named(tmp_path, write, context, line, message):
    path = write.vcf_lines(tmp_path / "x.vcf", ["P", "Q"], [line])
    with pytest.raises(InputError, match=message):
        converted(path, context)
    assert [p.name for p in tmp_path.iterdir()] == ["x.vcf"]


def test_field_the_header_lacks_is_an_error(tmp_path, write, context):
    path = write.vcf_lines(tmp_path / "x.vcf", ["P"], ["1 5 a A C GT 0/1"])
    path.write_text(
        "".join(x for x in path.read_text().splitlines(keepends=True) if "ID=DS" not in x)
    )
    with pytest.raises(InputError, match="FORMAT fields GT; expected DS"):
        converted(path, context, field="DS")


MALFORMED = """
import sys
from igwas.cli.main import main
main(["genotypes", sys.argv[1], "-o", sys.argv[2]])
"""


# In a process of its own: htslib crashes on some malformed lines if contigs are not declared.
@pytest.mark.parametrize(
    "line",
    ["1 6 b A C GT 0/1", "1 x b A C GT 0/1 0/1", "1 6 b A C GT foo 0/1", "1 6 b A C DS abc 1",
     "chr2 6 b A C GT 0/1"],
)  # fmt: skip
def test_malformed_line_is_one_line_of_error(tmp_path, write, line):
    path = write.vcf_lines(tmp_path / "x.vcf", ["P", "Q"], ["1 5 a A C GT 0/1 0/1", line])
    run = subprocess.run(
        [sys.executable, "-c", MALFORMED, str(path), str(tmp_path / "x.h5")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1, run.stderr
    assert "variant 2, after 1:5, cannot be read" in run.stderr
    assert "Traceback" not in run.stderr


def test_file_without_variants_is_an_error(tmp_path, write, context):
    with pytest.raises(InputError, match="has no variants"):
        converted(write.vcf_lines(tmp_path / "x.vcf", ["P"], []), context)


def test_repeated_sample_is_named(tmp_path, write, context):
    path = write.vcf_lines(tmp_path / "x.vcf", ["P", "Q", "P"], ["1 5 a A C GT 0/1 0/1 0/1"])
    with pytest.raises(InputError, match=r"'0 P' twice \(sample 1 and sample 3\)"):
        converted(path, context)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_truncated_vcf_gz_is_corrupt(data_dir, tmp_path, context, share):
    data = (data_dir / "genotypes/kg_phase3_2504/1kg_phase3_chr21_start.vcf.gz").read_bytes()
    path = tmp_path / "x.vcf.gz"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CorruptFile, match="cut short"):
        converted(path, context)


def test_unsorted_vcf_names_variant_and_command(tmp_path, cohort, write, context):
    cohort.positions[2] = 1
    with pytest.raises(InputError, match=r"variant 3 has position 1 after 110 .* bcftools sort"):
        converted(write.vcf(tmp_path / "x.vcf", cohort), context)


def test_alleles_of_ten_thousand_characters_are_kept(tmp_path, write, context):
    long = "ACGT" * 2500
    path = write.vcf_lines(tmp_path / "x.vcf", ["P"], [f"1 5 a {long} A GT 0/1"])
    _, found = converted(path, context)
    assert found.variants(0, 1)["other_allele"][0] == long


def test_real_vcf_equals_real_pgen_at_shared_sites(data_dir, tmp_path, context):
    folder = data_dir / "genotypes/kg_phase3_2504"
    convert(folder / "1kg_phase3_chr21_start.vcf.gz", tmp_path / "v.h5", context=context)
    convert(folder / "chr21_phase3_start.pgen", tmp_path / "p.h5", context=context)
    with open_genotypes(tmp_path / "v.h5") as vcf, open_genotypes(tmp_path / "p.h5") as pgen:
        key = ["position", "effect_allele", "other_allele"]
        left = vcf.variants(0, vcf.n_variants)[key].reset_index()
        right = pgen.variants(0, pgen.n_variants)[key].reset_index()
        shared = left.merge(right, on=key)
        assert len(shared) > 400
        assert vcf.samples.sample_id.tolist() == pgen.samples.sample_id.tolist()
        np.testing.assert_array_equal(
            vcf[shared["index_x"].to_numpy()], pgen[shared["index_y"].to_numpy()]
        )


def test_real_indexed_vcf_knows_its_length(data_dir, tmp_path, context):
    from igwas.genotypes.from_vcf import VcfSource

    name = "1kg_eas_hg19.chr7_126253550_128253550.vcf.gz"
    source = VcfSource(data_dir / "genotypes/kg_eas504_chr7" / name, context=context)
    assert source.n_variants == 54234
    batch = next(source.batches())
    assert batch.ids[0] == "7:126253551:G:T"
    assert (batch.other_alleles[0], batch.effect_alleles[0]) == ("G", "T")
    source.close()

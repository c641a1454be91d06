import numpy as np
import pytest

from igwas.errors import InputError, OptionError, OutputError
from igwas.genotypes.convert import (
    HAPLOID_HETEROZYGOTES,
    UNKNOWN_SEX_ON_X,
    ConvertOptions,
    convert,
    detect_format,
)
from igwas.genotypes.genotype_file import open_genotypes


def sources(tmp_path, cohort, write):
    return {
        "bed": write.bed(tmp_path / "x", cohort),
        "pgen": write.pgen(tmp_path / "x", cohort),
        "vcf": write.vcf(tmp_path / "x.vcf", cohort),
        "bgen": write.bgen(tmp_path / "x.bgen", cohort),
    }


def test_four_formats_of_the_same_data_give_the_same(tmp_path, cohort, write, context):
    frames = []
    for name, path in sources(tmp_path, cohort, write).items():
        summary = convert(path, tmp_path / f"{name}.h5", context=context)
        with open_genotypes(tmp_path / f"{name}.h5") as found:
            np.testing.assert_array_equal(found[:], cohort.dosage)
            frames.append(found.variants(0, 20).drop(columns="info", errors="ignore"))
        assert summary.chromosome_counts == {"1": 9, "2": 5, "X": 4, "MT": 2}
        assert summary.n_missing == (cohort.counts < 0).sum()
        assert summary.missing_rate == pytest.approx((cohort.counts < 0).mean())
    assert all(frame.equals(frames[0]) for frame in frames)


def test_small_batches_change_nothing(tmp_path, cohort, write, context, monkeypatch):
    monkeypatch.setattr("igwas.genotypes.source.BATCH_BYTES", 30)
    for name, path in sources(tmp_path, cohort, write).items():
        convert(path, tmp_path / f"{name}.h5", context=context)
        with open_genotypes(tmp_path / f"{name}.h5") as found:
            np.testing.assert_array_equal(found[:], cohort.dosage)


def test_progress_counts_to_the_end(tmp_path, cohort, write, context):
    seen = []
    path = write.pgen(tmp_path / "x", cohort)
    convert(path, tmp_path / "x.h5", context=context, progress=lambda *a: seen.append(a))
    assert seen[-1] == (20, 20)


def test_heterozygous_males_on_x_are_counted_and_kept(tmp_path, cohort, write, context):
    x, mt = cohort.chromosomes.index("X"), cohort.chromosomes.index("MT")
    cohort.counts[x, [0, 1]] = 1  # a male, a female
    cohort.counts[mt, 1] = 1
    summary = convert(write.bed(tmp_path / "x", cohort), tmp_path / "x.h5", context=context)
    assert summary.counts[HAPLOID_HETEROZYGOTES] == 2
    with open_genotypes(tmp_path / "x.h5") as found:
        np.testing.assert_array_equal(found[:], cohort.dosage)


def test_sex_file_overrides_and_unknown_sex_is_noted(tmp_path, cohort, write, context):
    path = write.bgen(tmp_path / "x.bgen", cohort)
    summary = convert(path, tmp_path / "a.h5", context=context)
    assert summary.counts[UNKNOWN_SEX_ON_X] == 13
    sex = tmp_path / "sex.txt"
    sex.write_text("".join(f"{n} {s}\n" for n, s in zip(cohort.samples, cohort.sex, strict=True)))
    summary = convert(
        path, tmp_path / "b.h5", options=ConvertOptions(sex_file=sex), context=context
    )
    assert UNKNOWN_SEX_ON_X not in summary.counts
    with open_genotypes(tmp_path / "b.h5") as found:
        assert found.samples.sex.tolist() == cohort.sex


def test_unknown_chromosome_is_an_error_or_kept(tmp_path, cohort, write, context):
    cohort.chromosomes[-2:] = ["GL1", "GL1"]
    path = write.pgen(tmp_path / "x", cohort)
    with pytest.raises(InputError, match="row 19: chromosome 'GL1' is unknown"):
        convert(path, tmp_path / "x.h5", context=context)
    options = ConvertOptions(allow_unknown_chromosomes=True)
    summary = convert(path, tmp_path / "x.h5", options=options, context=context)
    assert summary.chromosome_counts["GL1"] == 2
    with open_genotypes(tmp_path / "x.h5") as found:
        assert found.chromosomes[0][-1] == "GL1"


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.bed", "bed"), ("a.b.pgen", "pgen"), ("a.bgen", "bgen"), ("a.vcf", "vcf"),
     ("a.vcf.gz", "vcf"), ("a.VCF.GZ", "vcf"), ("a.bcf", "vcf")],
)  # fmt: skip
def test_format_is_told_by_the_suffix(tmp_path, name, found):
    (tmp_path / name).write_bytes(b"")
    assert detect_format(tmp_path / name) == found


@pytest.mark.parametrize("name", ["a", "a.txt", "a.gz", "a.h5"])
def test_unknown_suffix_is_an_error(tmp_path, name):
    with pytest.raises(InputError, match=r"has no known suffix; expected one of \.bed"):
        detect_format(tmp_path / name)


def test_missing_source_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"no.bed does not exist"):
        convert(tmp_path / "no.bed", tmp_path / "x.h5")


@pytest.mark.parametrize(
    "options",
    [
        {"half_calls": "error"},
        {"bgen_alleles": "ref-last"},
        {"field": "DS"},
        {"generate_sample_ids": True},
    ],
)
def test_option_of_another_format_is_refused(tmp_path, cohort, write, options):
    path = write.bed(tmp_path / "x", cohort)
    with pytest.raises(OptionError, match="was given for a bed; expected it only for"):
        convert(path, tmp_path / "x.h5", options=ConvertOptions(**options))


@pytest.mark.parametrize(
    "options", [{"compression_level": 0}, {"compression_level": 23}, {"dosage_bits": 4}]
)
def test_impossible_option_is_refused(options):
    with pytest.raises(OptionError):
        ConvertOptions(**options)


def test_output_that_exists_is_kept(tmp_path, cohort, write, context):
    path = write.bed(tmp_path / "x", cohort)
    (tmp_path / "x.h5").write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        convert(path, tmp_path / "x.h5", context=context)
    assert (tmp_path / "x.h5").read_text() == "mine"
    convert(path, tmp_path / "x.h5", options=ConvertOptions(overwrite=True), context=context)
    with open_genotypes(tmp_path / "x.h5") as found:
        assert found.n_variants == 20


def test_output_over_a_companion_is_refused(tmp_path, cohort, write, context):
    path = write.bed(tmp_path / "x", cohort)
    with pytest.raises(OutputError, match="is one of the inputs"):
        convert(
            path, path.with_suffix(".bim"), options=ConvertOptions(overwrite=True), context=context
        )


def test_failing_source_keeps_the_old_output(tmp_path, cohort, write, context):
    cohort.positions[5] = 0
    path = write.vcf(tmp_path / "x.vcf", cohort)
    (tmp_path / "x.h5").write_text("old")
    with pytest.raises(InputError):
        convert(path, tmp_path / "x.h5", options=ConvertOptions(overwrite=True), context=context)
    assert (tmp_path / "x.h5").read_text() == "old"
    assert not (tmp_path / "x.h5.partial").exists()

import gzip

import numpy as np
import pgenlib
import pyarrow as pa
import pytest

from igwas.errors import CorruptFile, InputError
from igwas.genotypes import source
from igwas.genotypes.convert import ConvertOptions, convert
from igwas.genotypes.from_pgen import SPLIT, PgenSource
from igwas.genotypes.genotype_file import open_genotypes

REAL = "genotypes/kg_phase3_2504"
EXPECTED = "expected/kg_phase3_2504_plink2"


def converted(path, tmp_path, context, **options):
    summary = convert(path, tmp_path / "out.h5", options=ConvertOptions(**options), context=context)
    return summary, open_genotypes(tmp_path / "out.h5")


def test_dosage_counts_alt(tmp_path, cohort, write, context):
    _, found = converted(write.pgen(tmp_path / "x", cohort), tmp_path, context)
    np.testing.assert_array_equal(found[:], cohort.dosage)
    assert found.variants(0, 20)["effect_allele"].tolist() == cohort.alternates
    assert found.samples.family_id.tolist() == [f"F{name}" for name in cohort.samples]
    assert found.encoding == "hardcalls"


@pytest.mark.parametrize(("bits", "step"), [(8, 2 / 254), (16, 2 / 65534)])
def test_dosages_keep_their_value_to_half_a_step(tmp_path, cohort, write, context, bits, step):
    dosages = np.random.default_rng(8).uniform(0, 2, cohort.counts.shape)
    dosages[3, 4] = np.nan
    path = write.pgen(tmp_path / "x", cohort, dosages)
    summary, found = converted(path, tmp_path, context, dosage_bits=bits)
    assert found.encoding == f"dosage{bits}"
    # A .pgen stores multiples of 1/16384.
    assert np.nanmax(np.abs(found[:] - dosages)) <= step / 2 + 1 / 32768 + 1e-6
    assert np.isnan(found[3, 4])
    assert summary.n_missing == 1
    autosomes = dosages[:14]
    p = np.nanmean(autosomes, axis=1) / 2
    expected = np.nanvar(autosomes, axis=1) / (2 * p * (1 - p))
    np.testing.assert_allclose(found.info[:14], expected, rtol=2e-3)


def test_field_gt_takes_the_hard_calls_of_dosages(tmp_path, cohort, write, context):
    dosages = np.where(np.isnan(cohort.dosage), np.nan, np.clip(cohort.dosage + 0.04, 0, 2))
    path = write.pgen(tmp_path / "x", cohort, dosages)
    _, found = converted(path, tmp_path, context, field="GT")
    np.testing.assert_array_equal(found[:], cohort.dosage)


def test_field_ds_of_hard_calls_is_whole_numbers(tmp_path, cohort, write, context):
    _, found = converted(write.pgen(tmp_path / "x", cohort), tmp_path, context, field="DS")
    np.testing.assert_array_equal(found[:], cohort.dosage)
    assert found.encoding == "dosage8"


def write_multiallelic(path, alleles, counts):
    with pgenlib.PgenWriter(
        bytes(path), alleles.shape[1] // 2, variant_ct=len(alleles), nonref_flags=False,
        allele_ct_limit=4,
    ) as writer:  # fmt: skip
        for row, n in zip(alleles, counts, strict=True):
            writer.append_alleles(np.ascontiguousarray(row), allele_ct=n)


def test_multiallelic_variant_gives_a_row_for_each_alt(tmp_path, context, monkeypatch):
    monkeypatch.setattr(source, "BATCH_BYTES", 8)
    alleles = np.array([[0, 1, 1, 1, 0, 0], [0, 2, 1, 2, 3, 3], [-9, -9, 2, 0, 1, 1]], np.int32)
    path = tmp_path / "x.pgen"
    write_multiallelic(path, alleles, [2, 4, 3])
    path.with_suffix(".pvar").write_text(
        "#CHROM\tPOS\tID\tREF\tALT\n1\t5\ta\tA\tC\n1\t6\tb\tA\tC,G,T\n2\t1\tc\tA\tC,G\n"
    )
    path.with_suffix(".psam").write_text("#IID\nP\nQ\nR\n")
    summary, found = converted(path, tmp_path, context)
    nan = np.nan
    np.testing.assert_array_equal(
        found[:],
        [[1, 2, 0], [0, 1, 0], [1, 1, 0], [0, 0, 2], [nan, 0, 2], [nan, 1, 0]],
    )
    frame = found.variants(0, 6)
    assert frame["effect_allele"].tolist() == ["C", "C", "G", "T", "C", "G"]
    assert set(frame["other_allele"]) == {"A"}
    assert frame["id"].tolist() == ["a", "b", "b", "b", "c", "c"]
    assert summary.counts[SPLIT] == 2


def read_acount(path):
    with gzip.open(path, "rt") as stream:
        rows = [line.split() for line in stream][1:]
    return [(r[0], int(r[5]), float(count)) for r in rows for count in r[4].split(",")]


@pytest.mark.parametrize("name", ["all_ploidy", "mt_mixed_phase"])
def test_allele_counts_are_plink2_s(data_dir, tmp_path, context, name):
    path = data_dir / REAL / f"{name}.pgen"
    expected = read_acount(data_dir / EXPECTED / f"{name}.acount.gz")
    fields = [line.split("\t") for line in path.with_suffix(".psam").read_text().splitlines()[1:]]
    founder = np.array([f[1] == "0" and f[2] == "0" for f in fields])  # plink2 counts founders
    _, found = converted(path, tmp_path, context)
    assert found.n_variants == len(expected)
    names, codes = found.chromosomes
    male = found.samples.sex == 1
    for i, (chromosome, n_observed, n_alternates) in enumerate(expected):
        assert names[codes[i]] == chromosome
        copies = np.full(len(male), 2)
        if chromosome == "X":
            copies[male] = 1
        elif chromosome == "Y":
            copies = male.astype(int)
        elif chromosome == "MT":
            copies[:] = 1
        dosage = np.where(founder, found[i], np.nan)
        called = ~np.isnan(dosage)
        assert copies[called].sum() == n_observed
        assert (dosage * copies / 2)[called].sum() == n_alternates


def test_dosages_are_those_of_plink2_s_export(data_dir, tmp_path, context):
    stored = pa.OSFile(str(data_dir / EXPECTED / "plink2_test.raw.want.zst"))
    lines = pa.CompressedInputStream(stored, "zstd").read().decode().splitlines()
    reference = np.array([line.split("\t")[6:] for line in lines[1:]])
    expected = np.where(reference == "NA", "nan", reference).astype(float).T
    _, found = converted(data_dir / REAL / "all_ploidy.pgen", tmp_path, context)
    frame = found.variants(0, found.n_variants)
    first_of_site = ~frame["id"].duplicated()
    sites = np.cumsum(first_of_site) - 1
    alternates = np.zeros(expected.shape)
    np.add.at(alternates, sites, found[:].astype(float))
    names, codes = found.chromosomes
    on_y = np.array([names[c] == "Y" for c in codes[first_of_site]])
    male = found.samples.sex == 1
    shown = ~on_y[:, None] | male[None]  # the export has no Y for females
    np.testing.assert_array_equal((2 - alternates)[shown], expected[shown])


def test_pgen_and_bed_of_regenie_are_the_same(data_dir, tmp_path, context):
    folder = data_dir / "genotypes/regenie_example"
    _, found = converted(folder / "example.pgen", tmp_path, context)
    with open_genotypes(folder / "example.bed") as bed:
        np.testing.assert_array_equal(found[:], bed[:])
        assert found.variants(0, 1000).equals(bed.variants(0, 1000))


def test_files_that_disagree_name_their_sizes(tmp_path, cohort, write):
    path = write.pgen(tmp_path / "x", cohort)
    pvar = path.with_suffix(".pvar")
    pvar.write_text("".join(pvar.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match=r"20 variants of 13 samples, but x.pvar has 19 variants"):
        PgenSource(path)


@pytest.mark.parametrize("suffix", [".pvar", ".psam"])
def test_missing_companion_is_named(tmp_path, cohort, write, suffix):
    path = write.pgen(tmp_path / "x", cohort)
    path.with_suffix(suffix).unlink()
    with pytest.raises(InputError, match=rf"x\{suffix}.* does not exist"):
        PgenSource(path)


def test_damaged_record_is_corrupt_and_leaves_nothing(data_dir, tmp_path, context):
    folder = data_dir / REAL
    path = tmp_path / "x.pgen"
    data = bytearray((folder / "mt_mixed_phase.pgen").read_bytes())
    for at in range(20_000, 60_000):
        data[at] = 0xFF
    path.write_bytes(data)
    for suffix in (".pvar.zst", ".psam"):
        content = (folder / f"mt_mixed_phase{suffix}").read_bytes()
        path.with_suffix(suffix).write_bytes(content)
    with pytest.raises(CorruptFile, match="cannot be read"):
        convert(path, tmp_path / "x.h5", context=context)
    assert not list(tmp_path.glob("x.h5*"))


def test_unsorted_pvar_names_row_and_command(tmp_path, cohort, write, context):
    cohort.positions[2] = 1
    with pytest.raises(InputError, match=r"row 3 has position 1 .*plink2 --pfile \S+ --sort-vars"):
        convert(write.pgen(tmp_path / "x", cohort), tmp_path / "x.h5", context=context)

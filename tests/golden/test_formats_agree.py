"""The same data as bed, pgen, bgen and vcf, however stored, ordered and scheduled: one result.

Other people's files: regenie's example has bed, pgen and bgen; plink2, where it is installed,
exports the 1000 Genomes data to each format.
"""

import gzip
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from tests.statistics_arrays import assert_same_bits, read_arrays

from igwas.genotypes.convert import ConvertOptions, convert
from igwas.genotypes.genotype_file import open_genotypes

# Dosages are summed by other code than hard calls, so last places of float64 sums may differ, and
# with them the last place of a float32 beta.
DOSAGE_TOLERANCE = 2.0**-22

# The ids inside example.bgen are FID_IID pasted; this file has them apart, of the same people.
SAMPLE_FILE = "example_3chr.sample"

# One variant in so many of the 1000 Genomes data, to keep the tests short.
STEP = 6


def arrays_of(scan, genotypes, tables, **options):
    return read_arrays(scan(genotypes, **{**tables, **options}).path)


@pytest.fixture
def example(data_dir):
    return data_dir / "genotypes" / "regenie_example"


@pytest.fixture
def example_tables(example):
    return {"phenotypes": example / "phenotype.txt", "covariates": example / "covariates.txt"}


def write_vcf(bed, path):
    """Write a .bed as VCF: allele 2 of the .bim is REF, allele 1 is ALT."""
    texts = {0.0: "0/0", 1.0: "0/1", 2.0: "1/1"}
    with open_genotypes(bed) as genotypes, gzip.open(path, "wt") as stream:
        stream.write("##fileformat=VCFv4.2\n")
        stream.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        for name in genotypes.chromosomes[0]:
            stream.write(f"##contig=<ID={name}>\n")
        fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
        stream.write("\t".join([*fixed, *genotypes.samples.sample_id]) + "\n")
        variants = genotypes.variants(0, genotypes.n_variants)
        for variant, dosages in zip(variants.itertuples(), genotypes[:], strict=True):
            calls = (texts.get(value, "./.") for value in dosages.tolist())
            site = [variant.chromosome, str(variant.position), variant.id]
            alleles = [variant.other_allele, variant.effect_allele]
            stream.write("\t".join([*site, *alleles, ".", ".", ".", "GT", *calls]) + "\n")


def assert_same_tests(found, expected):
    """Equal variants and, within what dosages cost, equal statistics."""
    for name, array in expected.items():
        if array.dtype == object or array.dtype.kind in "iu":
            if name != "/progress/block_start":
                np.testing.assert_array_equal(found[name], array, err_msg=name)
        elif not name.startswith("/hits/"):
            np.testing.assert_allclose(
                found[name], array, rtol=DOSAGE_TOLERANCE, atol=1e-12, err_msg=name
            )


@pytest.mark.parametrize("name", ["example.pgen", "example.vcf.gz", "example.bed"])
def test_hard_calls_of_regenies_example_give_the_same_bits(
    scan, example, example_tables, tmp_path, name
):
    source = example / name
    if name.endswith(".vcf.gz"):
        source = tmp_path / name
        write_vcf(example / "example.bed", source)
    convert(source, tmp_path / "genotypes.h5")
    expected = arrays_of(scan, example / "example.bed", example_tables)
    found = arrays_of(scan, tmp_path / "genotypes.h5", example_tables)
    assert_same_bits(found, expected, but=())


def test_the_bgen_of_regenies_example_gives_the_same_tests(scan, example, example_tables, tmp_path):
    """Its first allele is the .bim's allele 1, so it is read with the reference last."""
    options = ConvertOptions(bgen_alleles="ref-last", sample_file=example / SAMPLE_FILE)
    convert(example / "example.bgen", tmp_path / "genotypes.h5", options=options)
    expected = arrays_of(scan, example / "example.bed", example_tables)
    found = arrays_of(scan, tmp_path / "genotypes.h5", example_tables)
    found.pop("/variants/info", None)
    assert_same_tests(found, expected)


def test_the_other_allele_order_flips_beta_and_nothing_else(
    scan, example, example_tables, tmp_path
):
    results = {}
    for order in ("ref-first", "ref-last"):
        path = tmp_path / f"{order}.h5"
        options = ConvertOptions(bgen_alleles=order, sample_file=example / SAMPLE_FILE)
        convert(example / "example.bgen", path, options=options)
        results[order] = scan(path, **example_tables).to_frame("Y1")
    first, last = results["ref-first"], results["ref-last"]
    assert first["effect_allele"].tolist() == last["other_allele"].tolist()
    np.testing.assert_allclose(first["beta"], -last["beta"], rtol=DOSAGE_TOLERANCE)
    np.testing.assert_allclose(first["log10p"], last["log10p"], rtol=1e-5)
    np.testing.assert_allclose(
        first["effect_allele_frequency"], 1 - last["effect_allele_frequency"], rtol=1e-12
    )


@pytest.fixture(scope="module")
def kg(data_dir):
    return data_dir / "genotypes" / "kg_eur379" / "EUR_subset.bed"


@pytest.fixture(scope="module")
def kg_tables(kg):
    """Two phenotypes with different people missing, one of them categorical in its covariate."""
    table = kg.with_name("EUR_subset.pheno2.covars")
    return {
        "phenotypes": table,
        "phenotype_columns": ("PHENO", "QCOV2"),
        "covariates": table,
        "covariate_columns": ("QCOV1", "CAT_COV"),
        "categorical_columns": ("CAT_COV",),
        "missing_values": ("-9",),
    }


@pytest.fixture(scope="module")
def plink2():
    found = shutil.which("plink2")
    if found is None:
        pytest.skip("plink2 is not installed: the 1000 Genomes data cannot be exported")
    return found


EXPORTS = {
    "pgen": (("--make-pgen",), "kg.pgen"),
    "vcf": (("--export", "vcf", "bgz", "id-paste=iid"), "kg.vcf.gz"),
    "bgen": (("--export", "bgen-1.2", "bits=8", "ref-first", "id-paste=iid"), "kg.bgen"),
}


@pytest.mark.parametrize("kind", EXPORTS)
def test_1000_genomes_exported_by_plink2_give_the_same_tests(
    scan, kg, kg_tables, plink2, tmp_path, kind
):
    options, name = EXPORTS[kind]
    subprocess.run(
        [
            *(plink2, "--bfile", kg.with_suffix(""), "--chr", "21-22"),
            *(*options, "--out", tmp_path / "kg"),
        ],
        check=True,
        capture_output=True,
    )
    sample_file = tmp_path / "kg.sample" if kind == "bgen" else None
    convert(tmp_path / name, tmp_path / "kg.h5", options=ConvertOptions(sample_file=sample_file))
    expected = arrays_of(scan, kg, kg_tables, chromosomes="21,22")
    found = arrays_of(scan, tmp_path / "kg.h5", kg_tables)
    found.pop("/variants/info", None)
    if kind == "bgen":
        assert_same_tests(found, expected)
    else:
        assert_same_bits(found, expected, but=())


@pytest.fixture(scope="module")
def kg_with_missing_calls(kg, tmp_path_factory):
    """1000 Genomes calls with one in fifty made missing, for they have none of their own."""
    target = tmp_path_factory.mktemp("kg_missing") / "kg.bed"
    target.with_suffix(".fam").write_bytes(kg.with_suffix(".fam").read_bytes())
    lines = kg.with_suffix(".bim").read_text().splitlines()
    target.with_suffix(".bim").write_text("\n".join(lines[::STEP]) + "\n")
    rows = np.fromfile(kg, np.uint8, offset=3).reshape(len(lines), -1)[::STEP].copy()
    rng = np.random.default_rng(50)
    for place in range(4):
        is_missing = rng.random(rows.shape) < 0.02
        bits = np.where(is_missing, np.uint8(3 << 2 * place), np.uint8(0))
        rows = (rows & ~bits) | (bits & np.uint8(0b01010101))
    target.write_bytes(kg.read_bytes()[:3] + rows.tobytes())
    return target


@pytest.fixture(params=["mean", "drop"])
def as_read_in_place(request, scan, kg_with_missing_calls, kg_tables):
    """Options, and the arrays of a scan of the .bed itself with one thread."""
    options = {**kg_tables, "missing": request.param, "hit_log10p": 3.0}
    return options, arrays_of(scan, kg_with_missing_calls, options, threads=1)


@pytest.mark.parametrize("threads", [2, 4, 7])
def test_the_number_of_threads_changes_no_bit(
    scan, kg_with_missing_calls, as_read_in_place, threads
):
    options, expected = as_read_in_place
    found = arrays_of(scan, kg_with_missing_calls, options, threads=threads)
    assert_same_bits(found, expected, but=())
    assert len(expected["/hits/variant"]) > 10


@pytest.mark.parametrize("rows_per_chunk", [1, 7, 1_000, None])
@pytest.mark.parametrize("raw", [True, False])
def test_chunks_and_compression_change_no_bit(
    scan, kg_with_missing_calls, as_read_in_place, tmp_path, rows_per_chunk, raw
):
    options, expected = as_read_in_place
    stored = ConvertOptions(rows_per_chunk=rows_per_chunk, raw=raw, compression_level=1)
    convert(kg_with_missing_calls, tmp_path / "kg.h5", options=stored)
    assert_same_bits(arrays_of(scan, tmp_path / "kg.h5", options), expected, but=())


def test_the_order_of_rows_in_the_tables_changes_no_bit(
    scan, kg_with_missing_calls, as_read_in_place, tmp_path
):
    options, expected = as_read_in_place
    shuffled = {}
    for seed, role in enumerate(("phenotypes", "covariates")):
        table = pd.read_csv(options[role], sep=r"\s+", dtype=str, keep_default_na=False)
        shuffled[role] = tmp_path / f"{role}.tsv"
        table.sample(frac=1, random_state=seed).to_csv(shuffled[role], sep="\t", index=False)
    found = arrays_of(scan, kg_with_missing_calls, {**options, **shuffled})
    assert_same_bits(found, expected, but=())

"""Every bad input of `assoc`: the right status, one clear line, nothing left at the output."""

import os
import shutil

import h5py
import numpy as np
import pytest
from tests.cohort_files import CohortPaths, write_bed, write_table

from igwas.association.statistics_file import open_statistics
from igwas.cli.main import main
from igwas.genotypes.convert import ConvertOptions, convert

N_SAMPLES, N_VARIANTS, N_PHENOTYPES = 60, 40, 3
SEED = 11


@pytest.fixture
def cohort(tmp_path):
    """A good cohort, for each test to spoil."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    paths = CohortPaths(folder / "g.bed", folder / "phenotypes.tsv", folder / "covariates.tsv")
    rng = np.random.default_rng(SEED)
    write_bed(paths.bed, rng.binomial(2, 0.4, (N_VARIANTS, N_SAMPLES)))
    write_table(paths.phenotypes, rng.normal(size=(N_SAMPLES, N_PHENOTYPES)), ["e0", "e1", "e2"])
    write_table(paths.covariates, rng.normal(size=(N_SAMPLES, 2)), ["x0", "x1"])
    return paths


@pytest.fixture
def genotypes(cohort, tmp_path):
    """The same genotypes as genotypes.h5, four variants a chunk."""
    path = tmp_path / "cohort" / "genotypes.h5"
    convert(cohort.bed, path, options=ConvertOptions(rows_per_chunk=4))
    return path


@pytest.fixture
def output(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    return folder / "statistics.h5"


@pytest.fixture
def assoc(cohort, output, capsys):
    """Run the command on the cohort's files; returns the status and stderr."""

    def run(*more, genotypes=None, phenotypes=None, to=None):
        arguments = [
            "assoc", genotypes or cohort.bed, phenotypes or cohort.phenotypes,
            "-o", to or output, "--threads", "2", "-q", *more,
        ]  # fmt: skip
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        return stop.value.code, capsys.readouterr().err

    return run


@pytest.fixture
def refuse(assoc, output):
    """Run, and check that it fails as it should, with these words in its one line."""

    def run(*more, status=1, words, **files):
        code, stderr = assoc(*more, **files)
        assert code == status, stderr
        assert stderr.startswith("error: "), stderr
        assert stderr.count("error:") == 1, stderr
        assert len(stderr.splitlines()) == 1, stderr
        assert "Traceback" not in stderr
        assert "; expected " in stderr, "the line does not say what was expected"
        for word in [words] if isinstance(words, str) else words:
            assert word in stderr
        if output.parent.exists():
            assert list(output.parent.iterdir()) == []

    return run


def replace_in(path, old, new, count=1):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def edit_column(path, column, edit):
    """Change one column of a table: `edit(row number, text)`."""
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    at = header.index(column)
    for number, row in enumerate(rows):
        row[at] = edit(number, row[at])
    path.write_text("".join("\t".join(line) + "\n" for line in [header, *rows]))


def test_genotypes_behind_a_user_block(refuse, genotypes, tmp_path):
    blocked = tmp_path / "blocked.h5"
    with h5py.File(genotypes) as old, h5py.File(blocked, "w", userblock_size=1024) as new:
        for name in old:
            old.copy(name, new)
    refuse(genotypes=blocked, words=["blocked.h5", "user block of 1,024 bytes", "h5unjam"])


def test_the_unspoilt_cohort_is_scanned(assoc, cohort, output):
    code, stderr = assoc("--covariates", cohort.covariates)
    assert (code, stderr) == (0, "")
    assert [path.name for path in output.parent.iterdir()] == [output.name]


# Genotypes


@pytest.mark.parametrize("n_bytes", [0, 2, 3, 100, 3 + 15 * N_VARIANTS - 1])
def test_truncated_bed(refuse, cohort, n_bytes):
    os.truncate(cohort.bed, n_bytes)
    refuse(words="g.bed")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_genotypes_h5(refuse, genotypes, share):
    os.truncate(genotypes, int(genotypes.stat().st_size * share))
    refuse(genotypes=genotypes, words="genotypes.h5")


def test_wrong_magic_bytes(refuse, cohort):
    cohort.bed.write_bytes(b"\x6c\x1c" + cohort.bed.read_bytes()[2:])
    refuse(words="6c 1b 01")


def test_sample_major_bed(refuse, cohort):
    cohort.bed.write_bytes(b"\x6c\x1b\x00" + cohort.bed.read_bytes()[3:])
    refuse(words="sample-major")


@pytest.mark.parametrize("suffix", [".bim", ".fam"])
def test_bed_without_its_companion(refuse, cohort, suffix):
    cohort.bed.with_suffix(suffix).unlink()
    refuse(words=f"g{suffix}")


@pytest.mark.parametrize("change", ["fewer", "more"])
@pytest.mark.parametrize("suffix", [".bim", ".fam"])
def test_bed_and_companions_that_disagree(refuse, cohort, suffix, change):
    path = cohort.bed.with_suffix(suffix)
    lines = path.read_text().splitlines(keepends=True)
    if suffix == ".bim":
        more = "1 extra 0 99999 A C\n"
        lines = lines[:-1] if change == "fewer" else [*lines, more]
    else:
        # Rows are padded to four samples: five more or fewer cannot hide in the padding.
        more = [f"X{i} X{i} 0 0 1 -9\n" for i in range(5)]
        lines = lines[:-5] if change == "fewer" else [*lines, *more]
    path.write_text("".join(lines))
    refuse(words="bytes; expected")


def test_malformed_bim_line(refuse, cohort):
    replace_in(cohort.bim, "1\tv7\t0\t8\tA\tC", "1\tv7\t0\tA\tC")
    refuse(words=["g.bim line 8", "5 columns"])


def test_position_that_is_no_number(refuse, cohort):
    replace_in(cohort.bim, "1\tv7\t0\t8\t", "1\tv7\t0\teight\t")
    refuse(words=["line 8", "'eight'"])


def test_unknown_chromosome(refuse, cohort):
    replace_in(cohort.bim, "1\tv39\t", "GL000191.1\tv39\t")
    refuse(words=["line 40", "GL000191.1"])


def test_unsorted_positions(refuse, cohort):
    replace_in(cohort.bim, "1\tv7\t0\t8\t", "1\tv7\t0\t80\t")
    refuse(words=["line 9", "ascending"])


def test_a_chromosome_in_two_pieces(refuse, cohort):
    replace_in(cohort.bim, "1\tv20\t", "2\tv20\t")
    refuse(words=["line 22", "returns to chromosome 1"])


def test_duplicate_samples_among_the_genotypes(refuse, cohort):
    replace_in(cohort.fam, "F5 S5 ", "F4 S4 ")
    refuse(words="S4")


@pytest.mark.parametrize("encoding", ["zstd", "raw"])
def test_corrupt_chunk(refuse, cohort, tmp_path, encoding):
    path = tmp_path / "cohort" / "stored.h5"
    convert(cohort.bed, path, options=ConvertOptions(rows_per_chunk=4, raw=encoding == "raw"))
    with h5py.File(path) as file:
        chunk = file["/genotypes/hardcalls"].id.get_chunk_info(5)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0x10
    path.write_bytes(content)
    refuse(genotypes=path, words=["stored.h5", "chunk 5", "variants 21 to 24"])


def test_a_file_that_is_no_genotypes_file(refuse, cohort):
    refuse(genotypes=cohort.phenotypes, words="is a table; expected genotypes.h5 or a .bed")


def test_a_statistics_file_in_place_of_genotypes(refuse, assoc, output, tmp_path):
    assert assoc()[0] == 0
    moved = output.rename(tmp_path / "other.h5")
    refuse(genotypes=moved, words="other.h5")


def test_a_vcf_is_to_be_converted_first(refuse, tmp_path):
    path = tmp_path / "g.vcf.gz"
    path.write_bytes(b"")
    refuse(genotypes=path, words="igwas-fast genotypes")


def test_allele_names_of_10_000_characters_work(assoc, cohort, output):
    long = "ACGT" * 2_500
    replace_in(cohort.bim, "1\tv7\t0\t8\tA\tC", f"1\tv7\t0\t8\t{long}\tC")
    assert assoc() == (0, "")
    with open_statistics(output) as statistics:
        assert statistics.variants(7, 8)["effect_allele"].tolist() == [long]


# Phenotypes and covariates


def test_no_shared_samples(refuse, cohort):
    edit_column(cohort.phenotypes, "IID", lambda i, _: f"Z{i}")
    refuse(words=["shares none", "Z0", "S0"])


def test_duplicate_ids_in_the_table(refuse, cohort):
    edit_column(cohort.phenotypes, "FID", lambda i, text: "F4" if i == 5 else text)
    edit_column(cohort.phenotypes, "IID", lambda i, text: "S4" if i == 5 else text)
    refuse(words="S4")


def test_header_without_iid(refuse, cohort):
    replace_in(cohort.phenotypes, "FID\tIID", "family\tname")
    refuse(words=["IID", "phenotypes.tsv"])


def test_text_in_a_numeric_column(refuse, cohort):
    edit_column(cohort.phenotypes, "e1", lambda i, text: "tall" if i == 9 else text)
    refuse(words=["tall", "e1"])


@pytest.mark.parametrize("table", ["phenotypes", "covariates"])
def test_infinite_value(refuse, cohort, table):
    path = getattr(cohort, table)
    column = {"phenotypes": "e1", "covariates": "x1"}[table]
    edit_column(path, column, lambda i, text: "inf" if i == 9 else text)
    refuse("--covariates", cohort.covariates, words=["inf", column])


def test_empty_table(refuse, cohort):
    cohort.phenotypes.write_text("")
    refuse(words="phenotypes.tsv")


def test_a_row_of_another_length(refuse, cohort):
    replace_in(cohort.phenotypes, "F9\tS9\t", "F9\tS9\textra\t")
    refuse(words="phenotypes.tsv")


def test_constant_phenotype(refuse, cohort):
    edit_column(cohort.phenotypes, "e2", lambda *_: "3.5")
    refuse(words=["'e2'", "--skip-untestable"])


def test_phenotype_without_any_value(refuse, cohort):
    edit_column(cohort.phenotypes, "e2", lambda *_: "NA")
    refuse(words="'e2'")


def test_phenotype_explained_by_the_covariates(refuse, cohort):
    shutil.copy(cohort.phenotypes, cohort.covariates)
    replace_in(cohort.covariates, "e0\te1\te2", "x0\tx1\tx2")
    refuse("--covariates", cohort.covariates, words=["'e0'", "covariates"])


def test_more_covariates_than_people(refuse, cohort):
    rng = np.random.default_rng(SEED)
    names = [f"x{i}" for i in range(N_SAMPLES + 5)]
    write_table(cohort.covariates, rng.normal(size=(N_SAMPLES, len(names))), names)
    refuse("--covariates", cohort.covariates, words=f"{N_SAMPLES} samples")


def test_one_person(refuse, cohort, tmp_path):
    keep = tmp_path / "keep.txt"
    keep.write_text("F3 S3\n")
    refuse("--keep", keep, words=["1", "at least 2"])


def test_unknown_phenotype_column(refuse):
    refuse("--phenotype-columns", "e0,e9", words=["e9", "phenotypes.tsv"])


def test_unknown_covariate_column(refuse, cohort):
    refuse(
        *("--covariates", cohort.covariates, "--covariate-columns", "age"),
        words=["age", "covariates.tsv"],
    )


def test_covariate_columns_without_a_table(refuse):
    refuse("--covariate-columns", "x0", status=2, words="--covariates FILE")


# Filters


@pytest.mark.parametrize("options", [("--mac", "1000"), ("--maf", "0.5")], ids=lambda o: o[0])
def test_no_variant_passes_the_filters(refuse, options):
    refuse(*options, words=["none of 40 variants", options[0]])


def test_no_variant_on_the_chromosome(refuse):
    refuse("--chromosome", "2-22,X", words="--chromosome")


def test_unknown_chromosome_in_the_option(refuse):
    refuse("--chromosome", "22-1", status=2, words="--chromosome")


def test_no_variant_of_the_list(refuse, tmp_path):
    listed = tmp_path / "extract.txt"
    listed.write_text("rs1\nrs2\n")
    refuse("--extract", listed, words=["--extract", "rs1", "v0"])


def test_info_filter_without_info(refuse, genotypes):
    refuse("--info", "0.8", words="--info")
    refuse("--info", "0.8", genotypes=genotypes, words="--info")


@pytest.mark.parametrize("options", [("--geno", "2"), ("--maf", "0.7"), ("--mac", "-1")])
def test_an_option_out_of_its_range(refuse, options):
    refuse(*options, status=2, words=options)


# LOCO


def write_loco(folder, chromosomes, phenotypes=("e0", "e1", "e2")):
    """regenie's files: predictions of 0."""
    header = " ".join(["FID_IID", *(f"F{i}_S{i}" for i in range(N_SAMPLES))])
    rows = [" ".join([name, *["0"] * N_SAMPLES]) for name in chromosomes]
    lines = []
    for name in phenotypes:
        (folder / f"{name}.loco").write_text("\n".join([header, *rows]) + "\n")
        lines.append(f"{name} {folder / name}.loco\n")
    (folder / "pred.list").write_text("".join(lines))
    return folder / "pred.list"


def test_loco_that_lacks_a_chromosome(refuse, assoc, tmp_path):
    assert assoc("--loco", write_loco(tmp_path, ["1", "2"]), to=tmp_path / "good.h5") == (0, "")
    refuse("--loco", write_loco(tmp_path, ["2", "3"]), words="chromosome 1")


def test_loco_that_lacks_a_phenotype(refuse, tmp_path):
    refuse("--loco", write_loco(tmp_path, ["1"], ["e0", "e1"]), words="e2")


# Output and system


def test_output_folder_missing(refuse, tmp_path):
    refuse(to=tmp_path / "nowhere" / "s.h5", words=["nowhere", "does not exist"])


def test_output_exists(assoc, output):
    output.write_text("precious")
    code, stderr = assoc()
    assert code == 1
    assert stderr.startswith("error: ")
    assert len(stderr.splitlines()) == 1
    assert "--overwrite" in stderr
    assert output.read_text() == "precious"
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_a_failed_overwrite_keeps_the_old_output(assoc, output):
    output.write_text("precious")
    code, _ = assoc("--overwrite", "--mac", "1000")
    assert code == 1
    assert output.read_text() == "precious"
    assert [path.name for path in output.parent.iterdir()] == [output.name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write every file")
@pytest.mark.parametrize("role", ["bed", "bim", "fam", "phenotypes"])
def test_unreadable_file(refuse, cohort, role):
    path = getattr(cohort, role)
    path.chmod(0)
    refuse(words=[path.name, "permission denied"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write every file")
def test_output_folder_not_writable(refuse, output):
    output.parent.chmod(0o500)
    refuse(words="permission denied")


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b"])
def test_bad_shard(refuse, text):
    refuse("--shard", text, status=2, words=text)


def test_more_shards_than_blocks(refuse):
    refuse("--shard", "2/3", words="shard 2/3")


def test_resume_and_overwrite_together(refuse):
    refuse("--resume", "--overwrite", status=2, words="--resume")


def test_memory_too_small(refuse):
    refuse("--max-memory", "1M", status=2, words="--max-memory")


def test_no_such_gpu(refuse):
    refuse("--device", "cuda", "--gpus", "99", words="expected")


def test_gpus_without_cuda(refuse):
    refuse("--gpus", "0", status=2, words="--gpus is given but --device is 'auto'")

import gzip
import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pysam
import pytest
from tests.reference.statistics_fixture import write_statistics

from igwas.association.project import project
from igwas.association.statistics_file import open_statistics
from igwas.association.weights import lead_direction, principal_components
from igwas.context import Context
from igwas.errors import IncompleteFile, OptionError, OutputError
from igwas.sumstats import records as records_module
from igwas.sumstats.export import export_sumstats
from igwas.sumstats.options import ExportOptions

# Numbers computed in float64 are written with nine digits.
NINE_DIGITS = 5e-9

READ = {
    "gwas-ssf": {"sep": "\t", "na_values": ["#NA"]},
    "regenie": {"sep": " "},
    "plink2": {"sep": "\t"},
}
EFFECT = {
    "gwas-ssf": ("effect_allele", "other_allele", "effect_allele_frequency", "beta"),
    "regenie": ("ALLELE1", "ALLELE0", "A1FREQ", "BETA"),
    "plink2": ("A1", "OMITTED", "A1_FREQ", "BETA"),
}
TEXT_FORMATS = tuple(READ)


@pytest.fixture(scope="module", params=["mean", "drop"])
def truth(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "statistics.h5"
    return write_statistics(path, missing=request.param, seed=3)


def export(truth, output, **options):
    options.setdefault("phenotype", "dimension_001")
    return export_sumstats(truth.path, output, options=ExportOptions(**options))


def read(path, format_name):
    return pd.read_csv(
        path, dtype={"CHROM": str, "#CHROM": str}, keep_default_na=True, **READ[format_name]
    )


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_numbers_come_back_as_they_were(truth, tmp_path, format_name):
    output = tmp_path / "table.txt"
    summary = export(truth, output, format=format_name)
    table = read(output, format_name)
    tested = truth.tested[:, 1]
    assert summary.n_rows == len(table) == tested.sum()
    assert summary.n_untested == (~tested).sum()
    with open_statistics(truth.path) as statistics:
        expected = statistics.to_frame("dimension_001")[tested]
    names = {
        "gwas-ssf": ("standard_error", "neg_log_10_p_value", "n"),
        "regenie": ("SE", "LOG10P", "N"),
        "plink2": ("SE", "P", "OBS_CT"),
    }[format_name]
    log10p = table[names[1]] if format_name != "plink2" else -np.log10(table["P"])
    np.testing.assert_array_equal(
        table[EFFECT[format_name][3]].astype(np.float32), expected["beta"].to_numpy()
    )
    np.testing.assert_allclose(table[names[0]], expected["se"], rtol=NINE_DIGITS)
    np.testing.assert_allclose(log10p, expected["log10p"], rtol=NINE_DIGITS, atol=NINE_DIGITS)
    np.testing.assert_array_equal(table[names[2]], expected["n"])


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_alleles_are_never_swapped(truth, tmp_path, format_name):
    output = tmp_path / "table.txt"
    export(truth, output, format=format_name)
    table = read(output, format_name)
    effect, other, frequency, _ = EFFECT[format_name]
    rows = np.flatnonzero(truth.tested[:, 1])
    assert table[effect].tolist() == [truth["/variants/effect_allele"][row] for row in rows]
    assert table[other].tolist() == [truth["/variants/other_allele"][row] for row in rows]
    np.testing.assert_allclose(
        table[frequency],
        truth["/variant_statistics/effect_allele_frequency"][rows, 1],
        rtol=NINE_DIGITS,
    )


def test_gwas_ssf_has_the_columns_of_the_standard_in_order(truth, tmp_path):
    export(truth, tmp_path / "t.tsv", format="gwas-ssf")
    table = read(tmp_path / "t.tsv", "gwas-ssf")
    assert list(table.columns) == [
        "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta",
        "standard_error", "effect_allele_frequency", "neg_log_10_p_value",
        "variant_id", "rsid", "info", "n",
    ]  # fmt: skip
    assert set(table["chromosome"]) == {1, 2, 10, 23, 25}
    first = table.iloc[0]
    assert first["variant_id"] == f"1_1000_{first['other_allele']}_{first['effect_allele']}"
    assert table["rsid"].dropna().str.fullmatch("rs[0-9]+").all()
    assert table["rsid"].isna().any()


def test_gwas_ssf_can_give_p(truth, tmp_path):
    export(truth, tmp_path / "t.tsv", format="gwas-ssf", p_value=True)
    header = (tmp_path / "t.tsv").read_text().splitlines()[0].split("\t")
    assert header[7] == "p_value"


def test_regenie_has_the_columns_of_step_2(truth, tmp_path):
    export(truth, tmp_path / "t.regenie", format="regenie")
    lines = (tmp_path / "t.regenie").read_text().splitlines()
    assert lines[0] == (
        "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA SE CHISQ LOG10P EXTRA"
    )
    assert lines[1].endswith(" NA")
    assert " ADD " in lines[1]


def test_plink2_has_the_columns_of_glm_linear(truth, tmp_path):
    export(truth, tmp_path / "t.glm.linear", format="plink2")
    lines = (tmp_path / "t.glm.linear").read_text().splitlines()
    assert lines[0].split("\t") == [
        "#CHROM", "POS", "ID", "REF", "ALT", "A1", "OMITTED", "A1_FREQ", "TEST", "OBS_CT",
        "BETA", "SE", "T_STAT", "P", "ERRCODE",
    ]  # fmt: skip
    assert lines[1].endswith("\t.")
    table = read(tmp_path / "t.glm.linear", "plink2")
    assert (table["ALT"] == table["A1"]).all()
    assert (table["REF"] == table["OMITTED"]).all()
    assert {"PAR1", "X", "MT"} <= set(table["#CHROM"])


def test_untested_variants_are_written_on_request_with_the_reason(truth, tmp_path):
    for format_name in TEXT_FORMATS:
        output = tmp_path / f"{format_name}.txt"
        summary = export(truth, output, format=format_name, include_untested=True)
        assert summary.n_rows == 200
        assert summary.n_untested == 0
        assert read(output, format_name)[EFFECT[format_name][3]].isna().sum() > 0
    codes = set(read(tmp_path / "plink2.txt", "plink2")["ERRCODE"])
    assert {".", "CONST_ALLELE", "VIF_INFINITE", "FILTERED_MAC"} <= codes
    extra = pd.read_csv(tmp_path / "regenie.txt", sep=" ", keep_default_na=False)["EXTRA"]
    assert set(extra) == {"NA", "TEST_FAIL"}


@pytest.mark.parametrize("format_name", [*TEXT_FORMATS, "parquet"])
def test_omnibus_has_f_and_degrees_of_freedom_instead_of_beta(truth, tmp_path, format_name):
    output = tmp_path / "omnibus.out"
    export(truth, output, format=format_name, phenotype="omnibus")
    is_parquet = format_name == "parquet"
    table = pd.read_parquet(output) if is_parquet else read(output, format_name)
    lower = {name.lower(): table[name] for name in table.columns}
    assert not {"beta", "se", "standard_error"} & set(lower)
    f_name = {"regenie": "f", "plink2": "f_stat"}.get(format_name, "f_statistic")
    rows = truth["/variant_statistics/reason"][:, 0] == 0
    np.testing.assert_allclose(
        lower[f_name], truth["/omnibus/f_statistic"][rows, 0], rtol=NINE_DIGITS
    )
    assert (lower["dof1"] == 3).all()


def test_threshold_and_number_limit_the_rows_in_genome_order(truth, tmp_path):
    export(truth, tmp_path / "a.tsv", phenotype="dimension_000", min_log10p=2.0)
    table = read(tmp_path / "a.tsv", "gwas-ssf")
    assert (table["neg_log_10_p_value"] >= 2).all()
    with open_statistics(truth.path) as statistics, np.errstate(invalid="ignore"):
        assert len(table) == (statistics.log10p[:, 0] >= 2).sum()
        strongest = np.sort(statistics.log10p[:, 0][~np.isnan(statistics.log10p[:, 0])])[-4:]
    export(truth, tmp_path / "b.tsv", phenotype="dimension_000", top=4)
    table = read(tmp_path / "b.tsv", "gwas-ssf")
    np.testing.assert_allclose(np.sort(table["neg_log_10_p_value"]), strongest, rtol=NINE_DIGITS)
    assert table["base_pair_location"].is_monotonic_increasing


def test_all_phenotypes_go_to_parquet_with_provenance(truth, tmp_path):
    output = tmp_path / "all.parquet"
    summary = export(truth, output, phenotype="all")
    assert summary.format == "parquet"
    table = pd.read_parquet(output)
    assert len(table) == truth.tested.sum()
    wide = table.pivot_table(index="position", columns="phenotype", values="beta", observed=True)
    rows = truth["/variants/position"].tolist()
    expected = pd.DataFrame(truth["/beta"], index=rows, columns=truth.names)
    found = wide.reindex(index=rows, columns=truth.names).to_numpy(np.float32)
    np.testing.assert_array_equal(found, expected.to_numpy())
    metadata = json.loads(pq.read_schema(output).metadata[b"igwas"])
    assert metadata["scan"]["command"].startswith("igwas-fast assoc")


def test_all_phenotypes_as_text_name_the_phenotype(truth, tmp_path):
    for format_name in TEXT_FORMATS:
        output = tmp_path / f"{format_name}.txt"
        export(truth, output, phenotype="all", format=format_name, top=30)
        table = read(output, format_name)
        assert len(table) == 30
        assert set(table.iloc[:, -1]) <= set(truth.names)


def test_batches_do_not_change_the_output(truth, tmp_path, monkeypatch):
    digests = set()
    for name, rows in (("a.gz", 65_536), ("b.gz", 17), ("c.gz", 1)):
        monkeypatch.setattr(records_module, "BATCH_ROWS", rows)
        context = Context(threads=rows % 5 + 1)
        options = ExportOptions(phenotype="dimension_002", format="plink2")
        export_sumstats(truth.path, tmp_path / name, options=options, context=context)
        digests.add((tmp_path / name).read_bytes())
    assert len(digests) == 1


def test_compressed_text_is_indexed_by_position(truth, tmp_path):
    for format_name in ("gwas-ssf", "plink2"):
        output = tmp_path / f"{format_name}.tsv.gz"
        summary = export(truth, output, format=format_name)
        assert summary.index_path == tmp_path / f"{format_name}.tsv.gz.tbi"
        with pysam.TabixFile(str(output)) as table:
            rows = list(table.fetch("1", 1000, 1200))
        assert 0 < len(rows) < 10
        assert all(1000 < int(row.split("\t")[1]) <= 1200 for row in rows)
    assert export(truth, tmp_path / "r.gz", format="regenie").index_path is None
    assert sorted(path.suffix for path in tmp_path.iterdir() if "partial" in path.name) == []


def test_unsorted_variants_are_written_but_not_indexed(tmp_path, caplog):
    chromosomes = ("2", "1")
    truth = write_statistics(tmp_path / "s.h5", chromosomes=chromosomes)
    with h5py.File(truth.path, "r+") as file:
        file["/variants/position"][:] = file["/variants/position"][:][::-1]
    summary = export(truth, tmp_path / "t.tsv.gz")
    assert summary.index_path is None
    assert "not sorted" in caplog.text
    assert "is_sorted: false" in summary.sidecar_path.read_text()


def test_metadata_file_follows_the_standard(truth, tmp_path):
    output = tmp_path / "trait.tsv.gz"
    summary = export(truth, output, genome_assembly="GRCh38")
    assert summary.sidecar_path.name == "trait.tsv.gz-meta.yaml"
    lines = dict(line.split(": ", 1) for line in summary.sidecar_path.read_text().splitlines())
    fields = {k: v if k.startswith("date") else json.loads(v) for k, v in lines.items()}
    assert fields["genome_assembly"] == "GRCh38"
    assert fields["coordinate_system"] == "1-based"
    assert fields["data_file_name"] == "trait.tsv.gz"
    digest = hashlib.md5(output.read_bytes(), usedforsecurity=False).hexdigest()
    assert fields["data_file_md5sum"] == digest
    assert fields["samples"][0]["sample_size"] == 460
    assert fields["is_sorted"] is True
    assert fields["adjusted_covariates"] == ["age", "sex"]


def test_other_text_has_its_provenance_beside_it(truth, tmp_path):
    summary = export(truth, tmp_path / "t.regenie", format="regenie")
    provenance = json.loads(summary.sidecar_path.read_text())
    assert provenance["phenotype"] == "dimension_001"
    assert provenance["statistics"]["digest"]


def provenance_of(summary):
    """What an export says of itself, whatever its format."""
    if summary.path.suffix == ".parquet":
        return json.loads(pq.read_schema(summary.path).metadata[b"igwas"])
    text = summary.sidecar_path.read_text()
    if summary.sidecar_path.suffix == ".yaml":
        lines = dict(line.split(": ", 1) for line in text.splitlines())
        return json.loads(json.loads(lines["author_notes"]))
    return json.loads(text)


@pytest.mark.parametrize("format_name", ["gwas-ssf", "regenie", "parquet"])
def test_what_a_projection_must_be_warned_of_goes_with_its_export(
    truth, tmp_path, caplog, format_name
):
    lead, plain = tmp_path / "lead.h5", tmp_path / "plain.h5"
    project(truth.path, lead, lambda file: lead_direction(file, ["rs11"]))
    project(truth.path, plain, lambda file: principal_components(file, 1))
    for source in (lead, plain, truth.path):
        with open_statistics(source) as file:
            name, caution = file.phenotype_names[0], file.attributes.get("caution")
        caplog.clear()
        output = tmp_path / f"{source.stem}.{'parquet' if format_name == 'parquet' else 'tsv'}"
        options = ExportOptions(phenotype=name, format=format_name)
        scan = provenance_of(export_sumstats(source, output, options=options))["scan"]
        assert scan.get("caution") == caution
        assert ("is no test" in caplog.text) == (source == lead) == ("caution" in scan)
        assert ("projection" in scan) == (source != truth.path)


def test_extreme_p_keeps_its_exponent(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", every_untested=0, missing="drop")
    with h5py.File(truth.path, "r+") as file:
        file["/beta"][0, 0], file["/se"][0, 0] = 1e6, 1e-3
        file["/variant_statistics/degrees_of_freedom"][0, 0] = 400_000
    export(truth, tmp_path / "t.txt", phenotype="dimension_000", format="plink2", top=1)
    p = (tmp_path / "t.txt").read_text().splitlines()[1].split("\t")[13]
    mantissa, exponent = p.split("e-")
    assert 1 <= float(mantissa) < 10
    assert int(exponent) > 10_000


def test_existing_output_is_kept_unless_overwritten(truth, tmp_path):
    output = tmp_path / "t.tsv"
    output.write_text("precious")
    with pytest.raises(OutputError, match=r"exists; expected a new file. Give --overwrite"):
        export(truth, output)
    assert output.read_text() == "precious"
    export(truth, output, overwrite=True)
    assert output.read_text().startswith("chromosome\t")


def test_a_stale_index_goes_with_the_file_it_indexed(truth, tmp_path):
    output = tmp_path / "t.tsv.gz"
    export(truth, output)
    export(truth, output, format="regenie", overwrite=True)
    assert not (tmp_path / "t.tsv.gz.tbi").exists()


def test_absent_folder_and_unfinished_scan_leave_nothing(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", done=0.5)
    with pytest.raises(IncompleteFile, match="--resume"):
        export(truth, tmp_path / "t.tsv")
    whole = write_statistics(tmp_path / "w.h5")
    with pytest.raises(OutputError, match=r"nowhere does not exist"):
        export(whole, tmp_path / "nowhere" / "t.tsv")
    assert {path.name for path in tmp_path.iterdir()} == {"s.h5", "w.h5"}


@pytest.mark.parametrize("name", ["t.tsv.gz", "t.parquet"])
def test_a_failure_half_way_leaves_nothing(truth, tmp_path, name):
    def fail(done, total):
        raise RuntimeError("stop")

    options = ExportOptions(phenotype="dimension_000")
    with pytest.raises(RuntimeError, match="stop"):
        export_sumstats(truth.path, tmp_path / name, options=options, progress=fail)
    assert list(tmp_path.iterdir()) == []


def test_unknown_phenotype_is_an_option_error_with_the_closest_names(truth, tmp_path):
    with pytest.raises(OptionError, match=r"'dimension_1'.*dimension_001"):
        export(truth, tmp_path / "t.tsv", phenotype="dimension_1")


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("t.tsv", {"phenotype": "all"}, "expected a limit on the rows"),
        ("t.parquet", {"format": "regenie"}, "named Parquet"),
        ("t.gz", {"format": "parquet"}, "named .gz"),
        ("t.tsv", {"include_untested": True, "top": 3}, "contradicts"),
        ("t.tsv", {"p_value": True, "format": "plink2"}, "expected gwas-ssf"),
        ("t.tsv", {"mask": 1}, "expected omnibus"),
        ("t.tsv", {"format": "vcf"}, "expected one of: gwas-ssf"),
        ("t.tsv", {"min_log10p": float("nan")}, "expected 0 or more"),
        ("t.tsv", {"phenotype": "omnibus", "mask": 9}, "expected 0 to 1"),
    ],
)
def test_choices_that_contradict_each_other_are_refused(truth, tmp_path, name, options, words):
    with pytest.raises(OptionError, match=words):
        export(truth, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_unusual_alleles_are_written_and_counted(tmp_path, caplog):
    truth = write_statistics(tmp_path / "s.h5", every_untested=0)
    with h5py.File(truth.path, "r+") as file:
        file["/variants/effect_allele"][0] = "<DEL>"
        file["/variants/other_allele"][1] = "ACGT" * 2500
    export(truth, tmp_path / "t.tsv")
    table = read(tmp_path / "t.tsv", "gwas-ssf")
    assert "1 rows" in caplog.text
    assert table["effect_allele"][0] == "<DEL>"
    assert len(table["other_allele"][1]) == 10_000
    assert table["variant_id"][1] == "1_1037_LONG_STRING"


def test_progress_ends_at_the_number_of_variants(truth, tmp_path):
    seen = []
    options = ExportOptions(phenotype="dimension_000")
    export_sumstats(
        truth.path, tmp_path / "t.tsv", options=options, progress=lambda *at: seen.append(at)
    )
    assert seen[-1] == (200, 200)


def test_full_disk_leaves_no_output(truth, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (tmp_path / "t.tsv.partial").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"t\.tsv: the disk is full; expected room"):
        export(truth, tmp_path / "t.tsv")
    assert list(tmp_path.iterdir()) == []


def test_blocked_gzip_holds_the_same_text(truth, tmp_path):
    export(truth, tmp_path / "t.tsv")
    export(truth, tmp_path / "t.tsv.gz")
    stored = (tmp_path / "t.tsv.gz").read_bytes()
    assert gzip.decompress(stored) == (tmp_path / "t.tsv").read_bytes()

"""From a scan with planted loci to the loci, and inputs without one."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.reference.eye_cohort import LEFT_RIGHT_CORRELATION, write_eye_cohort
from tests.reference.statistics_fixture import write_statistics

from igwas.association.options import ScanOptions
from igwas.association.project import project
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.association.weights import subset_weights
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError
from igwas.loci.find import find_loci
from igwas.loci.options import LociOptions
from igwas.loci.run import LociSummary, describe, run_loci
from igwas.loci.tables import COLUMNS


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eyes")
    cohort = write_eye_cohort(folder)
    output = folder / "statistics.h5"
    run_scan(cohort.bed, cohort.phenotypes, output, options=ScanOptions(precision="full"))
    return cohort, output


@pytest.fixture(scope="module")
def result(scanned, tmp_path_factory):
    """Table and JSON of the whole search."""
    cohort, statistics = scanned
    folder = tmp_path_factory.mktemp("loci")
    (folder / "genes.bed").write_text("1\t1000\t9000\tNEAR\n1\t900000\t910000\tFAR\n")
    (folder / "known.tsv").write_text("CHR_ID\tCHR_POS\tSNPS\tDISEASE/TRAIT\n1\t50000\trs1\tDisc\n")
    options = LociOptions(
        genotypes=cohort.bed, phenotypes=cohort.phenotypes, genes=folder / "genes.bed",
        known=folder / "known.tsv", per_phenotype=True,
    )  # fmt: skip
    summary = run_loci(
        statistics, folder / "loci.tsv", json_output=folder / "loci.json", options=options
    )
    table = pd.read_csv(folder / "loci.tsv", sep="\t")
    return table, json.loads((folder / "loci.json").read_text()), summary


def of_test(table, name):
    return table[table["test"] == name].reset_index(drop=True)


def variant(cohort, name):
    return f"v{cohort.causal[name]}"


def test_the_columns_are_those_documented(result):
    assert result[0].columns.tolist() == list(COLUMNS)


def test_the_shared_locus_is_found_by_every_test(scanned, result):
    cohort, _ = scanned
    for test in ("omnibus", "minimum_p", "both_eyes", "mean_dim_000"):
        loci = of_test(result[0], test)
        first = loci.iloc[0]
        assert first["chromosome"] == 1, test
        assert first["lead_variant"] in {variant(cohort, "both"), variant(cohort, "second")}, test
        assert first["start"] <= first["position"] <= first["end"]
        assert first["phenotype"].endswith("dim_000")


def test_a_locus_of_one_eye_fails_the_rule_of_both_and_is_heterogeneous(scanned, result):
    cohort, statistics = scanned
    table = result[0]
    far = of_test(table, "both_eyes")
    assert (far["position"] < 3_000_000).all()
    row = cohort.causal["left"]
    with open_statistics(statistics) as file:
        assert file.log10p[row, "left_dim_001"] > 10
        assert file.log10p[row, "difference_dim_001"] > 10
    omnibus = of_test(table, "omnibus")
    found = omnibus[omnibus["lead_variant"] == variant(cohort, "left")]
    assert (found["log10p_heterogeneity"] > 7).all()
    shared = omnibus.iloc[0]
    assert shared["log10p_heterogeneity"] < 3
    assert shared["log10p_left"] > 7
    assert shared["log10p_right"] > 7


def test_heterogeneity_agrees_with_the_scan_of_the_difference(scanned, result):
    _, statistics = scanned
    shared = of_test(result[0], "both_eyes").iloc[0]
    row = int(shared["lead_variant"][1:])
    with open_statistics(statistics) as file:
        scanned_difference = file.log10p[row, "difference_dim_000"]
    # People with one eye count in one of the two and not in the other.
    assert shared["log10p_heterogeneity"] == pytest.approx(scanned_difference, abs=0.7)


def test_the_correlation_and_what_the_rule_is_worth_are_reported(result):
    document, summary = result[1], result[2]
    eyes = document["eyes"]
    assert eyes["correlation_from"] == "statistics"
    # Estimated from 96 linked variants, of a correlation that missing eyes dilute.
    assert np.median(eyes["left_right_correlation"]) == pytest.approx(
        LEFT_RIGHT_CORRELATION * 0.85, abs=0.3
    )
    assert 0 < eyes["expected_null_hits"]["both_eyes"] < eyes["expected_null_hits"]["one_eye"]
    assert any("left-right correlation" in line for line in summary.lines)


def test_left_minus_right_is_a_negative_control(result):
    control = result[1]["eyes"]["negative_control"]
    # The variant that acts on left eyes alone is what such a control is there to find.
    assert control["n_loci"] == 1
    assert control["n_phenotypes"] == 3
    assert 0.3 < control["lambda_median"] < 3
    assert "omnibus_lambda" in control
    assert any("negative control" in line for line in result[2].lines)


def test_conditioning_finds_both_variants_of_a_region_and_no_more(scanned, result):
    cohort, _ = scanned
    acting = {variant(cohort, "both"), variant(cohort, "second")}
    for test in ("omnibus", "minimum_p", "both_eyes"):
        region = of_test(result[0], test)
        region = region[region["position"] < 1_000_000]
        signals = ",".join(region["signals"].dropna()).split(",")
        assert len(signals) == region["n_signals"].sum() == 2, test
        # Neighbours are linked: the causal variant need not be the strongest.
        assert set(signals) <= {f"v{i}" for i in range(12)}
        assert set(signals) & acting
    assert any("independent signals" in line for line in result[2].lines)


def test_a_locus_without_a_signal_is_explained_by_others(result):
    table = result[0]
    explained = table[table["n_signals"] == 0]
    for row in explained.itertuples():
        level = 5e-8 if row.test == "omnibus" else 5e-8 / 3
        assert not row.log10p_conditional >= -np.log10(level)
    alone = table[(table["n_signals"] > 0)]
    assert (alone["log10p_conditional"] > 7).all()
    assert table["n_signals"].notna().all()


def test_the_document_says_what_each_signal_was_given(result):
    own = [d for d in result[1]["loci"] if d["test"] == "minimum_p" and d["position"] < 1_000_000]
    signals = [signal for locus in own for signal in locus["conditional"]]
    first = next(signal for signal in signals if not signal["given"])
    second = next(signal for signal in signals if signal["given"])
    assert second["given"] == [first["lead_variant"]]
    assert second["log10p"] > 7
    assert second["phenotype"] == "mean_dim_000"


def test_genes_and_known_loci_are_listed(result):
    first = of_test(result[0], "omnibus").iloc[0]
    assert first["nearest_gene"] == "NEAR"
    assert first["known"] == "rs1"
    assert first["known_traits"] == "Disc"


def test_the_document_has_what_a_report_needs(scanned, result):
    document = result[1]
    with open_statistics(scanned[1]) as file:
        assert [one["name"] for one in document["lambda_gc"]["phenotypes"]] == file.phenotype_names
        found = [one["lambda"] for one in document["lambda_gc"]["phenotypes"]]
        np.testing.assert_allclose(found[0], file.lambda_gc(0), rtol=0.1)
    assert set(document["inputs"]) == {"statistics", "genotypes", "phenotypes", "genes", "known"}
    assert len(document["inputs"]["genotypes"]["digest"]) == 64
    assert document["tested_phenotypes"] == [f"mean_dim_{k:03d}" for k in range(3)]
    assert 1 <= document["effective_number_of_phenotypes"] <= 3
    levels = {test["name"]: test["p"] for test in document["tests"]}
    assert levels["omnibus"] == 5e-8
    assert levels["minimum_p"] == pytest.approx(5e-8 / document["effective_number_of_phenotypes"])
    locus = document["loci"][0]
    assert len(locus["members"]["id"]) == locus["n_variants"]
    assert len(locus["phenotypes_at_lead"]["beta"]) == 12
    assert max(locus["members"]["r2"]) == 1


def test_without_genotypes_loci_are_formed_by_distance_and_it_is_said(scanned):
    result = find_loci(scanned[1])
    assert any("by distance alone" in note for note in result.notes)
    leads = [locus for locus in result.loci if locus.test.name == "omnibus"]
    places = [(locus.chromosome, locus.start) for locus in leads]
    assert len(set(places)) == len(places)
    assert np.isnan(leads[0].members["r2"].iloc[1:]).any()


def test_the_rule_of_the_paper_merges_what_is_near(scanned):
    cohort, statistics = scanned
    common = find_loci(statistics, options=LociOptions(genotypes=cohort.bed, min_r2=0.8))
    paper = find_loci(statistics, options=LociOptions(genotypes=cohort.bed, rule="paper"))
    assert len(paper.loci) < len(common.loci)
    first = next(locus for locus in paper.loci if locus.test.name == "omnibus")
    assert first.members["clump"].nunique() > 1


def test_loci_close_to_another_are_pointed_out(scanned, tmp_path):
    cohort, statistics = scanned
    options = LociOptions(genotypes=cohort.bed, min_r2=0.8)
    summary = run_loci(statistics, tmp_path / "loci.tsv", options=options)
    assert any("may be explained by it: give" in line for line in summary.lines)


def test_a_projection_gets_no_advice_that_it_cannot_follow(scanned, tmp_path):
    cohort, statistics = scanned
    names = ["mean_dim_000", "mean_dim_001"]
    project(statistics, tmp_path / "p.h5", lambda file: subset_weights(file, names))
    options = LociOptions(genotypes=cohort.bed, min_r2=0.8)
    summary = run_loci(tmp_path / "p.h5", tmp_path / "loci.tsv", options=options)
    note = next(line for line in summary.lines if "may be explained by it" in line)
    assert "scan the combination itself with igwas-fast assoc" in note
    assert "--phenotypes" not in note
    with pytest.raises(OptionError, match="does not record a scan"):
        find_loci(
            tmp_path / "p.h5",
            options=LociOptions(genotypes=cohort.bed, phenotypes=cohort.phenotypes),
        )


def test_one_of_a_thing_is_said_of_one(scanned):
    result = find_loci(scanned[1])
    test = next(test for test in result.tests if test.kind == "omnibus")
    locus = next(locus for locus in result.loci if locus.test is test)
    one = replace(test, table=test.table.nlargest(1, "log10p"))
    own = replace(locus, test=one, log10p_conditional=locus.log10p, signals=[object()])
    control = {**result.control, "n_loci": 1, "n_significant_variants": 1}
    lines = describe(replace(result, tests=[one], loci=[own], control=control))
    words = "omnibus: 1 locus, 1 variant at p < 5e-08, 1 locus with 1 independent signal, lambda"
    assert any(line.startswith(words) for line in lines)
    assert any("1 locus, 1 variant at p <" in line for line in lines if "negative" in line)
    assert LociSummary(Path("l.tsv"), None, 1, []).describe() == ["l.tsv: 1 locus"]


def test_zero_hits_is_a_result(tmp_path):
    cohort = write_eye_cohort(tmp_path, effect=0.0, chromosomes=("3",))
    statistics = tmp_path / "statistics.h5"
    run_scan(cohort.bed, cohort.phenotypes, statistics, options=ScanOptions())
    summary = run_loci(
        statistics, tmp_path / "loci.tsv", json_output=tmp_path / "loci.json",
        options=LociOptions(genotypes=cohort.bed, phenotypes=cohort.phenotypes, rule="paper"),
    )  # fmt: skip
    assert summary.n_loci == 0
    assert pd.read_csv(tmp_path / "loci.tsv", sep="\t").columns.tolist() == list(COLUMNS)
    document = json.loads((tmp_path / "loci.json").read_text())
    assert document["loci"] == []
    # The negative control of a null cohort finds nothing either.
    assert document["eyes"]["negative_control"]["n_loci"] == 0
    assert "omnibus: 0 loci" in "\n".join(summary.describe())


def test_no_test_at_the_secondary_level_is_a_result(scanned):
    result = find_loci(scanned[1], options=LociOptions(p=1e-300, secondary_p=1e-300))
    assert result.loci == []


def test_one_eye_only_is_said_and_compared_with_nothing(scanned, tmp_path):
    cohort, _ = scanned
    output = tmp_path / "left.h5"
    options = ScanOptions(phenotype_columns=tuple(f"left_dim_{k:03d}" for k in range(3)))
    run_scan(cohort.bed, cohort.phenotypes, output, options=options)
    result = find_loci(output, options=LociOptions(genotypes=cohort.bed))
    assert result.pairs is None
    assert any("left eyes but none of right eyes" in note for note in result.notes)
    assert len(result.loci) > 0


@pytest.mark.parametrize("name", ["mean_dim_001", "left_dim_001", "difference_dim_001"])
def test_eyes_are_compared_in_the_dimensions_of_the_phenotypes_named(scanned, result, name):
    found = find_loci(scanned[1], options=LociOptions(tested=(name,)))
    assert found.pairs.dimensions == ["dim_001"]
    both = next(test for test in found.tests if test.name == "both_eyes")
    assert set(both.table["column"]) <= set(found.pairs.left)
    assert found.control["n_phenotypes"] == 1
    assert "both eyes are compared in 1 of 3 dimensions: those of --tested" in describe(found)
    assert not any("of 3 dimensions" in line for line in result[2].lines)
    # By chance it passes a third as often as over all three.
    one, three = (document.expected_null_hits(5e-8, 1000)["one_eye"]
                  for document in (found.pairs, find_loci(scanned[1]).pairs))  # fmt: skip
    assert one == pytest.approx(three / 3)


def test_an_unfinished_scan_says_how_much_is_done(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", done=0.5)
    with pytest.raises(IncompleteFile, match="2 of 4 blocks"):
        find_loci(truth.path)


def test_genotypes_that_lack_a_significant_variant_are_refused(scanned, tmp_path):
    cohort, statistics = scanned
    for suffix in (".bed", ".fam"):
        (tmp_path / f"g{suffix}").write_bytes(cohort.bed.with_suffix(suffix).read_bytes())
    lines = cohort.bed.with_suffix(".bim").read_text().splitlines()
    row = cohort.causal["both"]
    lines[row] = lines[row].replace("\tA\tC", "\tA\tG")
    (tmp_path / "g.bim").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="lacks 1 of"):
        find_loci(statistics, options=LociOptions(genotypes=tmp_path / "g.bed"))


def test_phenotypes_of_another_scan_are_refused(scanned, tmp_path):
    cohort, statistics = scanned
    other = write_eye_cohort(tmp_path, seed=99)
    with pytest.raises(InputError, match="other residuals"):
        find_loci(
            statistics, options=LociOptions(genotypes=cohort.bed, phenotypes=other.phenotypes)
        )


def test_samples_for_linkage_can_be_chosen(scanned, tmp_path):
    cohort, statistics = scanned
    keep = tmp_path / "keep.txt"
    keep.write_text("".join(f"F{i} S{i}\n" for i in range(500)))
    result = find_loci(statistics, options=LociOptions(genotypes=cohort.bed, keep=keep))
    assert result.loci


def test_an_existing_output_is_kept_and_an_input_never_replaced(scanned, tmp_path):
    _, statistics = scanned
    (tmp_path / "loci.tsv").write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        run_loci(statistics, tmp_path / "loci.tsv")
    assert (tmp_path / "loci.tsv").read_text() == "precious"
    with pytest.raises(OptionError, match=r"--output is .* would replace"):
        run_loci(statistics, statistics, overwrite=True)
    with pytest.raises(OptionError, match=r"--json is .* would replace"):
        run_loci(statistics, tmp_path / "a", json_output=statistics, overwrite=True)
    with pytest.raises(OptionError, match="two files"):
        run_loci(statistics, tmp_path / "a", json_output=tmp_path / "a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "mine"}, "--rule"),
        ({"rule": "paper"}, "without --genotypes"),
        ({"min_r2": 0.5}, "--r2 is given without"),
        ({"phenotypes": "p.h5"}, "--phenotypes is given without"),
        ({"p": 0.0}, "0 < p"),
        ({"p": 1e-3}, "0 < p"),
        ({"window_kb": -1.0}, "--window-kb"),
        ({"max_signals": 0}, "--max-signals"),
        ({"ld": "x"}, "--ld"),
        ({"genotypes": "g", "min_r2": 1.0}, "--r2"),
    ],
)
def test_contradicting_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        LociOptions(**options)


def test_files_that_name_chromosomes_otherwise_are_noted(scanned, tmp_path):
    cohort, statistics = scanned
    genes, known = tmp_path / "genes.bed", tmp_path / "known.tsv"
    genes.write_text("CM000663.2\t1000\t9000\tNEAR\n")
    known.write_text("CHR_ID\tCHR_POS\nscaffold\t50000\n")
    options = LociOptions(genotypes=cohort.bed, genes=genes, known=known)
    notes = find_loci(statistics, options=options).notes
    for path, name in ((genes, "CM000663.2"), (known, "scaffold")):
        (note,) = (one for one in notes if one.startswith(f"{path} has no line of a chromosome"))
        assert f"its first is of {name!r}, they have '1'" in note
    genes.write_text("NC_000001.10\t1000\t9000\tNEAR\n")
    found = find_loci(statistics, options=LociOptions(genotypes=cohort.bed, genes=genes))
    assert not any("of a chromosome" in one for one in found.notes)
    assert found.genes.nearest("1", 2000) == ("NEAR", 0)

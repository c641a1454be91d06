"""The page: what is in it, what cannot get out of it, and what is refused."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import h5py
import numpy as np
import pytest
from tests.cohort_files import write_bed
from tests.reference import report_series
from tests.reference.statistics_fixture import write_statistics

from igwas.association.statistics_file import open_statistics
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError
from igwas.loci.options import LociOptions
from igwas.loci.run import run_loci
from igwas.report.gathered import gather
from igwas.report.loci_document import read_loci_document
from igwas.report.options import ReportOptions
from igwas.report.regional_views import Surroundings, open_surroundings, regional_views
from igwas.report.run import _write_figures, figures_of_a_report, run_report
from igwas.wording import counted

FEW = ReportOptions(regional=0)
HOSTILE = "\"><script>alert('x')</script><img src=http://evil.example/?$x^{2}$ onerror=alert(1)>"


class Page(HTMLParser):
    """What a browser would see of the page's structure."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.addresses, self.images, self.handlers = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.addresses += [values[k] for k in ("src", "href", "action", "data") if k in values]
        self.handlers += [name for name in values if name.startswith("on")]
        if tag == "img":
            self.images.append(values)


@pytest.fixture(scope="module")
def page(scanned, tmp_path_factory):
    output = tmp_path_factory.mktemp("page") / "report.html"
    options = ReportOptions(genotypes=scanned.cohort.bed, regional=3)
    summary = run_report(scanned.statistics, scanned.loci, output, options=options)
    text = output.read_text()
    assert summary.n_bytes == len(text.encode())
    return text


def test_every_section_and_figure_is_there(page):
    found = Page(page)
    assert {"summary", "cautions", "people", "genome", "loci", "regions", "calibration",
            "methods", "provenance", "manhattan_minimum_p", "miami_eyes", "heat_map", "lambda",
            "qq_omnibus", "qq_phenotypes", "locus_001"} <= set(found.ids)  # fmt: skip
    assert len(found.ids) == len(set(found.ids))
    assert all(image["alt"] for image in found.images)


def test_links_inside_the_page_lead_somewhere(page):
    found = Page(page)
    inside = [one[1:] for one in found.addresses if one.startswith("#")]
    assert inside
    assert set(inside) <= set(found.ids)


def test_nothing_is_fetched(page):
    found = Page(page)
    assert all(one.startswith(("#", "data:")) for one in found.addresses)
    assert not re.search(r"url\(|@import|https?://", page.split("<body>")[0])
    for image in found.images:
        svg = base64.b64decode(image["src"].partition(",")[2]).decode()
        inside = re.findall(r'(?:href|src)="([^"]*)"', svg)
        assert all(one.startswith(("#", "data:")) for one in inside)


def test_the_policy_allows_our_script_alone(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src &#39;none&#39;" in policy or "default-src 'none'" in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_the_loci_of_the_table_are_those_of_the_document(page, scanned):
    loci = json.loads(scanned.loci.read_text())["loci"]
    body = re.search(r'id="loci-table".*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    assert body.count("<tr") == len(loci)
    for one in loci:
        assert one["lead_variant"] in body


def test_the_flow_of_people_is_the_account_of_the_scan(page, scanned):
    with h5py.File(scanned.statistics) as file:
        account = json.loads(file.attrs["account"])
    assert account
    for line in account:
        assert f"{line['n_after']:,}" in page


def test_warnings_are_in_words(page):
    assert "the scan had no covariates" in page
    assert "900 people were analysed" in page
    assert "agreement of both eyes is no replication" in page


def test_palindromic_leads_and_a_large_lambda_are_pointed_out(scanned, tmp_path):
    document = json.loads(scanned.loci.read_text())
    document["loci"][0]["is_palindromic"] = 1
    tested = document["tested_phenotypes"][0]
    for one in document["lambda_gc"]["phenotypes"]:
        one["lambda"] = 2.345 if one["name"] == tested else 1.0
    document["eyes"]["negative_control"] |= {"n_loci": 3, "lambda_median": 1.2}
    (tmp_path / "loci.json").write_text(json.dumps(document))
    run_report(scanned.statistics, tmp_path / "loci.json", tmp_path / "r.html", options=FEW)
    text = (tmp_path / "r.html").read_text()
    assert "palindromic with a frequency near one half" in text
    assert f"largest 2.345, {tested}" in text
    assert "the negative control is not null: left minus right has 3 loci" in text


def test_headlines_say_how_many_loci_stand_by_themselves(page, scanned):
    loci = json.loads(scanned.loci.read_text())["loci"]
    signals = [one["n_signals"] for one in loci if one["test"] == "omnibus"]
    assert sum(signals)
    stand = counted(sum(n > 0 for n in signals), "locus", "loci")
    found = counted(sum(signals), "independent signal", "independent signals")
    assert f"<small>p &lt; 5e-08; {stand} with {found}</small>" in page


def drawn(scanned, folder, change, regional):
    """Leads of the plots in their order, and the page, of loci as `change` has left them."""
    document = json.loads(scanned.loci.read_text())
    change(document["loci"])
    (folder / "l.json").write_text(json.dumps(document))
    options = ReportOptions(regional=regional)
    run_report(scanned.statistics, folder / "l.json", folder / "r.html", options=options)
    text = (folder / "r.html").read_text()
    titles = re.findall(r'<figure id="locus_\d+">.*?<b>(\S+) at ', text, re.DOTALL)
    return document["loci"], titles, text


def weakest_lead(loci):
    """Of the leads, each with the strength of its first test, which is the one drawn."""
    first = {one["lead_variant"]: one["log10p"] for one in reversed(loci)}
    return min(first, key=first.get), len(first)


def only_the_weakest_stands(loci):
    weakest, _ = weakest_lead(loci)
    for one in loci:
        one["n_signals"] = int(one["lead_variant"] == weakest)


def test_loci_with_signals_are_drawn_first(scanned, tmp_path):
    loci, titles, text = drawn(scanned, tmp_path, only_the_weakest_stands, 1)
    weakest, n_leads = weakest_lead(loci)
    assert titles == [weakest]
    # The number is that of the plots, though loci of several tests share this one.
    assert sum(one["lead_variant"] == weakest for one in loci) > 1
    assert f"1 of {n_leads} lead variants are drawn (--regional): those with independent" in text


def test_plots_are_in_the_order_that_the_page_says(scanned, tmp_path):
    loci, titles, text = drawn(scanned, tmp_path, only_the_weakest_stands, 40)
    weakest, n_leads = weakest_lead(loci)
    assert titles[0] == weakest
    assert len(titles) == n_leads > 1
    assert "In this order: those with independent signals first, then by strength." in text


def test_without_conditional_analysis_the_strongest_are_drawn(scanned, tmp_path):
    def change(loci):
        for one in loci:
            one["n_signals"] = None

    loci, titles, text = drawn(scanned, tmp_path, change, 1)
    assert len(titles) == 1
    n_leads = len({one["lead_variant"] for one in loci})
    assert f"1 of {n_leads} lead variants are drawn (--regional): the strongest." in text
    assert "independent signal" not in text.split('id="cautions"')[0]


def hostile_scan(folder):
    """Statistics whose every name tries to break out."""
    truth = write_statistics(folder / "s.h5", n_variants=120, every_untested=0)
    with h5py.File(truth.path, "r+") as file:
        for path in ("/variants/id", "/variants/effect_allele", "/variants/chromosome",
                     "/phenotypes/name"):  # fmt: skip
            values = [one.decode() for one in file[path][:]]
            file[path][...] = [f"{value}{HOSTILE}" for value in values]
        file.attrs["covariate_names"] = json.dumps([HOSTILE])
        file.attrs["command"] = HOSTILE
        file.attrs["account"] = json.dumps([{"step": HOSTILE, "n_before": 5, "n_after": 4}])
    run_loci(truth.path, folder / "l.tsv", json_output=folder / "l.json")
    document = json.loads((folder / "l.json").read_text())
    assert document["loci"]
    document["notes"].append(HOSTILE)
    for one in document["loci"]:
        one |= {"nearest_gene": HOSTILE, "known_traits": HOSTILE}
    (folder / "l.json").write_text(json.dumps(document))
    audit = {"verdict": {"level": HOSTILE, "findings": [{"level": HOSTILE, "text": HOSTILE}]},
             HOSTILE: {HOSTILE: HOSTILE}}  # fmt: skip
    (folder / "a.json").write_text(json.dumps(audit))
    return truth.path


@pytest.mark.parametrize(
    ("levels", "said", "caution"),
    [
        (None, " of the scan.", ""),
        (["good"], " of the scan; none of the embedding.", ""),
        (["warning"] * 7 + ["note"], " of the scan; 7 warnings of the embedding.", "7 warnings"),
        (["failure"], " of the scan; 1 failure of the embedding.", "1 failure"),
        (["unknown"], " of the scan; 1 thing that cannot be judged of the embedding.", "1 thing"),
        ([], " of the scan; the verdict &#39;so so&#39; of the embedding.", "the verdict 'so so'"),
    ],
)
def test_warnings_of_the_embedding_are_counted_above_its_report_card(
    scanned, tmp_path, levels, said, caution
):
    options = ReportOptions(regional=0)
    if levels is not None:
        path = tmp_path / "a.json"
        findings = [{"level": level, "text": "x"} for level in levels]
        level = "so so" if caution else "FIT"
        path.write_text(json.dumps({"verdict": {"level": level, "findings": findings}}))
        options = ReportOptions(regional=0, embeddings_audit=path)
    run_report(scanned.statistics, scanned.loci, tmp_path / "r.html", options=options)
    summary, cautions = (tmp_path / "r.html").read_text().split('<section id="cautions"')
    cautions = html.unescape(cautions.partition('<section id="people"')[0])
    assert said in summary
    words = f'the report card of the embedding ("so so") has {caution}'
    assert (words in cautions) == bool(caution)


def test_hostile_names_stay_text(tmp_path):
    statistics = hostile_scan(tmp_path)
    options = ReportOptions(embeddings_audit=tmp_path / "a.json", title=HOSTILE, regional=1)
    run_report(statistics, tmp_path / "l.json", tmp_path / "r.html", options=options)
    found = Page((tmp_path / "r.html").read_text())
    assert found.tags.count("script") == 1
    assert not found.handlers
    assert all(one.startswith(("#", "data:")) for one in found.addresses)
    for image in found.images:
        svg = base64.b64decode(image["src"].partition(",")[2]).decode()
        assert "<script" not in svg


def test_no_locus_is_a_report_that_says_so(scanned, tmp_path):
    document = json.loads(scanned.loci.read_text())
    document["loci"] = []
    for test in document["tests"]:
        test["n_loci"] = test["n_significant_variants"] = 0
    (tmp_path / "l.json").write_text(json.dumps(document))
    summary = run_report(scanned.statistics, tmp_path / "l.json", tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert "No locus was found." in text
    assert "no locus reaches the level of any test" in text
    assert 'id="loci-table"' not in text
    assert summary.n_loci == 0


def test_a_single_chromosome_and_a_single_phenotype_work(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_phenotypes=1, chromosomes=("7",))
    run_loci(truth.path, tmp_path / "l.tsv", json_output=tmp_path / "l.json")
    run_report(truth.path, tmp_path / "l.json", tmp_path / "r.html")
    assert "only chromosome 7 was scanned" in (tmp_path / "r.html").read_text()


def test_a_shard_is_said_to_be_a_part(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_phenotypes=1)
    with h5py.File(truth.path, "r+") as file:
        file.attrs["shard"] = "2/10"
    run_loci(truth.path, tmp_path / "l.tsv", json_output=tmp_path / "l.json")
    run_report(truth.path, tmp_path / "l.json", tmp_path / "r.html", options=FEW)
    assert "this is shard 2/10 of the scan" in (tmp_path / "r.html").read_text()


def test_loci_of_single_phenotypes_are_drawn_with_their_own_p(scanned, tmp_path):
    options = LociOptions(per_phenotype=True)
    run_loci(
        scanned.statistics, tmp_path / "l.tsv", json_output=tmp_path / "l.json", options=options
    )
    document = json.loads((tmp_path / "l.json").read_text())
    single = [n for n, one in enumerate(document["loci"]) if one["test"].startswith("mean_")]
    assert single
    # Loci of other tests are taken away: otherwise they would be drawn for the same lead.
    document["loci"] = [document["loci"][n] for n in single]
    (tmp_path / "l.json").write_text(json.dumps(document))
    with open_statistics(scanned.statistics) as file:
        loci = read_loci_document(tmp_path / "l.json", file)
        views = regional_views(gather(file, loci, ReportOptions()), Surroundings())
        for view in views:
            column = file.phenotype_index(view.tests[0])
            np.testing.assert_array_equal(view.log10p, file.log10p[view.rows, column])


def test_eyes_are_drawn_in_the_dimensions_in_which_loci_compared_them(scanned, tmp_path):
    options = LociOptions(tested=("mean_dim_000", "left_dim_002"))
    path = tmp_path / "l.json"
    run_loci(scanned.statistics, tmp_path / "l.tsv", json_output=path, options=options)
    with open_statistics(scanned.statistics) as file:
        found = gather(file, read_loci_document(path, file), ReportOptions())
    assert [pair[0] for pair in found.eyes.pairs] == ["dim_000", "dim_002"]
    assert json.loads(path.read_text())["eyes"]["dimensions"] == ["dim_000", "dim_002"]


def test_a_phenotype_may_be_called_as_a_test_is(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_phenotypes=3, every_untested=0)
    with h5py.File(truth.path, "r+") as file:
        file["/phenotypes/name"][...] = ["minimum_p", "omnibus_mask_0", "left eye"]
    run_loci(truth.path, tmp_path / "l.tsv", json_output=tmp_path / "l.json")
    with open_statistics(truth.path) as file:
        loci = read_loci_document(tmp_path / "l.json", file)
        series = gather(file, loci, ReportOptions()).sweep.series
        expected = report_series.smallest_p(file, range(3))
        np.testing.assert_allclose(series["minimum_p"], expected, rtol=1e-6)


def test_figures_are_written_in_three_formats(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_phenotypes=1, chromosomes=("7",))
    loci = tmp_path / "l.json"
    run_loci(truth.path, tmp_path / "l.tsv", json_output=loci)
    folder, options = tmp_path / "figures", ReportOptions(regional=0)
    summary = run_report(truth.path, loci, tmp_path / "r.html", figures=folder, options=options)
    assert len(list(folder.iterdir())) == 3 * summary.n_figures
    heads = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
    for path in folder.iterdir():
        assert path.read_bytes().startswith(heads[path.suffix])
    with pytest.raises(OutputError, match="exists"):
        run_report(truth.path, loci, tmp_path / "2.html", figures=folder, options=options)
    assert not (tmp_path / "2.html").exists()


def test_figures_of_an_earlier_report_do_not_stay_behind(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    for name in ("locus_007.png", "qq_omnibus.pdf", "mine.png", "locus_007.tiff"):
        (folder / name).write_text("earlier")
    found = [path.name for path in figures_of_a_report(folder)]
    assert found == ["locus_007.png", "qq_omnibus.pdf"]
    _write_figures(folder, [])
    assert sorted(path.name for path in folder.iterdir()) == ["locus_007.tiff", "mine.png"]


def test_genes_that_name_chromosomes_otherwise_are_said(scanned, tmp_path, caplog):
    genes = tmp_path / "genes.bed"
    genes.write_text("CM000663.2\t1000\t9000\tNEAR\n")
    options = ReportOptions(regional=0, genes=genes)
    run_report(scanned.statistics, scanned.loci, tmp_path / "r.html", options=options)
    with open_statistics(scanned.statistics) as file:
        assert file.chromosomes == list(dict.fromkeys(file.variants()["chromosome"]))
        first = file.chromosomes[0]
    (note,) = (one for one in caplog.messages if "of a chromosome of the statistics" in one)
    assert f"its first is of 'CM000663.2', they have {first!r}" in note


def test_linkage_is_that_of_loci(scanned, tmp_path):
    """Members have the r^2 that loci.json gives them, from the genotypes or from the document."""
    found = []
    for genotypes in (None, scanned.cohort.bed):
        options = ReportOptions(genotypes=genotypes)
        with open_statistics(scanned.statistics) as file:
            loci = read_loci_document(scanned.loci, file)
            with open_surroundings(options, loci) as surroundings:
                found.append(regional_views(gather(file, loci, options), surroundings))
    alone, full = found
    assert [view.locus for view in alone] == [view.locus for view in full]
    for one, other in zip(alone, full, strict=True):
        known = np.isfinite(one.r2)
        assert known.any()
        np.testing.assert_allclose(one.r2[known], other.r2[known], rtol=1e-9)
        assert np.isfinite(other.r2).all()
        assert other.r2[other.lead] == pytest.approx(1.0)
        assert one.position[one.lead] == other.position[other.lead]


def test_genotypes_with_other_variants_are_refused(scanned, tmp_path):
    write_bed(tmp_path / "o.bed", np.random.default_rng(1).binomial(2, 0.3, (5, 30)))
    (tmp_path / "o.bim").write_text("".join(f"9\tx{i}\t0\t{i + 1}\tA\tC\n" for i in range(5)))
    asked = []
    with pytest.raises(InputError, match="has none of the"):
        run_report(
            scanned.statistics, scanned.loci, tmp_path / "r.html",
            options=ReportOptions(genotypes=tmp_path / "o.bed"),
            progress=lambda done, total: asked.append(done),
        )  # fmt: skip
    assert not (tmp_path / "r.html").exists()
    # It is told before the long pass, not after.
    assert not asked


def test_genotypes_without_a_lead_variant_are_refused(scanned, tmp_path):
    lead = json.loads(scanned.loci.read_text())["loci"][-1]["lead_variant"]
    lines = scanned.cohort.bed.with_suffix(".bim").read_text().splitlines()
    kept = [n for n, line in enumerate(lines) if line.split("\t")[1] != lead]
    write_bed(tmp_path / "o.bed", scanned.cohort.dosage[kept])
    (tmp_path / "o.bim").write_text("".join(lines[n] + "\n" for n in kept))
    with pytest.raises(InputError, match=f"lacks the lead variant {lead}"):
        run_report(
            scanned.statistics, scanned.loci, tmp_path / "r.html",
            options=ReportOptions(genotypes=tmp_path / "o.bed"),
        )  # fmt: skip


def test_an_unfinished_scan_says_how_much_is_done(scanned, tmp_path):
    truth = write_statistics(tmp_path / "s.h5", done=0.75)
    with pytest.raises(IncompleteFile, match="3 of 4 blocks"):
        run_report(truth.path, scanned.loci, tmp_path / "r.html")


def test_loci_of_another_scan_are_refused(scanned, tmp_path):
    truth = write_statistics(tmp_path / "s.h5")
    with pytest.raises(InputError, match="was made from another statistics file"):
        run_report(truth.path, scanned.loci, tmp_path / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["s.h5"]


def test_outputs_are_not_replaced_unasked(scanned, tmp_path):
    output = tmp_path / "r.html"
    output.write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        run_report(scanned.statistics, scanned.loci, output)
    assert output.read_text() == "mine"
    with pytest.raises(OptionError, match="input of loci"):
        run_report(scanned.statistics, scanned.loci, scanned.loci, overwrite=True)
    with pytest.raises(OutputError, match="does not exist"):
        run_report(scanned.statistics, scanned.loci, tmp_path / "no" / "r.html")
    with pytest.raises(OutputError, match="is no folder"):
        run_report(scanned.statistics, scanned.loci, tmp_path / "a.html", figures=output)


def test_options_are_checked():
    with pytest.raises(OptionError, match="--regional is -1"):
        ReportOptions(regional=-1)
    with pytest.raises(OptionError, match="without --genotypes"):
        ReportOptions(keep="k.txt")

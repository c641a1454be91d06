"""What the methods say of the tests, held against the files."""

from types import SimpleNamespace

import numpy as np
import pytest

from igwas.association.project import project
from igwas.association.statistics_file import open_statistics
from igwas.association.weights import read_weights
from igwas.loci.run import run_loci
from igwas.report.gathered import gather
from igwas.report.loci_document import read_loci_document
from igwas.report.methods import _variants_tested, methods_paragraph
from igwas.report.options import ReportOptions
from igwas.report.page import _tested_card


def methods_of(statistics, folder):
    """The paragraphs, and what the headlines say of phenotypes."""
    run_loci(statistics, folder / "l.tsv", json_output=folder / "l.json")
    with open_statistics(statistics) as file:
        gathered = gather(file, read_loci_document(folder / "l.json", file), ReportOptions())
        return " ".join(methods_paragraph(gathered)), _tested_card(gathered)


@pytest.mark.parametrize(
    ("total", "tested", "words"),
    [
        (20_000, [10_597], "10,597 of 20,000 variants"),
        (20_000, [20_000], "20,000 variants"),
        (20_000, [10_590, 10_597], "10,590 to 10,597 of 20,000 variants"),
        (20_000, [19_999, 20_000], "19,999 to 20,000 of 20,000 variants"),
        (1, [1], "1 variant"),
    ],
)
def test_how_many_were_tested_of_how_many(total, tested, words):
    gathered = SimpleNamespace(
        statistics=SimpleNamespace(n_variants=total),
        sweep=SimpleNamespace(n_tested=np.array(tested)),
    )
    assert _variants_tested(gathered) == words


def test_a_scan_is_of_its_phenotypes(scanned, tmp_path):
    text, card = methods_of(scanned.statistics, tmp_path)
    with open_statistics(scanned.statistics) as file:
        assert f" variants against {file.n_phenotypes} phenotypes in 900 participants" in text
    assert "omnibus test of all phenotypes together" in text
    assert "combination" not in text
    assert card[0] == "phenotypes tested"


def test_a_projection_is_of_combinations(scanned, tmp_path):
    weights, output = tmp_path / "comb.tsv", tmp_path / "p.h5"
    weights.write_text("phenotype\ta\tb\nmean_dim_000\t1\t0\nmean_dim_001\t1\t2\n")
    project(scanned.statistics, output, lambda file: read_weights(weights, file.phenotype_names))
    text, card = methods_of(output, tmp_path)
    with open_statistics(scanned.statistics) as file:
        n = file.n_phenotypes
    assert " variants against 2 linear combinations in 900 participants" in text
    assert f"The combinations are of {n} phenotypes of a scan (weights comb.tsv)" in text
    assert "omnibus test of all linear combinations together" in text
    assert "smallest p of 2 linear combinations" in text
    assert card[:2] == ("combinations tested", "2")
    assert card[2].endswith(f"effective; of {n} phenotypes scanned")

import json

import numpy as np
import pandas as pd
import pytest

from igwas.association.statistics_file import open_statistics
from igwas.errors import InputError
from igwas.report.loci_document import read_loci_document


@pytest.fixture
def statistics(scanned):
    with open_statistics(scanned.statistics) as file:
        yield file


def test_the_table_is_that_of_the_tsv(scanned, statistics):
    document = read_loci_document(scanned.loci, statistics)
    expected = pd.read_csv(scanned.loci.with_suffix(".tsv"), sep="\t")
    assert document.table["lead_variant"].tolist() == expected["lead_variant"].tolist()
    np.testing.assert_allclose(document.table["log10p"], expected["log10p"], rtol=1e-5)
    assert document.z.shape == (len(expected), statistics.n_phenotypes)
    row = document.table.iloc[0]
    column = statistics.phenotype_index(row["phenotype"])
    assert document.z[0, column] == pytest.approx(row["beta"] / row["se"])
    assert len(document.members[0]) == row["n_variants"]


def spoil(scanned, tmp_path, change):
    document = json.loads(scanned.loci.read_text())
    change(document)
    path = tmp_path / "loci.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format="other"), "has format 'other'; expected 'igwas loci'"),
        (lambda d: d["inputs"]["statistics"].update(digest="0" * 64), "another statistics file"),
        (lambda d: d.pop("inputs"), "lacks a part"),
        (lambda d: d.pop("loci"), "lacks a part"),
        (lambda d: d.pop("eyes"), "lacks a part"),
        (lambda d: d.update(notes={}), "notes is no list"),
        (lambda d: d.update(tests=[]), "which is not listed"),
        (lambda d: d["lambda_gc"]["phenotypes"].pop(), "phenotypes, not"),
        (lambda d: d["loci"][0].pop("phenotypes_at_lead"), "lacks a part"),
        (lambda d: d["loci"][0].update(position="here"), "lacks a part"),
        (lambda d: d["loci"][0].update(n_signals="many"), "lacks a part"),
        (lambda d: d["eyes"]["expected_null_hits"].update(one_eye="few"), "lacks a part"),
        (lambda d: d["eyes"]["negative_control"].update(n_loci=None), "lacks a part"),
        (lambda d: d["loci"][0].update(beta=float("nan")), "NaN is no number"),
        (lambda d: d["loci"][0]["members"].update(r2=[1.0] * 999), "lacks a part"),
    ],
)
def test_a_spoilt_document_is_refused_with_a_reason(scanned, statistics, tmp_path, change, message):
    path = spoil(scanned, tmp_path, change)
    with pytest.raises(InputError, match=message) as error:
        read_loci_document(path, statistics)
    assert "expected" in str(error.value)
    assert "igwas-fast loci" in str(error.value)

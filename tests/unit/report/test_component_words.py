"""What the methods say that dimensions were replaced by, of files that were really made."""

import json
from types import SimpleNamespace

import pytest
from tests.reference.embeddings_fixture import random_rows, write_embeddings

from igwas.phenotypes.from_embeddings import make_phenotypes
from igwas.phenotypes.options import PhenotypeOptions
from igwas.provenance import file_digest
from igwas.report.component_words import SWITZER_GREEN, component_kind, component_sentence
from igwas.report.methods import citations
from igwas.report.photographs import read_photograph_account

BY_EYES = "(minimum noise fraction, Switzer and Green 1984)"


def made(folder, **options):
    """The account of phenotypes made of 5 dimensions."""
    source, output = folder / "embeddings.h5", folder / "phenotypes.h5"
    write_embeddings(source, random_rows(60))
    make_phenotypes(source, output, options=PhenotypeOptions(overwrite=True, **options))
    recorded = {"phenotypes": {"digest": file_digest(output)}}
    scan = SimpleNamespace(attributes={"inputs": json.dumps(recorded)}, is_projection=False)
    return read_photograph_account(output, scan)


def sentence(account):
    return component_sentence(account.options, account.dimensions)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ""),
        ({"components": 3}, "the 3 principal components of largest variance."),
        ({"components": 1}, "the 1 principal component of largest variance."),
        ({"whiten": True}, "all 5 principal components, each scaled to variance 1."),
        (
            {"components": 3, "components_by": "left-right", "measures": ("quality",)},
            "the 3 components in which the two eyes of a person are most correlated "
            f"{BY_EYES}, each scaled to variance 1.",
        ),
        (
            {"components_by": "left-right"},
            "all 5 components in the order of left-right correlation "
            f"{BY_EYES}, each scaled to variance 1.",
        ),
    ],
)
def test_components_are_called_what_they_are(tmp_path, options, words):
    found = sentence(made(tmp_path, **options))
    assert found == (words and f"Dimensions were replaced by {words}")


@pytest.mark.parametrize(
    ("fitted", "words"),
    [
        ({"components": 3}, "3 principal components, of"),
        (
            {"components": 2, "components_by": "left-right"},
            f"2 components by left-right correlation of the two eyes of a person {BY_EYES}, of",
        ),
    ],
)
def test_a_basis_is_known_by_the_names_of_its_components(tmp_path, fitted, words):
    made(tmp_path, save_basis=tmp_path / "eyes.h5", **fitted)
    account = made(tmp_path, basis=tmp_path / "eyes.h5", measures=("quality",))
    expected = f"Dimensions were replaced by {words} a basis that was fitted before (eyes.h5)."
    assert sentence(account) == expected


def test_a_foreign_basis_is_not_given_a_kind():
    options = {"basis": "/there/b.h5"}
    assert component_kind(options, ["axis_1"]) == component_kind(options, []) == "other"
    assert component_kind(options, ["cc_001", "pc_001"]) == "other"
    assert "replaced by components, of a basis" in component_sentence(options, [])


def test_only_what_is_said_is_cited(tmp_path):
    by_eyes = made(tmp_path, components_by="left-right")
    assert SWITZER_GREEN in citations(SimpleNamespace(photographs=by_eyes))
    for other in (made(tmp_path, components=2), None):
        assert SWITZER_GREEN not in citations(SimpleNamespace(photographs=other))

from pathlib import Path

import pytest

from igwas import schema_docs
from igwas.cli import reference

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "render"), [("cli.md", reference.render), ("data-model.md", schema_docs.render)]
)
def test_generated_pages_are_current(page, render):
    assert (DOCS / page).read_text() == render(), "run `make docs` and commit the result"

from pathlib import Path

import click
import pytest

from igwas import python_docs, schema_docs
from igwas.cli import reference
from igwas.cli.main import COMMANDS, cli

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(autouse=True)
def fresh_help_options():
    """A command keeps the help option of its first use, which may have been another test's."""
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        command._help_option = None


@pytest.mark.parametrize(
    ("page", "render"),
    [
        ("cli.md", reference.render),
        ("data-model.md", schema_docs.render),
        ("python.md", python_docs.render),
    ],
)
def test_generated_pages_are_current(page, render):
    assert (DOCS / page).read_text() == render(), "run `make docs` and commit the result"

"""Write the pages of docs/ that follow from the code: `make docs`."""

from pathlib import Path

from igwas import python_docs, schema_docs
from igwas.cli import reference

DOCS = Path(__file__).resolve().parent

schema_docs.write(DOCS / "data-model.md")
reference.write(DOCS / "cli.md")
python_docs.write(DOCS / "python.md")

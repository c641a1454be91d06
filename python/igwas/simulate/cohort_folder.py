"""The folder of a simulated cohort: made, and written by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from igwas.errors import OutputError
from igwas.sole_writer import require_folder, sole_writer

DESCRIPTION = "cohort.json"


@contextmanager
def sole_cohort_writer(folder: Path) -> Iterator[None]:
    """Make the folder and hold its lock: two runs in one folder would mix their files.

    Raises
    ------
    OutputError
        If the folder cannot be made, or another process writes it.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected a folder. Choose another name.")
    require_folder(folder)
    folder.mkdir(exist_ok=True)
    with sole_writer(folder / DESCRIPTION):
        yield

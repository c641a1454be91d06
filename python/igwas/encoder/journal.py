"""The log of a run: a CSV that a resumed run continues without gap or repeat, and TensorBoard."""

import csv
import importlib
import logging
from pathlib import Path
from typing import Any

from igwas.whole_file import whole_file

COLUMNS = (
    "step",
    "epoch",
    "learning_rate",
    "loss",
    "alignment",
    "uniformity",
    "effective_rank",
    "spread",
    "validation_top1",
    "validation_top5",
    "validation_map",
    "validation_people",
    "seconds",
)

_log = logging.getLogger("igwas")


class Journal:
    """Rows of `log.csv`, each also a point in TensorBoard where that is installed.

    Parameters
    ----------
    folder : Path
        Of the run.
    first_step : int
        Rows of later steps are dropped: the run they are of was stopped before its checkpoint.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        self._path = folder / "log.csv"
        rows = read_journal(self._path)
        self._rows = [row for row in rows if int(row["step"]) <= first_step]
        self._write()
        self._board = _open_board(folder, first_step)

    def add(self, values: dict[str, float]) -> None:
        """Add a row; columns it lacks stay empty."""
        self._rows.append({name: _text(values.get(name)) for name in COLUMNS})
        self._write()
        if self._board is not None:
            for name, value in values.items():
                if name != "step":
                    self._board.add_scalar(name, value, int(values["step"]))
            self._board.flush()

    def _write(self) -> None:
        with whole_file(self._path) as partial, partial.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(self._rows)

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self._board is not None:
            self._board.close()


def read_journal(path: Path) -> list[dict[str, str]]:
    """Rows of a log; none if there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _open_board(folder: Path, first_step: int) -> Any:
    try:
        module = importlib.import_module("torch.utils.tensorboard")
    except ImportError:
        _log.info("tensorboard is not installed: the log is %s alone", folder / "log.csv")
        return None
    return module.SummaryWriter(str(folder / "tensorboard"), purge_step=first_step + 1)

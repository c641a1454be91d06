"""What an audit leaves on disk: numbers as JSON, figures and neighbour sheets as PNG."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.embeddings import figures as plots
from igwas.embeddings.audit_report import AuditReport
from igwas.embeddings.neighbours import Neighbours, chosen_queries, nearest_neighbours
from igwas.errors import OptionError, OutputError
from igwas.images.images_file import ImagesFile
from igwas.sole_writer import refuse_existing, refuse_inputs, refuse_special, require_folder
from igwas.whole_file import whole_file

FIGURES = ("retrieval.png", "agreement.png", "spectrum.png", "explained.png")
SHEETS = ("neighbours_random.png", "neighbours_worst.png")
_SHEET_TITLES = {
    "random": "What the encoder finds alike: people at random",
    "worst": "What the encoder finds alike: people whose other eye it finds worst",
}
_THUMBNAIL_PX = 128


@dataclass(frozen=True)
class SheetSource:
    """What neighbour sheets are drawn from.

    Parameters
    ----------
    images : ImagesFile
    rows : int64 (2 * people,)
        Rows of the photographs in it: left eyes, then right eyes.
    image_id : object (2 * people,)
    left, right : float64 (people, dimensions)
    ranks : int64 (directions, people)
        Of the mates.
    n_queries, seed : int
        Rows of a sheet, and the seed of the random one.
    """

    images: ImagesFile
    rows: npt.NDArray[np.int64]
    image_id: npt.NDArray[np.object_]
    left: npt.NDArray[np.float64]
    right: npt.NDArray[np.float64]
    ranks: npt.NDArray[np.int64]
    n_queries: int
    seed: int

    def sheets(self) -> Iterator[tuple[str, Any]]:
        """File name and figure of each sheet."""
        for name, people in chosen_queries(self.ranks, self.n_queries, self.seed):
            found = nearest_neighbours(self.left, self.right, people)
            shown = np.column_stack([found.query, found.mate, found.nearest])
            pictures = np.stack([[self._thumbnail(at) for at in row] for row in shown])
            labels = self._labels(found, people)
            yield (
                f"neighbours_{name}.png",
                plots.neighbour_sheet(pictures, labels, _SHEET_TITLES[name]),
            )

    def _thumbnail(self, at: int) -> npt.NDArray[np.uint8]:
        row = int(self.rows[at])
        picture = self.images.read(row, row + 1)[0]
        step = max(1, picture.shape[0] // _THUMBNAIL_PX)
        side = picture.shape[0] // step * step
        blocks = picture[:side, :side].reshape(side // step, step, side // step, step, 3)
        return np.asarray(blocks.mean(axis=(1, 3)).round().astype(np.uint8))

    def _labels(self, found: Neighbours, people: npt.NDArray[np.int64]) -> list[list[str]]:
        labels = []
        for query, person in enumerate(people):
            row = [
                str(self.image_id[found.query[query]]),
                f"{found.mate_similarity[query]:.2f}, place {self.ranks[0, person]:,}",
            ]
            row += [
                f"{similarity:.2f}  {self.image_id[at]}"
                for at, similarity in zip(
                    found.nearest[query], found.similarity[query], strict=True
                )
            ]
            labels.append(row)
        return labels


class AuditFiles:
    """The files of one audit, checked before any work and each written whole or not at all.

    Parameters
    ----------
    json_path : Path or str, optional
        Numbers.
    figures : Path or str, optional
        Folder of the figures.
    overwrite : bool
        Replace files that exist.
    """

    def __init__(
        self, json_path: Path | str | None, figures: Path | str | None, *, overwrite: bool
    ) -> None:
        self._json = Path(json_path) if json_path is not None else None
        self._folder = Path(figures) if figures is not None else None
        self._overwrite = overwrite

    def check(self, inputs: dict[str, Path], *, has_images: bool) -> None:
        """Refuse what exists, an input, or a place that cannot be written.

        Raises
        ------
        OutputError, OptionError
        """
        outputs = [self._json] if self._json is not None else []
        if self._folder is not None:
            plots.new_figure(1, 1)  # matplotlib is missed now, not after the work
            if self._folder.exists() and not self._folder.is_dir():
                raise OutputError(
                    f"{self._folder} is a file; expected a folder for figures. Give another name."
                )
            require_folder(self._folder)
            outputs += [self._folder / name for name in FIGURES]
            outputs += [self._folder / name for name in SHEETS] if has_images else []
        for path in outputs:
            self._check_one(path, inputs)

    def _check_one(self, path: Path, inputs: dict[str, Path]) -> None:
        refuse_special(path)
        refuse_inputs(path, inputs, option="--json" if path == self._json else "--figures")
        refuse_existing(path, overwrite=self._overwrite)
        if path == self._json:
            require_folder(path)
        if path == self._json and path.suffix in (".h5", ".hdf5", ".onnx"):
            raise OptionError(
                f"--json is {path}; expected the name of a JSON file. Give for example audit.json."
            )

    def write(self, report: AuditReport, sheets: SheetSource | None = None) -> AuditReport:
        """Write what was asked for; returns the report with the names of what was written."""
        written: list[Path] = []
        if self._json is not None:
            text = json.dumps(report.as_dict(), indent=1, allow_nan=False) + "\n"
            _write_whole(self._json, text.encode())
            written.append(self._json)
        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
            for name, figure in _figures(report, sheets):
                _save(self._folder / name, figure)
                written.append(self._folder / name)
        return dataclasses.replace(report, written=tuple(written))


def _figures(report: AuditReport, sheets: SheetSource | None) -> Iterator[tuple[str, Any]]:
    numbers = report.numbers
    if numbers.retrieval is not None:
        baseline = numbers.colour.histogram.ranks if numbers.colour else None
        yield "retrieval.png", plots.retrieval_curve(numbers.retrieval.ranks, baseline)
    absolute = numbers.absolute
    if np.isfinite(absolute.value).any():
        yield "agreement.png", plots.agreement_plot(absolute.value, absolute.low, absolute.high)
    if np.isfinite(numbers.spread.shares).all():
        yield (
            "spectrum.png",
            plots.spectrum_plot(numbers.spread.shares, numbers.spread.effective_rank),
        )
    if numbers.explained:
        yield (
            "explained.png",
            plots.explained_plot(
                [one.name for one in numbers.explained],
                np.stack([one.cross_validated for one in numbers.explained]),
                np.array([one.total_cross_validated for one in numbers.explained]),
            ),
        )
    if sheets is not None:
        yield from sheets.sheets()


def _save(path: Path, figure: Any) -> None:
    with whole_file(path, can_resume=False) as partial:
        figure.savefig(partial, format="png")


def _write_whole(path: Path, content: bytes) -> None:
    with whole_file(path, can_resume=False) as partial:
        partial.write_bytes(content)

"""`igwas-fast report` from files to a page."""

import logging
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from igwas.association.statistics_file import open_statistics
from igwas.errors import OutputError
from igwas.plots.style import FORMATS, as_svg, save
from igwas.report.cautions import WARNING, cautions
from igwas.report.figures import make_figures
from igwas.report.gathered import Gathered, gather
from igwas.report.loci_document import LEAD, read_loci_document
from igwas.report.options import ReportOptions
from igwas.report.page import InlineFigure, inline_svg, render_page
from igwas.report.regional_views import Surroundings, open_surroundings, regional_views
from igwas.sole_writer import (
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)
from igwas.wording import counted

_log = logging.getLogger("igwas")

Progress = Callable[[int, int], None]

# CSS pixels of an inch.
_PIXELS_PER_INCH = 96

LARGEST_PAGE_BYTES = 10_000_000

_FIGURE_NAME = re.compile(
    r"(manhattan_\w+|miami_eyes|qq_omnibus|qq_phenotypes|lambda|heat_map|locus_\d{3,})"
    r"\.(png|svg|pdf)"
)


@dataclass(frozen=True)
class ReportSummary:
    """What was written."""

    output: Path
    n_bytes: int
    n_figures: int
    n_loci: int
    n_warnings: int
    figures: Path | None

    def describe(self) -> list[str]:
        """Lines for the screen."""
        lines, n_figures = [], counted(self.n_figures, "figure", "figures")
        if self.figures is not None:
            lines.append(f"{self.figures}: {n_figures} as PNG, SVG and PDF")
        parts = [
            counted(self.n_loci, "locus", "loci"),
            n_figures,
            counted(self.n_warnings, "warning", "warnings"),
        ]
        lines.append(f"{self.output}: {', '.join(parts)}, {self.n_bytes / 1e6:.1f} MB")
        return lines


def run_report(
    statistics: Path,
    loci: Path,
    output: Path,
    *,
    figures: Path | None = None,
    options: ReportOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ReportSummary:
    """Make one self-contained page of statistics and loci.

    Parameters
    ----------
    statistics, loci : Path
        statistics.h5, and the JSON that `igwas-fast loci` made of it.
    output : Path
        The page.
    figures : Path, optional
        Folder for every figure as PNG, SVG and PDF.
    options : ReportOptions, optional
    overwrite : bool
    progress : callable(done, total), optional
        Of the pass over the statistics.

    Raises
    ------
    IncompleteFile
        If the scan did not finish.
    InputError
        If files do not belong together, or are not what they should be.
    OutputError
        If an output exists or cannot be written.
    """
    options = options or ReportOptions()
    inputs = {"statistics": statistics, "loci": loci, **options.input_paths()}
    _check_output(output, inputs, overwrite=overwrite)
    _check_folder(figures, overwrite=overwrite)
    with ExitStack() as stack:
        stack.enter_context(sole_writer(output))
        file = stack.enter_context(open_statistics(statistics))
        document = read_loci_document(loci, file)
        surroundings = stack.enter_context(open_surroundings(options, document))
        if surroundings.genes is not None:
            for note in surroundings.genes.elsewhere(file.chromosomes):
                _log.warning("%s", note)
        gathered = gather(file, document, options, progress)
        return _write(gathered, surroundings, output, figures)


def _write(
    gathered: Gathered, surroundings: Surroundings, output: Path, folder: Path | None
) -> ReportSummary:
    views = regional_views(gathered, surroundings)
    inline, files = [], []
    for one in make_figures(gathered, views):
        width, height = (round(_PIXELS_PER_INCH * inch) for inch in one.figure.get_size_inches())
        svg = inline_svg(as_svg(one.figure))
        inline.append(
            InlineFigure(
                one.name, one.title, one.caption, one.alternative, one.section, svg, width, height
            )
        )
        if folder is not None:
            for name in FORMATS:
                files.append((folder / f"{one.name}.{name}", one.figure, name))
    regions = [one.name for one in inline if one.section == "regions"]
    anchors = _anchors(gathered, dict(zip((view.locus for view in views), regions, strict=True)))
    page = render_page(gathered, inline, anchors).encode()
    if len(page) > LARGEST_PAGE_BYTES:
        raise OutputError(
            f"the page would be {len(page) / 1e6:.1f} MB; expected at most "
            f"{LARGEST_PAGE_BYTES / 1e6:.0f} MB. Draw fewer loci: --regional "
            f"{gathered.options.regional // 2}."
        )
    if folder is not None:
        _write_figures(folder, files)
    _replace(output, lambda path: path.write_bytes(page))
    n_warnings = sum(one.level == WARNING for one in cautions(gathered))
    return ReportSummary(
        output, len(page), len(inline), len(gathered.loci.table), n_warnings, folder
    )


def _write_figures(folder: Path, files: list[tuple[Path, Any, str]]) -> None:
    """Write the figures; those of an earlier report that this one lacks would mislead."""
    folder.mkdir(exist_ok=True)
    for path in set(figures_of_a_report(folder)) - {path for path, _, _ in files}:
        path.unlink()
    for path, figure, name in files:
        _replace(path, partial(_save, figure, name))


def _anchors(gathered: Gathered, drawn: dict[int, str]) -> dict[int, str]:
    """Regional plot of each locus: loci of several tests with one lead variant share it."""
    keys = list(gathered.loci.table[LEAD].itertuples(index=False, name=None))
    of_lead = {keys[row]: name for row, name in drawn.items()}
    return {row: of_lead[key] for row, key in enumerate(keys) if key in of_lead}


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    unfinished = path.with_name(path.name + ".partial")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _save(figure: Any, format_name: str, path: Path) -> None:
    save(figure, path, format_name)


def _check_output(output: Path, inputs: dict[str, Path], *, overwrite: bool) -> None:
    refuse_special(output)
    refuse_inputs(output, inputs)
    require_folder(output)
    refuse_existing(output, overwrite=overwrite)


def _check_folder(folder: Path | None, *, overwrite: bool) -> None:
    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is no folder; expected one for figures. Name another.")
    require_folder(folder)
    earlier = figures_of_a_report(folder)
    if earlier and not overwrite:
        raise OutputError(
            f"{earlier[0]} exists, one of {len(earlier):,} figures of a report in {folder}; "
            "expected none. Give --overwrite to replace them, or name another folder."
        )


def figures_of_a_report(folder: Path) -> list[Path]:
    """Figures in a folder that have the names this command gives."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _FIGURE_NAME.fullmatch(path.name))

"""`igwas-fast loci` from files to files."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from igwas.association.statistics_file import open_statistics
from igwas.context import Context, cpu_context
from igwas.errors import OptionError
from igwas.loci.find import LociResult, find_loci
from igwas.loci.genomic_control import lambda_range
from igwas.loci.locus_tests import LocusTest
from igwas.loci.options import LociOptions
from igwas.loci.regions import group_by_region
from igwas.loci.tables import as_json, locus_table, write_json, write_tsv
from igwas.sole_writer import (
    SUFFIXES,
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)
from igwas.whole_file import whole_file
from igwas.wording import counted

Progress = Callable[[int, int], None]
_log = logging.getLogger("igwas")


@dataclass(frozen=True)
class LociSummary:
    """What was written, and the lines that say what was found."""

    output: Path
    json_output: Path | None
    n_loci: int
    lines: list[str]

    def describe(self) -> list[str]:
        """Lines for the screen."""
        also = f", {self.json_output}" if self.json_output else ""
        return [*self.lines, f"{self.output}{also}: {counted(self.n_loci, 'locus', 'loci')}"]


def run_loci(
    statistics: Path,
    output: Path,
    *,
    json_output: Path | None = None,
    options: LociOptions | None = None,
    overwrite: bool = False,
    context: Context | None = None,
    progress: Progress | None = None,
) -> LociSummary:
    """Find the loci of a statistics file and write loci.tsv, and JSON if asked for.

    Parameters
    ----------
    statistics, output : Path
    json_output : Path, optional
    options : LociOptions, optional
    overwrite : bool
    context : Context, optional
    progress : callable(done, total), optional

    Raises
    ------
    OutputError
        If an output exists or cannot be written.
    IgwasError
        As `find_loci`.
    """
    options, context = options or LociOptions(), cpu_context(context, "the search for loci")
    outputs = [output] if json_output is None else [output, json_output]
    _check_outputs(statistics, outputs, options, overwrite=overwrite)
    with ExitStack() as stack:
        for path in outputs:
            stack.enter_context(sole_writer(path))
        file = stack.enter_context(open_statistics(statistics))
        result = find_loci(file, options=options, context=context, progress=progress)
        table = locus_table(result, file)
        writers: list[tuple[Path, Callable[[Path], None]]] = [
            (output, lambda path: write_tsv(path, table))
        ]
        if json_output is not None:
            document = as_json(result, file, table)
            writers.append((json_output, lambda path: write_json(path, document)))
        _write_all(writers)
        lines = describe(result, is_projection=file.is_projection)
    return LociSummary(output, json_output, len(table), lines)


def _check_outputs(
    statistics: Path, outputs: list[Path], options: LociOptions, *, overwrite: bool
) -> None:
    inputs = {"statistics": statistics, **options.input_paths()}
    if len(outputs) == 2:
        _refuse_one_file(*outputs)
    for path, option in zip(outputs, ("--output", "--json"), strict=False):
        refuse_special(path)
        refuse_inputs(path, inputs, option=option)
        require_folder(path)
        refuse_existing(path, overwrite=overwrite)


def _refuse_one_file(output: Path, json_output: Path) -> None:
    """Two paths of one file, or one that is a name the other needs while it is written."""
    table, document = output.resolve(), json_output.resolve()
    if table == document or (table.exists() and document.exists() and table.samefile(document)):
        raise OptionError(
            f"--output {output} and --json {json_output} are the same file; expected two files. "
            "Rename one."
        )
    for one, other in ((table, document), (document, table)):
        if other.parent == one.parent and other.name in [one.name + end for end in SUFFIXES]:
            raise OptionError(
                f"an output is named {other.name}, which is needed while {one.name} is written; "
                "expected another name. Rename one."
            )


def _write_all(writers: list[tuple[Path, Callable[[Path], None]]]) -> None:
    """Write every file before the first gets its name: all are there, or none."""
    with ExitStack() as stack:
        for path, write in writers:
            write(stack.enter_context(whole_file(path, can_resume=False)))


def describe(result: LociResult, *, is_projection: bool = False) -> list[str]:
    """Lines that say what was found, and what it is worth.

    Parameters
    ----------
    result : LociResult
    is_projection : bool
        Whether the statistics are of `igwas-fast project`, which no conditional analysis can be of.
    """
    middle, smallest, largest = lambda_range(result.candidates.lambda_gc[result.columns])
    lines = [
        *result.notes,
        f"{counted(len(result.columns), 'phenotype', 'phenotypes')} tested, "
        f"{result.n_effective:.1f} effective; lambda GC {middle:.3f} (median), {smallest:.3f} to "
        f"{largest:.3f}",
    ]
    for test in result.tests:
        n_loci = sum(locus.test is test for locus in result.loci)
        if test.kind == "phenotype" and not n_loci:
            continue
        shown = ""
        if test.kind == "omnibus":
            shown = f", lambda GC {result.candidates.omnibus_lambda_gc[test.mask]:.3f}"
        lines.append(
            f"{test.name}: {_loci_and_variants(n_loci, test.n_significant)} at p < {test.p:.2g}"
            f"{_describe_conditional(result, test)}{shown}"
        )
    return [*lines, *_describe_neighbours(result, is_projection), *_describe_eyes(result)]


def _loci_and_variants(n_loci: int, n_variants: int) -> str:
    return f"{counted(n_loci, 'locus', 'loci')}, {counted(n_variants, 'variant', 'variants')}"


def _describe_neighbours(result: LociResult, is_projection: bool) -> list[str]:
    """Loci close to another may be its shadow; only conditional analysis can tell."""
    if result.options.phenotypes is not None:
        return []
    regions = group_by_region(result.loci, round(1000 * result.options.condition_kb))
    n_close = sum(len(region) for region in regions if len(region) > 1)
    if not n_close:
        return []
    advice = (
        "a projection has no conditional analysis, for which scan the combination itself with "
        "igwas-fast assoc"
        if is_projection
        else "give --genotypes and --phenotypes for conditional analysis"
    )
    return [
        f"{n_close:,} loci lie within {result.options.condition_kb:g} kb of another of the same "
        f"test and may be explained by it: {advice}"
    ]


def _describe_conditional(result: LociResult, test: LocusTest) -> str:
    own = [one for one in result.loci if one.test is test and one.log10p_conditional is not None]
    if not own:
        return ""
    n_left = sum(bool(locus.signals) for locus in own)
    n_signals = sum(len(locus.signals) for locus in own)
    signals = counted(n_signals, "independent signal", "independent signals")
    return f", {counted(n_left, 'locus', 'loci')} with {signals}"


def _describe_eyes(result: LociResult) -> list[str]:
    lines = []
    if result.pairs is not None:
        pairs = result.pairs
        n_tested = result.candidates.n_tested
        n_variants = int(np.minimum(n_tested[pairs.left], n_tested[pairs.right]).max())
        expected = pairs.expected_null_hits(result.options.p, n_variants)
        middle = lambda_range(pairs.correlation)[0]
        lines.append(
            f"left-right correlation {middle:.2f} (median): by chance, "
            f"both eyes agree at p < {result.options.p:.2g} in {expected['both_eyes']:.2g} of "
            f"{len(pairs.dimensions) * n_variants:,} tests, one eye in {expected['one_eye']:.2g}"
        )
    if result.control:
        control = result.control
        lines.append(
            f"left minus right (negative control): lambda GC {control['lambda_median']:.3f} "
            "(median), "
            f"{_loci_and_variants(control['n_loci'], control['n_significant_variants'])} "
            f"at p < {control['p']:.2g}"
        )
    return lines

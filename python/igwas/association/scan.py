"""The scan from files to statistics.h5: plan, lay out or resume, run block by block, finish."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from igwas import _core
from igwas.association import statistics_writer
from igwas.association.account import AccountLine, describe_account
from igwas.association.core_scan import batch_bytes, core_options, make_source
from igwas.association.device import open_device, resolve_gpus
from igwas.association.options import ScanOptions
from igwas.association.plan import ScanPlan, make_plan, refuse_hwe_of_dosages
from igwas.association.reserved_names import refuse_test_names
from igwas.association.scan_layout import Models, create, input_paths, layout_of
from igwas.association.scan_output import can_resume, check_output, is_finished
from igwas.association.statistics_writer import Layout, Paths
from igwas.context import Context, given_context
from igwas.errors import (
    IgwasError,
    InputError,
)
from igwas.genotypes.genotype_file import GenotypeFile, open_genotypes
from igwas.schema import REASONS
from igwas.sole_writer import refuse_inputs, sole_writer
from igwas.whole_file import output_error
from igwas.wording import counted

_log = logging.getLogger("igwas")

_SLAB = 65_536

# Called with the variants done and to do.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ScanSummary:
    """What a scan did.

    Parameters
    ----------
    output : Path
    n_samples, n_variants, n_phenotypes, n_masks : int
        Analysed samples; variants in the file, tested or not.
    reasons : dict of str to int
        Variants by why they were not tested: `tested` if they were in any mask, else the reason of
        the first.
    n_hits : int
        Tests that reached the threshold.
    account : list of AccountLine
        What each step of the selection left out.
    notes : list of str
        How ids were joined, and what else the user should know.
    was_finished : bool
        The run to resume had come to its end before: nothing was scanned.
    """

    output: Path
    n_samples: int
    n_variants: int
    n_phenotypes: int
    n_masks: int
    reasons: dict[str, int]
    n_hits: int
    account: list[AccountLine]
    notes: list[str]
    was_finished: bool = False

    def describe(self) -> list[str]:
        """Lines for the screen: who and what was analysed, what was not tested and why."""
        lines = [*describe_account(self.account), *self.notes]
        for name, count in self.reasons.items():
            meaning = next(text for reason, text in REASONS.values() if reason == name)
            variants = counted(count, "variant", "variants")
            lines.append(f"{variants} {name if name == 'tested' else f'not tested: {meaning}'}")
        masks = f" in {self.n_masks} missingness masks" if self.n_masks > 1 else ""
        lines.append(
            f"{self.output}: {counted(self.n_variants, 'variant', 'variants')} x "
            f"{counted(self.n_phenotypes, 'phenotype', 'phenotypes')}"
            f"{masks}, {self.n_samples:,} samples, {counted(self.n_hits, 'hit', 'hits')}"
        )
        if self.was_finished:
            lines.append(f"{self.output} was finished before: there was nothing to resume")
        return lines


def run_scan(
    genotypes: Path | str,
    phenotypes: Path | str,
    output: Path | str,
    *,
    options: ScanOptions | None = None,
    context: Context | None = None,
    progress: Progress | None = None,
) -> ScanSummary:
    """Test every variant against every phenotype and write statistics.h5.

    Parameters
    ----------
    genotypes : Path
        genotypes.h5, or a PLINK .bed read in place.
    phenotypes : Path
        phenotypes.h5, embeddings.h5, or a table with IID.
    output : Path
        The statistics file. While the scan runs it is `<output>.partial`, a valid HDF5 file.
    options : ScanOptions, optional
    context : Context, optional
    progress : callable(done, total), optional
        Called about ten times a second; an exception it raises stops the scan.

    Returns
    -------
    ScanSummary

    Raises
    ------
    InputError
        If an input cannot be used, or no variant passes the filters.
    OptionError
        If the options contradict each other or the memory limit is too small.
    OutputError
        If the output exists, or cannot be written.
    IncompleteFile
        If an interrupted run is in the way, or was made from other inputs or options.
    DeviceUnavailable
        If the device of the context cannot be used, or counts wrongly.
    """
    options = options or ScanOptions()
    context = resolve_gpus(given_context(context))
    paths = Paths(Path(output))
    check_output(paths, options)
    refuse_inputs(paths.output, input_paths(Path(genotypes), Path(phenotypes), options))
    device = open_device(context)
    with sole_writer(paths.output), open_genotypes(genotypes) as file:
        refuse_hwe_of_dosages(file, options)
        plan = make_plan(file, Path(phenotypes), options)
        refuse_test_names(plan.cohort.names, str(phenotypes))
        if plan.loco is not None:
            named = {f"loco {path.name}": path for path in plan.loco.source_paths}
            refuse_inputs(paths.output, named)
        models = Models(plan)
        layout = layout_of(plan, file)
        n_bytes = batch_bytes(plan, context)
        if options.resume and is_finished(paths, plan):
            summary = _summarise(plan, paths.output, _count_reasons(paths.output))
            return replace(summary, was_finished=True)
        if not (options.resume and can_resume(paths, plan)):
            create(paths, models, layout, file, Path(phenotypes))
        with _a_stop_says_what_is_left(paths):
            try:
                _run(file, models, layout, paths, context, n_bytes, progress, device)
            except OSError as error:
                if str(file.path) in str(error):
                    raise InputError(
                        f"{error.strerror or error}; expected to read the genotypes to their end. "
                        "Check the disk they are on, then go on with --resume."
                    ) from error
                is_kept = bool(_keep_what_is_done(paths))
                raise output_error(paths.output, error, can_resume=is_kept) from error
            except IgwasError:
                if kept := _keep_what_is_done(paths):
                    _log.warning(kept)
                raise
            return _finish(plan, paths, layout, options)


def _finish(plan: ScanPlan, paths: Paths, layout: Layout, options: ScanOptions) -> ScanSummary:
    """Give the file of a scan that is done its name; refuse one without a test."""
    reasons = _count_reasons(paths.partial)
    # A shard may hold rare variants only; the merge needs it all the same.
    if reasons.get("tested", 0) == 0 and options.shard.count == 1:
        paths.discard()
        found = ", ".join(f"{count:,} {name}" for name, count in reasons.items())
        raise InputError(
            f"none of {plan.n_variants:,} variants can be tested ({found}); "
            "expected at least one. Loosen --mac, --maf, --geno, --hwe or --info, "
            "or check the genotypes."
        )
    statistics_writer.finish(paths, layout)
    return _summarise(plan, paths.output, reasons)


@contextmanager
def _a_stop_says_what_is_left(paths: Paths) -> Iterator[None]:
    """Note on Ctrl-C and SIGTERM what is there; nothing is kept of no block."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if not paths.partial.exists():
            stop.add_note(f"{paths.output} is finished")
        else:
            stop.add_note(_keep_what_is_done(paths) or "no block was done, and nothing is kept")
        raise


def _keep_what_is_done(paths: Paths) -> str:
    """What a stopped run keeps, in words; it is removed, and they are empty, if nothing."""
    n_done = int(statistics_writer.read_done(paths.partial).sum())
    if not n_done:
        paths.discard()
        return ""
    blocks = counted(n_done, "block", "blocks")
    return f"{paths.partial} keeps the {blocks} of variants done: go on with --resume"


def _summarise(plan: ScanPlan, output: Path, reasons: dict[str, int]) -> ScanSummary:
    with h5py.File(output, "r") as file:
        n_hits = int(file["/hits/count"][0])
    return ScanSummary(
        output=output,
        n_samples=plan.cohort.n_samples,
        n_variants=plan.n_variants,
        n_phenotypes=len(plan.cohort.names),
        n_masks=len(plan.masks),
        reasons=reasons,
        n_hits=n_hits,
        account=plan.account,
        notes=plan.cohort.notes,
    )


def _run(
    file: GenotypeFile,
    models: Models,
    layout: Layout,
    paths: Paths,
    context: Context,
    n_bytes: int,
    progress: Progress | None,
    device: object | None,
) -> None:
    plan = models.plan
    source = make_source(file)
    sink = statistics_writer.open_sink(paths, layout)
    blocks = plan.segments.blocks
    is_done = statistics_writer.read_done(paths.partial)
    n_before = int(blocks[is_done, 2].sum())
    if n_before:
        _log.info("resuming: %s of %s variants are done", f"{n_before:,}", f"{plan.n_variants:,}")
    for number in range(layout.n_models):
        to_do = blocks[~is_done & (blocks[:, 4] == number)]
        if not len(to_do):
            continue
        _core.scan(
            source=source,
            model=models[number].core,
            source_row=np.ascontiguousarray(plan.variant_rows, dtype=np.int64),
            excluded_reason=plan.excluded_reason,
            blocks=np.ascontiguousarray(to_do[:, :4]),
            options=core_options(plan.options, layout.n_phenotypes, n_bytes),
            sink=sink,
            threads=context.n_threads,
            progress=_reporter(progress, n_before, plan.n_variants),
            device=device,
        )
        n_before += int(to_do[:, 2].sum())


def _reporter(progress: Progress | None, n_before: int, total: int) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda done: progress(n_before + done, total)


def _count_reasons(path: Path) -> dict[str, int]:
    """Variants by reason: tested if any mask is, else why not in the first."""
    counts = np.zeros(256, dtype=np.int64)
    with h5py.File(path, "r") as file:
        reason = file["/variant_statistics/reason"]
        for start in range(0, reason.shape[0], _SLAB):
            part = reason[start : start + _SLAB]
            of_variant = np.where((part == 0).any(axis=1), 0, part[:, 0])
            counts += np.bincount(of_variant, minlength=256)
    return {name: int(counts[code]) for code, (name, _) in REASONS.items() if counts[code]}

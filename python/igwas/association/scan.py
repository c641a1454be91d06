"""The scan from files to statistics.h5: plan, lay out or resume, run block by block, finish."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas import _core
from igwas._codec import ensure_zstd
from igwas.association import statistics_writer
from igwas.association.account import AccountLine, describe_account
from igwas.association.device import PINNED_BYTES, n_workers, open_device, resolve_gpus
from igwas.association.model import Model
from igwas.association.options import ScanOptions
from igwas.association.plan import ScanPlan, make_plan
from igwas.association.statistics_writer import Layout, Paths
from igwas.context import Context
from igwas.errors import (
    IgwasError,
    IncompleteFile,
    InputError,
    OptionError,
    OutputError,
)
from igwas.genotypes.genotype_file import GenotypeFile, open_genotypes
from igwas.provenance import root_attributes
from igwas.schema import REASONS, STATISTICS
from igwas.sole_writer import refuse_inputs, refuse_special, require_folder, sole_writer
from igwas.whole_file import output_error
from igwas.wording import counted

_log = logging.getLogger("igwas")

_SLAB = 65_536
_DEFAULT_BATCH_BYTES = 128 << 20
_SMALLEST_BATCH_BYTES = 1 << 20

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
        Variants by why they were not tested in the first mask, `tested` included.
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
            lines.append(
                f"{count:,} variants {name if name == 'tested' else f'not tested: {meaning}'}"
            )
        masks = f" in {self.n_masks} missingness masks" if self.n_masks > 1 else ""
        lines.append(
            f"{self.output}: {self.n_variants:,} variants x {self.n_phenotypes:,} phenotypes"
            f"{masks}, {self.n_samples:,} samples, {self.n_hits:,} hits"
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
    context = resolve_gpus(context or Context())
    paths = Paths(Path(output))
    _check_output(paths, options)
    refuse_inputs(paths.output, _input_paths(Path(genotypes), Path(phenotypes), options))
    device = open_device(context)
    with sole_writer(paths.output), open_genotypes(genotypes) as file:
        plan = make_plan(file, Path(phenotypes), options)
        if plan.loco is not None:
            named = {f"loco {path.name}": path for path in plan.loco.source_paths}
            refuse_inputs(paths.output, named)
        models = _Models(plan)
        layout = _layout(plan, file)
        batch_bytes = _batch_bytes(plan, context)
        if options.resume and _is_finished(paths, plan):
            summary = _summarise(plan, paths.output, _count_reasons(paths.output))
            return replace(summary, was_finished=True)
        if not (options.resume and _can_resume(paths, plan)):
            _create(paths, models, layout, file, Path(phenotypes))
        with _a_stop_says_what_is_left(paths):
            try:
                _run(file, models, layout, paths, context, batch_bytes, progress, device)
            except OSError as error:
                if str(file.path) in str(error):
                    raise InputError(
                        f"{error.strerror or error}; expected to read the genotypes to their end. "
                        "Check the disk they are on, then go on with --resume."
                    ) from error
                raise output_error(paths.output, error) from error
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
        statistics_writer.discard(paths)
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
        statistics_writer.discard(paths)
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


class _Models:
    """Builds models, and keeps the last: most scans have one, needed both to lay out and to run."""

    def __init__(self, plan: ScanPlan) -> None:
        self.plan = plan
        self._last: tuple[int, Model] | None = None

    def __getitem__(self, number: int) -> Model:
        if self._last is None or self._last[0] != number:
            self._last = None  # before the next is built: each is large
            self._last = (number, self.plan.model(number))
        return self._last[1]


def _check_output(paths: Paths, options: ScanOptions) -> None:
    refuse_special(paths.output)
    require_folder(paths.output)
    if paths.output.exists() and not (options.overwrite or options.resume):
        raise OutputError(
            f"{paths.output} exists; expected a new file. Give --overwrite to replace it."
        )
    if paths.partial.exists() and not (options.overwrite or options.resume):
        raise IncompleteFile(
            f"{paths.partial} was left by an interrupted run; expected none. "
            "Give --resume to go on with it, or --overwrite to start again."
        )


def _can_resume(paths: Paths, plan: ScanPlan) -> bool:
    """Whether a partial file is there; error if it was made from something else."""
    if not paths.partial.exists() or not paths.journal.exists():
        _log.info("nothing to resume at %s: starting from the beginning", paths.partial)
        return False
    _require_same_scan(paths.partial, plan)
    return True


def _is_finished(paths: Paths, plan: ScanPlan) -> bool:
    """Whether the run to resume had come to its end; error if the output is of another scan."""
    # A partial file beside an output was left by --overwrite: that is the run to go on with.
    if not paths.output.exists() or paths.partial.exists():
        return False
    _require_same_scan(paths.output, plan)
    paths.journal.unlink(missing_ok=True)
    return True


def _require_same_scan(path: Path, plan: ScanPlan) -> None:
    try:
        with h5py.File(path, "r") as file:
            found = (str(file.attrs.get("plan_digest")), str(file.attrs.get("shard")))
    except OSError as error:
        raise IncompleteFile(
            f"{path} cannot be read ({error}); expected the file of an interrupted run. "
            "Give --overwrite to start again."
        ) from error
    if found != (plan.digest, str(plan.options.shard)):
        raise IncompleteFile(
            f"{path} was made with other inputs or options; expected the same. "
            "Repeat the first command with --resume, or give --overwrite to start again."
        )


def _input_paths(genotypes: Path, phenotypes: Path, options: ScanOptions) -> dict[str, Path]:
    """Every file of the command line, and what belongs to a .bed, by role."""
    inputs = {"genotypes": genotypes, "phenotypes": phenotypes}
    for suffix in (".bim", ".fam"):
        if genotypes.with_suffix(suffix).exists():
            inputs[f"genotypes ({suffix})"] = genotypes.with_suffix(suffix)
    for role in ("covariates", "keep", "remove", "extract", "exclude", "loco"):
        path = getattr(options, role)
        if path is not None:
            inputs[role] = path
    return inputs


def _layout(plan: ScanPlan, file: GenotypeFile) -> Layout:
    return Layout(
        n_variants=plan.n_variants,
        n_phenotypes=len(plan.cohort.names),
        n_masks=len(plan.masks),
        n_models=len(plan.segments.keys),
        n_blocks=len(plan.segments.blocks),
        has_se=plan.options.missing == "drop",
        has_info=file.has_info,
        has_eyes=True,
    )


def _create(
    paths: Paths, models: _Models, layout: Layout, file: GenotypeFile, phenotypes: Path
) -> None:
    plan = models.plan
    statistics_writer.discard(paths)
    mask_of_phenotype = np.zeros(layout.n_phenotypes, dtype=np.int32)
    for number, mask in enumerate(plan.masks):
        mask_of_phenotype[mask.phenotype_index] = number
    small: dict[str, Any] = {
        "/models/chromosomes": [",".join(group) for group in plan.segments.chromosomes],
        "/phenotypes/name": list(plan.cohort.names),
        "/phenotypes/mask": mask_of_phenotype,
        "/phenotypes/eye": [eye for eye, _ in plan.cohort.labels],
        "/phenotypes/dimension": [dimension for _, dimension in plan.cohort.labels],
        "/progress/block_start": plan.segments.blocks[:, 1],
    }
    dropped: list[str] = []
    for number in range(layout.n_models):
        dropped += models[number].dropped_covariates
        _warn_of_no_omnibus(plan.segments.chromosomes[number], models[number])
        for path, values in _model_arrays(models[number]).items():
            shape = (layout.n_models, *values.shape)
            small.setdefault(path, np.zeros(shape, values.dtype))[number] = values
    attributes = _attributes(plan, file, phenotypes, list(dict.fromkeys(dropped)))
    statistics_writer.create(paths, layout, attributes, small, _variant_slabs(file, plan))


def _warn_of_no_omnibus(chromosomes: tuple[str, ...], model: Model) -> None:
    left = model.n_samples - model.n_covariates - model.omnibus_dof
    for mask in np.flatnonzero((left < 1) & (model.n_samples > 0)):
        _log.warning(
            "chromosomes %s: no omnibus test of mask %d: %d samples, %d covariates, %d phenotypes",
            ",".join(chromosomes), mask, model.n_samples[mask], model.n_covariates[mask],
            model.omnibus_dof[mask],
        )  # fmt: skip


def _model_arrays(model: Model) -> dict[str, NDArray[Any]]:
    return {
        "/models/n_samples": model.n_samples,
        "/models/n_covariates": model.n_covariates,
        "/models/omnibus_dof": model.omnibus_dof,
        "/phenotypes/residual_sum_of_squares": model.residual_sum_of_squares,
        "/phenotypes/degrees_of_freedom": model.degrees_of_freedom,
        "/phenotypes/covariance": model.covariance,
    }


def _attributes(
    plan: ScanPlan, file: GenotypeFile, phenotypes: Path, dropped: list[str]
) -> dict[str, Any]:
    options = plan.options
    inputs = _input_paths(file.path, phenotypes, options)
    return {
        **root_attributes(STATISTICS, inputs=inputs, options=options.result_options()),
        "missing": options.missing,
        "transform": options.transform,
        "hit_threshold": options.hit_log10p,
        "plan_digest": plan.digest,
        "n_genotype_samples": file.n_samples,
        "account": json.dumps(
            [
                {"step": line.step, "n_before": line.n_before, "n_after": line.n_after}
                for line in plan.account
            ]
        ),
        "covariate_names": json.dumps(list(plan.covariate_names)),
        "dropped_covariates": json.dumps(dropped),
        "shard": str(options.shard),
        "first_block": plan.first_block,
        "first_variant": plan.first_row,
    }


def _variant_slabs(file: GenotypeFile, plan: ScanPlan) -> Iterator[pd.DataFrame]:
    """Columns of the chosen variants, some thousands at a time."""
    rows = plan.variant_rows
    for start in range(0, len(rows), _SLAB):
        part = rows[start : start + _SLAB]
        # Chosen rows may lie far apart: read the stretches that hold them, piece by piece.
        frames = []
        for first in range(int(part[0]), int(part[-1]) + 1, _SLAB):
            last = min(first + _SLAB, int(part[-1]) + 1)
            inside = part[(part >= first) & (part < last)] - first
            if len(inside):
                frames.append(file.variants(first, last).iloc[inside])
        slab = pd.concat(frames, ignore_index=True)
        yield slab.assign(model=plan.segments.model_of_row[start : start + len(part)])


def _batch_bytes(plan: ScanPlan, context: Context) -> int:
    """Decoded genotypes a thread may hold, from what --max-memory leaves beside the model."""
    if context.max_memory_bytes is None:
        return _DEFAULT_BATCH_BYTES
    n, k = plan.cohort.values.shape
    width = k + plan.covariates.shape[1] * len(plan.masks)
    n_copies = 4 if plan.options.transform == "none" else 6
    fixed = 8 * n * width * n_copies + (200 << 20)
    workers = n_workers(context)
    fixed += PINNED_BYTES * workers if context.gpus else 0
    left = (context.max_memory_bytes - fixed) // workers
    if left < _SMALLEST_BATCH_BYTES:
        needed = fixed + _SMALLEST_BATCH_BYTES * workers
        raise OptionError(
            f"--max-memory is {context.max_memory_bytes >> 20:,} MiB; expected at least "
            f"{-(-needed >> 20):,} MiB for {n:,} samples and {k:,} phenotypes. "
            "Raise it, or scan fewer phenotypes at a time."
        )
    return int(min(_DEFAULT_BATCH_BYTES, left))


def make_source(file: GenotypeFile) -> Any:
    """The core's reader of a genotype file."""
    chunks = file.chunks
    if chunks.codec == "zstd":
        ensure_zstd()
    return _core.file_source(
        path=str(chunks.path),
        encoding=str(chunks.encoding),
        n_variants=chunks.n_variants,
        n_samples=chunks.n_samples,
        row_bytes=chunks.row_bytes,
        rows_per_chunk=chunks.rows_per_chunk,
        is_zstd=chunks.codec == "zstd",
        offset=np.ascontiguousarray(chunks.offset, dtype=np.uint64),
        size=np.ascontiguousarray(chunks.size, dtype=np.uint64),
        crc32c=np.zeros(0, np.uint32) if chunks.crc32c is None else chunks.crc32c,
    )


def core_options(options: ScanOptions, n_phenotypes: int, batch_bytes: int) -> Any:
    """The core's form of the options."""
    return _core.ScanOptions(
        drops_missing=options.missing == "drop",
        mac=options.mac,
        maf=options.maf,
        geno=options.geno,
        hwe_log10p=-float(np.log10(options.hwe)) if options.hwe > 0 else float("inf"),
        hit_log10p=options.hit_log10p,
        n_phenotypes=n_phenotypes,
        batch_bytes=batch_bytes,
        is_full=options.precision == "full",
    )


def _run(
    file: GenotypeFile,
    models: _Models,
    layout: Layout,
    paths: Paths,
    context: Context,
    batch_bytes: int,
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
            options=core_options(plan.options, layout.n_phenotypes, batch_bytes),
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
    """Variants by reason; tested if any mask is."""
    counts = np.zeros(256, dtype=np.int64)
    with h5py.File(path, "r") as file:
        reason = file["/variant_statistics/reason"]
        for start in range(0, reason.shape[0], _SLAB):
            counts += np.bincount(reason[start : start + _SLAB].min(axis=1), minlength=256)
    return {name: int(counts[code]) for code, (name, _) in REASONS.items() if counts[code]}

"""From a folder or a manifest of photographs to images.h5."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from igwas._version import __version__
from igwas.context import Context, cpu_context
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError
from igwas.images.account import ImagesSummary
from igwas.images.duplicates import find_duplicates
from igwas.images.eye_pairs import find_same_eye
from igwas.images.fingerprint import WORDS
from igwas.images.images_writer import measure_values, write_images
from igwas.images.imaging_libraries import pillow
from igwas.images.journal import Journal
from igwas.images.measures import MEASURES
from igwas.images.one_photograph import Task, process_one
from igwas.images.options import ImagesOptions
from igwas.images.preprocessing_version import PREPROCESSING_VERSION
from igwas.images.source_list import Source, SourceList, list_sources
from igwas.images.vessel_network import VesselNetwork
from igwas.images.worker_pool import WorkerDied, run_each
from igwas.provenance import root_attributes
from igwas.schema import IMAGES
from igwas.sole_writer import (
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)
from igwas.wording import counted

Progress = Callable[[int, int], None]


def process_photographs(
    source: Path | str,
    output: Path | str,
    *,
    options: ImagesOptions | None = None,
    context: Context | None = None,
    progress: Progress | None = None,
) -> ImagesSummary:
    """Find the disc of every photograph, crop, judge and store it.

    The result does not depend on the number of threads, and a run that was killed and resumed
    gives the file of an undisturbed one.

    Parameters
    ----------
    source : Path or str
        Folder of photographs, or a manifest (.csv, .tsv, .txt) with columns path and
        participant_id, and perhaps eye, visit, image_id; further columns are kept as metadata.
    output : Path or str
        images.h5 to write.
    options : ImagesOptions, optional
        Size, views, resume, overwrite.
    context : Context, optional
        Worker processes (`threads`); with 1 no process is started. A script that uses more must
        guard its main part by `if __name__ == "__main__":`.
    progress : callable, optional
        Called with photographs done and photographs in all.

    Returns
    -------
    ImagesSummary

    Raises
    ------
    InputError
        If no photograph gives an image, or the manifest cannot be used.
    OutputError
        If the output cannot or must not be written.
    IncompleteFile
        If an interrupted run is there and neither `resume` nor `overwrite` was given, or it had
        other options.
    OptionError
        If the context asks for a device: this runs on the CPU.
    """
    source, output = Path(source), Path(output)
    options = options or ImagesOptions()
    context = cpu_context(context, "the reading of photographs")
    pillow()  # said before any work, if it is missing
    network = _checked_network(options)
    _check_output(output, options)
    found = list_sources(source)
    if source.is_file():
        refuse_inputs(output, {"photographs": source})
    if network is not None:
        refuse_inputs(output, {"vessel network": network[0]})
    _refuse_photographs(output, found)
    with sole_writer(output):
        _check_leftover(output, options)
        return _run(source, found, output, options, network, context, progress)


def _checked_network(options: ImagesOptions) -> tuple[Path, str] | None:
    """The vessel network's file and digest, once it has drawn a black crop."""
    if options.vessel_network is None:
        return None
    network = VesselNetwork(options.vessel_network)
    shape = (options.size_px, options.size_px)
    network(np.zeros((*shape, 3), np.uint8), np.ones(shape, np.bool_))
    return options.vessel_network, network.digest


def _partial(output: Path) -> Path:
    return output.with_name(output.name + ".partial")


def _check_output(output: Path, options: ImagesOptions) -> None:
    refuse_special(output)
    require_folder(output)
    refuse_existing(output, overwrite=options.overwrite)


def _check_leftover(output: Path, options: ImagesOptions) -> None:
    if _partial(output).exists() and not (options.resume or options.overwrite):
        raise IncompleteFile(
            f"{_partial(output)} was left by an interrupted run; expected none. "
            "Give --resume to go on with it, or --overwrite to start again."
        )


def _refuse_photographs(output: Path, found: SourceList) -> None:
    # By name: comparing inodes of every photograph would cost a disk access for each.
    names = {output.resolve(), _partial(output).resolve()}
    for source in found.sources:
        if source.path.name in (output.name, _partial(output).name) and (
            source.path.resolve() in names
        ):
            raise OptionError(
                f"--output is {output}, which would replace a photograph; expected another file. "
                "Choose another name."
            )


def _run(
    source: Path,
    found: SourceList,
    output: Path,
    options: ImagesOptions,
    network: tuple[Path, str] | None,
    context: Context,
    progress: Progress | None,
) -> ImagesSummary:
    partial, creating = _partial(output), output.with_name(output.name + ".creating")
    try:
        settings = _settings(options, network)
        with Journal(partial, settings, resume=options.resume) as journal:
            work = _Work(found, journal, options, network)
            work.run(context, progress)
            if work.rows:
                summary, duplicate_of, same_eye_as = _summarise(output, found, work)
                write_images(
                    creating, journal, work.rows, size_px=options.size_px, views=options.views,
                    skipped=summary.skipped, metadata_names=found.metadata_names,
                    duplicate_of=duplicate_of, same_eye_as=same_eye_as,
                    attributes=_attributes(source, options, network),
                )  # fmt: skip
                _publish(creating, output)
        partial.unlink()
    except OSError as error:
        raise OutputError(
            f"{output} cannot be written ({(error.strerror or str(error)).lower()}); expected room "
            "for twice the result. Make space, then run the same command again with --resume."
        ) from error
    except KeyboardInterrupt as stop:
        stop.add_note(f"{partial} keeps the photographs done: go on with --resume")
        raise
    finally:
        creating.unlink(missing_ok=True)
    if not work.rows:
        raise InputError(_nothing(source, found, work))
    return summary


def _settings(options: ImagesOptions, network: tuple[Path, str] | None) -> dict[str, Any]:
    """What decides a photograph's row; a run is only resumed with the same."""
    settings = {
        "format": "igwas images journal 1", "igwas_version": __version__,
        "preprocessing_version": PREPROCESSING_VERSION, "size_px": options.size_px,
        "views": list(options.views), "measures": list(MEASURES),
    }  # fmt: skip
    return settings if network is None else settings | {"vessel_network": network[1]}


class _Work:
    """The photographs, done and to be done.

    Parameters
    ----------
    found : SourceList
    journal : Journal
        Keeps what is done; photographs it has already are not done again.
    options : ImagesOptions
    network : (Path, str), optional
        File and digest of the vessel network.
    """

    def __init__(
        self,
        found: SourceList,
        journal: Journal,
        options: ImagesOptions,
        network: tuple[Path, str] | None,
    ) -> None:
        self.journal = journal
        self.options = options
        self.network = network
        self.keyed = [(source, _key(source)) for source in found.sources]
        self.todo = [(source, key) for source, key in self.keyed if key not in journal.entries]
        self.failed: dict[str, str] = {}

    @property
    def n_resumed(self) -> int:
        """Photographs that the journal had."""
        return len(self.keyed) - len(self.todo)

    @property
    def rows(self) -> list[tuple[Source, str]]:
        """Photographs that gave an image, in order."""
        return [(source, key) for source, key in self.keyed if key in self.journal.entries]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Path and reason of those that gave none, in order."""
        return [(str(source.path), self.failed[key])
                for source, key in self.keyed if key in self.failed]  # fmt: skip

    def run(self, context: Context, progress: Progress | None) -> None:
        """Do all that is to be done."""
        tasks = (Task(source.path, source.eye, self.options.size_px, self.options.views,
                      self.network) for source, _ in self.todo)  # fmt: skip
        n_workers = max(1, min(context.n_threads, len(self.todo)))
        results = run_each(process_one, tasks, n_workers)
        for done, ((_, key), (_, result)) in enumerate(zip(self.todo, results, strict=True), 1):
            if isinstance(result, WorkerDied):
                self.failed[key] = (
                    "its process was killed: out of memory, or it crashes the decoder"
                )
            elif result.reason:
                self.failed[key] = result.reason
            else:
                self.journal.append(key, result.header, result.arrays)
            if progress is not None:
                progress(self.n_resumed + done, len(self.keyed))


def _key(source: Source) -> str:
    """Changes with the file's name, length and time, and with the eye, which decides mirroring."""
    try:
        status = os.stat(source.path)  # noqa: PTH116 - a name may hold what Path refuses
        version = [status.st_size, status.st_mtime_ns]
    except (OSError, ValueError):
        version = []
    return json.dumps([str(source.path), *version, source.eye])


def _summarise(
    output: Path, found: SourceList, work: _Work
) -> tuple[ImagesSummary, list[str], list[str]]:
    """The account, and the image_id that each photograph repeats, or shows the same eye as."""
    sources = [source for source, _ in work.rows]
    headers = [work.journal.entries[key][0] for _, key in work.rows]
    prints = np.array([header["fingerprint"] for header in headers], np.uint64).reshape(-1, WORDS)
    first = find_duplicates([h["digest"] for h in headers], prints)
    pairs = [(later, int(earlier)) for later, earlier in enumerate(first) if earlier >= 0]
    measures = measure_values(headers)
    agrees = measures[:, list(MEASURES).index("laterality_agrees")]
    no_rim = measures[:, list(MEASURES).index("rim_share")] == 0
    reasons = Counter(
        part for header in headers if (text := header["grade_reason"]) for part in text.split("; ")
    )
    same_eye = find_same_eye(sources, agrees, prints)
    summary = ImagesSummary(
        output,
        n_images=len(sources),
        n_participants=len({source.participant_id for source in sources}),
        eyes=Counter(source.eye for source in sources),
        grades=Counter(str(header["grade"]) for header in headers),
        reasons=reasons,
        skipped=found.skipped + work.failures,
        n_other_files=found.n_other_files,
        unrecognised=found.unrecognised,
        duplicates=_ids(sources, pairs),
        mixed_duplicates=_ids(sources, [pair for pair in pairs if _differ(sources, *pair)]),
        same_eye=_ids(sources, same_eye),
        wrong_side=[sources[row].image_id for row in np.flatnonzero(agrees == 0)],
        no_rim=[sources[row].image_id for row in np.flatnonzero(no_rim)],
        n_resumed=work.n_resumed,
    )
    misnamed = dict(
        (left, right) if agrees[left] == 0 else (right, left) for left, right in same_eye
    )
    return (
        summary,
        [sources[row].image_id if row >= 0 else "" for row in first],
        [sources[misnamed[row]].image_id if row in misnamed else "" for row in range(len(sources))],
    )


def _ids(sources: list[Source], pairs: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [(sources[later].image_id, sources[earlier].image_id) for later, earlier in pairs]


def _differ(sources: list[Source], later: int, earlier: int) -> bool:
    one, other = sources[later], sources[earlier]
    return (one.participant_id, one.eye) != (other.participant_id, other.eye)


def _attributes(
    source: Path, options: ImagesOptions, network: tuple[Path, str] | None
) -> dict[str, Any]:
    # The photographs' own digests stand in /source_digest.
    inputs = {"manifest": source} if source.is_file() else {}
    return root_attributes(
        IMAGES,
        inputs=inputs if network is None else inputs | {"vessel_network": network[0]},
        options={"source": str(source), "size_px": options.size_px, "views": options.views},
    ) | {
        "preprocessing_version": PREPROCESSING_VERSION, "size_px": options.size_px,
        "vessel_network_digest": network[1] if network else "",
    }  # fmt: skip


def _publish(creating: Path, output: Path) -> None:
    descriptor = os.open(creating, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    creating.replace(output)


def _nothing(source: Path, found: SourceList, work: _Work) -> str:
    failures = found.skipped + work.failures
    path, reason = failures[0]
    return (
        f"none of {counted(len(failures), 'photograph', 'photographs')} of {source} gives an image "
        f"(first: {path}: "
        f"{reason}); expected at least one. Check the folder or the manifest."
    )

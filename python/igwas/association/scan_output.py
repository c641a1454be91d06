"""What lies where a scan will write: nothing, a run to go on with, or what must not be touched."""

import logging
from pathlib import Path

import h5py

from igwas.association.options import ScanOptions
from igwas.association.plan import ScanPlan
from igwas.association.statistics_writer import Paths
from igwas.errors import IncompleteFile
from igwas.sole_writer import refuse_existing, refuse_special, require_folder

_log = logging.getLogger("igwas")


def check_output(paths: Paths, options: ScanOptions) -> None:
    """Refuse to begin where something is in the way.

    Raises
    ------
    OutputError
        If the output exists, or its folder does not.
    IncompleteFile
        If an interrupted run was left there.
    """
    refuse_special(paths.output)
    require_folder(paths.output)
    may_be_there = options.overwrite or options.resume
    refuse_existing(paths.output, overwrite=may_be_there)
    if paths.partial.exists() and not may_be_there:
        raise IncompleteFile(
            f"{paths.partial} was left by an interrupted run; expected none. "
            "Give --resume to go on with it, or --overwrite to start again."
        )


def can_resume(paths: Paths, plan: ScanPlan) -> bool:
    """Whether a partial file is there.

    Raises
    ------
    IncompleteFile
        If it was made from something else.
    """
    if not paths.partial.exists() or not paths.journal.exists():
        _log.info("nothing to resume at %s: starting from the beginning", paths.partial)
        return False
    _require_same_scan(paths.partial, plan)
    return True


def is_finished(paths: Paths, plan: ScanPlan) -> bool:
    """Whether the run to resume had come to its end.

    Raises
    ------
    IncompleteFile
        If the output is of another scan.
    """
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

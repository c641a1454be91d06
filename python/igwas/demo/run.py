"""Run the demo: one command after the other, and the loci beside what was planted."""

import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.context import Context, cpu_context
from igwas.demo.child import run_child
from igwas.demo.effects import compare_effects
from igwas.demo.journal import NAME, PARTIAL, Finished, Journal
from igwas.demo.made_files import describe_made, find_altered
from igwas.demo.options import DemoOptions
from igwas.demo.stages import Stage, make_stages
from igwas.demo.summary import describe
from igwas.demo.truth import Comparison, compare_with_truth
from igwas.errors import IgwasError, IncompleteFile, OptionError, OutputError
from igwas.sole_writer import require_folder, sole_writer

COMMANDS = "commands.sh"
PLANTED = "planted.tsv"
_log = logging.getLogger("igwas")

Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoResult:
    """What the demo found.

    Parameters
    ----------
    folder : Path
    comparison : Comparison
        Planted variants and loci.
    loci : dict
        loci.json: tests, lambda GC, the negative control.
    effects : dict of str to float
        Slope of estimated on planted effects and the share inside their intervals; empty where
        phenotypes are made of photographs, whose dimensions have no planted effect to compare.
    finished : list of Finished
        The commands and what they cost.
    """

    folder: Path
    comparison: Comparison
    loci: dict[str, Any]
    effects: dict[str, float]
    finished: list[Finished]

    @property
    def report(self) -> Path:
        """The page."""
        return self.folder / "report.html"

    def describe(self) -> list[str]:
        """Lines for the screen."""
        return describe(self.comparison, self.loci, self.effects, self.finished, self.folder)


def run_demo(
    folder: Path | str,
    *,
    options: DemoOptions | None = None,
    context: Context | None = None,
    resume: bool = False,
    overwrite: bool = False,
    say: Say | None = None,
) -> DemoResult:
    """Run every command of the pipeline on a simulated cohort, each in a process of its own.

    Parameters
    ----------
    folder : Path or str
        Where files go; made if its parent exists.
    options : DemoOptions, optional
    context : Context, optional
        Threads.
    resume : bool
        Go on with an interrupted demo: what has finished is not done again, unless a file that it
        made is missing or altered, or a command before it runs again.
    overwrite : bool
        Replace an earlier demo in the folder.
    say : callable(str), optional
        Takes each command and each line that it prints; without it they run with -q.

    Returns
    -------
    DemoResult

    Raises
    ------
    OutputError
        If the folder holds other files, or cannot be made.
    IncompleteFile
        If the folder holds a demo and neither `resume` nor `overwrite` is given, or of other
        options.
    IgwasError
        If a command fails; what it says stands above, and `resume` goes on from there.
    """
    folder, options = Path(folder), options or DemoOptions()
    context = cpu_context(context, "the demo")
    _prepare(folder, resume=resume, overwrite=overwrite)
    stages = make_stages(options)
    with sole_writer(folder / NAME):
        journal = Journal(folder, options, resume=resume)
        _write_commands(folder, stages)
        run_stages(folder, stages, journal, context=context, say=say)
    return read_result(folder, journal.finished)


def run_stages(
    folder: Path,
    stages: Sequence[Stage],
    journal: Journal,
    *,
    context: Context | None = None,
    say: Say | None = None,
) -> None:
    """Run the commands that the journal does not have yet, in the folder.

    One whose files are not those that it made runs again, and so do all after it.

    Parameters
    ----------
    folder : Path
    stages : sequence of Stage
    journal : Journal
    context : Context, optional
    say : callable(str), optional

    Raises
    ------
    IgwasError
        If one fails.
    """
    runner = _Runner(folder, journal, cpu_context(context, "the demo"), say)
    first = next((n for n, stage in enumerate(stages) if not runner.has_finished(stage)), None)
    todo = [] if first is None else stages[first:]
    journal.forget([stage.name for stage in todo])
    for stage in todo:
        runner.run(stage)


def _prepare(folder: Path, *, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise OptionError("--resume and --overwrite are both given; expected one. Leave one out.")
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected a folder. Choose another with -o.")
    require_folder(folder)
    if (folder / NAME).exists() and not (resume or overwrite):
        raise IncompleteFile(
            f"{folder} holds a demo; expected a new folder. Give --resume to go on with it or to "
            "see its results, --overwrite to start again, or another folder with -o."
        )
    if folder.exists() and not (folder / NAME).exists() and _has_others(folder):
        raise OutputError(
            f"{folder} holds other files and no demo; expected a new or an empty folder. "
            "Choose another with -o."
        )
    folder.mkdir(exist_ok=True)


def _has_others(folder: Path) -> bool:
    """Whether it holds more than what a demo leaves that found no room for its account."""
    return any(path.name not in {PARTIAL, NAME + ".lock"} for path in folder.iterdir())


def _write_commands(folder: Path, stages: list[Stage]) -> None:
    lines = ["# The commands of the demo; run them in this folder.", "set -eu"]
    (folder / COMMANDS).write_text("\n".join([*lines, *(s.command() for s in stages)]) + "\n")


class _Runner:
    """Runs what has not finished.

    Parameters
    ----------
    folder : Path
    journal : Journal
    context : Context
    say : callable(str), optional
    """

    def __init__(self, folder: Path, journal: Journal, context: Context, say: Say | None) -> None:
        self._folder, self._journal, self._context = folder, journal, context
        self._say = say
        self._done = {one.stage: one for one in journal.finished}
        self._has_run = False

    def has_finished(self, stage: Stage) -> bool:
        """Whether it has, and what it made is there as it was made; says what is not."""
        done = self._done.get(stage.name)
        if done is None or done.command != stage.command():
            return False
        altered = find_altered(self._folder, stage.all_made, done.files)
        if altered:
            self._tell(
                f"{self._folder / altered} is missing or altered since {stage.name} made it: "
                f"{stage.name} and what follows run again"
            )
            return False
        _log.info("%s has finished: not done again", stage.name)
        return True

    def run(self, stage: Stage) -> None:
        """Run a stage."""
        how = self._how(stage)
        further = [*self._threads(stage), *how]
        if self._say is None:
            further.append("-q")
        self._tell(f"$ {stage.command(*further)}")
        self._has_run = True
        self._journal.begin(stage.name, is_over_older="--overwrite" in how)
        start, cpu = time.perf_counter(), _cpu_seconds()
        try:
            status = self._execute([*stage.arguments, *further])
        except KeyboardInterrupt as stop:
            stop.add_note(f"{stage.name} was not finished: the same command with --resume goes on")
            raise
        if status:
            raise IgwasError(
                f"the demo stopped at igwas-fast {stage.arguments[0]} (exit {status}, see above); "
                "expected it to finish. Mend what it says, and give the same demo with --resume to "
                "go on from there."
            )
        seconds, cpu_seconds = time.perf_counter() - start, _cpu_seconds() - cpu
        files = describe_made(self._folder, stage.all_made)
        self._journal.add(
            Finished(stage.name, stage.command(), round(seconds, 1), round(cpu_seconds, 1), files)
        )

    def _tell(self, line: str) -> None:
        if self._say is not None:
            self._say(line)

    def _threads(self, stage: Stage) -> list[str]:
        wanted = self._context.threads
        return ["--threads", str(wanted)] if wanted and stage.has_threads else []

    def _how(self, stage: Stage) -> list[str]:
        """Go on with what was interrupted; replace what an earlier demo left."""
        # Once a command has run, what the later ones left is of other files.
        may_go_on = stage.name == self._journal.interrupted and not self._has_run
        if may_go_on and stage.partial and (self._folder / stage.partial).exists():
            return ["--resume"]
        places = [self._folder / name for name in (*stage.all_made, stage.partial) if name]
        return ["--overwrite"] if any(place.exists() for place in places) else []

    def _execute(self, arguments: list[str]) -> int:
        """Run `igwas-fast`."""
        return run_child([sys.executable, "-m", "igwas", *arguments], self._folder, self._say)


def _cpu_seconds() -> float:
    """Of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_result(folder: Path, finished: list[Finished]) -> DemoResult:
    """Compare the loci in a demo's folder with its truth; writes planted.tsv.

    Parameters
    ----------
    folder : Path
    finished : list of Finished
    """
    comparison = compare_with_truth(folder / "loci.tsv", folder / "cohort" / "truth.tsv")
    comparison.planted.to_csv(folder / PLANTED, sep="\t", index=False, float_format="%.6g")
    loci = json.loads((folder / "loci.json").read_text())
    effects = {}
    if not (folder / "cohort" / "eyes.tsv").exists():
        effects = compare_effects(folder / "statistics.h5", folder / "cohort" / "truth.tsv")
    return DemoResult(folder, comparison, loci, effects, finished)

"""Options that several commands share, each declared once."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.logging import RichHandler

from igwas.context import parse_bytes
from igwas.errors import OptionError

F = TypeVar("F", bound=Callable[..., Any])

# Whether it may be read is found out by reading it: one line and exit 1, as for other bad files.
EXISTING_FILE = click.Path(exists=True, dir_okay=False, readable=False, path_type=Path)


class StatisticsPath(click.Path):
    """statistics.h5; where only an unfinished one is there, the error says how much is done."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Give the path; IncompleteFile (exit 1) if the scan that writes it did not finish."""
        path = Path(value)
        partial = path.with_name(path.name + ".partial")
        if not path.exists() and partial.is_file():
            from igwas.association.statistics_file import refuse_unfinished

            refuse_unfinished(partial, path)
        super().convert(value, param, ctx)
        return path


STATISTICS_FILE = StatisticsPath(exists=True, dir_okay=False, readable=False, path_type=Path)
OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path)

_VERBOSITY = "igwas.verbosity"


class Bytes(click.ParamType[int]):
    """A size such as 8G, given to the command as a number of bytes."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the text; OptionError (exit 2) if it is no size."""
        return value if isinstance(value, int) else parse_bytes(value)


class CommaList(click.ParamType[tuple[str, ...]]):
    """A comma-separated list, given to the command as a tuple of strings."""

    name = "A,B,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at commas; empty items are dropped."""
        if isinstance(value, tuple):
            return value
        return tuple(item.strip() for item in str(value).split(",") if item.strip())


class NumberPair(click.ParamType[tuple[float, float]]):
    """Two numbers with a comma between, given to the command as a tuple."""

    name = "A,B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Read the two; OptionError (exit 2) if they are not two numbers."""
        if isinstance(value, tuple):
            return (float(value[0]), float(value[1]))
        try:
            first, second = (float(word) for word in str(value).split(","))
        except ValueError as error:
            name = f"{param.opts[-1]} is" if param is not None else "the value is"
            raise OptionError(
                f"{name} {value!r}; expected two numbers with a comma between, such as 0.75,1."
            ) from error
        return first, second


class _Once(logging.Filter):
    """A warning of every mask and model is shown the first time only."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show it."""
        text = record.getMessage()
        is_new = record.levelno != logging.WARNING or text not in self._seen
        self._seen.add(text)
        return is_new


def _configure_logging(level: int) -> None:
    logger = logging.getLogger("igwas")
    logger.setLevel(level)
    if not logger.handlers:
        handler = RichHandler(console=Console(stderr=True), show_path=False, show_time=False)
        handler.addFilter(_Once())
        logger.addHandler(handler)


def is_quiet() -> bool:
    """Whether the command that runs was given -q."""
    return bool(click.get_current_context().meta.get(_VERBOSITY, 0) < 0)


def say(lines: Iterable[str]) -> None:
    """Print what a command did, for the person who ran it; nothing with -q."""
    if not is_quiet():
        for line in lines:
            click.echo(line)


def _set_verbosity(ctx: click.Context, param: click.Parameter, value: int) -> int:
    # -q is read before or after -v; whichever was given decides.
    chosen = ctx.meta.get(_VERBOSITY, 0)
    chosen = ctx.meta[_VERBOSITY] = (-1 if param.name == "quiet" else value) if value else chosen
    _configure_logging({-1: logging.ERROR, 0: logging.INFO}.get(chosen, logging.DEBUG))
    return value


def threads_option(function: F) -> F:
    """Add `--threads N`."""
    return click.option(
        "--threads", type=click.IntRange(min=0), default=0, show_default=True,
        help="Worker threads; 0 is all cores.",
    )(function)  # fmt: skip


def overwrite_option(function: F) -> F:
    """Add `--overwrite`."""
    return click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")(
        function
    )


def max_memory_option(function: F) -> F:
    """Add `--max-memory SIZE`, passed as `max_memory_bytes`."""
    return click.option(
        "--max-memory", "max_memory_bytes", type=Bytes(), default=None,
        help="Upper bound for buffers, such as 8G.  [default: what the plan needs]",
    )(function)  # fmt: skip


def verbosity_options(function: F) -> F:
    """Add `-v` and `-q`; they set the level of the `igwas` logger and reach no command."""
    function = click.option(
        "-v", "--verbose", count=True, expose_value=False, is_eager=True,
        callback=_set_verbosity, help="Log more.",
    )(function)  # fmt: skip
    return click.option(
        "-q", "--quiet", is_flag=True, is_eager=True, expose_value=False,
        callback=_set_verbosity, help="Log errors only, and print no account.",
    )(function)  # fmt: skip

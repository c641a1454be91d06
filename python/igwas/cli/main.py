"""The command group: lists the commands in the order of the flow and words every error."""

import contextlib
import importlib
import logging
import os
import sys
from typing import Any

import click

from igwas._version import __version__
from igwas.errors import IgwasError, InputError, OptionError
from igwas.stopping import Terminated, describe_stop, signals_interrupt

# Name of the command -> one line for `--help`; in the order of the flow, not of the alphabet.
COMMANDS: dict[str, str] = {
    "demo": "the main job on a simulated cohort with known answers",
    "images": "photographs -> images.h5: disc found and cropped, quality, laterality",
    "train": "images.h5 -> encoder.pt: contrastive, resumable, on many GPUs with torchrun",
    "export": "encoder.pt -> encoder.onnx, compared on real images before it is written",
    "embed": "photographs or images.h5 + encoder.onnx -> embeddings.h5",
    "audit": "embeddings.h5 -> report card: is it fit for a GWAS?",
    "phenotypes": "embeddings.h5 -> phenotypes.h5",
    "genotypes": ".bed .pgen .bgen .vcf -> genotypes.h5",
    "assoc": "genotypes + phenotypes -> statistics.h5",
    "merge": "shards -> one statistics.h5",
    "project": "statistics.h5 + weights -> GWAS of any combination",
    "loci": "statistics.h5 -> loci.tsv",
    "sumstats": "statistics.h5 -> GWAS-SSF, regenie or plink2 text, Parquet",
    "report": "statistics.h5 + loci.json -> one self-contained report.html",
    "inspect": "describe any file of ours",
    "doctor": "versions, devices, a self-test",
    "bench": "speed and memory beside other programs, answers checked first",
    "simulate": "cohorts with known answers",
}


class _StoppedError(Exception):
    """Carries the KeyboardInterrupt past click."""

    def __init__(self, stop: KeyboardInterrupt) -> None:
        super().__init__()
        self.stop = stop


class PipelineGroup(click.Group):
    """A group that lists commands in pipeline order and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the flow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `igwas.cli.<name>` and take its command of the same name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"igwas.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a run that is stopped is told from what click itself aborts."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            # Click would print an empty line, and lose what the exception says is kept.
            raise _StoppedError(stop) from stop
        except EOFError as error:
            # Click would take it for an interrupt.
            raise _ends_early(error) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List from COMMANDS, so that `--help` imports no command."""
        with formatter.section("Commands, in the order of the flow"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=PipelineGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="igwas-fast")
def cli() -> None:
    """Image-based GWAS: photographs and genotypes in, loci and a report out.

    \b
    Example:
      igwas-fast demo
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit 2 for usage, 1 for bad data, 130, 143 or 129 when stopped."""
    with signals_interrupt():
        status = _run(arguments)
    sys.exit(status)


def _run(arguments: list[str] | None) -> int:
    try:
        status = cli.main(args=arguments, prog_name="igwas-fast", standalone_mode=False)
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except _StoppedError as error:
        status = _report_stop(error.stop)
    except (click.Abort, KeyboardInterrupt) as error:
        # While the command line is read, or its modules are imported.
        cause = error.__cause__ if isinstance(error, click.Abort) else error
        if isinstance(cause, EOFError):
            status = _report(_ends_early(cause), 1)
        else:
            halt = cause if isinstance(cause, KeyboardInterrupt) else KeyboardInterrupt()
            status = _report_stop(halt)
    except OptionError as error:
        status = _report(error, 2)
    except IgwasError as error:
        status = _report(error, 1)
    except BrokenPipeError:
        # The reader of our stdout (head, less) left; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except MemoryError as error:
        status = _report(
            IgwasError(f"out of memory ({error}); expected to fit. Lower --max-memory."), 1
        )
    except OSError as error:
        # The system's words with the file's name: unreadable file, disk full, folder missing.
        status = _report(IgwasError(_system_error(error)), 1)
    return status if isinstance(status, int) else 0


def _ends_early(error: EOFError) -> InputError:
    return InputError(
        f"an input ends early ({str(error).rstrip('.') or 'no more data'}); expected a whole file. "
        "Copy or download the inputs again."
    )


def _report_stop(stop: KeyboardInterrupt) -> int:
    line, status = describe_stop(stop)
    with contextlib.suppress(OSError):  # after SIGHUP the terminal may be gone
        if not isinstance(stop, Terminated) and sys.stderr.isatty():
            click.echo(err=True)  # ends the line of the terminal's ^C
        click.echo(line, err=True)
    return status


def _system_error(error: OSError) -> str:
    name = f"{error.filename}: " if error.filename else ""
    reason = error.strerror or str(error)
    return (
        f"{name}{reason.lower()}; expected to read or write it. "
        "Check the path, its permissions and the free space."
    )


def _report(error: Exception, status: int) -> int:
    logging.getLogger("igwas").debug("cause", exc_info=error)
    click.echo(f"error: {error}", err=True)
    return status

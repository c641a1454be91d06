"""`igwas-fast inspect`."""

import json
from pathlib import Path

import click

from igwas.cli.options import EXISTING_FILE, threads_option, verbosity_options
from igwas.context import Context
from igwas.inspection.describe import describe_file
from igwas.inspection.report import format_description

_EXAMPLE = """\b
Example:
  igwas-fast inspect statistics.h5
  igwas-fast inspect genotypes.h5 --check
"""


@click.command(epilog=_EXAMPLE)
@click.argument("file", type=EXISTING_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Verify every chunk; exit 1 if one is damaged.")
@threads_option
@verbosity_options
@click.pass_context
def inspect(ctx: click.Context, file: Path, as_json: bool, check: bool, threads: int) -> None:
    """Describe any file of ours, or a PLINK .bed.

    Prints what it is, its arrays with axes, units and meaning, who wrote it from what, and what
    its kind is asked about: samples by sex and variants per chromosome of genotypes; progress,
    untested variants and hits of statistics. Exits with 1 if the file is damaged.
    """
    description = describe_file(file, check=check, context=Context(threads=threads))
    if as_json:
        click.echo(json.dumps(description.as_dict(), indent=2))
    else:
        click.echo(format_description(description))
    ctx.exit(0 if description.is_sound else 1)

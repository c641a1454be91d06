"""`igwas-fast doctor`."""

import json

import click

from igwas.cli.options import threads_option, verbosity_options

_EXAMPLE = """\b
Example:
  igwas-fast doctor
  igwas-fast doctor --json
"""


@click.command(epilog=_EXAMPLE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@threads_option
@verbosity_options
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, threads: int) -> None:
    """Print versions and devices, and test the core against a float64 twin.

    Exits with 1 if the test fails.
    """
    from igwas.context import Context
    from igwas.doctor import diagnose

    diagnosis = diagnose(context=Context(threads=threads))
    if as_json:
        click.echo(json.dumps(diagnosis.as_dict(), indent=2))
    else:
        click.echo("\n".join(diagnosis.describe()))
    ctx.exit(0 if diagnosis.is_healthy else 1)

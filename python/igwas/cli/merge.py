"""`igwas-fast merge`: shards -> one statistics.h5."""

from pathlib import Path

import click

from igwas.cli.options import EXISTING_FILE, OUTPUT_FILE, overwrite_option, say, verbosity_options
from igwas.wording import counted

_EXAMPLE = """\b
Example:
  igwas-fast merge shard_*.h5 -o statistics.h5
"""


@click.command(epilog=_EXAMPLE)
@click.argument("shards", type=EXISTING_FILE, nargs=-1, required=True)
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, help="Statistics file to write.")
@overwrite_option
@verbosity_options
def merge(shards: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Join SHARDS, the statistics files of all parts of one scan, in any order."""
    from igwas.association.shards import merge_shards

    summary = merge_shards(shards, output, overwrite=overwrite)
    say(
        [
            f"{summary.output}: {counted(summary.n_variants, 'variant', 'variants')} of "
            f"{counted(summary.n_shards, 'shard', 'shards')}, "
            f"{counted(summary.n_hits, 'hit', 'hits')}"
        ]
    )

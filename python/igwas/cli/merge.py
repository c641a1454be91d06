"""`igwas-fast merge`: shards -> one statistics.h5."""

from pathlib import Path

import click

from igwas.cli.options import EXISTING_FILE, OUTPUT_FILE, overwrite_option, say, verbosity_options

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
            f"{summary.output}: {summary.n_variants:,} variants of {summary.n_shards} shards, "
            f"{summary.n_hits:,} hits"
        ]
    )

"""The page docs/cli.md, written from the help texts of the commands."""

from pathlib import Path

import click

from igwas.cli.main import COMMANDS, cli

_WIDTH = 96
_HEAD = """# Commands

Written from the help texts by `make docs`; change those, not this page.

Commands stand in the order of the flow. Exit status is 0 if all went well, 1 for data that cannot
be used, 2 for options that cannot, 130 when interrupted, 143 when stopped by SIGTERM, 129 when
stopped by SIGHUP. Results go to files and to stdout, messages and progress to stderr.
"""


def render() -> str:
    """Text of the page."""
    pages = [_HEAD]
    group = click.Context(cli, info_name="igwas-fast")
    for name, line in COMMANDS.items():
        command = cli.get_command(group, name)
        assert command is not None
        pages.append(f"## {name}: {line}\n\n```text\n{_help(command, name)}\n```\n")
    return "\n".join(pages)


def _help(command: click.Command, name: str) -> str:
    context = click.Context(
        command,
        info_name=f"igwas-fast {name}",
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        # As the group passes on; a command remembers the names it first showed.
        help_option_names=["-h", "--help"],
    )
    return command.get_help(context).rstrip()


def write(path: Path) -> None:
    """Write the page."""
    path.write_text(render())

import importlib

import click
import pytest

from igwas.cli.main import COMMANDS, cli
from igwas.schema import FILE_KINDS

# The command that writes each kind of file; None where there is no such command yet.
WRITERS = {
    "igwas images": "images",
    "igwas embeddings": "embed",
    "igwas phenotypes": "phenotypes",
    "igwas basis": "phenotypes",
    "igwas genotypes": "genotypes",
    "igwas loco": None,
    "igwas statistics": "assoc",
}
# The order of the design; commands that do not exist yet are skipped.
FLOW = (
    *("demo", "images", "train", "export", "embed", "audit", "phenotypes", "genotypes", "null"),
    *("assoc", "merge", "project", "loci", "sumstats", "report", "inspect", "doctor", "bench"),
    "simulate",
)


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def help_of(name: str) -> str:
    context = click.Context(
        command(name), info_name=f"igwas-fast {name}", help_option_names=["-h", "--help"]
    )
    return command(name).get_help(context)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_text_ends_with_a_runnable_example(name):
    # Continuation lines of an example end in a backslash.
    text = help_of(name).replace("\\\n", " ")
    heading, _, example = text.rpartition("Example:\n")
    assert heading, f"{name} has no example"
    lines = [line.strip() for line in example.splitlines() if line.strip()]
    assert lines
    assert all(line.startswith(f"igwas-fast {name}") for line in lines), lines


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text(name):
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_one_file(name):
    module = importlib.import_module(f"igwas.cli.{name}")
    assert getattr(module, name).name == name


def test_commands_are_listed_in_the_order_of_the_flow():
    assert list(COMMANDS) == [name for name in FLOW if name in COMMANDS]
    listed = [line.split()[0] for line in cli_help().splitlines() if line.startswith("  ")]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)


def cli_help() -> str:
    return cli.get_help(click.Context(cli)).rpartition("order of the flow")[2]


def test_schema_and_commands_have_the_same_order():
    assert set(WRITERS) == {kind.name for kind in FILE_KINDS}
    writers = [WRITERS[kind.name] for kind in FILE_KINDS]
    positions = [list(COMMANDS).index(name) for name in writers if name is not None]
    assert positions == sorted(positions)


def test_an_unknown_command_exits_with_2(capsys):
    from igwas.cli.main import main

    with pytest.raises(SystemExit) as stop:
        main(["asoc"])
    assert stop.value.code == 2
    assert "No such command" in capsys.readouterr().err

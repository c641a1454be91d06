import click
import pytest

from igwas.cli.main import COMMANDS, cli
from igwas.demo import DemoOptions
from igwas.demo.stages import make_stages


def names(options: DemoOptions) -> list[str]:
    return [stage.name for stage in make_stages(options)]


def test_the_whole_pipeline_is_run_in_the_order_of_the_flow():
    assert names(DemoOptions()) == [
        "simulate", "images", "train", "export", "embed", "audit",
        "phenotypes", "genotypes", "assoc", "loci", "report",
    ]  # fmt: skip


def test_without_photographs_it_starts_from_the_genotypes():
    assert names(DemoOptions(photographs=False)) == [
        "simulate", "genotypes", "assoc", "loci", "report",
    ]  # fmt: skip


@pytest.mark.parametrize("photographs", [True, False])
def test_every_command_has_the_options_it_is_given(photographs):
    for stage in make_stages(DemoOptions(photographs=photographs)):
        assert stage.arguments[0] in COMMANDS
        command = cli.get_command(click.Context(cli), stage.arguments[0])
        known = {flag for param in command.params for flag in param.opts}
        flags = {word for word in stage.arguments[1:] if word.startswith("-")}
        assert flags <= known, stage.name
        assert "--overwrite" in known
        assert ("--threads" in known) or not stage.has_threads
        assert ("--resume" in known) or not stage.partial


def test_every_input_is_made_by_a_stage_before():
    made = set()
    for stage in make_stages(DemoOptions()):
        arguments = stage.arguments
        outputs = {arguments[at + 1] for at, word in enumerate(arguments)
                   if word in ("-o", "--json")}  # fmt: skip
        files = {word for word in arguments if word.endswith((".h5", ".json", ".onnx"))}
        assert files - outputs <= made, stage.name
        assert stage.made in outputs
        made |= outputs


def test_several_networks_are_exported_as_one_encoder(monkeypatch):
    recipes = {"run": (), "run-structure": ("--standardise",)}
    monkeypatch.setattr("igwas.demo.stages.RECIPES", recipes)
    found = {stage.name: stage.command() for stage in make_stages(DemoOptions())}
    assert "-o run --steps 100" in found["train"]
    assert "-o run-structure" in found["train-structure"]
    assert found["train-structure"].endswith("--standardise")
    assert "export run run-structure -o encoder.onnx" in found["export"]


def test_few_people_get_a_small_batch_and_few_components():
    few = {stage.name: stage for stage in make_stages(DemoOptions(people=100))}
    assert "--batch-people 25" in few["train"].command()
    assert "--projection-dimensions 8" in few["train"].command()
    assert "--components 10" in few["phenotypes"].command()


def test_a_command_is_what_a_user_would_type():
    stage = make_stages(DemoOptions())[-1]
    assert stage.command("--overwrite").endswith(
        "--title 'igwas-fast demo' -o report.html --overwrite"
    )

"""What a context asks for is heeded or refused: no function that takes one ignores its device."""

import ast
import importlib
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY

from igwas.context import Context, cpu_context, given_context, refuse_gpus
from igwas.embeddings.encoder import open_encoder
from igwas.errors import OptionError
from igwas.self_test import run_self_test

NOWHERE = Path("/nowhere")
# Each with arguments that are never looked at: the device is refused first.
ON_THE_CPU = {
    "demo.run.run_demo": (NOWHERE,),
    "demo.run.run_stages": (NOWHERE, (), None),
    "embeddings.audit.run_audit": (NOWHERE,),
    "encoder.export_onnx.export_encoder": ([NOWHERE], NOWHERE),
    "genotypes.convert.convert": (NOWHERE, NOWHERE),
    "images.process.process_photographs": (NOWHERE, NOWHERE),
    "inspection.describe.describe_file": (NOWHERE,),
    "loci.find.find_loci": (NOWHERE,),
    "loci.run.run_loci": (NOWHERE, NOWHERE),
    "simulate.cohort_photographs.simulate_photographed_cohort": (NOWHERE, None),
    "simulate.photographs.write_photographs": (NOWHERE, [], [], [], [], []),
    "sumstats.export.export_sumstats": (NOWHERE, NOWHERE),
}
# Where their devices are tested is said by their own tests.
ON_A_DEVICE = {
    "association.associate.associate",
    "association.scan.run_scan",
    "doctor.diagnose",
    "embeddings.embed.embed",
    "embeddings.embed.embed_images",
    "embeddings.encoder.open_encoder",
    "encoder.train.train_encoder",
    "self_test.run_self_test",
}


def functions_with_a_context():
    """Public functions of the package with a parameter `context: Context | None`."""
    package = REPOSITORY / "python" / "igwas"
    for path in package.rglob("*.py"):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            for argument in node.args.args + node.args.kwonlyargs:
                if argument.annotation and ast.unparse(argument.annotation) == "Context | None":
                    yield f"{module}.{node.name}"


def test_every_function_that_takes_a_context_heeds_or_refuses_its_device():
    assert set(functions_with_a_context()) - {"context.cpu_context"} == {*ON_THE_CPU, *ON_A_DEVICE}


@pytest.mark.parametrize("device", ["cuda", "tensorrt", "openvino"])
@pytest.mark.parametrize("name", ON_THE_CPU)
def test_work_on_the_cpu_refuses_a_device_before_it_looks_at_files(name, device):
    module, function = name.rsplit(".", 1)
    if "encoder." in name:
        pytest.importorskip("torch")
    call = getattr(importlib.import_module(f"igwas.{module}"), function)
    options = {"options": None} if name.startswith("sumstats.") else {}
    with pytest.raises(OptionError, match=f"device '{device}', but the .* runs on the CPU only"):
        call(*ON_THE_CPU[name], context=Context(device=device), **options)


@pytest.mark.parametrize("name", ON_THE_CPU)
def test_work_on_the_cpu_refuses_a_bound_on_its_memory(name):
    module, function = name.rsplit(".", 1)
    if "encoder." in name:
        pytest.importorskip("torch")
    call = getattr(importlib.import_module(f"igwas.{module}"), function)
    options = {"options": None} if name.startswith("sumstats.") else {}
    with pytest.raises(OptionError, match=r"max_memory_bytes 1,000, but .* does not plan"):
        call(*ON_THE_CPU[name], context=Context(max_memory_bytes=1000), **options)


# The others on a device plan their memory: `run_scan` and `embed_images`.
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("doctor.diagnose", ()),
        ("embeddings.embed.embed", (None, NOWHERE)),
        ("embeddings.encoder.open_encoder", (NOWHERE,)),
        ("encoder.train.train_encoder", (NOWHERE, NOWHERE)),
        ("self_test.run_self_test", ()),
    ],
)
def test_work_on_a_device_that_plans_no_memory_refuses_a_bound(name, arguments):
    if "encoder." in name:
        pytest.importorskip("torch")
    module, function = name.rsplit(".", 1)
    call = getattr(importlib.import_module(f"igwas.{module}"), function)
    with pytest.raises(OptionError, match="max_memory_bytes 1,000, but"):
        call(*arguments, context=Context(max_memory_bytes=1000))


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_work_on_the_cpu_takes_the_rest_of_its_context(device):
    context = Context(threads=3, device=device)
    assert cpu_context(context, "the search") is context
    assert cpu_context(None, "the search") == Context()


def test_gpus_that_an_encoder_would_not_heed_are_refused():
    from igwas.embeddings.encoder import open_encoder

    with pytest.raises(OptionError, match=r"gpus \(1,\), but an encoder takes the first GPU"):
        open_encoder(NOWHERE, context=Context(device="cuda", gpus=(1,)))
    refuse_gpus(Context(device="cuda"), "an encoder")


def test_training_refuses_gpus_by_number():
    pytest.importorskip("torch")
    from igwas.encoder.train import train_encoder

    with pytest.raises(OptionError, match="a training process takes the first GPU"):
        train_encoder(NOWHERE, NOWHERE, context=Context(device="cuda", gpus=(0,)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "cuda", "gpus": 0}, r"gpus is 0; expected a tuple of GPU numbers.*\(0,\)"),
        ({"device": "cuda", "gpus": "0,1"}, "gpus is '0,1'; expected a tuple"),
        ({"device": "cuda", "gpus": (0.5,)}, r"gpus is \(0.5,\); expected a tuple"),
        ({"device": "cuda", "gpus": (True,)}, "expected a tuple of GPU numbers"),
        ({"threads": "3"}, "threads is '3'; expected 0"),
        ({"threads": 1.5}, "threads is 1.5; expected 0"),
        ({"device": None}, "--device is None; expected"),
    ],
)
def test_a_value_of_another_type_is_one_line(options, words):
    with pytest.raises(OptionError, match=words):
        Context(**options)


def test_gpus_may_be_a_list():
    assert Context(device="cuda", gpus=[0, 1]) == Context(device="cuda", gpus=(0, 1))
    assert hash(Context(device="cuda", gpus=[0])) == hash(Context(device="cuda", gpus=(0,)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            "cuda",
            r"context is 'cuda'; expected an igwas.Context. Give igwas.Context\(device='cuda'",
        ),
        (0, "context is 0; expected an igwas.Context. Give a Context"),
        ({}, r"context is \{\}; expected an igwas.Context"),
    ],
)
def test_what_is_no_context_is_one_line(given, words):
    for take in (
        given_context,
        lambda context: cpu_context(context, "the search"),
        lambda context: open_encoder(NOWHERE, context=context),
        run_self_test,
    ):
        with pytest.raises(OptionError, match=words):
            take(given)


@pytest.mark.parametrize("bound", ["8G", 0, -5, 1.5])
def test_a_bound_of_memory_is_a_number_of_bytes(bound):
    with pytest.raises(OptionError, match=r"max_memory_bytes is .*; expected None or a whole"):
        Context(max_memory_bytes=bound)


def test_no_gpu_has_a_negative_number():
    with pytest.raises(OptionError, match=r"gpus is \(-1,\); expected a tuple of GPU numbers"):
        Context(device="cuda", gpus=(-1,))

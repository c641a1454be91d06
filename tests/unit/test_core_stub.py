"""The stub of the compiled core lists what the module has, no more, no less."""

import ast
import re
from pathlib import Path

import pytest

import igwas
from igwas import _core

STUB = ast.parse((Path(igwas.__file__).parent / "_core.pyi").read_text())
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}


def test_stub_names_what_the_module_has():
    public = {name for name in vars(_core) if not name.startswith("_")}
    assert public == FUNCTIONS.keys() | CLASSES.keys()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_stub_arguments_are_those_of_the_function(name):
    documented = getattr(_core, name).__doc__
    signature = re.search(rf"{name}\(((?!\*args).*)\) -> ", documented)
    assert _argument_names(FUNCTIONS[name].args) == _documented_names(signature.group(1))


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_stub_methods_are_those_of_the_class(name):
    public = {key for key in vars(getattr(_core, name)) if not key.startswith("_")}
    methods = {n.name: n for n in CLASSES[name].body if isinstance(n, ast.FunctionDef)}
    assert public == {key for key in methods if not key.startswith("_")}
    if "__init__" in methods:
        documented = getattr(_core, name).__init__.__doc__
        signature = re.search(r"__init__\((.*)\) -> None", documented)
        expected = _argument_names(methods["__init__"].args)
        assert expected == _documented_names(signature.group(1))


def _argument_names(arguments: ast.arguments) -> list[str]:
    return [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]


def _documented_names(signature: str) -> list[str]:
    """Names of a pybind11 signature; commas inside brackets belong to types."""
    while (stripped := re.sub(r"\[[^\[\]]*\]", "", signature)) != signature:
        signature = stripped
    names = [part.split(":")[0].split("=")[0].strip() for part in signature.split(",")]
    return [name for name in names if name not in {"", "*", "/"}]

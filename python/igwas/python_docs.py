"""The page docs/python.md, written from the docstrings of the public names."""

import inspect
import re
from pathlib import Path
from typing import Any

import igwas
from igwas import errors

_HEAD = """# Python

Written from the docstrings by `make docs`; change those, not this page.

Everything here is a name of `igwas`, imported when it is first used. Arrays are NumPy's unless it
says otherwise; files are those of the commands ([data model](data-model.md)). What cannot be done
raises a subclass of `igwas.errors.IgwasError` with one line: what is wrong, what was expected, what
to do next.
"""
# In the order of the flow.
_GROUPS = {
    "Photographs": ("process_photographs", "ImagesOptions", "read_images", "ImagesFile",
                    "find_disc", "Disc"),
    "Encoders": ("train_encoder", "TrainOptions", "TrainSummary", "export_encoder",
                 "ExportOptions", "ExportSummary"),
    "Embeddings": ("embed", "embed_images", "run_audit"),
    "Phenotypes": ("make_phenotypes", "PhenotypeOptions", "read_phenotypes", "read_covariates"),
    "Genotypes": ("open_genotypes", "GenotypeFile"),
    "Association": ("associate", "Association", "run_scan", "ScanOptions", "ScanSummary",
                    "merge_shards", "open_statistics", "StatisticsFile", "project", "Weights"),
    "Loci": ("find_loci", "LociOptions"),
    "Where it runs": ("Context",),
}  # fmt: skip
_WIDTH = 96


def render() -> str:
    """Text of the page."""
    parts = [_HEAD]
    for title, names in _GROUPS.items():
        parts.append(f"## {title}\n")
        parts.extend(_entry(name, getattr(igwas, name)) for name in names)
    parts.append(_errors())
    return "\n".join(parts)


def _entry(name: str, item: Any) -> str:
    lines = [f"### {name}\n", "```text", _signature(name, item), "", _document(item)]
    methods = _methods(item) if inspect.isclass(item) else []
    if methods:
        lines += ["", "Methods and properties", "-" * 22, *methods]
    return "\n".join([*lines, "```\n"])


def _errors() -> str:
    """What may be raised, and whose fault it is."""
    lines = ["## Errors\n", "```text"]
    for name, item in vars(errors).items():
        if inspect.isclass(item) and item.__module__ == errors.__name__:
            bases = ", ".join(base.__name__ for base in item.__bases__)
            lines.append(f"igwas.errors.{name}({bases}) : {_first_line(item)}")
    return "\n".join([*lines, "```\n"])


def _first_line(item: Any) -> str:
    return _document(item).partition("\n")[0]


def _document(item: Any) -> str:
    return inspect.getdoc(item) or ""


def _signature(name: str, item: Any) -> str:
    """As it is called: without types, which the docstring gives; one parameter a line if long."""
    try:
        signature = inspect.signature(item)
    except ValueError:
        return f"igwas.{name}"
    words = [_parameter(one) for one in signature.parameters.values()]
    is_keyword_only = [one.kind is one.KEYWORD_ONLY for one in signature.parameters.values()]
    if any(is_keyword_only):
        words.insert(is_keyword_only.index(True), "*")
    line = f"igwas.{name}({', '.join(words)})"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"igwas.{name}(", *(f"    {word}," for word in words), ")"])


def _parameter(of: inspect.Parameter) -> str:
    if of.default is of.empty:
        return of.name
    # Of a value that is made anew there is no text.
    default = repr(of.default)
    return f"{of.name}={'...' if re.match('<', default) else default}"


def _methods(item: type) -> list[str]:
    """Public methods and properties, each with the first line of its docstring."""
    found = []
    for name, member in vars(item).items():
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
            continue
        called = name if isinstance(member, property) else f"{name}()"
        found.append(f"{called} : {_first_line(member)}")
    return found


def write(path: Path) -> None:
    """Write the page."""
    path.write_text(render())

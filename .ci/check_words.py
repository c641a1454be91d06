"""Refuse words in names that the project spells another way.

Names are file and folder names, and names that our own sources define (Python) or use (C++).
Prose, strings and the names of other people's libraries are free. Exit status 1 if any is found.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

INSTEAD = {
    "snp": "variant",
    "snps": "variants",
    "pval": "log10p",
    "pvals": "log10p",
    "pvalue": "log10p",
    "pvalues": "log10p",
    "rint": "rank_inverse_normal (rint is a C function)",
    "util": "a noun that says what it does",
    "utils": "a noun that says what it does",
    "helper": "a noun that says what it does",
    "helpers": "a noun that says what it does",
}
CPP_SUFFIXES = {".cpp", ".hpp", ".cu", ".cuh"}
# Comments, strings, and names that others own (std::rint).
CPP_NOT_OURS = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\bstd::\w+|#include[^\n]*', re.DOTALL
)


def words(name: str) -> list[str]:
    """Split a name at underscores, other punctuation and changes of case; lower case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def names_in_python(source: str) -> Iterator[tuple[int, str]]:
    """Names that a module defines: functions, classes, arguments, variables, keywords, aliases."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield 0, node.asname


def names_in_cpp(source: str) -> Iterator[tuple[int, str]]:
    """Every identifier outside comments, strings and `std::`."""
    bare = CPP_NOT_OURS.sub(lambda found: "\n" * found[0].count("\n"), source)
    for number, line in enumerate(bare.splitlines(), start=1):
        for found in re.finditer(r"[A-Za-z_]\w*", line):
            yield number, found[0]


def refused_in(path: Path) -> Iterator[str]:
    """One line for each name of the file, its own included, that holds a refused word."""
    named = [(0, part) for part in path.parts]
    if path.suffix in {".py", ".pyi"}:
        named += names_in_python(path.read_text())
    elif path.suffix in CPP_SUFFIXES:
        named += names_in_cpp(path.read_text())
    for number, name in named:
        for word in words(name):
            if word in INSTEAD:
                yield f"{path}:{number}: {name!r} holds {word!r}; use {INSTEAD[word]}."


def tracked_files() -> list[Path]:
    """Files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for path in map(Path, listed.stdout.splitlines()) if path.is_file()]


def main() -> int:
    """Check every tracked file; print what is refused."""
    refused = sorted({line for path in tracked_files() for line in refused_in(path)})
    print("\n".join(refused) or "no refused word in a name")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())

"""docs/data-model.md, written from the registry, so that page and files cannot disagree."""

from collections.abc import Iterator
from pathlib import Path

from igwas.schema import FILE_KINDS, REASONS, SCHEMA_VERSION, SEX_CODES, Array, FileKind, axes_of

_INTRODUCTION = """\
# Data model

Written from `python/igwas/schema.py` by `make docs`; change that, not this page.

All files are HDF5 and can be read with h5py, `h5dump` or R's rhdf5. Text is variable-length UTF-8.
Chunks of genotypes are compressed with zstd (HDF5 filter 32015): other readers need that filter,
for Python `import hdf5plugin`, for R `rhdf5filters`. Schema version {version}.

Files stand in the order of the flow. `igwas-fast inspect FILE` shows the same for a file of yours.

## Root attributes of every file

| attribute | meaning |
|---|---|
| `format` | the kind of file, as in the headings below |
| `schema_version` | version of this page the file was written by |
| `igwas_version` | version of the program |
| `command` | the command line |
| `created` | time in UTC, ISO 8601 |
| `inputs` | JSON: path, size and digest of each input, by role |
| `options` | JSON: the options that decide the content |
"""

_STATISTICS_NOTES = """\
Computed when read, never stored: with `--missing mean`

    se^2   = (residual_sum_of_squares - beta^2 S) / (degrees_of_freedom S)
    t      = beta / se          chisq = t^2
    log10p = -log10 2 P(T > |t|), T of Student's t with degrees_of_freedom

where `S` is `genotype_sum_of_squares` of the variant and the phenotype's mask, and the residual sum
of squares is that of the variant's model and the phenotype. With `--missing drop` se is stored.
The omnibus F has `omnibus_dof` = K and `degrees_of_freedom` + 1 - K degrees of freedom.
Numbers of variants that could not be tested are NaN, and `reason` says why:
"""


def render() -> str:
    """Build the page as Markdown."""
    return "\n".join(_page()).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield _INTRODUCTION.format(version=SCHEMA_VERSION)
    for kind in FILE_KINDS:
        yield from _kind(kind)
    yield "## Axes\n"
    yield ", ".join(f"`{axis}`" for axis in axes_of()) + ".\n"
    yield "Axes of one name have one length within a file.\n"


def _kind(kind: FileKind) -> Iterator[str]:
    yield f"## {kind.suffix} (`{kind.name}`)\n"
    yield f"{kind.meaning}\n"
    yield "| array | axes | type | unit | meaning |"
    yield "|---|---|---|---|---|"
    for array in kind.arrays:
        yield _row(array)
    yield ""
    if kind.name == "igwas genotypes":
        sexes = ", ".join(f"{code} {name}" for code, name in SEX_CODES.items())
        yield f"Sex: {sexes}.\n"
    if kind.name == "igwas statistics":
        yield _STATISTICS_NOTES
        yield "| code | name | meaning |"
        yield "|---|---|---|"
        for code, (name, meaning) in REASONS.items():
            yield f"| {code} | `{name}` | {meaning} |"
        yield ""


def _row(array: Array) -> str:
    dtype = " or ".join(array.dtype.split("|"))
    optional = "" if array.required else " (not in every file)"
    return (
        f"| `{array.path}` | {', '.join(array.axes)} | {dtype} | {array.unit} | "
        f"{array.meaning}{optional} |"
    )


def write(path: Path) -> None:
    """Write the page to `path`."""
    path.write_text(render(), encoding="utf-8")

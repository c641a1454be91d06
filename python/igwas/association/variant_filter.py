"""Which variants to scan: id lists and chromosomes."""

import logging
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.account import AccountLine
from igwas.errors import InputError, OptionError
from igwas.genotypes.chromosomes import normalise_chromosome
from igwas.phenotypes.delimited_source import open_text

_log = logging.getLogger("igwas")
_SLAB_VARIANTS = 65_536
_EXAMPLES = 3


class VariantSource(Protocol):
    """What a genotype file must offer to be filtered."""

    @property
    def n_variants(self) -> int:
        """Number of variants."""

    @property
    def chromosomes(self) -> tuple[list[str], NDArray[np.int16]]:
        """Normalised names, and the code of each variant."""

    def variants(self, start: int, stop: int) -> pd.DataFrame:
        """Return some variants, with a column `id`."""


@dataclass(frozen=True)
class VariantSelection:
    """Variants to scan.

    Parameters
    ----------
    rows : int64 (selected variants,)
        Ascending rows of the genotype file.
    account : list of AccountLine
        What each step left out.
    """

    rows: NDArray[np.int64]
    account: list[AccountLine]


def read_id_list(path: Path | str) -> set[str]:
    """Read variant ids, one a line; repeats and blank lines do not matter.

    Parameters
    ----------
    path : Path or str
        UTF-8 text, plain or gzip.

    Raises
    ------
    InputError
        If a line has more than one field, or there is no id.
    """
    path = Path(path)
    ids: set[str] = set()
    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                fields = line.decode("utf-8-sig").split()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}, line {number} is no UTF-8 text; expected one variant id a line. "
                    "Give a text file."
                ) from error
            if len(fields) > 1:
                raise InputError(
                    f"{path}, line {number} has {len(fields)} fields (first: {fields[0][:40]!r}); "
                    "expected one variant id a line. Write the column of ids to a file of its own."
                )
            ids.update(fields)
    if not ids:
        raise InputError(
            f"{path} has no variant id; expected one a line. Check that the file was written whole."
        )
    return ids


def parse_chromosomes(text: str) -> tuple[str, ...]:
    """Read a choice of chromosomes such as `1-22,X`.

    Returns
    -------
    tuple of str
        Normalised names in the order given, each once.

    Raises
    ------
    OptionError
        If an item is no chromosome or range of numbers.

    Examples
    --------
    >>> parse_chromosomes("chr20-22,X,23")
    ('20', '21', '22', 'X')
    """
    names: dict[str, None] = {}
    for item in text.split(","):
        if not item.strip():
            continue
        names |= dict.fromkeys(_expand(item.strip(), text))
    if not names:
        raise OptionError(
            f"--chromosome is {text!r}; expected names or ranges. Give for example 1-22,X."
        )
    return tuple(names)


def _expand(item: str, text: str) -> list[str]:
    span = re.fullmatch(r"(?:chr)?(\d{1,2})-(?:chr)?(\d{1,2})", item, re.IGNORECASE)
    wanted = [item]
    if span is not None:
        first, last = int(span[1]), int(span[2])
        if first > last:
            raise OptionError(
                f"--chromosome {text!r} has the range {item}, which runs backwards; expected the "
                f"smaller number first. Give {last}-{first}."
            )
        wanted = [str(number) for number in range(first, last + 1)]
    # A name that is neither human nor a range (a contig) must match the file's own name.
    if span is None and re.search(r"\d-", item):
        raise OptionError(
            f"--chromosome {text!r} has {item!r}; expected a name or a range of numbers such as "
            "1-22. Write sex chromosomes apart: 1-22,X."
        )
    try:
        return [normalise_chromosome(name, allow_unknown=span is None) for name in wanted]
    except InputError as error:
        raise OptionError(f"--chromosome is {text!r}: {error}") from error


def select_variants(
    genotypes: VariantSource,
    *,
    extract: Path | str | Collection[str] | None = None,
    exclude: Path | str | Collection[str] | None = None,
    chromosomes: str | Collection[str] | None = None,
    name: str | Path = "the genotype file",
) -> VariantSelection:
    """Choose variants by chromosome and id, in the order of the file.

    Ids are read a slab at a time, so memory does not grow with the file but with the lists.

    Parameters
    ----------
    genotypes : VariantSource
        An open genotype file.
    extract, exclude : Path or collection of str, optional
        Ids to scan, ids to leave out; a path is read by `read_id_list`.
    chromosomes : str or collection of str, optional
        Text for `parse_chromosomes`, or normalised names.
    name : str or Path
        What to call the genotype file in messages.

    Returns
    -------
    VariantSelection
        With the account of every step.

    Raises
    ------
    InputError
        If `extract` names no variant, or none is left.
    """
    if not genotypes.n_variants:
        raise InputError(f"{name} has no variant; expected at least one. Convert the source again.")
    is_in = np.ones(genotypes.n_variants, dtype=bool)
    account = [AccountLine(f"in {name}", genotypes.n_variants, genotypes.n_variants)]
    if chromosomes is not None:
        found, codes = genotypes.chromosomes
        wanted = parse_chromosomes(chromosomes) if isinstance(chromosomes, str) else chromosomes
        is_wanted = np.array([chromosome in wanted for chromosome in found], dtype=bool)
        if not is_wanted.any():
            raise InputError(
                f"{name} has chromosomes {', '.join(found[:30])} but none of "
                f"{', '.join(wanted)}; expected at least one in common. Change --chromosome."
            )
        is_in &= is_wanted[codes]
        label = chromosomes if isinstance(chromosomes, str) else ",".join(wanted)
        account.append(AccountLine(f"on chromosome {label}", len(is_in), int(is_in.sum())))
    for ids, option in ((extract, "--extract"), (exclude, "--exclude")):
        if ids is not None:
            account.append(_apply_ids(genotypes, is_in, ids, option, name))
    rows = np.flatnonzero(is_in)
    if not len(rows):
        raise InputError(
            f"no variant of {name} is left after {account[-1].step}; expected at least one. "
            "Relax --extract, --exclude or --chromosome."
        )
    return VariantSelection(rows, account)


def _apply_ids(
    genotypes: VariantSource,
    is_in: NDArray[np.bool_],
    ids: Path | str | Collection[str],
    option: str,
    name: str | Path,
) -> AccountLine:
    """Narrow `is_in`, in place, to the ids that are (or are not) listed."""
    if isinstance(ids, (str, Path)):
        listed, origin = read_id_list(ids), f"{option} {Path(ids).name}"
    else:
        listed, origin = set(ids), f"{option} ({len(ids):,} ids)"
    n_before = int(is_in.sum())
    n_listed = 0
    lost: list[str] = []
    first: list[str] = []
    for rows, slab in _slabs_of_ids(genotypes, is_in):
        is_listed = np.array([variant in listed for variant in slab], dtype=bool)
        n_listed += int(is_listed.sum())
        keep = is_listed if option == "--extract" else ~is_listed
        is_in[rows] = keep
        first = first or [str(variant) for variant in slab[:2]]
        if len(lost) < _EXAMPLES:
            lost += [str(variant) for variant in slab[~keep][: _EXAMPLES - len(lost)]]
    if not n_listed:
        shown = ", ".join(f'"{variant}"' for variant in sorted(listed)[:2])
        ours = ", ".join(f'"{variant}"' for variant in first)
        if option == "--extract":
            raise InputError(
                f"{origin} names none of the {n_before:,} variants of {name} (first: {shown} and "
                f"{ours}); expected at least one. Write the ids as the genotype file has them."
            )
        # Not an error: one list for all chromosomes, applied to a file of one of them.
        _log.warning("%s names no variant of %s (first: %s and %s)", origin, name, shown, ours)
    step = "named in" if option == "--extract" else "not named in"
    return AccountLine(f"{step} {origin}", n_before, int(is_in.sum()), tuple(lost))


def _slabs_of_ids(
    genotypes: VariantSource, is_in: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """Rows still in and their ids, slab by slab; slabs with none are not read."""
    for start in range(0, len(is_in), _SLAB_VARIANTS):
        stop = min(start + _SLAB_VARIANTS, len(is_in))
        inside = np.flatnonzero(is_in[start:stop])
        if len(inside):
            ids = genotypes.variants(start, stop)["id"].to_numpy(dtype=object)
            yield inside + start, ids[inside]

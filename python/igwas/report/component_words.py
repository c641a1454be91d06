"""What the dimensions of an embedding were replaced by, in words for a paper."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from igwas.wording import counted

LEFT_RIGHT, VARIANCE = "cc", "pc"

SWITZER_GREEN = (
    "Switzer P, Green AA (1984). Technical Report 6, Department of Statistics, Stanford University."
)

_NAME = re.compile(r"(cc|pc)_\d{3,}")


def component_kind(options: Mapping[str, Any], dimensions: Sequence[str]) -> str:
    """Kind of the components: that of their names, `other` of a foreign basis, empty for none.

    Parameters
    ----------
    options : mapping
        Of `igwas-fast phenotypes`. Where a basis was applied they do not say of which kind it is;
        the names of its components do.
    dimensions : sequence of str
        Names in phenotypes.h5, measures not among them.
    """
    if options.get("basis"):
        kinds = {found[1] if (found := _NAME.fullmatch(name)) else "other" for name in dimensions}
        return kinds.pop() if len(kinds) == 1 else "other"
    if options.get("components_by") == "left-right":
        return LEFT_RIGHT
    return VARIANCE if options.get("components") or options.get("whiten") else ""


def component_sentence(options: Mapping[str, Any], dimensions: Sequence[str]) -> str:
    """Say what the dimensions were replaced by; empty where they were not.

    Parameters
    ----------
    options, dimensions
        As `component_kind`.

    Examples
    --------
    >>> component_sentence({"components": 2}, ["pc_001", "pc_002"])
    'Dimensions were replaced by the 2 principal components of largest variance.'
    """
    kind = component_kind(options, dimensions)
    if not kind:
        return ""
    n = len(dimensions) or int(options.get("components") or 0)
    if options.get("basis"):
        return _applied(kind, n, PurePath(str(options["basis"])).name)
    words = _left_right if kind == LEFT_RIGHT else _principal
    is_scaled = kind == LEFT_RIGHT or bool(options.get("whiten"))
    scaled = ", each scaled to variance 1" if is_scaled else ""
    is_all = not options.get("components")
    return f"Dimensions were replaced by {words(n, is_all)}{scaled}."


def _principal(n: int, is_all: bool) -> str:
    components = _number(n, "principal component", "principal components")
    return f"all {components}" if is_all else f"the {components} of largest variance"


def _left_right(n: int, is_all: bool) -> str:
    components = _number(n, "component", "components")
    which = (
        f"all {components} in the order of left-right correlation"
        if is_all
        else f"the {components} in which the two eyes of a person are most correlated"
    )
    return f"{which} (minimum noise fraction, Switzer and Green 1984)"


def _applied(kind: str, n: int, basis: str) -> str:
    what = {
        VARIANCE: _number(n, "principal component", "principal components"),
        LEFT_RIGHT: f"{_number(n, 'component', 'components')} by left-right correlation of the two "
        "eyes of a person (minimum noise fraction, Switzer and Green 1984)",
    }.get(kind, _number(n, "component", "components"))
    return f"Dimensions were replaced by {what}, of a basis that was fitted before ({basis})."


def _number(n: int, one: str, many: str) -> str:
    """The noun alone where the file does not say how many."""
    return counted(n, one, many) if n else many

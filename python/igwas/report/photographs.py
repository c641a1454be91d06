"""From photographs to people, as the phenotypes of the scan tell it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.association.statistics_file import StatisticsFile
from igwas.errors import InputError, SchemaError
from igwas.hdf5 import is_hdf5, open_hdf5, read_texts
from igwas.phenotypes.table import open_source
from igwas.provenance import file_digest
from igwas.schema import PHENOTYPES, kind_of

_DIMENSION = "/phenotypes/dimension"


@dataclass(frozen=True)
class PhotographAccount:
    """What `igwas-fast phenotypes` did with the photographs.

    Parameters
    ----------
    n_images : int
        Photographs of the embedding.
    left_out : list of (reason, images)
        In the order of the steps; each photograph counts for the first that applied.
    n_participants : dict of str to int
        `all` in the phenotypes; with a `left` eye, a `right` one, `both`; `none`: nobody's image
        was used.
    correlation : float or None
        Of left and right eyes over all dimensions.
    options : dict
        Of `igwas-fast phenotypes`.
    version : str
    dimensions : tuple of str
        Dimensions or components of the phenotypes, each once, measures not among them; empty where
        the file does not say.
    """

    n_images: int
    left_out: list[tuple[str, int]]
    n_participants: dict[str, int]
    correlation: float | None
    options: dict[str, Any]
    version: str
    dimensions: tuple[str, ...] = ()

    @property
    def n_used(self) -> int:
        """Photographs that were used."""
        return self.n_images - sum(n for _, n in self.left_out)


def read_photograph_account(path: Path, statistics: StatisticsFile) -> PhotographAccount | None:
    """Read the account of phenotypes.h5, and check that the scan was of this file.

    Parameters
    ----------
    path : Path
        Phenotypes of the scan.
    statistics : StatisticsFile

    Returns
    -------
    PhotographAccount or None
        None if the file does not say how it was made of photographs, as a table does not.

    Raises
    ------
    InputError
        If the scan was of other phenotypes, or the account cannot be read.
    """
    _require_same(path, statistics)
    if not is_hdf5(path):
        return None
    with open_hdf5(path) as file:
        if kind_of(file.attrs) is not PHENOTYPES or "account" not in file.attrs:
            return None
        attributes = dict(file.attrs)
        dimensions = list(read_texts(file[_DIMENSION])) if _DIMENSION in file else []
    try:
        return _parse(attributes, dimensions)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SchemaError(
            f"{path} has an account of photographs that cannot be read ({type(error).__name__}: "
            f'{error}); expected that of this version. Run "igwas-fast phenotypes" again.'
        ) from error


def _parse(attributes: dict[str, Any], dimensions: Sequence[str]) -> PhotographAccount:
    account = json.loads(attributes["account"])
    options = dict(json.loads(attributes.get("options") or "{}"))
    measures = {"", *(options.get("measures") or ())}
    correlation = float(attributes.get("left_right_correlation", "nan"))
    return PhotographAccount(
        n_images=int(account["n_images"]),
        left_out=[(str(reason), int(n)) for reason, n in account["images_left_out"].items()],
        n_participants={
            name: int(account["n_participants"][name])
            for name in ("all", "left", "right", "both", "none")
        },
        correlation=correlation if correlation == correlation else None,
        options=options,
        version=str(attributes.get("igwas_version", "unknown")),
        dimensions=tuple(name for name in dict.fromkeys(dimensions) if name not in measures),
    )


def _require_same(path: Path, statistics: StatisticsFile) -> None:
    """The digest that the scan recorded decides; a projection has only the names."""
    if statistics.is_projection:
        _require_combined(path, statistics)
        return
    recorded = json.loads(statistics.attributes.get("inputs") or "{}").get("phenotypes")
    if recorded is not None:
        digest = file_digest(path)
        if digest != recorded.get("digest"):
            raise InputError(
                f"{path} (digest {digest[:12]}) is not the phenotype file of {statistics.path}, "
                f"which was {recorded.get('path')} (digest {str(recorded.get('digest'))[:12]}); "
                "expected the phenotypes that were scanned. Give them, or leave --phenotypes out."
            )
        return
    lacks = _lacks(path, statistics)
    if lacks:
        raise InputError(
            f"{path} lacks {lacks}; expected the phenotypes that were scanned. Give them, or "
            "leave --phenotypes out."
        )


def _require_combined(path: Path, statistics: StatisticsFile) -> None:
    """What was combined will do; weights, or a file that is no phenotypes at all, will not."""
    try:
        lacks = _lacks(path, statistics)
    except InputError:
        wrong = "is no table of phenotypes"
    else:
        wrong = lacks and f"lacks {lacks}"
    if wrong:
        raise InputError(
            f"{path} {wrong}, and {statistics.path} is a projection, which has no phenotypes file; "
            "expected none, or that of the scan that was projected. Leave --phenotypes out."
        )


def _lacks(path: Path, statistics: StatisticsFile) -> str:
    """Scanned phenotypes that a file lacks, in words; empty if it has all."""
    names = set(open_source(path).names)
    absent = [name for name in statistics.scanned_names if name not in names]
    if not absent:
        return ""
    return (
        f"phenotype {absent[0]!r} of {statistics.path} ({len(absent):,} of "
        f"{len(statistics.scanned_names):,} in all)"
    )

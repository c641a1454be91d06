"""loci.json read back, checked against the statistics it is of."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas.association.statistics_file import StatisticsFile
from igwas.errors import InputError
from igwas.loci.tables import COLUMNS
from igwas.provenance import file_digest

Floats = NDArray[np.float64]

# What tells one lead variant from another: ids may be missing or doubled.
LEAD = ["chromosome", "position", "lead_variant", "effect_allele", "other_allele"]

# Columns of the table that hold numbers; whole ones become float64 as well, for NaN.
_NUMBERS = tuple(
    name
    for name in COLUMNS
    if name.startswith(("log10p", "beta", "se", "n_"))
    or name in ("effect_allele_frequency", "is_palindromic", "n", "gene_distance")
)

_MAKE_IT = 'Make it with "igwas-fast loci statistics.h5 -o loci.tsv --json loci.json"'


@dataclass(frozen=True)
class LociDocument:
    """What `igwas-fast loci --json` wrote.

    Parameters
    ----------
    path : Path
    table : DataFrame
        One row a locus, columns of loci.tsv; missing values are NaN.
    members : list of DataFrame
        For each locus variant (row of the statistics), id, position, log10p and r2 of its members.
    z : float64 (loci, phenotypes)
        beta / se of every phenotype at the lead variants.
    tests : list of dict
        name, p, log10p, n_significant_variants, n_loci.
    lambdas : float64 (phenotypes,)
    omnibus_lambdas : float64 (masks,)
    raw : dict
        The document.
    """

    path: Path
    table: pd.DataFrame
    members: list[pd.DataFrame]
    z: Floats
    tests: list[dict[str, Any]]
    lambdas: Floats
    omnibus_lambdas: Floats
    raw: dict[str, Any]

    def level_of(self, test: str) -> float:
        """-log10 of the level of a test."""
        return next(float(one["log10p"]) for one in self.tests if one["name"] == test)

    @property
    def tested(self) -> list[str]:
        """Names of the phenotypes that were tested one by one."""
        return [str(name) for name in self.raw["tested_phenotypes"]]


def read_loci_document(path: Path, statistics: StatisticsFile) -> LociDocument:
    """Read loci.json and check that it is of this statistics file.

    Parameters
    ----------
    path : Path
    statistics : StatisticsFile

    Raises
    ------
    InputError
        If it is no such JSON, lacks a part, or was made of another file.
    """
    document = read_json_object(path, f"the JSON of loci. {_MAKE_IT}")
    if document.get("format") != "igwas loci":
        raise InputError(
            f"{path} has format {document.get('format')!r}; expected 'igwas loci'. {_MAKE_IT}."
        )
    try:
        digest = str(document["inputs"]["statistics"]["digest"])
        named = str(document["statistics"])
    except (KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    if digest != file_digest(statistics.path):
        raise InputError(
            f"{path} was made from another statistics file ({named}, digest {digest[:12]}) than "
            f"{statistics.path} (digest {file_digest(statistics.path)[:12]}); expected the same. "
            f"{_MAKE_IT}."
        )
    try:
        return _parse(path, document, statistics)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} lacks a part or has it in another form ({type(error).__name__}: {error}); "
        f"expected loci.json of this version. {_MAKE_IT}."
    )


def read_json_object(path: Path, expected: str) -> dict[str, Any]:
    """Read a JSON object.

    Parameters
    ----------
    path : Path
    expected : str
        What it should have been, and how to get it, for the message.

    Raises
    ------
    InputError
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON ({error}); expected {expected}.") from error
    if not isinstance(document, dict):
        raise InputError(
            f"{path} holds a JSON {type(document).__name__}; expected an object: {expected}."
        )
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _parse(path: Path, document: dict[str, Any], statistics: StatisticsFile) -> LociDocument:
    loci = document["loci"]
    columns = [name for name in COLUMNS if name != "locus"]
    rows = [{"locus": int(one["locus"]), **{n: one.get(n) for n in columns}} for one in loci]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("position", "start", "end"):
        table[name] = table[name].astype(np.int64)
    for name in _NUMBERS:
        table[name] = table[name].astype(np.float64)
    at_lead = [one["phenotypes_at_lead"] for one in loci]
    beta = np.array([one["beta"] for one in at_lead], dtype=np.float64)
    se = np.array([one["se"] for one in at_lead], dtype=np.float64)
    shape = (len(loci), statistics.n_phenotypes)
    lambdas = [one["lambda"] for one in document["lambda_gc"]["phenotypes"]]
    if len(lambdas) != statistics.n_phenotypes:
        raise ValueError(f"{len(lambdas)} phenotypes, not {statistics.n_phenotypes}")
    parsed = LociDocument(
        path=path,
        table=table,
        members=[_members(one["members"]) for one in loci],
        z=beta.reshape(shape) / se.reshape(shape),
        tests=[_test(one) for one in document["tests"]],
        lambdas=np.array(lambdas, dtype=np.float64),
        omnibus_lambdas=np.array(document["lambda_gc"]["omnibus"], dtype=np.float64),
        raw=document,
    )
    for test in table["test"].unique():
        if test not in {one["name"] for one in parsed.tests}:
            raise ValueError(f"a locus of the test {test!r}, which is not listed")
    _check_values(document)
    return parsed


def _members(members: dict[str, Any]) -> pd.DataFrame:
    names = ("variant", "id", "position", "log10p", "r2")
    frame = pd.DataFrame({name: members[name] for name in names})
    frame["variant"] = frame["variant"].astype(np.int64)
    for name in ("log10p", "r2"):
        frame[name] = frame[name].astype(np.float64)
    return frame


def _test(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(one["name"]), "p": float(one["p"]), "log10p": float(one["log10p"]),
        "n_significant_variants": int(one["n_significant_variants"]),
        "n_loci": int(one["n_loci"]),
    }  # fmt: skip


def _check_values(document: dict[str, Any]) -> None:
    """What later parts rely on."""
    float(document["effective_number_of_phenotypes"])
    for name, kind in (("options", dict), ("eyes", dict), ("notes", list)):
        if not isinstance(document[name], kind):
            raise TypeError(f"{name} is no {kind.__name__}")
    list(document["tested_phenotypes"])
    float(document["options"].get("p") or 0.0)
    eyes = document["eyes"]
    if eyes.get("expected_null_hits"):
        float(eyes["expected_null_hits"]["one_eye"])
        float(eyes["expected_null_hits"]["both_eyes"])
    if eyes.get("negative_control"):
        int(eyes["negative_control"]["n_loci"])
        float(eyes["negative_control"]["lambda_median"] or 0.0)
    for one in document["inputs"].values():
        int(one["size_bytes"])

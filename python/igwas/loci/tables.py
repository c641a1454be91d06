"""loci.tsv and loci.json: what was found, one row a locus."""

import datetime
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from igwas._version import __version__
from igwas.association.statistics_file import StatisticsFile
from igwas.loci.find import LociResult
from igwas.loci.locus import Locus
from igwas.loci.locus_tests import BOTH_EYES, OMNIBUS
from igwas.loci.places import variant_names
from igwas.loci.signals import Signal
from igwas.phenotypes.eye_names import NO_EYE
from igwas.provenance import describe_inputs

Floats = NDArray[np.float64]

COLUMNS: dict[str, str] = {
    "locus": "number of the locus within its test, in the order of the genome",
    "test": "omnibus, minimum_p, both_eyes, or a phenotype's name",
    "chromosome": "of the lead variant",
    "start": "first position of a member, 1-based",
    "end": "last position of a member",
    "lead_variant": "id of the lead variant, or chromosome:position:other:effect if it has none",
    "position": "of the lead variant",
    "effect_allele": "allele that beta is per copy of",
    "other_allele": "the other allele",
    "effect_allele_frequency": "of the effect allele among the analysed calls",
    "is_palindromic": "1 if the alleles are A/T or C/G and the frequency is 0.4 to 0.6: their "
    "strand cannot be told from other data",
    "n": "samples in the test of the lead variant",
    "log10p": "-log10 p of the locus's test at the lead variant",
    "log10p_omnibus": "-log10 p of the omnibus test at the lead variant",
    "log10p_minimum": "-log10 of the smallest p of a tested phenotype at the lead variant",
    "phenotype": "that phenotype; of both eyes, the left one",
    "beta": "its effect",
    "se": "its standard error",
    "n_phenotypes": "tested phenotypes that reach the level of minimum_p at the lead variant",
    "n_variants": "members",
    "n_significant": "members that reach the level of the test",
    "n_clumps": "clumps merged into the locus",
    "n_signals": "independent signals by conditional analysis; 0 if other loci nearby explain it, "
    "empty where it was not run",
    "signals": "ids of their variants, the strongest first",
    "log10p_conditional": "-log10 p of the lead variant given the signals of other loci nearby",
    "log10p_left": "-log10 p of the left eye, same dimension as phenotype",
    "log10p_right": "-log10 p of the right eye",
    "beta_left": "effect in left eyes",
    "beta_right": "effect in right eyes",
    "log10p_mean": "-log10 p of the mean of the eyes: as scanned, else from both effects",
    "log10p_heterogeneity": "-log10 p of the difference between the eyes' effects",
    "nearest_gene": "gene nearest to the lead variant",
    "gene_distance": "base pairs between them; 0 inside",
    "genes": "genes that overlap the locus, or are near it by --gene-kb",
    "known": "known loci near the locus by --known-kb, nearest first",
    "known_traits": "their traits",
}
"""Column of loci.tsv -> meaning; docs/loci.md lists them."""

_WHOLE_OR_EMPTY = ("n_signals", "gene_distance")
_SHOWN_KNOWN = 20
_PALINDROMES = ({"A", "T"}, {"C", "G"})


def locus_table(result: LociResult, statistics: StatisticsFile) -> pd.DataFrame:
    """One row a locus, columns COLUMNS.

    Parameters
    ----------
    result : LociResult
    statistics : StatisticsFile
        The file that it is of, open.
    """
    rows = []
    numbers: dict[str, int] = {}
    for locus in result.loci:
        numbers[locus.test.name] = numbers.get(locus.test.name, 0) + 1
        rows.append({"locus": numbers[locus.test.name], **_row(locus, result, statistics)})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    # Whole numbers stay whole beside an empty cell, where NaN would make them floats.
    return table.astype(dict.fromkeys(_WHOLE_OR_EMPTY, "Int64"))


class _Lead:
    """Every number of the file about one lead variant."""

    def __init__(self, statistics: StatisticsFile, row: int) -> None:
        block = statistics.read_tests(row, row + 1, np.arange(statistics.n_phenotypes))
        self.beta, self.se, self.log10p = block.beta[0], block.se[0], block.log10p()[0]
        self.omnibus: Floats = statistics.omnibus_log10p[row, :]


def _row(locus: Locus, result: LociResult, statistics: StatisticsFile) -> dict[str, Any]:
    lead = _Lead(statistics, locus.lead)
    place: Any = result.places.loc[locus.lead]
    column = _best_column(locus, result, lead)
    mask = int(statistics.masks[column])
    frequency = float(statistics.effect_allele_frequency[locus.lead, mask])
    alleles = {str(place["effect_allele"]), str(place["other_allele"])}
    omnibus_mask = locus.test.mask if locus.test.kind == OMNIBUS else mask
    level = next(test.min_log10p for test in result.tests if test.name == "minimum_p")
    strong = int((lead.log10p[result.columns] >= level).sum())
    row = {
        "test": locus.test.name,
        "chromosome": locus.chromosome,
        "start": locus.start,
        "end": locus.end,
        "lead_variant": variant_names(result.places.loc[[locus.lead]])[0],
        "position": int(place["position"]),
        "effect_allele": place["effect_allele"],
        "other_allele": place["other_allele"],
        "effect_allele_frequency": frequency,
        "is_palindromic": int(alleles in _PALINDROMES and 0.4 <= frequency <= 0.6),
        "n": int(statistics.n[locus.lead, mask]),
        "log10p": locus.log10p,
        "log10p_omnibus": float(lead.omnibus[omnibus_mask]),
        "log10p_minimum": float(_largest(lead.log10p[result.columns])),
        "phenotype": statistics.phenotype_names[column],
        "beta": float(lead.beta[column]),
        "se": float(lead.se[column]),
        "n_phenotypes": strong,
        "n_variants": len(locus.members),
        "n_significant": int((locus.members["log10p"] >= locus.test.min_log10p).sum()),
        "n_clumps": locus.members["clump"].nunique(),
    }
    if locus.log10p_conditional is not None:
        names = variant_names(statistics.variants_at([one.variant for one in locus.signals]))
        row |= {
            "n_signals": len(locus.signals),
            "signals": ",".join(names),
            "log10p_conditional": locus.log10p_conditional,
        }
    return row | _eyes(column, result, statistics, lead) | _annotation(locus, result, row)


def _best_column(locus: Locus, result: LociResult, lead: _Lead) -> int:
    """The phenotype to show: that of the test, for the omnibus the one of smallest p."""
    at_lead = locus.members[locus.members["variant"] == locus.lead]
    column = int(at_lead["column"].iloc[0])
    if column >= 0:
        return column
    values = lead.log10p[result.columns]
    best = 0 if np.isnan(values).all() else int(np.nanargmax(values))
    return int(result.columns[best])


def _largest(values: Floats) -> float:
    return float("nan") if np.isnan(values).all() else float(np.nanmax(values))


def _eyes(
    column: int, result: LociResult, statistics: StatisticsFile, lead: _Lead
) -> dict[str, Any]:
    """Both eyes in the dimension of the phenotype that the locus shows."""
    pairs = result.pairs
    eye, dimension = statistics.labels[column]
    if pairs is None or eye == NO_EYE or dimension not in pairs.dimensions:
        return {}
    number = pairs.dimensions.index(dimension)
    left, right = int(pairs.left[number]), int(pairs.right[number])
    compared = pairs.compare(number, lead.beta, lead.se)
    mean = result.eyes.mean.get(dimension)
    return {
        "log10p_left": float(lead.log10p[left]),
        "log10p_right": float(lead.log10p[right]),
        "beta_left": float(lead.beta[left]),
        "beta_right": float(lead.beta[right]),
        "log10p_mean": (
            compared["log10p_mean_of_eyes"] if mean is None else float(lead.log10p[mean])
        ),
        "log10p_heterogeneity": compared["log10p_heterogeneity"],
    }


def _annotation(locus: Locus, result: LociResult, row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if result.genes is not None:
        nearest = result.genes.nearest(locus.chromosome, row["position"])
        if nearest is not None:
            found["nearest_gene"], found["gene_distance"] = nearest
        reach = round(1000 * result.options.gene_kb)
        near = result.genes.near(locus.chromosome, locus.start, locus.end, reach)
        found["genes"] = ",".join(dict.fromkeys(near["name"]))
    if result.known is not None:
        reach = round(1000 * result.options.known_kb)
        near = result.known.near(locus.chromosome, locus.start, locus.end, reach)
        near = near.head(_SHOWN_KNOWN)
        found["known"] = ",".join(dict.fromkeys(name for name in near["name"] if name))
        found["known_traits"] = "; ".join(dict.fromkeys(t for t in near["trait"] if t))
    return found


def as_json(result: LociResult, statistics: StatisticsFile, table: pd.DataFrame) -> dict[str, Any]:
    """Everything a report needs, as JSON types; NaN is null, and infinity the text "inf".

    Parameters
    ----------
    result : LociResult
    statistics : StatisticsFile
    table : DataFrame
        As `locus_table` gives it.
    """
    names = statistics.phenotype_names
    document = {
        "format": "igwas loci",
        "igwas_version": __version__,
        "command": " ".join(sys.argv),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "inputs": describe_inputs(
            {"statistics": result.statistics, **result.options.input_paths()}
        ),
        "statistics": str(result.statistics),
        "options": result.options.as_dict(),
        "scan_options": statistics.options,
        "account": statistics.account,
        "n_variants": statistics.n_variants,
        "n_phenotypes": statistics.n_phenotypes,
        "tested_phenotypes": [names[column] for column in result.columns],
        "effective_number_of_phenotypes": result.n_effective,
        "notes": result.notes,
        "tests": [
            {
                "name": test.name,
                "p": test.p,
                "log10p": test.min_log10p,
                "n_significant_variants": test.n_significant,
                "n_loci": sum(locus.test is test for locus in result.loci),
            }
            for test in result.tests
        ],
        "lambda_gc": {
            "phenotypes": [
                {"name": name, "lambda": value, "n_variants": int(n)}
                for name, value, n in zip(
                    names, result.candidates.lambda_gc.tolist(), result.candidates.n_tested,
                    strict=True,
                )
            ],
            "omnibus": result.candidates.omnibus_lambda_gc.tolist(),
        },
        "eyes": _eyes_document(result),
        "loci": [
            {**record, **_locus_document(locus, statistics, result)}
            for record, locus in zip(table.to_dict("records"), result.loci, strict=True)
        ],
    }  # fmt: skip
    plain = _plain(document)
    assert isinstance(plain, dict)
    return plain


def _eyes_document(result: LociResult) -> dict[str, Any]:
    if result.pairs is None:
        return {"negative_control": result.control} if result.control else {}
    pairs = result.pairs
    n_tested = result.candidates.n_tested
    n_variants = int(np.minimum(n_tested[pairs.left], n_tested[pairs.right]).max())
    both = next(test for test in result.tests if test.kind == BOTH_EYES)
    return {
        "dimensions": pairs.dimensions,
        "left_right_correlation": pairs.correlation.tolist(),
        "correlation_from": pairs.correlation_from,
        "expected_null_hits": pairs.expected_null_hits(both.p, n_variants),
        "n_significant_variants": both.n_significant,
        "negative_control": result.control,
    }


def _locus_document(locus: Locus, statistics: StatisticsFile, result: LociResult) -> dict[str, Any]:
    lead = _Lead(statistics, locus.lead)
    names = variant_names(result.places.loc[locus.members["variant"]])
    members = locus.members.assign(id=names)
    return {
        "members": members[["variant", "id", "position", "log10p", "r2"]].to_dict("list"),
        "phenotypes_at_lead": {
            "beta": lead.beta.tolist(), "se": lead.se.tolist(), "log10p": lead.log10p.tolist(),
        },
        "conditional": [_signal_document(signal, statistics) for signal in locus.signals],
    }  # fmt: skip


def _signal_document(signal: Signal, statistics: StatisticsFile) -> dict[str, Any]:
    rows = [signal.variant, *signal.given]
    names = variant_names(statistics.variants_at(rows))
    return {
        "lead_variant": names[0],
        "log10p": signal.log10p,
        "phenotype": statistics.phenotype_names[signal.column] if signal.column >= 0 else None,
        "beta": signal.beta,
        "se": signal.se,
        "given": names[1:],
    }


def _plain(value: Any) -> Any:
    """JSON types: NumPy's become Python's, NaN and NA null, infinity "inf" as loci.tsv has it."""
    if value is pd.NA:
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def write_tsv(path: Path, table: pd.DataFrame) -> None:
    """Write the table; a missing value is an empty cell."""
    table.to_csv(path, sep="\t", index=False, float_format="%.6g")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document on one line a key."""
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")

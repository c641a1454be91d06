"""A paragraph for a paper: what was done, with versions and options."""

import json
from collections.abc import Mapping
from typing import Any

from igwas._version import __version__
from igwas.association.statistics_file import StatisticsFile
from igwas.report.component_words import (
    LEFT_RIGHT,
    SWITZER_GREEN,
    component_kind,
    component_sentence,
)
from igwas.report.gathered import Gathered
from igwas.report.photographs import PhotographAccount
from igwas.wording import counted

_CITATIONS = (
    "Frisch R, Waugh FV (1933). Econometrica 1:387-401.",
    "Galwey NW (2009). Genet Epidemiol 33:559-568.",
    "Xie Z et al. (2024). PLOS Genetics 20:e1011273.",
)

_FILTERS = {
    "mac": "a minor allele count of at least {:g}",
    "maf": "a minor allele frequency of at least {:g}",
    "geno": "a share of missing calls of at most {:.3g}",
    "hwe": "a Hardy-Weinberg p of at least {:g}",
    "info": "an imputation information of at least {:g}",
}


def methods_paragraph(gathered: Gathered) -> list[str]:
    """Sentences of the methods, in paragraphs."""
    made = [_phenotypes(gathered.photographs)] if gathered.photographs else []
    return [*made, _scan(gathered), _loci(gathered)]


def citations(gathered: Gathered) -> list[str]:
    """What the paragraphs cite."""
    account = gathered.photographs
    kind = "" if account is None else component_kind(account.options, account.dimensions)
    return [*_CITATIONS, *([SWITZER_GREEN] if kind == LEFT_RIGHT else [])]


def _phenotypes(account: PhotographAccount) -> str:
    people, options = account.n_participants, account.options
    choice = "the best one by quality" if options.get("choice") == "best" else "their mean"
    parts = [
        f"Phenotypes of {counted(people['all'], 'participant', 'participants')} were made of "
        f"{account.n_used:,} of {counted(account.n_images, 'photograph', 'photographs')} "
        f"with igwas-fast {account.version}; of several of an eye, {choice} was taken."
    ]
    if account.correlation is not None and "mean" in options.get("eyes", ()):
        parts.append(
            "Eyes were averaged with weights 1 / (r + (1 - r) / n) for n photographs of an eye, "
            f"r = {account.correlation:.2f} being the left-right correlation."
        )
    removed = [*options.get("regress_out", ()), *options.get("categorical_columns", ())]
    if removed:
        parts.append(f"Image covariates ({', '.join(dict.fromkeys(removed))}) were regressed out.")
    parts.append(component_sentence(options, account.dimensions))
    if options.get("transform", "none") != "none":
        parts.append(f"Each was transformed ({options['transform']}).")
    return " ".join(filter(None, parts))


def _scan(gathered: Gathered) -> str:
    attributes = gathered.statistics.attributes
    parts = [_what_was_tested(gathered), *_projection(gathered), _covariates(attributes)]
    if attributes.get("transform", "none") != "none":
        parts.append(
            "Phenotypes were transformed by rank-based inverse normal transform before covariates "
            "were removed."
        )
    parts += [_missing(attributes), *_filters(gathered.statistics.options)]
    if gathered.statistics.options.get("loco"):
        parts.append(
            "Predictions of a whole-genome regression without the variant's chromosome were "
            "subtracted from the phenotypes."
        )
    parts.append(
        "P-values are two-sided, from Student's t; the omnibus test of all "
        f"{_responses(gathered.statistics)[1]} together is the exact F test of a multivariate "
        "regression (Wilks' lambda)."
    )
    return " ".join(parts)


def _what_was_tested(gathered: Gathered) -> str:
    statistics = gathered.statistics
    responses = counted(statistics.n_phenotypes, *_responses(statistics))
    people = counted(gathered.n_samples, "participant", "participants")
    version = str(statistics.attributes.get("igwas_version", "unknown"))
    return (
        f"We tested {_variants_tested(gathered)} against {responses} in {people} by linear "
        f"regression with igwas-fast {version}."
    )


def _responses(statistics: StatisticsFile) -> tuple[str, str]:
    """What was regressed on the variants: one, many."""
    if statistics.is_projection:
        return "linear combination", "linear combinations"
    return "phenotype", "phenotypes"


def _variants_tested(gathered: Gathered) -> str:
    """How many variants, of how many: filters and missing calls leave some untested."""
    total = gathered.statistics.n_variants
    fewest, most = int(gathered.sweep.n_tested.min()), int(gathered.sweep.n_tested.max())
    if fewest == total:
        return counted(total, "variant", "variants")
    tested = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    return f"{tested} of {counted(total, 'variant', 'variants')}"


def _projection(gathered: Gathered) -> list[str]:
    statistics = gathered.statistics
    if not statistics.is_projection:
        return []
    scanned = counted(len(statistics.scanned_names), "phenotype", "phenotypes")
    parts = [
        f"The combinations are of {scanned} of a scan ({statistics.options['projection']}); their "
        "statistics were computed from those of the scan."
    ]
    if statistics.is_dropping:
        parts.append("Standard errors take the phenotypes' correlation from all samples.")
    return parts


def _covariates(attributes: Mapping[str, Any]) -> str:
    names = json.loads(attributes.get("covariate_names") or "[]")
    covariates = [name for name in names if name != "intercept"]
    if not covariates:
        return "There were no covariates but the intercept."
    shown = ", ".join(covariates[:30]) + (", and others" if len(covariates) > 30 else "")
    return f"Covariates ({shown}) were projected out of phenotypes and genotypes."


def _missing(attributes: Mapping[str, Any]) -> str:
    if attributes.get("missing", "mean") == "drop":
        return "Samples without a call were left out of the variant's test."
    return "Missing calls took the variant's mean."


def _filters(options: dict[str, Any]) -> list[str]:
    filters = [
        words.format(options[name]) for name, words in _FILTERS.items() if _is_set(options, name)
    ]
    return [f"Variants had {', '.join(filters)}."] if filters else []


def _is_set(options: dict[str, Any], name: str) -> bool:
    value = options.get(name)
    if not isinstance(value, int | float):
        return False
    return value < 1 if name == "geno" else value > 0


def _loci(gathered: Gathered) -> str:
    raw, options = gathered.loci.raw, gathered.loci.raw["options"]
    p = float(options.get("p") or 5e-8)
    effective = float(raw["effective_number_of_phenotypes"])
    tested = counted(len(gathered.loci.tested), *_responses(gathered.statistics))
    parts = [
        f"Loci were called with igwas-fast {raw.get('igwas_version', 'unknown')} at p < {p:.2g} "
        f"for the omnibus test and p < {p / effective:.2g} for the smallest p of "
        f"{tested} ({effective:.1f} effective, Galwey 2009)."
    ]
    if options.get("genotypes"):
        rule = str(options.get("rule", "common"))
        words = {
            "common": "clumps of r² > 0.1 within 1 Mb of the lead variant",
            "paper": "clumps of r² > 0.8 within 1 Mb, merged if their intervals were within 200 kb "
            "or their leads within 400 kb (Xie et al. 2024)",
        }.get(rule, rule)
        given = [
            f"{name.replace('_', ' ')} {options[name]:g}"
            for name in ("min_r2", "window_kb")
            if isinstance(options.get(name), int | float)
        ]
        parts.append(f"A locus is made of {words}{' with ' + ', '.join(given) if given else ''}.")
    else:
        parts.append("Without genotypes, loci were formed by distance alone.")
    if options.get("phenotypes"):
        parts.append(
            "Within a region the scan was repeated with the strongest lead variants as covariates "
            "until no variant reached the level."
        )
    parts.append(f"This page was made with igwas-fast {__version__}.")
    return " ".join(parts)

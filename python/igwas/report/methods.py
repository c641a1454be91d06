"""A paragraph for a paper: what was done, with versions and options."""

import json
from typing import Any

from igwas._version import __version__
from igwas.report.component_words import (
    LEFT_RIGHT,
    SWITZER_GREEN,
    component_kind,
    component_sentence,
)
from igwas.report.gathered import Gathered
from igwas.report.photographs import PhotographAccount

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
        f"Phenotypes of {people['all']:,} participants were made of {account.n_used:,} of "
        f"{account.n_images:,} photographs with igwas-fast {account.version}; of several of an "
        f"eye, {choice} was taken."
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
    statistics = gathered.statistics
    version = str(statistics.attributes.get("igwas_version", "unknown"))
    covariates = [
        name for name in json.loads(statistics.attributes.get("covariate_names") or "[]")
        if name != "intercept"
    ]  # fmt: skip
    options = statistics.options
    parts = [
        f"We tested {statistics.n_variants:,} variants against {statistics.n_phenotypes:,} "
        f"phenotypes in {gathered.n_samples:,} participants by linear regression with igwas-fast "
        f"{version}."
    ]
    if covariates:
        shown = ", ".join(covariates[:30]) + (", and others" if len(covariates) > 30 else "")
        parts.append(f"Covariates ({shown}) were projected out of phenotypes and genotypes.")
    else:
        parts.append("There were no covariates but the intercept.")
    if statistics.attributes.get("transform", "none") != "none":
        parts.append(
            "Phenotypes were transformed by rank-based inverse normal transform before covariates "
            "were removed."
        )
    missing = statistics.attributes.get("missing", "mean")
    parts.append(
        "Samples without a call were left out of the variant's test."
        if missing == "drop"
        else "Missing calls took the variant's mean."
    )
    filters = [
        words.format(options[name]) for name, words in _FILTERS.items() if _is_set(options, name)
    ]
    if filters:
        parts.append(f"Variants had {', '.join(filters)}.")
    if options.get("loco"):
        parts.append(
            "Predictions of a whole-genome regression without the variant's chromosome were "
            "subtracted from the phenotypes."
        )
    parts.append(
        "P-values are two-sided, from Student's t; the omnibus test of all phenotypes together is "
        "the exact F test of a multivariate regression (Wilks' lambda)."
    )
    return " ".join(parts)


def _is_set(options: dict[str, Any], name: str) -> bool:
    value = options.get(name)
    if not isinstance(value, int | float):
        return False
    return value < 1 if name == "geno" else value > 0


def _loci(gathered: Gathered) -> str:
    raw, options = gathered.loci.raw, gathered.loci.raw["options"]
    p = float(options.get("p") or 5e-8)
    effective = float(raw["effective_number_of_phenotypes"])
    parts = [
        f"Loci were called with igwas-fast {raw.get('igwas_version', 'unknown')} at p < {p:.2g} "
        f"for the omnibus test and p < {p / effective:.2g} for the smallest p of "
        f"{len(gathered.loci.tested):,} phenotypes ({effective:.1f} effective, Galwey 2009)."
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

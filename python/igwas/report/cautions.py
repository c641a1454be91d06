"""What a reader should know before believing the page, in words."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from igwas.loci.genomic_control import lambda_of_median_log10p
from igwas.report.gathered import Gathered
from igwas.report.lambda_limits import LARGE_LAMBDA, SMALL_LAMBDA, lambda_error, limit_text
from igwas.wording import counted

_LARGE_CONTROL_LAMBDA = 1.05
_FEW_SAMPLES = 1000
_FEW_PER_PHENOTYPE = 10
_FEW_ALLELES = 20
_SHARE_UNTESTED = 0.2
# Linkage disequilibrium seldom reaches further.
_NEAR_LOCUS_BP = 1_000_000
_FEW_VARIANTS = 10_000

_LIMITS_ARE = (
    f"{LARGE_LAMBDA:g} or {SMALL_LAMBDA:g} and three standard errors, for the variants tested"
)

WARNING, NOTE, GOOD = "warning", "note", "good"


@dataclass(frozen=True)
class Caution:
    """One sentence; `level` is warning, note or good, and `about` what it is a caution of."""

    level: str
    text: str
    about: str = "scan"


def cautions(gathered: Gathered) -> list[Caution]:
    """All that is worth saying, warnings first."""
    found = [
        *_lambdas(gathered), *_control(gathered), *_samples(gathered), *_variants(gathered),
        *_loci(gathered), *_eyes(gathered), *_scan(gathered), *_embedding(gathered),
        *(Caution(NOTE, str(note)) for note in gathered.loci.raw["notes"]),
    ]  # fmt: skip
    order = (WARNING, NOTE, GOOD)
    return sorted(found, key=lambda one: order.index(one.level))


def _lambdas(gathered: Gathered) -> list[Caution]:
    found = [*_large_lambdas(gathered), *_small_lambdas(gathered)]
    for name, mask in gathered.omnibus.items():
        value = float(gathered.loci.omnibus_lambdas[mask])
        if value > LARGE_LAMBDA:
            found.append(_omnibus_lambda(gathered, name, value))
    if not found:
        limits = gathered.lambda_limits
        found.append(Caution(GOOD, (
            f"lambda of no tested phenotype is above {limit_text(limits.large)} or below "
            f"{limit_text(limits.small)} ({_LIMITS_ARE}), and that of the omnibus test not above "
            f"{LARGE_LAMBDA:g}."
        )))  # fmt: skip
    n = int(gathered.sweep.n_tested.max())
    if 0 < n < _FEW_VARIANTS:
        found.append(Caution(NOTE, (
            f"lambda rests on {counted(n, 'variant', 'variants')}: its standard error is "
            f"{float(lambda_error(n)):.2f} even if they were independent."
        )))  # fmt: skip
    return found


def _large_lambdas(gathered: Gathered) -> list[Caution]:
    lambdas, limits = gathered.loci.lambdas[gathered.tested], gathered.lambda_limits.large
    is_large = lambdas > limits
    if not is_large.any():
        return []
    worst = int(np.nanargmax(np.where(is_large, lambdas, np.nan)))
    name = gathered.loci.tested[worst]
    return [Caution(WARNING, (
        f"lambda is above {limit_text(limits)} ({_LIMITS_ARE}) for {int(is_large.sum()):,} of "
        f"{counted(len(lambdas), 'tested phenotype', 'tested phenotypes')} (largest "
        f"{lambdas[worst]:.3f}, {name}): either population structure or relatives inflate the "
        "tests, or the phenotypes are polygenic. Add principal components, or scan with --loco."
    ))]  # fmt: skip


def _small_lambdas(gathered: Gathered) -> list[Caution]:
    lambdas, limits = gathered.loci.lambdas[gathered.tested], gathered.lambda_limits.small
    n_small = int((lambdas < limits).sum())
    if not n_small:
        return []
    return [Caution(WARNING, (
        f"lambda is below {limit_text(limits)} ({_LIMITS_ARE}) for {n_small:,} of "
        f"{counted(len(lambdas), 'tested phenotype', 'tested phenotypes')}: few samples, or a "
        "phenotype far from normal."
    ))]  # fmt: skip


def _omnibus_lambda(gathered: Gathered, name: str, value: float) -> Caution:
    """Tell linkage with what was found from inflation of everything."""
    sweep, table = gathered.sweep, gathered.loci.table
    own = table[table["test"] == name]
    bounds = zip(own["chromosome"], own["start"].tolist(), own["end"].tolist(), strict=True)
    near: dict[str, list[tuple[int, int]]] = {}
    for chromosome, start, end in bounds:
        interval = (int(start) - _NEAR_LOCUS_BP, int(end) + _NEAR_LOCUS_BP)
        near.setdefault(str(chromosome), []).append(interval)
    is_far = ~np.isnan(sweep.series[name]) & ~sweep.is_near(near)
    n_far = int(is_far.sum())
    said = f"lambda of the {name} test is {value:.3f}, above {LARGE_LAMBDA:g}"
    if not n_far:
        return Caution(WARNING, f"{said}, and no variant lies away from its loci to tell why.")
    median = np.array([np.median(sweep.series[name][is_far])])
    far = float(lambda_of_median_log10p(median)[0])
    where = f"{far:.3f} for the {n_far:,} variants more than {_NEAR_LOCUS_BP // 10**6} Mb from its"
    if far <= _LARGE_CONTROL_LAMBDA:
        return Caution(NOTE, f"{said}, but {where} loci: linkage with them, not inflation.")
    return Caution(WARNING, (
        f"{said} ({where} loci): inflation, or signals all over the genome; its loci may be false."
    ))  # fmt: skip


def _control(gathered: Gathered) -> list[Caution]:
    control = gathered.control
    if not control:
        if gathered.eyes.pairs:
            return [Caution(NOTE, (
                "left minus right was not scanned: there is no negative control."
            ))]  # fmt: skip
        return []
    n_loci = int(control["n_loci"])
    middle = float("nan") if control["lambda_median"] is None else float(control["lambda_median"])
    if n_loci or middle > _LARGE_CONTROL_LAMBDA:
        return [Caution(WARNING, (
            "the negative control is not null: left minus right has "
            f"{counted(n_loci, 'locus', 'loci')} and median lambda {middle:.3f}. A variant acts on "
            "both eyes of a person: look for an artefact of side (mirroring, camera "
            "order), or for effects on one eye."
        ))]  # fmt: skip
    return [Caution(GOOD, (
        f"the negative control is null: left minus right has no locus, median lambda {middle:.3f}."
    ))]  # fmt: skip


def _samples(gathered: Gathered) -> list[Caution]:
    found, n = [], gathered.n_samples
    k = int(gathered.statistics.array("/models/omnibus_dof").max())
    if n < _FEW_SAMPLES:
        found.append(Caution(WARNING, (
            f"{n:,} people were analysed: only large effects can be found, and those found are "
            "likely overestimated."
        )))  # fmt: skip
    if n < _FEW_PER_PHENOTYPE * k:
        found.append(Caution(WARNING, (
            f"{n:,} people for an omnibus test of {k:,} phenotypes, fewer than "
            f"{_FEW_PER_PHENOTYPE} each: the test is valid but has little power. Fewer components "
            "may find more."
        )))  # fmt: skip
    return found


def _variants(gathered: Gathered) -> list[Caution]:
    total, tested = gathered.statistics.n_variants, int(gathered.sweep.n_tested.max())
    found = []
    shard = str(gathered.statistics.attributes.get("shard", "1/1"))
    if not shard.endswith("/1"):
        found.append(Caution(WARNING, (
            f"this is shard {shard} of the scan, a part of the variants: join the shards with "
            "igwas-fast merge."
        )))  # fmt: skip
    if tested < (1 - _SHARE_UNTESTED) * total:
        found.append(Caution(NOTE, (
            f"{total - tested:,} of {total:,} variants were not tested; the table below says why."
        )))  # fmt: skip
    if len(gathered.sweep.chromosome_names) == 1:
        found.append(Caution(NOTE, (
            f"only chromosome {gathered.sweep.chromosome_names[0]} was scanned: lambda and QQ "
            "plots describe it alone."
        )))  # fmt: skip
    return found


def _loci(gathered: Gathered) -> list[Caution]:
    table, found = gathered.loci.table, []
    if not len(table):
        return [Caution(NOTE, "no locus reaches the level of any test.")]
    ambiguous = sorted(set(table.loc[table["is_palindromic"] == 1, "lead_variant"].map(str)))
    if ambiguous:
        found.append(Caution(WARNING, (
            f"{counted(len(ambiguous), 'lead variant is', 'lead variants are')} palindromic with a "
            f"frequency near one half ({_some(ambiguous)}): the effect allele cannot be matched to "
            "other studies by letters or frequency."
        )))  # fmt: skip
    frequency = table["effect_allele_frequency"]
    known = frequency.to_numpy(dtype=np.float64)
    rarer = np.minimum(known, 1 - known)
    alleles = 2 * table["n"].to_numpy(dtype=np.float64) * rarer
    rare = sorted(set(table.loc[alleles < _FEW_ALLELES, "lead_variant"].map(str)))
    if rare:
        found.append(Caution(WARNING, (
            f"{counted(len(rare), 'lead variant has', 'lead variants have')} fewer than "
            f"{_FEW_ALLELES} copies of the rarer allele ({_some(rare)}): a p-value of so few "
            "carriers rests on normality. Look at them, or scan with a larger --mac."
        )))  # fmt: skip
    signals = table["n_signals"].astype(float)
    explained = int((signals == 0).sum())
    if explained:
        found.append(Caution(NOTE, (
            f"{explained:,} of {counted(len(table), 'locus is', 'loci are')} explained by others "
            "nearby (no independent signal by conditional analysis)."
        )))  # fmt: skip
    elif signals.isna().all():
        found.append(Caution(NOTE, (
            "there was no conditional analysis: loci close to a strong one may be its shadow."
        )))  # fmt: skip
    return found


def _some(names: list[str], count: int = 3) -> str:
    more = ", …" if len(names) > count else ""
    return ", ".join(name[:40] for name in names[:count]) + more


def _eyes(gathered: Gathered) -> list[Caution]:
    eyes = gathered.loci.raw["eyes"]
    expected = eyes.get("expected_null_hits") or {}
    found = []
    if expected.get("both_eyes") is not None:
        found.append(Caution(NOTE, (
            "agreement of both eyes is no replication: by chance "
            f"{float(expected['both_eyes']):.2g} tests would pass the rule of both eyes, and "
            f"{float(expected['one_eye']):.2g} that of one eye."
        )))  # fmt: skip
    table = gathered.loci.table
    heterogeneity = table["log10p_heterogeneity"].astype(float)
    n = int(heterogeneity.notna().sum())
    if n:
        apart = table.loc[heterogeneity > -np.log10(0.05 / n), "lead_variant"]
        names = sorted(set(apart.map(str)))
        if names:
            found.append(Caution(WARNING, (
                f"left and right effects differ (p < 0.05 / {n:,}) at "
                f"{counted(len(names), 'lead variant', 'lead variants')} ({_some(names)})."
            )))  # fmt: skip
    return found


def _scan(gathered: Gathered) -> list[Caution]:
    statistics, found = gathered.statistics, []
    names = _listed(statistics.attributes.get("covariate_names"))
    if not [name for name in names if name != "intercept"]:
        found.append(Caution(WARNING, (
            "the scan had no covariates: expected at least age, sex and principal components."
        )))  # fmt: skip
    dropped = _listed(statistics.attributes.get("dropped_covariates"))
    if dropped:
        found.append(Caution(NOTE, (
            f"covariates that others explain were left out: {_some(dropped, 10)}."
        )))  # fmt: skip
    if not statistics.options.get("loco"):
        found.append(Caution(NOTE, (
            "samples were taken as independent (no --loco): relatives make small p-values of "
            "heritable phenotypes somewhat too small."
        )))  # fmt: skip
    if statistics.attributes.get("transform", "none") != "none":
        found.append(Caution(NOTE, (
            f"phenotypes were transformed ({statistics.attributes['transform']}); the omnibus "
            "test of the scan uses them as they were."
        )))  # fmt: skip
    if gathered.photographs is None:
        found.append(Caution(NOTE, _no_photographs(gathered)))
    if gathered.options.genotypes is None and len(gathered.loci.table):
        found.append(Caution(NOTE, (
            "no genotypes were given: regional plots colour members of loci alone."
        )))  # fmt: skip
    return found


def _embedding(gathered: Gathered) -> list[Caution]:
    """What the report card, further down, warns of: counted here, where a reader looks first."""
    audit = gathered.audit
    if audit is None:
        return [Caution(NOTE, (
            "no report card of the embedding was given (--embeddings-audit)."
        ))]  # fmt: skip
    if not audit.doubts:
        return []
    said = f' ("{audit.level}")' if audit.level else ""
    return [Caution(WARNING, (
        f"the report card of the embedding{said} has {audit.doubts}; each is named below, under "
        "Report card of the embedding."
    ), about="embedding")]  # fmt: skip


def _no_photographs(gathered: Gathered) -> str:
    if gathered.options.phenotypes is None:
        return "no phenotypes were given (--phenotypes): the page does not follow the photographs."
    return (
        "the phenotypes were not made by igwas-fast phenotypes: they do not say how they were made "
        "of photographs."
    )


def _listed(text: Any) -> list[str]:
    return [str(one) for one in json.loads(text or "[]")]

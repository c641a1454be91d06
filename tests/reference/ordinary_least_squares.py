"""The plain twin of the scan: one least-squares fit a variant and phenotype, in float64.

Slow code is the definition of right. Nothing is shared with the core: no projection, no sums over
called samples, no Cholesky factor; every fit starts from the raw rows.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import gammaln, logsumexp

NEEDED_SHARE = 1e-8
"""Share of a genotype's variance that covariates must leave for it to be tested."""


@dataclass(frozen=True)
class Rules:
    """What decides whether and how a variant is tested."""

    missing: str = "mean"
    mac: float = 0.0
    maf: float = 0.0
    geno: float = 1.0
    hwe: float = 0.0
    is_hard_calls: bool = True


@dataclass
class Reference:
    """Numbers of the scan, each (variants, phenotypes); the omnibus too, repeated over a mask."""

    beta: np.ndarray
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __getattr__(self, name: str) -> np.ndarray:
        return self.arrays[name]


NUMBERS = (
    "beta", "se", "t", "log10p", "dof", "n", "missing_count", "eaf", "mac", "genotype_ss",
    "reason", "omnibus_f", "omnibus_log10p",
)  # fmt: skip


def scan(
    dosage: np.ndarray,
    values: np.ndarray,
    covariates: np.ndarray | None = None,
    rules: Rules | None = None,
    *,
    chromosomes: list[str] | None = None,
    sex: np.ndarray | None = None,
) -> Reference:
    """Fit every variant and phenotype.

    Parameters
    ----------
    dosage : float64 (variants, samples)
        NaN is missing.
    values : float64 (samples, phenotypes)
        NaN is missing.
    covariates : float64 (samples, covariates), optional
        Without the intercept.
    chromosomes : list of str (variants,), optional
    sex : (samples,), optional
        0 unknown, 1 male, 2 female.
    """
    rules = rules or Rules()
    n_variants, n_samples = dosage.shape
    sex = np.full(n_samples, 2) if sex is None else np.asarray(sex)
    out = {name: np.full((n_variants, values.shape[1]), np.nan) for name in NUMBERS}
    for v in range(n_variants):
        chromosome = chromosomes[v] if chromosomes else "1"
        for k in range(values.shape[1]):
            row = fit(dosage[v], values, k, covariates, rules, chromosome, sex)
            for name, number in row.items():
                out[name][v, k] = number
    return Reference(out["beta"], out)


def fit(
    g: np.ndarray,
    values: np.ndarray,
    k: int,
    covariates: np.ndarray | None,
    rules: Rules,
    chromosome: str,
    sex: np.ndarray,
) -> dict[str, float]:
    """One variant and one phenotype."""
    allowed, haploid, design = _who(g, covariates, chromosome, sex)
    g = g.astype(float).copy()
    if rules.is_hard_calls:
        g[haploid & (g == 1)] = np.nan
    absent = np.isnan(values)
    same_mask = (absent == absent[:, [k]]).all(axis=0)
    use = allowed & ~absent[:, k]
    called = use & ~np.isnan(g)
    answer = _counts(g, use, called, haploid, rules)
    answer["reason"] = _filter(g, use, called, haploid, answer, rules)
    if answer["reason"]:
        return answer
    if rules.missing == "mean":
        g[use & ~called] = g[called].mean()
    else:
        use = called
    # Where everybody carries one copy, beta is of having it.
    copies = g[use] / 2 if chromosome in ("Y", "MT") else g[use]
    return answer | _fits(copies, values[use][:, same_mask], values[use, k], design[use])


def _who(
    g: np.ndarray, covariates: np.ndarray | None, chromosome: str, sex: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who may be analysed, who carries one copy, and the covariates."""
    n = len(g)
    columns = [np.ones((n, 1))]
    if covariates is not None:
        columns.append(np.asarray(covariates, float).reshape(n, -1))
    allowed, haploid = np.ones(n, bool), np.zeros(n, bool)
    if chromosome == "X":
        allowed, haploid = sex != 0, sex == 1
        columns.append((sex == 1)[:, None].astype(float))
    elif chromosome == "Y":
        allowed, haploid = sex == 1, np.ones(n, bool)
    elif chromosome == "MT":
        haploid = np.ones(n, bool)
    return allowed, haploid, np.hstack(columns)


def _counts(
    g: np.ndarray, use: np.ndarray, called: np.ndarray, haploid: np.ndarray, rules: Rules
) -> dict[str, float]:
    alleles = 2.0 * (called & ~haploid).sum() + (called & haploid).sum()
    effect = g[called & ~haploid].sum() + g[called & haploid].sum() / 2
    return {
        "n": float(called.sum() if rules.missing == "drop" else use.sum()),
        "missing_count": float((use & ~called).sum()),
        "eaf": effect / alleles if alleles else np.nan,
        "mac": min(effect, alleles - effect),
    }


def _filter(
    g: np.ndarray,
    use: np.ndarray,
    called: np.ndarray,
    haploid: np.ndarray,
    counts: dict[str, float],
    rules: Rules,
) -> int:
    """The code of the first reason not to test, 0 if there is none; in the order of the scan."""
    if not use.any():
        return 10
    if not called.any():
        return 2
    if (use & ~called).sum() / use.sum() > rules.geno:
        return 5
    if np.ptp(g[called]) == 0:
        return 1
    if counts["mac"] < rules.mac:
        return 3
    if min(counts["eaf"], 1 - counts["eaf"]) < rules.maf - 1e-12:
        return 4
    if rules.hwe and hardy_weinberg_p(g[called & ~haploid]) < rules.hwe:
        return 6
    return 0


def _fits(
    g: np.ndarray, mask_values: np.ndarray, y: np.ndarray, design: np.ndarray
) -> dict[str, float]:
    rank = int(np.linalg.matrix_rank(design))
    n, n_tests = mask_values.shape
    dof = n - rank - 1
    if dof < 1:
        return {"reason": 9, "dof": 0}
    genotype_ss = float((_residual(design, g[:, None]) ** 2).sum())
    if genotype_ss <= NEEDED_SHARE * ((g - g.mean()) ** 2).sum():
        return {"reason": 8, "dof": dof}
    full = np.column_stack([design, g])
    coefficients = np.linalg.lstsq(full, y, rcond=None)[0]
    rss = float(((y - full @ coefficients) ** 2).sum())
    se = float(np.sqrt(rss / dof * np.linalg.pinv(full.T @ full, rcond=1e-13)[-1, -1]))
    t = coefficients[-1] / se
    answer = {
        "beta": coefficients[-1],
        "se": se,
        "t": t,
        "log10p": -(np.log(2) + stats.t.logsf(abs(t), dof)) / np.log(10),
        "dof": dof,
        "genotype_ss": genotype_ss,
    }
    if n - rank - n_tests >= 1:
        f = wilks_f(mask_values, design, full, n - rank - n_tests)
        answer["omnibus_f"] = f
        answer["omnibus_log10p"] = -stats.f.logsf(f, n_tests, n - rank - n_tests) / np.log(10)
    return answer


def _residual(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(y - design @ np.linalg.lstsq(design, y, rcond=None)[0])


def wilks_f(values: np.ndarray, reduced: np.ndarray, full: np.ndarray, dof: int) -> float:
    """F of Wilks' lambda, the ratio of the determinants of the residual cross-products."""
    errors = [_residual(design, values) for design in (full, reduced)]
    log_determinants = [np.linalg.slogdet(e.T @ e)[1] for e in errors]
    wilks = float(np.exp(log_determinants[0] - log_determinants[1]))
    return (1 - wilks) / wilks * dof / values.shape[1]


def hardy_weinberg_p(g: np.ndarray) -> float:
    """Exact p by listing every heterozygote count that the allele counts allow."""
    n = len(g)
    effect = int(g.sum())
    het = np.arange(effect % 2, min(effect, 2 * n - effect) + 1, 2)
    hom = (effect - het) // 2
    log_probability = (
        het * np.log(2) - gammaln(hom + 1) - gammaln(het + 1) - gammaln(n - het - hom + 1)
    )
    log_probability -= logsumexp(log_probability)
    observed = log_probability[het == int((g == 1).sum())][0]
    return float(np.exp(logsumexp(log_probability[log_probability <= observed + 1e-9])))


def random_cohort(
    *, n_samples: int, n_variants: int, n_phenotypes: int, missing_rate: float = 0.0, seed: int = 0
) -> dict[str, Any]:
    """Dosage (float, hard calls), values and covariates, with a true effect of every variant."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.05, 0.95, n_variants)
    dosage = rng.binomial(2, frequency[:, None], (n_variants, n_samples)).astype(float)
    covariates = rng.normal(size=(n_samples, 3))
    covariates[:, 2] = rng.integers(0, 2, n_samples)
    effects = rng.normal(scale=0.2, size=(n_variants, n_phenotypes))
    values = (
        dosage.T @ effects
        + covariates @ rng.normal(size=(3, n_phenotypes))
        + rng.normal(size=(n_samples, n_phenotypes)) @ rng.normal(size=(n_phenotypes,) * 2)
    )
    dosage[rng.random(dosage.shape) < missing_rate] = np.nan
    return {"dosage": dosage, "values": values, "covariates": covariates}

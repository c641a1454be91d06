"""Haplotype frequencies of two variants by maximum likelihood, from unphased calls.

Only samples with one copy of both variants leave their phase open. With x the frequency of
haplotypes AB (and of ab) that they contribute, out of h in all, the likelihood's stationary points
are the roots of a cubic (Hill 1974), so that no iteration can stop short of the answer.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NEWTON_STEPS = 3


def haplotype_r2(n: Floats, sx: Floats, sy: Floats, sxy: Floats, hets: Floats) -> Floats:
    """r^2 of the likeliest haplotype frequencies under random mating.

    Parameters
    ----------
    n : float64 (pairs,)
        Samples that have both calls.
    sx, sy, sxy : float64 (pairs,)
        Copies of the counted allele of each variant, and of their product, over those samples.
    hets : float64 (pairs,)
        Samples with one copy of both.

    Returns
    -------
    float64 (pairs,)
        NaN where one of the two does not vary.

    References
    ----------
    Hill WG (1974). Estimation of linkage disequilibrium in randomly mating populations.
    Heredity 33:229-239.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        known11 = (sxy - hets) / 2
        known12 = sx - hets - known11
        known21 = sy - hets - known11
        known22 = 2 * n - 2 * hets - known11 - known12 - known21
        known = np.stack([known11, known12, known21, known22]) / (2 * n)
        open_share = hets / (2 * n)
        f11 = known[0] + _resolve(known, open_share)
        p, q = sx / (2 * n), sy / (2 * n)
        variance = p * (1 - p) * q * (1 - q)
        r2 = (f11 - p * q) ** 2 / variance
    return np.asarray(np.where((variance > 0) & (n > 0), np.minimum(r2, 1.0), np.nan))


def _resolve(known: Floats, h: Floats) -> Floats:
    """Frequency x in [0, h] of open haplotypes that are AB; the likeliest of all candidates."""
    f11, f12, f21, f22 = known
    coefficients = np.stack(
        [
            0.5 * (f11 + f22 - f12 - f21 - 3 * h),
            0.5 * (f11 * f22 + f12 * f21 + h * (f12 + f21 - f11 - f22 + h)),
            -0.5 * h * f11 * f22,
        ]
    )
    roots = np.clip(_real_roots(coefficients), 0, h)
    candidates = np.concatenate([roots, np.zeros_like(h)[None], h[None]])
    likelihood = _log_likelihood(candidates, known, h)
    best = likelihood.argmax(axis=0)
    return np.asarray(np.take_along_axis(candidates, best[None], axis=0)[0])


def _real_roots(coefficients: Floats) -> Floats:
    """Roots of x^3 + a x^2 + b x + c, (3, pairs); a complex pair is given as its real part."""
    a, b, c = np.nan_to_num(coefficients)
    shift = a / 3
    p = b - a * shift
    q = c - shift * b + 2 * shift**3
    discriminant = (q / 2) ** 2 + (p / 3) ** 3
    root = np.sqrt(np.maximum(discriminant, 0))
    single = np.cbrt(-q / 2 + root) + np.cbrt(-q / 2 - root)
    radius = 2 * np.sqrt(np.maximum(-p / 3, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.arccos(np.clip(np.nan_to_num(3 * q / (p * radius)), -1, 1)) / 3
    turns = 2 * np.pi * np.arange(3)[:, None] / 3
    roots = np.where(discriminant > 0, single, radius * np.cos(angle - turns)) - shift
    for _ in range(_NEWTON_STEPS):
        value = ((roots + a) * roots + b) * roots + c
        slope = (3 * roots + 2 * a) * roots + b
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(np.abs(slope) > 1e-12, value / slope, 0.0)
        roots = roots - step
    return np.asarray(roots)


def _log_likelihood(x: Floats, known: Floats, h: Floats) -> Floats:
    """Per haplotype, up to a constant; x is (candidates, pairs)."""
    f11, f12, f21, f22 = known
    now = (f11 + x, f12 + h - x, f21 + h - x, f22 + x)
    total = _weighted_log(h, now[0] * now[3] + now[1] * now[2])
    for share, frequency in zip(known, now, strict=True):
        total = total + _weighted_log(share, frequency)
    return total


def _weighted_log(weight: Floats, value: Floats) -> Floats:
    """Weight times the logarithm; 0 where the weight is, however small the value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(weight > 0, weight * np.log(value), 0.0))

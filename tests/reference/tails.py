"""Oracles of the tails at 32 digits: mpmath's incomplete beta and gamma functions."""

import mpmath
from mpmath import mp, mpf

DIGITS = 32
# Below this the power series in x is short; above it mpmath's own transformations are safe and fast
# (in between they sometimes fail to converge).
SERIES_BELOW = 0.998


def log10p_student_t(t: float, dof: float) -> mpf:
    """Two-sided -log10 p of t."""
    with mpmath.workdps(DIGITS):
        return _log10p(mpf(t) ** 2, mpf(dof), mpf(dof) / 2, mpf(1) / 2)


def log10p_f(f: float, d1: float, d2: float) -> mpf:
    """Upper-tail -log10 p of F."""
    with mpmath.workdps(DIGITS):
        return _log10p(mpf(f) * mpf(d1), mpf(d2), mpf(d2) / 2, mpf(d1) / 2)


def log10p_chisq(chisq: float, dof: float) -> mpf:
    """Upper-tail -log10 p of chi-square."""
    with mpmath.workdps(DIGITS):
        a, z = mpf(dof) / 2, mpf(chisq) / 2
        if z > a:
            return -mpmath.log10(mpmath.gammainc(a, z, regularized=True))
        return -mpmath.log1p(-mpmath.gammainc(a, 0, z, regularized=True)) / mpmath.log(10)


def log10p_student_t_by_quadrature(t: float, dof: float) -> mpf:
    """Integrate the density; shares no formula with the others."""
    with mpmath.workdps(DIGITS):
        v = mpf(dof)
        log_scale = mpmath.loggamma((v + 1) / 2) - mpmath.loggamma(v / 2)
        log_scale -= mpmath.log(v * mpmath.pi) / 2

        def density(x: mpf) -> mpf:
            return mpmath.exp(log_scale - (v + 1) / 2 * mpmath.log1p(x * x / v))

        points = [mpf(t) + step for step in (0, 1, 2, 4, 8, 16, 32, 64)]
        return -mpmath.log10(2 * mpmath.quad(density, [*points, mpmath.inf]))


def relative_error(found: float, expected: mpf) -> float:
    """Distance over the expected value; results too small for a double count as 0."""
    if expected < mpf("1e-300"):
        return 0.0 if found < 1e-290 else 1.0
    return float(abs(mpf(float(found)) - expected) / expected)


def _log10p(numerator: mpf, denominator: mpf, a: mpf, b: mpf) -> mpf:
    """-log10 of I_x(a, b), x to 1 - x as denominator to numerator, by way of the smaller side."""
    x = denominator / (numerator + denominator)
    y = numerator / (numerator + denominator)
    if x * (a + b) < a:
        return -mpmath.log10(_incomplete_beta(a, b, x, y))
    return -mpmath.log1p(-_incomplete_beta(b, a, y, x)) / mpmath.log(10)


def _incomplete_beta(a: mpf, b: mpf, x: mpf, y: mpf) -> mpf:
    if x > SERIES_BELOW:
        return mpmath.betainc(a, b, 0, x, regularized=True)
    term = total = mpf(1)
    n = 0
    while term > total * mp.eps:
        term *= (a + b + n) * x / (a + 1 + n)
        total += term
        n += 1
    log_beta = mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)
    return mpmath.exp(a * mpmath.log(x) + b * mpmath.log(y) - log_beta) * total / a

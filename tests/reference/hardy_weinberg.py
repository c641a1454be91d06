"""The plain twin of `igwas::hardy_weinberg_log10p`: every heterozygote count, exact integers."""

import math

import mpmath


def hardy_weinberg_log10p(n_hom1: int, n_het: int, n_hom2: int, *, mid_p: bool = False) -> float:
    """-log10 of the summed probability of all counts no more probable than the observed one.

    Given the allele counts, a heterozygote count h has weight 2^h n! / (n_hom1! h! n_hom2!), an
    integer: ties are exact.
    """
    total = n_hom1 + n_het + n_hom2
    rare = 2 * min(n_hom1, n_hom2) + n_het

    def weight(heterozygotes: int) -> int:
        homozygotes = (rare - heterozygotes) // 2
        others = total - heterozygotes - homozygotes
        ways = math.comb(total, heterozygotes) * math.comb(total - heterozygotes, homozygotes)
        assert homozygotes + heterozygotes + others == total
        return 2**heterozygotes * ways

    weights = [weight(h) for h in range(rare % 2, rare + 1, 2)]
    observed = weight(n_het)
    twice_tail = sum(2 * w for w in weights if w <= observed)
    if mid_p:
        twice_tail -= sum(w for w in weights if w == observed)
    with mpmath.workdps(40):
        return float(-mpmath.log10(mpmath.mpf(twice_tail) / (2 * sum(weights))))


def hardy_weinberg_log10p_large(n_hom1: int, n_het: int, n_hom2: int) -> float:
    """Give the same for counts whose factorials are too long: the recurrence at 30 digits."""
    rare = 2 * min(n_hom1, n_hom2) + n_het
    total = n_hom1 + n_het + n_hom2
    with mpmath.workdps(30):
        weights = [mpmath.mpf(1)]
        for h in range(rare % 2, rare - 1, 2):
            homozygotes = (rare - h) // 2
            others = total - h - homozygotes
            weights.append(weights[-1] * 4 * homozygotes * others / ((h + 2) * (h + 1)))
        observed = weights[(n_het - rare % 2) // 2]
        tail = mpmath.fsum(w for w in weights if w <= observed * (1 + mpmath.mpf(10) ** -25))
        return float(-mpmath.log10(tail / mpmath.fsum(weights)))

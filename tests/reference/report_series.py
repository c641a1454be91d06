"""The series of a report, variant by variant from tables of single phenotypes: the plain twin."""

import numpy as np


def smallest_p(statistics, columns):
    """-log10 of the smallest p of each variant, from every phenotype's own table."""
    tables = [statistics.to_frame(int(column))["log10p"].to_numpy() for column in columns]
    out = []
    for values in zip(*tables, strict=True):
        known = [value for value in values if not np.isnan(value)]
        out.append(max(known) if known else np.nan)
    return np.array(out)


def both_eyes_p(statistics, left, right):
    """The best dimension's larger p of left and right, same sign; 0 where no signs agree."""
    tables = [(statistics.to_frame(int(a)), statistics.to_frame(int(b)))
              for a, b in zip(left, right, strict=True)]  # fmt: skip
    out = []
    for row in range(statistics.n_variants):
        best = np.nan
        for one, other in tables:
            t = one["t"].iloc[row], other["t"].iloc[row]
            if np.isnan(t).any():
                continue
            agree = t[0] * t[1] > 0
            weaker = min(one["log10p"].iloc[row], other["log10p"].iloc[row]) if agree else 0.0
            best = np.fmax(best, weaker)
        out.append(best)
    return np.array(out)

"""Plain twins of what is measured of an embedding: one number at a time, in float64."""

import math

import numpy as np


def mean_squares(table):
    """Between people, between raters, residual, within people; of a table people x raters."""
    n, k = len(table), len(table[0])
    grand = sum(sum(row) for row in table) / (n * k)
    people = [sum(row) / k for row in table]
    raters = [sum(row[j] for row in table) / n for j in range(k)]
    between = sum(k * (mean - grand) ** 2 for mean in people) / (n - 1)
    of_raters = sum(n * (mean - grand) ** 2 for mean in raters) / (k - 1)
    within = sum((table[i][j] - people[i]) ** 2 for i in range(n) for j in range(k))
    residual = sum(
        (table[i][j] - people[i] - raters[j] + grand) ** 2 for i in range(n) for j in range(k)
    )
    return between, of_raters, residual / ((n - 1) * (k - 1)), within / (n * (k - 1))


def icc_1_1(table):
    """Shrout & Fleiss, case 1."""
    between, _, _, within = mean_squares(table)
    return (between - within) / (between + (len(table[0]) - 1) * within)


def icc_a_1(table):
    """Shrout & Fleiss, case 2."""
    n, k = len(table), len(table[0])
    between, raters, residual, _ = mean_squares(table)
    return (between - residual) / (between + (k - 1) * residual + k * (raters - residual) / n)


def unit(vector):
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector]


def squared_distance(first, second):
    return sum((x - y) ** 2 for x, y in zip(first, second, strict=True))


def uniformity(vectors):
    """Log of the mean Gaussian potential over all pairs of different rows."""
    rows = [unit(vector) for vector in vectors]
    values = [
        math.exp(-2 * squared_distance(rows[i], rows[j]))
        for i in range(len(rows))
        for j in range(len(rows))
        if i != j
    ]
    return math.log(sum(values) / len(values))


def alignment(left, right):
    """Mean squared distance of the unit vectors of mates."""
    pairs = zip(left, right, strict=True)
    return sum(squared_distance(unit(a), unit(b)) for a, b in pairs) / len(left)


def effective_rank(vectors):
    """By the singular values of the centred vectors, not by their covariance."""
    centred = vectors - vectors.mean(axis=0)
    squares = np.linalg.svd(centred, compute_uv=False) ** 2
    shares = [value / squares.sum() for value in squares if value > 0]
    return math.exp(-sum(share * math.log(share) for share in shares))


def cross_validated_r2(y, design, fold):
    """One fold, one dimension at a time, by the normal equations."""
    missed = around = 0.0
    for number in sorted(set(fold)):
        train = [i for i in range(len(y)) if fold[i] != number]
        test = [i for i in range(len(y)) if fold[i] == number]
        x = np.column_stack([np.ones(len(train)), design[train]])
        slope = np.linalg.solve(x.T @ x, x.T @ y[train])
        mean = y[train].mean()
        for i in test:
            missed += (y[i] - slope[0] - design[i] @ slope[1:]) ** 2
            around += (y[i] - mean) ** 2
    return 1 - missed / around

"""The objectives as their papers write them: loops over rows and dimensions in float64."""

import math

import numpy as np


def _cosine(a, b):
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def nt_xent(projections, labels, temperature):
    """SimCLR eq. 1, its mean over positives where there are several (SupCon eq. 2)."""
    n = len(projections)
    losses = []
    for i in range(n):
        denominator = sum(
            math.exp(_cosine(projections[i], projections[k]) / temperature)
            for k in range(n)
            if k != i
        )
        positives = [j for j in range(n) if j != i and labels[j] == labels[i]]
        terms = [
            -math.log(math.exp(_cosine(projections[i], projections[j]) / temperature) / denominator)
            for j in positives
        ]
        losses.append(sum(terms) / len(terms))
    return sum(losses) / n


def cosface(projections, class_weights, labels, margin, scale):
    """CosFace eq. 4."""
    losses = []
    for x, label in zip(projections, labels, strict=True):
        cosines = [_cosine(x, w) for w in class_weights]
        own = math.exp(scale * (cosines[label] - margin))
        others = sum(math.exp(scale * c) for j, c in enumerate(cosines) if j != label)
        losses.append(-math.log(own / (own + others)))
    return sum(losses) / len(losses)


def vicreg(first, second):
    """VICReg algorithm 1: coefficients 25, 25, 1, epsilon 1e-4."""
    n, d = first.shape
    invariance = sum((first[i, j] - second[i, j]) ** 2 for i in range(n) for j in range(d)) / (
        n * d
    )
    variance = covariance = 0.0
    for view in (first, second):
        means = [sum(view[i, j] for i in range(n)) / n for j in range(d)]

        def product(j, k, view=view, means=means):
            return sum((view[i, j] - means[j]) * (view[i, k] - means[k]) for i in range(n)) / (
                n - 1
            )

        variance += sum(max(0.0, 1 - math.sqrt(product(j, j) + 1e-4)) for j in range(d)) / d
        covariance += sum(product(j, k) ** 2 for j in range(d) for k in range(d) if j != k) / d
    return 25 * invariance + 25 * variance + covariance


def barlow_twins(first, second, redundancy_weight=5e-3):
    """Barlow Twins eq. 1 and 2, batch means taken away."""
    n, d = first.shape
    a, b = first - first.mean(0), second - second.mean(0)
    loss = 0.0
    for i in range(d):
        for j in range(d):
            above = sum(a[k, i] * b[k, j] for k in range(n))
            below = math.sqrt(sum(a[k, i] ** 2 for k in range(n))) * math.sqrt(
                sum(b[k, j] ** 2 for k in range(n))
            )
            c = above / below
            loss += (1 - c) ** 2 if i == j else redundancy_weight * c**2
    return loss


def cca(first, second, ridge=1e-3):
    """Dimensions less the eigenvalues of S^-1 C, sums written out; both views have one map."""
    n, d = first.shape
    a, b = first - first.mean(0), second - second.mean(0)

    def both(j, k):
        return sum(a[i, j] * a[i, k] + b[i, j] * b[i, k] for i in range(n)) / (2 * n)

    def crossed(j, k):
        return sum(a[i, j] * b[i, k] + b[i, j] * a[i, k] for i in range(n)) / (2 * n)

    s = np.array([[both(j, k) for k in range(d)] for j in range(d)])
    c = np.array([[crossed(j, k) for k in range(d)] for j in range(d)])
    s += np.eye(d) * (ridge * np.trace(s) / d + 1e-8)
    return d - np.linalg.eigvals(np.linalg.inv(s) @ c).real.sum()

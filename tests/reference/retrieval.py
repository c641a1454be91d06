"""The plain twin of retrieval: one query at a time, one decoy at a time, in float64."""

import math

import numpy as np


def cosine(first, second):
    """Cosine of the angle between two vectors; 0 if one of them is zero."""
    length = math.sqrt(sum(x * x for x in first)) * math.sqrt(sum(x * x for x in second))
    return sum(x * y for x, y in zip(first, second, strict=True)) / length if length else 0.0


def mate_ranks(left, right, tie=1e-12):
    """Place of the mate in the gallery; of equally similar eyes the mate comes last."""
    ranks = []
    for query, gallery in ((left, right), (right, left)):
        row = []
        for person, vector in enumerate(query):
            mate = cosine(vector, gallery[person])
            others = [cosine(vector, eye) for at, eye in enumerate(gallery) if at != person]
            row.append(1 + sum(similarity >= mate - tie for similarity in others))
        ranks.append(row)
    return ranks


def is_found_among_decoys(left, right, left_colour, right_colour, n_decoys):
    """Whether the mate beats the eyes of the `n_decoys` people nearest to it in colour."""
    found = []
    sides = ((left, right, right_colour), (right, left, left_colour))
    for query, gallery, colour in sides:
        row = []
        for person, vector in enumerate(query):
            others = [at for at in range(len(gallery)) if at != person]
            others.sort(key=lambda at: -cosine(colour[at], colour[person]))
            mate = cosine(vector, gallery[person])
            row.append(all(cosine(vector, gallery[at]) < mate for at in others[:n_decoys]))
        found.append(row)
    return found


def bootstrap_interval(values, n_draws, confidence, seed):
    """Percentile interval of the mean, one draw of people at a time."""
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(n_draws):
        drawn = rng.integers(0, len(values), len(values))
        means.append(sum(values[at] for at in drawn) / len(values))
    tail = (1 - confidence) / 2
    return tuple(np.quantile(means, [tail, 1 - tail]))


def colour_histogram(photograph, bins, size_px):
    """Joint histogram of the photograph averaged down by exact areas; roots of the shares."""
    height, width, _ = photograph.shape
    rows, columns = min(size_px, height), min(size_px, width)
    histogram = np.zeros((bins, bins, bins))
    for row in range(rows):
        for column in range(columns):
            colour = _area_mean(
                photograph,
                (row * height / rows, (row + 1) * height / rows),
                (column * width / columns, (column + 1) * width / columns),
            )
            red, green, blue = (min(bins - 1, int((value + 1e-3) * bins / 256)) for value in colour)
            histogram[red, green, blue] += 1
    return np.sqrt(histogram / (rows * columns)).ravel()


def _area_mean(photograph, rows, columns):
    total, area = np.zeros(3), 0.0
    for y in range(int(rows[0]), math.ceil(rows[1])):
        for x in range(int(columns[0]), math.ceil(columns[1])):
            height = min(rows[1], y + 1) - max(rows[0], y)
            width = min(columns[1], x + 1) - max(columns[0], x)
            if height > 0 and width > 0:
                total += photograph[y, x].astype(float) * height * width
                area += height * width
    return total / area

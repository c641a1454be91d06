"""Clumps against a plain loop over all pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igwas.loci.clump import clump, merge_clumps


def twin(chromosome, position, log10p, min_log10p, window, min_r2, matrix):
    free = set(range(len(position)))
    found = []
    for lead in sorted(free, key=lambda i: (-log10p[i], i)):
        if lead not in free or log10p[lead] < min_log10p:
            continue
        members = [
            i for i in sorted(free)
            if i != lead and chromosome[i] == chromosome[lead]
            and abs(position[i] - position[lead]) < window
            and (matrix is None or matrix[lead, i] > min_r2)
        ]  # fmt: skip
        free -= {lead, *members}
        found.append((lead, members))
    return found


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 30), st.booleans())
def test_clumps_are_those_of_a_plain_loop(seed, n, has_r2):
    rng = np.random.default_rng(seed)
    chromosome = rng.integers(0, 3, n)
    position = rng.integers(0, 50, n)
    log10p = rng.integers(0, 12, n).astype(float)
    matrix = rng.random((n, n)) if has_r2 else None
    r2 = None if matrix is None else (lambda lead, others: matrix[lead, others])
    found = clump(
        chromosome, position, log10p, min_log10p=5, window_bp=10, min_r2=0.4, r2=r2
    )  # fmt: skip
    expected = twin(chromosome, position, log10p, 5, 10, 0.4, matrix)
    assert [(c.lead, c.members[1:].tolist()) for c in found] == expected
    assert all(c.members[0] == c.lead and c.r2[0] == 1 for c in found)
    taken = [m for c in found for m in c.members.tolist()]
    assert len(set(taken)) == len(taken)


def test_unknown_r2_joins_nothing():
    found = clump(
        np.zeros(2, int), np.array([1, 2]), np.array([9.0, 8.0]), min_log10p=5, window_bp=10,
        min_r2=0, r2=lambda lead, others: np.full(len(others), np.nan),
    )  # fmt: skip
    assert [c.lead for c in found] == [0, 1]


@pytest.fixture
def chain():
    """Single-variant clumps, strongest first, at 0, 150, 420 and 900 kb, and one elsewhere."""
    position = np.array([150_000, 0, 420_000, 900_000, 100_000])
    chromosome = np.array([1, 1, 1, 1, 2])
    log10p = np.array([30.0, 20.0, 15.0, 10.0, 9.0])
    clumps = clump(
        chromosome, position, log10p, min_log10p=5, window_bp=1, min_r2=0.8, r2=None
    )  # fmt: skip
    return clumps, chromosome, position


@pytest.mark.parametrize(
    ("interval_bp", "lead_bp", "expected"),
    [
        (0, 0, [[0], [1], [2], [3], [4]]),
        (200_000, 0, [[0, 1], [2], [3], [4]]),
        # The group of 0 and 150 kb is at its strongest lead, 150 kb: 270 kb from the next.
        (200_000, 400_000, [[0, 1, 2], [3], [4]]),
        (200_000, 480_000, [[0, 1, 2, 3], [4]]),
    ],
)
def test_loci_are_merged_by_interval_then_by_lead(chain, interval_bp, lead_bp, expected):
    clumps, chromosome, position = chain
    assert (
        merge_clumps(clumps, chromosome, position, interval_bp=interval_bp, lead_bp=lead_bp)
        == expected
    )


def test_an_interval_inside_another_does_not_cut_it_short():
    position = np.array([0, 500, 100, 650])
    clumps = clump(
        np.zeros(4, int), position, np.array([9.0, 1.0, 8.0, 7.0]), min_log10p=5, window_bp=600,
        min_r2=0.5, r2=lambda lead, others: np.where((lead == 0) & (others == 1), 0.9, 0.0),
    )  # fmt: skip
    assert [c.members.tolist() for c in clumps] == [[0, 1], [2], [3]]
    merged = merge_clumps(clumps, np.zeros(4, int), position, interval_bp=200, lead_bp=0)
    assert merged == [[0, 1, 2]]


def test_no_clump_gives_no_locus():
    nothing = np.zeros(0, np.int64)
    assert merge_clumps([], nothing, nothing, interval_bp=1, lead_bp=1) == []

"""Photographs that repeat another: the same bytes, the same look, or neither."""

import numpy as np
import pytest
from PIL import Image
from tests.fundus_pictures import fundus_picture

from igwas.images.disc import find_disc
from igwas.images.duplicates import MOST_BITS, find_duplicates
from igwas.images.fingerprint import WORDS, fingerprint


def distance(one, other):
    return int(np.bitwise_count(one ^ other).sum())


def print_of(picture):
    return fingerprint(picture, find_disc(picture))


def flipped(prints, n_bits, rng):
    """The fingerprint with this many bits changed."""
    bits = np.unpackbits(prints.view(np.uint8))
    bits[rng.choice(len(bits), n_bits, replace=False)] ^= 1
    return np.packbits(bits).view(np.uint64)


def written_out(digests, prints):
    """Every photograph against every earlier one."""
    answer = []
    for row in range(len(digests)):
        same = [i for i in range(row) if digests[i] == digests[row]
                or distance(prints[i], prints[row]) <= MOST_BITS]  # fmt: skip
        answer.append(same[0] if same else -1)
    return answer


def test_the_same_bytes_are_found_whatever_the_fingerprint():
    prints = np.random.default_rng(1).integers(0, 2**63, (4, WORDS)).astype(np.uint64)
    assert find_duplicates(["a", "b", "a", "a"], prints).tolist() == [-1, -1, 0, 0]


@pytest.mark.parametrize(("n_bits", "expected"), [(0, 0), (MOST_BITS, 0), (MOST_BITS + 1, -1)])
def test_fingerprints_are_near_up_to_the_limit(n_bits, expected):
    rng = np.random.default_rng(n_bits)
    one = rng.integers(0, 2**63, WORDS).astype(np.uint64)
    prints = np.stack([one, flipped(one, n_bits, rng)])
    assert find_duplicates(["a", "b"], prints).tolist() == [-1, expected]


def test_none_is_missed_among_many():
    rng = np.random.default_rng(5)
    prints = rng.integers(0, 2**63, (60, WORDS)).astype(np.uint64)
    for row in range(30, 60):
        prints[row] = flipped(prints[row - 30], int(rng.integers(20, 45)), rng)
    digests = [str(row % 50) for row in range(60)]
    answer = find_duplicates(digests, prints)
    assert answer.tolist() == written_out(digests, prints)
    assert 0 < (answer < 0).sum() < 60


def test_no_photograph_has_no_duplicate():
    assert find_duplicates([], np.empty((0, WORDS), np.uint64)).tolist() == []


def test_a_smaller_copy_is_near_and_another_eye_is_far():
    picture = fundus_picture(400, 480, radius=180, noise=0)
    smaller = np.asarray(Image.fromarray(picture).resize((240, 200), Image.Resampling.LANCZOS))
    other = fundus_picture(400, 480, radius=180, noise=0, head_x=0.55)
    assert distance(print_of(picture), print_of(smaller)) <= MOST_BITS
    assert distance(print_of(picture), print_of(other)) > 2 * MOST_BITS

"""Photographs that are there twice: the same bytes, or the same picture saved again."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Of 512 bits. A copy at another size or compression mostly differs in fewer; different photographs,
# also of one eye, in 54 or more (docs/images.md).
MOST_BITS = 31
_PAIRS_AT_ONCE = 2**20


def find_duplicates(
    digests: Sequence[str], fingerprints: npt.NDArray[np.uint64]
) -> npt.NDArray[np.int64]:
    """For each photograph the first earlier one with the same content.

    Parameters
    ----------
    digests : sequence of str (images,)
        Of the files' bytes.
    fingerprints : uint64 (images, 8)
        See `igwas.images.fingerprint`.

    Returns
    -------
    int64 (images,)
        Row of the earlier photograph; -1 where there is none.

    Notes
    -----
    512 bits are 32 bands of 16. Two fingerprints that differ in at most 31 bits agree wholly in at
    least one band, so that they meet when rows are grouped by each band in turn; only rows that
    meet are compared, and none is missed.

    Examples
    --------
    >>> prints = np.zeros((3, 8), np.uint64)
    >>> prints[1] = 2**64 - 1
    >>> find_duplicates(["a", "b", "c"], prints).tolist()
    [-1, -1, 0]
    """
    n_images = len(digests)
    assert fingerprints.shape == (n_images, 8)
    first = np.full(n_images, -1, np.int64)
    seen: dict[str, int] = {}
    for row, digest in enumerate(digests):
        first[row] = seen.setdefault(digest, row) if digest in seen else -1
        seen.setdefault(digest, row)
    near = _near_pairs(fingerprints)
    for later, earlier in near.tolist():
        if first[later] < 0 or earlier < first[later]:
            first[later] = earlier
    return first


def _near_pairs(fingerprints: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Rows (later, earlier) that differ in at most MOST_BITS, sorted."""
    bands = np.ascontiguousarray(fingerprints).view(np.uint16)
    found = [np.empty((0, 2), np.int64)]
    for band in range(bands.shape[1]):
        order = np.argsort(bands[:, band], kind="stable")
        values = bands[order, band]
        starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
        for start, stop in zip(starts, [*starts[1:], len(values)], strict=True):
            if stop - start > 1:
                found.append(_compare(fingerprints, np.sort(order[start:stop])))
    return np.unique(np.concatenate(found), axis=0)


def _compare(
    fingerprints: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Pairs of these rows that are near, in blocks of bounded size."""
    found = [np.empty((0, 2), np.int64)]
    prints = fingerprints[rows]
    step = max(1, _PAIRS_AT_ONCE // len(rows))
    for start in range(0, len(rows), step):
        block = prints[start : start + step]
        differing = np.bitwise_count(block[:, None, :] ^ prints[None, :, :]).sum(axis=2)
        later, earlier = np.nonzero(differing <= MOST_BITS)
        is_pair = earlier < later + start
        found.append(np.column_stack([rows[later[is_pair] + start], rows[earlier[is_pair]]]))
    return np.concatenate(found)

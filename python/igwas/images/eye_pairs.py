"""Left and right photographs of a person that seem to show one and the same eye."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from igwas.images.source_list import Source

# Of 512 bits, neither picture mirrored; see docs/images.md for what real pairs differ in.
MOST_BITS = 100


def find_same_eye(
    sources: Sequence[Source],
    laterality_agrees: npt.NDArray[np.floating],
    fingerprints: npt.NDArray[np.uint64],
) -> list[tuple[int, int]]:
    """Pairs (left, right) of one person and visit that look like one eye photographed twice.

    Two eyes are mirror images. A pair is reported if its nerve heads stand on the same side, so
    that just one of the two agrees with its name, and the pictures look alike without mirroring.

    Parameters
    ----------
    sources : sequence of Source (images,)
    laterality_agrees : float (images,)
        1 where the nerve head is on the side of the eye named, 0 where not, NaN if not seen.
    fingerprints : uint64 (images, 8)
        See `igwas.images.fingerprint`.

    Returns
    -------
    list of (int, int)
        Rows of the left and the right photograph.
    """
    eyes: dict[tuple[str, str], dict[str, list[int]]] = {}
    for row, source in enumerate(sources):
        person = eyes.setdefault((source.participant_id, source.visit), {})
        person.setdefault(source.eye, []).append(row)
    return [
        (left, right)
        for person in eyes.values()
        for left in person.get("left", [])
        for right in person.get("right", [])
        if laterality_agrees[left] + laterality_agrees[right] == 1
        and np.bitwise_count(fingerprints[left] ^ fingerprints[right]).sum() <= MOST_BITS
    ]

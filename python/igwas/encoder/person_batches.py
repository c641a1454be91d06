"""Batches of pairs, one pair a person: the other eye can then never be a negative.

The batch of a step is a function of the seed and the step alone, so that a resumed run needs no
sampler state beyond its step, and every process of a distributed run knows the whole batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from igwas.errors import InputError
from igwas.wording import counted

# Streams of random numbers; the first word after the seed.
_ORDER, _PAIRS = 0, 1


@dataclass(frozen=True)
class Batch:
    """Images of one step.

    Parameters
    ----------
    rows : int64 (people, 2)
        Rows of the images; both may be the same image, seen in two views.
    people : int64 (people,)
        Index of each person among those that are trained on; distinct.
    """

    rows: npt.NDArray[np.int64]
    people: npt.NDArray[np.int64]


class PersonBatches:
    """Endless batches over people, each person once a batch and at most once an epoch.

    Parameters
    ----------
    rows : sequence of int
        Rows of the images that may be used.
    participant_ids, eyes, visits : sequence of str
        Of each of these rows. Eye is left, right or unknown; an empty visit is unknown.
    positives : str
        `image`: two views of one image. `eye`: two photographs of one eye where there are two,
        else two views. `person`: one photograph of each eye where there are both, else as for
        `eye`.
    exclude_same_visit : bool
        Only pairs of photographs from different, known visits; people without are left out.
    batch_people : int
        People in a batch; all of them if there are fewer.
    seed : int
        Of order and choice.

    Raises
    ------
    InputError
        If fewer than two people have a pair: there would be no negatives.
    """

    def __init__(
        self,
        rows: Sequence[int],
        participant_ids: Sequence[str],
        eyes: Sequence[str],
        visits: Sequence[str],
        *,
        positives: str,
        exclude_same_visit: bool,
        batch_people: int,
        seed: int,
    ) -> None:
        by_person: dict[str, list[tuple[int, str, str]]] = {}
        for row, person, eye, visit in zip(rows, participant_ids, eyes, visits, strict=True):
            by_person.setdefault(person, []).append((int(row), eye, visit))
        pairs = {
            person: _pairs_of(images, positives, exclude_same_visit)
            for person, images in sorted(by_person.items())
        }
        self.people = tuple(person for person, found in pairs.items() if found)
        self.left_out = tuple(person for person, found in pairs.items() if not found)
        self._pairs = [np.array(pairs[person], np.int64) for person in self.people]
        self._seed = seed
        self.batch_people = min(batch_people, len(self.people))
        if len(self.people) < 2:
            reason = " with photographs of different, known visits" if exclude_same_visit else ""
            raise InputError(
                f"{counted(len(self.people), 'person', 'people')}{reason} can be trained on; "
                "expected at least 2, so that there are negatives. Give more images, or fewer "
                "conditions."
            )
        if positives != "image" and not any((one[:, 0] != one[:, 1]).any() for one in self._pairs):
            raise InputError(
                f"none of {len(self.people):,} people has two photographs that --positives "
                f"{positives} could pair; expected some. Check the eyes in the images, or give "
                "--positives image."
            )

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches in one pass over the people; the remainder sits out that pass."""
        return len(self.people) // self.batch_people

    def batch(self, index: int) -> Batch:
        """Give the batch of this index; the same whenever it is asked for."""
        epoch, position = divmod(index, self.batches_per_epoch)
        order = np.random.default_rng([_ORDER, self._seed, epoch]).permutation(len(self.people))
        start = position * self.batch_people
        people = order[start : start + self.batch_people].astype(np.int64)
        drawn = np.random.default_rng([_PAIRS, self._seed, index]).random(len(people))
        rows = [
            self._pairs[person][int(share * len(self._pairs[person]))]
            for person, share in zip(people, drawn, strict=True)
        ]
        return Batch(np.stack(rows), people)


def _pairs_of(
    images: list[tuple[int, str, str]], positives: str, exclude_same_visit: bool
) -> list[tuple[int, int]]:
    """All pairs of a person that count as the same, of the best kind there is."""
    same_image = [(row, row) for row, _, _ in images]
    if positives == "image":
        return same_image
    apart = [
        (a, b)
        for a, b in combinations(images, 2)
        if not exclude_same_visit or (a[2] and b[2] and a[2] != b[2])
    ]
    same_eye = [(a[0], b[0]) for a, b in apart if a[1] == b[1] != "unknown"]
    if positives == "eye":
        found = same_eye
    else:
        known = [(a[0], b[0]) for a, b in apart if "unknown" not in (a[1], b[1]) and a[1] != b[1]]
        found = known or [(a[0], b[0]) for a, b in apart]
    return found or ([] if exclude_same_visit else same_image)

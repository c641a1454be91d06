"""People for training, validation and test: by participant, reproducible from a seed or a table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from igwas.errors import InputError
from igwas.quoted_cells import delimiter_of, open_table, refuse_open_quotes
from igwas.wording import counted

PARTS = ("train", "validation", "test")
N_FOLDS = 5


@dataclass(frozen=True)
class Split:
    """Participant ids of each part; no id is in two.

    Parameters
    ----------
    train, validation, test : tuple of str
        In the order drawn, or in the order of the table.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def parts(self) -> dict[str, tuple[str, ...]]:
        """Name of each part and its people."""
        return dict(zip(PARTS, (self.train, self.validation, self.test), strict=True))


def split_people(
    participant_ids: Sequence[str], *, seed: int, shares: tuple[float, float], fold: int = 0
) -> Split:
    """Split people at random into training, validation and test.

    The sorted distinct ids are permuted by `numpy.random.default_rng(seed)`; the first are for
    training, the next for validation, the others for test. Fold k of 5 first rotates the
    permutation by k fifths, so that with a fifth of the people for test each person is tested in
    one fold (give or take rounding).

    Parameters
    ----------
    participant_ids : sequence of str
        Of every image; repeats are fine.
    seed : int
        Of the permutation.
    shares : (float, float)
        Of people for training and for validation.
    fold : int
        0 to 4.

    Returns
    -------
    Split

    Raises
    ------
    InputError
        If there are too few people for one in training and one in validation.

    Examples
    --------
    >>> split = split_people(list("jabcadefghi"), seed=0, shares=(0.6, 0.2))
    >>> [len(people) for people in split.parts().values()]
    [6, 2, 2]
    """
    people = sorted(set(participant_ids))
    order = np.random.default_rng(seed).permutation(len(people))
    order = np.roll(order, -round(fold * len(people) / N_FOLDS))
    drawn = [people[index] for index in order]
    # Not rounded down by the last bit of a product such as 10 * (0.1 + 0.2).
    n_train = math.floor(len(people) * shares[0] + 1e-6)
    n_validation = math.floor(len(people) * shares[1] + 1e-6)
    split = Split(
        tuple(drawn[:n_train]),
        tuple(drawn[n_train : n_train + n_validation]),
        tuple(drawn[n_train + n_validation :]),
    )
    return _checked(split, f"{counted(len(people), 'person', 'people')} in the images")


def read_split(path: Path, participant_ids: Sequence[str]) -> Split:
    """Read a split from a table: columns `participant_id` and `part`.

    Parameters
    ----------
    path : Path
        The table, plain or gzip, of tabs, commas, semicolons or white space; people of it without
        an image are left out.
    participant_ids : sequence of str
        Of every image.

    Raises
    ------
    InputError
        If a column is absent, a part unknown, a person listed twice or a person of the images not
        listed.
    """
    try:
        with open_table(path) as stream:
            delimiter = delimiter_of(stream.readline(), "participant_id")
        refuse_open_quotes(path, delimiter)
        with open_table(path) as stream:
            # A line with fewer cells has none there: empty, and refused below.
            table = pd.read_csv(stream, sep=delimiter, dtype=str, keep_default_na=False).fillna("")
    except (ValueError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as a table ({str(error).splitlines()[0]}); expected columns "
            "participant_id and part."
        ) from error
    for column in ("participant_id", "part"):
        if column not in table:
            raise InputError(
                f"{path} has columns {', '.join(table.columns)}; expected participant_id and part."
            )
    unknown = sorted(set(table["part"]) - set(PARTS))
    if unknown:
        raise InputError(f"{path}: part is {unknown[0]!r}; expected one of: {', '.join(PARTS)}.")
    ids = table["participant_id"]
    if ids.duplicated().any():
        raise InputError(
            f"{path} lists {ids[ids.duplicated()].iloc[0]!r} twice; expected each person once."
        )
    absent = sorted(set(participant_ids) - set(ids))
    if absent:
        raise InputError(
            f"{path} does not list {counted(len(absent), 'person', 'people')} of the images "
            f"(first: {absent[0]!r}); expected a part for each. Add them, as test if they must not "
            "be trained on."
        )
    table = table[ids.isin(set(participant_ids))]
    by_part = (tuple(table["participant_id"][table["part"] == part]) for part in PARTS)
    return _checked(Split(*by_part), str(path))


def _checked(split: Split, source: str) -> Split:
    if len(split.train) < 2 or len(split.validation) < 2:
        raise InputError(
            f"{source}: {counted(len(split.train), 'person', 'people')} for training and "
            f"{len(split.validation)} for validation; expected at least 2 of each. Give more "
            "people, or other shares."
        )
    return split

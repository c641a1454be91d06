"""Who has both eyes: one left and one right photograph a person."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas.embeddings.image_rows import ImageColumns


@dataclass(frozen=True)
class EyePairs:
    """One left and one right photograph of each person; all arrays are (people,).

    Parameters
    ----------
    participant_id : object
        In the order of their text.
    left, right : int64
        Rows of the photographs.
    is_same_visit : bool
        Whether the two are known to be of one visit, and so share its camera and operator.
    """

    participant_id: npt.NDArray[np.object_]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    is_same_visit: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.participant_id)

    def take(self, people: npt.NDArray[Any]) -> "EyePairs":
        """Only these people, by position or by mask."""
        return EyePairs(
            self.participant_id[people], self.left[people], self.right[people],
            self.is_same_visit[people],
        )  # fmt: skip

    def without(self, participants: Collection[str]) -> "EyePairs":
        """Only the people that are not among these."""
        return self.take(np.array([p not in participants for p in self.participant_id], dtype=bool))

    def sample(self, n_people: int, seed: int) -> "EyePairs":
        """At most so many people, drawn by a seed."""
        if len(self) <= n_people:
            return self
        drawn = np.random.default_rng(seed).choice(len(self), n_people, replace=False)
        return self.take(np.sort(drawn))


def pair_eyes(columns: ImageColumns, is_usable: npt.NDArray[np.bool_] | None = None) -> EyePairs:
    """Choose each person's photographs: of one visit if there is one with both eyes, else any.

    Of several photographs of an eye the one of best quality is taken, the first where they are
    equal; of several visits with both eyes the one with the best sum.

    Parameters
    ----------
    columns : ImageColumns
        What is known of the photographs.
    is_usable : bool (images,), optional
        Photographs that may be taken.

    Returns
    -------
    EyePairs
        Empty if nobody has both eyes.
    """
    table = pd.DataFrame(
        {
            "participant": columns.participant_id, "visit": columns.visit, "eye": columns.eye,
            "quality": np.nan_to_num(columns.quality, nan=-1.0).astype(np.float64),
            "row": np.arange(len(columns)),
        }
    )  # fmt: skip
    if is_usable is not None:
        table = table[is_usable]
    table = table[table["eye"].isin(["left", "right"])]
    table = table.sort_values("quality", ascending=False, kind="stable")
    same = _joined(table, ["participant", "visit"])
    best = same.sort_values("quality", ascending=False, kind="stable")
    best = best.drop_duplicates("participant")
    best["is_same_visit"] = best["visit"] != ""
    rest = _joined(table[~table["participant"].isin(best["participant"])], ["participant"])
    rest = rest.assign(is_same_visit=False)
    pairs = pd.concat([best, rest]).sort_values("participant", kind="stable")
    return EyePairs(
        pairs["participant"].to_numpy(dtype=object),
        pairs["row_left"].to_numpy(dtype=np.int64),
        pairs["row_right"].to_numpy(dtype=np.int64),
        pairs["is_same_visit"].to_numpy(dtype=bool),
    )


def _joined(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    one_an_eye = table.drop_duplicates([*keys, "eye"])
    left, right = (one_an_eye[one_an_eye["eye"] == eye] for eye in ("left", "right"))
    pairs = left.merge(right, on=keys, suffixes=("_left", "_right"))
    pairs["quality"] = pairs["quality_left"] + pairs["quality_right"]
    if "visit" not in keys:
        pairs["visit"] = ""
    return pairs[["participant", "visit", "row_left", "row_right", "quality"]]

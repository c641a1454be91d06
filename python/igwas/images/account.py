"""What became of the photographs, in words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from igwas.wording import counted

_SHOWN = 10


@dataclass
class ImagesSummary:
    """Account of a run.

    Parameters
    ----------
    output : Path
        The file written.
    n_images, n_participants : int
        Photographs stored, and people they are of.
    eyes, grades, reasons : Counter
        Photographs by eye, grade, and what is wrong with those that are not `keep`.
    skipped : list of (str, str)
        Files that gave no image, and why.
    n_other_files : int
        Files of the folder that are no pictures by their suffix.
    unrecognised : list of str
        Photographs whose name follows no pattern.
    duplicates : list of (str, str)
        image_id of a photograph and of the earlier one it repeats.
    mixed_duplicates : list of (str, str)
        Those of them that name different people, or different eyes of one.
    same_eye : list of (str, str)
        image_id of a left and a right photograph of a person that look like one eye.
    wrong_side : list of str
        image_id of photographs whose nerve head is on the side of the other eye.
    no_rim : list of str
        image_id of photographs in which no rim was seen.
    n_resumed : int
        Photographs kept from the interrupted run.
    """

    output: Path
    n_images: int = 0
    n_participants: int = 0
    eyes: Counter[str] = field(default_factory=Counter)
    grades: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    n_other_files: int = 0
    unrecognised: list[str] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    mixed_duplicates: list[tuple[str, str]] = field(default_factory=list)
    same_eye: list[tuple[str, str]] = field(default_factory=list)
    wrong_side: list[str] = field(default_factory=list)
    no_rim: list[str] = field(default_factory=list)
    n_resumed: int = 0

    def describe(self) -> Iterator[str]:
        """Lines for the screen."""
        eyes = ", ".join(f"{self.eyes[eye]:,} {eye}" for eye in ("left", "right", "unknown"))
        people = counted(self.n_participants, "person", "people")
        yield f"{self.output}: {_photographs(self.n_images)} of {people}"
        yield f"eyes          {eyes}"
        grades = ", ".join(f"{self.grades[name]:,} {name}" for name in ("keep", "usable", "reject"))
        yield f"grades        {grades}"
        for reason, count in sorted(self.reasons.items(), key=lambda item: (-item[1], item[0])):
            yield f"  {count:>9,} {reason}"
        if self.n_resumed:
            were = "was" if self.n_resumed == 1 else "were"
            yield f"resumed       {_photographs(self.n_resumed)} {were} done before"
        if self.n_other_files:
            others = counted(self.n_other_files, "file", "files")
            yield f"left out      {others} not named as pictures are"
        yield from _listed("skipped", [f"{path}: {reason}" for path, reason in self.skipped])
        yield from _listed(
            "no pattern", self.unrecognised,
            "names that say neither person nor eye: each a person of its own, eye unknown",
        )  # fmt: skip
        yield from _listed("no rim", self.no_rim, "photographs filled by the retina to the frame")
        yield from _listed(
            "duplicates", [f"{later} repeats {earlier}" for later, earlier in self.duplicates]
        )
        yield from _listed(
            "mixed up?", [f"{later} repeats {earlier}" for later, earlier in self.mixed_duplicates],
            "duplicates that name different people or eyes",
        )  # fmt: skip
        yield from _listed(
            "same eye?", [f"{left} looks like {right}" for left, right in self.same_eye],
            "people of whom left and right look like one eye taken twice; train leaves one out",
        )  # fmt: skip
        yield from _listed(
            "wrong side?", self.wrong_side,
            "nerve head on the side of the other eye: upside down, or the eye is misnamed; look at "
            "some, and correct the eye in a manifest or leave them out",
        )  # fmt: skip


def _photographs(n: int) -> str:
    return counted(n, "photograph", "photographs")


def _listed(title: str, items: Sequence[str], meaning: str = "") -> Iterator[str]:
    if not items:
        return
    yield f"{title:<13} {len(items):,}{f' {meaning}' if meaning else ''}"
    for item in items[:_SHOWN]:
        yield f"  {item}"
    if len(items) > _SHOWN:
        yield f"  and {len(items) - _SHOWN:,} more"

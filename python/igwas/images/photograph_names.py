"""Who and which eye a photograph shows, from its file's name."""

import re
from dataclasses import dataclass

# UK Biobank names its fundus photographs <participant>_<field>_<visit>_<number>.
_UK_BIOBANK = re.compile(r"(?P<participant>\d+)_(?P<field>2101[56])_(?P<visit>\d+)_\d+")
_UK_BIOBANK_EYES = {"21015": "left", "21016": "right"}
_EYE_WORDS = {
    "left": "left", "right": "right", "l": "left", "r": "right",
    "os": "left", "od": "right", "le": "left", "re": "right",
}  # fmt: skip
_SEPARATORS = re.compile(r"[_\-. ]+")


@dataclass(frozen=True)
class NameParts:
    """What a name says.

    Parameters
    ----------
    participant_id : str
        The person; the whole name where it follows no pattern.
    eye : str
        `left`, `right` or `unknown`.
    visit : str
        Empty if the name has none.
    is_recognised : bool
        False if the name follows no pattern.
    is_ambiguous : bool
        True if it can be read in two ways; the other parts are then worthless.
    """

    participant_id: str
    eye: str = "unknown"
    visit: str = ""
    is_recognised: bool = True
    is_ambiguous: bool = False


def parse_name(stem: str) -> NameParts:
    """Read a file name without its suffix.

    Parameters
    ----------
    stem : str
        `<participant>_<eye>`, with the visit behind it if there is one. The eye is left, right, L,
        R, OS, OD, LE or RE in any case; parts are set apart by `_`, `-`, `.` or a blank. Or UK
        Biobank's `<participant>_21015_<visit>_<number>` (21016 for right eyes).

    Returns
    -------
    NameParts
        Two different eyes, or one before which nothing stands, make a name ambiguous.

    Examples
    --------
    >>> parse_name("123_left")
    NameParts(participant_id='123', eye='left', visit='', is_recognised=True, is_ambiguous=False)
    >>> parse_name("1000015_21016_1_0").visit
    '1'
    >>> parse_name("7_left_OD").is_ambiguous
    True
    """
    known = _UK_BIOBANK.fullmatch(stem)
    if known:
        eye = _UK_BIOBANK_EYES[known["field"]]
        return NameParts(known["participant"], eye, known["visit"])
    words = [word for word in _SEPARATORS.split(stem) if word]
    eyes = [(at, _EYE_WORDS[word.lower()]) for at, word in enumerate(words)
            if word.lower() in _EYE_WORDS]  # fmt: skip
    if not eyes:
        return NameParts(stem, is_recognised=False)
    at, eye = eyes[0]
    if len(eyes) > 1 or at == 0:
        return NameParts(stem, is_ambiguous=True)
    participant = _before(stem, words[:at])
    return NameParts(participant, eye, "_".join(words[at + 1 :]))


def _before(stem: str, words: list[str]) -> str:
    """The start of the name up to the last of these words, its separators kept."""
    end = 0
    for word in words:
        end = stem.index(word, end) + len(word)
    return stem[:end].lstrip("_-. ")

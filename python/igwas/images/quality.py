"""From measures to a grade: keep, usable or reject, with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass

KEEP, USABLE, REJECT = "keep", "usable", "reject"

# Measure -> (score 0 at, score 1 at, words if it is low). A score is linear between the two; the
# quality is their geometric mean. Chosen on EyePACS by looking: see docs/images.md.
RAMPS: dict[str, tuple[float, float, str]] = {
    "vessel_visibility": (0.010, 0.040, "vessels hardly seen"),
    "sharpness": (0.0030, 0.0110, "out of focus"),
    "brightness": (6.0, 30.0, "too dark"),
    "overexposed_share": (0.60, 0.10, "overexposed"),
    "underexposed_share": (0.60, 0.15, "much of it black"),
    "illumination_variation": (1.20, 0.50, "unevenly lit"),
    "visible_share": (0.35, 0.75, "much of the disc not visible"),
}
# A score below the first makes the photograph a reject, below the second merely usable.
REJECT_BELOW, USABLE_BELOW = 0.10, 0.50


@dataclass(frozen=True)
class Quality:
    """The judgement.

    Parameters
    ----------
    value : float
        0 to 1.
    grade : str
        `keep`, `usable` or `reject`.
    reason : str
        What is wrong, worst first; empty for `keep`.
    """

    value: float
    grade: str
    reason: str


def judge(measures: Mapping[str, float]) -> Quality:
    """Grade a photograph.

    Parameters
    ----------
    measures : mapping of str to float
        As `igwas.images.measures.measure` gives them.

    Returns
    -------
    Quality

    Examples
    --------
    >>> good = {"vessel_visibility": 0.06, "sharpness": 0.02, "brightness": 90,
    ...         "overexposed_share": 0, "underexposed_share": 0, "illumination_variation": 0.3,
    ...         "visible_share": 0.9}
    >>> judge(good)
    Quality(value=1.0, grade='keep', reason='')
    >>> judge(good | {"brightness": 5.0})
    Quality(value=0.0, grade='reject', reason='too dark')
    """
    scores = {name: _score(measures[name], low, high) for name, (low, high, _) in RAMPS.items()}
    product = 1.0
    for score in scores.values():
        product *= score
    value = product ** (1 / len(scores))
    worst = sorted((score, name) for name, score in scores.items() if score < USABLE_BELOW)
    reason = "; ".join(RAMPS[name][2] for _, name in worst)
    if worst and worst[0][0] < REJECT_BELOW:
        return Quality(value, REJECT, reason)
    return Quality(value, USABLE if worst else KEEP, reason)


def _score(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))

"""Is this embedding fit for a GWAS? Rules, each a sentence with its number.

The rules are written out in docs/embeddings.md. One failure makes it unfit; what cannot be
measured makes it impossible to judge; a warning is for the user to weigh.
"""

from collections.abc import Iterator

import numpy as np

from igwas.embeddings.audit_report import (
    FIT,
    UNFIT,
    UNKNOWN,
    WARNED,
    AuditNumbers,
    Finding,
    Verdict,
)
from igwas.embeddings.explained import Explained

# Fewer people cannot tell a good embedding from chance; more of them narrow the intervals.
FEWEST_PEOPLE = 20
FEW_PEOPLE = 100
# An embedding whose variance lies along one axis has collapsed.
COLLAPSED_RANK = 1.5
# Below this median, most of a phenotype's variance is the eye's or the photograph's own.
LOW_AGREEMENT = 0.5
# Dimensions are then largely the same few traits.
LOW_RANK_SHARE = 0.5
# Shares of variance that a nuisance may explain, cross-validated: of everything, of a dimension.
NUISANCE_TOTAL = 0.05
NUISANCE_DIMENSION = 0.20
# Pigment is a trait of the person, so that its share is told and not warned of.
BIOLOGY = frozenset({"central colour"})


def judge(numbers: AuditNumbers) -> Verdict:
    """Apply every rule.

    Parameters
    ----------
    numbers : AuditNumbers

    Returns
    -------
    Verdict
    """
    findings = (
        *_of_people(numbers), *_of_retrieval(numbers), *_of_colour(numbers),
        *_of_agreement(numbers), *_of_spread(numbers), *_of_nuisances(numbers),
        Finding("note", "both eyes of a visit share camera, operator and focus: what is found by "
                        "them is found by more than the person"),
    )  # fmt: skip
    levels = {finding.level for finding in findings}
    for level, name in (("failure", UNFIT), ("unknown", UNKNOWN), ("warning", WARNED)):
        if level in levels:
            return Verdict(name, findings)
    return Verdict(FIT, findings)


def _of_people(numbers: AuditNumbers) -> Iterator[Finding]:
    people = numbers.people
    if people.n_without_vector:
        yield Finding(
            "warning",
            f"{people.n_without_vector:,} of {people.n_images:,} images have no finite vector",
        )
    if people.n_trained_on is None:
        yield Finding(
            "warning",
            "the file does not say who the encoder was trained on: the figures may be of people "
            "it has seen, and then they flatter it",
        )
    if people.n_compared < FEWEST_PEOPLE:
        yield Finding(
            "unknown",
            f"{people.n_compared:,} people with both eyes whom the encoder has not seen; at least "
            f"{FEWEST_PEOPLE} are needed to judge",
        )
    elif people.n_compared < FEW_PEOPLE:
        yield Finding("warning", f"{people.n_compared:,} people only: the intervals are wide")


def _of_retrieval(numbers: AuditNumbers) -> Iterator[Finding]:
    found = numbers.retrieval
    if found is None or found.n_people < FEWEST_PEOPLE:
        return
    chance = found.chance["top1"]
    text = f"the other eye is found first in {found.top1} of cases, by chance {chance:.3f}"
    if not found.top1.low > chance:
        yield Finding("failure", f"{text}: the embedding does not know people")
    else:
        yield Finding("good", text)


def _of_colour(numbers: AuditNumbers) -> Iterator[Finding]:
    colour = numbers.colour
    if colour is None or colour.histogram.n_people < FEWEST_PEOPLE:
        return
    difference = colour.difference.top1
    text = f"top-1 minus that of a colour histogram is {difference}"
    if difference.low > 0:
        yield Finding("good", text)
    else:
        yield Finding("warning", f"{text}: it is not shown to beat colour")
    matched = colour.matched
    text = f"among {matched.n_decoys} people alike in colour the eye is found in {matched.top1}"
    if matched.top1.low > matched.chance:
        yield Finding("good", f"{text}, by chance {matched.chance:.3f}")
    else:
        yield Finding("warning", f"{text}, no better than chance {matched.chance:.3f}")


def _of_agreement(numbers: AuditNumbers) -> Iterator[Finding]:
    value, low = numbers.absolute.value, numbers.absolute.low
    known = np.isfinite(value)
    if numbers.people.n_compared < FEWEST_PEOPLE:
        return
    if not known.any():
        yield Finding("failure", "no dimension varies between people")
        return
    n_none = int((~(low[known] > 0)).sum())
    if n_none == known.sum():
        yield Finding(
            "failure",
            f"of none of the {known.sum():,} dimensions is the ICC(A,1) of the eyes above 0",
        )
        return
    if n_none:
        yield Finding(
            "warning",
            f"of {n_none:,} of {known.sum():,} dimensions the interval of the ICC(A,1) reaches 0: "
            f"{numbers.people.n_compared:,} people do not show that they are traits of the person",
        )
    median = float(np.median(value[known]))
    text = f"the median ICC(A,1) of the eyes is {median:.3f}"
    if median < LOW_AGREEMENT:
        yield Finding("warning", f"{text}: much of a phenotype is the eye's or photograph's own")
    else:
        yield Finding("good", text)


def _of_spread(numbers: AuditNumbers) -> Iterator[Finding]:
    spread, n = numbers.spread, numbers.n_dimensions
    if len(spread.dead) == n:
        yield Finding("failure", f"none of the {n:,} dimensions varies")
        return
    # A handful of images spans few axes whatever the encoder.
    can_collapse = n > 1 and numbers.people.n_images >= FEWEST_PEOPLE
    if can_collapse and spread.effective_rank < COLLAPSED_RANK:
        yield Finding(
            "failure", f"the effective rank is {spread.effective_rank:.2f} of {n:,}: it collapsed"
        )
        return
    if spread.dead:
        yield Finding("warning", f"{len(spread.dead):,} of {n:,} dimensions are dead: drop them")
    text = f"the effective rank is {spread.effective_rank:.1f} of {n:,}"
    if n > 1 and spread.effective_rank < LOW_RANK_SHARE * n:
        yield Finding(
            "note",
            f"{text}: the dimensions are correlated traits; test them by the omnibus, or take "
            "principal axes",
        )
    else:
        yield Finding("good", text)


def _of_nuisances(numbers: AuditNumbers) -> Iterator[Finding]:
    for one in numbers.explained:
        text = _nuisance(one, numbers.dimension_names)
        if text:
            kind = "note" if one.name in BIOLOGY else "warning"
            advice = "its loci will stand out" if one.name in BIOLOGY else _advice(one)
            yield Finding(kind, f"{text}: {advice}")
    if not numbers.explained:
        yield Finding(
            "note", "what camera and quality explain was not measured: give --images or --metadata"
        )


def _advice(one: Explained) -> str:
    """A group of measures is known by its name where phenotypes are made."""
    if one.kind != "group":
        return "make it a covariate"
    return f'make it a covariate (igwas-fast phenotypes --images ... --regress-out "{one.name}")'


def _nuisance(one: Explained, names: tuple[str, ...]) -> str:
    """The sentence on a variable that explains too much; empty for one that does not."""
    each = np.nan_to_num(one.cross_validated, nan=0.0)
    at = int(each.argmax()) if len(each) else 0
    if one.total_cross_validated > NUISANCE_TOTAL:
        return (
            f"{one.name} explains {one.total_cross_validated:.3f} of all variance and "
            f"{each[at]:.3f} of {names[at]}, cross-validated"
        )
    if len(each) and each[at] > NUISANCE_DIMENSION:
        n = int((each > NUISANCE_DIMENSION).sum())
        return (
            f"{one.name} explains {each[at]:.3f} of {names[at]}, cross-validated, and above "
            f"{NUISANCE_DIMENSION:.2f} of {n:,} dimensions"
        )
    return ""

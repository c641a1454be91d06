"""How an embedding fills its space: effective rank, dead dimensions, uniformity, alignment."""

from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.embeddings.retrieval import unit_length
from igwas.errors import ShapeError

Vectors = npt.NDArray[np.floating[Any]]
Values = npt.NDArray[np.float64]

# A dimension whose standard deviation is below this share of the largest is dead: what is left
# of it is rounding.
DEAD_SHARE = 1e-4
_SLAB_ROWS = 2**14
_SLAB_PAIRS = 2**22


def covariance(vectors: Vectors) -> Values:
    """Covariance of the dimensions in float64, in slabs of rows; NaN below two rows.

    Parameters
    ----------
    vectors : float (images, dimensions)

    Returns
    -------
    float64 (dimensions, dimensions)
    """
    n, n_dimensions = vectors.shape
    if n < 2:
        return np.full((n_dimensions, n_dimensions), np.nan)
    mean = vectors.mean(axis=0, dtype=np.float64)
    total: Values = np.zeros((n_dimensions, n_dimensions))
    for start in range(0, n, _SLAB_ROWS):
        centred = vectors[start : start + _SLAB_ROWS] - mean
        total += centred.T @ centred
    return np.asarray(total / (n - 1))


def spectrum(of_covariance: Values) -> Values:
    """Share of the variance of each principal axis, largest first; NaN if nothing varies.

    Parameters
    ----------
    of_covariance : float64 (dimensions, dimensions)

    Returns
    -------
    float64 (dimensions,)
    """
    if not np.isfinite(of_covariance).all():
        return np.full(len(of_covariance), np.nan)
    values = np.linalg.eigvalsh(of_covariance)[::-1].clip(0)
    total = values.sum()
    return values / total if total > 0 else np.full(len(values), np.nan)


def effective_rank(shares: Values) -> float:
    """Exponential of the entropy of the shares of variance: how many axes are really used.

    Parameters
    ----------
    shares : float64 (dimensions,)
        As `spectrum` gives them.

    References
    ----------
    Roy & Vetterli 2007, EUSIPCO, with the eigenvalues of the covariance.

    Examples
    --------
    >>> import numpy as np
    >>> round(effective_rank(np.array([0.25, 0.25, 0.25, 0.25])), 6)
    4.0
    """
    if np.isnan(shares).any():
        return float("nan")
    used = shares[shares > 0]
    return float(np.exp(-(used * np.log(used)).sum()))


def dead_dimensions(of_covariance: Values) -> npt.NDArray[np.int64]:
    """Dimensions that do not vary, or less than DEAD_SHARE of the one that varies most."""
    deviation = np.sqrt(np.diag(of_covariance).clip(0))
    return np.flatnonzero(~(deviation > DEAD_SHARE * deviation.max(initial=0.0)))


def uniformity(vectors: Vectors) -> float:
    """How evenly unit vectors fill the sphere: log mean exp(-2 |x - y|^2) over pairs.

    Parameters
    ----------
    vectors : float (people, dimensions)
        One a person, so that no pair is of one person; each is scaled to length 1.

    Returns
    -------
    float
        0 where all are the same; about -4 where they fill many dimensions; NaN below two.

    References
    ----------
    Wang & Isola 2020, ICML, equation 5 with t = 2.
    """
    unit = unit_length(vectors)
    n = len(unit)
    if n < 2:
        return float("nan")
    total = 0.0
    step = max(1, _SLAB_PAIRS // n)
    for start in range(0, n, step):
        # |x - y|^2 = 2 - 2 x.y for unit vectors.
        similarity = unit[start : start + step] @ unit.T
        total += float(np.exp(-2 * (2 - 2 * similarity).clip(0)).sum())
    of_themselves = float(np.exp(-2 * (2 - 2 * (unit**2).sum(axis=1)).clip(0)).sum())
    return float(np.log((total - of_themselves) / (n * (n - 1))))


def alignment(left: Vectors, right: Vectors) -> float:
    """Mean squared distance between the unit vectors of a person's two eyes.

    Parameters
    ----------
    left, right : float (people, dimensions)
        Row i of both is the same person.

    Returns
    -------
    float
        0 where both eyes are described alike, 2 for unrelated ones; NaN for nobody.

    References
    ----------
    Wang & Isola 2020, ICML, equation 4 with alpha = 2.
    """
    if left.shape != right.shape:
        raise ShapeError(
            f"left eyes are {left.shape}, right eyes {right.shape}; expected one shape. "
            "Give the people that have both eyes."
        )
    if not len(left):
        return float("nan")
    return float(((unit_length(left) - unit_length(right)) ** 2).sum(axis=1).mean())

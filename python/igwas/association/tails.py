"""Tails of the test statistics as -log10 p, accurate where p itself underflows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igwas import _core
from igwas.errors import ShapeError


def log10p_student_t(t: ArrayLike, dof: ArrayLike) -> NDArray[np.float64]:
    """Two-sided -log10 p of Student's t, -log10 P(abs(T) >= abs(t)).

    The relative error is below 1e-10 for degrees of freedom from 1 to 500,000 and any t.

    Parameters
    ----------
    t : float, any shape
        beta / se. NaN gives NaN, infinity gives infinity.
    dof : float, broadcast against `t`
        Degrees of freedom, above 0 (else NaN); infinity is the normal distribution.

    Returns
    -------
    float64
        -log10 p in the broadcast shape.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.

    Examples
    --------
    >>> log10p_student_t([0.0, 1.96, -40.0], 65_000).round(3)
    array([  0.   ,   1.301, 344.923])
    """
    t, dof = _operands(t=t, dof=dof)
    return _core.log10p_student_t(t, dof)


def log10p_f(f: ArrayLike, d1: ArrayLike, d2: ArrayLike) -> NDArray[np.float64]:
    """Upper-tail -log10 p of Fisher's F, -log10 P(F >= f).

    The relative error is below 1e-10 for `d1` to 1,024 and `d2` to 500,000, also near p = 1.

    Parameters
    ----------
    f : float, any shape
        The statistic. Negative values give 0, NaN gives NaN, infinity gives infinity.
    d1, d2 : float, broadcast against `f`
        Degrees of freedom of numerator and denominator, above 0 (else NaN); infinite `d2` is
        chi-square over `d1`.

    Returns
    -------
    float64
        -log10 p in the broadcast shape.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.

    Examples
    --------
    >>> log10p_f([1.0, 1.5], 128, 65_000).round(3)
    array([0.316, 3.656])
    """
    f, d1, d2 = _operands(f=f, d1=d1, d2=d2)
    return _core.log10p_f(f, d1, d2)


def log10p_chisq(chisq: ArrayLike, dof: ArrayLike) -> NDArray[np.float64]:
    """Upper-tail -log10 p of chi-square, -log10 P(X >= chisq).

    Parameters
    ----------
    chisq : float, any shape
        The statistic. Negative values give 0, NaN gives NaN, infinity gives infinity.
    dof : float, broadcast against `chisq`
        Degrees of freedom, above 0 and finite (else NaN).

    Returns
    -------
    float64
        -log10 p in the broadcast shape.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.

    Examples
    --------
    >>> log10p_chisq([3.841458820694124, 5000.0], 1).round(4)
    array([   1.301 , 1087.6838])
    """
    chisq, dof = _operands(chisq=chisq, dof=dof)
    return _core.log10p_chisq(chisq, dof)


def _operands(**values: ArrayLike) -> list[NDArray[np.float64]]:
    """Broadcast to one shape, in the types the core takes; a constant stays one element."""
    arrays = [np.asarray(value, dtype=np.float64) for value in values.values()]
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError as cause:
        found = ", ".join(
            f"{name} {array.shape}" for name, array in zip(values, arrays, strict=True)
        )
        raise ShapeError(f"shapes are {found}; expected shapes that broadcast.") from cause
    first = np.ascontiguousarray(np.broadcast_to(arrays[0], shape)).reshape(shape)
    others = (
        array if array.size == 1 else np.ascontiguousarray(np.broadcast_to(array, shape))
        for array in arrays[1:]
    )
    return [first, *others]

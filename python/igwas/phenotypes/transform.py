"""Rank-based inverse normal transform."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

BLOM_OFFSET = 3 / 8


def rank_inverse_normal(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Replace values by the normal quantiles of their ranks, column by column.

    The quantile of (rank - 3/8) / (n + 1/4), n counting the values of the column; ties get the
    average rank. Covariates must still be fitted afterwards: transforming residuals and then
    leaving the covariates out is wrong.

    Parameters
    ----------
    values : float (samples, phenotypes)
        NaN is missing and stays so.

    Returns
    -------
    float64 (samples, phenotypes)
        About standard normal. A constant column becomes 0.

    References
    ----------
    Blom 1958, Statistical estimates and transformed beta-variables.

    Examples
    --------
    >>> import numpy as np
    >>> rank_inverse_normal(np.array([[10.0], [np.nan], [30.0], [20.0]])).ravel().round(3)
    array([-0.869,    nan,  0.869,  0.   ])
    """
    # Imported here: it takes longer to load than all else that a scan needs.
    from scipy.stats import rankdata

    answer = np.full(values.shape, np.nan)
    for column in range(values.shape[1]):
        is_present = ~np.isnan(values[:, column])
        n = int(is_present.sum())
        ranks = rankdata(values[is_present, column], method="average")
        answer[is_present, column] = ndtri((ranks - BLOM_OFFSET) / (n + 1 - 2 * BLOM_OFFSET))
    return answer

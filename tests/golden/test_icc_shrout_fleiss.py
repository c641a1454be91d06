"""The worked example of Shrout & Fleiss 1979 (table 2): 6 targets rated by 4 judges.

Mean squares and correlations are those of their tables 3 and 4 (two decimals); the intervals are
those that R's psych 2.x prints for the same table (`ICC(sf)`: single raters, absolute and random).
"""

import numpy as np
import pytest
from tests.reference import embeddings as twin

from igwas.embeddings.agreement import absolute_agreement, one_way

RATINGS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
PRINTED = 0.005


def test_the_twin_has_the_published_mean_squares():
    assert twin.mean_squares(RATINGS) == pytest.approx((11.24, 32.49, 1.02, 6.26), abs=PRINTED)


@pytest.mark.parametrize(
    ("function", "value", "low", "high"),
    [(one_way, 0.17, -0.133, 0.72), (absolute_agreement, 0.29, 0.019, 0.76)],
)
def test_correlations_and_intervals_are_the_published_ones(function, value, low, high):
    found = function(RATINGS[:, :, None])
    assert found.value[0] == pytest.approx(value, abs=PRINTED)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=PRINTED)

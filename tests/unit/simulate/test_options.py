import pytest

from igwas.errors import OptionError
from igwas.simulate import CohortOptions


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_samples": 1}, "--samples is 1; expected 4 or more"),
        ({"n_variants": 0}, "--variants is 0"),
        ({"seed": -1}, "--seed is -1"),
        ({"heritability": 1.2}, "--heritability is 1.2; expected 0 to below 1"),
        ({"missing_rate": (0.2, 0.1)}, "--missing-rate is 0.2 to 0.1; expected the smaller"),
        ({"n_planted": 500}, "expected at most 90 %"),
        ({"chromosomes": ("1", "Z")}, "--chromosomes is '1,Z'"),
        ({"ancestry_fractions": (0.5, 0.4, 0.3)}, "summing to 1"),
        ({"related_fraction": float("nan")}, "--related is nan; expected 0 to below 1"),
        ({"missing_rate": (0.1, float("nan"))}, "--missing-rate is 0.1 to nan"),
        ({"missing_rate": (1.0, 1.0), "ancestry_fractions": (1.0,), "ancestry_fst": (0.1,)},
         "--missing-rate is 1 to 1"),
        ({"variance_explained": (0.0, 0.1)}, "--variance-explained starts at 0"),
        ({"ancestry_fractions": (float("nan"), 0.5, 0.5)}, "--ancestries is nan,0.5,0.5"),
        ({"ancestry_fst": (0.1,)}, "expected as many of each"),
        ({"ancestry_fst": (0.0, 0.1, 0.1)}, "expected above 0"),
    ],
)  # fmt: skip
def test_impossible_cohorts_are_refused(changed, message):
    with pytest.raises(OptionError, match=message):
        CohortOptions(**({"n_samples": 100, "n_variants": 100} | changed))


def test_one_ancestry_is_allowed():
    CohortOptions(n_samples=10, n_variants=10, ancestry_fractions=(1.0,), ancestry_fst=(0.01,))

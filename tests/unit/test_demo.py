import pandas as pd
import pytest

from igwas.demo import WINDOW_BP, merge_nearby, run_demo
from igwas.errors import OutputError
from igwas.simulate import CohortOptions


def places(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["chromosome", "position", "log10p"])


def test_neighbours_become_one_locus_led_by_the_strongest():
    found = merge_nearby(places(("1", 100, 8.0), ("1", 200, 12.0), ("1", 300, 9.0)), "log10p")
    assert found["position"].tolist() == [200]


def test_other_chromosomes_and_far_places_stay_apart():
    far = 100 + WINDOW_BP + 1
    found = merge_nearby(places(("1", 100, 8.0), ("2", 100, 9.0), ("1", far, 7.0)), "log10p")
    assert found["log10p"].tolist() == [9.0, 8.0, 7.0]


def test_rank_is_the_larger_of_two_tests_and_may_be_missing():
    tests = places(("1", 100, 8.0), ("1", 200, 9.0))
    tests["other"] = [20.0, float("nan")]
    assert merge_nearby(tests, "log10p", "other")["position"].tolist() == [100]


def test_nothing_significant_gives_no_locus():
    assert merge_nearby(places().astype({"position": int}), "log10p").empty


def test_a_demo_without_planted_variants_finds_nothing(tmp_path):
    options = CohortOptions(n_samples=400, n_variants=1000, n_phenotypes=6, n_planted=0)
    result = run_demo(tmp_path / "demo", options)
    assert result.loci.empty
    assert result.n_false == {"omnibus": 0, "univariate": 0}
    assert "0 of 0 planted loci found" in "\n".join(result.describe())


def test_planted_effects_are_estimated_without_bias(tmp_path):
    options = CohortOptions(n_samples=1500, n_variants=2000, n_phenotypes=20, n_planted=20)
    result = run_demo(tmp_path / "demo", options)
    assert result.effects["pairs"] == 160
    assert result.effects["slope"] == pytest.approx(1, abs=0.1)
    assert result.effects["coverage"] > 0.88


def test_a_missing_parent_folder_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        run_demo(tmp_path / "no" / "demo", CohortOptions(n_samples=10, n_variants=10))

from pathlib import Path

import pandas as pd

from igwas.demo.journal import Finished
from igwas.demo.summary import describe
from igwas.demo.truth import Comparison

LOCI = {
    "tests": [{"name": "omnibus", "p": 5e-8}, {"name": "minimum_p", "p": 2e-9}],
    "eyes": {"negative_control": {"n_loci": 0, "lambda_median": 1.013}},
}


def comparison(**changed) -> Comparison:
    planted = pd.DataFrame(
        {
            "variant_id": ["1:5:A:C", "2:5:A:C"], "chromosome": ["1", "2"], "position": [5, 5],
            "phenotype": ["macula", "pigment"], "variance_explained": [0.15, 0.003],
            "power": [1.0, 0.01], "n_phenotypes": [1, 3], "omnibus": [True, False],
            "minimum p": [False, False], "both eyes": [False, False],
            "lead_variant": ["1:7:A:C", ""], "log10p": [20.0, float("nan")],
        }
    )  # fmt: skip
    none = pd.DataFrame({"test": [], "lead_variant": [], "log10p": []})
    return Comparison(**{"planted": planted, "false_loci": none, "n_loci": {}} | changed)


def text(one: Comparison, effects=None) -> str:
    finished = [Finished("images", "", 60.0, 100.0), Finished("train", "", 90.0, 170.0)]
    return "\n".join(describe(one, LOCI, effects or {}, finished, Path("demo-output")))


def test_found_missed_false_control_time_and_report_are_said():
    printed = text(comparison())
    assert "1 of 1 planted loci with a power above 90% found, 0 of 1 others" in printed
    assert "omnibus (p < 5e-08): 1 of 2 planted loci found, 0 false" in printed
    assert "minimum p (p < 2e-09): 0 of 2" in printed
    assert "both eyes" not in printed.split("others")[1]
    assert "negative control): 0 loci, lambda GC 1.013" in printed
    assert "150 s, 270 s of processor time; longest: train 90 s, images 60 s" in printed
    assert "demo-output/report.html" in printed
    assert "pigment and 2 more" in printed


def test_false_loci_are_named():
    false = pd.DataFrame({"test": ["omnibus"], "lead_variant": ["9:1:A:C"], "log10p": [8.2]})
    assert "false: 9:1:A:C by omnibus, -log10 p 8.2" in text(comparison(false_loci=false))


def test_effects_are_shown_where_they_can_be_compared():
    assert "slope 0.990, 95% of 96" in text(
        comparison(), {"slope": 0.99, "coverage": 0.95, "pairs": 96}
    )


def test_nothing_planted_is_said():
    empty = comparison().planted.iloc[:0]
    assert "none" in text(comparison(planted=empty))


def test_the_power_that_is_shown_is_the_one_that_planted_loci_are_judged_by():
    assert "power: in a test of what it moves" in text(comparison())
    drawn = comparison().planted.assign(omnibus_power=[0.12, 0.97])
    printed = text(comparison(planted=drawn))
    assert "power: in the omnibus test of all phenotypes" in printed
    shown = [word for word in ("0.12", "0.97", "1.00", "0.01") if word in printed]
    assert shown == ["0.12", "0.97"]
    assert "0 of 1 planted loci with a power above 90% found, 1 of 1 others" in printed

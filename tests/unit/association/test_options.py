"""Options of a scan are checked when they are made."""

from pathlib import Path

import pytest

from igwas.association.options import ScanOptions, Shard
from igwas.errors import OptionError


@pytest.mark.parametrize("text", ["1/1", "2/10", " 10/10 ", "999999999/999999999"])
def test_a_shard_is_read_and_written_back(text):
    assert str(Shard.parse(text)) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/2/3", "a/b", "1.0/2", "1 / 2", "1" * 10 + "/2"],
)
def test_a_wrong_shard_is_refused_with_its_text(text):
    with pytest.raises(OptionError) as caught:
        Shard.parse(text)
    assert f"--shard is {text!r}" in str(caught.value)
    assert "2/10" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("mac", -0.5, "--mac is -0.5; expected 0 to inf"),
        ("maf", 0.51, "--maf is 0.51; expected 0 to 0.5"),
        ("geno", 1.5, "--geno is 1.5; expected 0 to 1"),
        ("hwe", -1e-9, "--hwe is -1e-09"),
        ("info", 2.0, "--info is 2"),
        ("hit_log10p", -1.0, "--hit-log10p is -1"),
        ("mac", float("nan"), "--mac is nan"),
        ("missing", "Mean", "--missing is 'Mean'; expected mean or drop"),
        ("transform", "rint", "--transform is 'rint'; expected none or rank-inverse-normal"),
        ("covariate_columns", ("age",), "--covariates"),
        ("categorical_columns", ("centre",), "--covariates"),
    ],
)
def test_a_wrong_option_is_refused_with_its_value(name, value, text):
    with pytest.raises(OptionError) as caught:
        ScanOptions(**{name: value})
    assert text in str(caught.value)


def test_limits_themselves_are_allowed():
    ScanOptions(mac=0, maf=0.5, geno=0, hwe=1, info=1, hit_log10p=0)
    ScanOptions(mac=float("inf"), geno=1)


def test_resuming_and_overwriting_contradict_each_other():
    with pytest.raises(OptionError, match="--resume and --overwrite"):
        ScanOptions(resume=True, overwrite=True)


def test_result_options_are_json_and_leave_out_where_to_run():
    options = ScanOptions(
        covariates=Path("c.tsv"), covariate_columns=("age",), shard=Shard(2, 3), resume=True
    )
    found = options.result_options()
    assert found["covariates"] == "c.tsv"
    assert found["covariate_columns"] == ["age"]
    assert found["phenotype_columns"] is None
    assert not {"shard", "resume", "overwrite"} & found.keys()
    assert (
        found == ScanOptions(covariates=Path("c.tsv"), covariate_columns=("age",)).result_options()
    )

import json
from functools import partial
from unittest import mock

from tests import command

from igwas.context import Context
from igwas.doctor import Diagnosis
from igwas.self_test import Check

run = partial(command.status, "doctor")


def test_a_healthy_installation_exits_with_0_and_says_so(capsys):
    assert run() == 0
    printed = capsys.readouterr().out
    assert "all checks passed" in printed
    assert "zstd" in printed


def test_json_is_json(capsys):
    assert run("--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["is_healthy"] is True
    assert {"versions", "machine", "core", "checks"} <= set(content)


def test_a_failed_check_exits_with_1(capsys):
    sick = Diagnosis({"versions": {}}, [Check("scan", False, "AssertionError: beta differs")])
    with mock.patch("igwas.doctor.diagnose", return_value=sick) as function:
        assert run("--threads", "3") == 1
    function.assert_called_once_with(context=Context(threads=3))
    assert "FAILED  scan: AssertionError: beta differs" in capsys.readouterr().out

import json
from pathlib import Path

import pytest

from igwas import doctor
from igwas.doctor import Diagnosis, diagnose
from igwas.self_test import Check


def test_this_installation_is_healthy():
    diagnosis = diagnose()
    assert diagnosis.is_healthy, diagnosis.describe()
    assert json.dumps(diagnosis.as_dict())
    assert diagnosis.facts["versions"]["python"].startswith("3.")


def test_one_failed_check_makes_it_unhealthy_and_is_named():
    diagnosis = Diagnosis({}, [Check("good", True, ""), Check("bad", False, "ValueError: no")])
    assert not diagnosis.is_healthy
    assert any("FAILED" in line and "bad: ValueError: no" in line for line in diagnosis.describe())


@pytest.mark.parametrize(
    ("text", "model", "flags"),
    [
        ("model name\t: Some CPU\nflags\t\t: fpu avx2 fma\n", "Some CPU", {"fpu", "avx2", "fma"}),
        ("Features\t: fp asimd\n", "", {"fp", "asimd"}),
    ],
)
def test_processor_flags_are_read_on_x86_and_arm(tmp_path, text, model, flags):
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    assert doctor._cpu(path) == (model, flags)


def test_a_system_without_cpuinfo_is_no_error():
    assert doctor._cpu(Path("/no/such/file")) == ("", set())

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "validation" / "null_calibration.py"


@pytest.mark.slow
def test_p_values_are_uniform_in_smaller_null_cohorts(tmp_path):
    page = tmp_path / "validation.md"
    shape = ["--samples", "800", "--variants", "4000", "--phenotypes", "32", "--seed", "5"]
    command = [sys.executable, str(SCRIPT), "--output", str(page), *shape]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| normal, missing calls dropped | omnibus | lambda GC |" in page.read_text()

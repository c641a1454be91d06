"""Runs every bash and python block of the tutorial, in order, in one folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[int, str, str]]:
    text = TUTORIAL.read_text()
    return [(text[: m.start()].count("\n") + 1, m[1], m[2]) for m in _BLOCK.finditer(text)]


def run_block(language: str, code: str, folder: Path) -> subprocess.CompletedProcess:
    commands = {
        "bash": ["bash", "-euo", "pipefail", "-c", code],
        "python": [sys.executable, "-c", code],
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONWARNINGS": "error"}
    return subprocess.run(
        commands[language], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_tutorial_runs_from_top_to_bottom(tmp_path):
    found = blocks()
    assert {language for _, language, _ in found} == {"bash", "python"}
    printed = ""
    for line, language, code in found:
        done = run_block(language, code, tmp_path)
        printed += done.stdout + done.stderr
        assert done.returncode == 0, f"line {line}:\n{code}\n{done.stdout}\n{done.stderr}"
    left, people = re.search(r"here (\d+) of (\d+) people", TUTORIAL.read_text()).groups()
    assert re.search(rf"with every covariate +{people}\n", printed)
    assert f"({left} left out" in printed

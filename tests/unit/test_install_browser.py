""".ci/install_browser installs where it may, and otherwise says why tests are skipped."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "install_browser"
TOOLS = ("bash", "mktemp", "rm", "tail", "timeout", "env")


@pytest.fixture
def machine(tmp_path):
    """A PATH with a few tools; programs can be put on it, and the script run."""
    for name in TOOLS:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"no {name} on PATH")
        (tmp_path / name).symlink_to(found)

    def put(name, text):
        (tmp_path / name).write_text(f"#!{tmp_path}/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)

    def run(*arguments, **variables):
        return subprocess.run(
            [tmp_path / "bash", SCRIPT, *arguments], capture_output=True, text=True, check=True,
            env={"PATH": str(tmp_path), "HOME": str(tmp_path), **variables},
        )  # fmt: skip

    put("id", "echo 0")
    return put, run, tmp_path


def test_a_browser_that_is_there_is_enough(machine):
    put, run, _ = machine
    put("chromium", "exit 0")
    done = run()
    assert (done.stdout, done.stderr) == ("", "")


def test_root_installs_it_and_updates_the_lists_if_need_be(machine):
    put, run, folder = machine
    log = folder / "calls"
    put("apt-get", f'echo "$*" >> {log}; [ "$2" = update ] || [ -e {folder}/updated ] || '
        f'{{ : > {folder}/updated; exit 100; }}')  # fmt: skip
    done = run()
    assert done.stderr == "installing chromium for the browser tests\n"
    calls = log.read_text().splitlines()
    assert [call.split()[1] for call in calls] == ["install", "update", "install"]


@pytest.mark.parametrize(
    ("apt", "user", "variables", "reason"),
    [
        (None, "0", {}, "there is no apt-get"),
        ("exit 0", "1000", {}, "needs root; run: sudo apt-get install chromium"),
        ("exit 0", "0", {"IGWAS_NO_BROWSER": "1"}, "IGWAS_NO_BROWSER is set"),
        ("echo E: no such package; exit 100", "0", {}, "E: no such package"),
    ],
)
def test_what_cannot_be_installed_is_no_failure(machine, apt, user, variables, reason):
    put, run, _ = machine
    put("id", f"echo {user}")
    if apt is not None:
        put("apt-get", apt)
    done = run(**variables)
    assert "so its tests will be skipped" in done.stderr
    assert reason in done.stderr

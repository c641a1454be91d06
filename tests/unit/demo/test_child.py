"""Children of the demo, started by a parent that is stopped in each way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from igwas.demo.child import run_child

# Leaves a mark when it is told to stop, after a while, as a command that cleans up does.
_CHILD = """
import pathlib, signal, sys, time
def stop(number, frame):
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    time.sleep(0.5)
    pathlib.Path("stopped").touch()
    sys.exit(3)
for one in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, stop)
print("ready", flush=True)
time.sleep(60)
pathlib.Path("outlived").touch()
"""
_PARENT = f"""
import sys
from pathlib import Path
from igwas.demo.child import run_child
from igwas.stopping import signals_interrupt
with signals_interrupt():
    run_child([sys.executable, "-c", {_CHILD!r}], Path(sys.argv[1]), lambda l: print(l, flush=True))
"""


def _default_sigint():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def parent(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", _PARENT, tmp_path], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True, preexec_fn=_default_sigint,
    )  # fmt: skip
    assert process.stdout.readline() == "  ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_what_it_prints_is_passed_on_with_its_status(tmp_path):
    said = []
    words = [sys.executable, "-c", "import os; print(os.getcwd()); raise SystemExit(5)"]
    assert run_child(words, tmp_path, said.append) == 5
    assert said == [f"  {tmp_path.resolve()}"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_parent_that_is_stopped_ends_after_its_child(parent, tmp_path, number):
    parent.send_signal(number)
    parent.wait(30)
    assert (tmp_path / "stopped").exists()


def test_a_ctrl_c_of_a_terminal_stops_the_child_once(parent, tmp_path):
    os.killpg(parent.pid, signal.SIGINT)
    parent.wait(30)
    assert (tmp_path / "stopped").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of such an end")
def test_a_parent_that_is_killed_takes_its_child_with_it_at_once(parent, tmp_path):
    (child,) = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    parent.kill()
    parent.wait(30)
    deadline = time.monotonic() + 30
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_alive(child)
    assert not (tmp_path / "stopped").exists()  # it had no time to do anything


def _is_alive(child):
    """A killed process whose new parent has not asked for its status yet is none."""
    try:
        state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # gone, or going while it is read
        return False
    return state not in "ZX"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_whole_group_ends_both_in_order(parent, tmp_path, number):
    """As a batch system, or a terminal that is closed, sends it."""
    os.killpg(parent.pid, number)
    parent.wait(30)
    assert (tmp_path / "stopped").exists()

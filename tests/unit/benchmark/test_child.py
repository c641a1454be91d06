import os
import signal
import subprocess
import sys
import time

import pytest

from igwas.benchmark import child
from igwas.benchmark.child import Command, CommandFailed


def python(code, folder, **environment):
    return Command((sys.executable, "-c", code), folder, environment)


def test_wall_and_cpu_seconds_are_those_of_the_command(tmp_path):
    waits = child.run(python("import time; time.sleep(0.4)", tmp_path))
    assert waits.wall_seconds >= 0.4
    assert waits.cpu_seconds < waits.wall_seconds
    works = child.run(python("import time\nwhile time.process_time() < 0.3: pass", tmp_path))
    assert works.cpu_seconds >= 0.3


def test_peak_memory_is_the_commands_own(tmp_path):
    ballast = bytearray(300_000_000)
    small = child.run(python("pass", tmp_path))
    large = child.run(python("x = b'x' * 200_000_000", tmp_path))
    assert len(ballast) > small.peak_bytes
    assert large.peak_bytes - small.peak_bytes == pytest.approx(200e6, rel=0.1)


def test_a_command_runs_in_its_folder_with_its_variables(tmp_path):
    code = "import os; open('said', 'w').write(os.environ['GREETING'])"
    child.run(python(code, tmp_path, GREETING="hello"))
    assert (tmp_path / "said").read_text() == "hello"


def test_a_failure_says_what_the_command_said_last(tmp_path):
    command = python("import sys; print('first'); sys.exit('no such variant')", tmp_path)
    with pytest.raises(CommandFailed, match=r"status 1 and said: .*no such variant"):
        child.run(command)
    with pytest.raises(CommandFailed, match="no such variant"):
        child.run_json(command)


def test_a_command_that_is_killed_has_failed(tmp_path):
    with pytest.raises(CommandFailed, match="status 137"):
        child.run(python("import os; os.kill(os.getpid(), 9)", tmp_path))


def test_one_document_is_read_from_what_a_command_prints(tmp_path):
    assert child.run_json(python("print('[1, 2]')", tmp_path)) == [1, 2]


def test_variables_that_slow_a_blas_or_a_kernel_are_removed(monkeypatch):
    for name in ("OPENBLAS_CORETYPE", "IGWAS_SIMD", "NVPL_LOG", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("KEPT", "1")
    found = child.clean_environment({"OMP_NUM_THREADS": "2"})
    assert found["OMP_NUM_THREADS"] == "2"
    assert found["KEPT"] == "1"
    assert not {"OPENBLAS_CORETYPE", "IGWAS_SIMD", "NVPL_LOG"} & set(found)


def test_a_recorded_command_names_no_home(tmp_path):
    command = Command(
        (sys.executable, child.script("numpy_scan.py"), "--bed", "../a b.bed"),
        tmp_path,
        {"OMP_NUM_THREADS": "2"},
    )
    assert command.text() == (
        "OMP_NUM_THREADS=2 python igwas/benchmark/scripts/numpy_scan.py --bed '../a b.bed'"
    )


def test_an_interruption_ends_the_command_and_its_children(tmp_path):
    code = (
        "import os, subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('pids.partial', 'w').write(f'{os.getpid()} {inner.pid}')\n"
        "os.rename('pids.partial', 'pids'); time.sleep(60)\n"
    )
    outer = (
        "from pathlib import Path; import sys\n"
        "from igwas.benchmark import child\n"
        f"child.run(child.Command((sys.executable, '-c', {code!r}), Path({str(tmp_path)!r})))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", outer], stderr=subprocess.DEVNULL, preexec_fn=listen_to_interrupts
    )
    try:
        wait_for(lambda: (tmp_path / "pids").exists())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) != 0
    finally:
        process.kill()
        process.wait()
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        wait_for(lambda pid=pid: not is_running(pid))


def listen_to_interrupts():
    # A shell's background jobs ignore SIGINT and hand that down.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def is_running(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)

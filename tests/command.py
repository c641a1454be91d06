"""The command line: in this process, and as one of its own, which shows what signals do to it."""

import signal
import subprocess
import sys
import time

import pytest

from igwas.cli.main import main

_MAIN = "from igwas.cli.main import main; main()"
_POLL_SECONDS = 0.002


def status(*arguments):
    """Exit status of `igwas-fast` with these arguments, in this process."""
    with pytest.raises(SystemExit) as stopped:
        main([*map(str, arguments)])
    return stopped.value.code


def _restore_signals():
    # A shell's background jobs ignore SIGINT and hand that down; a user's command does not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments, **options):
    """Start `igwas-fast` with these arguments; stdout and stderr are pipes of text."""
    settings = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "preexec_fn": _restore_signals,
    }
    words = [sys.executable, "-c", _MAIN, *map(str, arguments)]
    return subprocess.Popen(words, **{**settings, **options})


def run(*arguments, timeout=120, **options):
    """Run `igwas-fast` to its end; returncode, stdout and stderr as subprocess.run gives them."""
    process = start(*arguments, **options)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def wait_until(process, has_come):
    """Wait until `has_come()` is true, or the process has ended."""
    while process.poll() is None and not has_come():
        time.sleep(_POLL_SECONDS)


def kill(process):
    """kill -9; whether it came before the end, which then was a good one."""
    process.kill()
    _, stderr = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), stderr
    return process.returncode != 0


def error_lines(stderr):
    """Lines that begin an error."""
    return [line for line in stderr.splitlines() if line.startswith("error:")]

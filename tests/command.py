"""The command line as a process of its own: what a user sees, and what signals do to it."""

import signal
import subprocess
import sys

_MAIN = "from igwas.cli.main import main; main()"


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


def error_lines(stderr):
    """Lines that begin an error."""
    return [line for line in stderr.splitlines() if line.startswith("error:")]

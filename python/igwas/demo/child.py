"""A command of the demo as a process that does not outlive the demo."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>


def run_child(words: Sequence[str], folder: Path, say: Callable[[str], None] | None) -> int:
    """Run a program in a folder; its exit status.

    Its progress and errors go to our stderr. When we are stopped it is told to stop, and is waited
    for: nothing writes into the folder after us. On Linux it is killed when we are killed;
    elsewhere it then goes on to its end.

    Parameters
    ----------
    words : sequence of str
    folder : Path
    say : callable(str), optional
        Takes each line that it prints.
    """
    with subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, text=True, preexec_fn=_bind_to_parent()
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if say is not None:
                    say("  " + line.rstrip("\n"))
        except BaseException:
            process.terminate()
            process.wait()  # Popen itself waits no more than a moment after Ctrl-C
            raise
    return process.returncode


def _bind_to_parent() -> Callable[[], None]:
    """What the child does before its program starts."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def bind() -> None:
        # Ctrl-C reaches a whole terminal's group; the child is to be stopped once, by us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if libc is not None:
            # Not told to stop, which takes it seconds in which it writes: a demo that goes on by
            # then would meet it. A command that is killed can be gone on with, or run again.
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # killed before we asked
                os._exit(128 + signal.SIGKILL)

    return bind

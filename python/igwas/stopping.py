"""A run that is told to stop, by Ctrl-C or by the signal that ends a job of a batch system."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM came: what Ctrl-C would be cleaned up for is cleaned up."""


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Raise Terminated in the main thread when SIGTERM comes; further ones change nothing.

    `timeout` and some batch systems send two, and the second must not end the cleaning up. Where
    SIGTERM is ignored or has a handler already, and outside the main thread, nothing is changed.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def describe_stop(stop: KeyboardInterrupt) -> tuple[str, int]:
    """One line that says what stopped the run and what is kept, and the exit status.

    Parameters
    ----------
    stop : KeyboardInterrupt
        Its notes say what is kept.

    Returns
    -------
    str, int
        The status is 128 and the number of the signal, as shells have it.

    Examples
    --------
    >>> stop = Terminated()
    >>> stop.add_note("images.h5.partial keeps the photographs done: go on with --resume")
    >>> describe_stop(stop)[0]
    'stopped by SIGTERM; images.h5.partial keeps the photographs done: go on with --resume'
    >>> describe_stop(KeyboardInterrupt())
    ('interrupted', 130)
    """
    is_terminated = isinstance(stop, Terminated)
    what = "stopped by SIGTERM" if is_terminated else "interrupted"
    number = signal.SIGTERM if is_terminated else signal.SIGINT
    return "; ".join([what, *getattr(stop, "__notes__", [])]), 128 + int(number)

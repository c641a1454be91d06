"""A run that is told to stop, by Ctrl-C, a batch system's signal or the end of its terminal."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What ends a job of a batch system, and what comes when a terminal or a connection is closed.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(KeyboardInterrupt):
    """One of STOP_SIGNALS came: what Ctrl-C would be cleaned up for is cleaned up.

    Parameters
    ----------
    number : signal.Signals
        Which.
    """

    def __init__(self, number: signal.Signals = signal.SIGTERM) -> None:
        super().__init__()
        self.number = number


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raise Terminated in the main thread when a stop signal comes; further ones change nothing.

    `timeout` and some batch systems send two, and the second must not end the cleaning up. A signal
    that is ignored (`nohup`) or has a handler already stays so, and outside the main thread nothing
    is changed.
    """
    ours: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        ours = [one for one in STOP_SIGNALS if signal.getsignal(one) is signal.SIG_DFL]

    def stop(number: int, _frame: FrameType | None) -> None:
        for one in ours:
            signal.signal(one, signal.SIG_IGN)
        raise Terminated(signal.Signals(number))

    for one in ours:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.SIG_DFL)


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
    number = stop.number if isinstance(stop, Terminated) else signal.SIGINT
    what = "interrupted" if number == signal.SIGINT else f"stopped by {number.name}"
    return "; ".join([what, *getattr(stop, "__notes__", [])]), 128 + int(number)

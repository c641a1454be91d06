"""Run a function over items in processes; an item that kills its process harms no other."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from igwas.errors import IgwasError
from igwas.stopping import STOP_SIGNALS

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items handed out ahead, for each worker: enough to keep all busy, few enough to bound memory.
_AHEAD = 4


@dataclass(frozen=True)
class WorkerDied:
    """The process that worked on the item came to an end without an answer."""


def run_each(
    function: Callable[[Item], Result], items: Iterable[Item], n_workers: int
) -> Iterator[tuple[Item, Result | WorkerDied]]:
    """Give each item and its result, in the order of the items.

    Parameters
    ----------
    function : callable
        Of a module, so that a new process can import it.
    items : iterable
        Read only a little ahead of the results.
    n_workers : int
        Processes; with 1 the work is done in this one.

    Yields
    ------
    (item, result or WorkerDied)

    Raises
    ------
    IgwasError
        If no process can be started.
    """
    if n_workers == 1:
        for item in items:
            yield item, function(item)
        return
    waiting = iter(items)
    in_flight: deque[Item] = deque()
    while not (yield from _together(function, waiting, n_workers, in_flight)):
        yield from _alone(function, in_flight)
        in_flight.clear()


def _together(
    function: Callable[[Item], Result],
    items: Iterator[Item],
    n_workers: int,
    in_flight: deque[Item],
) -> Generator[tuple[Item, Result | WorkerDied], None, bool]:
    """Run until the items end (True) or the pool does (False); `in_flight` is what was lost."""
    futures: deque[Future[Result]] = deque()
    pool = _start(n_workers)
    try:
        while True:
            for item in islice(items, _AHEAD * n_workers - len(in_flight)):
                in_flight.append(item)
                futures.append(pool.submit(function, item))
            if not futures:
                return True
            result = futures.popleft().result()
            yield in_flight.popleft(), result
    except BrokenProcessPool:
        return False
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result | WorkerDied]]:
    """Run each item in a process of its own, to find the one that kills."""
    for item in items:
        pool = _start(1)
        try:
            yield item, pool.submit(function, item).result()
        except BrokenProcessPool:
            yield item, WorkerDied()
        finally:
            pool.shutdown(cancel_futures=True)


def _start(n_workers: int) -> ProcessPoolExecutor:
    # Not forked: a copy of a process with threads may hold locks that nobody will release.
    pool = ProcessPoolExecutor(
        n_workers, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker
    )
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool as error:
        pool.shutdown()
        raise IgwasError(
            "worker processes end as soon as they start; expected them to wait for work. A script "
            "that calls this needs 'if __name__ == \"__main__\":' around its main part; or give "
            "--threads 1."
        ) from error
    return pool


def _prepare_worker() -> None:
    # Ctrl-C, and a batch system's signal, reach the whole group: the main process decides.
    for number in (signal.SIGINT, *STOP_SIGNALS):
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    """End when the main process does, however it ends: nobody else would tell."""
    parent.join()
    os._exit(1)

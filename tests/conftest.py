"""Fixtures that every test may use."""

import logging
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings
from tests.simulated_gpu import SimulatedGpu

REPOSITORY = Path(__file__).resolve().parents[1]

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")

# A run of the tests in the background, or by nohup, ignores these, and so would every child that is
# to be stopped by one.
for _stop in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_stop) == signal.SIG_IGN:
        signal.signal(
            _stop, signal.default_int_handler if _stop == signal.SIGINT else signal.SIG_DFL
        )


@pytest.fixture(autouse=True)
def own_logging():
    """Runs of the command set the logger's level and handlers: for that test alone."""
    logger = logging.getLogger("igwas")
    handlers, level = logger.handlers[:], logger.level
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real data: $IGWAS_TEST_DATA, or `shared/data` beside the checkout.

    The data may not be redistributed, so they are no part of the repository and a machine may lack
    them; the test is then skipped, by name, and the summary of the run shows it.
    """
    named = os.environ.get("IGWAS_TEST_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"IGWAS_TEST_DATA is {named!r}; expected a folder. Unset it or correct it.")
    pytest.skip("real test data not found; set IGWAS_TEST_DATA to their folder")


@pytest.fixture
def simulated_gpu(monkeypatch) -> SimulatedGpu:
    """The GPU backend on a simulated GPU, in place of `igwas._cuda` for one test."""
    return SimulatedGpu.install(monkeypatch)

"""SIGTERM is cleaned up for as Ctrl-C is."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from igwas.stopping import Terminated, describe_stop, sigterm_interrupts


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def test_sigterm_becomes_an_interrupt_and_a_second_one_changes_nothing():
    seen = []

    def clean_up_and_be_told_again():
        try:
            terminate()
        finally:
            terminate()
            seen.append("cleaned up")

    with sigterm_interrupts():
        with pytest.raises(Terminated):
            clean_up_and_be_told_again()
        assert seen == ["cleaned up"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_is_there_stays(monkeypatch):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with sigterm_interrupts():
            terminate()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_than_the_main_one_sets_no_handler():
    failures = []

    def enter():
        try:
            with sigterm_interrupts():
                pass
        except ValueError as error:
            failures.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert failures == []


def test_notes_say_what_is_kept():
    stop = Terminated()
    stop.add_note("a.partial keeps what is done")
    assert describe_stop(stop) == ("stopped by SIGTERM; a.partial keeps what is done", 143)


def test_it_also_ends_a_process_that_waits():
    script = (
        "from igwas.stopping import sigterm_interrupts\n"
        "import time\n"
        "with sigterm_interrupts():\n"
        "    print(flush=True)\n"
        "    time.sleep(60)\n"
    )
    words = [sys.executable, "-c", script]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert "Terminated" in process.communicate(timeout=30)[1]

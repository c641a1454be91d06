"""SIGTERM and SIGHUP are cleaned up for as Ctrl-C is."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from igwas.stopping import Terminated, describe_stop, signals_interrupt


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

    with signals_interrupt():
        with pytest.raises(Terminated):
            clean_up_and_be_told_again()
        assert seen == ["cleaned up"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_is_there_stays(monkeypatch):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals_interrupt():
            terminate()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_than_the_main_one_sets_no_handler():
    failures = []

    def enter():
        try:
            with signals_interrupt():
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
        "from igwas.stopping import signals_interrupt\n"
        "import time\n"
        "with signals_interrupt():\n"
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_either_signal_interrupts_and_then_neither_does(number):
    seen = []

    def clean_up_and_be_told_again():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            terminate()
            seen.append("cleaned up")

    with signals_interrupt():
        with pytest.raises(Terminated) as caught:
            clean_up_and_be_told_again()
        assert seen == ["cleaned up"]
    assert describe_stop(caught.value) == (f"stopped by {number.name}", 128 + number)
    for one in (signal.SIGTERM, signal.SIGHUP):
        assert signal.getsignal(one) is signal.SIG_DFL


def test_a_run_under_nohup_is_not_stopped_by_its_terminal():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_interrupt():
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(Terminated):
                terminate()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

"""Submissions that are judged at the same time spread over the cores of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from tito.core.classroom.cores import a_core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="cores are chosen on Linux only")
HOLD = """
import time
from tito.core.classroom import cores
cores.NAMES = "PREFIX"
with cores.a_core() as core:
    print(core, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def of_its_own(monkeypatch: pytest.MonkeyPatch) -> str:
    """Names that a grader beside this test does not use."""
    names = f"tito-test-{os.getpid()}-"
    monkeypatch.setattr("tito.core.classroom.cores.NAMES", names)
    return names


def test_each_core_is_taken_once_before_one_is_taken_twice() -> None:
    cores = sorted(os.sched_getaffinity(0))
    told = threading.Event()
    told.set()  # not to wait
    with ExitStack() as held:
        taken = [held.enter_context(a_core(told)) for _ in range(2 * len(cores))]
        assert taken == cores + cores
    with a_core(told) as again:
        assert again == cores[0]


def test_who_finds_no_core_free_waits_for_one() -> None:
    cores, got = sorted(os.sched_getaffinity(0)), []

    def wait() -> None:
        with a_core() as core:
            got.append(core)

    with ExitStack() as held:
        for _ in cores:
            held.enter_context(a_core())
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.3)
        assert got == []
    waiting.join()
    assert got == [cores[0]]


def test_the_place_of_a_killed_process_is_free(of_its_own: str) -> None:
    cores, hold = sorted(os.sched_getaffinity(0)), HOLD.replace("PREFIX", of_its_own)
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert int(other.stdout.readline()) == cores[0]
        with a_core() as beside:
            assert beside == cores[1 % len(cores)]
        other.kill()
    with a_core() as free:
        assert free == cores[0]

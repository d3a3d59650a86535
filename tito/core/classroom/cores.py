"""Each submission has a core of its own: whoever judges it, a grader or a worker of a cluster.

The tests and the student's code take turns, and to wake a process on another core costs as much as
the call that it is woken for.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

LONGEST_WAIT = 60.0  # seconds; a submission that only sleeps does not keep the others for longer
POLL_SECONDS = 0.05
NAMES = "tito-core-"


@contextmanager
def a_core(stop: threading.Event | None = None) -> Iterator[int | None]:
    """A core on which no other submission is judged; None where it cannot be chosen.

    The sign that a core is used is a socket with its name, so that several graders and workers
    share a machine, and the core of a killed one is free at once. Whoever finds none free waits for
    one, at most `LONGEST_WAIT`, or until `stop` is set; then a core has several submissions.
    """
    found = _found(stop or threading.Event())
    if found is None:
        yield None
        return
    core, sign = found
    try:
        yield core
    finally:
        sign.close()


def bind(pid: int, core: int) -> None:
    """All of a process that has just been started runs on this core."""
    if sys.platform == "linux":
        with suppress(OSError):  # it has ended, or the core has been taken away
            os.sched_setaffinity(pid, {core})


def _found(stop: threading.Event) -> tuple[int, socket.socket] | None:
    if sys.platform != "linux":  # elsewhere, a core cannot be chosen
        return None
    cores, until = sorted(os.sched_getaffinity(0)), time.monotonic() + LONGEST_WAIT
    try:
        while (free := _taken(cores, 0)) is None and time.monotonic() < until:
            if stop.wait(POLL_SECONDS):
                break
        places = count(1)
        while free is None:
            free = _taken(cores, next(places))
    except OSError:  # no sockets here
        return None
    return free


def _taken(cores: list[int], place: int) -> tuple[int, socket.socket] | None:
    """The first core that has fewer than `place + 1` submissions, and its sign."""
    for core in cores:
        sign = socket.socket(socket.AF_UNIX)
        try:
            sign.bind(f"\0{NAMES}{core}-{place}")  # a name only: Linux makes no file for it
        except OSError as error:
            sign.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return core, sign
    return None

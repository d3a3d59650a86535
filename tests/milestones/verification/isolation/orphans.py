"""On Linux, find and end processes that the framework has left running.

A process that forks twice leaves its session and its parent, and could still write to the report
after the run. Here it becomes a child of the judge, which ends all its children. Only the judge's
own process may do this, because it assumes that every child belongs to the framework. In a sandbox
there is none, as no process starts another.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
SECONDS = 30.0  # 200 chains of processes, each process in a session of its own, take 8


def adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def become_the_judge() -> None:
    """Adopt orphans, and forbid the user's other processes to read this one's memory."""
    adopt_orphans()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_orphans() -> None:
    """End children until there is none: when one ends, its own children come here."""
    if sys.platform != "linux":
        return
    ends = time.monotonic() + SECONDS
    while (children := children_of(os.getpid())) and time.monotonic() < ends:
        for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped, none starts others meanwhile
            for child in children:
                send(number, child)
        for child in children:  # until here, their numbers were not given to others
            with suppress(OSError):
                os.waitpid(child, os.WNOHANG)


def send(number: int, child: int) -> None:
    """Send a signal to a child and to its group, if that is in a session of the framework's own.

    The group too, because a chain of processes, each of which starts the next and ends, can be
    faster than a search for its latest; the kernel lets none of a group escape by a fork.
    """
    with suppress(OSError):
        os.kill(child, number)
    with suppress(OSError):
        if os.getsid(child) != os.getsid(0):
            os.killpg(os.getpgid(child), number)


def children_of(parent: int) -> list[int]:
    """Child processes, by the kernel's lists for each thread or, without these, by a search."""
    try:
        tasks = list(Path(f"/proc/{parent}/task").iterdir())
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    except OSError:
        return searched(parent)


def searched(parent: int) -> list[int]:
    """From /proc: the fourth field of a stat, after the name, is the parent."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                if int(text.rpartition(")")[2].split()[1]) == parent:
                    found.append(int(entry.name))
    return found

"""The limits that the system holds for the judged process, and how to name one that was met.

The figures are here and nowhere else. What the reference needs stands beside each.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

MEMORY = 4_000_000_000  # bytes of address space; the reference needs less than 0.2 billion
CPU_SECONDS = (
    900  # three times a milestone's time limit, which ends a correct framework's run first
)
FILE_BYTES = 200_000_000  # of one file; the largest checkpoint has less than 1 million
OPEN_FILES = 256  # the reference has fewer than 20
PROCESSES = 64  # more than the user has at the start; the reference starts none

LIMITS = {
    "RLIMIT_AS": MEMORY,
    "RLIMIT_CPU": CPU_SECONDS,
    "RLIMIT_FSIZE": FILE_BYTES,
    "RLIMIT_NOFILE": OPEN_FILES,
    "RLIMIT_CORE": 0,
}

# What Python says when a limit is met, and what to tell the student.
MET = {
    "Too many open files": f"A milestone's limit is {OPEN_FILES} open files. Is each file that is "
    "opened in a loop closed again, for example by `with open(...)`?",
    "File too large": f"A milestone's limit is {FILE_BYTES / 1e6:.0f} MB for one file. Does a loop "
    "write without end?",
    "temporarily unavailable": f"A milestone's limit is {PROCESSES} processes. Does your "
    "code start processes or threads in a loop?",
}

NOT_ALLOWED = (
    "A milestone runs your code without network, and without files except Python's, its own "
    "package and a temporary folder (tempfile finds it)."
)


def hint_for(kind: str, text: str) -> str:
    """What to tell the student about an exception that a limit or the sandbox may have caused."""
    if kind.endswith("MemoryError"):
        return (
            f"A milestone's limit is {MEMORY / 1e9:.0f} GB of memory. Does a loop append to a list "
            "without end, or is an array's shape larger than you meant?"
        )
    if kind == "PermissionError":
        return NOT_ALLOWED
    return next(
        (
            said
            for part, said in MET.items()
            if kind in ("OSError", "BlockingIOError") and part in text
        ),
        "",
    )


def apply_limits() -> list[str]:
    """Lower every limit that this system lets be lowered; return the names of those that hold."""
    if sys.platform == "win32":
        return []
    import resource

    wanted = dict(LIMITS)
    if sys.platform == "linux" and os.getuid() != 0:  # the system does not count root's processes
        wanted["RLIMIT_NPROC"] = tasks_of(os.getuid()) + PROCESSES
    held = []
    for name, value in wanted.items():
        with suppress(OSError, ValueError, AttributeError):  # not every system has each of them
            limit = getattr(resource, name)
            hard = resource.getrlimit(limit)[1]
            lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
            # At the hard limit of CPU time the signal would be SIGKILL, which does not say why.
            soft = lower - 1 if name == "RLIMIT_CPU" else lower
            resource.setrlimit(limit, (soft, lower))
            held.append(name.removeprefix("RLIMIT_").lower())
    return held


def tasks_of(user: int) -> int:
    """The processes and threads of a user, which RLIMIT_NPROC counts together."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found = (entry / "task").stat()
                count += found.st_nlink - 2 if found.st_uid == user else 0
    return count

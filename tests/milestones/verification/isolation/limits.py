"""The limits that the system holds for a process that runs a student's code, and their names.

The figures are here and nowhere else, for milestones and for a module's tests. What the reference
needs stands beside each, as `python -m bench.isolation` measures it.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MEMORY_GB = 2.0  # the reference: 0.1; TITO_TEST_GB changes it
SHARED = 8  # times as much address space, which libraries and mapped files use too
ROOM = 50_000_000  # bytes more, to report that the limit was met
CPU_SECONDS = 3600  # three times a milestone's time limit; the reference: 10
FILE_BYTES = 200_000_000  # of one file; the reference writes none
OPEN_FILES = 256  # the reference: 10
PROCESSES = 64  # and threads, more than the user has at the start; the reference starts none

# Without a number: where no limit of ours holds, one of the system's is met.
PROCESSES_MET = "No more processes or threads can be started. Does your code start them in a loop?"
# In a sandbox: `seccomp.py` answers the calls that start a process as if the system had none.
NO_PROCESSES = "Your code starts a process: in a judged run there are none. Use threads instead."
# What Python says when a limit is met, and what to tell the student.
MET = {
    "Function not implemented": NO_PROCESSES,
    "Too many open files": f"The limit is {OPEN_FILES} open files. Is each file that is opened in "
    "a loop closed again, for example by `with open(...)`?",
    "File too large": f"The limit is {FILE_BYTES / 1e6:.0f} MB for one file. Does a loop write "
    "without end?",
    "temporarily unavailable": PROCESSES_MET,
    "can't start new thread": PROCESSES_MET,
}
MEMORY_MET = "Your code asked for more than {:g} GB of memory. Does something grow in a loop?"
SETTING = "TITO_TEST_GB"


def memory_gb(env: Mapping[str, str]) -> float:
    """The memory limit in gigabytes. ValueError, if the environment asks for none that is valid."""
    said = env.get(SETTING) or str(MEMORY_GB)
    with suppress(ValueError):
        if 0 < float(said) < math.inf:
            return float(said)
    raise ValueError(f"{SETTING} must be a number of gigabytes above 0, not {said!r}")


def limit_met(kind: str, text: str, gigabytes: float) -> str:
    """What to tell the student about an exception that a limit has caused; else nothing."""
    if kind.endswith("MemoryError") or (kind == "OSError" and "Cannot allocate memory" in text):
        return MEMORY_MET.format(gigabytes)
    if kind not in ("OSError", "BlockingIOError", "RuntimeError"):
        return ""
    return next((said for part, said in MET.items() if part in text), "")


def limits_for(gigabytes: float) -> dict[str, int]:
    memory = int(gigabytes * 2**30)
    return {
        "RLIMIT_DATA": memory,
        "RLIMIT_AS": SHARED * memory,
        "RLIMIT_FSIZE": FILE_BYTES,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_CORE": 0,
    }


def apply_limits(gigabytes: float) -> list[str]:
    """Set the limits that an accident meets; the process itself could lift them again."""
    return [name for name, value in limits_for(gigabytes).items() if lower(name, value)]


def apply_for_good(gigabytes: float) -> list[str]:
    """Set every limit that this system has, for ever; return the names of those that hold."""
    wanted = limits_for(gigabytes)
    # At the hard limit of CPU time the signal would be SIGKILL, which does not say why.
    room = {"RLIMIT_DATA": ROOM, "RLIMIT_AS": ROOM, "RLIMIT_CPU": 1}
    wanted["RLIMIT_CPU"] = CPU_SECONDS
    if sys.platform == "linux" and os.getuid() != 0:  # the system does not count root's processes
        wanted["RLIMIT_NPROC"] = tasks_of(os.getuid()) + PROCESSES
    held = [n for n, value in wanted.items() if lower(n, value, value + room.get(n, 0))]
    return [name.removeprefix("RLIMIT_").lower() for name in held]


def lower(name: str, soft: int, hard: int | None = None) -> bool:
    """Lower a limit, the hard one too if given. False, if this system does not have it."""
    if sys.platform == "win32":
        return False
    import resource

    with suppress(OSError, ValueError, AttributeError):
        limit = getattr(resource, name)
        now, most = resource.getrlimit(limit)
        soft, top = least(soft, now), most if hard is None else least(hard, most)
        resource.setrlimit(limit, (soft, top))
        return True
    return False


def least(wanted: int, now: int) -> int:
    return wanted if now < 0 else min(wanted, now)  # RLIM_INFINITY is -1


def make_room() -> None:
    """Lift the memory limit as far as possible, or no memory is left to report the error."""
    if sys.platform == "win32":
        return
    import resource

    for limit in (resource.RLIMIT_DATA, resource.RLIMIT_AS):
        with suppress(OSError, ValueError):
            hard = resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (hard, hard))


def tasks_of(user: int) -> int:
    """The processes and threads of a user, which RLIMIT_NPROC counts together."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found = (entry / "task").stat()
                count += found.st_nlink - 2 if found.st_uid == user else 0
    return count

"""Limits on Windows: a Job object for this process and all that it starts.

Written after Microsoft's documentation of Job objects (`JOBOBJECT_EXTENDED_LIMIT_INFORMATION`),
and checked for its types only: it has not been run on Windows. Where the system refuses any step,
there is no limit but time, as without this file.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import c_int64, c_size_t, c_uint32, c_uint64, c_void_p

ACTIVE_PROCESS, JOB_MEMORY, KILL_ON_CLOSE = 0x8, 0x200, 0x2000  # flags of a limit
EXTENDED_LIMITS = 9  # the kind of information that is set


class Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("per_process_user_time", c_int64),
        ("per_job_user_time", c_int64),
        ("flags", c_uint32),
        ("minimum_working_set", c_size_t),
        ("maximum_working_set", c_size_t),
        ("active_processes", c_uint32),
        ("affinity", c_size_t),
        ("priority_class", c_uint32),
        ("scheduling_class", c_uint32),
        ("io_counters", c_uint64 * 6),
        ("process_memory", c_size_t),
        ("job_memory", c_size_t),
        ("peak_process_memory", c_size_t),
        ("peak_job_memory", c_size_t),
    )


def limits_of(memory: int, processes: int) -> Limits:
    """At most so many bytes and processes together; all end when the last handle is closed."""
    return Limits(
        flags=ACTIVE_PROCESS | JOB_MEMORY | KILL_ON_CLOSE,
        active_processes=processes,
        job_memory=memory,
    )


def restrict(memory: int, processes: int) -> list[str]:
    """Put this process into a new job, for ever; return the names of the limits that hold.

    The handle stays open as long as this process lives: what it has started ends with it.
    """
    holds = False
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = kernel.GetCurrentProcess.restype = c_void_p
        job = c_void_p(kernel.CreateJobObjectW(None, None))
        limits = limits_of(memory, processes)
        size = ctypes.sizeof(limits)
        holds = (
            bool(job)
            and kernel.SetInformationJobObject(job, EXTENDED_LIMITS, ctypes.byref(limits), size)
            and kernel.AssignProcessToJobObject(job, c_void_p(kernel.GetCurrentProcess()))
        )
    return ["memory", "processes"] if holds else []

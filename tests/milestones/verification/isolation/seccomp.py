"""seccomp: refuse the system calls for network and for other processes' memory.

A filter is a program of the classic Berkeley packet filter (McCanne and Jacobson, 1993) that the
kernel runs for every call (linux/seccomp.h). A refused call fails with EPERM.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE = 0, 4  # where the kernel puts them, in bytes
OTHER_TABLE = 0x40000000  # x86-64's second table of calls begins here

IO_URING = (425, 426, 427)  # it opens sockets without the calls for them
GET_FD = 438
# By machine: its number, and socket, ptrace, process_vm_readv, process_vm_writev.
MACHINES = {
    "x86_64": (0xC000003E, (41, 101, 310, 311)),
    "aarch64": (0xC00000B7, (198, 117, 270, 271)),
}


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def restrict() -> bool:
    """Refuse these calls from now on, here and in all that this process starts."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return False
    architecture, calls = MACHINES[platform.machine()]
    code = program(architecture, (*calls, *IO_URING, GET_FD))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
    given = Program(len(code) // 8, code)
    return bool(libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(given), 0, 0) == 0)


def program(architecture: int, refused: tuple[int, ...]) -> bytes:
    """Refuse another architecture's calls and these; allow the others."""
    count = len(refused)
    lines = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 0, count + 3, architecture),  # jumps count the lines that are left out
        (LOAD, 0, 0, NUMBER),
        (JUMP_AT_LEAST, count + 1, 0, OTHER_TABLE),
        *((JUMP_EQUAL, count - at, 0, number) for at, number in enumerate(refused)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)

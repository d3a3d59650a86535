"""seccomp: refuse the system calls that reach beyond this process, or outlive it.

Network, other processes' memory and limits, what is kept after a run, and new processes; threads go
on. A filter is a program of the classic Berkeley packet filter (McCanne and Jacobson,
1993) that the kernel runs for every call (linux/seccomp.h).
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
ALLOW, ERROR = 0x7FFF0000, 0x00050000
REFUSE = ERROR | errno.EPERM
IGNORE = ERROR  # no error, and nothing done
# To clone3, glibc answers this with clone. No other call of a framework meets it, so that
# `limits.py` can tell from the error that a process was to be started.
UNKNOWN = ERROR | errno.ENOSYS
LOAD, RETURN = 0x20, 0x06
JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT = 0x15, 0x35, 0x45
NUMBER, ARCHITECTURE, FIRST = 0, 4, 16  # where the kernel puts them; FIRST: an argument's low half
OTHER_TABLE = 0x40000000  # x86-64's second table of calls begins here
CLONE_THREAD = 0x00010000

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# The calls' numbers, for these machines in this order. -1: the machine has no such call.
BEYOND = {  # network, and other processes' memory and descriptors
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),  # it opens sockets without the calls for them
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "setpriority": (141, 140),  # for a whole user too, and then 0 is the user of this process
    "ioprio_set": (251, 30),  # as well
}
# Shared memory, semaphores, queues, keys, and attributes of files stay when the process has ended.
KEPT = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
# Landlock lets these change every file of the user. `shutil.copy`, which needs them only for its
# own folder's files, goes on if it is told that they are done; these files go with the run.
OF_A_FILE = {
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "fchown": (93, 55),
    "lchown": (94, -1),
    "fchownat": (260, 54),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
}
OF_A_PROCESS = {  # the first argument is a process: 0, this one, stays allowed
    "prlimit64": (302, 261),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
}
STARTING = {"fork": (57, -1), "vfork": (58, -1), "clone3": (435, 435)}
THREADS = {"clone": (56, 220)}  # the first argument says whether it is a thread

Line = tuple[int, int, int, int]  # what to do, lines to skip if it holds and if not, and a number


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def restrict() -> bool:
    """Refuse these calls from now on, here and in all that this process starts."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return False
    code = program_for(platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
    given = Program(len(code) // 8, code)
    return bool(libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(given), 0, 0) == 0)


def program_for(machine: str) -> bytes:
    at = list(MACHINES).index(machine)
    rules: list[Line] = []
    for calls, error in ((BEYOND | KEPT, REFUSE), (OF_A_FILE, IGNORE), (STARTING, UNKNOWN)):
        for numbers in calls.values():
            rules += refuse(numbers[at], error) if numbers[at] >= 0 else []
    for numbers in OF_A_PROCESS.values():
        rules += refuse_unless(numbers[at], (JUMP_EQUAL, 0, 1, 0), REFUSE)
    for numbers in THREADS.values():
        rules += refuse_unless(numbers[at], (JUMP_ANY_BIT, 0, 1, CLONE_THREAD), UNKNOWN)
    return program(MACHINES[machine], rules)


def program(architecture: int, rules: list[Line]) -> bytes:
    """Refuse another architecture's calls and what the rules refuse; allow the others."""
    lines = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER),
        (JUMP_AT_LEAST, 0, 1, OTHER_TABLE),
        (RETURN, 0, 0, REFUSE),
        *rules,
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def refuse(number: int, error: int = REFUSE) -> list[Line]:
    return [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, error)]


def refuse_unless(number: int, holds: Line, error: int) -> list[Line]:
    """Refuse a call unless this holds of its first argument, a whole number of 32 bits."""
    return [
        (JUMP_EQUAL, 0, 4, number),
        (LOAD, 0, 0, FIRST),
        holds,
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, error),
    ]

"""Landlock: what a process may read and write, where it may connect, and whom it may signal.

Linux 5.13 or newer, by system calls without a package (Salaün, "Landlock LSM", 2021; the numbers
are those of linux/landlock.h). A restriction holds for this thread and all it starts, for ever.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

CREATE, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
VERSION = 1  # a flag of CREATE: only tell the version
PATH_BENEATH = 1
NO_NEW_PRIVS = 38

READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, list a folder
LIST = 1 << 3
OF_A_FILE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # the rights that a file can have
FIRST_RIGHTS = (1 << 13) - 1
RIGHTS = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # by version: move, truncate, control devices
TCP, NET_VERSION = 0b11, 4
ABSTRACT_SOCKETS, SIGNALS, SCOPE_VERSION = 0b01, 0b10, 6


def version() -> int:
    """The kernel's version of Landlock; 0 if it has none, or may not use it."""
    if sys.platform != "linux":
        return 0
    return max(call(CREATE, None, 0, VERSION), 0)


def call(number: int, *arguments: object) -> int:
    """A system call's result, -1 if it was refused."""
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))


def restrict(
    readable: Iterable[Path],
    hidden: Iterable[Path],
    listable: Iterable[Path],
    writable: Iterable[Path],
) -> int:
    """Allow only these paths, without network and signals; return the version, 0 if refused.

    Below `readable`, the `hidden` paths cannot be read; below `listable`, only names.
    Descriptors that are open stay usable.
    """
    known = version()
    if known < 1:
        return 0
    rights = FIRST_RIGHTS | sum(bit for since, bit in RIGHTS.items() if known >= since)
    net = TCP if known >= NET_VERSION else 0
    scope = ABSTRACT_SOCKETS | SIGNALS if known >= SCOPE_VERSION else 0
    attributes = struct.pack("QQQ", rights, net, scope)
    size = 24 if scope else 16 if net else 8
    ruleset = call(CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return 0
    try:
        for path, wanted in rules(readable, hidden):
            allow(ruleset, path, wanted)
        for path in listable:
            allow(ruleset, path, LIST)
        for path in writable:
            allow(ruleset, path, rights)
        return known if hold(ruleset) else 0
    finally:
        os.close(ruleset)


def keep_signals_inside() -> bool:
    """Refuse signals to whoever has started this process, such as SIGSTOP; nothing else."""
    if version() < SCOPE_VERSION:
        return False
    attributes = struct.pack("QQQ", 0, 0, SIGNALS)
    ruleset = call(CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(24), 0)
    try:
        return ruleset >= 0 and hold(ruleset)
    finally:
        if ruleset >= 0:
            os.close(ruleset)


def hold(ruleset: int) -> bool:
    ctypes.CDLL(None).prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
    return call(RESTRICT_SELF, ruleset, 0) == 0


def rules(readable: Iterable[Path], hidden: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    secret = [path.resolve() for path in hidden]
    for path in readable:
        with suppress(OSError):
            yield from around(path.resolve(), secret)


def around(path: Path, hidden: list[Path]) -> Iterator[tuple[Path, int]]:
    """Rules for everything below a path but the hidden parts: a rule cannot take back another."""
    if path in hidden:
        return
    if not any(part.is_relative_to(path) for part in hidden):
        yield path, READ
        return
    yield path, LIST
    for entry in path.iterdir():
        if not entry.is_symlink():  # what it leads to has its own rule, or none
            yield from around(entry, hidden)


def allow(ruleset: int, path: Path, rights: int) -> None:
    with suppress(OSError):  # a path that is not there needs no rule
        at = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not path.is_dir():
                rights &= OF_A_FILE
            rule = struct.pack("=Qi", rights, at)
            call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.c_char_p(rule), 0)
        finally:
            os.close(at)

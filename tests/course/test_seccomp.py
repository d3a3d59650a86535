"""The filter of system calls, run here as the kernel would run it: for both machines, on any."""

from __future__ import annotations

import errno
import struct
import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[2]
sys.path.append(str(COURSE / "tests/milestones"))

from verification.isolation import seccomp  # noqa: E402

ALLOWED, IGNORED, REFUSED, UNKNOWN = None, 0, errno.EPERM, errno.ENOSYS
TABLES = (
    seccomp.BEYOND, seccomp.KEPT, seccomp.OF_A_FILE, seccomp.OF_A_PROCESS, seccomp.STARTING,
    seccomp.THREADS,
)  # fmt: skip
FORK, THREAD = 0x01200011, 0x003D0F00  # the flags with which glibc calls clone
OTHER, PAST_32_BITS = 4711, 2**32


def answer(machine: str, number: int, first: int = 0, architecture: int = 0) -> int | None:
    """The error that a call meets, 0 if it is ignored, nothing if it is allowed."""
    known = seccomp.MACHINES[machine]
    data = struct.pack("<IIQ6Q", number, architecture or known, 0, first, *[0] * 5)
    code = list(struct.iter_unpack("HBBI", seccomp.program_for(machine)))
    at, held = 0, 0
    while True:
        what, yes, no, value = code[at]
        at += 1
        if what == seccomp.RETURN:
            return None if value == seccomp.ALLOW else int(value & 0xFFFF)
        if what == seccomp.LOAD:
            (held,) = struct.unpack_from("<I", data, value)
        else:
            holds = {
                seccomp.JUMP_EQUAL: held == value,
                seccomp.JUMP_AT_LEAST: held >= value,
                seccomp.JUMP_ANY_BIT: bool(held & value),
            }
            at += yes if holds[what] else no


@pytest.fixture(params=seccomp.MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def number_of(machine: str, name: str) -> int:
    numbers = next(table[name] for table in TABLES if name in table)
    return numbers[list(seccomp.MACHINES).index(machine)]


def test_some_calls_are_refused_whatever_they_are_given(machine: str) -> None:
    for name in seccomp.BEYOND | seccomp.KEPT:
        number = number_of(machine, name)
        assert {answer(machine, number, first) for first in (0, OTHER)} == {REFUSED}, name


def test_modes_owners_and_times_of_files_are_not_changed(machine: str) -> None:
    numbers = [number_of(machine, name) for name in seccomp.OF_A_FILE]
    assert {answer(machine, number, OTHER) for number in numbers if number >= 0} == {IGNORED}


def test_a_process_changes_itself_and_no_other(machine: str) -> None:
    for name in seccomp.OF_A_PROCESS:
        number = number_of(machine, name)
        assert answer(machine, number, 0) == ALLOWED, name
        assert answer(machine, number, OTHER) == REFUSED, name
        assert answer(machine, number, OTHER + PAST_32_BITS) == REFUSED, name
        assert answer(machine, number, PAST_32_BITS - 1) == REFUSED, name


def test_threads_start_and_processes_do_not(machine: str) -> None:
    clone = number_of(machine, "clone")
    assert answer(machine, clone, THREAD) == ALLOWED
    assert answer(machine, clone, FORK) == UNKNOWN
    assert answer(machine, clone, FORK + PAST_32_BITS * seccomp.CLONE_THREAD) == UNKNOWN
    assert answer(machine, number_of(machine, "clone3"), THREAD) == UNKNOWN
    assert answer("x86_64", number_of("x86_64", "fork")) == UNKNOWN
    assert answer("x86_64", number_of("x86_64", "vfork")) == UNKNOWN


def test_other_calls_are_allowed_and_other_tables_are_not(machine: str) -> None:
    for number in (0, 1, 9, 600):  # none of the tables, on either machine
        assert answer(machine, number, OTHER) == ALLOWED
    assert answer(machine, 0, architecture=0x40000003) == REFUSED  # 32-bit x86
    assert answer(machine, seccomp.OTHER_TABLE) == REFUSED


def test_no_number_stands_twice(machine: str) -> None:
    """A slip of the pen would refuse another call, and let this one through."""
    numbers = [number_of(machine, name) for table in TABLES for name in table]
    numbers = [number for number in numbers if number >= 0]
    assert len(numbers) == len(set(numbers))

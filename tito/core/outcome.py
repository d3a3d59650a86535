"""How a run came out, and whose fault it is when it did not pass. One rule gives the exit code.

Words that JSON and people read are enums of strings: a typing mistake is an error of mypy's.
"""

from __future__ import annotations

from enum import Enum


class Word(str, Enum):
    """A word of a fixed vocabulary; it prints and serializes as itself."""

    def __str__(self) -> str:
        return str(self.value)


class Outcome(Word):
    """Three outcomes: "could not run" is neither a pass nor a wrong answer."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_RUN = "could_not_run"


class Fault(Word):
    """Who can do something about a run that did not pass."""

    STUDENT = "student"  # a lesson, or what it exported
    COURSE = "course"  # the tests, the hints, the tracker
    MACHINE = "machine"  # Python, packages, the disk, tito itself

    @property
    def outcome(self) -> Outcome:
        return Outcome.FAILED if self is Fault.STUDENT else Outcome.COULD_NOT_RUN

    @property
    def exit_code(self) -> int:
        return 1 if self is Fault.STUDENT else 3

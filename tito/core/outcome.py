"""The outcome of a run, and whose fault it is if it did not pass; both give the exit code.

Words that JSON and people read are string enums, so that mypy finds a misspelled one.
"""

from __future__ import annotations

from enum import Enum


class StrEnum(str, Enum):
    """Like `enum.StrEnum`, which Python 3.10 does not have: prints and serializes as its value."""

    def __str__(self) -> str:
        return str(self.value)


class Outcome(StrEnum):
    """The three outcomes of a run: "could not run" is neither a pass nor a wrong answer."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_RUN = "could_not_run"


class Fault(StrEnum):
    """Whose fault it is that a run did not pass."""

    STUDENT = "student"  # a lesson, or what it exported
    COURSE = "course"  # the tests, the hints, the tracker
    MACHINE = "machine"  # Python, packages, the disk, tito itself

    @property
    def outcome(self) -> Outcome:
        return Outcome.FAILED if self is Fault.STUDENT else Outcome.COULD_NOT_RUN

    @property
    def exit_code(self) -> int:
        return 1 if self is Fault.STUDENT else 3


class Evidence(StrEnum):
    """What something that is recorded as complete rests on."""

    RECORD = "record"  # tests or a run, with the hashes of the code that passed
    NONE = "none"  # a name in a list: anybody could have written it

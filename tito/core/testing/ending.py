"""The table of how a test run can end without results: kind, whose fault, and the message.

The fault gives the outcome and the exit code (`core/outcome`). `cause` finds which ending applies.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tito.core.outcome import Fault
from tito.core.testing.results import Cause, Place


class Row(NamedTuple):
    kind: str
    fault: Fault
    sentence: str


class Ending(Enum):
    """How a run can end without test results."""

    # fmt: off
    FLOOD = Row(
        "flood", Fault.STUDENT,
        "{doing} printed more than {limit} MB and was stopped. Is there a print inside a loop?",
    )
    TIME = Row(
        "time", Fault.STUDENT, "{doing} was still running after {seconds:g} s and was stopped."
    )
    TIME_OF_ALL = Row(
        "time", Fault.STUDENT,
        "{doing} was stopped: all tests together took more than {seconds:.0f} s.",
    )
    SYSTEM_EXIT = Row(
        "exit", Fault.STUDENT,
        "The lesson calls sys.exit() when it is imported, so nothing can be tested.",
    )
    PROCESS_EXIT = Row(
        "exit", Fault.STUDENT,
        "{doing} ended the process (exit code {code}). Does your code call os._exit() or quit()?",
    )
    MEMORY = Row(
        "exit", Fault.STUDENT,
        "{doing} needed more memory than a test run may have. Does something grow in a loop?",
    )
    INTERRUPT = Row(
        "exit", Fault.STUDENT,
        "{doing} interrupted the test run (KeyboardInterrupt or pytest.exit).",
    )
    CRASH = Row(
        "crash", Fault.STUDENT,
        "{doing} crashed Python itself ({signal}). Deep recursion, or too much memory?",
    )
    KILLED = Row(
        "killed", Fault.MACHINE,
        "{doing} was killed from outside ({signal}); often this means that memory ran out.",
    )
    BLANK_AT_IMPORT = Row(
        "import", Fault.STUDENT,
        "{task!r} is still blank, but is called when the lesson is imported.",
    )
    UNDEFINED_AT_IMPORT = Row("import", Fault.STUDENT, "{undefined}")
    EDITED_PACKAGE = Row(
        "import", Fault.STUDENT,
        "The code of {module} in tinytorch/ differs from its lesson, and fails: {error}",
    )
    BESIDE = Row(
        "import", Fault.STUDENT,
        "{file} is not a part of tinytorch, which has only the exported cells of lessons. Move its "
        "code into a cell of the lesson that begins with '#| export'.",
    )
    IMPORT = Row("import", Fault.STUDENT, "The lesson cannot be imported: {error}")
    UNDEFINED = Row("missing", Fault.STUDENT, "{undefined}")
    MISSING = Row(
        "missing", Fault.STUDENT,
        "The tests need something that the lesson does not define: {error}",
    )
    SKIPPED = Row("skipped", Fault.STUDENT, "{test} was skipped. A skip is not a pass.")
    LEFT_OUT = Row(
        "left out", Fault.STUDENT,
        "{test} did not run. Does your code change what pytest runs?",
    )
    TESTS_BROKEN = Row("tests", Fault.COURSE, "The test file cannot be used: {error}")
    TESTS_MISSING = Row(
        "tests", Fault.COURSE,
        "The module's test file is missing, so nothing can be tested.",
    )
    TESTS_ELSEWHERE = Row(
        "tests", Fault.COURSE,
        "The installed course has no tests for {module}. Tests in a workspace do not count by "
        "themselves.",
    )
    NO_TESTS = Row(
        "no tests", Fault.COURSE,
        "The test file contains no tests, so nothing can be tested.",
    )
    NO_PACKAGE = Row(
        "machine", Fault.MACHINE,
        "The tests cannot run: this Python has no working {package}. {error}.",
    )
    NO_START = Row(
        "machine", Fault.MACHINE, "The test process did not start (exit code {code})."
    )
    PYTEST = Row("machine", Fault.MACHINE, "pytest could not run (exit code {code}).")
    # fmt: on

    def cause(
        self,
        place: Place | None = None,
        *,
        hint: str | None = None,
        printed: str = "",
        more: str = "",
        **facts: object,
    ) -> Cause:
        """A Cause with this ending's message, filled in; `more` is added after it."""
        kind, fault, sentence = self.value
        return Cause(kind, fault, sentence.format(**facts) + more, place, hint, printed)

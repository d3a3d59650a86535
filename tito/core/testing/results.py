"""What a module's test run came to, as values. Pure: `checks` runs it, `report` shows it.

Three outcomes: passed, failed, could not run. The last one has a cause, is never a pass, and is
never shown as wrong code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tito.core.lesson.lesson import Lesson, Task

TASK_IN_TEST = re.compile(r"test_(\d+)_(\d+)(?:_|$|\[)")
TASK_IN_STUB = re.compile(r"Task (\d+\.\d+)")


@dataclass(frozen=True)
class Place:
    """A line of a lesson or of a test, with its source."""

    file: str
    line: int
    source: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """An exception as the student shall see it."""

    type: str
    text: str
    places: tuple[Place, ...] = ()  # lines of lessons, outermost first
    test_place: Place | None = None

    @property
    def place(self) -> Place | None:
        """Where to look: the innermost line of a lesson, else the line of the test."""
        return self.places[-1] if self.places else self.test_place

    @property
    def message(self) -> str:
        """What the test's author wrote, without pytest's expansion of the assertion."""
        text = self.text.partition("\nassert ")[0] if self.type == "AssertionError" else self.text
        return text.strip() or self.type

    @property
    def expansion(self) -> str:
        """pytest's expansion (`assert 3 == 4`), where there is one."""
        found = self.text.partition("\nassert ")[2] if self.type == "AssertionError" else ""
        return f"assert {found.strip()}" if found.strip() else ""


@dataclass(frozen=True)
class TestResult:
    """One test. `status`: passed, wrong, blank, skipped, or stopped (the run ended inside it)."""

    __test__ = False  # its name is pytest's idea of a test class

    module: str
    name: str
    status: str
    waits_for: str | None = None  # for "blank": the task whose stub was called
    problem: Problem | None = None
    seconds: float = 0.0
    printed: str = ""

    @property
    def task(self) -> str | None:
        match = TASK_IN_TEST.match(self.name)
        return f"{match[1]}.{match[2]}" if match else None


@dataclass(frozen=True)
class Cause:
    """Why a run ended before its tests did, or could not be believed."""

    kind: str
    message: str
    exit_code: int
    place: Place | None = None
    hint: str | None = None
    printed: str = ""


@dataclass(frozen=True)
class Report:
    """One run: of one module, and of the completed modules that build on it."""

    tests: tuple[TestResult, ...] = ()
    cause: Cause | None = None
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        if self.cause is not None:
            return "failed" if self.cause.kind == "import" else "could_not_run"
        all_passed = self.tests and all(test.status == "passed" for test in self.tests)
        return "passed" if all_passed else "failed"

    @property
    def exit_code(self) -> int:
        if self.cause is not None:
            return self.cause.exit_code
        return 0 if self.outcome == "passed" else 1

    def of(self, module: str) -> tuple[TestResult, ...]:
        return tuple(test for test in self.tests if test.module == module)

    def others_than(self, module: str) -> tuple[TestResult, ...]:
        return tuple(test for test in self.tests if test.module != module)


@dataclass(frozen=True)
class TaskState:
    """One line of the checklist.

    `state`: done, wrong, blank, waiting (an earlier task it calls is blank), stopped (the run
    ended inside one of its tests), skipped, or not run.
    """

    task: Task
    state: str
    tests: tuple[TestResult, ...]
    waits_for: str | None = None

    @property
    def passed(self) -> int:
        return sum(test.status == "passed" for test in self.tests)

    @property
    def first_failure(self) -> TestResult | None:
        return next((test for test in self.tests if test.status in ("wrong", "stopped")), None)


@dataclass(frozen=True)
class Checklist:
    """A module's tasks after a run, and the tests that belong to none of them."""

    module: str
    title: str
    lesson: Lesson  # as it was read for this run; the file may have changed since
    tasks: tuple[TaskState, ...]
    rest: tuple[TestResult, ...]
    report: Report
    edited: str = ""  # the test file's name, if it is not as the course has it

    @property
    def file(self) -> str:
        """The lesson's path, as the student knows it."""
        return self.lesson.shown

    @property
    def first_wrong(self) -> TestResult | None:
        failures = (state.first_failure for state in self.tasks)
        loose = (test for test in self.rest if test.status == "wrong")
        return next((test for test in [*failures, *loose] if test is not None), None)

    @property
    def first_open(self) -> TaskState | None:
        """The task to work on now: the first that is wrong, else the first that is blank."""
        for wanted in (("wrong", "stopped"), ("blank",)):
            found = next((state for state in self.tasks if state.state in wanted), None)
            if found is not None:
                return found
        return None

    def count(self, state: str) -> int:
        return sum(task.state == state for task in self.tasks)


def checklist(module: str, lesson: Lesson, report: Report, edited: str = "") -> Checklist:
    """Sort the tests of a run under the lesson's tasks."""
    mine = report.of(module)
    numbers = {task.number for task in lesson.tasks}
    states = tuple(
        task_state(task, lesson.is_blank(task), [test for test in mine if test.task == task.number])
        for task in lesson.tasks
    )
    rest = tuple(test for test in mine if test.task not in numbers)
    return Checklist(module, lesson.title, lesson, states, rest, report, edited)


def task_state(task: Task, is_blank: bool, tests: Sequence[TestResult]) -> TaskState:
    """Blank is not wrong: a stub that is called tells which task it belongs to."""
    waits = [test.waits_for for test in tests if test.status == "blank" and test.waits_for]
    elsewhere = next((number for number in waits if number != task.number), None)
    statuses = {test.status for test in tests}
    if is_blank or task.number in waits:
        state = "blank"
    elif "stopped" in statuses:
        state = "stopped"
    elif "wrong" in statuses:
        state = "wrong"
    elif elsewhere:
        state = "waiting"
    elif "skipped" in statuses:
        state = "skipped"
    else:
        state = "done" if tests else "not run"
    return TaskState(task, state, tuple(tests), elsewhere if state == "waiting" else None)


def stub_task(text: str | None) -> str | None:
    """`Task 1.3: matmul` as `1.3`."""
    match = TASK_IN_STUB.match(text or "")
    return match[1] if match else None

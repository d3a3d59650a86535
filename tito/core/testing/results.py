"""The results of a module's test run, as values. `runner` runs it, `views/checklist` shows it.

Three outcomes: passed, failed, could not run. The last one has a cause, is never a pass, and is
never shown as wrong code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tito.core.outcome import Fault, Outcome, StrEnum
from tito.core.workspace.course import INSTALLED

if TYPE_CHECKING:
    from tito.core.lesson.given_lines import Gone
    from tito.core.lesson.lesson import Lesson, Task

TASK_IN_TEST = re.compile(r"test_(\d+)_(\d+)(?:_|$|\[)")
TASK_IN_STUB = re.compile(r"Task (\d+\.\d+)")
ASSERTION = "AssertionError"


class TestStatus(StrEnum):
    """The result of one test. Blank: a stub was called. Stopped: the run ended inside the test."""

    __test__ = False  # pytest would take it for a test class

    PASSED = "passed"
    WRONG = "wrong"
    BLANK = "blank"
    SKIPPED = "skipped"
    STOPPED = "stopped"


class TaskState(StrEnum):
    """The state of a task. Waiting: an earlier task that it needs is still blank."""

    DONE = "done"
    WRONG = "wrong"
    STOPPED = "stopped"
    BLANK = "blank"
    WAITING = "waiting"
    SKIPPED = "skipped"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Place:
    """A line of a lesson or a test, with its source code."""

    file: str
    line: int
    source: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """An exception, as shown to the student."""

    type: str
    text: str
    places: tuple[Place, ...] = ()  # lines of lessons, outermost first
    test_place: Place | None = None

    @property
    def place(self) -> Place | None:
        """Where to look: the innermost line in a lesson, or else the line of the test."""
        return self.places[-1] if self.places else self.test_place

    @property
    def message(self) -> str:
        """What the test's author wrote, without pytest's expansion of the assertion."""
        text = self.text.partition("\nassert ")[0] if self.type == ASSERTION else self.text
        return text.strip() or self.type

    @property
    def expansion(self) -> str:
        """pytest's expansion (`assert 3 == 4`), where there is one."""
        found = self.text.partition("\nassert ")[2] if self.type == ASSERTION else ""
        return f"assert {found.strip()}" if found.strip() else ""


@dataclass(frozen=True)
class TestResult:
    """One test."""

    __test__ = False  # pytest would take it for a test class

    module: str
    name: str
    status: TestStatus
    waits_for: str | None = None  # for a blank one: the task whose stub was called
    problem: Problem | None = None
    seconds: float = 0.0
    printed: str = ""

    @property
    def task(self) -> str | None:
        match = TASK_IN_TEST.match(self.name)
        return f"{match[1]}.{match[2]}" if match else None


@dataclass(frozen=True)
class Cause:
    """Why a run ended without test results that count, and whose fault that is."""

    kind: str
    fault: Fault
    message: str
    place: Place | None = None
    hint: str | None = None
    printed: str = ""


@dataclass(frozen=True)
class Report:
    """One run of a module's tests, and those of completed modules that build on it."""

    tests: tuple[TestResult, ...] = ()
    cause: Cause | None = None
    seconds: float = 0.0
    judged: bool = False  # by a process that the student's code cannot reach
    left_out: int = 0  # tests that a judge cannot run
    isolation: str = ""  # of a judged run: the level and the means that held

    @property
    def outcome(self) -> Outcome:
        if self.cause is not None:
            return self.cause.fault.outcome
        passed = self.tests and all(test.status is TestStatus.PASSED for test in self.tests)
        return Outcome.PASSED if passed else Outcome.FAILED

    @property
    def has_passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def has_errors(self) -> bool:
        """Whether something is wrong, and not only blank."""
        return self.cause is not None or any(test.status is TestStatus.WRONG for test in self.tests)

    @property
    def exit_code(self) -> int:
        if self.has_passed:
            return 0
        return (self.cause.fault if self.cause else Fault.STUDENT).exit_code

    def of(self, module: str) -> tuple[TestResult, ...]:
        return tuple(test for test in self.tests if test.module == module)

    def others_than(self, module: str) -> tuple[TestResult, ...]:
        return tuple(test for test in self.tests if test.module != module)


@dataclass(frozen=True)
class TaskResult:
    """One line of the checklist."""

    task: Task
    state: TaskState
    tests: tuple[TestResult, ...]
    waits_for: str | None = None

    @property
    def passed(self) -> int:
        return sum(test.status is TestStatus.PASSED for test in self.tests)

    @property
    def first_failure(self) -> TestResult | None:
        failures = (TestStatus.WRONG, TestStatus.STOPPED)
        return next((test for test in self.tests if test.status in failures), None)


@dataclass(frozen=True)
class Remarks:
    """What is unusual about the files behind a checklist; empty if nothing is."""

    lost: tuple[Task, ...] = ()  # tasks of the course whose headings are gone
    cut: bool = False  # and their answers too
    unmarked: tuple[str, ...] = ()  # tasks with an answer outside its marker lines
    returnless: tuple[str, ...] = ()  # tasks whose answer ends without a `return`
    gone: tuple[Gone, ...] = ()  # what the course gives and the lesson has no more
    notebook: str = ""  # one beside a lesson that is still blank: were the answers written there?
    judged_by: str = INSTALLED  # or the folder of the course that was chosen
    edited_tests: str = ""  # the test file, if it is not the installed course's version
    unused_tests: str = ""  # the workspace's copy of it, if somebody changed that


@dataclass(frozen=True)
class Checklist:
    """A module's tasks after a run, and the tests that belong to no task."""

    module: str
    title: str
    lesson: Lesson  # as read for this run; the file may have changed since
    tasks: tuple[TaskResult, ...]
    rest: tuple[TestResult, ...]
    report: Report
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def file(self) -> str:
        """The lesson's path, as the student knows it."""
        return self.lesson.shown

    @property
    def first_wrong(self) -> TestResult | None:
        failures = (result.first_failure for result in self.tasks)
        loose = (test for test in self.rest if test.status is TestStatus.WRONG)
        return next((test for test in [*failures, *loose] if test is not None), None)

    @property
    def first_open(self) -> TaskResult | None:
        """The task to work on now: the first that is wrong, else the first that is blank."""
        for wanted in ((TaskState.WRONG, TaskState.STOPPED), (TaskState.BLANK,)):
            found = next((result for result in self.tasks if result.state in wanted), None)
            if found is not None:
                return found
        return None

    def count(self, state: TaskState) -> int:
        return sum(result.state is state for result in self.tasks)


def checklist(
    module: str, lesson: Lesson, report: Report, remarks: Remarks | None = None
) -> Checklist:
    """Group the tests of a run by the lesson's tasks."""
    mine = report.of(module)
    numbers = {task.number for task in lesson.tasks}
    results = tuple(
        task_result(task, lesson.is_blank(task), [t for t in mine if t.task == task.number])
        for task in lesson.tasks
    )
    rest = tuple(test for test in mine if test.task not in numbers)
    return Checklist(module, lesson.title, lesson, results, rest, report, remarks or Remarks())


def task_result(task: Task, is_blank: bool, tests: Sequence[TestResult]) -> TaskResult:
    """One task's state. Blank is not wrong: a stub says which task it belongs to."""
    waits = [t.waits_for for t in tests if t.status is TestStatus.BLANK and t.waits_for]
    elsewhere = next((number for number in waits if number != task.number), None)
    statuses = {test.status for test in tests}
    if is_blank or task.number in waits:
        state = TaskState.BLANK
    elif TestStatus.STOPPED in statuses:
        state = TaskState.STOPPED
    elif TestStatus.WRONG in statuses:
        state = TaskState.WRONG
    elif elsewhere:
        state = TaskState.WAITING
    elif TestStatus.SKIPPED in statuses:
        state = TaskState.SKIPPED
    else:
        state = TaskState.DONE if tests else TaskState.NOT_RUN
    return TaskResult(task, state, tuple(tests), elsewhere if state is TaskState.WAITING else None)


def stub_task(text: str | None) -> str | None:
    """`Task 1.3: matmul` as `1.3`."""
    match = TASK_IN_STUB.match(text or "")
    return match[1] if match else None

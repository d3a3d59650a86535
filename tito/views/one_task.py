"""How one task of a test run is explained: each of its tests, with pytest's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.core.errors import TitoError
from tito.core.testing.results import Checklist, TaskResult, TaskState, TestStatus
from tito.core.words import counted, module_number
from tito.views.checklist import cause_lines, failure_of, sign_of, task_line
from tito.views.lines import Line, show_lines

if TYPE_CHECKING:
    from tito.core.console import Symbols
    from tito.world import World


def task_in(found: Checklist, number: str) -> TaskResult:
    """The task with this number; TitoError if the module has none."""
    result = next((result for result in found.tasks if result.task.number == number), None)
    if result is None:
        known = ", ".join(other.task.number for other in found.tasks)
        raise TitoError(
            f"{found.module} has no task {number}: it has {known}.",
            hint=f"tito module test {module_number(found.module)}",
        )
    return result


def show_task(world: World, found: Checklist, number: str) -> None:
    """Print what is known about one task, and what to do next."""
    result = task_in(found, number)
    show_lines(world.console, task_lines(found, result, world.symbols))
    module = module_number(found.module)
    if result.state is TaskState.DONE:
        world.next_step(f"tito module test {module}", "all tasks")
    else:
        world.next_step(f"tito module test {module} --task {number}", "when you have changed it")


def task_lines(found: Checklist, result: TaskResult, symbols: Symbols) -> list[Line]:
    """The task's line, its tests, and for each that is wrong all that the run has seen of it."""
    lines = [task_line(result, symbols), ("", "")]
    if result.task.blocks:
        lines.append((f"  Your answer: {found.file}:{result.task.blocks[0].begin + 1}", ""))
    for test in result.tests:
        passed = test.status is TestStatus.PASSED
        state = TaskState.DONE if passed else TaskState.WRONG
        if test.status is TestStatus.BLANK:
            state = TaskState.BLANK
        lines.append((f"  {sign_of(state, symbols)} {test.name}", "green" if passed else ""))
    lines.append(("", ""))
    if found.report.cause is not None:
        lines += cause_lines(found.report.cause)
    wrong = [test for test in result.tests if test.status is TestStatus.WRONG]
    for test in wrong:
        lines += failure_of(found, test, verbose=True)
    if len(wrong) > 1:
        several = counted(len(wrong), "test")
        lines.append((f"{several} of this task fail; begin with the first.", ""))
    return lines

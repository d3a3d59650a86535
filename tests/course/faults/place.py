"""Put a fault into a lesson: its old text stands once in the answers of its task."""

from __future__ import annotations

from tests.course.faults.fault import Fault
from tito.core.lesson.lesson import Lesson, Task


def with_fault(lesson: Lesson, fault: Fault) -> str:
    """The text of the lesson with the fault in it; LookupError if the answer has changed."""
    task = next(task for task in lesson.tasks if task.number == fault.task)
    lines, found = list(lesson.lines), 0
    for block in reversed(task.blocks):  # from below, so that line numbers stay right
        inside = _code(lesson, block.begin, block.end)
        found += inside.count(fault.old)
        if fault.old in inside:
            lines[block.begin : block.end - 1] = inside.replace(fault.old, fault.new).split("\n")
    if found != 1:
        raise LookupError(
            f"{fault.module} {fault.task}, {fault.title}: {fault.old!r} stands {found} times in "
            f"the answer. It has changed: adapt this fault to it.\n{_answer(lesson, task)}"
        )
    return "\n".join(lines)


def _code(lesson: Lesson, begin: int, end: int) -> str:
    return "\n".join(lesson.lines[begin : end - 1])


def _answer(lesson: Lesson, task: Task) -> str:
    return "\n".join(_code(lesson, block.begin, block.end) for block in task.blocks)

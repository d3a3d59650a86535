"""What `tito module hint` and `solution` do: find the task, take the next rung of its ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tito.core.errors import TitoError, did_you_mean
from tito.core.lesson.file import reference
from tito.core.lesson.hints import ladder

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson, Task
    from tito.core.workspace.workspace import Module
    from tito.world import World


class Hint(NamedTuple):
    """One rung of a task's ladder; `rung` counts from 1."""

    task: Task
    rung: int
    of: int
    text: str


def find_task(lesson: Lesson, module: Module, text: str) -> Task:
    """The task meant by `1.3`, or by `3` alone."""
    for task in lesson.tasks:
        if text == task.number or f"{int(module.number)}.{text}" == task.number:
            return task
    near = did_you_mean(text, [task.number for task in lesson.tasks])
    raise TitoError(
        f"{module.name} has no task {text!r}.{near}", hint=f"tito module test {module.number}"
    )


def next_hint(world: World, module: Module, task: Task) -> Hint:
    """The rung after the last one that was given; the last one again at the top."""
    hints = ladder(world.workspace, module, task.number)
    notes = world.notes
    rung = min(notes.rung(module, task.number), len(hints) - 1)
    notes.climb(module, task.number, rung + 1)
    return Hint(task, rung + 1, len(hints), hints[rung].strip())


def reference_answers(module: Module) -> Lesson:
    """The course's own solved lesson."""
    found = reference(module.name)
    if found is None:
        raise TitoError(f"The course has no reference answers for {module.name}.")
    return found.lesson

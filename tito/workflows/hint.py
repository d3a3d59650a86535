"""What `tito module hint` and `solution` do: find the task, choose its next hint or answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tito.core.errors import TitoError, did_you_mean
from tito.core.lesson.file import reference
from tito.core.lesson.hints import task_hints

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson, Task
    from tito.core.workspace.workspace import Module
    from tito.world import World


class Hint(NamedTuple):
    """One of a task's hints; `number` counts from 1 to `total`."""

    task: Task
    number: int
    total: int
    text: str


def find_task(lesson: Lesson, module: Module, text: str) -> Task:
    """Find a task by its number, `1.3` or just `3`."""
    for task in lesson.tasks:
        if text == task.number or f"{int(module.number)}.{text}" == task.number:
            return task
    near = did_you_mean(text, [task.number for task in lesson.tasks])
    raise TitoError(
        f"{module.name} has no task {text!r}.{near}", hint=f"tito module test {module.number}"
    )


def next_hint(world: World, module: Module, task: Task) -> Hint:
    """Choose the hint after the last one given; after the last hint, that one again."""
    hints = task_hints(world.workspace, module, task.number)
    notes = world.notes
    index = min(notes.hints_given(module, task.number), len(hints) - 1)
    notes.set_hints_given(module, task.number, index + 1)
    return Hint(task, index + 1, len(hints), hints[index].strip())


def reference_answers(module: Module) -> Lesson:
    """The course's own solved lesson."""
    found = reference(module.name)
    if found is None:
        raise TitoError(f"The course has no reference answers for {module.name}.")
    return found.lesson

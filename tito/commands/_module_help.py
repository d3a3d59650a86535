"""`tito module hint` and `tito module solution`: help, in small steps and only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.core.errors import TitoError, did_you_mean
from tito.core.lesson.file import read_lesson, reference
from tito.core.lesson.hints import ladder
from tito.core.lesson.lesson import Lesson, Task
from tito.core.milestones import tracker
from tito.core.workspace.notes import Notes
from tito.core.workspace.workspace import Module
from tito.views.checklist import detail_lines, next_command
from tito.views.lines import show_lines
from tito.views.progress import watching
from tito.workflows import complete as completion

if TYPE_CHECKING:
    from rich.table import Table

    from tito.commands.base import BaseCommand

SIDE_BY_SIDE = 110  # columns; below that the two answers stand one under the other


def hint(command: BaseCommand, number: str, task_text: str | None) -> int:
    """The next rung for the task that fails now, or for the one that is named."""
    workspace = command.workspace
    module = workspace.resolve(number)
    if task_text is not None:
        lesson = read_lesson(workspace, module).lesson
        return give_hint(command, module, find_task(lesson, module, task_text), named=True)
    with watching(command.world) as watcher:
        found = completion.test(workspace, module, env=command.world.env, watcher=watcher)
    if found.report.outcome == "passed":
        command.say(f"Every task of {module.name} is done: there is nothing to hint at.")
        command.next_step(*next_command(found))
        return 0
    state, cause = found.first_open, found.report.cause
    if state is None or (cause is not None and state.state != "stopped"):
        show_lines(command, detail_lines(found))
        command.next_step(*next_command(found))
        return found.report.exit_code
    return give_hint(command, module, state.task)


def give_hint(command: BaseCommand, module: Module, task: Task, *, named: bool = False) -> int:
    hints = ladder(command.workspace, module, task.number)
    notes = Notes.of(command.workspace)
    rung = min(notes.rung(module, task.number), len(hints) - 1)
    notes.climb(module, task.number, rung + 1)
    command.say(f"{task.label}, hint {rung + 1} of {len(hints)}", style="bold")
    command.say()
    command.say(hints[rung].strip())
    command.say()
    if rung + 1 < len(hints):
        same = f" --task {task.number}" if named else ""
        why = f"or tito module hint {module.number}{same} for one hint more"
    else:
        why = f"the last hint; tito module solution {module.number} --task {task.number}"
    command.next_step(f"tito module test {module.number}", why)
    return 0


def find_task(lesson: Lesson, module: Module, text: str) -> Task:
    """The task meant by `1.3`, or by `3` alone."""
    numbers = [task.number for task in lesson.tasks]
    for task in lesson.tasks:
        if text == task.number or f"{int(module.number)}.{text}" == task.number:
            return task
    near = did_you_mean(text, numbers)
    raise TitoError(
        f"{module.name} has no task {text!r}.{near}", hint=f"tito module test {module.number}"
    )


def solution(command: BaseCommand, number: str, task_text: str | None, *, yes: bool) -> int:
    """The reference answers beside the student's."""
    workspace = command.workspace
    module = workspace.resolve(number)
    theirs = reference(module.name)
    if theirs is None:
        raise TitoError(f"The course has no reference answers for {module.name}.")
    if workspace.is_authors:
        command.say("This is the course itself: its lessons are the reference answers.")
    elif not _may_look(command, module, task_text, yes=yes):
        return 1
    mine = read_lesson(workspace, module).lesson
    tasks = theirs.lesson.tasks
    if task_text is not None:
        tasks = [find_task(theirs.lesson, module, task_text)]
    for task in tasks:
        show_task(command, task, mine, theirs.lesson)
    command.next_step(f"tito module test {module.number}")
    return 0


def _may_look(command: BaseCommand, module: Module, task: str | None, *, yes: bool) -> bool:
    """Freely once the module is complete; earlier only for somebody who says so."""
    if yes or module.name in tracker.completed_modules(command.workspace):
        return True
    if command.world.is_interactive():
        question = f"{module.name} is not complete yet. Look at the answers anyway?"
        if command.world.confirm(question):
            return True
        command.next_step(f"tito module hint {module.number}", "a nudge instead")
        return False
    which = f" --task {task}" if task else ""  # asked for one answer: do not offer them all
    raise TitoError(
        f"{module.name} is not complete yet, so its answers are shown only on request.",
        hint=f"tito module solution {module.number}{which} --yes",
    )


def show_task(command: BaseCommand, task: Task, mine: Lesson, theirs: Lesson) -> None:
    own = next((other for other in mine.tasks if other.number == task.number), None)
    yours = "\n\n".join(mine.answer(own)) if own else "(this task is not in your lesson)"
    answer = "\n\n".join(theirs.answer(task))
    command.say(task.label, style="bold")
    where = f"yours, {mine.shown}:{own.blocks[0].begin + 1}" if own and own.blocks else "yours"
    if command.console.width >= SIDE_BY_SIDE:
        command.console.print(side_by_side(where, yours, answer))
    else:
        for label, text in ((where, yours), ("reference", answer)):
            command.say(f"  {label}:", style="dim")
            command.console.print(
                "\n".join(f"    {line}" for line in text.split("\n")),
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    command.say()


def side_by_side(where: str, yours: str, answer: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(expand=True, show_lines=False)
    table.add_column(where, ratio=1, overflow="fold")
    table.add_column("reference", ratio=1, overflow="fold")
    table.add_row(Text(yours), Text(answer))
    return table

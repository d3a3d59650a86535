"""`tito module hint` and `tito module solution`: help, in small steps and only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_module, add_task, add_yes
from tito.core.errors import TitoError
from tito.core.lesson.file import read_lesson
from tito.core.testing.results import Checklist, TaskState
from tito.views.checklist import detail_lines, next_command
from tito.views.hints import show_answers, show_hint
from tito.views.lines import show_lines
from tito.views.progress import watching
from tito.workflows.complete import test
from tito.workflows.hint import find_task, next_hint, reference_answers

if TYPE_CHECKING:
    import argparse

    from tito.core.lesson.lesson import Task
    from tito.core.workspace.workspace import Module


class HintCommand(BaseCommand):
    """Show the next hint for the task that fails now, or for the one given by --task."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_module(parser)
        add_task(parser)

    def run(self, args: argparse.Namespace) -> int:
        module = self.workspace.resolve(args.module)
        if args.task is not None:
            lesson = read_lesson(self.workspace, module).lesson
            return self._give(module, find_task(lesson, module, args.task), named=True)
        with watching(self.world) as watcher:
            found = test(self.world, module, watcher)
        if found.report.has_passed:
            self.world.say(f"Every task of {module.name} is done, so there is no hint to give.")
            self.world.next_step(*next_command(found))
            return 0
        task = task_to_hint_at(found)
        if task is None:
            show_lines(self.console, detail_lines(found))
            self.world.next_step(*next_command(found))
            return found.report.exit_code
        return self._give(module, task)

    def _give(self, module: Module, task: Task, *, named: bool = False) -> int:
        hint = next_hint(self.world, module, task)
        show_hint(self.world, hint)
        if hint.number < hint.total:
            same = f" --task {task.number}" if named else ""
            why = f"or tito module hint {module.number}{same} for one more hint"
        else:
            why = f"the last hint; tito module solution {module.number} --task {task.number}"
        self.world.next_step(f"tito module test {module.number}", why)
        return 0


def task_to_hint_at(found: Checklist) -> Task | None:
    """The first task that is wrong or blank; None if the run ended before that was known."""
    result, cause = found.first_open, found.report.cause
    if result is None or (cause is not None and result.state is not TaskState.STOPPED):
        return None
    return result.task


class SolutionCommand(BaseCommand):
    """Show the reference answers beside the student's."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_module(parser)
        add_task(parser)
        add_yes(parser)

    def run(self, args: argparse.Namespace) -> int:
        module = self.workspace.resolve(args.module)
        theirs = reference_answers(module)
        if self.workspace.is_authors:
            self.world.say("This is the course itself: its lessons are the reference answers.")
        elif not self._may_look(module, args.task, yes=args.yes):
            return 1
        mine = read_lesson(self.workspace, module).lesson
        named = args.task is not None
        tasks = [find_task(theirs, module, args.task)] if named else theirs.tasks
        for task in tasks:
            show_answers(self.world, task, mine, theirs)
        self.world.next_step(f"tito module test {module.number}")
        return 0

    def _may_look(self, module: Module, task: str | None, *, yes: bool) -> bool:
        """Whether to show the answers: before completion only if the student confirms."""
        if yes or module.name in self.world.tracker.completed_modules:
            return True
        if self.world.is_interactive():
            question = f"{module.name} is not complete yet. Look at the answers anyway?"
            if self.world.confirm(question):
                return True
            self.world.next_step(f"tito module hint {module.number}", "a hint instead")
            return False
        which = f" --task {task}" if task else ""  # one task was asked for: do not offer them all
        raise TitoError(
            f"{module.name} is not complete yet. To see its answers anyway, add --yes.",
            hint=f"tito module solution {module.number}{which} --yes",
        )

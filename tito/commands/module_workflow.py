"""`tito module ...`: everything about one module, from start to completion.

The verbs are rows; each is a command of its own in `commands/module/`. All milestone logic is the
tracker's, all export logic core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tito.commands.base import BaseCommand, Entry

if TYPE_CHECKING:
    import argparse

ROOM = "tito.commands.module"
VERBS = {
    "list": Entry(f"{ROOM}.overview", "ListCommand", "what each module is about"),
    "status": Entry(f"{ROOM}.overview", "StatusCommand", "how far you are"),
    "start": Entry(f"{ROOM}.start", "StartCommand", "what a module gives, and which file to open"),
    "test": Entry(f"{ROOM}.check", "TestCommand", "your tasks as a checklist"),
    "complete": Entry(f"{ROOM}.check", "CompleteCommand", "test, export, and see what it unlocks"),
    "hint": Entry(f"{ROOM}.help", "HintCommand", "the next hint for the task that fails"),
    "solution": Entry(f"{ROOM}.help", "SolutionCommand", "the reference answers beside yours"),
    "reset": Entry(f"{ROOM}.reset", "ResetCommand", "make the lesson blank again; a copy is kept"),
}


class ModuleWorkflowCommand(BaseCommand):
    """Finds the verb. The two methods below are the specification's, for callers from Python."""

    name: ClassVar[str] = "module"
    help: ClassVar[str] = "Start, test and complete the modules of the course."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        # `prog` given: argparse would lay out a whole usage to work it out
        actions = parser.add_subparsers(dest="action", metavar="ACTION", prog=parser.prog)
        for name, entry in VERBS.items():
            actions.add_parser(
                name,
                help=entry.line,
                description=entry.line,
                fill=partial(self._add_arguments_of, entry),
            )

    def _add_arguments_of(self, entry: Entry, parser: argparse.ArgumentParser) -> None:
        """Called when the verb is known, so that the other verbs' files are not read."""
        entry.load(self.world).add_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        return VERBS[args.action or "status"].load(self.world).run(args)

    def complete_module(self, module_number: str, *, as_json: bool = False) -> int:
        """Test, export, record, and show what it unlocks. Or change nothing at all."""
        from tito.commands.completing import complete_and_show  # slow to import

        return complete_and_show(self.world, module_number, as_json=as_json)

    def _check_milestone_unlocks(
        self, module_name: str, evidence: Mapping[str, Any] | None = None
    ) -> dict[str, list[str]]:
        """Simple wrapper: the milestone tracker does all the work."""
        return self.world.tracker.record_module(module_name, evidence, self.console)

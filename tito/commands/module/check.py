"""`tito module test` and `complete`: the module's tests, and what follows when they pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_json, add_judged, add_module
from tito.commands.completing import complete_and_show
from tito.core.testing.orphans import ending_orphans
from tito.views.progress import watching
from tito.workflows.complete import test

if TYPE_CHECKING:
    import argparse


class TestCommand(BaseCommand):
    """Run the module's tests against its own export, in staging; change nothing."""

    __test__ = False  # pytest would take it for a test class

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_module(parser)
        add_json(parser)
        add_judged(parser)
        parser.add_argument(
            "-v",
            "--verbose",
            action="store_true",
            help="every wrong test, and what pytest says about its assertion",
        )
        parser.add_argument("--task", metavar="N.M", help="explain this task alone, as 3.7")

    def run(self, args: argparse.Namespace) -> int:
        from tito.views.as_json import checklist_json
        from tito.views.checklist import next_command, show_checklist

        module = self.workspace.resolve(args.module)
        with ending_orphans("adopt_orphans"), watching(self.world) as watcher:
            found = test(self.world, module, watcher, judged=args.judged)
        if args.json:
            self.world.emit_json(checklist_json(found))
        elif args.task:
            from tito.views.one_task import show_task

            show_task(self.world, found, args.task)
        else:
            show_checklist(self.world, found, verbose=args.verbose)
            self.world.next_step(*next_command(found))
        return found.report.exit_code


class CompleteCommand(BaseCommand):
    """Test, export, record, and show what that unlocks; if a test fails, change nothing."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_module(parser)
        add_json(parser)
        add_judged(parser)

    def run(self, args: argparse.Namespace) -> int:
        return complete_and_show(self.world, args.module, as_json=args.json, judged=args.judged)

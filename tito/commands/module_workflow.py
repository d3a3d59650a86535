"""`tito module ...`: the way of a module, from its start to its completion.

This file holds the parser and the two steps that run tests; the other verbs stand in `_module_*`.
All milestone logic is the tracker's, all export logic core's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tito.commands.base import BaseCommand

if TYPE_CHECKING:
    import argparse

    from tito.core.testing.results import Checklist


class ModuleWorkflowCommand(BaseCommand):
    """One method for each verb."""

    name: ClassVar[str] = "module"
    help: ClassVar[str] = "Start, test and complete the modules of the course."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        # `prog` given: argparse would lay out a whole usage to work it out
        actions = parser.add_subparsers(dest="action", metavar="ACTION", prog=parser.prog)
        json_help = "print JSON, for editors and graders"
        for name, text in (("list", "what each module is about"), ("status", "how far you are")):
            action = actions.add_parser(name, help=text, description=text)
            action.add_argument("--json", action="store_true", help=json_help)
        for name, text in (
            ("start", "what a module gives, and which file to open"),
            ("test", "your tasks as a checklist"),
            ("complete", "test, export, and see what it unlocks"),
            ("hint", "the next hint for the task that fails"),
            ("solution", "the reference answers beside yours"),
            ("reset", "make the lesson blank again; a copy is kept"),
        ):
            action = actions.add_parser(name, help=text, description=text)
            action.add_argument("module", metavar="NN", help="1, 01 or 01_tensor")
            self._add_options(name, action, json_help)

    def _add_options(self, name: str, action: argparse.ArgumentParser, json_help: str) -> None:
        if name in ("test", "complete"):
            action.add_argument("--json", action="store_true", help=json_help)
        if name in ("hint", "solution"):
            action.add_argument("--task", metavar="N.M", help="this task, not the one that fails")
        if name in ("solution", "reset"):
            action.add_argument("--yes", action="store_true", help="do not ask")
        if name == "start":
            group = action.add_mutually_exclusive_group()
            group.add_argument("--open", action="store_true", help="open it in $VISUAL or $EDITOR")
            group.add_argument("--jupyter", action="store_true", help="open JupyterLab")

    def run(self, args: argparse.Namespace) -> int:
        action = (args.action or "status").replace("-", "_")
        code: int = getattr(self, f"_{action}")(args)
        return code

    # ------------------------------------------------------------------------------- the verbs

    def _list(self, args: argparse.Namespace) -> int:
        from tito.commands._module_overview import list_modules

        return list_modules(self, as_json=args.json)

    def _status(self, args: argparse.Namespace) -> int:
        from tito.commands._module_overview import show_status

        return show_status(self, as_json=getattr(args, "json", False))

    def _start(self, args: argparse.Namespace) -> int:
        from tito.commands._module_start import start

        return start(self, args.module, editor=args.open, jupyter=args.jupyter)

    def _test(self, args: argparse.Namespace) -> int:
        return self.test_module(args.module, as_json=args.json)

    def _complete(self, args: argparse.Namespace) -> int:
        return self.complete_module(args.module, as_json=args.json)

    def _hint(self, args: argparse.Namespace) -> int:
        from tito.commands._module_help import hint

        return hint(self, args.module, args.task)

    def _solution(self, args: argparse.Namespace) -> int:
        from tito.commands._module_help import solution

        return solution(self, args.module, args.task, yes=args.yes)

    def _reset(self, args: argparse.Namespace) -> int:
        from tito.commands._module_reset import reset_module

        return reset_module(self, args.module, yes=args.yes)

    # ------------------------------------------------------------------------- test, complete

    def test_module(self, module_number: str, *, as_json: bool = False) -> int:
        """Run the module's tests against its own export, in staging; change nothing."""
        from tito.core.workspace.notes import Notes
        from tito.views.as_json import as_json as checklist_json
        from tito.views.progress import watching
        from tito.workflows import complete as completion

        module = self.workspace.resolve(module_number)
        with watching(self.world) as watcher:
            found = completion.test(self.workspace, module, env=self.world.env, watcher=watcher)
        Notes.of(self.workspace).start(module)
        if as_json:
            self.world.emit_json(checklist_json(found))
        else:
            self._show_checklist(found)
        return found.report.exit_code

    def complete_module(self, module_number: str, *, as_json: bool = False) -> int:
        """Test, export, record, and show what it unlocks. Or change nothing at all."""
        from tito.commands._completing import complete_and_show

        return complete_and_show(self, module_number, self._check_milestone_unlocks, as_json)

    def _check_milestone_unlocks(
        self, module_name: str, evidence: dict[str, Any] | None = None
    ) -> dict[str, list[str]]:
        """Simple wrapper: the milestone tracker does all the work."""
        from tito.core.milestones.tracker import check_module_export

        return check_module_export(self.workspace, module_name, self.console, evidence)

    def _show_checklist(self, found: Checklist) -> None:
        from tito.views.checklist import next_command, show_checklist

        show_checklist(self, found)
        self.next_step(*next_command(found))

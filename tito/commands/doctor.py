"""`tito doctor`: what is wrong here, in the environment or the workspace, and what fixes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand

if TYPE_CHECKING:
    import argparse

    from tito.workflows.doctor_machine import Finding


class DoctorCommand(BaseCommand):
    """Exit code 0: nothing to fix; 1: something in the workspace; 3: in the environment."""

    name: ClassVar[str] = "doctor"
    help: ClassVar[str] = "Find what is wrong, and name the command that fixes it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        from argparse import SUPPRESS

        parser.add_argument("--json", action="store_true", help="for editors and graders")
        parser.add_argument(
            "--fix",
            action="store_true",
            help="put back tests, hints, milestones and given imports (copies are kept)",
        )
        # The old name of --fix.
        parser.add_argument("--mend", dest="fix", action="store_true", help=SUPPRESS)

    def run(self, args: argparse.Namespace) -> int:
        from tito.views.findings import findings_json, show_conclusion, show_findings
        from tito.workflows.doctor import examine, fix, workspace_or_none
        from tito.workflows.doctor_machine import exit_code

        if args.fix:
            self.world.say_aside(fix(self.world))
        groups: dict[str, list[Finding]] = {}
        for title, findings in examine(self.world, self.world.say_aside):
            groups[title] = findings
            if not args.json:
                show_findings(self.world, title, findings)
        everything = [finding for group in groups.values() for finding in group]
        if args.json:
            self.world.emit_json(findings_json(groups, workspace_or_none(self.world)))
        else:
            show_conclusion(self.world, everything)
        return exit_code(everything)

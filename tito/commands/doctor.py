"""`tito doctor`: what is wrong here, in the environment or the workspace, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import MachineError, UsageError, is_command
from tito.core.words import counted

if TYPE_CHECKING:
    import argparse

    from tito.core.workspace.workspace import Workspace
    from tito.workflows.doctor_machine import Finding

STYLES = {"good": None, "note": None, "yours": "bold red", "machine": "bold red"}


class DoctorCommand(BaseCommand):
    """Exit code 0: nothing to mend; 1: something in the workspace; 3: in the environment."""

    name: ClassVar[str] = "doctor"
    help: ClassVar[str] = "Find what is wrong, and name the command that mends it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for editors and graders")
        parser.add_argument(
            "--mend",
            action="store_true",
            help="put back the course's own tests, hints and milestones (copies are kept)",
        )

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.doctor_machine import check_environment, exit_code

        workspace = self._workspace_if_any()
        if args.mend:
            self._mend(workspace)
        groups = {"Environment": check_environment(self.world.stdout)}
        if not args.json:  # now already: a look at the workspace may take long
            self._show("Environment", groups["Environment"])
        groups["Workspace"] = self._about(workspace)
        findings = [finding for group in groups.values() for finding in group]
        code = exit_code(findings)
        if args.json:
            self._emit(groups, workspace, code)
        else:
            self._show("Workspace", groups["Workspace"])
            self._conclude(
                [finding for finding in findings if finding.level in ("yours", "machine")]
            )
        return code

    def _workspace_if_any(self) -> Workspace | None:
        try:
            return self.workspace
        except UsageError:
            return None

    def _about(self, workspace: Workspace | None) -> list[Finding]:
        from tito.workflows.doctor_machine import Finding

        if workspace is None:
            return [Finding("note", "this folder is not in a workspace", "tito init my-tinytorch")]
        from tito.workflows.doctor_workspace import check_workspace

        try:
            return [Finding("good", str(workspace.root)), *check_workspace(workspace, self._aside)]
        except MachineError as error:  # an installation without its course
            return [Finding("machine", str(error), error.hint)]

    def _mend(self, workspace: Workspace | None) -> None:
        from tito.core.workspace.course_files import mend_course_files

        if workspace is None or workspace.is_authors:
            raise UsageError("There is no student's workspace here to mend.", hint="tito doctor")
        names, kept = mend_course_files(workspace)
        said = f"Put back: {', '.join(names)}." if names else "The course's files are all in place."
        self._aside(f"{said} Your versions are in {kept}." if kept else said)

    def _aside(self, text: str) -> None:
        """On stderr: with --json, stdout is one JSON value."""
        self.world.error_console.print(text, markup=False, highlight=False)

    def _show(self, title: str, findings: list[Finding]) -> None:
        symbols = self.world.symbols
        signs = {"good": symbols.done, "note": symbols.waiting}
        self.say(title, style="bold")
        for finding in findings:
            sign = signs.get(finding.level, symbols.wrong)
            self.say(f"  {sign} {finding.text}", style=STYLES[finding.level])
            if finding.mend:
                self.world.say_whole(f"      {finding.mend}")
        self.say()

    def _conclude(self, wrong: list[Finding]) -> None:
        if not wrong:
            self.say("Nothing to mend.", style="bold green")
            self.next_step("tito module status")
            return
        self.say(f"{counted(len(wrong), 'thing')} to mend.", style="bold red")
        first = next((finding.mend for finding in wrong if finding.mend), None)
        if first and is_command(first):
            self.next_step(first)
        elif first:
            self.say(f"Try: {first}", style="bold")

    def _emit(
        self, groups: dict[str, list[Finding]], workspace: Workspace | None, code: int
    ) -> None:
        self.world.emit_json(
            {
                "workspace": str(workspace.root) if workspace else None,
                "exit_code": code,
                "findings": {
                    key.lower(): [f.as_json() for f in group] for key, group in groups.items()
                },
            }
        )

"""`tito verify RECORD`: whether a recorded milestone is earned by the code that is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand, add_json

if TYPE_CHECKING:
    import argparse

    from tito.core.milestones.records import Record
    from tito.workflows.verify import Check


class VerifyCommand(BaseCommand):
    """Exit code 0: the same verdict; 1: not the same, or it cannot be confirmed here."""

    name: ClassVar[str] = "verify"
    help: ClassVar[str] = (
        "Repeat a recorded milestone from its seed, with the code in tinytorch/, and compare the "
        "verdict and the figures. Nothing is recorded."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "record",
            metavar="RECORD",
            help="a milestone's ID (from your own progress), or a file: somebody's progress, or "
            "what `tito milestone run --json` printed",
        )
        parser.add_argument(
            "--fresh",
            action="store_true",
            help="run it with a new seed too: code may know the answers of the run on record",
        )
        add_json(parser)

    def run(self, args: argparse.Namespace) -> int:
        from tito.views.verify import checks_json
        from tito.workflows.verify import find_records

        _ = self.world.tracker.required
        records = find_records(self.world, args.record)
        checks = [self._check(record, args) for record in records]
        code = max(check.agreement.exit_code for check in checks)
        if args.json:
            self.world.emit_json(checks_json(checks, code))
        else:
            self._say_next(checks)
        return code

    def _check(self, record: Record, args: argparse.Namespace) -> Check:
        """Check one record; show its training and its result."""
        from tito.views.training import display_for
        from tito.views.verify import check_lines
        from tito.workflows.verify import check

        live = display_for(self.console, silent=args.json)
        with live.running():
            found = check(self.world, record, live.event, fresh=args.fresh)
        if not args.json:
            for text, style in check_lines(found, self.world.symbols):
                self.world.say(text, style or None)
        return found

    def _say_next(self, checks: list[Check]) -> None:
        from tito.workflows.verify import Agreement

        first = next((c for c in checks if c.agreement is not Agreement.SAME), None)
        if first is None or first.agreement is Agreement.UNKNOWN:
            self.world.next_step("tito milestone status")
        elif first.agreement is Agreement.COULD_NOT_RUN:
            self.world.next_step("tito doctor")
        else:
            run = f"tito milestone run {first.record.milestone}"
            self.world.next_step(run, "records what this workspace has")

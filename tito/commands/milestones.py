"""`tito milestone`: see what your framework has unlocked, and let it prove that it learns.

Thin by intent: milestones, requirements, judgment and records are the tracker's
(tests/milestones/milestone_tracker.py), the process is core's, the texts are the view's.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import MachineError, TitoError, UsageError
from tito.core.milestones import tracker as tracker_access

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import ModuleType

    from tito.core.milestones.attempt import Attempt, Verdict
    from tito.core.milestones.progress_events import TrainingEvent


# Whoever calls `run` from Python needs to name the action, as the specification does, and no more.
OPTIONS: dict[str, Any] = {"milestone": None, "json": False, "seed": None, "all": False}


class MilestonesCommand(BaseCommand):
    """status, progress, list, info and run."""

    name: ClassVar[str] = "milestone"
    help: ClassVar[str] = "See and run the milestones that your modules unlock."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = ("status", "progress", "list", "info", "run")
        parser.add_argument(
            "action",
            nargs="?",
            choices=actions,
            default="status",
            metavar="ACTION",
            help=f"{', '.join(actions)} (status and progress are one thing; the default)",
        )
        parser.add_argument("milestone", nargs="?", metavar="ID", help="for info and run")
        parser.add_argument("--json", action="store_true", help="for editors and graders")
        parser.add_argument("--seed", type=int, metavar="N", help="run: replay this seed")
        parser.add_argument(
            "--all", action="store_true", help="run: every milestone that is unlocked, in order"
        )
        # Before Python 3.13, `run --json xor` would take the optional ID as absent too early.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]

    def run(self, args: argparse.Namespace) -> int:
        args = type(args)(**{**OPTIONS, **vars(args)})
        with tracker_access.speaking(self.workspace, self._module):
            return self._act(args)

    def _act(self, args: argparse.Namespace) -> int:
        self._refuse_surplus(args)
        if args.action in ("status", "progress"):
            return self._status(args.json)
        if args.action == "list":
            return self._list(args.json)
        if args.action == "info":
            return self._info(self._named(args), args.json)
        if args.all:
            return self._run_all(args)
        return self._run_one(self._named(args), args)

    def _refuse_surplus(self, args: argparse.Namespace) -> None:
        """One parser serves all actions, so what an action has no use for is found here."""
        surplus = [] if args.action in ("info", "run") else [args.milestone]
        if args.action != "run":
            surplus += ["--seed" if args.seed is not None else None]
            surplus += ["--all" if args.all else None]
        for word in filter(None, surplus):
            text = f"tito milestone {args.action} has no use for {word!r}."
            raise UsageError(text, hint="tito milestone --help")
        if (args.seed or 0) < 0:
            raise UsageError("A seed is a number from 0 on.", hint="tito milestone --help")

    # ---------------------------------------------------------------- the tracker

    @cached_property
    def _module(self) -> ModuleType:
        module = tracker_access.load(self.workspace)
        if module is None:
            raise MachineError(
                "The milestone tracker is missing from this workspace.",
                where=self.workspace.shown(self.workspace.milestones / "milestone_tracker.py"),
                hint="tito doctor --mend",
            )
        return module

    @cached_property
    def _tracker(self) -> Any:
        return self._module.MilestoneTracker()

    def _row(self, milestone_id: str) -> dict[str, Any]:
        try:
            self._module.milestone(milestone_id)
        except self._module.UnknownMilestone as error:
            raise TitoError(f"{error} {error.hint}", hint="tito milestone status") from error
        row: dict[str, Any] = next(r for r in self._tracker.status() if r["id"] == milestone_id)
        return row

    def _requires(self, milestone_id: str) -> list[str]:
        return list(self._module.milestone(milestone_id)["requires"])

    def _named(self, args: argparse.Namespace) -> str:
        if args.milestone:
            return str(args.milestone)
        known = ", ".join(self._module.ordered_milestones())
        raise UsageError(
            f"Which milestone? There are {known}.", hint=f"tito milestone {args.action} ID"
        )

    # ---------------------------------------------------------------- showing

    def _status(self, as_json: bool) -> int:
        if as_json:
            self.world.emit_json({"milestones": self._tracker.status()})
        else:
            self._tracker.show_progress(self.console)
        return 0

    def _list(self, as_json: bool) -> int:
        if as_json:
            rows = [row for row in self._tracker.status() if not row["missing"]]
            self.world.emit_json({"milestones": rows})
        else:
            self._tracker.list_unlocked_tests(self.console)
        return 0

    def _info(self, milestone_id: str, as_json: bool) -> int:
        from tito.core.milestones.attempt import changed_since
        from tito.views.milestone import info_lines

        row = self._row(milestone_id)
        requires = self._requires(milestone_id)
        changed = changed_since(row["record"], self.workspace)
        if as_json:
            self.world.emit_json({**row, "requires": requires, "changed_since": changed})
            return 0
        for text, style in info_lines(row, requires, changed, self.world.symbols):
            self.say(text, style)
        missing = row["missing"]
        run = f"tito milestone run {milestone_id}"
        self.next_step(f"tito module start {missing[0][:2]}" if missing else run)
        return 0

    # ---------------------------------------------------------------- running

    def _run_one(self, milestone_id: str, args: argparse.Namespace) -> int:
        row = self._row(milestone_id)
        self._refuse_unless_runnable(row)
        attempt = self._attempt(row, args)
        if args.json:
            self.world.emit_json(attempt.as_json())
        else:
            self._say_next(attempt)
        return attempt.exit_code

    def _run_all(self, args: argparse.Namespace) -> int:
        """Every unlocked milestone, in order; the worst outcome is the exit code."""
        if args.milestone:
            raise UsageError(
                "Name a milestone, or say --all, not both.", hint="tito milestone run --all"
            )
        rows = self._tracker.status()
        unlocked = [row for row in rows if not row["missing"]]
        self._refuse_unless_runnable(*(unlocked or rows[:1]))
        attempts = [self._attempt(row, args) for row in unlocked]
        if args.json:
            locked = [row["id"] for row in rows if row["missing"]]
            results = [attempt.as_json() for attempt in attempts]
            self.world.emit_json({"results": results, "locked": locked})
        else:
            self._tracker.show_progress(self.console)
        return max(attempt.exit_code for attempt in attempts)

    def _refuse_unless_runnable(self, *rows: dict[str, Any]) -> None:
        from tito.workflows.run_milestone import refuse_if_locked, refuse_if_not_exported

        for row in rows:
            refuse_if_locked(row)
            refuse_if_not_exported(self.workspace, row["name"], self._requires(row["id"]))

    def _attempt(self, row: dict[str, Any], args: argparse.Namespace) -> Attempt:
        """Run one verification, record a pass, and show what came out."""
        from tito.core.milestones.attempt import Attempt, verify
        from tito.core.workspace.course_files import edited_verification
        from tito.views.training import display_for
        from tito.workflows.run_milestone import change_lines

        edited = edited_verification(self.workspace)
        live = display_for(self.console, as_json=args.json)
        if not args.json:
            self.say(row["name"], style="bold")
            self.say(f"  {row['description'].rstrip('.')}.")
            for line in change_lines(self.workspace, self._requires(row["id"]), edited):
                self.say(line, "yellow")
        with live.running():
            verdict = verify(
                self._tracker, row["id"], self.workspace, seed=args.seed, on_event=live.event
            )
        attempt = Attempt(row, verdict, self._record(row["id"], verdict, edited), edited)
        if not args.json:
            self._show(attempt, live.events)
        return attempt

    def _record(
        self, milestone_id: str, verdict: Verdict, edited: Sequence[str]
    ) -> TitoError | None:
        """Write a pass down; an error does not undo what has been learned, so it is returned."""
        from tito.core.milestones.attempt import evidence_of

        if verdict.outcome != "passed":
            return None
        requires = self._requires(milestone_id)
        try:
            with tracker_access.speaking(self.workspace, self._module):
                evidence = evidence_of(verdict, self.workspace, requires, edited)
                self._tracker.mark_milestone_complete(milestone_id, evidence)
        except TitoError as error:
            return error
        return None

    def _show(self, attempt: Attempt, events: list[TrainingEvent]) -> None:
        from tito.core.console import UNICODE
        from tito.views.curves import ASCII, BRAILLE
        from tito.views.milestone import attempt_lines, curve_lines

        symbols, width = self.world.symbols, self.console.width
        lines = curve_lines(events, BRAILLE if symbols is UNICODE else ASCII, width)
        lines += attempt_lines(attempt, symbols, width)
        for text, style in [*lines, ("", None)]:
            self.say(text, style)

    def _say_next(self, attempt: Attempt) -> None:
        from tito.views.milestone import blamed_module

        if attempt.unrecorded is not None:
            self.next_step(attempt.unrecorded.hint or "tito doctor")
        elif attempt.verdict.outcome == "passed":
            self.say(self._module.next_step(self._tracker.status()), style="bold")
        elif attempt.verdict.outcome == "could_not_run":
            self.next_step("tito doctor")
        else:
            module = blamed_module(attempt.verdict)
            self.next_step(f"tito module test {module}" if module else self._again(attempt))

    def _again(self, attempt: Attempt) -> str:
        """Nobody is to blame: an export that is not its lesson's comes before a replay."""
        from tito.core.export.stale import behind

        required = self._module.milestone(attempt.row["id"])["requires"]
        differing = next(iter(behind(self.workspace, required)), None)
        return f"tito module complete {differing.number}" if differing else attempt.replay

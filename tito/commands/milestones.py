"""`tito milestone`: see what you have unlocked, and check that your framework really learns it.

This file is thin on purpose. The tracker (tests/milestones/milestone_tracker.py) owns milestones,
requirements, judging and records; `workflows` runs them, `views` shows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import UsageError
from tito.core.outcome import Outcome

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from tito.core.milestones.attempt import Attempt
    from tito.core.milestones.early import EarlyJudge


# A Python caller may set `action` alone, as the specification does.
OPTIONS: dict[str, Any] = {
    "milestone": None, "json": False, "seed": None, "all": False, "quiet": False,
    "width": None, "lr": None, "steps": None,
}  # fmt: skip
CHANGES = ("width", "lr", "steps")
ACTIONS = {
    "status": "what is locked, unlocked, learned",
    "progress": "the same",
    "list": "the tests that are unlocked",
    "info": "one milestone: what it needs, what is missing",
    "run": "train it and judge it",
}


class MilestonesCommand(BaseCommand):
    """status, progress, list, info and run."""

    name: ClassVar[str] = "milestone"
    help: ClassVar[str] = "See and run the milestones that your modules unlock."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "action",
            nargs="?",
            choices=tuple(ACTIONS),
            default="status",
            metavar="ACTION",
            help=f"{', '.join(ACTIONS)} (default: status; progress is the same)",
        )
        parser.add_argument("milestone", nargs="?", metavar="ID", help="for info and run")
        parser.add_argument("--json", action="store_true", help="for editors and graders")
        parser.add_argument("--seed", type=int, metavar="N", help="run: replay this seed")
        parser.add_argument(
            "--all", action="store_true", help="run: every milestone that is unlocked, in order"
        )
        parser.add_argument(
            "--quiet", action="store_true", help="run: only the verdict, for scripts"
        )
        more = parser.add_argument_group("experiments (run), which earn nothing")
        more.add_argument("--width", type=int, metavar="N", help="another size of the network")
        more.add_argument("--lr", type=float, metavar="X", help="another learning rate")
        more.add_argument("--steps", type=int, metavar="N", help="another number of steps")
        # Before Python 3.13, `run --json xor` would decide too early that the ID is missing.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]

    def run(self, args: argparse.Namespace) -> int:
        args = type(args)(**{**OPTIONS, **vars(args)})
        verbs: dict[str, Callable[[argparse.Namespace], int]] = {
            "status": self._status,
            "progress": self._status,
            "list": self._list,
            "info": self._info,
            "run": self._run,
        }
        reject_extra_arguments(args)
        with self.world.tracker.translating_errors():
            _ = self.world.tracker.required
            return verbs[args.action](args)

    # ---------------------------------------------------------------------------------- showing

    def _status(self, args: argparse.Namespace) -> int:
        from tito.core.milestones.changed import changed_codes
        from tito.views.milestone_step import show_with_step

        rows = self.world.tracker.status()
        changed = changed_codes(rows, self.workspace)
        if args.json:
            also = [{**row, "changed_since": changed.get(row["id"], [])} for row in rows]
            self.world.emit_json({"milestones": also})
            return 0
        if any(changed.values()):
            from tito.views.milestone import changed_lines

            for text, style in changed_lines(rows, changed):
                self.world.say(text, style)
        show_with_step(self.world, self.world.tracker.opened.show_progress)
        return 0

    def _list(self, args: argparse.Namespace) -> int:
        if args.json:
            rows = [row for row in self.world.tracker.status() if not row["missing"]]
            self.world.emit_json({"milestones": rows})
        else:
            from tito.views.milestone_step import show_with_step

            show_with_step(self.world, self.world.tracker.opened.list_unlocked_tests)
        return 0

    def _info(self, args: argparse.Namespace) -> int:
        from tito.core.export.snapshot import take
        from tito.core.milestones.changed import changed_since, verification_changed
        from tito.views.milestone import info_lines
        from tito.workflows.run_milestone import requires, row_of
        from tito.workflows.status import step_of

        milestone_id = self._named(args)
        row = row_of(self.world, milestone_id)
        required = requires(self.world, milestone_id)
        changed = changed_since(row["record"], take(self.workspace))
        is_judged_anew = verification_changed(row["record"], self.workspace)
        if args.json:
            also = {"changed_since": changed, "verification_changed": is_judged_anew}
            self.world.emit_json({**row, "requires": required, **also})
            return 0
        changed += ["how it is verified"] if is_judged_anew else []
        for text, style in info_lines(row, required, changed, self.world.symbols):
            self.world.say(text, style or None)
        missing = row["missing"]
        run = f"tito milestone run {milestone_id}"
        self.world.next_step(step_of(self.world, missing[0]) if missing else run)
        return 0

    def _named(self, args: argparse.Namespace) -> str:
        if args.milestone:
            return str(args.milestone)
        known = ", ".join(self.world.tracker.required.ordered_milestones())
        raise UsageError(
            f"Which milestone? Choose one of: {known}.", hint=f"tito milestone {args.action} ID"
        )

    # ---------------------------------------------------------------------------------- running

    def _run(self, args: argparse.Namespace) -> int:
        return self._run_all(args) if args.all else self._run_one(args)

    def _run_one(self, args: argparse.Namespace) -> int:
        name = self._named(args)
        with self._early_judge() as early:  # it starts before tito imports what follows
            from tito.views.as_json import attempt_json
            from tito.workflows.run_milestone import (
                refuse_impossible,
                refuse_unless_runnable,
                row_of,
            )

            row = row_of(self.world, name)
            refuse_impossible(self.world, row["id"], changes_of(args))
            refuse_unless_runnable(self.world, row)
            attempt = self._attempt(row, args, early)
        if args.json:
            self.world.emit_json(attempt_json(attempt))
        elif not args.quiet:
            self._say_next(attempt)
        return attempt.exit_code

    def _run_all(self, args: argparse.Namespace) -> int:
        """Every unlocked milestone, in order; the worst outcome is the exit code."""
        from tito.views.as_json import attempt_json
        from tito.workflows.run_milestone import refuse_unless_runnable

        if args.milestone:
            raise UsageError(
                "Use either a milestone's ID or --all, not both.", hint="tito milestone run --all"
            )
        rows = self.world.tracker.status()
        unlocked = [row for row in rows if not row["missing"]]
        refuse_unless_runnable(self.world, *(unlocked or rows[:1]))
        attempts = []
        for row in unlocked:
            with self._early_judge() as early:
                attempts.append(self._attempt(row, args, early))
        if args.json:
            locked = [row["id"] for row in rows if row["missing"]]
            results = [attempt_json(attempt) for attempt in attempts]
            self.world.emit_json({"results": results, "locked": locked})
        elif not args.quiet:
            from tito.views.milestone_step import show_with_step

            show_with_step(self.world, self.world.tracker.opened.show_progress)
        return max(attempt.exit_code for attempt in attempts)

    def _early_judge(self) -> EarlyJudge:
        from tito.core.milestones.early import EarlyJudge

        return EarlyJudge(self.world.tracker, self.world.env)

    def _attempt(self, row: dict[str, Any], args: argparse.Namespace, early: EarlyJudge) -> Attempt:
        """Run one verification; show its progress and its result."""
        from tito.views.milestone import (
            briefing_lines,
            experiment_line,
            show_attempt,
            show_verdict,
        )
        from tito.views.training import display_for
        from tito.workflows.run_milestone import attempt, brief, standard

        briefing, changed = brief(self.world, row), changes_of(args)
        silent = args.json or args.quiet
        live = display_for(self.console, silent=silent)
        if not silent:
            for text, style in briefing_lines(row, briefing, self.console.width):
                self.world.say(text, style or None)
            if changed:
                self.world.say(experiment_line(changed, standard(self.world, row["id"])), "yellow")
        with live.running():
            result = attempt(
                self.world, row, briefing, seed=args.seed, on_event=live.event,
                on_picture=live.picture, experiment=changed, early=early,
            )  # fmt: skip
        if args.quiet and not args.json:
            show_verdict(self.world, result)
        elif not args.json:
            show_attempt(self.world, result, live.events)
        return result

    def _say_next(self, attempt: Attempt) -> None:
        from tito.views.milestone import blamed_module
        from tito.views.milestone_step import say_step

        if attempt.unrecorded is not None:
            self.world.next_step(attempt.unrecorded.hint or "tito doctor")
        elif attempt.experiment:
            known = attempt.row["id"]
            again = f"tito milestone run {known}"
            self.world.next_step(f"tito play {known}" if attempt.has_passed else again)
        elif attempt.has_passed:
            say_step(self.world)
        elif attempt.outcome is Outcome.COULD_NOT_RUN:
            self.world.next_step("tito doctor")
        else:
            module = blamed_module(attempt.verdict)
            self.world.next_step(f"tito module test {module}" if module else self._again(attempt))

    def _again(self, attempt: Attempt) -> str:
        """The next command if no file is named: export what is stale, look for an exit, replay."""
        from tito.core.export.stale import stale_modules
        from tito.views.milestone_step import exit_lines
        from tito.workflows.exits import ended_itself, exits, module_to_test
        from tito.workflows.run_milestone import requires

        required = requires(self.world, attempt.row["id"])
        stale = next(iter(stale_modules(self.workspace, required)), None)
        if stale is not None:
            return f"tito module complete {stale.number}"
        if not ended_itself(attempt.verdict.reason):
            return attempt.replay
        found = exits(self.workspace, required)
        for text in exit_lines(found):
            self.world.say(text)
        return f"tito module test {module_to_test(found, required)}"


def changes_of(args: argparse.Namespace) -> dict[str, float]:
    """What an experiment changes, by its name; empty for a run that counts."""
    return {name: vars(args)[name] for name in CHANGES if vars(args)[name] is not None}


def reject_extra_arguments(args: argparse.Namespace) -> None:
    """Raise UsageError for arguments that belong to another action."""
    extra = [] if args.action in ("info", "run") else [args.milestone]
    if args.action != "run":
        extra += ["--seed" if args.seed is not None else None]
        extra += ["--all" if args.all else None, "--quiet" if args.quiet else None]
    if args.action != "run" or args.all:
        extra += [f"--{name}" for name in changes_of(args)]
    for word in filter(None, extra):
        text = f"tito milestone {args.action} does not take {word!r}."
        raise UsageError(text, hint="tito milestone --help")
    if (args.seed or 0) < 0:
        raise UsageError("A seed is a whole number, 0 or larger.", hint="tito milestone --help")

"""`tito class grade ASSIGNMENT`: judge every submission; store what was seen."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_json, add_trust
from tito.core.classroom.config import find_class, read_class
from tito.core.classroom.lock import grading_lock
from tito.core.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from tito.workflows.classroom.plan import Plan
    from tito.workflows.classroom.pools import Pool


class ClassGradeCommand(BaseCommand):
    """Exit code 0: all were judged, whatever came out; 3: some could not be judged."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("assignment", metavar="ASSIGNMENT", help="its id in class.toml")
        parser.add_argument("--jobs", type=int, metavar="N", help="at a time (default: all cores)")
        parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="these students")
        parser.add_argument("--again", action="store_true", help="also what is graded already")
        add_trust(parser)
        parser.add_argument("--scheduler", metavar="ADDRESS", help="judge on this Dask cluster")
        parser.add_argument(
            "--workers", type=int, metavar="N", help="judge with N Dask workers on this machine"
        )
        add_json(parser)

    def run(self, args: argparse.Namespace) -> int:
        from tito.views.classroom.grading import Tally, show_end, show_plan, showing
        from tito.workflows.classroom.grading import grade
        from tito.workflows.classroom.plan import make_plan, refuse_unknown_milestones

        _refuse_wrong(args)
        config = read_class(find_class(self.world.cwd))
        assignment = config.assignment(args.assignment)
        refuse_unknown_milestones(self.world, assignment)
        with grading_lock(config.root, assignment.id):
            plan = make_plan(
                config, assignment, only=args.only, judged=not args.trust, again=args.again
            )
            tally = Tally(len(plan.todo))
            if not args.json:
                show_plan(self.world, plan)
            with (
                self._pool(args, plan) as pool,
                showing(self.world, tally, quiet=args.json) as show,
            ):
                grade(plan, pool, show)
        if args.json:
            self.world.emit_json(_summary(plan, tally.states, tally.stuck))
        else:
            show_end(self.world, tally)
            self.world.next_step(f"tito class report {assignment.id}")
        return 3 if tally.stuck else 0

    def _pool(self, args: argparse.Namespace, plan: Plan) -> AbstractContextManager[Pool]:
        from tito.workflows.classroom.pools import cluster, processes

        if args.scheduler or args.workers:
            return cluster(args.scheduler, args.workers)
        jobs = args.jobs or os.cpu_count() or 1
        return processes(max(1, min(jobs, len(plan.todo))), self.world.env)


def _refuse_wrong(args: argparse.Namespace) -> None:
    if args.scheduler and args.workers:
        raise UsageError("--scheduler names workers that run, --workers starts new ones: one only.")
    for name in ("jobs", "workers"):
        number = getattr(args, name)
        if number is not None and not 1 <= number <= 1000:
            raise UsageError(f"--{name} is a number from 1 to 1000, not {number}.")


def _summary(plan: Plan, states: dict[str, int], stuck: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "assignment": plan.assignment.id,
        "seed": plan.seed,
        "graded": states.get("graded", 0),
        "could_not_run": dict(stuck),
        "unchanged": list(plan.done),
        "missing": list(plan.missing),
        "not_on_roster": list(plan.strangers),
    }

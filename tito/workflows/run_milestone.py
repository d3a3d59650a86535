"""Run a milestone: check that it can run here, run it, judge it, record a pass.

The tracker judges and records. If it cannot run, the error names what is missing and never says
that the student's code is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from tito.core.errors import MachineError, TitoError, UsageError
from tito.core.export.snapshot import Snapshot, take
from tito.core.export.stale import difference, not_exported, stale_modules
from tito.core.export.swap import refuse_link
from tito.core.lesson.answers import answer_lines
from tito.core.lesson.file import read_lesson
from tito.core.milestones.attempt import Attempt, LiveRunner, Verdict, verify
from tito.core.milestones.live import LiveLog
from tito.core.milestones.runs import KeptRun, Picture, keep
from tito.core.outcome import Outcome
from tito.core.python import pip_install, release
from tito.core.testing.runner import OLDEST_NUMPY
from tito.core.words import module_number
from tito.core.workspace.course import INSTALLED
from tito.core.workspace.course_files import differs, is_edited, verification_files
from tito.core.workspace.release import verification_hash
from tito.core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from tito.core.milestones.early import EarlyJudge
    from tito.core.milestones.progress_events import TrainingEvent
    from tito.world import World

Row = Mapping[str, Any]
NOTHING: Mapping[str, float] = {}  # changed: the run counts
LARGEST = {"width": 256, "lr": 1000.0, "steps": 20_000}


@dataclass(frozen=True)
class Briefing:
    """What a student should know before a run, which judges the exported code."""

    code: Snapshot  # what will run
    sources: Mapping[str, str]  # by module name: the hash of its code
    stale: Mapping[str, str]  # by module number: why it is stale
    edited: tuple[str, ...]  # verification files that differ from the installed course's
    unused: tuple[str, ...] = ()  # the workspace's copies of them that somebody changed
    judged_by: str = INSTALLED  # or the folder of the course that was chosen
    history: str = ""  # what happened in that year
    verification: str | None = None  # the hash of the files that judge

    @property
    def evidence(self) -> dict[str, Any]:
        """The part of a milestone's record that says what was judged, and by whom."""
        return {
            "sources": dict(self.sources),
            "verification_edited": bool(self.edited),
            "verification_sha256": self.verification,
            "course": self.judged_by,
            "stale": list(self.stale),
        }


def row_of(world: World, milestone_id: str) -> dict[str, Any]:
    """The tracker's status of one milestone."""
    module = world.tracker.required
    try:
        module.milestone(milestone_id)
    except module.UnknownMilestone as error:
        raise TitoError(f"{error} {error.hint}", hint="tito milestone status") from error
    return next(row for row in world.tracker.status() if row["id"] == milestone_id)


def requires(world: World, milestone_id: str) -> list[str]:
    return list(world.tracker.required.milestone(milestone_id)["requires"])


def history(world: World, milestone_id: str) -> str:
    """What happened in that year, as the tracker tells it."""
    return str(world.tracker.required.milestone(milestone_id).get("history", ""))


def standard(world: World, milestone_id: str) -> dict[str, float]:
    """How this milestone trains: what an experiment may change."""
    return dict(world.tracker.required.milestone(milestone_id).get("chosen", {}))


def refuse_impossible(world: World, milestone_id: str, experiment: Mapping[str, float]) -> None:
    """Raise UsageError if an experiment changes what the milestone lacks, or has no meaning."""
    known = standard(world, milestone_id)
    for name, value in experiment.items():
        if name not in known:
            others = ", ".join(f"--{other}" for other in known) or "nothing"
            raise UsageError(
                f"{milestone_id} has no --{name} to change, only {others}.",
                hint="tito milestone --help",
            )
        if not 0 < value <= LARGEST[name]:
            kind = "number" if name == "lr" else "whole number"
            raise UsageError(
                f"--{name} is a {kind} above 0, up to {LARGEST[name]:g}.",
                hint="tito milestone --help",
            )


def refuse_unless_runnable(world: World, *rows: Row) -> None:
    """Raise TitoError if a milestone is locked, not exported here, or this NumPy is too old."""
    refuse_old_numpy()
    for row in rows:
        refuse_if_locked(world, row)
        refuse_if_not_exported(world.workspace, row["name"], requires(world, row["id"]))


def refuse_old_numpy() -> None:
    """Raise MachineError if right code would get wrong results with this NumPy."""
    from importlib import metadata

    try:
        version = metadata.version("numpy")
    except metadata.PackageNotFoundError:
        return  # the run itself says that it is missing
    if release(version) < release(OLDEST_NUMPY):
        raise MachineError(
            f"This Python has numpy {version}, and {OLDEST_NUMPY} or newer is needed. "
            "Nothing was judged.",
            hint=pip_install(f"numpy>={OLDEST_NUMPY}"),
        )


def refuse_if_locked(world: World, row: Row) -> None:
    missing = row["missing"]
    if missing:
        from tito.workflows.status import step_of  # here: rarely needed

        raise TitoError(
            f"{row['name']} is locked: {row['done']} of {row['total']} modules are complete, "
            f"missing {', '.join(missing)}.",
            hint=step_of(world, missing[0]),
        )


def refuse_if_not_exported(workspace: Workspace, name: str, required: Iterable[str]) -> None:
    """Raise TitoError if a module is not exported: it may be complete in another workspace."""
    refuse_link(workspace)
    if not (workspace.package / "__init__.py").is_file():
        raise TitoError(
            "There is no tinytorch package in this workspace yet.",
            where=str(workspace.package),
            hint="tito export",
        )
    absent = not_exported(workspace, required)
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        raise TitoError(
            f"{name} builds on {', '.join(absent)}, which {verb} complete, "
            "but not exported in this workspace.",
            hint=f"tito module complete {module_number(absent[0])}",
        )


def brief(world: World, row: Row) -> Briefing:
    """Find lessons that changed since they were exported, and tests that are not the course's."""
    workspace = world.workspace
    required = requires(world, row["id"])
    code = take(workspace).up_to(required)
    stale = stale_modules(workspace, required, code.package)
    files = verification_files(workspace)
    return Briefing(
        code,
        code.hashes(),
        {module.number: difference(workspace, module) for module in stale},
        edited=tuple(name for name in files if is_edited(workspace, name)),
        unused=tuple(name for name in files if differs(workspace, name)),
        judged_by=workspace.judged_by,
        history=history(world, row["id"]),
        verification=verification_hash(workspace),
    )


def attempt(
    world: World,
    row: Row,
    briefing: Briefing,
    *,
    seed: int | None,
    on_event: Callable[[TrainingEvent], None],
    on_picture: Callable[[Picture], None] | None = None,
    experiment: Mapping[str, float] = NOTHING,
    early: EarlyJudge | None = None,
) -> Attempt:
    """Run one verification, record a pass, and keep the run to look at.

    An experiment, which trains with other values, is never recorded. `early` is a process for the
    run that was started before.
    """
    started = datetime.now(timezone.utc)
    live = LiveLog(world.workspace, row["id"], row["name"], started.isoformat())

    def hear(event: TrainingEvent) -> None:
        live.event(event)
        on_event(event)

    def see(picture: Picture) -> None:
        live.picture(picture)
        if on_picture is not None:
            on_picture(picture)

    runner = LiveRunner(hear, see, experiment=experiment, early=early)
    verdict = verify(world.tracker, row["id"], seed=seed, runner=runner, code=briefing.code)
    verdict = with_lines(world.workspace, verdict)
    evidence = {**verdict.evidence, **briefing.evidence}
    unrecorded = None if experiment else record(world, row, verdict, evidence)
    stale, judged_by = tuple(briefing.stale), briefing.judged_by
    kept = kept_run(world.workspace, row, verdict, evidence, runner, started)
    return Attempt(
        row, verdict, evidence, unrecorded, briefing.edited, stale, judged_by, runner.bars, kept,
        runner.pictures, experiment,
    )  # fmt: skip


def with_lines(workspace: Workspace, verdict: Verdict) -> Verdict:
    """The verdict, with the lines of the answers to the part that a failure names."""
    part = re.search(r"^  part +(\S+)$", verdict.details, re.MULTILINE)
    file = re.search(r"^(  file +modules/(\w+)/\w+\.py)$", verdict.details, re.MULTILINE)
    module = workspace.module(file[2]) if file else None
    if part is None or file is None or module is None:
        return verdict
    try:
        lesson = read_lesson(workspace, module).lesson
    except TitoError:
        return verdict
    lines = ", ".join(map(str, answer_lines(lesson, part[1], verdict.reason)))
    details = verdict.details.replace(file[1], f"{file[1]}:{lines}" if lines else file[1], 1)
    found: Verdict = verdict._replace(details=details)
    return found


def kept_run(
    workspace: Workspace,
    row: Row,
    verdict: Verdict,
    evidence: Mapping[str, Any],
    runner: LiveRunner,
    started: datetime,
) -> KeptRun | None:
    """Keep the run for `tito report`, `show` and `play`. Where nothing can be written, go on."""
    told = {
        "milestone": row["id"],
        "name": row["name"],
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "seed": verdict.seed,
        "seconds": round(verdict.seconds, 3),
        "metrics": dict(verdict.metrics),
        "isolation": verdict.isolation,
        "bars": [vars(bar) for bar in runner.bars],
        "evidence": dict(evidence),
        "experiment": dict(runner.experiment) or None,
    }
    try:
        return keep(workspace, started, told, runner.events, runner.pictures, runner.weights)
    except OSError:
        return None


def record(
    world: World, row: Row, verdict: Verdict, evidence: Mapping[str, Any]
) -> TitoError | None:
    """Record a pass. An error is returned, not raised: the run itself has still passed."""
    if verdict.outcome != Outcome.PASSED:
        return None
    try:
        with world.tracker.translating_errors():
            world.tracker.opened.mark_milestone_complete(row["id"], evidence)
    except TitoError as error:
        return error
    return None

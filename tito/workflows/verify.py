"""Check a record again: the same code, from the same seed, must give the same verdict.

Nothing is recorded. A record that cannot be repeated here is neither confirmed nor called wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.core.errors import TitoError, UsageError, os_reason
from tito.core.export.snapshot import Snapshot, take
from tito.core.export.swap import refuse_link
from tito.core.files import read_regular
from tito.core.milestones.attempt import LiveRunner, Verdict, verify
from tito.core.milestones.records import Compared, Record, compare, records_in
from tito.core.outcome import Outcome, StrEnum
from tito.core.workspace.course import INSTALLED
from tito.workflows.run_milestone import refuse_old_numpy, requires, row_of

if TYPE_CHECKING:
    from tito.core.milestones.progress_events import TrainingEvent
    from tito.world import World


class Agreement(StrEnum):
    """What came of checking a record."""

    SAME = "same"
    DIFFERENT = "different"  # another verdict, or figures that are too far away
    CHANGED = "changed"  # the workspace has other code than the record was earned with
    NO_EVIDENCE = "no evidence"  # no seed or no hashes: nothing to repeat
    UNKNOWN = "unknown"  # the course has no such milestone
    COULD_NOT_RUN = "could_not_run"

    @property
    def exit_code(self) -> int:
        return {Agreement.SAME: 0, Agreement.COULD_NOT_RUN: 3}.get(self, 1)


@dataclass(frozen=True)
class Check:
    """One record, and what became of it."""

    record: Record
    name: str  # the milestone's
    agreement: Agreement
    reason: str = ""
    changed: Mapping[str, str] | None = None  # by module: how its code differs from the record's
    verdict: Verdict | None = None  # of the new run
    metrics: tuple[Compared, ...] = ()
    remarks: tuple[str, ...] = ()


def find_records(world: World, named: str) -> list[Record]:
    """The records that RECORD names: a milestone's id, or a JSON file."""
    path = world.cwd / named
    if path.exists() or "/" in named or "\\" in named or named.endswith(".json"):
        return read_records(path)
    row = row_of(world, named)
    if row["evidence"] is None:
        raise TitoError(f"{row['name']} is not on record.", hint=f"tito milestone run {named}")
    return [Record(named, Outcome.PASSED, row["record"])]


def read_records(path: Path) -> list[Record]:
    try:
        found = records_in(json.loads(read_regular(path)))
    except OSError as error:
        text = f"The record cannot be read: {os_reason(error)}."
        raise UsageError(text, where=str(path), hint="tito verify --help") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "The record is not JSON.", where=str(path), hint="tito verify --help"
        ) from error
    if not found:
        raise UsageError(
            "There is no record of a milestone in this file.",
            where=str(path),
            hint="tito verify --help",
        )
    return found


def check(
    world: World,
    record: Record,
    on_event: Callable[[TrainingEvent], None],
    *,
    fresh: bool = False,
) -> Check:
    """Repeat one run, if the workspace has the code that it is about.

    `fresh`: run it with a new seed too. Code may know all answers of the run that is on record.
    """
    try:
        name = str(row_of(world, record.milestone)["name"])
    except TitoError as error:
        return Check(record, record.milestone, Agreement.UNKNOWN, error.message)
    lacking = missing_evidence(record)
    if lacking:
        return Check(record, name, Agreement.NO_EVIDENCE, lacking)
    refuse_old_numpy()
    refuse_link(world.workspace)
    code = take(world.workspace).only({*requires(world, record.milestone), *record.sources})
    changed = changed_code(world, record, code)
    if changed:
        reason = "This workspace has other code than the run that is on record."
        return Check(record, name, Agreement.CHANGED, reason, changed)
    found = judge(world, record, name, on_event, code)
    if fresh and found.agreement is Agreement.SAME:
        return with_new_seed(world, found, on_event, code)
    return found


def missing_evidence(record: Record) -> str:
    """Why a record cannot be repeated by anybody; empty if it can."""
    if record.outcome not in (Outcome.PASSED, Outcome.FAILED):
        return "No verdict is on record."
    if record.seed is None:
        return "No seed is on record, so that the run cannot be repeated."
    if not record.sources:
        return "No hashes of the code are on record, so that it can be any code."
    return ""


def changed_code(world: World, record: Record, code: Snapshot) -> dict[str, str]:
    """The modules whose exported code is not the recorded one, and why."""
    names = {*requires(world, record.milestone), *record.sources}
    here = code.hashes(sorted(names))
    found = {name: _difference(record.sources.get(name), here.get(name)) for name in sorted(names)}
    return {name: why for name, why in found.items() if why}


def _difference(recorded: object, here: str | None) -> str:
    if recorded == here:
        return ""
    if here is None:
        return "not exported here"
    return "not on record" if recorded is None else "not the same code"


def judge(
    world: World,
    record: Record,
    name: str,
    on_event: Callable[[TrainingEvent], None],
    code: Snapshot,
) -> Check:
    with world.tracker.translating_errors():
        verdict = verify(
            world.tracker,
            record.milestone,
            seed=record.seed,
            runner=LiveRunner(on_event),
            code=code,
        )
    metrics = tuple(compare(record, verdict.metrics))
    agreement, reason = Agreement.SAME, ""
    if verdict.outcome == Outcome.COULD_NOT_RUN:
        agreement, reason = Agreement.COULD_NOT_RUN, verdict.reason
    elif verdict.outcome != record.outcome:
        agreement = Agreement.DIFFERENT
        reason = f"On record: {record.outcome}. Now: {verdict.outcome}. {verdict.reason}"
    elif not all(metric.agrees for metric in metrics):
        agreement, reason = Agreement.DIFFERENT, "The verdict is the same, the figures are not."
    remarks = (*by_hand(world, record), *remarks_on(record.evidence))
    return Check(record, name, agreement, reason, None, verdict, metrics, remarks)


def with_new_seed(
    world: World, found: Check, on_event: Callable[[TrainingEvent], None], code: Snapshot
) -> Check:
    """A record that was confirmed, after one more run whose data nobody has seen before."""
    record = found.record
    with world.tracker.translating_errors():
        runner = LiveRunner(on_event)
        verdict = verify(world.tracker, record.milestone, seed=None, runner=runner, code=code)
    said = f"With a new seed, {verdict.seed}: {verdict.outcome}."
    if verdict.outcome == Outcome.COULD_NOT_RUN:
        return replace(found, agreement=Agreement.COULD_NOT_RUN, reason=verdict.reason)
    if verdict.outcome != record.outcome:
        reason = f"{said} {verdict.reason}"
        return replace(found, agreement=Agreement.DIFFERENT, reason=reason, verdict=verdict)
    return replace(found, remarks=(*found.remarks, said))


def by_hand(world: World, record: Record) -> Iterator[str]:
    """Whether a progress file's record is not as the tracker wrote it. A run prints no date."""
    evidence = record.evidence
    if "completed_at" in evidence and not world.tracker.is_sealed(record.milestone, evidence):
        yield "The record was written or changed by hand: only this run says anything."


def remarks_on(evidence: Mapping[str, Any]) -> Iterator[str]:
    """What was unusual about the run on record."""
    course = evidence.get("course", INSTALLED)
    if course != INSTALLED:
        yield f"It was judged by another course then: {course}."
    elif evidence.get("verification_edited"):
        yield "It was judged by an edited verification then."
    if evidence.get("stale"):
        yield "The lessons had changed by then since they were exported; the export is judged."

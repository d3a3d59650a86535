"""Records of milestone runs that are to be checked again: read from JSON, compared with a new run.

Whoever hands in a record may have written anything into it, so each value is checked before it is
used. Nothing runs here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tito.core.milestones.progress_events import number
from tito.core.outcome import Outcome

# How far a figure of the new run may be from the recorded one. On one machine they are equal; on
# another one, sums in another order decide a few held-out examples differently.
ABSOLUTE, RELATIVE = 0.02, 0.02


class Record(NamedTuple):
    """One run that is on record."""

    milestone: str
    outcome: str
    evidence: Mapping[str, Any]

    @property
    def seed(self) -> int | None:
        seed = self.evidence.get("seed")
        return seed if type(seed) is int and seed >= 0 else None

    @property
    def sources(self) -> Mapping[str, Any]:
        """The hash of the exported code, by module name."""
        return _mapping(self.evidence.get("sources"))

    @property
    def metrics(self) -> Mapping[str, Any]:
        return _mapping(self.evidence.get("metrics"))


class Compared(NamedTuple):
    """One metric, on record and measured again; None if it is missing."""

    name: str
    recorded: Any
    again: Any

    @property
    def agrees(self) -> bool:
        before, after = number(self.recorded), number(self.again)
        if before is None or after is None:
            return self.again is not None and bool(self.recorded == self.again)
        return math.isclose(before, after, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def compare(record: Record, metrics: Mapping[str, Any]) -> list[Compared]:
    """The recorded metrics beside those of a new run, which may have more."""
    return [Compared(name, value, metrics.get(name)) for name, value in record.metrics.items()]


def records_in(data: object) -> list[Record]:
    """The records in parsed JSON: a progress file, or what `tito milestone run` or `info` print."""
    found = _mapping(data)
    if isinstance(found.get("completed_milestones"), list):
        return list(_of_progress(found))
    if isinstance(found.get("results"), list):
        return [record for result in found["results"] for record in records_in(result)]
    if isinstance(found.get("milestone"), str):
        evidence = _mapping(found.get("evidence"))
        return [Record(found["milestone"], str(found.get("outcome")), evidence)]
    if isinstance(found.get("id"), str) and found.get("evidence") is not None:
        return [Record(found["id"], Outcome.PASSED, _mapping(found.get("record")))]
    return []


def _of_progress(state: Mapping[str, Any]) -> Iterator[Record]:
    records = _mapping(state.get("milestones"))
    for name in filter(lambda name: isinstance(name, str), state["completed_milestones"]):
        yield Record(name, Outcome.PASSED, _mapping(records.get(name)))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

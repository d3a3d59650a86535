"""One run of a milestone's verification: the tracker judges it, this hands it a process to run in.

The milestones, the judgment and the record are the tracker's (tests/milestones). What is shown of
a run is decided in tito/commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tito.core import process
from tito.core.errors import TitoError
from tito.core.export.stale import export_hashes
from tito.core.milestones.progress_events import TrainingEvent, read_event
from tito.core.workspace.workspace import Workspace

MEGABYTE = 1_000_000
EXIT_CODES = {"passed": 0, "failed": 1, "could_not_run": 3}


class Verdict(Protocol):
    """The tracker's judgment, as far as it is read here."""

    @property
    def outcome(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def details(self) -> str: ...
    @property
    def metrics(self) -> Mapping[str, Any]: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def evidence(self) -> Mapping[str, Any]: ...


class Attempt(NamedTuple):
    """One milestone that was run, and what kept a pass from being recorded, if anything did."""

    row: Mapping[str, Any]  # the tracker's status of it
    verdict: Verdict
    unrecorded: TitoError | None = None
    edited: Sequence[str] = ()  # files of the verification that are not as the course has them

    @property
    def exit_code(self) -> int:
        code = EXIT_CODES[self.verdict.outcome]
        return self.unrecorded.exit_code if self.unrecorded else code

    @property
    def replay(self) -> str:
        seed = "" if self.verdict.seed is None else f" --seed {self.verdict.seed}"
        return f"tito milestone run {self.row['id']}{seed}"

    def as_json(self) -> dict[str, object]:
        verdict = self.verdict
        result: dict[str, object] = {
            "milestone": self.row["id"],
            "outcome": verdict.outcome,
            "reason": verdict.reason,
            "details": verdict.details,
            "metrics": dict(verdict.metrics),
            "seed": verdict.seed,
            "seconds": round(verdict.seconds, 3),
            "recorded": verdict.outcome == "passed" and self.unrecorded is None,
            "replay": self.replay,
            "edited": list(self.edited),
        }
        return result | ({"error": self.unrecorded.as_json()} if self.unrecorded else {})


@dataclass
class LiveRunner:
    """What the tracker runs a verification with: bounded, and heard while it trains."""

    on_event: Callable[[TrainingEvent], None]
    on_tick: Callable[[float], None] | None = None
    flooded: bool = False

    def __call__(
        self,
        command: list[str],
        *,
        cwd: Path,
        env: dict[str, str],
        progress_file: Path,
        timeout: float,
    ) -> process.RunResult:
        try:
            result = process.run(
                command,
                cwd=cwd,
                env=env,
                timeout=timeout,
                progress_file=progress_file,
                on_event=self._hear,
                on_tick=self.on_tick,
            )
        except OSError as error:  # for the tracker, no code and no time-out: it did not start
            return process.RunResult(None, str(error))
        self.flooded = result.flooded
        if result.flooded:
            return process.RunResult(1, result.output)
        return result

    def _hear(self, raw: Mapping[str, Any]) -> None:
        event = read_event(raw)
        if event is not None:
            self.on_event(event)


def verify(
    tracker: Any,
    milestone_id: str,
    workspace: Workspace,
    *,
    seed: int | None,
    on_event: Callable[[TrainingEvent], None],
    on_tick: Callable[[float], None] | None = None,
) -> Verdict:
    """Train and judge one milestone; nothing is recorded."""
    runner = LiveRunner(on_event, on_tick)
    verdict: Any = tracker.run_milestone(
        milestone_id, seed=seed, runner=runner, workspace=workspace.root
    )
    if runner.flooded:
        limit = process.OUTPUT_LIMIT // MEGABYTE
        verdict = verdict._replace(
            outcome="failed",
            reason=f"It was stopped after it had printed {limit} MB.",
            details="Does a print stand in a loop of your modules?",
        )
    judged: Verdict = verdict
    return judged


def evidence_of(
    verdict: Verdict, workspace: Workspace, required: Iterable[str], edited: Sequence[str]
) -> dict[str, Any]:
    """What a passed milestone is recorded with: what it measured, and hashes of what it ran."""
    sources = export_hashes(workspace, required)
    return {**verdict.evidence, "sources": sources, "verification_edited": bool(edited)}


def changed_since(record: Mapping[str, Any], workspace: Workspace) -> list[str]:
    """The modules whose code is no longer the one that a milestone was passed with."""
    sources = record.get("sources")
    if not isinstance(sources, dict):
        return []
    now = export_hashes(workspace, sources)
    return [name for name, before in sources.items() if now.get(name) != before]

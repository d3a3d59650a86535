"""Run one milestone in a process with limits.

The tracker (tests/milestones) owns, judges and records milestones; `views` shows the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tito.core import process
from tito.core.errors import TitoError
from tito.core.export.snapshot import Snapshot
from tito.core.files import read_regular
from tito.core.milestones.early import EarlyJudge
from tito.core.milestones.progress_events import (
    Bar,
    TrainingEvent,
    read_bar,
    read_event,
    read_picture,
)
from tito.core.milestones.runs import LARGEST, KeptRun, Picture
from tito.core.milestones.tracker import Tracker
from tito.core.outcome import Fault, Outcome
from tito.core.workspace.course import INSTALLED

# Only the student's code makes a milestone fail; anything else means it could not run.
EXPERIMENT = "TINYTORCH_EXPERIMENT"  # for the run: what to change, as JSON
UNSEEN = "TINYTORCH_UNSEEN"  # for the run: "1", if nobody looks at pictures and weights
FAULT_OF = {Outcome.FAILED: Fault.STUDENT, Outcome.COULD_NOT_RUN: Fault.MACHINE}


class Verdict(Protocol):
    """The part of the tracker's verdict that tito uses."""

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
    @property
    def isolation(self) -> str: ...
    def _replace(self, **changes: Any) -> Any: ...


class Attempt(NamedTuple):
    """One run of a milestone, and the error that kept a pass from being recorded, if any."""

    row: Mapping[str, Any]  # the tracker's status of it
    verdict: Verdict
    evidence: Mapping[str, Any]  # its record, if it passed
    unrecorded: TitoError | None = None
    edited: Sequence[str] = ()  # verification files that differ from the installed course's
    stale: Sequence[str] = ()  # numbers of modules whose lesson differs from the code in tinytorch/
    judged_by: str = INSTALLED  # or the folder of the course that was chosen
    bars: Sequence[Bar] = ()  # what was measured, and which bar it had to pass
    kept: KeptRun | None = None  # what is left of it to look at, if it could be written
    pictures: Sequence[Picture] = ()  # of the network at work
    experiment: Mapping[str, Any] = {}  # what it has changed; then it earns nothing

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.verdict.outcome)

    @property
    def has_passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def exit_code(self) -> int:
        if self.unrecorded is not None:
            return self.unrecorded.exit_code
        return 0 if self.has_passed else FAULT_OF[self.outcome].exit_code

    @property
    def replay(self) -> str:
        seed = "" if self.verdict.seed is None else f" --seed {self.verdict.seed}"
        changed = "".join(f" --{name} {value:g}" for name, value in self.experiment.items())
        return f"tito milestone run {self.row['id']}{changed}{seed}"


@dataclass
class LiveRunner:
    """Runs a verification for the tracker with limits, and passes on its progress.

    It keeps what the run leaves: the events, the pictures, the trained weights.
    """

    on_event: Callable[[TrainingEvent], None]
    on_picture: Callable[[Picture], None] | None = None
    events: list[TrainingEvent] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    weights: bytes | None = None
    experiment: Mapping[str, Any] = field(default_factory=dict)  # what it changes; often nothing
    is_seen: bool = True  # False: only the verdict is wanted
    early: EarlyJudge | None = None  # a process that was started before

    def __call__(
        self,
        command: list[str],
        *,
        cwd: Path,
        env: dict[str, str],
        progress_file: Path,
        timeout: float,
    ) -> process.ProcessResult:
        changed = {EXPERIMENT: json.dumps(dict(self.experiment))} if self.experiment else {}
        changed |= {} if self.is_seen else {UNSEEN: "1"}
        env = env | changed
        ready, told = self.early.take(command, cwd, env) if self.early else (None, "")
        try:
            return process.run(
                command,
                cwd=cwd,
                env=env,
                timeout=timeout,
                progress_file=progress_file,
                on_event=self._hear,
                on_tick=prepare_to_record,
                ready=ready,
                told=told,
            )
        except OSError as error:  # for the tracker: no return code and no timeout
            return process.ProcessResult(None, str(error))
        finally:
            with suppress(OSError, ValueError):  # none, where nothing was trained
                self.weights = read_regular(progress_file.with_suffix(".safetensors"), LARGEST)

    def _hear(self, raw: Mapping[str, Any]) -> None:
        event, picture, bar = read_event(raw), read_picture(raw), read_bar(raw)
        if event is not None:
            self.events.append(event)
            self.on_event(event)
        if bar is not None:
            self.bars.append(bar)
        if picture is not None:
            self.pictures.append(picture)
            if self.on_picture is not None:
                self.on_picture(picture)


def prepare_to_record(_: float) -> None:
    """Import what is needed after a run while it goes on; again and again, which costs nothing."""
    from xml.etree import ElementTree  # noqa: F401 (the tracker reads the report with it)

    from filelock import FileLock, SoftFileLock  # noqa: F401


def verify(
    tracker: Tracker,
    milestone_id: str,
    *,
    seed: int | None,
    runner: LiveRunner,
    code: Snapshot,
) -> Verdict:
    """Train and judge one milestone; nothing is recorded."""
    with code.laid_out() as folder:
        verdict: Verdict = tracker.opened.run_milestone(
            milestone_id, seed=seed, runner=runner, workspace=folder
        )
    return verdict

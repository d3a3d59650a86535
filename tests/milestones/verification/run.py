"""One run of one milestone: its seed, its random numbers, its reports.

It does not judge. `conftest.py` makes the run and shows its failures.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from verification import seeds
from verification.launch import Launched
from verification.randomness import RandomNumbers
from verification.standins import Framework, process_of

T = TypeVar("T", bound=Callable[..., Any])

SECONDS_BETWEEN_EVENTS = 0.05  # twenty a second: faster than the eye can follow
EVENTS_PER_PHASE = 40  # enough for a curve, however short the training is


class Run:
    """What a milestone's test works with."""

    def __init__(
        self,
        milestone: str,
        modules: list[str],
        seed: int,
        record: Callable[[str, object], None],
        stream: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        workspace: Path | None = None,
        launched: Launched | None = None,
        is_seen: bool = True,
    ) -> None:
        self.milestone, self.modules, self.seed = milestone, modules, seed
        # Two sources, so that adding or removing a check does not change the training data.
        self.rng, self.checks_rng = seeds.source(seed, "data"), seeds.source(seed, "checks")
        self.record = record
        self.stream, self._clock, self._last = stream, clock, -1.0
        self.is_seen = is_seen and stream is not None  # whether somebody looks at the network
        self.watched: Callable[[Any, int, int], float | None] | None = None  # see `pictures.py`
        self.weights: dict[str, np.ndarray] = {}  # of the trained networks, see `kept.py`
        self.tt: Any = None
        self.workspace = workspace or Path(__file__).resolve().parents[3]
        # How to train, by the milestone's names for it; an experiment has changed some of them.
        self.chosen: dict[str, Any] = {}
        self.experiment: dict[str, Any] = {}
        self._launched = launched
        self._process: Framework | None = None

    def framework(self) -> Any:
        """A stand-in for the student's `tinytorch`, seeded, which runs in its own process.

        Imported inside the test, so that import errors are shown.
        """
        self._process = Framework(self.workspace, self._launched)
        self.record("isolation", self._process.held)
        self.tt = self._process.start()
        self.seed_framework()
        return self.tt

    def there(self, function: T) -> T:
        """Wrap a function of `there.py` or a file like it: it runs beside the framework."""
        process = process_of(self.tt)
        return function if process is None else cast("T", process.there(function))

    def end(self) -> None:
        """End the framework's process."""
        process = self._process or self._launched
        if process is not None:
            process.end()

    def seed_framework(self) -> None:
        """Seed the framework's random numbers."""
        self.tt.manual_seed(seeds.of_the_framework(self.seed))

    @cached_property
    def random(self) -> RandomNumbers:
        """The framework's own random numbers."""
        return RandomNumbers(self.tt, self.seed)

    def tensor(self, array: np.ndarray) -> Any:
        return self.tt.tensor(array)

    @property
    def replay(self) -> str:
        changed = "".join(f" --{name} {value:g}" for name, value in self.experiment.items())
        return f"tito milestone run {self.milestone}{changed} --seed {self.seed}"

    def progress_is_due(self, step: int, total: int) -> bool:
        """Whether to report a step: the first and last always, others by time and for the curve."""
        if step in (1, total) or step % -(-total // EVENTS_PER_PHASE) == 0:
            return True
        return self._clock() - self._last >= SECONDS_BETWEEN_EVENTS

    def until_event(self, done: int, total: int) -> int:
        """The number of steps to the next point of the curve."""
        between = -(-total // EVENTS_PER_PHASE)
        return min(between - done % between, total - done)

    def progress(
        self,
        phase: str,
        step: int,
        total: int,
        loss: float | None = None,
        accuracy: float | None = None,
        said: str | None = None,
        held_out: float | None = None,
    ) -> None:
        """Append one event to the stream, one JSON object a line.

        `accuracy` is of the minibatch, `held_out` of examples that are not learned from. `said` is
        what the model itself writes by now.
        """
        self._last = self._clock()
        event = {
            "phase": phase, "step": step, "total": total, "loss": loss, "accuracy": accuracy,
            "held_out": held_out, "said": said,
        }  # fmt: skip
        self._tell({name: value for name, value in event.items() if value is not None})

    def bar(
        self,
        what: str,
        value: float,
        at_least: float | None = None,
        at_most: float | None = None,
        shows: str = "",
    ) -> None:
        """Append to the stream what was measured, and which bar it has to pass."""
        bar = {
            "what": what, "value": float(value), "at_least": at_least, "at_most": at_most,
            "shows": shows,
        }  # fmt: skip
        self._tell({"bar": bar})

    def picture(
        self, kind: str, title: str, caption: str = "", step: int | None = None, **data: Any
    ) -> None:
        """Append a picture of the network at work to the stream; `data` are numbers and texts.

        The kinds and their data are those that `tito/views/pictures` draws.
        """
        if self.is_seen:
            picture = {"kind": kind, "title": title, "caption": caption, "step": step, "data": data}
            self._tell({"picture": picture})

    def _tell(self, event: dict[str, Any]) -> None:
        if self.stream is None:
            return
        with self.stream.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(event) + "\n")

    def looked(self, subject: Any, step: int, steps: int) -> float | None:
        """Picture the network if it is watched; the held-out accuracy, if it was measured."""
        return None if self.watched is None else self.watched(subject, step, steps)

    def measured(self, **metrics: float) -> None:
        """Report metrics, which are shown and stored. A pass needs them all."""
        for name, value in metrics.items():
            self.record(name, f"{value:.6g}")


def experiment_from_environment() -> dict[str, Any]:
    """What the caller wants to change about a run, which then is no verdict."""
    return dict(json.loads(os.environ.get("TINYTORCH_EXPERIMENT") or "{}"))


def seen_from_environment() -> bool:
    """Whether the caller wants pictures and weights, or the verdict alone."""
    return os.environ.get("TINYTORCH_UNSEEN") != "1"


def stream_from_environment() -> Path | None:
    """The file for progress events, if the caller wants them."""
    named = os.environ.get("TINYTORCH_PROGRESS_STREAM")
    return Path(named) if named else None

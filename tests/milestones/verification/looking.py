"""When to look at a network: some times while it trains, and after it.

Only the moments are chosen here; what is seen is in `pictures.py`. A look that fails is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from verification import data
from verification.model_under_test import ModelUnderTest

LOOKS = 12  # pictures of one training
SHARE = 0.05  # of the run's time may go to pictures ...
FREE = 0.25  # ... and these seconds in any case: some milestones are over in one
MEASURED = 256  # held-out examples for the accuracy while training

Look = Callable[[ModelUnderTest, Any, int], None]


def watch(subject: ModelUnderTest, held_out: Any, look: Look) -> None:
    """While this network trains, picture it from time to time, and measure held-out accuracy.

    `look` is one of the functions of `pictures.py`; it gets the network, `held_out` and the step.
    """
    if subject.run.is_seen:
        subject.run.watched = Watched(subject, held_out, look)


class Watched:
    """Decides when a picture is due: twelve in a training, and only as long as they are cheap."""

    def __init__(self, subject: ModelUnderTest, held_out: Any, look: Look) -> None:
        self._model, self._held_out, self._look = subject.model, held_out, look
        self._began, self._spent, self._due = time.perf_counter(), 0.0, 0.0

    def __call__(self, subject: ModelUnderTest, step: int, steps: int) -> float | None:
        """The accuracy on held-out examples, if this is a step to look at."""
        if subject.model is not self._model or not self._is_due(step, steps):
            return None
        began, accuracy = time.perf_counter(), None
        with suppress(Exception):  # whatever the framework does wrong here, the checks will tell
            accuracy = measured(subject, self._held_out)
            self._look(subject, self._held_out, step)
        self._spent += time.perf_counter() - began
        return accuracy

    def _is_due(self, step: int, steps: int) -> bool:
        budget = FREE + SHARE * (time.perf_counter() - self._began)
        if step != steps and (step < self._due or self._spent > budget):
            return False
        self._due = step + steps / LOOKS
        return True


def measured(subject: ModelUnderTest, held_out: Any) -> float:
    """The accuracy on some held-out examples; of sums, counted by digits."""
    some = held_out.take(slice(MEASURED))
    accuracy, _ = subject.evaluate(some.examples() if isinstance(some, data.Sums) else some)
    return accuracy


def afterwards(subject: ModelUnderTest, held_out: Any, *looks: Look) -> None:
    """Pictures of the trained network."""
    if subject.run.is_seen:
        for look in looks:
            with suppress(Exception):  # as above
                look(subject, held_out, 0)

"""The training of a milestone that has the framework's own loader: `training.py`, fed by it.

The loader says which examples a step has learned from, and this file checks that none is lost or
repeated in a pass. Progress, the pace and the check of gradients are those of `training.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification.data import Examples
from verification.failures import Failure
from verification.feed import Feed, fed_steps
from verification.model_under_test import ModelUnderTest
from verification.training import Pace, checked_step, planned_checks, report
from verification.training_gradients import TrainingCheck


def train_from_loader(
    subject: ModelUnderTest,
    examples: Examples,
    optimizer: Any,
    *,
    epochs: int,
    batch: int,
    schedule: Any,
    phase: str = "training",
    max_norm: float | None = None,
    writing: Callable[[], str] | None = None,
) -> None:
    """Train for some passes over the examples, with batches from the framework's DataLoader.

    `max_norm` clips the gradients. `writing` gives what the model writes by now, to be shown.
    """
    run, passes = subject.run, Passes(examples, batch)
    steps, done = epochs * passes.steps, 0
    check, pace = TrainingCheck(subject, planned_checks(run, phase, steps)), Pace(run)
    feed = run.there(Feed)(run.tt, *examples, batch)
    with subject.mode(training=True):
        while done < steps:
            if check.is_due(done + 1):
                chosen = passes.batch(feed.arrays())
                output = checked_step(subject, chosen, optimizer, schedule, done + 1, check)
                out, targets, count = output, chosen.targets, 1
            else:
                count = min(pace.until(done, steps), check.until(done))
                with pace.timing(count):
                    out, targets, seen = run.there(fed_steps)(
                        run.tt, feed, subject.model, subject.criterion, optimizer, schedule, count,
                        max_norm,
                    )  # fmt: skip
                passes.seen(seen)
            done += count
            if run.progress_is_due(done, steps):
                out = subject.output_array(out, len(targets))
                report(subject, phase, done, steps, out, targets, writing() if writing else None)


class Passes:
    """Follows a loader through its passes: each has every example once."""

    def __init__(self, examples: Examples, batch: int) -> None:
        self._examples, self._batch = examples, batch
        self.steps = -(-len(examples.targets) // batch)
        self._visits = np.zeros(len(examples.targets), int)
        self._step = 0

    def batch(self, arrays: tuple[np.ndarray, ...]) -> Examples:
        """A batch, whose inputs and targets must be those of its positions."""
        if len(arrays) != 3:
            raise wrong(f"gave a batch of {len(arrays)} parts for a dataset of three tensors.")
        inputs, targets, positions = arrays
        self.seen([positions])
        right = self._examples.take(positions)
        if not (np.array_equal(inputs, right.inputs) and np.array_equal(targets, right.targets)):
            raise wrong("gave a batch whose inputs or targets belong to other examples.")
        return Examples(inputs, targets)

    def seen(self, batches: list[np.ndarray]) -> None:
        for positions in batches:
            self._one(np.asarray(positions))

    def _one(self, positions: np.ndarray) -> None:
        count, self._step = len(self._visits), self._step + 1
        if positions.dtype.kind not in "iu" or not ((positions >= 0) & (positions < count)).all():
            raise wrong("gave positions that the dataset does not have.")
        self._visits += np.bincount(positions, minlength=count)
        if self._visits.max() > 1:
            example = int(self._visits.argmax())
            raise wrong(f"gave example {example} twice in one pass, in step {self._step}.")
        if self._step % self.steps:
            return
        if not self._visits.all():
            lost = int((self._visits == 0).sum())
            raise wrong(f"left out {lost} of {count} examples in a pass of {self.steps} batches.")
        self._visits[:] = 0


def wrong(what: str) -> Failure:
    return Failure(
        f"In training, `DataLoader(dataset, batch_size=..., shuffle=True)` {what}",
        module="05_data",
        part="utils.data.DataLoader",
        hint="In one pass each example comes once, with its own target.",
    )

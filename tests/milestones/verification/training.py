"""The training loop of every milestone, and whether each parameter moved in it.

The loop is the one a student writes. The loss and accuracy shown are computed by NumPy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np

from verification import there
from verification.data import Examples
from verification.failures import Failure
from verification.model_under_test import ModelUnderTest, Values, affordable
from verification.run import Run
from verification.training_gradients import LOOKS, TrainingCheck, check_descent


def minibatches(
    rng: np.random.Generator,
    examples: Examples,
    order: Iterator[np.ndarray],
    steps: int,
    noise: float = 0.0,
) -> Iterator[Examples]:
    """`steps` batches in this order; with noise no two epochs show the same inputs."""
    for index in islice(order, steps):
        inputs, targets = examples.take(index)
        if noise:
            inputs = inputs + rng.normal(0, noise, inputs.shape).astype(inputs.dtype)
        yield Examples(inputs, targets)


def order_of(run: Run, count: int, size: int, *, own: bool) -> Iterator[np.ndarray]:
    """The positions in each batch, each epoch in a new order.

    `own`: by the framework's `batch_indices`, if it has that; each pass of it is checked.
    """
    before = np.empty(0, int)
    while True:
        batches = run.there(there.one_pass)(run.tt, count, size) if own else None
        if batches is None:
            order = run.rng.permutation(count)
            yield from (order[at : at + size] for at in range(0, count - size + 1, size))
            continue
        check_pass(batches, before, count, size)
        before = np.concatenate(batches)
        yield from batches


def check_pass(batches: list[np.ndarray], before: np.ndarray, count: int, size: int) -> None:
    """Check that a pass ends, has every example once, and is in another order than the last."""
    steps = -(-count // size)
    shapes = {(batch.ndim, batch.dtype.kind) for batch in batches}
    joined = np.concatenate(batches) if shapes == {(1, "i")} else np.empty(0, int)
    said = ""
    if len(batches) > steps:
        said = f"goes on after {steps} batches, which hold all {count} examples: does it never end?"
    elif not np.array_equal(np.sort(joined), np.arange(count)):
        said = f"does not give each of {count} positions once."
    elif np.array_equal(joined, before):
        said = "gives the same order in two passes: it does not shuffle."
    if said:
        raise Failure(
            f"In training, `batch_indices({count}, {size})` {said}",
            module="04_training",
            part="training.batch_indices",
            hint="In one pass each example comes once, and every pass has a new order.",
        )


def train(
    subject: ModelUnderTest,
    examples: Examples,
    optimizer: Any,
    *,
    steps: int,
    batch: int,
    phase: str = "training",
    schedule: Any = None,
    noise: float = 0.0,
    lr: float | None = None,
) -> None:
    """Forward, loss, backward, step; report NumPy's loss and accuracy as progress.

    In some steps of the phase "training", the gradients are checked before they are used; with
    `lr`, that of the course's own GradientDescent, afterwards, in a request like all others.
    Between checks and events, several steps are one request, which costs as much as a small matrix
    product. With a schedule, the framework's own batches and steps are used.
    """
    run = subject.run
    order = order_of(run, len(examples.targets), batch, own=schedule is not None)
    batches = minibatches(run.rng, examples, order, steps, noise)
    check, pace, done = TrainingCheck(subject, planned_checks(run, phase, steps)), Pace(run), 0
    with subject.mode(training=True):
        while done < steps:
            if check.is_due(done + 1):
                chosen = [next(batches)]
                seen = checked_step if lr is None else partial(seen_step, lr=lr, pace=pace)
                output = seen(subject, chosen[0], optimizer, schedule, done + 1, check)
            else:
                chosen = list(islice(batches, min(pace.until(done, steps), check.until(done))))
                output = pace.timed(subject, optimizer, schedule, chosen)
            done += len(chosen)
            if run.progress_is_due(done, steps):
                last = chosen[-1].targets
                out = subject.output_array(output, len(last))
                report(subject, phase, done, steps, out, last)


def planned_checks(run: Run, phase: str, steps: int) -> list[int]:
    """The steps at which gradients are checked: early, on the way, at the end; only in "training".

    The last one leaves room for the steps after it that decide.
    """
    if phase != "training":
        return []
    quarters = [2, max(3, steps // 4), max(4, steps - LOOKS)]
    drawn = [int(run.checks_rng.integers(a, b)) for a, b in pairwise(quarters)]
    return [*drawn, steps - LOOKS + 1] if steps > 4 * LOOKS else drawn[:1]


class Pace:
    """Chooses the steps per request: up to the next point of the curve, and never for long."""

    def __init__(self, run: Run) -> None:
        self._run, self._affordable = run, 1

    def until(self, done: int, steps: int) -> int:
        return min(self._affordable, self._run.until_event(done, steps))

    def timed(
        self, subject: ModelUnderTest, optimizer: Any, schedule: Any, chosen: list[Examples]
    ) -> Any:
        """Run these steps, measure their time, and return the last output, an array."""
        call, run = self._run.there(there.training_steps), self._run
        with self.timing(len(chosen)):
            return call(run.tt, subject.model, subject.criterion, optimizer, schedule, chosen)

    @contextmanager
    def timing(self, steps: int) -> Iterator[None]:
        """Measure the time that these steps take."""
        began = time.perf_counter()
        yield
        self._affordable = min(2 * steps, affordable(steps, time.perf_counter() - began))


def seen_step(
    subject: ModelUnderTest,
    chosen: Examples,
    optimizer: Any,
    schedule: Any,
    step: int,
    check: TrainingCheck,
    lr: float,
    pace: Pace,
) -> Any:
    """A step of gradient descent like all others, whose gradients are checked afterwards."""
    before, moment = subject.parameter_values(), subject.moment()
    output = pace.timed(subject, optimizer, schedule, [chosen])
    check_descent(subject, before, lr)
    with subject.at(before):
        check.look(step, chosen, moment)
    return output


def checked_step(
    subject: ModelUnderTest,
    chosen: Examples,
    optimizer: Any,
    schedule: Any,
    step: int,
    check: TrainingCheck,
) -> Any:
    """A training step whose gradients are checked before they are used."""
    run, moment = subject.run, subject.moment()
    output = run.there(there.gradients)(
        run.tt, subject.model, subject.criterion, optimizer, *chosen
    )
    check.look(step, chosen, moment)
    run.there(there.update)(optimizer, schedule)
    return output.data


def report(
    subject: ModelUnderTest,
    phase: str,
    step: int,
    steps: int,
    out: np.ndarray,
    targets: np.ndarray,
    said: str | None = None,
) -> None:
    """Report progress; fail at once if the outputs have become NaN or infinite."""
    if not np.isfinite(out).all():
        raise Failure(
            f"The network's outputs became NaN or infinite by step {step} of {steps} ({phase}).",
            hint="Is a step in the wrong direction, or far too large? Is there a log of zero or a "
            "division by zero?",
        )
    loss, accuracy = subject.metrics.loss(out, targets), subject.metrics.accuracy(out, targets)
    held_out = subject.run.looked(subject, step, steps)
    subject.run.progress(phase, step, steps, loss, accuracy, said, held_out)


def check_moved(subject: ModelUnderTest, before: Values) -> None:
    """Check that every part of every parameter has moved, except those without a gradient."""
    after = subject.parameter_values()
    frozen = [
        part
        for name, old in before.items()
        for part in subject.parts_of(name, old)
        if not part.zero_because and np.array_equal(after[name][part.rows], old[part.rows])
    ]
    if frozen:
        raise Failure(
            f"After training, `{frozen[0]}` has not changed: it did not learn.",
            unmoved=", ".join(map(str, frozen)),
            moved=f"{len(before) - len({part.parameter for part in frozen})} of {len(before)} "
            "parameters",
            hint="Does model.parameters() yield it, does its gradient arrive, and does the "
            "optimizer's step change it?",
        )

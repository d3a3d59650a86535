"""The training loop of every milestone, and whether each parameter moved in it.

The loop is the one a student writes. What is shown while it runs is computed by NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from verification.data import Examples
from verification.faults import Fault
from verification.metrics import Metrics
from verification.model_gradients import check_in_training

if TYPE_CHECKING:
    from verification.run import Run


class GradientDescent:
    """An optimizer of one line, for the milestones before module 04."""

    def __init__(self, parameters: Any, lr: float) -> None:
        self.parameters, self.lr = list(parameters), lr

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        for p in self.parameters:
            if p.grad is not None:
                p.data -= self.lr * p.grad.data


def minibatches(
    rng: np.random.Generator, examples: Examples, size: int, steps: int, noise: float = 0.0
) -> Iterator[Examples]:
    """`steps` batches, each epoch in a new order; with noise no two epochs show the same inputs."""
    count, left = len(examples.targets), np.empty(0, int)
    for _ in range(steps):
        if len(left) < size:
            left = rng.permutation(count)
        index, left = left[:size], left[size:]
        inputs, targets = examples.take(index)
        if noise:
            inputs = inputs + rng.normal(0, noise, inputs.shape).astype(inputs.dtype)
        yield Examples(inputs, targets)


def train(
    run: Run,
    model: Any,
    criterion: Callable[[Any, Any], Any],
    examples: Examples,
    metrics: Metrics,
    optimizer: Any,
    *,
    steps: int,
    batch: int,
    phase: str = "training",
    schedule: Any = None,
    noise: float = 0.0,
) -> None:
    """Forward, loss, backward, step; NumPy's loss and accuracy go out as progress.

    In one early step of the phase "training", the gradients are checked as they are.
    """
    checked = int(run.checks_rng.integers(2, max(3, steps // 4))) if phase == "training" else None
    batches = minibatches(run.rng, examples, batch, steps, noise)
    for step, (inputs, targets) in enumerate(batches, 1):
        output = model(run.tensor(inputs))
        loss = criterion(output, run.tensor(targets))
        optimizer.zero_grad()
        loss.backward()
        if step == checked:
            check_in_training(run, model, metrics.loss, Examples(inputs, targets))
        optimizer.step()
        if schedule is not None:
            schedule.step()
        if run.progress_is_due(step, steps):
            report(run, phase, step, steps, np.asarray(output.data), targets, metrics)


def report(
    run: Run,
    phase: str,
    step: int,
    steps: int,
    out: np.ndarray,
    targets: np.ndarray,
    metrics: Metrics,
) -> None:
    """One progress event. Training that has become NaN is not worth waiting for."""
    if not np.isfinite(out).all():
        raise Fault(
            f"The network's outputs became NaN or infinite by step {step} of {steps} ({phase}).",
            hint="A step in the wrong direction, or one far too large, grows without end; so does "
            "a log of zero or a division by zero.",
        )
    run.progress(phase, step, steps, metrics.loss(out, targets), metrics.accuracy(out, targets))


def parameter_values(model: Any) -> dict[str, np.ndarray]:
    """A copy of every parameter, by name."""
    return {name: np.array(p.data) for name, p in model.named_parameters()}


def parts_that_move(name: str, size: int) -> dict[str, slice]:
    """What must move in a parameter: all of it, or each of the projections that share one tensor.

    The key projection's bias is the one exception: it adds the same number to all scores of a
    query, softmax takes no notice, and its gradient is exactly zero.
    """
    third = size // 3
    projections = {part: slice(i * third, (i + 1) * third) for i, part in enumerate("QKV")}
    if name.endswith("in_proj_weight"):
        return {f"{name} ({part} projection)": rows for part, rows in projections.items()}
    if name.endswith("in_proj_bias"):
        return {f"{name} ({part} projection)": projections[part] for part in "QV"}
    return {name: slice(None)}


def check_moved(before: dict[str, np.ndarray], model: Any) -> None:
    """Every parameter that should move has moved."""
    after = parameter_values(model)
    frozen = [
        part
        for name, old in before.items()
        for part, rows in parts_that_move(name, len(old)).items()
        if np.array_equal(after[name][rows], old[rows])
    ]
    if frozen:
        raise Fault(
            f"After training, `{frozen[0]}` is what it was before: it did not learn.",
            unmoved=", ".join(frozen),
            moved=f"{len(before) - len({part.split(' ')[0] for part in frozen})} of {len(before)} "
            "parameters",
            hint="Does model.parameters() yield it, does its gradient arrive, and does the "
            "optimizer's step change it?",
        )

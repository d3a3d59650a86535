"""Probes of module 04: what one step of each optimizer does to a parameter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification.probes.probe import Kit, Probe, expect
from verification.wording import RELATIVE

STEPS = 3
Rule = Callable[[np.ndarray, list[np.ndarray]], np.ndarray]


def sgd(lr: float, momentum: float = 0.0, decay: float = 0.0) -> Rule:
    """The parameter after SGD steps with these gradients, one after the other."""

    def end(value: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
        velocity = np.zeros_like(value)
        for g in gradients:
            velocity = momentum * velocity + g + decay * value
            value = value - lr * velocity
        return value

    return end


def adam(lr: float, decay: float = 0.0, decoupled: float = 0.0) -> Rule:
    """The same for Adam, and for AdamW, whose decay is decoupled from the gradient."""

    def end(value: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
        m = v = np.zeros_like(value)
        for t, g in enumerate(gradients, 1):
            g = g + decay * value
            value = value * (1 - lr * decoupled)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            value = value - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return value

    return end


def parameters_of(kit: Kit, *values: np.ndarray | list[float]) -> list[Any]:
    return [kit.tt.nn.Parameter(kit.tt.tensor(np.array(value))) for value in values]


def give_gradients(kit: Kit, parameters: list[Any], gradients: list[np.ndarray]) -> None:
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = kit.tt.tensor(g.astype(p.data.dtype))


def check(name: str, call: str, rule: Rule, **options: float) -> Callable[[Kit], None]:
    """A check that `steps` steps of this optimizer arrive where NumPy does.

    There are several parameters, which must not share state; the third is float32, as in training.
    Some gradients are so small that a wrong place of Adam's eps shows.
    """

    def run(kit: Kit) -> None:
        dtypes = (np.float64, np.float64, np.float32)
        starts = [kit.rng.normal(size=(2, 3)).astype(dtype) for dtype in dtypes]
        parameters = parameters_of(kit, *starts)
        optimizer = getattr(kit.tt.optim, name)(parameters, **options)
        passed: list[list[np.ndarray]] = []
        for _ in range(STEPS):
            passed.append([kit.rng.normal(size=start.shape) * [1, 1, 1e-7] for start in starts])
            give_gradients(kit, parameters, passed[-1])
            optimizer.step()
            for i, (p, start) in enumerate(zip(parameters, starts, strict=True)):
                unchanged = np.array_equal(p.data, start)
                expect(
                    f"After {len(passed)} step(s) of `{call}`, `{'pqr'[i]}`",
                    p.data,
                    rule(start.astype(np.float64), [gradients[i] for gradients in passed]),
                    relative=1e-3 if start.dtype == np.float32 else RELATIVE,
                    hint="step() does nothing: the parameter has not changed."
                    if unchanged
                    else HINTS[name],
                )

    return run


ADAM = (
    "m, v and the number of steps belong to each parameter; step by -lr * m_hat / (sqrt(v_hat) + "
    "eps), with eps outside the square root."
)
HINTS = {
    "SGD": "step() moves against the gradient and changes p.data itself. Each parameter has its "
    "own state.",
    "Adam": ADAM,
    "AdamW": f"Shrink the weight by 1 - lr * weight_decay first. {ADAM}",
}


def check_zero_grad(kit: Kit) -> None:
    """zero_grad clears old gradients."""
    both = parameters_of(kit, [1.0, 2.0], [3.0, 4.0])
    give_gradients(kit, both, [np.ones(2), np.ones(2)])
    kit.tt.optim.SGD(both, lr=0.1).zero_grad()
    for name, p in zip("pq", both, strict=True):
        expect(
            f"After `SGD([p, q], lr=0.1).zero_grad()`, the largest entry of `{name}.grad`",
            0.0 if p.grad is None else np.abs(p.grad.data).max(),
            0.0,
            hint="Gradients add up: without clearing them, every step repeats all earlier ones.",
        )


def check_cosine(kit: Kit, name: str) -> None:
    """The learning rate falls along half a cosine, from its start to zero."""
    (p,) = parameters_of(kit, [1.0, -2.0])
    optimizer = getattr(kit.tt.optim, name)([p], lr=0.4)
    schedule = kit.tt.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    sizes = []
    for _ in range(4):
        give_gradients(kit, [p], [np.ones(2)])
        before = np.array(p.data)
        optimizer.step()
        schedule.step()
        sizes.append(float((before - p.data)[0]))
    expect(
        f"With `CosineAnnealingLR({name}([p], lr=0.4), T_max=4)` and gradients of 1, the step "
        "sizes, one after the other,",
        sizes,
        0.2 * (1 + np.cos(np.pi * np.arange(4) / 4)),
        hint="schedule.step() sets the learning rate of every group of the optimizer, and the "
        "optimizer reads it there in every step.",
    )


# Each with its own learning rate, so that a constant would be noticed.
OPTIMIZERS = [
    ("SGD", "SGD([p, q, r], lr=0.1)", sgd(0.1), {"lr": 0.1}),
    (
        "SGD", "SGD([p, q, r], lr=0.2, momentum=0.9)", sgd(0.2, 0.9),
        {"lr": 0.2, "momentum": 0.9},
    ),
    (
        "SGD", "SGD([p, q, r], lr=0.3, weight_decay=0.5)", sgd(0.3, decay=0.5),
        {"lr": 0.3, "weight_decay": 0.5},
    ),
    ("Adam", "Adam([p, q, r], lr=0.1)", adam(0.1), {"lr": 0.1}),
    (
        "Adam", "Adam([p, q, r], lr=0.2, weight_decay=0.5)", adam(0.2, decay=0.5),
        {"lr": 0.2, "weight_decay": 0.5},
    ),
    (
        "AdamW", "AdamW([p, q, r], lr=0.3, weight_decay=0.5)", adam(0.3, decoupled=0.5),
        {"lr": 0.3, "weight_decay": 0.5},
    ),
]  # fmt: skip

SCHEDULE = "optim.lr_scheduler.CosineAnnealingLR"
PROBES = [
    *(
        Probe(f"optim.{name}", "04_training", check(name, call, rule, **options))
        for name, call, rule, options in OPTIMIZERS
    ),
    Probe("optim.SGD.zero_grad", "04_training", check_zero_grad),
    *(Probe(SCHEDULE, "04_training", partial(check_cosine, name=name)) for name in ("SGD", "Adam")),
]

"""Probes of module 04: what one step of each optimizer does to a parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from verification.probe import Kit, Probe, expect

STEPS = 3
Rule = Callable[[np.ndarray, list[np.ndarray]], np.ndarray]


def sgd(lr: float, momentum: float = 0.0) -> Rule:
    """Where SGD arrives from a start, with these gradients one after the other."""

    def end(value: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
        velocity = np.zeros_like(value)
        for g in gradients:
            velocity = momentum * velocity + g
            value = value - lr * velocity
        return value

    return end


def adam(lr: float, decay: float = 0.0) -> Rule:
    """The same for Adam, and for AdamW with a decay."""

    def end(value: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
        m = v = np.zeros_like(value)
        for t, g in enumerate(gradients, 1):
            value = value * (1 - lr * decay)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            value = value - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return value

    return end


def parameter_with_gradients(kit: Kit, gradients: list[np.ndarray]) -> tuple[Any, Iterator[None]]:
    """(a parameter, an iterator that gives it its next gradient)."""
    p = kit.tt.nn.Parameter(kit.tt.tensor(np.array([1.0, -2.0, 0.5])))

    def feed() -> Iterator[None]:
        for g in gradients:
            p.grad = kit.tt.tensor(g.copy())
            yield

    return p, feed()


def check(name: str, call: str, rule: Rule, **options: float) -> Callable[[Kit], None]:
    """A check that `steps` steps of this optimizer arrive where NumPy does."""

    def run(kit: Kit) -> None:
        gradients = list(kit.rng.normal(size=(STEPS, 3)))
        p, feed = parameter_with_gradients(kit, gradients)
        start = np.array(p.data)
        optimizer = getattr(kit.tt.optim, name)([p], **options)
        for done, _ in enumerate(feed, 1):
            optimizer.step()
            unchanged = np.array_equal(p.data, start)
            expect(
                f"After {done} step(s) of `{call}`, the parameter",
                p.data,
                rule(start, gradients[:done]),
                hint="step() does nothing: the parameter is what it was before."
                if unchanged
                else "step() goes against the gradient, and changes p.data itself.",
            )

    return run


def check_zero_grad(kit: Kit) -> None:
    """After zero_grad nothing of an old gradient is left."""
    p, feed = parameter_with_gradients(kit, [np.ones(3)])
    next(feed)
    kit.tt.optim.SGD([p], lr=0.1).zero_grad()
    left = 0.0 if p.grad is None else np.abs(p.grad.data).max()
    expect(
        "After `optimizer.zero_grad()`, the largest entry of `p.grad`",
        left,
        0.0,
        hint="Gradients add up: without clearing them, every step repeats all earlier ones.",
    )


def check_cosine(kit: Kit) -> None:
    """The step size falls along half a cosine, from its start to zero."""
    p, _ = parameter_with_gradients(kit, [])
    optimizer = kit.tt.optim.SGD([p], lr=0.4)
    schedule = kit.tt.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    sizes = []
    for _ in range(4):
        p.grad = kit.tt.tensor(np.ones(3))
        before = np.array(p.data)
        optimizer.step()
        schedule.step()
        sizes.append(float((before - p.data)[0]))
    expect(
        "With `CosineAnnealingLR(SGD([p], lr=0.4), T_max=4)` the step sizes, one after the other,",
        sizes,
        0.2 * (1 + np.cos(np.pi * np.arange(4) / 4)),
        hint="schedule.step() sets the learning rate of every group of the optimizer.",
    )


OPTIMIZERS = [
    ("SGD", "SGD([p], lr=0.1)", sgd(0.1), {"lr": 0.1}),
    (
        "SGD", "SGD([p], lr=0.1, momentum=0.9)", sgd(0.1, 0.9),
        {"lr": 0.1, "momentum": 0.9},
    ),
    ("Adam", "Adam([p], lr=0.1)", adam(0.1), {"lr": 0.1}),
    (
        "AdamW", "AdamW([p], lr=0.1, weight_decay=0.5)", adam(0.1, 0.5),
        {"lr": 0.1, "weight_decay": 0.5},
    ),
]  # fmt: skip

PROBES = [
    *(
        Probe(f"optim.{name}", "04_training", check(name, call, rule, **options))
        for name, call, rule, options in OPTIMIZERS
    ),
    Probe("optim.SGD.zero_grad", "04_training", check_zero_grad),
    Probe("optim.lr_scheduler.CosineAnnealingLR", "04_training", check_cosine),
]

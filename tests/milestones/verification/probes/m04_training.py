"""Probes of module 04: what one step of each optimizer does to a parameter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification.probes.probe import Kit, Probe, expect
from verification.probes.rules import SGD, Adam, Array, Rule, mistakes
from verification.wording import RELATIVE, agree, compare, plural

STEPS = 3


def parameters_of(kit: Kit, *values: np.ndarray | list[float]) -> list[Any]:
    return [kit.tt.nn.Parameter(kit.tt.tensor(np.array(value))) for value in values]


def give_gradients(kit: Kit, parameters: list[Any], gradients: list[np.ndarray]) -> None:
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = kit.tt.tensor(g.astype(p.data.dtype))


def check(name: str, call: str, rule: SGD | Adam, **options: float) -> Callable[[Kit], None]:
    """A check that `STEPS` steps of this optimizer arrive where NumPy does.

    There are several parameters, which must not share state; the third is float32, as in training.
    Some gradients are so small that a wrong place of Adam's eps shows.
    """

    def run(kit: Kit) -> None:
        dtypes = (np.float64, np.float64, np.float32)
        starts = [kit.rng.normal(size=(2, 3)).astype(dtype) for dtype in dtypes]
        parameters = parameters_of(kit, *starts)
        optimizer = getattr(kit.tt.optim, name)(parameters, **options)
        passed: list[list[Array]] = []
        for _ in range(STEPS):
            passed.append([kit.rng.normal(size=start.shape) * [1, 1, 1e-7] for start in starts])
            give_gradients(kit, parameters, passed[-1])
            optimizer.step()
            for i, (p, start) in enumerate(zip(parameters, starts, strict=True)):
                gradients = [given[i] for given in passed]
                check_arrived(f"{'pqr'[i]}", call, np.array(p.data), start, rule, gradients)

    return run


def check_arrived(
    name: str, call: str, found: Array, start: Array, rule: SGD | Adam, gradients: list[Array]
) -> None:
    """Check where a parameter has gone; if that is wrong, describe how it has moved."""
    before, relative = start.astype(np.float64), RELATIVE
    if start.dtype == np.float32:
        relative = 1e-3
    right = rule(before, gradients)
    if compare(found, right, relative) is None:
        return
    steps = f"After {plural(len(gradients), 'step')} of `{call}`, "
    shown = one_entry(name, found, right, before, gradients, relative)
    if np.array_equal(found, start):
        expect(f"{steps}`{name}`", found, right, called=shown,
               hint=f"step() does nothing: `{name}` has not changed.")  # fmt: skip
    suspects = {
        question: partial(moved, wrong, before, gradients)
        for question, wrong in mistakes(rule).items()
    }
    expect(
        f"{steps}the change of `{name}`", found - before, right - before,
        relative=relative, hint=HINTS[type(rule)], suspects=suspects,
        given={"the gradient": gradients[-1], "the parameter": before}, called=shown,
    )  # fmt: skip
    expect(
        f"{steps}`{name}`", found, right, relative=relative, hint=HINTS[type(rule)], called=shown
    )


def one_entry(
    name: str, found: Array, right: Array, before: Array, gradients: list[Array], relative: float
) -> dict[str, str]:
    """The first entry that is wrong, alone: each goes its own way, and its numbers are few."""
    wrong = ~agree(found - before, right - before, relative)
    at = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else (0,) * wrong.ndim
    passed = ", ".join(f"{g[at]:.6g}" for g in gradients)
    place, each = list(at), "gradients" if len(gradients) > 1 else "gradient"
    words = (
        f"{name}{place} = {before[at]:.7g} at first, {each} {passed}; then yours is "
        f"{found[at]:.7g}, NumPy's {right[at]:.7g}"
    )
    return {"with": words}


def moved(rule: Rule, before: Array, gradients: list[Array]) -> Array:
    return np.asarray(rule(before, gradients) - before)


ADAM = (
    "m, v and the number of steps belong to each parameter; step by -lr * m_hat / (sqrt(v_hat) + "
    "eps), with eps outside the square root."
)
HINTS: dict[type, str] = {
    SGD: "step() moves against the gradient and changes p.data itself. Each parameter has its own "
    "state.",
    Adam: ADAM,
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
        suspects={text: partial(wave, np.arange(4.0)) for text, wave in COSINES.items()},
        hint="schedule.step() sets the learning rate of every group of the optimizer, and the "
        "optimizer reads it there in every step.",
    )


COSINES: dict[str, Callable[[Array], Array]] = {
    "is the rate set (and is t / T_max not cut to 0)?": lambda t: 0.4 + 0 * t,
    "does it rise where it should fall?": lambda t: 0.2 * (1 - np.cos(np.pi * t / 4)),
    "is the angle twice too large?": lambda t: 0.2 * (1 + np.cos(2 * np.pi * t / 4)),
    "is the angle half of what it should be?": lambda t: 0.2 * (1 + np.cos(np.pi * t / 8)),
    "is it the cosine, and not the sine?": lambda t: 0.2 * (1 + np.sin(np.pi * t / 4)),
    "is it the cosine, not the sine of another angle?": lambda t: 0.4 * (1 - np.sin(np.pi * t / 8)),
    "is it a straight line (where is the cosine)?": lambda t: 0.4 * (1 - t / 4),
    "is pi missing in the angle?": lambda t: 0.2 * (1 + np.cos(t / 4)),
    "is 1 added to the cosine?": lambda t: 0.2 * np.cos(np.pi * t / 4),
}

# Each with its own learning rate, so that a constant would be noticed.
OPTIMIZERS: list[tuple[str, str, SGD | Adam, dict[str, float]]] = [
    ("SGD", "SGD([p, q, r], lr=0.1)", SGD(0.1), {"lr": 0.1}),
    (
        "SGD", "SGD([p, q, r], lr=0.2, momentum=0.9)", SGD(0.2, 0.9),
        {"lr": 0.2, "momentum": 0.9},
    ),
    (
        "SGD", "SGD([p, q, r], lr=0.3, weight_decay=0.5)", SGD(0.3, weight_decay=0.5),
        {"lr": 0.3, "weight_decay": 0.5},
    ),
    ("Adam", "Adam([p, q, r], lr=0.15)", Adam(0.15), {"lr": 0.15}),
    (
        "Adam", "Adam([p, q, r], lr=0.2, weight_decay=0.5)", Adam(0.2, weight_decay=0.5),
        {"lr": 0.2, "weight_decay": 0.5},
    ),
    (
        "AdamW", "AdamW([p, q, r], lr=0.3, weight_decay=0.5)", Adam(0.3, decoupled=0.5),
        {"lr": 0.3, "weight_decay": 0.5},
    ),
]  # fmt: skip

SCHEDULE = "optim.lr_scheduler.CosineAnnealingLR"
PROBES = [
    *(
        Probe(f"optim.{name}", "04_training", check(name, call, rule, **options))
        for name, call, rule, options in OPTIMIZERS
    ),
    Probe("optim.Optimizer.zero_grad", "04_training", check_zero_grad),
    *(Probe(SCHEDULE, "04_training", partial(check_cosine, name=name)) for name in ("SGD", "Adam")),
]

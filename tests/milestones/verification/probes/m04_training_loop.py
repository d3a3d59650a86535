"""Probes of module 04: minibatches, one training step, and the measures of a network.

The contract does not fix the names of the loop's parts: a framework without them is not asked.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from verification import probing, there
from verification.failures import Failure
from verification.probes.layers_in_numpy import bits_loss, sigmoid
from verification.probes.m04_training import parameters_of
from verification.probes.probe import Kit, Probe, expect
from verification.wording import show, wrong_visits

MODULE = "04_training"
COUNT, SIZE = 43, 8
PLAIN = np.arange(COUNT)


def part(kit: Kit, name: str) -> Any:
    """A function of `tinytorch.training`, or None."""
    return getattr(getattr(kit.tt, "training", None), name, None)


def check_batch_indices(kit: Kit) -> None:
    """An epoch visits each example once, mixed, in an order of its own."""
    cut = part(kit, "batch_indices")
    if cut is None:
        return
    check_end(kit)
    call = f"`batch_indices({COUNT}, {SIZE})`"
    kit.tt.manual_seed(1)
    first, second = ([np.asarray(batch) for batch in cut(COUNT, SIZE)] for _ in range(2))
    check_complete(call, first)
    check_mixed(call, np.concatenate(first))
    if np.array_equal(np.concatenate(first), np.concatenate(second)):
        raise Failure(
            f"{call}, called twice, gives the same order.",
            hint="Draw a new order from the generator for each epoch.",
        )
    kit.tt.manual_seed(1)
    if not np.array_equal(np.concatenate([*cut(COUNT, SIZE)]), np.concatenate(first)):
        raise Failure(
            f"{call} gives another order after the same `manual_seed`.",
            hint="All random numbers come from the one generator that manual_seed restarts.",
        )
    still = [np.asarray(batch) for batch in cut(COUNT, SIZE, shuffle=False)]
    expect(f"{call[:-2]}, shuffle=False)`, joined,", np.concatenate(still), PLAIN)


def check_end(kit: Kit) -> None:
    """Check that the batches of an epoch have an end, before all of them are asked for."""
    steps = -(-COUNT // SIZE)
    if len(kit.there(there.one_pass)(kit.tt, COUNT, SIZE)) > steps:
        raise Failure(
            f"`batch_indices({COUNT}, {SIZE})` goes on after {steps} batches: does it never end?",
            hint="In one epoch each example is seen once; then the batches end.",
        )


def check_complete(call: str, batches: list[np.ndarray]) -> None:
    """Check that the batches hold every position once, `SIZE` in each but the last."""
    if wrong := wrong_visits(np.concatenate(batches), COUNT):
        raise Failure(
            f"{call} {wrong}.",
            hint="In one epoch each example is seen once. The last batch has what is left.",
        )
    sizes = [len(batch) for batch in batches]
    expect(f"The sizes of the batches of {call}", sizes, [SIZE] * (COUNT // SIZE) + [COUNT % SIZE])


def check_mixed(call: str, order: np.ndarray) -> None:
    """Check that the examples are mixed, not only the batches or inside the batches."""
    place = np.empty(COUNT, int)
    place[order] = PLAIN
    if (np.diff(order) % COUNT == 1).mean() > 0.5:
        raise Failure(
            f"{call} keeps neighbors together: most positions are followed by the next one.",
            hint="Shuffle the positions first, then cut them into batches.",
        )
    if np.abs(place - PLAIN).max() < SIZE:
        raise Failure(
            f"{call} shuffles only inside each batch: no position moves to another batch.",
            hint="Shuffle the positions first, then cut them into batches.",
        )


def check_minibatches(kit: Kit) -> None:
    """Each input keeps its own target."""
    cut = part(kit, "minibatches")
    if cut is None:
        return
    inputs = np.arange(10.0).reshape(5, 2)
    pairs = list(cut(kit.tt.tensor(inputs), kit.tt.tensor(inputs.sum(axis=1)), 2))
    expect("The number of `minibatches(X, y, 2)` of 5 examples", len(pairs), 3)
    for x, y in pairs:
        expect(
            "With y = X.sum(dim=1), the targets in a batch of `minibatches(X, y, 2)`",
            y.data,
            np.asarray(x.data).sum(axis=-1),
            hint="Take inputs and targets at the same positions.",
        )


def check_train_step(kit: Kit) -> None:
    """Each step uses the gradient of its own batch, clipped if wanted."""
    step = part(kit, "train_step")
    if step is None:
        return
    for limit in (None, 0.1):
        model, optimizer, value = one_weight(kit)
        before = 0.0  # the gradient of the step before
        for number in (1, 2):
            x, y = pairs(kit, 4)
            criterion = kit.tt.nn.BCEWithLogitsLoss()
            found = step(model, criterion, optimizer, kit.tt.tensor(x), kit.tt.tensor(y), limit)
            expect("The loss that `train_step` returns", found[0], loss_of(x * value, y))
            gradient = float(((sigmoid(x * value) - y) * x).mean())
            change = np.array(model.weight.data) - value
            still = what_is_called(kit, step) if not change.any() else ""
            wrong = {
                still or "are backward and step called?": 0.0,
                "are the old gradients cleared before backward?": clipped(gradient + before, limit),
                "are the gradients clipped, before the step?": gradient,
                "are target and output in the wrong order?": clipped(-(x * y).mean(), limit),
            }
            before = clipped(gradient, limit)
            expect(
                f"In step {number} of `train_step(..., max_norm={limit})` the weight's change",
                change,
                [[-LR * before]],
                relative=1e-4,
                suspects={text: partial(np.full, (1, 1), -LR * g) for text, g in wrong.items()},
                hint="In this order: clear the old gradients, forward, loss, backward, clip, step.",
                called={
                    "with": f"the weight {value:g}; SGD, lr={LR}; x {show(x)}; targets {show(y)}"
                },
            )
            value -= LR * before


LR = 0.01


def what_is_called(kit: Kit, step: Any) -> str:
    """The question for a weight that stays as it is."""
    model, optimizer, _ = one_weight(kit)
    data = [kit.tt.tensor(array) for array in pairs(kit, 4)]
    try:
        calls = kit.there(probing.calls_of_step)(
            step, [model, kit.tt.nn.BCEWithLogitsLoss(), optimizer, *data], None
        )
    except Exception:  # the optimizer lets nobody listen
        return "are backward and step called?"
    if "zero_grad with gradients" in calls and "step with gradients" not in calls:
        return "are the gradients set to zero between backward and step, so that none is left?"
    if "step with gradients" in calls:
        return "does step() change the weight?"
    return "is backward called before step?" if "step" in calls else "is step called?"


def clipped(gradient: float, limit: float | None) -> float:
    return gradient if limit is None else float(np.clip(gradient, -limit, limit))


def pairs(kit: Kit, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of one number each, and targets far below what the weight of 0.5 makes of them."""
    return kit.rng.uniform(1, 2, (count, 1)), kit.rng.uniform(0.05, 0.3, (count, 1))


def loss_of(scores: np.ndarray, targets: np.ndarray) -> float:
    return float(bits_loss(sigmoid(scores), targets).mean())


def one_weight(kit: Kit) -> tuple[Any, Any, float]:
    """(a Linear with the weight 0.5 and no bias, SGD for it, its weight)."""
    model = kit.tt.nn.Linear(1, 1, bias=False)
    model.weight.data = np.array([[0.5]])
    return model, kit.tt.optim.SGD(model.parameters(), lr=LR), 0.5


def check_accuracy(kit: Kit) -> None:
    """The share of examples whose largest score is at the right class."""
    measure = part(kit, "accuracy")
    if measure is None:
        return
    scores = np.array([[2.0, -1.0, 0.0], [0.3, 0.9, 0.1], [0.2, 0.1, 0.8], [0.9, 0.5, 0.7]])
    found = measure(kit.tt.tensor(scores), kit.tt.tensor(np.array([0, 1, 2, 2])))
    expect("`accuracy(scores, labels)`, with 3 of 4 right,", found, 0.75)


def check_evaluate(kit: Kit) -> None:
    """The means over all examples, also where the last batch is smaller; nothing is trained."""
    measure = part(kit, "evaluate")
    if measure is None:
        return
    model, _, value = one_weight(kit)
    x, y = pairs(kit, 5)
    found = measure(model, kit.tt.nn.BCEWithLogitsLoss(), cut(kit, x, y))
    each = [loss_of(x[rows] * value, y[rows]) for rows in (slice(4), slice(4, 5))]
    swapped = np.log(1 + np.exp(y)) - x * value * y
    expect(
        "The loss of `evaluate(model, BCEWithLogitsLoss(), batches)`, with batches of 4 and 1 "
        "examples,",
        found[0],
        loss_of(x * value, y),
        suspects={
            "does each batch count alike (a batch counts as often as it has examples)?": lambda: (
                sum(each) / 2
            ),
            "are all batches counted, not the first alone?": lambda: each[0],
            "are targets and outputs in the wrong order?": lambda: swapped.mean(),
        },
        hint="A batch counts as often as it has examples.",
    )
    expect("After `evaluate(...)`, the weight", model.weight.data, [[value]])
    scores = kit.tt.nn.Linear(3, 3, bias=False)
    scores.weight.data = np.eye(3)
    found = measure(scores, kit.tt.nn.CrossEntropyLoss(), cut(kit, np.eye(3)[[0, 1, 2, 0, 1]], HIT))
    expect("The accuracy that `evaluate` returns, with 3 of 5 right,", found[1], 0.6)


HIT = np.array([0, 1, 0, 1, 1])


def cut(kit: Kit, x: np.ndarray, y: np.ndarray) -> list[tuple[Any, Any]]:
    """Five examples in a batch of four and one of one."""
    return [(kit.tt.tensor(x[rows]), kit.tt.tensor(y[rows])) for rows in (slice(4), slice(4, 5))]


def check_without_gradient(kit: Kit) -> None:
    """A parameter without a gradient stays as it is, and the others still have their turn."""
    for name in ("SGD", "Adam", "AdamW"):
        p, q = parameters_of(kit, [1.0, 2.0], [3.0, 4.0])
        q.grad = kit.tt.tensor(np.ones(2))
        getattr(kit.tt.optim, name)([p, q], lr=0.1, weight_decay=0.0).step()
        call = f"`{name}([p, q], lr=0.1).step()`, where p.grad is None,"
        hint = "step() passes over the parameters that have no gradient, and goes on."
        expect(f"After {call} `p`", p.data, [1.0, 2.0], hint=hint)
        expect(f"After {call} `q`", q.data, [2.9, 3.9], hint=hint)
        expect(f"After {call} `q.grad`", None if q.grad is None else q.grad.data, [1.0, 1.0])


PROBES = [
    Probe("optim.Optimizer.step", MODULE, check_without_gradient),
    Probe("training.batch_indices", MODULE, check_batch_indices),
    Probe("training.minibatches", MODULE, check_minibatches),
    Probe("training.train_step", MODULE, check_train_step),
    Probe("training.accuracy", MODULE, check_accuracy),
    Probe("training.evaluate", MODULE, check_evaluate),
]

"""Bars and controls: what must be reached, and what must not work.

A control is a run of the same test on something that cannot learn the task. When a control
succeeds, the success of the real thing proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from verification.faults import Fault
from verification.model_under_test import ModelUnderTest
from verification.models import SEPARATOR, SYMBOLS


def require(name: str, value: float, at_least: float) -> None:
    """The bar of a milestone."""
    if not value >= at_least:  # NaN does not pass either
        raise Fault(
            f"It did not learn: {name} {value:.1%}, and {at_least:.1%} is needed.",
            seen="all single parts and all gradients agree with NumPy",
            hint="What changes between steps: does the optimizer use the newest gradients, does "
            "zero_grad clear the old ones, does anything keep arrays of an earlier step?",
        )


def require_more(name: str, value: float, rival: str, other: float, by: float) -> None:
    """Better than a rival that had the same data and as many steps."""
    if not value >= other + by:
        raise Fault(
            f"It knows no more than {rival}: {name} {value:.1%} against {other:.1%}.",
            hint="A filter is used at every place: is its gradient the sum over all places?",
        )


def require_control(what: str, value: float, at_most: float) -> None:
    """A control that does well means that the measurement is worth nothing."""
    if not value <= at_most:
        raise Fault(
            f"The control succeeded: {what} reached {value:.1%}, but should not exceed "
            f"{at_most:.1%}.",
            hint="Does something in the framework see the targets, or keep results from before?",
        )


def parameters_outside(model: Any, *layers: Any) -> list[Any]:
    """The parameters of all other layers: these layers stay as they began."""
    frozen = [p for layer in layers for p in layer.parameters()]
    return [p for p in model.parameters() if not any(p is other for other in frozen)]


@contextmanager
def zeroed(*chosen: Any) -> Iterator[None]:
    """Inside, these parameters, or (parameter, rows) of them, are zero."""
    pairs = [entry if isinstance(entry, tuple) else (entry, slice(None)) for entry in chosen]
    old = [p.data for p, _ in pairs]
    for p, rows in pairs:
        changed = np.array(p.data)
        changed[rows] = 0
        p.data = changed
    try:
        yield
    finally:
        for (p, _), data in zip(pairs, old, strict=True):
            p.data = data


# ------------------------------------------------------------------------------ of the transformer


def exact_match(subject: ModelUnderTest, forward: np.ndarray) -> float:
    """The share of sequences whose whole reversal is written without a mistake.

    Greedy: the model is shown the sequence and the separator, and then what it wrote itself.
    """
    length = forward.shape[1]
    ids = np.concatenate([forward, np.full((len(forward), 1), SEPARATOR)], axis=1)
    for _ in range(length):
        scores = subject.outputs(ids)[:, -1]
        ids = np.concatenate([ids, scores.argmax(axis=-1)[:, None]], axis=1)
    return float((ids[:, length + 1 :] == forward[:, ::-1]).all(axis=1).mean())


def check_causal(subject: ModelUnderTest, ids: np.ndarray) -> None:
    """A token changes nothing before it, and something at its own place."""
    before = subject.outputs(ids)
    for place in range(ids.shape[1]):
        changed = ids.copy()
        changed[:, place] = (ids[:, place] + 1) % SYMBOLS
        moved = np.abs(subject.outputs(changed) - before).max(axis=(0, 2))
        if moved[:place].max(initial=0.0) > 1e-5:
            first = int(np.argmax(moved > 1e-5))
            raise causal_fault(
                f"The future leaks: changing token {place} changes the scores at place {first}."
            )
        if moved[place] == 0.0:
            raise causal_fault(
                f"The scores at place {place} do not depend on the token at place {place}."
            )


def causal_fault(said: str) -> Fault:
    return Fault(
        said,
        module="12_attention",
        part="nn.MultiheadAttention",
        hint="Place i may look at places 0 to i, itself included. Is the mask used, and not off "
        "by one?",
    )

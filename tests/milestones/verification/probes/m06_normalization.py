"""Probes of module 06: normalization over the right numbers, and dropout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.inputs import Array, Input, spread, weights
from verification.probes.operation import Operation, Oracle, probes_of
from verification.probes.probe import Kit, Probe, expect

MODULE = "06_normalization"
EPS = 0.1  # far larger than usual, so that its place can be seen
Axes = tuple[int, ...]

MADE_OF_X = (
    "The mean and the variance are made of x too: the gradient has no part that is the same for "
    "all numbers that share a mean, and none along the normalized numbers."
)


def normalized(x: Array, axes: Axes, ddof: int = 0, eps: float = EPS) -> Array:
    """(x - mean) / sqrt(var + eps), with the statistics over these axes."""
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, ddof=ddof)
    return np.asarray((x - mean) / np.sqrt(var + eps))


def scaled(normal: Callable[[Array], Array], places: int = 0) -> Oracle:
    """Normalize, then scale and shift; each weight stands for `places` more dimensions."""

    def oracle(x: Array, weight: Array, bias: Array | float = 0.0) -> Array:
        shape = (*weight.shape, *(1,) * places)
        shift = bias.reshape(shape) if isinstance(bias, np.ndarray) else bias
        return np.asarray(normal(x) * weight.reshape(shape) + shift)

    return oracle


def suspects(axes: Axes, others: Mapping[str, Axes], places: int = 0) -> dict[str, Oracle]:
    """The common mistakes of a normalization over these axes, as questions."""

    def outside(x: Array) -> Array:
        mean, deviation = (f(x, axis=axes, keepdims=True) for f in (np.mean, np.std))
        return np.asarray((x - mean) / (deviation + EPS))

    def squared(x: Array) -> Array:
        mean, var = (f(x, axis=axes, keepdims=True) for f in (np.mean, np.var))
        return np.asarray((x - mean) / (var + EPS))

    def uncentered(x: Array) -> Array:
        return np.asarray(x / np.sqrt(x.var(axis=axes, keepdims=True) + EPS))

    def over(other: Axes) -> Callable[[Array], Array]:
        return lambda x: normalized(x, other)

    wrong: dict[str, Callable[[Array], Array]] = {
        "is the variance divided by n - 1? It is normalized with the biased one, divided by n.": (
            lambda x: normalized(x, axes, ddof=1)
        ),
        "is eps added outside of the root?": outside,
        "is eps left out?": lambda x: normalized(x, axes, eps=0.0),
        "is the root forgotten?": squared,
        "is the mean subtracted?": uncentered,
    }
    wrong |= {f"does it normalize over {name}?": over(other) for name, other in others.items()}
    return {question: scaled(normal, places) for question, normal in wrong.items()}


def normalization(
    name: str,
    text: str,
    shape: tuple[int, ...],
    axes: Axes,
    layer: Callable[[Any], Any],
    parameter: tuple[int, ...],
    others: Mapping[str, Axes],
    places: int = 0,
) -> Operation:
    """One layer with weight and bias, which normalizes over these axes of its input."""
    return Operation(
        f"nn.{name}", f"nn.{name}({text})(x)", {"x": spread(*shape)},
        lambda layer, x: layer(x),
        scaled(lambda x: normalized(x, axes), places),
        layer=layer,
        parameters={"weight": weights(*parameter), "bias": weights(*parameter)},
        gradient_hint=MADE_OF_X,
        suspects=suspects(axes, others, places),
    )  # fmt: skip


def in_groups(x: Array, groups: int) -> Array:
    """Normalized over groups of channels, each example for itself."""
    rows = x.reshape(len(x), groups, -1)
    return normalized(rows, (2,)).reshape(x.shape)


def divided_by_size(x: Array) -> Array:
    return np.asarray(x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPS))


def shifted(*shape: int) -> Input:
    """Like `spread`, but with a mean that is not zero."""
    return Input(lambda rng: spread(*shape).make(rng) + 1.0)


BATCH = {"each example for itself": (1,), "everything at once": (0, 1)}
IMAGES = {
    "each example for itself": (1, 2, 3),
    "each example and channel for itself": (2, 3),
    "the batch only, each pixel for itself": (0,),
}

LAYERS = [
    normalization(
        "LayerNorm", "5, eps=0.1", (2, 3, 5), (2,), lambda tt: tt.nn.LayerNorm(5, eps=EPS), (5,),
        {"the batch": (0,), "all but the batch": (1, 2), "everything at once": (0, 1, 2)},
    ),
    normalization(
        "LayerNorm", "(3, 2), eps=0.1", (2, 3, 2), (1, 2),
        lambda tt: tt.nn.LayerNorm((3, 2), eps=EPS), (3, 2), {"the last dimension alone": (2,)},
    ),
    Operation(
        "nn.RMSNorm", "nn.RMSNorm(4, eps=0.1)(x)", {"x": shifted(3, 4)},
        lambda layer, x: layer(x), scaled(divided_by_size),
        layer=lambda tt: tt.nn.RMSNorm(4, eps=EPS), parameters={"weight": weights(4)},
        hint="x / sqrt(mean(x * x) + eps) * weight, the mean over the last dimension.",
        gradient_hint="The root mean square is made of x too: the gradient has no part along it.",
        suspects={
            "is the mean subtracted? RMSNorm leaves it.": scaled(lambda x: normalized(x, (1,))),
            "is the root forgotten?": scaled(
                lambda x: x / ((x * x).mean(axis=-1, keepdims=True) + EPS)
            ),
            "is it the sum of the squares in place of their mean?": scaled(
                lambda x: x / np.sqrt((x * x).sum(axis=-1, keepdims=True) + EPS)
            ),
        },
    ),
    Operation(
        "nn.GroupNorm", "nn.GroupNorm(2, 4, eps=0.1)(x)", {"x": spread(2, 4, 3)},
        lambda layer, x: layer(x), scaled(lambda x: in_groups(x, 2), 1),
        layer=lambda tt: tt.nn.GroupNorm(2, 4, eps=EPS),
        parameters={"weight": weights(4), "bias": weights(4)},
        gradient_hint=MADE_OF_X,
        suspects={
            "is it one group?": scaled(lambda x: in_groups(x, 1), 1),
            "is it a group for each channel?": scaled(lambda x: in_groups(x, 4), 1),
        },
    ),
    normalization(
        "BatchNorm1d", "3, eps=0.1", (5, 3), (0,), lambda tt: tt.nn.BatchNorm1d(3, eps=EPS), (3,),
        BATCH,
    ),
    normalization(
        "BatchNorm2d", "2, eps=0.1", (3, 2, 2, 2), (0, 2, 3),
        lambda tt: tt.nn.BatchNorm2d(2, eps=EPS), (2,), IMAGES, places=2,
    ),
]  # fmt: skip

# ---------------------------------------------------------------------------------------- dropout

P, DROPS = 0.25, 4000


def check_dropout(kit: Kit) -> None:
    """In training: zeros with probability p, the others divided by 1 - p; a new draw each time."""
    layer, ones = kit.tt.nn.Dropout(P), kit.tt.tensor(np.ones(DROPS))
    kit.tt.manual_seed(1)
    first, second = (np.array(layer(ones).data) for _ in range(2))
    check_kept(first)
    share = float((first == 0).mean())
    if abs(share - P) > 0.05:
        opposite = ": is p the probability to be kept?" if abs(share - (1 - P)) < 0.05 else "."
        raise Failure(f"`nn.Dropout({P})` drops {share:.0%} of the numbers{opposite}")
    if np.array_equal(first, second):
        raise Failure(f"`nn.Dropout({P})`, called twice, drops the same numbers.")
    kit.tt.manual_seed(1)
    if not np.array_equal(np.asarray(layer(ones).data), first):
        raise Failure(
            f"`nn.Dropout({P})` drops other numbers after the same `manual_seed`.",
            hint="All random numbers come from the one generator that manual_seed restarts.",
        )


def check_kept(out: Array) -> None:
    """What is not dropped is divided by 1 - p."""
    kept = out[out != 0]
    if not len(kept):
        raise Failure(f"`nn.Dropout({P})` drops everything.")
    questions = {1.0: "is nothing divided by 1 - p?", 1 / P: "is it divided by p?",
                 1 - P: "is it multiplied by 1 - p?"}  # fmt: skip
    found = next((q for value, q in questions.items() if np.allclose(kept, value)), "")
    expect(
        f"What `nn.Dropout({P})` keeps of ones" + (f" ({found})" if found else ""),
        kept,
        np.full(len(kept), 1 / (1 - P)),
        hint="What is kept is divided by 1 - p in training, so that the mean stays the same.",
    )


def check_dropout_off(kit: Kit) -> None:
    """In evaluation mode, and with p = 0, nothing changes."""
    x = spread(3, 4).make(kit.rng)
    layer = kit.tt.nn.Dropout(P)
    layer.eval()
    expect(
        f"`nn.Dropout({P})(x)` in evaluation mode", np.asarray(layer(kit.tt.tensor(x)).data), x,
        hint="Nothing is dropped or divided in evaluation mode: does it look at self.training?",
    )  # fmt: skip
    expect("`nn.Dropout(0.0)(x)`", np.asarray(kit.tt.nn.Dropout(0.0)(kit.tt.tensor(x)).data), x)


def check_dropout_gradient(kit: Kit) -> None:
    """Backward goes through the same numbers as forward."""
    x = kit.tt.tensor(np.full(200, 3.0), requires_grad=True)
    out = kit.tt.nn.Dropout(P)(x)
    out.sum().backward()
    found = None if x.grad is None else np.asarray(x.grad.data)
    expect(
        f"The gradient of x through `nn.Dropout({P})(x).sum()`", found, np.asarray(out.data) / 3,
        hint="It is 0 where a number was dropped and 1 / (1 - p) where it was kept: one draw for "
        "both ways.",
    )  # fmt: skip


PROBES = [
    *probes_of(LAYERS, MODULE, MODULE),
    Probe("nn.Dropout", MODULE, check_dropout),
    Probe("nn.Dropout", MODULE, check_dropout_off),
    Probe("nn.Dropout", MODULE, check_dropout_gradient),
]

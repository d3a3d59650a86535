"""Probes of module 06: normalization over the right numbers, and its way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import Array, Input, spread, weights
from verification.probes.normalizing import (
    EPS,
    Axes,
    Oracle,
    WayBack,
    mistakes_back,
    normalized,
    scaled,
    suspects,
    with_parameters,
)
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe
from verification.wording import show

MODULE = "06_normalization"

MADE_OF_X = (
    "For x: its mean and variance are made of x too, so the gradient has no part that is the same "
    "for all numbers that share a mean, and none along the normalized numbers. For weight and "
    "bias: the sum over all that they scale and shift."
)


def normalization(
    name: str,
    text: str,
    shape: tuple[int, ...],
    axes: Axes,
    layer: Callable[[Any], Any],
    parameter: tuple[int, ...],
    others: Mapping[str, Axes],
    places: int = 0,
    more: Mapping[str, Oracle] | None = None,
) -> Operation:
    """One layer with weight and bias, which normalizes over these axes of its input."""
    return Operation(
        f"nn.{name}", f"nn.{name}({text})(x)", {"x": spread(*shape)},
        lambda layer, x: layer(x),
        scaled(lambda x: normalized(x, axes), places),
        layer=layer,
        parameters={"weight": weights(*parameter), "bias": weights(*parameter)},
        gradient_hint=MADE_OF_X,
        suspects=suspects(axes, others, places) | dict(more or {}),
        gradient_suspects=mistakes_back(WayBack(axes, EPS, places), others),
    )  # fmt: skip


def in_groups(x: Array, groups: int, eps: float = EPS, axes: Axes = (2,)) -> Array:
    """Normalized over groups of channels, each example for itself."""
    rows = x.reshape(len(x), groups, -1)
    return normalized(rows, axes, eps=eps).reshape(x.shape)


def in_strided_groups(x: Array, groups: int) -> Array:
    """With every so many-th channel in a group."""
    n, channels, *places = x.shape
    turned = x.reshape(n, channels // groups, groups, *places).swapaxes(1, 2)
    normal = in_groups(turned.reshape(x.shape), groups).reshape(turned.shape)
    return np.asarray(normal.swapaxes(1, 2).reshape(x.shape))


def places_first(x: Array) -> Array:
    """The numbers of (N, C, ...) read as if the channels were last, and then moved to place 1."""
    return np.asarray(np.moveaxis(x.reshape(len(x), -1, x.shape[1]), 2, 1).reshape(x.shape))


def only_reshaped(x: Array) -> Array:
    """Columns by a reshape alone, which do not hold one channel each; put back in the right way."""
    columns = normalized(x.reshape(-1, x.shape[1]), (0,))
    return np.moveaxis(columns.reshape(len(x), *x.shape[2:], x.shape[1]), -1, 1)


def divided_by_size(x: Array, axis: int = -1) -> Array:
    return np.asarray(x / np.sqrt((x * x).mean(axis=axis, keepdims=True) + EPS))


def shifted(*shape: int) -> Input:
    """Like `spread`, but with a mean that is not zero."""
    return Input(lambda rng: spread(*shape).make(rng) + 1.0)


def with_what_is_remembered(places: int = 0) -> dict[str, Oracle]:
    """Of a batch normalization: with the running statistics, the first ones or moved already.

    The first are mean 0 and variance 1, and the batch's share of the next is 0.1.
    """

    def moved(x: Array) -> Array:
        axes = (0, *range(2, x.ndim))
        mean, var = (f(x, axis=axes, keepdims=True) for f in (np.mean, partial(np.var, ddof=1)))
        return np.asarray((x - 0.1 * mean) / np.sqrt(0.9 + 0.1 * var + EPS))

    asked = "is it normalized with the running statistics{}? Training uses the batch's own."
    return {
        asked.format(""): scaled(lambda x: np.asarray(x / np.sqrt(1 + EPS)), places),
        asked.format(", which have moved already"): scaled(moved, places),
    }


def precise(layer: Any) -> Any:
    """The layer in float64: PyTorch refuses float64 numbers beside a state in float32."""
    for _, state in (*layer.named_parameters(), *layer.named_buffers()):
        values = np.array(state.data)
        if values.dtype.kind == "f":
            state.data = values.astype("f8")
    return layer


RMS_BACK = WayBack((1,), EPS, centered=False, mean_taken=False)
BATCH = {"each example for itself": (1,), "everything at once": (0, 1)}
IMAGES = {
    "each example for itself": (1, 2, 3),
    "each example and channel for itself": (2, 3),
    "the batch only, each pixel for itself": (0,),
}

LAYERS = [
    normalization(
        "LayerNorm", "5, eps=0.1", (2, 3, 5), (2,), lambda tt: tt.nn.LayerNorm(5, eps=EPS), (5,),
        {
            "the batch": (0,), "all but the batch": (1, 2), "all but the last dimension": (0, 1),
            "everything at once": (0, 1, 2),
        },
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
        gradient_suspects=mistakes_back(RMS_BACK),
        suspects={
            "is the mean subtracted? RMSNorm leaves it.": scaled(lambda x: normalized(x, (1,))),
            "is the mean left where it is? RMSNorm only divides.": scaled(
                lambda x: divided_by_size(x) * (1 - x.mean(axis=-1, keepdims=True) / x)
            ),
            "is it the mean square, not the variance?": scaled(
                lambda x: x / np.sqrt(x.var(axis=-1, keepdims=True) + EPS)
            ),
            "is the mean taken over the last dimension, not over the batch?": scaled(
                lambda x: divided_by_size(x, 0)
            ),
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
            "is the eps that is given used, not one of its own?": scaled(
                lambda x: in_groups(x, 2, 1e-5), 1
            ),
            "is it several groups, not one for all channels?": scaled(lambda x: in_groups(x, 1), 1),
            "do several channels form a group, not each its own?": scaled(
                lambda x: in_groups(x, 4), 1
            ),
            "do the channels of a group follow each other, with none of another group between?": (
                scaled(lambda x: in_strided_groups(x, 2), 1)
            ),
            "does each group have its own mean, not one that all share?": scaled(
                lambda x: in_groups(x, 2, axes=(0, 1, 2)), 1
            ),
            "is each mean that of one group's numbers, not that of one place in all groups?": (
                scaled(lambda x: in_groups(x, 2, axes=(0, 1)), 1)
            ),
            "do the places of a channel stay together, (N, C, ...), when weight and bias come?": (
                scaled(lambda x: places_first(in_groups(x, 2)), 1)
            ),
            **with_parameters(lambda x: in_groups(x, 2), 1),
        },
    ),
    normalization(
        "BatchNorm1d", "3, eps=0.1", (5, 3), (0,),
        lambda tt: precise(tt.nn.BatchNorm1d(3, eps=EPS)), (3,), BATCH,
        more=with_what_is_remembered(),
    ),
    normalization(
        "BatchNorm2d", "2, eps=0.1", (3, 2, 2, 2), (0, 2, 3),
        lambda tt: precise(tt.nn.BatchNorm2d(2, eps=EPS)), (2,), IMAGES, places=2,
        more={
            **with_what_is_remembered(2),
            "do the channels become the last axis before the reshape to columns?": scaled(
                only_reshaped, 2
            ),
        },
    ),
]  # fmt: skip


def check_far_from_zero(kit: Kit) -> None:
    """Numbers far from zero are normalized as well as others, in float32."""
    x = (4096 + kit.rng.normal(size=(4, 32))).astype("f4")
    found = np.asarray(kit.tt.nn.LayerNorm(32)(kit.tt.tensor(x)).data)
    right = normalized(x.astype("f8"), (1,), eps=1e-5)
    if not np.abs(found - right).max() < 0.05:  # NaN too; right float32 code is below 0.001
        raise Failure(
            "`nn.LayerNorm(32)(x)` of numbers near 4096, which differ by 1, is wrong: is the mean "
            "subtracted before the numbers are squared?",
            hint="mean(x * x) - mean(x)^2 is a small difference of two large numbers.",
            yours=show(found), numpy=show(right),
        )  # fmt: skip


PROBES = [
    *probes_of(LAYERS, MODULE),
    Probe("nn.LayerNorm", MODULE, check_far_from_zero),
]

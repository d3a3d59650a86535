"""Probes of module 07: convolution and pooling, with cases that are easy to forget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification.probes.compared import probes_of
from verification.probes.images import (
    Oracle,
    Pair,
    cells,
    convolution,
    convolution_mistakes,
    framed,
    overwritten,
)
from verification.probes.inputs import Array, Input, spread, weights
from verification.probes.operation import Operation
from verification.probes.pooling import (
    ADAPTIVE,
    adaptive_average,
    average_back,
    average_mistakes,
    average_pool,
    max_back,
    max_mistakes,
    max_pool,
)
from verification.probes.probe import Kit, Probe, check_drawn_apart, expect


def conv(
    text: str, image: Pair = (4, 5), channels: Pair = (2, 2), kernel: Pair = (3, 3), **options: Any
) -> Operation:
    """One Conv2d with these options; a suspect for each option that may be forgotten."""
    groups = options.get("groups", 1)
    stride = options.get("stride", (1, 1))
    plain = {**options, "stride": (stride, stride) if isinstance(stride, int) else stride}
    back = {
        "is it added where patches overlap, not replaced?": overwritten(
            plain["stride"], options.get("padding", 0)
        )
    }
    shape = (channels[1], channels[0] // groups, *kernel)
    return Operation(
        "nn.Conv2d",
        f"nn.Conv2d({channels[0]}, {channels[1]}, {text})(x)",
        {"x": spread(2, channels[0], *image)},
        lambda layer, x: layer(x),
        convolution(**plain),
        layer=lambda tt: tt.nn.Conv2d(channels[0], channels[1], kernel, **options),
        parameters={"weight": weights(*shape), "bias": weights(channels[1])},
        hint="Each output is the sum of a patch times a filter, plus the filter's bias.",
        suspects=convolution_mistakes(plain),
        gradient_suspects={} if groups > 1 or "dilation" in options else back,
    )


def below_zero(*shape: int) -> Input:
    """Like `spread`, but all negative, so that zeros in the padding would be the largest."""
    return Input(lambda rng: spread(*shape).make(rng) - 2)


def pool(
    name: str, text: str, layer: Callable[[Any], Any], oracle: Oracle, **more: Any
) -> Operation:
    return Operation(
        f"nn.{name}", f"nn.{name}({text})(x)", {"x": below_zero(2, 2, 4, 5)},
        lambda layer, x: layer(x), oracle, layer=layer, **more,
    )  # fmt: skip


CONVOLUTIONS = [
    conv("3"),
    conv("3, padding=1", padding=1),
    conv("3, stride=2", stride=2),  # in a height of 4 the second step has no room
    conv("3, stride=2, padding=1", image=(5, 5), stride=2, padding=1),
    conv("(2, 3), stride=(2, 1)", kernel=(2, 3), stride=(2, 1)),
    conv("2, dilation=2", kernel=(2, 2), dilation=2),
    conv("3, padding=1, groups=2", channels=(2, 4), padding=1, groups=2),
]

ROUTE = "The gradient goes to the cell of the window that was the largest, and to no other."


def added_in_place(kernel: int, stride: int, padding: int) -> Oracle:
    """A mean whose sums were made in the first cells themselves, which other windows see too."""

    def oracle(x: Array) -> Array:
        frame, size = framed(x, padding), average_pool(kernel, stride, padding)(x).shape[2:]
        seen = [cell for _, _, cell in cells(frame, (kernel, kernel), (stride, stride), size)]
        for cell in seen[1:]:
            seen[0] += cell
        return np.asarray(seen[0] / kernel**2)

    return oracle


POOLS = [
    pool(
        "MaxPool2d", "2", lambda tt: tt.nn.MaxPool2d(2), max_pool(2, 2),
        gradient_hint=ROUTE, suspects=max_mistakes(2, 2), gradient_suspects=max_back(2, 2),
    ),
    pool(
        "MaxPool2d", "3, stride=1", lambda tt: tt.nn.MaxPool2d(3, stride=1), max_pool(3, 1),
        gradient_hint=f"{ROUTE} Windows overlap here: a cell can be the largest in several.",
        suspects={"is the stride used?": max_pool(3, 3)} | max_mistakes(3, 1),
        gradient_suspects=max_back(3, 1),
    ),
    pool(
        "MaxPool2d", "3, stride=2, padding=1",
        lambda tt: tt.nn.MaxPool2d(3, stride=2, padding=1), max_pool(3, 2, 1),
        hint="The padding must never be the largest: fill it with minus infinity.",
        gradient_hint=ROUTE,
        suspects=max_mistakes(3, 2, 1), gradient_suspects=max_back(3, 2, 1),
    ),
    pool(
        "AvgPool2d", "2", lambda tt: tt.nn.AvgPool2d(2), average_pool(2, 2),
        suspects=average_mistakes(2, 2), gradient_suspects=average_back(2, 2),
    ),
    pool(
        "AvgPool2d", "3, stride=2, padding=1",
        lambda tt: tt.nn.AvgPool2d(3, stride=2, padding=1), average_pool(3, 2, 1),
        suspects=average_mistakes(3, 2, 1) | {
            "is the first cell copied before the others are added to it?": added_in_place(3, 2, 1)
        },
        gradient_suspects=average_back(3, 2, 1),
    ),
    pool(
        "AdaptiveAvgPool2d", "(3, 2)", lambda tt: tt.nn.AdaptiveAvgPool2d((3, 2)),
        adaptive_average((3, 2)),
        suspects={text: adaptive_average((3, 2), of) for text, of in ADAPTIVE.items()},
    ),
]  # fmt: skip


def check_ties(kit: Kit) -> None:
    """Four equal cells share one gradient, or one of them takes it: it is not given four times."""
    x = kit.tt.tensor(np.ones((1, 1, 4, 4)), requires_grad=True)
    kit.tt.nn.MaxPool2d(2)(x).sum().backward()
    given = None if x.grad is None else np.asarray(x.grad.data)
    expect(
        "With all cells equal, the sum of the gradients that `nn.MaxPool2d(2)` gives a window",
        None if given is None else given.reshape(2, 2, 2, 2).sum(axis=(1, 3)),
        np.ones((2, 2)),
        hint="Several cells can be the largest: only the first one gets the gradient.",
    )


def check_start(kit: Kit) -> None:
    """New filters are drawn one by one."""
    weight = np.array(kit.tt.nn.Conv2d(2, 8, 3).weight.data)
    check_drawn_apart("nn.Conv2d(2, 8, 3).weight", weight)


PROBES = [
    *probes_of([*CONVOLUTIONS, *POOLS], "07_spatial", "07_spatial"),
    Probe("nn.MaxPool2d", "07_spatial", check_ties),
    Probe("nn.Conv2d", "07_spatial", check_start),
]

"""Probes of module 07: convolution and pooling, with cases that are easy to forget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from verification.probes.inputs import Array, Input, spread, weights
from verification.probes.operation import Operation, Oracle, probes_of
from verification.probes.probe import Kit, Probe, check_drawn_apart, expect

Pair = tuple[int, int]


def framed(x: Array, padding: int, value: float = 0.0) -> Array:
    """The padded images. (np.pad takes ten times as long.)"""
    count, channels, height, width = x.shape
    result = np.full((count, channels, height + 2 * padding, width + 2 * padding), value)
    result[:, :, padding : padding + height, padding : padding + width] = x
    return result


def windows(x: Array, kernel: Pair, stride: Pair, dilation: int = 1) -> Array:
    """(N, C, rows, columns, kernel rows, kernel columns): what the kernel sees at each place."""
    size = tuple((k - 1) * dilation + 1 for k in kernel)
    view = sliding_window_view(x, size, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1], ::dilation, ::dilation]


def convolution(
    stride: Pair = (1, 1), padding: int = 0, dilation: int = 1, groups: int = 1, flip: bool = False
) -> Callable[[Array, Array, Array], Array]:
    """What Conv2d should give: for each group, patches times filters."""

    def oracle(x: Array, weight: Array, bias: Array) -> Array:
        kernel = weight[..., ::-1, ::-1] if flip else weight
        seen = windows(framed(x, padding), weight.shape[2:], stride, dilation)
        parts = zip(np.split(seen, groups, axis=1), np.split(kernel, groups, axis=0), strict=True)
        out = [np.einsum("nchwij,ocij->nohw", patch, filters) for patch, filters in parts]
        return np.asarray(np.concatenate(out, axis=1) + bias[:, None, None])

    return oracle


def cut_to(right: Oracle, wrong: Oracle) -> Oracle:
    """A wrong result cut to the right size, for a suspect."""

    def oracle(*arrays: Array) -> Array:
        height, width = right(*arrays).shape[2:]
        return wrong(*arrays)[:, :, :height, :width]

    return oracle


def conv(
    text: str, image: Pair = (4, 5), channels: Pair = (2, 2), kernel: Pair = (3, 3), **options: Any
) -> Operation:
    """One Conv2d with these options; a suspect for each option that may be forgotten."""
    groups = options.get("groups", 1)
    stride = options.get("stride", (1, 1))
    plain = {**options, "stride": (stride, stride) if isinstance(stride, int) else stride}
    forgotten = {
        f"is the {name} used?": cut_to(
            convolution(**plain), convolution(**{k: v for k, v in plain.items() if k != name})
        )
        for name in options
        if name != "groups"
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
        suspects={"is the kernel flipped?": convolution(**plain, flip=True)} | forgotten,
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


def max_pool(kernel: int, stride: int, padding: int = 0) -> Callable[[Array], Array]:
    def oracle(x: Array) -> Array:
        seen = windows(framed(x, padding, -np.inf), (kernel, kernel), (stride, stride))
        return np.asarray(seen.max(axis=(4, 5)))

    return oracle


def average_pool(kernel: int, stride: int, padding: int = 0) -> Callable[[Array], Array]:
    def oracle(x: Array) -> Array:
        seen = windows(framed(x, padding), (kernel, kernel), (stride, stride))
        return np.asarray(seen.mean(axis=(4, 5)))

    return oracle


def adaptive_average(size: Pair) -> Callable[[Array], Array]:
    """Each output cell averages rows from floor(i H / size) to ceil((i + 1) H / size)."""

    def oracle(x: Array) -> Array:
        edges = [
            [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
            for n, m in zip(x.shape[2:], size, strict=True)
        ]
        rows = [
            np.stack([x[:, :, a:b, c:d].mean(axis=(2, 3)) for c, d in edges[1]], axis=-1)
            for a, b in edges[0]
        ]
        return np.stack(rows, axis=2)

    return oracle


CONVOLUTIONS = [
    conv("3"),
    conv("3, padding=1", padding=1),
    conv("3, stride=2", image=(5, 5), stride=2),
    conv("3, stride=2, padding=1", image=(5, 5), stride=2, padding=1),
    conv("(2, 3), stride=(2, 1)", kernel=(2, 3), stride=(2, 1)),
    conv("2, dilation=2", kernel=(2, 2), dilation=2),
    conv("3, padding=1, groups=2", channels=(2, 4), padding=1, groups=2),
]

ROUTE = "The gradient goes to the cell of the window that was the largest, and to no other."

POOLS = [
    pool(
        "MaxPool2d", "2", lambda tt: tt.nn.MaxPool2d(2), max_pool(2, 2),
        gradient_hint=ROUTE,
        suspects={"is it the average?": average_pool(2, 2)},
    ),
    pool(
        "MaxPool2d", "3, stride=1", lambda tt: tt.nn.MaxPool2d(3, stride=1), max_pool(3, 1),
        gradient_hint=f"{ROUTE} Windows overlap here: a cell can be the largest in several.",
        suspects={"is the stride used?": max_pool(3, 3)},
    ),
    pool(
        "MaxPool2d", "3, stride=2, padding=1",
        lambda tt: tt.nn.MaxPool2d(3, stride=2, padding=1), max_pool(3, 2, 1),
        hint="The padding must never be the largest: fill it with minus infinity.",
        gradient_hint=ROUTE,
    ),
    pool("AvgPool2d", "2", lambda tt: tt.nn.AvgPool2d(2), average_pool(2, 2)),
    pool(
        "AvgPool2d", "3, stride=2, padding=1",
        lambda tt: tt.nn.AvgPool2d(3, stride=2, padding=1), average_pool(3, 2, 1),
    ),
    pool(
        "AdaptiveAvgPool2d", "(3, 2)", lambda tt: tt.nn.AdaptiveAvgPool2d((3, 2)),
        adaptive_average((3, 2)),
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

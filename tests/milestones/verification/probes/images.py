"""Convolution in NumPy, and what common mistakes would make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from verification.probes.inputs import UNKNOWN, Array

Pair = tuple[int, int]
Oracle = Callable[..., Array]
Gradients = Callable[..., Mapping[str, Array]]


def framed(x: Array, padding: int, value: float = 0.0, before: int | None = None) -> Array:
    """The padded images; `before` is the padding on the left and above. (np.pad is slower.)"""
    count, channels, height, width = x.shape
    result = np.full((count, channels, height + 2 * padding, width + 2 * padding), value)
    at = padding if before is None else before
    result[:, :, at : at + height, at : at + width] = x
    return result


def windows(x: Array, kernel: Pair, stride: Pair, dilation: int = 1) -> Array:
    """(N, C, rows, columns, kernel rows, kernel columns): what the kernel sees at each place."""
    size = tuple((k - 1) * dilation + 1 for k in kernel)
    view = sliding_window_view(x, size, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1], ::dilation, ::dilation]


# ----------------------------------------------------------------------------------- convolution


def convolution(
    stride: Pair = (1, 1), padding: int = 0, dilation: int = 1, groups: int = 1,
    flip: bool = False, before: int | None = None,
) -> Callable[[Array, Array, Array], Array]:  # fmt: skip
    """What Conv2d should give: for each group, patches times filters."""

    def oracle(x: Array, weight: Array, bias: Array) -> Array:
        kernel = weight[..., ::-1, ::-1] if flip else weight
        seen = windows(framed(x, padding, before=before), weight.shape[2:], stride, dilation)
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


def strides_exchanged(right: Oracle, stride: Pair) -> Oracle:
    """Of the right size, with the steps of rows and columns exchanged; UNKNOWN beyond the image."""

    def oracle(*arrays: Array) -> Array:
        wrong, out = convolution(stride[::-1])(*arrays), np.full_like(right(*arrays), UNKNOWN)
        height, width = (min(a, b) for a, b in zip(wrong.shape[2:], out.shape[2:], strict=True))
        out[:, :, :height, :width] = wrong[:, :, :height, :width]
        return out

    return oracle


def convolution_mistakes(options: Mapping[str, Any]) -> dict[str, Oracle]:
    """Mistakes in the kernel, the bias and the frame, and each option forgotten."""
    right = convolution(**options)
    found: dict[str, Oracle] = {
        "is the kernel flipped?": convolution(**options, flip=True),
        "is the bias added?": lambda x, w, b: right(x, w, 0 * b),
        "are rows and columns of the kernel exchanged (transposed)?": lambda x, w, b: right(
            x, np.swapaxes(w, 2, 3), b
        ),
        "does each cell have its own weight (is it always the first one's)?": lambda x, w, b: right(
            x, w[..., :1, :1] + 0 * w, b
        ),
    }
    if (pair := options.get("stride", (1, 1)))[0] != pair[1]:
        found[f"is the stride ({pair[0]}, {pair[1]}) used as rows and columns, not exchanged?"] = (
            strides_exchanged(right, pair)
        )
    if options.get("padding"):
        found["is the image in the middle of its frame (off by one)?"] = convolution(
            **options, before=0
        )
    return found | {
        f"is the {name} used?": cut_to(
            right, convolution(**{k: v for k, v in options.items() if k != name})
        )
        for name in options
        if name != "groups"
    }


def overwritten(stride: Pair = (1, 1), padding: int = 0) -> Gradients:
    """The gradient of x, if each cell replaces what another one has written."""

    def gradients(above: Array, x: Array, weight: Array, bias: Array) -> dict[str, Array]:
        out = np.zeros_like(framed(x, padding))
        for i, j, cell in cells(out, weight.shape[2:], stride, above.shape[2:]):
            cell[...] = np.einsum("nohw,oc->nchw", above, weight[:, :, i, j])
        return {"x": unframed(out, x, padding), ".weight": 0 * weight, ".bias": 0 * bias}

    return gradients


def unframed(out: Array, x: Array, padding: int) -> Array:
    height, width = x.shape[2:]
    return np.asarray(out[:, :, padding : padding + height, padding : padding + width])


def cells(out: Array, kernel: Pair, stride: Pair, places: Pair) -> Iterator[tuple[int, int, Array]]:
    """(row, column, what all windows have in this cell of the kernel, a view of `out`)."""
    for i, j in np.ndindex(*kernel):
        rows = slice(i, i + (places[0] - 1) * stride[0] + 1, stride[0])
        columns = slice(j, j + (places[1] - 1) * stride[1] + 1, stride[1])
        yield i, j, out[:, :, rows, columns]

"""Probes of module 06: the gradients of normalizations, whose mean and variance are made of x."""

from __future__ import annotations

import numpy as np

from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import Array, spread
from verification.probes.m06_normalization import LAYERS, MADE_OF_X, MODULE, precise
from verification.probes.normalizing import EPS, normalized
from verification.probes.probe import Kit, Probe
from verification.wording import show, show_both


def check_way_back(kit: Kit) -> None:
    """The gradient of x takes into account that mean and variance are made of x."""
    for name, axis, layer in (
        ("LayerNorm", 1, precise(kit.tt.nn.LayerNorm(3, eps=EPS))),
        ("BatchNorm1d", 0, precise(kit.tt.nn.BatchNorm1d(3, eps=EPS))),
    ):
        values, g = (spread(3, 3).make(kit.rng).round(1) for _ in range(2))
        x = kit.tt.tensor(values, requires_grad=True)
        layer(x).backward(kit.tt.tensor(g))
        found = None if x.grad is None else np.asarray(x.grad.data)
        right, slips = way_back(values, g, axis)
        for question, wrong in slips.items():
            if found is not None and found.shape == wrong.shape and np.allclose(found, wrong):
                raise Failure(
                    f"The gradient of `nn.{name}` for its input x is wrong: {question}",
                    part=f"nn.{name}", hint=MADE_OF_X,
                    called=f"nn.{name}(3, eps={EPS})(x).backward(g)",
                    **{"with": f"x {show(values)}; g {show(g)}"}, **show_both(found, right),
                )  # fmt: skip


def way_back(x: Array, g: Array, axis: int) -> tuple[Array, dict[str, Array]]:
    """(the gradient of x, what slips make of it)."""
    normal = normalized(x, (axis,))
    rate = 1 / np.sqrt(x.var(axis=axis, keepdims=True) + EPS)
    mean = g.mean(axis=axis, keepdims=True)
    along = normal * (g * normal).mean(axis=axis, keepdims=True)
    return rate * (g - mean - along), {
        "are mean and variance treated as constants?": rate * g,
        "is the variance treated as a constant?": rate * (g - mean),
        "is the mean treated as a constant?": rate * (g - along),
        "is the part along the normalized numbers added in place of taken away?": rate
        * (g - mean + along),
        "is the factor 1 / sqrt(var + eps) missing?": g - mean - along,
    }


PROBES = [
    Probe("nn.LayerNorm", MODULE, check_way_back),
    *probes_of(LAYERS, "", MODULE),
]

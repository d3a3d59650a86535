"""Probes of module 03: large numbers, one row, a loss that is scaled, and both modes."""

from __future__ import annotations

from typing import Any

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import Array, Input, fixed, spread
from verification.probes.layers_in_numpy import bits_loss, sigmoid, softmax, surprise
from verification.probes.m03_nn import BITS, LABELS, linear_layer
from verification.probes.operation import Operation, Oracle
from verification.probes.probe import Kit, Probe

MODULE = "03_nn"
FAR = [-1000.0, -40.0, 0.0, 40.0, 1000.0]


def far(name: str, values: Any, oracle: Oracle, hint: str) -> Operation:
    """An activation of large numbers."""
    return Operation(
        f"nn.{name}", f"nn.{name}(...)(x), with large numbers", {"x": fixed(values)},
        lambda layer, x: layer(x), oracle,
        layer=lambda tt: tt.nn.Softmax(dim=-1) if name == "Softmax" else getattr(tt.nn, name)(),
        hint=hint,
    )  # fmt: skip


def far_bits(x: Array, t: Array) -> Array:
    return np.asarray((np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))).mean())


FAR_OUT = [
    far("ReLU", [-np.inf, -1.0, 2.0], lambda x: np.maximum(x, 0), "inf * 0 is NaN: choose."),
    far(
        "Sigmoid", FAR, lambda x: np.where(x < 0, np.exp(np.minimum(x, 0)), 1.0) / (1 + np.exp(
            -np.abs(x))),
        "exp of a large number overflows: use exp(-|x|) for both signs.",
    ),
    far(
        "Softmax", [[1000.0, 1000.0], [0.0, 0.0]], softmax,
        "Subtract the largest number of each row before exp.",
    ),
    Operation(
        "nn.BCEWithLogitsLoss", "nn.BCEWithLogitsLoss()(x, target), with large numbers",
        {"x": fixed([[v] for v in FAR]), "target": fixed(BITS)},
        lambda layer, x, t: layer(x, t), far_bits, layer=lambda tt: tt.nn.BCEWithLogitsLoss(),
        hint="max(x, 0) - x * t + log(1 + exp(-|x|)) never overflows.",
    ),
]  # fmt: skip


def scaled(name: str, x: Input, target: Any, each: Any) -> Operation:
    """Three times a loss: its gradient from above is 3."""
    return Operation(
        f"nn.{name}", f"3 * nn.{name}()(x, target)", {"x": x, "target": fixed(target)},
        lambda layer, x, t: 3 * layer(x, t), lambda x, t: 3 * each(x, t).mean(),
        layer=lambda tt: getattr(tt.nn, name)(),
        gradient_hint="backward multiplies by the gradient that comes from above.",
    )  # fmt: skip


WIDE = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
SCALED = [
    linear_layer(4, 2, (1, 4)),
    scaled("MSELoss", spread(3, 2), WIDE, lambda x, t: (x - t) ** 2),
    scaled("BCEWithLogitsLoss", spread(3, 2), WIDE, lambda x, t: bits_loss(sigmoid(x), t)),
    scaled("CrossEntropyLoss", spread(4, 3), LABELS, surprise),
]


def check_modes(kit: Kit) -> None:
    """train and eval reach the module itself and all modules in it."""
    module = kit.there(probing.scaled_module)(kit.tt.nn, kit.tt.tensor(np.ones(2)))
    if not hasattr(module, "train") or not hasattr(module, "eval"):
        return
    for call, expected in (("eval", False), ("train", True)):
        getattr(module, call)()
        for name, part in (("the module", module), ("the layer in it", module.inner)):
            if part.training is not expected:
                raise Failure(
                    f"After `{call}()`, {name} has `training` {part.training}, not {expected}.",
                    hint="Set it in the module itself and in every module that it contains.",
                )


PROBES = [
    *probes_of(FAR_OUT, MODULE),
    *probes_of(SCALED, MODULE, MODULE),
    Probe("nn.Module.train", MODULE, check_modes),
]

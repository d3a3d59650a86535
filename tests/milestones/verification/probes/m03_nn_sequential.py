"""Probes of module 03: modules in a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.layers_in_numpy import linear
from verification.probes.probe import Kit, Probe, expect
from verification.standins import fetch


def check_sequential(kit: Kit) -> None:
    """All layers in order, and all their parameters once."""
    nn, x = kit.tt.nn, kit.rng.normal(size=(2, 3)).astype("f4")
    layers = [nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)]
    model = nn.Sequential(*layers)
    h = np.tanh(linear(x, layers[0].weight.data, layers[0].bias.data))
    expected = linear(h, layers[2].weight.data, layers[2].bias.data)
    out = np.asarray(model(kit.tt.tensor(x)).data)
    if out.shape != expected.shape or not np.allclose(out, expected, atol=1e-5):
        expect("`nn.Sequential(Linear, Tanh, Linear)(x)`", out, expected)
    count = len(list(model.parameters()))
    if count != 4:
        raise Failure(
            f"`Sequential(Linear, Tanh, Linear).parameters()` yields {count} parameters, not 4.",
            module="03_nn", part="nn.Module.parameters",
            hint="Two weights and two biases: does the walk go into the modules of a module?",
        )  # fmt: skip


def check_connected(kit: Kit) -> None:
    """Gradients go back through all layers, to the first one and to the input."""
    nn, values = kit.tt.nn, kit.rng.normal(size=(2, 3)).astype("f4")
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)), kit.tt.tensor(values)
    x.requires_grad = True
    out = model(x)
    if out.requires_grad:
        out.sum().backward()
    operands: dict[str, Any] = {"x": x, **dict(model.named_parameters())}
    lost = [name for name, each in operands.items() if fetch(each, "grad", "data") is None]
    if lost:
        raise Failure(
            "Through `nn.Sequential(Linear, Linear)(x)` no gradient comes back to "
            f"{', '.join(lost)}.",
            hint="Hand each layer the tensor that the one before returned, as it is: what is "
            "detached, or made anew from `.data`, is not connected.",
        )


PROBES = [
    Probe("nn.Sequential", "03_nn", check_sequential),
    Probe("nn.Sequential", "03_nn", check_connected),
]

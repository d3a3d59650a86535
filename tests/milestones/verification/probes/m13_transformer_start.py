"""Probes of module 13: the first values of a GPT, as its config asks for them."""

from __future__ import annotations

import math

import numpy as np

from verification.failures import Failure
from verification.probes.m13_transformer import MODULE
from verification.probes.probe import Kit, Probe

WIDE, DEEP, RANGE = 32, 3, 0.05
NEAR = 0.15  # of a spread of 1,024 numbers: more than six standard deviations
ADDED = ("out_proj.weight", "linear2.weight")

OF_ADDED = {
    1.0: "is it divided by sqrt(2 * n_layer)? Its half is added to the sum.",
    1 / math.sqrt(DEEP): "is it divided by sqrt(2 * n_layer), not by sqrt(n_layer)?",
    0.5 / DEEP: "is it divided by sqrt(2 * n_layer), not by 2 * n_layer?",
}
OF_OTHERS = {
    0.02 / RANGE: "is initializer_range used, not always 0.02?",
    RANGE: "is initializer_range the standard deviation, not the variance?",
    1 / math.sqrt(2 * DEEP): "is it only what is added to the sum that is divided?",
}


def check_first_values(kit: Kit) -> None:
    """Matrices have the config's spread, divided where they are added; biases 0, norms 1."""
    config = kit.tt.models.GPTConfig(
        vocab_size=WIDE, n_positions=WIDE, n_embd=WIDE, n_layer=DEEP, n_head=2, dropout=0.0,
        initializer_range=RANGE,
    )  # fmt: skip
    for name, parameter in kit.tt.models.GPT(config).named_parameters():
        values = np.array(parameter.data)
        if values.ndim == 2:
            check_spread(name, float(values.std()))
        elif (values != (0 if name.endswith("bias") else 1)).any():
            begins = "bias begins at 0" if name.endswith("bias") else "norm's weight begins at 1"
            raise Failure(f"`{name}` of a new GPT is {values[0]:.3g} ...: a {begins}.")


def check_spread(name: str, found: float) -> None:
    """Check the standard deviation of a matrix."""
    added = name.endswith(ADDED)
    wanted = RANGE / math.sqrt(2 * DEEP) if added else RANGE
    if abs(found / wanted - 1) < NEAR:
        return
    others = {**(OF_ADDED if added else {}), **OF_OTHERS}
    asked = [q for share, q in others.items() if abs(found / (RANGE * share) - 1) < NEAR]
    raise Failure(
        f"`{name}` of a new GPT with initializer_range={RANGE} and {DEEP} layers has the standard "
        f"deviation {found:.3g}, not {wanted:.3g}" + (f": {asked[0]}" if asked else "."),
        hint="Matrices: normal, with initializer_range; those of out_proj and linear2, whose half "
        "is added to the sum, divided by sqrt(2 * n_layer).",
    )


PROBES = [Probe("models.GPT", MODULE, check_first_values)]

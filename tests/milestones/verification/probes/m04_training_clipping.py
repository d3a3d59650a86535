"""Probes of module 04: the length of all gradients together, and their clipping.

The contract does not fix these names: a framework without them is not asked.
"""

from __future__ import annotations

import numpy as np

from verification.probes.m04_training import give_gradients, parameters_of
from verification.probes.probe import Kit, Probe, expect

MODULE = "04_training"


def check_clip(kit: Kit) -> None:
    """All gradients together get the length allowed, and shorter ones stay as they are."""
    clip = getattr(getattr(kit.tt.nn, "utils", None), "clip_grad_norm_", None)
    if clip is None:
        return
    hint = "The norm is that of all gradients together, and one factor shortens them all."
    for limit, factor in ((1.0, 0.2), (9.0, 1.0)):
        both = parameters_of(kit, [1.0, 2.0], np.array([[3.0], [4.0]]))
        gradients = [np.array([3.0, 0.0]), np.array([[0.0], [4.0]])]
        give_gradients(kit, both, gradients)
        total = clip(both, limit)
        call = f"`clip_grad_norm_([p, q], {limit:g})`, for gradients [3, 0] and [[0], [4]],"
        expect(f"What {call} returns", getattr(total, "data", total), 5.0, hint=hint)
        for name, p, gradient in zip("pq", both, gradients, strict=True):
            expect(
                f"After {call} `{name}.grad`", p.grad.data, factor * gradient, relative=1e-5,
                hint=hint,
            )  # fmt: skip


def check_total_norm(kit: Kit) -> None:
    """The length of all gradients together."""
    total = getattr(getattr(kit.tt.nn, "utils", None), "get_total_norm", None)
    if total is None:
        return
    found = total([kit.tt.tensor(np.array([3.0, 0.0])), kit.tt.tensor(np.array([[0.0], [-4.0]]))])
    expect(
        "What `get_total_norm` of [3, 0] and [[0], [-4]] returns",
        getattr(found, "data", found),
        5.0,
        suspects={
            "is the root of the sum taken?": lambda: 25.0,
            "is it the root of the sum of squares, not the largest norm?": lambda: 4.0,
            "are the squares of the norms added, not the norms?": lambda: 7.0,
        },
    )


PROBES = [
    Probe("nn.utils.get_total_norm", MODULE, check_total_norm),
    Probe("nn.utils.clip_grad_norm_", MODULE, check_clip),
]

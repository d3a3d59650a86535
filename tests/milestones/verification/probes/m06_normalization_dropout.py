"""Probes of module 06: what dropout drops, keeps and lets pass."""

from __future__ import annotations

import numpy as np

from verification.failures import Failure
from verification.probes.inputs import Array, spread
from verification.probes.m06_normalization import MODULE
from verification.probes.probe import Kit, Probe, expect

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


def check_each_for_itself(kit: Kit) -> None:
    """Whether a number is dropped has nothing to do with the others."""
    layer, ones = kit.tt.nn.Dropout(P), kit.tt.tensor(np.ones((10, 40)))
    kit.tt.manual_seed(2)
    dropped = [np.asarray(layer(ones).data) == 0 for _ in range(6)]
    for what, along in (("row", 0), ("column", 1)):
        if all(_alike(mask, along) for mask in dropped):
            raise Failure(f"`nn.Dropout({P})` drops the same numbers in every {what} of (10, 40).")
    counts = {int(mask.sum()) for mask in dropped}
    if len(counts) == 1:
        raise Failure(
            f"`nn.Dropout({P})` drops exactly {counts.pop()} of 400 numbers every time: is each of "
            "them drawn for itself?",
            hint="A number is dropped if its own random number is below p.",
        )


def _alike(mask: Array, axis: int) -> bool:
    return bool((mask.all(axis=axis) == mask.any(axis=axis)).all())


def check_dtype(kit: Kit) -> None:
    """float32 stays float32."""
    found = np.asarray(kit.tt.nn.Dropout(P)(kit.tt.tensor(np.ones(5, "f4"))).data)
    if found.dtype != np.dtype("f4"):
        raise Failure(
            f"`nn.Dropout({P})` turns float32 into {found.dtype}: has the mask x's dtype?"
        )


def check_kept(out: Array) -> None:
    """What is not dropped is divided by 1 - p."""
    kept = out[out != 0]
    if not len(kept):
        raise Failure(f"`nn.Dropout({P})` drops everything.")
    questions = {1.0: "is what is kept divided by 1 - p?",
                 1 / P: "is it divided by 1 - p, not by p?",
                 1 - P: "is it divided by 1 - p, not multiplied by it?"}  # fmt: skip
    found = next((q for value, q in questions.items() if np.allclose(kept, value)), "")
    if found:
        raise Failure(
            f"`nn.Dropout({P})` of ones gives {kept[0]:.4g} where it keeps a number, and should "
            f"give {1 / (1 - P):.4g}: {found}"
        )
    expect(
        f"What `nn.Dropout({P})` keeps of ones",
        kept,
        np.full(len(kept), 1 / (1 - P)),
        hint="What is kept is divided by 1 - p in training, so that the mean stays the same.",
    )


def check_dropout_off(kit: Kit) -> None:
    """In evaluation mode, and with p = 0, nothing changes."""
    x = spread(3, 4).make(kit.rng)
    layer = kit.tt.nn.Dropout(P)
    layer.eval()
    found = np.asarray(layer(kit.tt.tensor(x)).data)
    if (found == 0).any() and np.allclose(found[found != 0], x[found != 0] / (1 - P)):
        raise Failure(
            f"`nn.Dropout({P})(x)` drops in evaluation mode too: does it look at `training`?"
        )
    expect(
        f"`nn.Dropout({P})(x)` in evaluation mode", found, x,
        suspects={"is it divided by 1 - p in training only?": lambda: x / (1 - P),
                  "is it left alone, not multiplied by 1 - p?": lambda: x * (1 - P)},
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
    Probe("nn.Dropout", MODULE, check_dropout),
    Probe("nn.Dropout", MODULE, check_each_for_itself),
    Probe("nn.Dropout", MODULE, check_dtype),
    Probe("nn.Dropout", MODULE, check_dropout_off),
    Probe("nn.Dropout", MODULE, check_dropout_gradient),
]

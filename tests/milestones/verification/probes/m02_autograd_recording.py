"""Probes of module 02: for whom gradients are recorded."""

from __future__ import annotations

import numpy as np

from verification.failures import Failure
from verification.probes.m02_autograd import gradient_of, leaf
from verification.probes.probe import Kit, Probe, expect


def check_plain(kit: Kit) -> None:
    """A tensor that requires no gradient gets none, and the other one of a pair gets its own."""
    for call in ("x * p", "p * x"):
        (x, _), plain = leaf(kit, 1.0, -2.0), kit.tt.tensor(np.array([3.0, 4.0]))
        (x * plain if call == "x * p" else plain * x).sum().backward()
        expect(f"After `({call}).sum().backward()`, `x.grad`", gradient_of(x), [3.0, 4.0])
        if gradient_of(plain) is not None:
            raise Failure(
                f"After `({call}).sum().backward()`, `p.grad` is not None, though p requires no "
                "gradient.",
                hint="Note for each input of an operation whether that input requires one.",
            )


def check_no_grad(kit: Kit) -> None:
    """Nothing is recorded inside `no_grad()`."""
    x, _ = leaf(kit, 1.0, 2.0)
    with kit.tt.no_grad():
        first = x * 2
        with kit.tt.no_grad():
            inner = x * 2
        after = x * 2
    if first.requires_grad or inner.requires_grad:
        where = "" if first.requires_grad else "an inner "
        raise Failure(f"Inside {where}`no_grad()`, `x * 2` still requires a gradient.")
    if after.requires_grad:
        raise Failure(
            "Inside `no_grad()`, `x * 2` requires a gradient again once an inner "
            "`with no_grad():` has ended.",
            hint="The end of the block brings back what was before it, which need not be True.",
        )
    if not (x * 2).requires_grad:
        raise Failure("After `with no_grad():` nothing is recorded any more.")


PROBES = [
    Probe("Tensor.backward", "02_autograd", check_plain),
    Probe("no_grad", "02_autograd", check_no_grad),
]

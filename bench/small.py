"""Time one small operation, forward and backward, on both frameworks in turn."""

from __future__ import annotations

import operator
import timeit
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.loops import Pair, in_turn

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "mul": operator.mul,
    "matmul": operator.matmul,
}
CALLS = 2000


def one_step(lib: SimpleNamespace, operation: Callable[[Any, Any], Any]) -> Callable[[], float]:
    """Return a sampler: seconds of one forward and backward of `operation` on two 4x4 tensors."""
    rng = np.random.default_rng(0)
    a, b, gradient = (
        lib.tt.tensor(rng.standard_normal((4, 4)).astype(np.float32)) for _ in range(3)
    )
    a.requires_grad = b.requires_grad = True

    def step() -> None:
        operation(a, b).backward(gradient)
        a.grad = b.grad = None

    return lambda: timeit.timeit(step, number=CALLS) / CALLS


def small_operation(name: str, ours: SimpleNamespace, theirs: SimpleNamespace, n: int) -> Pair:
    """Compare one of OPERATIONS."""
    mine, other = one_step(ours, OPERATIONS[name]), one_step(theirs, OPERATIONS[name])
    mine()
    other()
    return in_turn(name, mine, other, n)

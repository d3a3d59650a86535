"""Time the training loops of both frameworks, and those by hand, in turn in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from bench.by_hand import BY_HAND
from bench.workloads import WORKLOADS


@dataclass(frozen=True)
class Pair:
    """One thing measured on both sides, with one sample per round; the caller chooses units."""

    name: str
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Median of the round-by-round ratios, which stays right if the machine's speed drifts."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turn(name: str, ours: Callable[[], float], theirs: Callable[[], float], n: int) -> Pair:
    """Sample A, B, A, B, ... `n` times."""
    samples = [(ours(), theirs()) for _ in range(n)]
    return Pair(name, [a for a, _ in samples], [b for _, b in samples])


def training_loop(name: str, ours: SimpleNamespace, theirs: SimpleNamespace, rounds: int) -> Pair:
    """Compare one workload's training loop; a first, uncounted call of each warms up."""
    mine, other = WORKLOADS[name](ours), WORKLOADS[name](theirs)
    mine()
    other()
    return in_turn(name, lambda: seconds(mine), lambda: seconds(other), rounds)


def beside_by_hand(name: str, ours: SimpleNamespace, rounds: int) -> Pair:
    """Compare one workload's training loop with the same written by hand in NumPy."""
    mine, hand = WORKLOADS[name](ours), BY_HAND[name]()
    mine()
    hand()
    return in_turn(name, lambda: seconds(mine), lambda: seconds(hand), rounds)

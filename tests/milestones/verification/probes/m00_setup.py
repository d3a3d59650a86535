"""Probes of module 00: one generator that everything random comes from."""

from __future__ import annotations

import numpy as np

from verification.faults import Fault
from verification.probes.probe import Kit, Probe


def seeded_numbers(kit: Kit, seed: int) -> np.ndarray:
    kit.tt.manual_seed(seed)
    return np.array(kit.tt.randn(5).data)


def check_manual_seed(kit: Kit) -> None:
    """The same seed gives the same numbers, another seed others: else no run can be replayed."""
    seed = int(kit.rng.integers(2**31))
    first, again, other = (seeded_numbers(kit, s) for s in (seed, seed, seed + 1))
    if not np.array_equal(first, again):
        raise Fault(
            f"`manual_seed({seed})` twice, and `randn(5)` gives different numbers.",
            hint="All random numbers come from one generator, which manual_seed restarts.",
        )
    if np.array_equal(first, other):
        raise Fault(
            f"`manual_seed({seed})` and `manual_seed({seed + 1})` give the same `randn(5)`.",
            hint="Does the generator start from the seed?",
        )


PROBES = [Probe("manual_seed", "00_setup", check_manual_seed)]

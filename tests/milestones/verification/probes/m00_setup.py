"""Probes of module 00: one generator for all random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.places import named
from verification.probes.probe import Kit, Probe


def seeded_numbers(kit: Kit, seed: int) -> np.ndarray:
    kit.tt.manual_seed(seed)
    return np.array(kit.tt.randn(5).data)


def check_manual_seed(kit: Kit) -> None:
    """The same seed gives the same numbers, another seed gives others."""
    seed = int(kit.rng.integers(2**31))
    first, again, other = (seeded_numbers(kit, s) for s in (seed, seed, seed + 1))
    if not np.array_equal(first, again):
        raise Failure(
            f"`manual_seed({seed})` twice, and `randn(5)` gives different numbers.",
            hint="Draw all random numbers from one generator, which manual_seed restarts.",
        )
    if np.array_equal(first, other):
        raise Failure(
            f"`manual_seed({seed})` and `manual_seed({seed + 1})` give the same `randn(5)`.",
            hint="Does the generator start from the seed?",
        )


DRAWS = 1000
SPREADS = {"randn": (0.0, 1.0), "rand": (0.5, 12**-0.5)}  # mean and standard deviation


def check_draws(kit: Kit) -> None:
    """Check that many numbers of one seed are different and have the right mean and spread.

    The seed is fixed, so that a milestone's metrics for a seed do not depend on this check.
    """
    for name, (mean, deviation) in SPREADS.items():
        draw = getattr(kit.tt, name, None)
        if draw is None:  # the other checks need only randn
            continue
        kit.tt.manual_seed(1)
        found = np.concatenate([numbers_of(draw, name, DRAWS), numbers_of(draw, name, DRAWS)])
        check_different(name, found)
        check_spread(name, found, mean, deviation)


def numbers_of(draw: Callable[[int], Any], name: str, count: int) -> np.ndarray:
    found = np.asarray(draw(count).data)
    if found.shape != (count,) or found.dtype.kind != "f":
        raise Failure(f"`{name}({count})` gives {found.dtype} of shape {found.shape}.")
    return found.astype(np.float64)


def check_different(name: str, found: np.ndarray) -> None:
    """Check that two calls give 2,000 different numbers, except for a few float32 collisions."""
    different = len(np.unique(found))
    if different < 0.95 * len(found):
        raise Failure(
            f"Calling `{name}({DRAWS})` twice gives only {different} different numbers.",
            hint="Every draw must advance the generator, and each entry needs its own number.",
        )


def check_spread(name: str, found: np.ndarray, mean: float, deviation: float) -> None:
    """Check mean and spread within seven standard errors, where a correct generator always is."""
    off = 7 * deviation / len(found) ** 0.5
    if not (abs(found.mean() - mean) < off and abs(found.std() - deviation) < off):
        raise Failure(
            f"The numbers of `{name}({DRAWS})` have the mean {found.mean():.2f} and the standard "
            f"deviation {found.std():.2f}, not {mean:.2f} and {deviation:.2f}.",
            hint="Are the generator's numbers used unchanged?",
        )


def check_state(kit: Kit) -> None:
    """A state that was taken can be set, more than once, and the same numbers come again."""
    if not hasattr(kit.tt, "get_rng_state"):  # the other checks need only randn
        return
    call = "`state = get_rng_state()`, then `set_rng_state(state)` twice,"
    try:
        after, *again = kit.there(probing.replayed)(kit.tt, int(kit.rng.integers(2**31)))
    except Exception as error:
        raise Failure(
            f"{call} raised {named(error)}: has the state all that is set, and is it left as it is?"
        ) from error
    if not all(np.array_equal(after, numbers) for numbers in again):
        raise Failure(
            f"{call} and `randn(3)` after each gives other numbers than after the state was taken.",
            hint="The state is a copy that later draws do not change, and setting it puts the "
            "generator back to where it was.",
        )


PROBES = [
    Probe("manual_seed", "00_setup", check_manual_seed),
    Probe("manual_seed", "00_setup", check_draws),
    Probe("get_rng_state", "00_setup", check_state),
]

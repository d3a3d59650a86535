"""The random numbers of a run, all from its one seed, and none to be found from another.

The framework has to be told a seed, and it sees the data it learns from. It must not be able to
draw the held-out data from that, so each source begins with a slow hash of the seed and of its own
name: to try all seeds takes weeks.
"""

from __future__ import annotations

import hashlib

import numpy as np

ROUNDS = 1000  # of PBKDF2 (RFC 8018); about half a millisecond


def number(seed: int, purpose: str, size: int = 16) -> int:
    """A whole number of `size` bytes for this seed and purpose."""
    found = hashlib.pbkdf2_hmac("sha256", str(seed).encode(), purpose.encode(), ROUNDS, size)
    return int.from_bytes(found, "big")


def source(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own: "data" is learned from and held out, "checks" are the probes."""
    return np.random.default_rng(number(seed, purpose))


def of_the_framework(seed: int) -> int:
    """What `manual_seed` of the framework gets."""
    return number(seed, "framework", 4)

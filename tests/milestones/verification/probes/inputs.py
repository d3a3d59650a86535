"""How the arguments of a probe are drawn: away from kinks, ties and poles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray
UNKNOWN = 1e300  # an entry of which a suspect says nothing


class Input(NamedTuple):
    """How an argument is made. Only floats that are not `fixed` get a gradient."""

    make: Callable[[np.random.Generator], Array]
    grad: bool = True


def spread(*shape: int, offset: float = 0.0) -> Input:
    """Distinct numbers of both signs, none near zero or near another: no kink, no tie.

    With an offset of 0.5 they fall between those without one: two arguments that never tie.
    """

    def make(rng: np.random.Generator) -> Array:
        size = int(np.prod(shape))
        steps = rng.permutation(size) - (size - 1) / 2
        away = np.where(steps >= 0, 0.5, -0.5) + steps + offset
        jitter = rng.uniform(-0.2, 0.2, size)
        return np.reshape((away + jitter) * 3 / (size + 1), shape)

    return Input(make)


def positive(*shape: int) -> Input:
    return Input(lambda rng: rng.uniform(0.3, 2, shape))


def between_0_and_1(*shape: int) -> Input:
    return Input(lambda rng: rng.uniform(0.1, 0.9, shape))


def weights(*shape: int) -> Input:
    return Input(lambda rng: rng.uniform(-0.8, 0.8, shape))


def fixed(values: Any) -> Input:
    """These values each time, without a gradient: labels, ids, masks."""
    return Input(lambda rng: np.asarray(values), grad=False)

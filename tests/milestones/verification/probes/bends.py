"""The bends of recurrent cells in NumPy: right ones, and what common mistakes make of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verification.probes.inputs import Array

Bend = Callable[[Array], Array]


def squash(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def plain(x: Array) -> Array:
    return x


def twice_as_steep(x: Array) -> Array:
    return squash(2 * x)


def not_halved(x: Array) -> Array:
    return np.asarray(np.tanh(x / 2) + 0.5)


def not_moved(x: Array) -> Array:
    return np.asarray(0.5 * np.tanh(x / 2))


def shifted(x: Array) -> Array:
    return np.asarray(np.tanh(x) + 1)


def open_gate(x: Array) -> Array:
    return np.ones_like(x)

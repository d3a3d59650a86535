"""Loss and accuracy from a model's raw outputs, by NumPy.

No number that a student's code computes is trusted, so these are computed by NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Metrics(NamedTuple):
    """How outputs are compared with targets."""

    loss: Callable[[np.ndarray, np.ndarray], float]
    correct: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def accuracy(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        return float(self.correct(outputs, targets).mean())


def logistic_loss(outputs: np.ndarray, targets: np.ndarray) -> float:
    """mean(log(1 + exp(-t z))) for targets -1 and 1."""
    return float(np.logaddexp(0, -targets * outputs).mean())


def binary_loss(outputs: np.ndarray, targets: np.ndarray) -> float:
    """The same for targets 0 and 1: BCEWithLogitsLoss."""
    return logistic_loss(outputs, 2 * targets - 1)


def class_loss(outputs: np.ndarray, targets: np.ndarray) -> float:
    """Cross-entropy of the scores (..., classes) against the classes' numbers (...)."""
    shifted = outputs - outputs.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    picked = np.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
    return float((log_total - picked).mean())


SIGN_METRICS = Metrics(logistic_loss, lambda z, t: z * t > 0)
BINARY_METRICS = Metrics(binary_loss, lambda z, t: (z > 0) == (t > 0.5))
CLASS_METRICS = Metrics(class_loss, lambda z, t: z.argmax(axis=-1) == t)


def last_places(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The scores at the last places of a sequence, the only ones that have a target."""
    return outputs[:, -targets.shape[1] :]


SEQUENCE_METRICS = Metrics(
    lambda z, t: class_loss(last_places(z, t), t),
    lambda z, t: last_places(z, t).argmax(axis=-1) == t,
)

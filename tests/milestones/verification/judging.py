"""Loss and accuracy from a model's raw outputs, by NumPy.

No number that a student's code computes is trusted: what stands here judges it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from verification.data import Examples


class Judge(NamedTuple):
    """How outputs are held against targets."""

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


SIGNS = Judge(logistic_loss, lambda z, t: z * t > 0)
BITS = Judge(binary_loss, lambda z, t: (z > 0) == (t > 0.5))
CLASSES = Judge(class_loss, lambda z, t: z.argmax(axis=-1) == t)


def answers(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Of scores at all places the last ones, for which there is a target."""
    return outputs[:, -targets.shape[1] :]


ANSWERS = Judge(
    lambda z, t: class_loss(answers(z, t), t), lambda z, t: answers(z, t).argmax(axis=-1) == t
)


def outputs_of(tt: Any, model: Any, inputs: np.ndarray) -> np.ndarray:
    """The model's raw outputs, as they are: a NumPy array that nothing has been done to."""
    with tt.no_grad():
        return np.asarray(model(tt.tensor(inputs)).data)


def evaluate(tt: Any, model: Any, examples: Examples, judge: Judge) -> tuple[float, float]:
    """(accuracy, loss) on these examples."""
    outputs = outputs_of(tt, model, examples.inputs)
    return judge.accuracy(outputs, examples.targets), judge.loss(outputs, examples.targets)

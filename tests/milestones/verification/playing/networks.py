"""The network of a milestone in the student's framework, with the weights of a kept run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification import models
from verification.data import SUM_LETTERS
from verification.metrics import CLASS_METRICS
from verification.model_under_test import ModelUnderTest
from verification.playing.answers import NotAQuestion
from verification.playing.kept import Kept, Weights
from verification.run import Run

SUM_PLACES, SEQUENCE_PLACES = 8, 16


def trained(run: Run, kept: Kept) -> ModelUnderTest:
    """The network that has learned.

    Raises:
        NotAQuestion: the framework makes another network by now.
    """
    return with_weights(run, MAKERS[kept.milestone](run, **sizes(kept)), kept.weights)


def sizes(kept: Kept) -> dict[str, Any]:
    """What an experiment has changed about the network."""
    width = kept.experiment.get("width")
    return {} if width is None else {"width": int(width)}


def with_weights(run: Run, model: Any, weights: Weights) -> ModelUnderTest:
    """Put the weights, and the buffers among them, into a new model."""
    subject = ModelUnderTest(run, model, None, CLASS_METRICS, 0)  # type: ignore[arg-type]  # no loss
    parameters = subject.parameters()
    for name, parameter in parameters.items():
        kept = weights.get(name)
        if kept is None or kept.shape != np.shape(parameter.data):
            raise NotAQuestion(
                f"The kept weights do not fit your framework as it is now: `{name}` has another "
                "shape, or is missing. Train it again."
            )
        parameter.data = kept
    subject.set_buffers({name: value for name, value in weights.items() if name not in parameters})
    return subject


def perceptron(run: Run) -> Any:
    return run.there(models.Perceptron)(run.tt, 2)


def transformer(run: Run, **size: int) -> Any:
    return run.there(models.transformer)(run.tt, places=SEQUENCE_PLACES, **size)


def lstm(run: Run, width: int = 40) -> Any:
    return run.there(models.reader)(run.tt, "LSTM", width)


def gpt(run: Run, **size: int) -> Any:
    return run.there(models.gpt)(run.tt, len(SUM_LETTERS), SUM_PLACES, **size)


MAKERS: dict[str, Callable[..., Any]] = {
    "perceptron": perceptron,
    "xor": lambda run, **size: models.xor(run.tt.nn, *size.values()),
    "mlp_digits": lambda run, **size: models.mlp(run.tt.nn, **size),
    "cnn": lambda run, **size: models.cnn(run.tt.nn, **size),
    "resnet": lambda run, **size: run.there(models.deep)(run.tt, True, **size),
    "transformer": transformer,
    "lstm": lstm,
    "gpt": gpt,
}

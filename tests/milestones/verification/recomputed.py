"""What a trained network answers, computed once more by NumPy from the weights it has.

Whatever happened in training, its answers on held-out examples must come from its weights, and not
from something that the framework has kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verification.failures import Failure
from verification.model_under_test import ModelUnderTest
from verification.probes import images
from verification.wording import number

Forward = Callable[..., np.ndarray]
TOLERANCE = 1e-3  # of the largest output; float32 alone is a thousand times closer


def line(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(x @ w + b)


def two_layers(bend: Callable[[np.ndarray], np.ndarray]) -> Forward:
    """Linear, `bend`, Linear."""

    def forward(x: np.ndarray, *weights: np.ndarray) -> np.ndarray:
        w, b, v, c = weights
        return np.asarray(bend(x @ w.T + b) @ v.T + c)

    return forward


def relu(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(x, 0))


def convolutions(x: np.ndarray, *weights: np.ndarray) -> np.ndarray:
    """The cnn: two convolutions, the largest response of each quarter, Linear."""
    w1, b1, w2, b2, v, c = weights
    convolve, pool = images.convolution(padding=1), images.max_pool(4, 4)
    seen = pool(relu(convolve(relu(convolve(x, w1, b1)), w2, b2)))
    return np.asarray(seen.reshape(len(x), -1) @ v.T + c)


def check_recomputed(subject: ModelUnderTest, inputs: np.ndarray, forward: Forward) -> None:
    """Compare the outputs for these inputs with those of its weights, in evaluation mode."""
    found = subject.outputs(inputs).astype(np.float64)
    weights = [value.astype(np.float64) for value in subject.parameter_values().values()]
    expected = forward(inputs.astype(np.float64), *weights)
    if found.shape != expected.shape:
        raise Failure(f"The trained network gives outputs of shape {found.shape}.")
    off = np.abs(found - expected).max(axis=-1) > TOLERANCE * np.abs(expected).max()
    if off.any():
        worst = int(np.abs(found - expected).max(axis=-1).argmax())
        raise Failure(
            f"After training, what the network answers in evaluation mode is not what its weights "
            f"give, for {off.sum()} of {len(off)} held-out inputs.",
            module="03_nn",
            hint="Before training it was. Is something kept from an earlier call, or does a layer "
            "use other arrays than its parameters?",
            yours=", ".join(map(number, found[worst])),
            numpy=", ".join(map(number, expected[worst])),
        )

"""What a trained network answers, computed once more by NumPy from the weights it has.

Whatever happened in training, its answers on held-out examples must come from its weights, and not
from something that the framework has kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from verification.failures import Failure
from verification.model_under_test import ModelUnderTest, Values
from verification.wording import number

Forward = Callable[[np.ndarray, Values], np.ndarray]
TOLERANCE = 1e-3  # of the largest output; float32 alone is a thousand times closer


def perceptron(x: np.ndarray, its: Values) -> np.ndarray:
    return np.asarray(x @ its["w"] + its["b"])


def xor(x: np.ndarray, its: Values) -> np.ndarray:
    return linear(np.tanh(linear(x, its, "0")), its, "2")


def mlp(x: np.ndarray, its: Values) -> np.ndarray:
    return linear(np.maximum(linear(x, its, "0"), 0), its, "2")


def cnn(x: np.ndarray, its: Values) -> np.ndarray:
    """Two convolutions, the largest response of each quarter, Linear."""
    seen = np.maximum(convolved(np.maximum(convolved(x, its, "0"), 0), its, "2"), 0)
    quarters = seen.reshape(*seen.shape[:2], 2, 4, 2, 4).max(axis=(3, 5))
    return linear(quarters.reshape(len(x), -1), its, "6")


def linear(x: np.ndarray, its: Values, name: str) -> np.ndarray:
    return np.asarray(x @ its[f"{name}.weight"].T + its[f"{name}.bias"])


def convolved(x: np.ndarray, its: Values, name: str) -> np.ndarray:
    """With a 3 x 3 kernel, and a frame of zeros around each image."""
    framed = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    seen = sliding_window_view(framed, (3, 3), axis=(2, 3))
    summed = np.einsum("nchwij,ocij->nohw", seen, its[f"{name}.weight"], optimize=True)
    return np.asarray(summed + its[f"{name}.bias"][:, None, None])


def check_recomputed(subject: ModelUnderTest, inputs: np.ndarray, forward: Forward) -> None:
    """Compare the outputs for these inputs with those of its weights, in evaluation mode."""
    found = subject.outputs(inputs).astype(np.float64)
    weights = {name: p.astype(np.float64) for name, p in subject.parameter_values().items()}
    try:
        expected = forward(inputs.astype(np.float64), weights)
        distance = np.abs(found - expected).max(axis=-1)
    except (KeyError, ValueError) as error:  # a name or a shape that is not PyTorch's
        shapes = ", ".join(f"{name} {p.shape}" for name, p in weights.items())
        raise Failure(
            "NumPy cannot compute the trained network's outputs from its parameters.",
            module="03_nn",
            part="nn.Module.named_parameters",
            hint="A Linear's weight is (out, in); a Sequential's parameters are named by position.",
            found=shapes,
        ) from error
    off = ~(distance <= TOLERANCE * np.abs(expected).max())
    if off.any():
        worst = int(distance.argmax())
        raise Failure(
            f"After training, what the network answers in evaluation mode is not what its weights "
            f"give, for {off.sum()} of {len(off)} held-out inputs.",
            module="03_nn",
            hint="Before training it was. Is something kept from an earlier call, or does a layer "
            "use other arrays than its parameters?",
            yours=", ".join(map(number, found[worst])),
            numpy=", ".join(map(number, expected[worst])),
        )

"""Some of the training loops, written by hand in NumPy: their cost without a framework.

Every derivative is worked out on paper; nothing is recorded or checked. Data, steps and
sizes are those of `workloads`. Each loop returns the parameters it ends with.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench import by_hand_deep
from bench.workloads import batches, corners, digits, points

HandLoop = Callable[[], list[np.ndarray]]


def perceptron() -> HandLoop:
    """z = x w + b, the loss mean(log(1 + exp(-y z))), 300 steps."""
    x, y = points()

    def loop() -> list[np.ndarray]:
        w, b = np.zeros((2, 1), np.float32), np.zeros(1, np.float32)
        for _ in range(300):
            e = np.exp(-((x @ w + b) * y))
            _ = np.log(e + 1).mean()
            dz = e / (e + 1) * -y / len(x)
            w -= x.T @ dz
            b -= dz.sum(axis=0)
        return [w, b]

    return loop


def xor() -> HandLoop:
    """2-16-1 with tanh, binary cross-entropy on logits, 400 steps."""
    x, y = corners()

    def loop() -> list[np.ndarray]:
        w1, b1 = linear(2, 16)
        w2, b2 = linear(16, 1)
        for _ in range(400):
            hidden = np.tanh(x @ w1 + b1)
            z = hidden @ w2 + b2
            e = np.exp(-np.abs(z))
            _ = (np.maximum(z, 0) - z * y + np.log1p(e)).mean()
            dz = (np.where(z > 0, 1, e) / (e + 1) - y) / len(x)
            dhidden = dz @ w2.T * (1 - hidden * hidden)
            gradients = (x.T @ dhidden, dhidden.sum(axis=0), hidden.T @ dz, dz.sum(axis=0))
            for p, g in zip((w1, b1, w2, b2), gradients, strict=True):
                p -= 0.5 * g
        return [w1, b1, w2, b2]

    return loop


def mlp_digits() -> HandLoop:
    """64-32-10 with ReLU and cross-entropy, ten epochs of Adam."""
    images, labels = digits()
    flat = images.reshape(len(images), -1)

    def loop() -> list[np.ndarray]:
        parameters = [*linear(64, 32), *linear(32, 10)]
        w1, b1, w2, b2 = parameters
        moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
        for step, (x, target) in enumerate(batches(flat, labels, 50, epochs=10), 1):
            hidden = np.maximum(x @ w1 + b1, 0)
            scores = hidden @ w2 + b2
            e = np.exp(scores - scores.max(axis=1, keepdims=True))
            dscores = e / e.sum(axis=1, keepdims=True)
            rows = np.arange(len(x))
            _ = -np.log(dscores[rows, target]).mean()
            dscores[rows, target] -= 1
            dscores /= len(x)
            dhidden = dscores @ w2.T * (hidden > 0)
            gradients = (
                x.T @ dhidden, dhidden.sum(axis=0), hidden.T @ dscores, dscores.sum(axis=0),
            )  # fmt: skip
            for p, g, (m, v) in zip(parameters, gradients, moments, strict=True):
                adam(p, g, m, v, step)
        return parameters

    return loop


def linear(inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """First weights (inputs, outputs) and biases as `nn.Linear` draws them."""
    rng, bound = np.random.default_rng(0), inputs**-0.5
    weight, bias = (
        rng.uniform(-bound, bound, (inputs, outputs)),
        rng.uniform(-bound, bound, outputs),
    )
    return weight.astype(np.float32), bias.astype(np.float32)


def adam(p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, step: int) -> None:
    """One step for one parameter, in place (Kingma, Ba 2015), with the workload's step size."""
    m += 0.1 * (g - m)
    v += 0.001 * (g * g - v)
    p -= 0.003 / (1 - 0.9**step) * m / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)


BY_HAND: dict[str, Callable[[], HandLoop]] = {
    "perceptron": perceptron,
    "perceptron_layers": perceptron,  # by hand, both frameworks need the same sums
    "xor": xor,
    "mlp_digits": mlp_digits,
    **by_hand_deep.BY_HAND,
}

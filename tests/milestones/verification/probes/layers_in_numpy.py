"""Activations and losses in NumPy, and what common mistakes would make of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from verification.probes.inputs import Array
from verification.probes.softmax_back import slips

Wrong = Mapping[str, Callable[..., Array]]
WrongGradients = Mapping[str, Callable[..., Mapping[str, Array]]]


def plain(x: Array) -> Array:
    """The gradient of an operation that passes it through unchanged."""
    return x


def linear(x: Array, weight: Array, bias: Array) -> Array:
    return np.asarray(x @ weight.T + bias)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def gelu(x: Array) -> Array:
    return np.asarray(x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2)


def gelu_by_tanh(x: Array) -> Array:
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return np.asarray(x * (1 + np.tanh(inner)) / 2)


def exponentials(x: Array, dim: int = -1) -> Array:
    return np.asarray(np.exp(x - x.max(axis=dim, keepdims=True)))


def softmax(x: Array, dim: int = -1) -> Array:
    e = exponentials(x, dim)
    return np.asarray(e / e.sum(axis=dim, keepdims=True))


def surprise(x: Array, labels: Array) -> Array:
    """-log of the probability of the right class, for each example."""
    return np.asarray(-np.log(softmax(x)[np.arange(len(x)), labels]))


def bits_loss(p: Array, t: Array) -> Array:
    return np.asarray(-(t * np.log(p) + (1 - t) * np.log(1 - p)))


# -------------------------------------------------------------------------------------- mistakes

RELU: Wrong = {
    "is the mask of the negative inputs missing?": plain,
    "is it the larger one of x and 0?": lambda x: np.minimum(x, 0),
    "is it 0, not the absolute value, where x is negative?": np.abs,
}
RELU_BACK: WrongGradients = {
    "is it the sign of x that counts, not that of the gradient?": lambda g, x: {"x": g * (g > 0)},
    "does it pass where x is positive, not where it is negative?": lambda g, x: {"x": g * (x < 0)},
}
SIGMOID: Wrong = {
    "is the factor s * (1 - s) missing?": plain,
    "is the sign of x the other way round?": lambda x: sigmoid(-x),
}


def with_slope(slope: Callable[[Array], Array]) -> Callable[..., Mapping[str, Array]]:
    """The gradient of a sigmoid with this slope, a function of its result."""
    return lambda g, x: {"x": g * slope(sigmoid(x))}


SIGMOID_BACK: WrongGradients = {
    "is the slope s * (1 - s), not that of tanh?": with_slope(lambda s: 1 - s * s),
    "is the factor s missing?": with_slope(lambda s: 1 - s),
    "is the factor 1 - s missing?": with_slope(lambda s: s),
    "is it 1 - s, not 1 + s?": with_slope(lambda s: s * (1 + s)),
}


def softmax_mistakes(dim: int) -> Wrong:
    return {
        "is the sum taken along dim?": lambda x: softmax(x, -1 - dim if dim else -1),
        "is the sum taken along dim, as the maximum is?": lambda x: (
            exponentials(x, dim) / exponentials(x, dim).sum(axis=0 if dim else -1, keepdims=True)
        ),
        "is it divided by the sum along dim, not by that of all?": lambda x: (
            exponentials(x, dim) / exponentials(x, dim).sum()
        ),
        "is it divided by the sum?": lambda x: exponentials(x, dim),
    }


def softmax_back(dim: int) -> WrongGradients:
    def of(change: Callable[[Array, Array], Array]) -> Callable[..., Mapping[str, Array]]:
        return lambda g, x: {"x": change(softmax(x, dim), g)}

    def total(a: Array, axis: int = dim) -> Array:
        return np.asarray(a.sum(axis=axis, keepdims=True))

    other = 0 if dim else -1
    sums = {"dim": (dim,), "the other dimension": (other,), "all numbers": None}
    return {
        "is the sum along dim subtracted?": of(lambda p, g: p * g),
        "is the sum along dim subtracted, not added?": of(lambda p, g: p * (g + total(g * p))),
        "is it the sum, not the mean?": of(
            lambda p, g: p * (g - (g * p).mean(axis=dim, keepdims=True))
        ),
        "is the sum in backward taken along dim?": of(lambda p, g: p * (g - total(g * p, other))),
        "is the gradient multiplied by p before it is summed?": of(lambda p, g: p * (g - total(g))),
        "does each probability depend on all scores?": of(lambda p, g: p * (1 - p) * g),
        "is the result multiplied by p?": of(lambda p, g: g - total(g * p)),
        "is the sum multiplied by p?": of(lambda p, g: p * g - total(p * g)),
    } | {question: of(slip) for question, slip in slips("grad", "softmax(x)", sums).items()}


def hit(x: Array, labels: Array) -> Array:
    return np.asarray(x[np.arange(len(x)), labels])


def one_hot(x: Array, labels: Array) -> Array:
    return np.asarray(np.eye(x.shape[1])[labels])


# Each gives the loss of each example.
CROSS_ENTROPY: Wrong = {
    "is the logarithm of the sum added?": lambda x, t: -hit(x - x.max(axis=1, keepdims=True), t),
    "is the largest score subtracted from the right one too?": lambda x, t: (
        np.log(exponentials(x).sum(axis=1)) - hit(x, t)
    ),
    "is the maximum taken over each row, not over each column?": lambda x, t: surprise(
        x - x.max(axis=0), t
    ),
    "is the sign of the loss right?": lambda x, t: -surprise(x, t),
    "is the sum of the exponentials that of each row, not of all rows?": lambda x, t: (
        np.log(exponentials(x).sum()) - hit(x - x.max(axis=1, keepdims=True), t)
    ),
    "is the softmax taken over each row, not over each column?": lambda x, t: (
        -np.log(hit(softmax(x, 0), t))
    ),
}
CROSS_ENTROPY_BACK: WrongGradients = {
    "is 1 subtracted at the right class?": lambda g, x, t: {"x": softmax(x) / len(x)},
    "is 1 subtracted, not added?": lambda g, x, t: {"x": (softmax(x) + one_hot(x, t)) / len(x)},
    "is 1 subtracted at the row's own class, not at the classes of all rows?": (
        lambda g, x, t: {"x": (softmax(x) - (one_hot(x, t).sum(axis=0) > 0)) / len(x)}
    ),
    "are the exponentials divided by their sum?": lambda g, x, t: {
        "x": (exponentials(x) - one_hot(x, t)) / len(x)
    },
    "is each row divided by its own sum, not by the sum of all rows?": (
        lambda g, x, t: {"x": (exponentials(x) / exponentials(x).sum() - one_hot(x, t)) / len(x)}
    ),
    "is each row divided by its own sum, not each column by the column's?": (
        lambda g, x, t: {
            "x": (exponentials(x) / exponentials(x).sum(axis=0) - one_hot(x, t)) / len(x)
        }
    ),
    "is the softmax taken over each row, not over each column?": lambda g, x, t: {
        "x": (softmax(x, 0) - one_hot(x, t)) / len(x)
    },
}


def softplus(x: Array) -> Array:
    return np.asarray(np.log1p(np.exp(-np.abs(x))))


LOGITS: Wrong = {
    "is the positive part of x added?": lambda x, t: softplus(x) - x * t,
    "is x * target subtracted, not added?": lambda x, t: np.maximum(x, 0) + x * t + softplus(x),
    "are the targets 0 and 1 exchanged?": lambda x, t: bits_loss(sigmoid(-x), t),
    "is it exp(-|x|), not exp(|x|) (it overflows)?": lambda x, t: (
        np.maximum(x, 0) - x * t + np.log1p(np.exp(np.abs(x)))
    ),
    "is the sigmoid taken once (not of the probability)?": lambda x, t: bits_loss(
        sigmoid(sigmoid(x)), t
    ),
}
LOGITS_BACK: WrongGradients = {
    "is the sigmoid taken of x?": lambda g, x, t: {"x": (x - t) / x.size},
    "is it multiplied by sigmoid(x), which belongs to the slope of the sigmoid alone?": (
        lambda g, x, t: {"x": (sigmoid(x) - t) * sigmoid(x) / x.size}
    ),
    "is it multiplied by 1 - sigmoid(x), which belongs to the slope of the sigmoid alone?": (
        lambda g, x, t: {"x": (sigmoid(x) - t) * (1 - sigmoid(x)) / x.size}
    ),
    "is the slope of the sigmoid a factor too much?": lambda g, x, t: {
        "x": (sigmoid(x) - t) * sigmoid(x) * (1 - sigmoid(x)) / x.size
    },
}
SQUARES: Wrong = {
    "is the difference squared (it looks like its absolute value)?": lambda x, t: np.abs(x - t),
    "is it divided by 2, or is the 2 in the slope 2 * (x - target) missing?": lambda x, t: (
        (x - t) ** 2 / 2
    ),
}

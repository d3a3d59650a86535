"""Attention in NumPy, forward and backward, and what each common mistake would make of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from verification.probes.heads import heads_apart, heads_together
from verification.probes.inputs import Array
from verification.probes.softmax_back import slips

Attend = Callable[[Array, Array, Array], Array]
Gradients = Mapping[str, Array]


def exponentials(scores: Array) -> Array:
    return np.asarray(np.exp(away_from_largest(scores)))


def away_from_largest(scores: Array) -> Array:
    largest = scores.max(axis=-1, keepdims=True)
    return np.asarray(scores - np.where(np.isneginf(largest), 0, largest))


def shares(scores: Array, dim: int = -1) -> Array:
    """The softmax of the scores; zeros where all keys are hidden, as in PyTorch."""
    e = exponentials(np.swapaxes(scores, dim, -1))
    sums = e.sum(axis=-1, keepdims=True)
    return np.asarray(np.swapaxes(e / np.where(sums == 0, 1, sums), dim, -1))


def attention(
    hidden: Array | None = None,
    scale: float | None = None,
    weights_of: Callable[[Array], Array] = shares,
) -> Attend:
    """softmax(q k^T scale) v, with weight zero where `hidden` is True."""

    def attend(q: Array, k: Array, v: Array) -> Array:
        scores = q @ np.swapaxes(k, -1, -2) * (scale or 1 / math.sqrt(q.shape[-1]))
        if hidden is not None:
            scores = np.where(hidden, -np.inf, scores)
        return np.asarray(weights_of(scores) @ v)

    return attend


def columns(scores: Array) -> Array:
    e = exponentials(scores)
    return np.asarray(e / e.sum(axis=-2, keepdims=True))


def uniform(hidden: Array | None = None) -> Attend:
    """Attention with the same weight for every visible key."""
    return lambda q, k, v: attention(hidden)(0 * q, k, v)


def mistakes(hidden: Array | None, width: int, length: int) -> dict[str, Attend]:
    """Mistakes in the scores, in the softmax and in what it weighs."""
    right = attention(hidden)
    return {
        "is it divided by sqrt(d)?": attention(hidden, scale=1.0),
        "is it divided by sqrt(d), not multiplied?": attention(hidden, math.sqrt(width)),
        "is it divided by the root of d, not by d?": attention(hidden, 1 / width),
        "is it the root of d, not of the length?": attention(hidden, 1 / math.sqrt(length)),
        "are the weights the same for every key (uniform)?": uniform(hidden),
        "are q and k exchanged (the scores transposed)?": lambda q, k, v: right(k, q, v),
        "are k and v exchanged?": lambda q, k, v: right(q, v, k),
        "is k transposed?": lambda q, k, v: right(q, np.swapaxes(k, -1, -2), v),
        "does the softmax run over the queries (the wrong axis)?": attention(
            hidden, weights_of=partial(shares, dim=-2)
        ),
        "is each row divided by its sum?": attention(hidden, weights_of=exponentials),
        "do the shares of each row add up to 1, not of each column?": attention(
            hidden, weights_of=columns
        ),
        "is the softmax used (are these the bare scores)?": attention(
            hidden, weights_of=lambda scores: scores
        ),
        "is the softmax used (are these the scores less their largest)?": attention(
            hidden, weights_of=away_from_largest
        ),
    }


# --------------------------------------------------------------------------------------- backward


def backward_mistakes(hidden: Array | None) -> dict[str, Callable[..., Gradients]]:
    """Mistakes that only backward makes, by what they compute for q, k and v."""
    found = {question: partial(wrong_scores, hidden, of) for question, of in SCORES.items()}
    products = {text: partial(wrong_products, hidden, of) for text, of in PRODUCTS.items()}
    return {**found, **products}


def parts(
    hidden: Array | None, q: Array, k: Array, v: Array, above: Array
) -> tuple[Array, Array, float]:
    """(the weights, their gradient, the scale)."""
    scale = 1 / math.sqrt(q.shape[-1])
    scores = q @ np.swapaxes(k, -1, -2) * scale
    weights = shares(scores if hidden is None else np.where(hidden, -np.inf, scores))
    return weights, above @ np.swapaxes(v, -1, -2), scale


def wrong_scores(
    hidden: Array | None, of: Callable[[Array, Array], Array], above: Array, q: Array, k: Array,
    v: Array,
) -> Gradients:  # fmt: skip
    """The gradients, if this is what the softmax's backward makes of weights and gradient."""
    weights, grad, scale = parts(hidden, q, k, v, above)
    scores = of(weights, grad) * scale
    return {
        "q": scores @ k,
        "k": np.swapaxes(scores, -1, -2) @ q,
        "v": np.swapaxes(weights, -1, -2) @ above,
    }


def total(x: Array, axis: int = -1) -> Array:
    return np.asarray(x.sum(axis=axis, keepdims=True))


SCORES: dict[str, Callable[[Array, Array], Array]] = {
    "is the row's sum subtracted in the softmax's backward?": lambda w, g: w * g,
    "is the row's sum subtracted, not added?": lambda w, g: w * (g + total(g * w)),
    "is the sum taken over each row?": lambda w, g: w * (g - total(g * w, -2)),
    "is it multiplied by the weights?": lambda w, g: g - total(g * w),
    "is it multiplied by the weights, and then summed?": lambda w, g: g - w * total(g),
    "is it multiplied by the weights twice?": lambda w, g: w * w * (g - total(g * w)),
    "is the sum taken before the weights are there?": lambda w, g: w * (g - total(g)),
    "is it the sum of the row, not the mean?": lambda w, g: (
        g * w - w * (g * w).mean(axis=-1, keepdims=True)
    ),
}
SCORES |= slips(
    "grad",
    "weights",
    {"each row": (-1,), "each column": (-2,), "each matrix": (-2, -1), "everything": None},
)


def wrong_products(
    hidden: Array | None, of: Callable[..., Gradients], above: Array, q: Array, k: Array, v: Array
) -> Gradients:
    """The gradients, if the products at the end of backward are these."""
    weights, grad, scale = parts(hidden, q, k, v, above)
    scores = weights * (grad - total(grad * weights)) * scale
    return of(scores, weights, q, k, v, above)


def turned(x: Array) -> Array:
    return np.swapaxes(x, -1, -2)


def of_values(scores: Array, weights: Array, q: Array, k: Array, v: Array, above: Array) -> Array:
    """The scores' gradient, if v is not transposed in it."""
    grad = above @ v
    return np.asarray(weights * (grad - total(grad * weights)) / math.sqrt(q.shape[-1]))


PRODUCTS: dict[str, Callable[..., Gradients]] = {
    "is the scores' gradient transposed for k?": lambda s, w, q, k, v, g: {
        "q": s @ k, "k": s @ q, "v": turned(w) @ g,
    },
    "are the weights transposed for v?": lambda s, w, q, k, v, g: {
        "q": s @ k, "k": turned(s) @ q, "v": w @ g,
    },
    "are the gradients of q and k exchanged?": lambda s, w, q, k, v, g: {
        "q": turned(s) @ q, "k": s @ k, "v": turned(w) @ g,
    },
    "does the gradient of q use k, and that of k use q?": (
        lambda s, w, q, k, v, g: {"q": s @ q, "k": turned(s) @ k, "v": turned(w) @ g}
    ),
    "does the gradient of v use the weights, not the scores?": (
        lambda s, w, q, k, v, g: {
            "q": s @ k, "k": turned(s) @ q, "v": turned(s) @ g,
        }
    ),
    "is v transposed in the gradient of the scores?": lambda s, w, q, k, v, g: {
        "q": of_values(s, w, q, k, v, g) @ k,
        "k": turned(of_values(s, w, q, k, v, g)) @ q,
        "v": turned(w) @ g,
    },
}  # fmt: skip


# --------------------------------------------------------------------------------- several heads

# Each gets what hides keys, and q, k and v, (batch, length, width).


def in_heads(hidden: Array | None, parts: list[Array]) -> Array:
    return heads_together(attention(hidden)(*map(heads_apart, parts)))


def in_one_head(hidden: Array | None, parts: list[Array]) -> Array:
    return attention(hidden)(*parts)


def along_the_batch(hidden: Array | None, parts: list[Array]) -> Array:
    """As if the sequence came first: each text looks at the others, position by position."""
    count = len(parts[0])
    seen = None if hidden is None else hidden[:count, :count]
    return np.swapaxes(in_heads(seen, [np.swapaxes(part, 0, 1) for part in parts]), 0, 1)

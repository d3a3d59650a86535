"""Normalizations in NumPy, forward and back, and what common mistakes make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from verification.probes.inputs import Array

Axes = tuple[int, ...]
Oracle = Callable[..., Array]
Normal = Callable[[Array], Array]
Back = Callable[..., Mapping[str, Array]]
EPS = 0.1  # far larger than usual, so that its place can be seen


def normalized(x: Array, axes: Axes, ddof: int = 0, eps: float = EPS) -> Array:
    """(x - mean) / sqrt(var + eps), with the statistics over these axes."""
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, ddof=ddof)
    return np.asarray((x - mean) / np.sqrt(var + eps))


def scaled(normal: Normal, places: int = 0) -> Oracle:
    """Normalize, then scale and shift; each weight stands for `places` more dimensions."""

    def oracle(x: Array, weight: Array, bias: Array | float = 0.0) -> Array:
        shape = (*weight.shape, *(1,) * places)
        shift = bias.reshape(shape) if isinstance(bias, np.ndarray) else bias
        return np.asarray(normal(x) * weight.reshape(shape) + shift)

    return oracle


# --------------------------------------------------------------------------------------- mistakes


def root_of(x: Array, axes: Axes) -> Array:
    """What x - mean is divided by."""
    return np.asarray(np.sqrt(x.var(axis=axes, keepdims=True) + EPS))


def around(x: Array, mean: Array, axes: Axes) -> Array:
    """Normalized around another mean: the variance is that of the distances from it."""
    off = x - mean
    return np.asarray(off / np.sqrt((off * off).mean(axis=axes, keepdims=True) + EPS))


def suspects(axes: Axes, others: Mapping[str, Axes], places: int = 0) -> dict[str, Oracle]:
    """The common mistakes of a normalization over these axes, as questions."""

    def over(other: Axes) -> Normal:
        return lambda x: normalized(x, other)

    def mean_over(other: Axes) -> Normal:
        return lambda x: around(x, x.mean(axis=other, keepdims=True), axes)

    wrong = of_root(axes) | of_mean(axes)
    wrong |= {
        f"does it normalize over the wrong axes ({name})?": over(other)
        for name, other in others.items()
    }
    wrong |= {
        f"is the mean alone taken over the wrong axes ({name})?": mean_over(other)
        for name, other in others.items()
    }
    found = {question: scaled(normal, places) for question, normal in wrong.items()}
    return found | with_parameters(lambda x: normalized(x, axes), places)


def of_root(axes: Axes) -> dict[str, Normal]:
    """Mistakes in what x - mean is divided by."""

    def mean_of(x: Array) -> Array:
        return np.asarray(x.mean(axis=axes, keepdims=True))

    return {
        "is the variance divided by n - 1? It is normalized with the biased one, divided by n.": (
            lambda x: normalized(x, axes, ddof=1)
        ),
        "is eps added under the root, not outside of it?": lambda x: (
            (x - mean_of(x)) / (x.std(axis=axes, keepdims=True) + EPS)
        ),
        "is eps left out?": lambda x: normalized(x, axes, eps=0.0),
        "is the eps that is given used, not one of its own?": (
            lambda x: normalized(x, axes, eps=1e-5)
        ),
        "is the root forgotten?": lambda x: normalized(x, axes) / root_of(x, axes),
        "is it divided by the root, not multiplied?": lambda x: (
            normalized(x, axes) * root_of(x, axes) ** 2
        ),
        "is the root taken once, not of a deviation, which is a root already?": lambda x: (
            (x - mean_of(x)) / np.sqrt(x.std(axis=axes, keepdims=True) + EPS)
        ),
        "is the variance made of the distances from the mean, not of x itself?": lambda x: (
            (x - mean_of(x)) / np.sqrt(mean_of(x * x) + EPS)
        ),
    }


def of_mean(axes: Axes) -> dict[str, Normal]:
    """Mistakes in what is subtracted."""
    return {
        "is the mean subtracted?": lambda x: x / root_of(x, axes),
        "is the mean subtracted, not added?": lambda x: (
            (x + x.mean(axis=axes, keepdims=True)) / root_of(x, axes)
        ),
        "does each have its own mean, not one that all share?": lambda x: around(x, x.mean(), axes),
    }


def with_parameters(normal: Normal, places: int = 0) -> dict[str, Oracle]:
    """What comes out when a parameter, or both, are forgotten or used in another way."""
    whole = scaled(normal, places)
    return {
        "are weight and bias used?": lambda x, *_: normal(x),
        "is the bias added?": lambda x, weight, *_: whole(x, weight),
        "is it multiplied by the weight?": lambda x, w, bias: whole(x, np.ones_like(w), bias),
        "is it multiplied by the weight once, not twice?": lambda x, w, bias: whole(x, w * w, bias),
        "is the bias added as it is, not multiplied by the weight too?": (
            lambda x, w, bias: whole(x, w, w * bias)
        ),
    }


# ---------------------------------------------------------------------------------- the way back


@dataclass(frozen=True)
class WayBack:
    """Of (x - mean) / sqrt(var + eps) * weight + bias; without `centered`, of an RMS norm.

    `share`: how much of the part along the normalized numbers is taken away. `over_...`: over
    which axes the two means are taken, where these are not the statistics' own. `kept_after`: the
    numbers are kept for the way back after weight and bias have been at them.
    """

    axes: Axes
    eps: float
    places: int = 0
    centered: bool = True
    mean_taken: bool = True
    scaled: bool = True
    scaled_product: bool = True
    along: bool = True
    means: bool = True
    share: float = 1.0
    exchanged: bool = False
    bias_scaled: bool = False
    over_gradient: Axes | None = None
    over_product: Axes | None = None
    kept_after: bool = False

    def __call__(
        self, above: Array, x: Array, weight: Array, bias: Array | None = None
    ) -> dict[str, Array]:
        middle = x.mean(axis=self.axes, keepdims=True) if self.centered else 0.0
        square = ((x - middle) ** 2).mean(axis=self.axes, keepdims=True)
        rate = 1 / np.sqrt(square + self.eps)
        normal = (x - middle) * rate
        if self.kept_after:
            shift = 0.0 if bias is None else self.over_places(bias)
            normal = normal * self.over_places(weight) + shift
        found = {"x": rate * self.of_normal(above, normal, weight)}
        kept = range(above.ndim - self.places - weight.ndim, above.ndim - self.places)
        others = tuple(n for n in range(above.ndim) if n not in kept)
        of_weight, of_bias = (above * normal).sum(axis=others), above.sum(axis=others)
        pair = of_weight, of_bias * (weight if self.bias_scaled else 1)
        found[".weight"], of_bias = pair[::-1] if self.exchanged else pair
        return found | ({} if bias is None else {".bias": of_bias})

    def over_places(self, parameter: Array) -> Array:
        """With axes of length 1 for the places of a channel."""
        return parameter.reshape(*parameter.shape, *(1,) * self.places)

    def of_normal(self, above: Array, normal: Array, weight: Array) -> Array:
        """What arrives, less what has no effect."""
        scale = self.over_places(weight)
        g = above * scale if self.scaled else above
        product = (above * scale if self.scaled_product else above) * normal
        gather = np.mean if self.means else np.sum
        part = gather(product, axis=self.over_product or self.axes, keepdims=True)
        found = g - self.share * (normal if self.along else 1) * part
        if self.mean_taken:
            found = found - g.mean(axis=self.over_gradient or self.axes, keepdims=True)
        return np.asarray(found)


def mistakes_back(right: WayBack, others: Mapping[str, Axes] | None = None) -> dict[str, Back]:
    """The question that each mistake asks, with the gradients it gives."""
    changes = IN_BOTH | (IN_CENTERED if right.centered else IN_RMS)
    for name, other in (others or {}).items():
        changes |= {
            f"are the means of the way back taken over the wrong axes ({name})?": {
                "over_gradient": other,
                "over_product": other,
            },
            f"is the mean of the gradient taken over the wrong axes ({name})?": {
                "over_gradient": other
            },
            "is the mean of the gradient times the normalized numbers taken over the wrong axes "
            f"({name})?": {"over_product": other},
        }
    return {question: replace(right, **change) for question, change in changes.items()}


Changes = dict[str, dict[str, Any]]

IN_BOTH: Changes = {
    "does the part along the normalized numbers have the weight too?": {"scaled_product": False},
    "is the gradient from above multiplied by the weight first?": {
        "scaled": False,
        "scaled_product": False,
    },
    "is only the part along the normalized numbers multiplied by the weight?": {"scaled": False},
    "is what is taken away along the normalized numbers a multiple of them?": {"along": False},
    "is the part along the normalized numbers a mean, not a sum?": {"means": False},
    "are the normalized numbers kept as they were before weight and bias?": {"kept_after": True},
}
IN_CENTERED: Changes = {
    "are the gradients of weight and bias each in its place, not exchanged?": {"exchanged": True},
    "has the gradient of the bias the weight as a factor? It has none.": {"bias_scaled": True},
}
IN_RMS: Changes = {
    "is a mean taken away? There is none in an RMS norm.": {"mean_taken": True},
    "is the root mean square treated as a constant?": {"share": 0.0},
    "is the part along the normalized numbers taken away, not added?": {"share": -1.0},
}

"""The way back through a normalization in NumPy, and what common mistakes make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from verification.probes.inputs import Array

Axes = tuple[int, ...]
Back = Callable[..., Mapping[str, Array]]


def way_back(
    axes: Axes,
    eps: float,
    places: int = 0,
    centered: bool = True,
    mean_taken: bool = True,
    scaled: bool = True,
    scaled_product: bool = True,
    along: bool = True,
    means: bool = True,
) -> Back:
    """Of (x - mean) / sqrt(var + eps) * weight + bias; without `centered`, of an RMS norm."""

    def gradients(
        above: Array, x: Array, weight: Array, bias: Array | None = None
    ) -> dict[str, Array]:
        middle = x.mean(axis=axes, keepdims=True) if centered else 0.0
        rate = 1 / np.sqrt(((x - middle) ** 2).mean(axis=axes, keepdims=True) + eps)
        normal = (x - middle) * rate
        scale = weight.reshape(*weight.shape, *(1,) * places)
        g = above * scale if scaled else above
        product = (above * scale if scaled_product else above) * normal
        gather = np.mean if means else np.sum
        found = g - (normal if along else 1) * gather(product, axis=axes, keepdims=True)
        if mean_taken:
            found = found - g.mean(axis=axes, keepdims=True)
        kept = range(above.ndim - places - weight.ndim, above.ndim - places)
        others = tuple(n for n in range(above.ndim) if n not in kept)
        found = {"x": rate * found, ".weight": (above * normal).sum(axis=others)}
        return found | ({} if bias is None else {".bias": above.sum(axis=others)})

    return gradients


def mistakes_back(
    axes: Axes, eps: float, places: int = 0, centered: bool = True
) -> dict[str, Back]:
    """The question that each mistake asks, with the gradients it gives."""
    found = {
        "has the part along the normalized numbers the weight too?": way_back(
            axes, eps, places, centered, centered, scaled_product=False
        ),
        "is the gradient from above multiplied by the weight first?": way_back(
            axes, eps, places, centered, centered, scaled=False, scaled_product=False
        ),
        "is only the part along the normalized numbers multiplied by the weight?": way_back(
            axes, eps, places, centered, centered, scaled=False
        ),
        "is what is taken away along the normalized numbers a multiple of them?": way_back(
            axes, eps, places, centered, centered, along=False
        ),
        "is the part along the normalized numbers a mean, not a sum?": way_back(
            axes, eps, places, centered, centered, means=False
        ),
    }
    if not centered:
        found["is a mean taken away? There is none in an RMS norm."] = way_back(
            axes, eps, places, centered
        )
    return found

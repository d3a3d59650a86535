"""Pictures of the network at work: numbers and texts, which `tito/views/pictures` draws.

`watch_...` draws while the phase "training" goes on and once at its end, `show_...` once and now.
The judge computes them from what it has asked the network; they are not part of the verdict.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from verification.data import Examples
from verification.model_under_test import ModelUnderTest

GRID, POINTS = 24, 120  # places on each side of a plane, and points on it


def watch_plane(subject: ModelUnderTest, points: Examples, title: str) -> None:
    """What the network says in every place of the plane, with the points it learns from."""
    reach = float(np.abs(points.inputs).max()) * 1.1
    along = np.linspace(-reach, reach, GRID)
    places = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2).astype("f4")
    chosen = points.take(slice(None, None, max(1, len(points.targets) // POINTS)))
    dots = np.concatenate([chosen.inputs, chosen.targets > 0], axis=1)

    def draw(step: int | None) -> None:
        scores = np.clip(subject.outputs(places).reshape(GRID, GRID), -30, 30)
        subject.run.picture(
            "plane", title, "the shade is what the network says, the dots are what is right", step,
            extent=[-reach, reach, -reach, reach], field=rounded(1 / (1 + np.exp(-scores))),
            points=rounded(dots),
        )  # fmt: skip

    subject.run.drawings.add("training", draw)


def rounded(values: np.ndarray) -> Any:
    """As nested lists, short in JSON."""
    return np.round(np.asarray(values, float), 3).tolist()

"""Pictures of planes, digits and filters at work, which `tito/views/pictures` draws.

`watch_...` draws while the phase "training" goes on and once at its end, `show_...` once and now.
The judge computes them from what it has asked the network; they are not part of the verdict.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from verification.data import Examples
from verification.model_under_test import ModelUnderTest

GRID, POINTS = 24, 120  # places on each side of a plane, and points on it
SHOWN = 8  # images in a picture


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


# --------------------------------------------------------------------------------------- digits


def watch_digits(subject: ModelUnderTest, held_out: Examples) -> None:
    """Some held-out digits, with what the network says they are."""
    few = held_out.take(slice(SHOWN))

    def draw(step: int | None) -> None:
        if step is not None:  # at the end, `show_mistakes` has more to show
            said = subject.outputs(few.inputs).argmax(axis=-1)
            show_images(subject, "Held-out digits, and what it says they are", few, said, step)

    subject.run.drawings.add("training", draw)


def show_mistakes(subject: ModelUnderTest, held_out: Examples) -> None:
    """The held-out digits that the network gets wrong, and which it takes for which."""

    def draw(_: int | None) -> None:
        said = subject.outputs(held_out.inputs).argmax(axis=-1)
        wrong = np.flatnonzero(said != held_out.targets)
        some, count = wrong[:SHOWN], len(held_out.targets)
        title = f"{len(wrong)} of {count} held-out digits are misread"
        if len(some):
            show_images(subject, title, held_out.take(some), said[some], None)
        confused = np.zeros((10, 10), int)
        np.add.at(confused, (held_out.targets, said), 1)
        digits = [str(digit) for digit in range(10)]
        subject.run.picture(
            "matrix", "Confusion matrix", "down: what it is; across: what the network says",
            values=confused.tolist(), rows=digits, columns=digits,
        )  # fmt: skip

    subject.run.drawings.now(draw)


def show_images(
    subject: ModelUnderTest, title: str, shown: Examples, said: np.ndarray, step: int | None
) -> None:
    subject.run.picture(
        "images", title, "below each: what the network says, and if it is wrong, what it is", step,
        images=rounded(shown.inputs.reshape(-1, 8, 8)), labels=[str(t) for t in shown.targets],
        said=[str(answer) for answer in said], right=(said == shown.targets).tolist(),
    )  # fmt: skip


def show_shifted(
    subject: ModelUnderTest, mlp: ModelUnderTest, held_out: Examples, off: Examples
) -> None:
    """Digits that the mlp misreads when they are moved by one pixel, and this network does not."""

    def draw(_: int | None) -> None:
        flat = off.inputs.reshape(len(off.inputs), -1)
        said, by_mlp = (
            subject.outputs(off.inputs).argmax(axis=-1),
            mlp.outputs(flat).argmax(axis=-1),
        )
        found = np.flatnonzero((said == off.targets) & (by_mlp != off.targets))[: SHOWN // 2]
        before = held_out.inputs[found % len(held_out.targets)]
        images = np.stack([before, off.inputs[found]], axis=1).reshape(-1, 8, 8)
        pairs = [
            (int(label), int(wrong))
            for label, wrong in zip(off.targets[found], by_mlp[found], strict=True)
        ]
        subject.run.picture(
            "images", "Digits, and the same ones moved by one pixel",
            "below: what it is; of the moved one, what the mlp says (the filters are right)",
            images=rounded(images), right=[True, False] * len(pairs),
            labels=[str(label) for label, _ in pairs for _ in "ab"],
            said=[str(answer) for pair in pairs for answer in pair],
        )  # fmt: skip

    subject.run.drawings.now(draw)


def show_filters(subject: ModelUnderTest, held_out: Examples) -> None:
    """The filters of the first convolution, and what each sees in one digit."""

    def draw(_: int | None) -> None:
        layer, one = subject.model[0], held_out.take(slice(1))
        weights = np.array(layer.weight.data)[:, 0]
        with subject.run.tt.no_grad():
            seen = np.array(layer(subject.run.tensor(one.inputs)).data)[0]
        numbers = [str(number) for number in range(1, len(weights) + 1)]
        label = int(one.targets[0])
        subject.run.picture(
            "filters", "The filters that were learned", "orange adds, blue takes away",
            images=rounded(weights), labels=numbers,
        )  # fmt: skip
        subject.run.picture(
            "filters", f"What they see in a {label}", "orange: found here; blue: the opposite",
            images=rounded(seen), labels=numbers,
        )  # fmt: skip

    subject.run.drawings.now(draw)


def show_shares(subject: ModelUnderTest, title: str, **shares: float) -> None:
    """Accuracies side by side."""
    labels = [name.replace("_", " ") for name in shares]
    subject.run.picture("bars", title, labels=labels, values=list(shares.values()))


def rounded(values: Any) -> Any:
    """As nested lists, short in JSON."""
    return np.round(np.asarray(values, float), 3).tolist()

"""The perceptron and XOR: on which side is a point?"""

from __future__ import annotations

import re

import numpy as np

from verification.model_under_test import ModelUnderTest
from verification.playing.answers import Answer, NotAQuestion, Question, answered, bars
from verification.playing.kept import Kept

EXAMPLE = "Type a point: two numbers, such as 0.5 -0.2"


class Points:
    """One neuron, or a network with a hidden layer, and a plane of points."""

    invites = EXAMPLE

    def __init__(self, subject: ModelUnderTest, kept: Kept) -> None:
        self._subject, self._kept = subject, kept

    def answer(self, question: Question) -> Answer:
        point = point_of(question["input"])
        score = float(self._subject.outputs(point[None]).reshape(-1)[0])
        share = 1 / (1 + np.exp(-np.clip(score, -60, 60)))
        pictures = [bars(("class 1", "class 0"), np.array([share, 1 - share]))]
        explain = self._xor if self._kept.milestone == "xor" else self._line
        return answered(f"class {int(score > 0)}", *explain(point, score), pictures=pictures)

    def _line(self, point: np.ndarray, score: float) -> list[str]:
        (a, b), (c,) = (self._kept.weights[name].reshape(-1) for name in "wb")
        x, y = point
        sum_of = f"({a:.2f}) * ({x:g}) + ({b:.2f}) * ({y:g}) + ({c:.2f}) = {score:.2f}"
        side = "above 0: class 1" if score > 0 else "not above 0: class 0"
        return [sum_of, side]

    def _xor(self, point: np.ndarray, score: float) -> list[str]:
        x, y = point
        differ = bool((x > 0) != (y > 0))
        right = "right" if differ == (score > 0) else "wrong"
        told = "differ: class 1" if differ else "are the same: class 0"
        return [f"The signs of {x:g} and {y:g} {told}. The network is {right}."]


def point_of(text: str) -> np.ndarray:
    words = [word for word in re.split(r"[\s,;()]+", text) if word]
    try:
        x, y = (float(word) for word in words)
    except ValueError:
        raise NotAQuestion(f"{text!r} is not a point. {EXAMPLE}") from None
    if not np.isfinite([x, y]).all() or max(abs(x), abs(y)) > 1e6:
        raise NotAQuestion(f"{text!r} is too far away. {EXAMPLE}")
    return np.array([x, y], "f4")

"""An answer of a network, as JSON for `tito`, and the error for what is not a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

Answer = dict[str, Any]
Question = dict[str, Any]


class NotAQuestion(Exception):
    """What was typed cannot be put to this network. The text says what can."""


class Player(Protocol):
    """A milestone's network, ready to answer."""

    invites: str  # what to type

    def answer(self, question: Question) -> Answer: ...


def softmax(scores: np.ndarray) -> np.ndarray:
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: np.ndarray = shifted / shifted.sum(axis=-1, keepdims=True)
    return found


def bars(labels: Iterable[object], values: np.ndarray) -> Answer:
    """A picture of what the network thinks likely."""
    shares = [round(float(value), 4) for value in values]
    return {"kind": "bars", "data": {"labels": [str(label) for label in labels], "values": shares}}


def image(pixels: np.ndarray, said: str) -> Answer:
    """A picture of what the network sees; `pixels` from 0 to 1."""
    rows = np.round(pixels.astype(float), 3).tolist()
    return {"kind": "images", "data": {"images": [rows], "labels": [said], "said": []}}


def answered(said: str, *lines: str, pictures: Sequence[Answer] = ()) -> Answer:
    """The network's answer, what is to say about it, and pictures of it."""
    return {"answer": said, "lines": list(lines), "pictures": list(pictures)}

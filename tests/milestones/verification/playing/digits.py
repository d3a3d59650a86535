"""mlp_digits, cnn and resnet: which digit is this? A drawing, a file, or a held-out digit."""

from __future__ import annotations

import base64

import numpy as np

from verification import data, seeds
from verification.model_under_test import ModelUnderTest
from verification.playing.answers import (
    Answer,
    NotAQuestion,
    Question,
    answered,
    bars,
    image,
    softmax,
)
from verification.playing.drawing import as_digit, from_text, ink_of
from verification.playing.kept import Kept
from verification.playing.png import read_png

HELD_OUT = 360


class Digits:
    """A network that has learned from 1,437 digits, and the 360 that it has never seen."""

    invites = (
        f"Type a number from 0 to {HELD_OUT - 1} for a digit the network has never seen, "
        "the path of a PNG file, or draw"
    )

    def __init__(self, subject: ModelUnderTest, kept: Kept) -> None:
        self._subject, self._is_flat = subject, kept.milestone == "mlp_digits"
        rng = seeds.source(kept.seed, "data")  # the run's own, so the same are held out
        _, self._held_out = data.split(rng, data.digits(), HELD_OUT)

    def answer(self, question: Question) -> Answer:
        if "png" in question:
            return self._read(as_digit(ink_of(read_png(base64.b64decode(question["png"])))))
        text = question["input"]
        if "\n" in text.strip("\n"):
            return self._read(as_digit(from_text(text.strip("\n"))))
        return self._held(text.strip())

    def _held(self, text: str) -> Answer:
        if not (text.isascii() and text.isdigit() and int(text) < HELD_OUT):
            raise NotAQuestion(f"{text!r} is not one of the held-out digits. {self.invites}.")
        pixels, label = self._held_out.inputs[int(text)], int(self._held_out.targets[int(text)])
        return self._read(pixels, label)

    def _read(self, pixels: np.ndarray, label: int | None = None) -> Answer:
        shape = (1, 64) if self._is_flat else (1, 1, 8, 8)
        chances = softmax(self._subject.outputs(pixels.reshape(shape))[0])
        said, second = (int(digit) for digit in np.argsort(-chances)[:2])
        lines = [f"It is {chances[said]:.0%} sure; its second guess is {second}."]
        if label is not None:
            right = "right" if said == label else "wrong"
            lines.append(f"The person who wrote it meant {label}: {right}.")
        pictures = [image(pixels, str(said)), bars(range(10), chances)]
        return answered(str(said), *lines, pictures=pictures)

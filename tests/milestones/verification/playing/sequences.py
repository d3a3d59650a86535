"""The transformer reverses what is typed; the LSTM remembers one symbol over many steps."""

from __future__ import annotations

import numpy as np

from verification import models
from verification.model_under_test import ModelUnderTest
from verification.playing.answers import Answer, NotAQuestion, Question, answered, bars, softmax
from verification.playing.kept import Kept

LEARNED_LENGTH, LONGEST = 8, 8
NOISE = 0.3


class Reversing:
    """The transformer writes a sequence of digits backward, one after the other."""

    invites = f"Type up to {LONGEST} digits, such as 31415926"

    def __init__(self, subject: ModelUnderTest, kept: Kept) -> None:
        self._subject = subject

    def answer(self, question: Question) -> Answer:
        text = "".join(question["input"].split())
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
            raise NotAQuestion(f"{question['input']!r} cannot be reversed. {self.invites}.")
        said = self._written([int(letter) for letter in text])
        right = said == text[::-1]
        lines = ["Right." if right else f"Wrong: backward it is {text[::-1]}."]
        if len(text) != LEARNED_LENGTH:
            lines.append(f"It has only ever seen sequences of {LEARNED_LENGTH} digits.")
        row = {"input": text, "output": said, "target": text[::-1]}
        return answered(said, *lines, pictures=[{"kind": "sequences", "data": {"rows": [row]}}])

    def _written(self, digits: list[int]) -> str:
        ids = np.array([[*digits, models.SEPARATOR]])
        for _ in digits:
            scores = self._subject.outputs(ids)[:, -1]
            ids = np.concatenate([ids, scores.argmax(axis=-1)[:, None]], axis=1)
        return "".join(map(str, ids[0, len(digits) + 1 :]))


class Remembering:
    """The LSTM hears one of four keys in a hundred steps of noise, and says which at the end."""

    SHORTEST, LONGEST = 100, 2000
    invites = (
        "Type a key from 0 to 3, then a dot for every step of noise, such as 2 or ..1.... "
        f"(at least {SHORTEST} steps are made of it); 2*500 is 2 and then 500 steps"
    )

    def __init__(self, subject: ModelUnderTest, kept: Kept) -> None:
        self._subject, self._rng = subject, np.random.default_rng([kept.seed, 3])

    def answer(self, question: Question) -> Answer:
        steps = self._steps(question["input"])
        heard = self._rng.normal(0, NOISE, (1, len(steps), 8)).astype("f4")
        heard[:, :, :4] = 0
        for at, letter in enumerate(steps):
            if letter != ".":
                heard[0, at, int(letter)] = 4
        chances = softmax(self._subject.outputs(heard)[0])
        said = str(int(chances.argmax()))
        return answered(said, *self._told(steps, said), pictures=[bars(range(4), chances)])

    def _steps(self, text: str) -> str:
        shown, _, more = "".join(text.split()).partition("*")
        count = int(more) if more.isascii() and more.isdigit() and len(more) < 6 else 0
        steps = (shown + "." * count).ljust(self.SHORTEST, ".")
        known = shown and set(shown) <= set("0123.") and bool(more) == (count > 0)
        if not known or len(steps) > self.LONGEST:
            raise NotAQuestion(f"{text!r} cannot be heard. {self.invites}.")
        return steps

    def _told(self, steps: str, said: str) -> list[str]:
        keys = steps.replace(".", "")
        if not keys:
            return [f"There was no key at all in {len(steps)} steps: it guesses."]
        after = len(steps) - 1 - max(at for at, letter in enumerate(steps) if letter != ".")
        if len(keys) > 1:
            return [f"The keys were {', '.join(keys)}; the last one came {after} steps before."]
        right = "Right" if said == keys else "Wrong"
        return [f"{right}: the key was {keys}, and {after} steps of noise came after it."]

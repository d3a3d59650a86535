"""The GPT answers sums that are typed, and goes on with the start of a name."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from verification import models
from verification.data import LONGEST_NAME, NAME_LETTERS, SUM_LETTERS, names
from verification.model_under_test import ModelUnderTest
from verification.playing.answers import Answer, NotAQuestion, Question, answered, bars, softmax
from verification.playing.kept import Kept
from verification.playing.networks import sizes, with_weights
from verification.writing import tokens_of

NAMES = "names."  # before the names of the weights of the GPT that invents names
SHOWN = 5
SETTINGS = {"temperature": 0.8, "top_k": None, "seed": 0}


class Writing:
    """Two small GPTs of the same milestone: one adds, one invents names."""

    def __init__(self, subject: ModelUnderTest, kept: Kept) -> None:
        self._subject, self._kept = subject, kept
        self._tokens = tokens_of(subject.run, SUM_LETTERS)
        self._names = self._network_of_names()
        more = ", or the start of a name, such as ma" if self._names else ""
        self.invites = f"Type a sum of two numbers below 100, such as 47+85{more}"

    def _network_of_names(self) -> ModelUnderTest | None:
        found = {
            name.removeprefix(NAMES): value
            for name, value in self._kept.weights.items()
            if name.startswith(NAMES)
        }
        if not found:
            return None
        run = self._subject.run
        places = LONGEST_NAME + 1
        model = run.there(models.gpt)(run.tt, len(NAME_LETTERS), places, **sizes(self._kept))
        return with_weights(run, model, found)

    def answer(self, question: Question) -> Answer:
        text = "".join(question["input"].split()).lower()
        wanted = re.fullmatch(r"([0-9]{1,2})\+([0-9]{1,2})=?", text)
        if wanted:
            return self._sum(int(wanted[1]), int(wanted[2]))
        if self._names and set(text) <= set(NAME_LETTERS) and len(text) < LONGEST_NAME:
            return self._invented(text, self._names, settings(question))
        raise NotAQuestion(f"{question['input']!r} is not for this GPT. {self.invites}.")

    def _sum(self, a: int, b: int) -> Answer:
        asked = f"{a:02}+{b:02}="
        ids = np.array([[self._tokens[SUM_LETTERS.index(letter)] for letter in asked]])
        letters, chances = np.array(list(SUM_LETTERS))[np.argsort(self._tokens)], []
        for _ in range(3):
            scores = self._subject.outputs(ids)[:, -1]
            chances.append(softmax(scores[0]).max())
            ids = np.concatenate([ids, scores.argmax(axis=-1)[:, None]], axis=1)
        written = "".join(letters[ids[0, len(asked) :]])
        said, right = written[::-1].lstrip("0") or "0", str(a + b)
        lines = [f"It wrote {written}: the digits of the sum, the last one first."]
        lines.append("Right." if said == right else f"Wrong: {a} + {b} is {right}.")
        return answered(f"{a} + {b} = {said}", *lines, pictures=[bars(written, np.array(chances))])

    def _invented(self, start: str, network: ModelUnderTest, how: dict[str, Any]) -> Answer:
        run = network.run
        ids = tokens_of(run, NAME_LETTERS)
        letters = np.array(list(NAME_LETTERS))[np.argsort(ids)]
        asked = [ids[NAME_LETTERS.index(letter)] for letter in NAME_LETTERS[0] + start]
        run.tt.manual_seed(how.pop("seed"))
        found = network.model.generate(
            run.tensor(np.array([asked] * SHOWN)), LONGEST_NAME - len(start), **how
        )
        rows = np.asarray(found.data)[:, 1:]
        written = ["".join(letters[row]).partition(NAME_LETTERS[0])[0] for row in rows]
        known = set(names())
        lines = [f"{name}{'  (in the Bible)' if name in known else ''}" for name in written]
        return answered(" ".join(written), *lines)


def settings(question: Question) -> dict[str, Any]:
    """How to draw the next letter: temperature, top_k, seed."""
    return {name: question.get(name, usual) for name, usual in SETTINGS.items()}

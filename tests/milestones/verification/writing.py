"""What a GPT writes: sums and names, judged from its raw outputs, and shown while it learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verification.data import LONGEST_NAME, Sums
from verification.failures import Failure
from verification.feed import encoded, read_back
from verification.metrics import class_loss
from verification.model_under_test import ModelUnderTest
from verification.run import Run


def tokens_of(run: Run, text: str) -> list[int]:
    """The ids of different letters, by the framework's tokenizer; a bijection onto 0 to V - 1."""
    ids = run.there(encoded)(run.tt, text)
    if sorted(ids) != list(range(len(text))):
        raise wrong_tokens(f"`CharTokenizer({text!r})` gives its letters the ids {ids}.")
    again = run.there(read_back)(run.tt, text, ids)
    if again != text:
        raise wrong_tokens(f"`CharTokenizer({text!r})` decodes its own ids to {again!r}.")
    return ids


def wrong_tokens(said: str) -> Failure:
    return Failure(
        said,
        module="10_tokenization",
        part="text.CharTokenizer",
        hint="Each character has a number of its own, from 0 on, and decode finds it again.",
    )


def sums_answered(subject: ModelUnderTest, asked: Sums) -> np.ndarray:
    """The digits (N, 3) that the model writes after `47+85=`, greedily, from its raw outputs."""
    ids = asked.asked
    for _ in range(asked.answers.shape[1]):
        scores = subject.outputs(ids)[:, -1]
        ids = np.concatenate([ids, scores.argmax(axis=-1)[:, None]], axis=1)
    return ids[:, asked.asked.shape[1] :]


def sums_right(subject: ModelUnderTest, asked: Sums) -> float:
    """The fraction of sums without a wrong digit."""
    return float((sums_answered(subject, asked) == asked.answers).all(axis=1).mean())


class Calculating:
    """What the model writes for one sum after the other, to be shown while it trains."""

    EVERY = 8  # calls; writing costs three forwards, and nobody reads faster

    def __init__(self, subject: ModelUnderTest, asked: Sums) -> None:
        self._subject, self._asked, self._calls, self._said = subject, asked, 0, ""

    def __call__(self) -> str:
        if self._calls % self.EVERY == 0:
            row = self._calls // self.EVERY % len(self._asked.asked)
            one = self._asked.take(slice(row, row + 1))
            said = sums_answered(self._subject, one)
            mark = "right" if (said == one.answers).all() else "wrong"
            self._said = f"{one.text(said[0])} {mark}"
        self._calls += 1
        return self._said


def cost_of_letters(outputs: np.ndarray, targets: np.ndarray, end: int) -> float:
    """The mean cross-entropy of each letter of each name, its end included."""
    counted = np.cumsum(targets == end, axis=1) - (targets == end) == 0
    return class_loss(outputs[counted], targets[counted])


def cost_by_frequency(learned: np.ndarray, targets: np.ndarray, end: int, tokens: int) -> float:
    """The same, of someone who knows only how often each letter comes."""
    counted = np.cumsum(learned == end, axis=1) - (learned == end) == 0
    counts = 1 + np.bincount(learned[counted], minlength=tokens)
    scores = np.broadcast_to(np.log(counts / counts.sum()), (*targets.shape, tokens))
    return cost_of_letters(scores, targets, end)


class Naming:
    """Invents names with the framework's own `generate`, to be shown while it learns."""

    EVERY, SHOWN = 8, 3

    def __init__(self, subject: ModelUnderTest, letters: str, ids: Sequence[int]) -> None:
        self._subject, self._end = subject, ids[0]
        self._letters = np.array(list(letters))[np.argsort(ids)]
        self._calls, self._said = 0, ""

    def names(self, count: int) -> list[str]:
        run = self._subject.run
        start = run.tensor(np.full((count, 1), self._end))
        with run.random.kept():  # how often it is asked while it trains depends on the clock
            found = self._subject.model.generate(start, LONGEST_NAME, temperature=0.8)
        rows = np.array(found.data)[:, 1:]
        return ["".join(self._letters[row]).partition("\n")[0] for row in rows]

    def __call__(self) -> str:
        if self._calls % self.EVERY == 0:
            self._said = " ".join(self.names(self.SHOWN))
        self._calls += 1
        return self._said

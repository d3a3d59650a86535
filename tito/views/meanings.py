"""What each number of a milestone's verdict means, and the bar it had to pass.

The bars are those of `tests/milestones/test_learning_verification.py`; a test compares them.
"""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """A few words on a number, and its bar as a fraction from 0 to 1."""

    words: str
    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        if self.at_least is not None:
            return f"{self.words} (at least {self.at_least:.0%})"
        if self.at_most is not None:
            return f"{self.words} (at most {self.at_most:.0%})"
        return self.words


COMMON = {
    "loss": Meaning("on held-out data"),
    "gradient_error": Meaning("your gradients against NumPy's (at most 1e-05)"),
    "parameters": Meaning("numbers that were learned"),
}
MEANINGS: dict[str, dict[str, Meaning]] = {
    "perceptron": {
        "accuracy": Meaning("of held-out points are right", at_least=0.98),
        "control_accuracy": Meaning("one neuron on XOR: no line separates it", at_most=0.75),
    },
    "xor": {
        "accuracy": Meaning("of held-out points are right", at_least=1.0),
        "control_accuracy": Meaning(
            "without the hidden layer, so the hidden layer did it", at_most=0.75
        ),
    },
    "mlp_digits": {
        "accuracy": Meaning("of held-out digits are right", at_least=0.93),
        "control_accuracy": Meaning(
            "trained on shuffled labels, so it did learn from the labels", at_most=0.4
        ),
    },
    "cnn": {
        "accuracy": Meaning("of held-out digits are right", at_least=0.95),
        "control_accuracy": Meaning(
            "with frozen filters, so the filters did learn something", at_most=0.93
        ),
        "shifted_accuracy": Meaning(
            "of digits one pixel off (10 points more than the MLP, or better)"
        ),
        "mlp_shifted_accuracy": Meaning("the MLP on the same digits"),
        "scrambled_shifted_accuracy": Meaning(
            "with all pixels in another order, so filters need neighbors", at_most=0.65
        ),
    },
    "resnet": {
        "accuracy": Meaning("of held-out digits are right", at_least=0.75),
        "control_accuracy": Meaning(
            "a plain network of the same depth, so shortcuts are needed", at_most=0.4
        ),
        "no_shortcuts_accuracy": Meaning(
            "the trained network, shortcuts cut, so it does use them", at_most=0.5
        ),
        "other_statistics_accuracy": Meaning(
            "with wrong running statistics, so it does use them", at_most=0.5
        ),
    },
    "transformer": {
        "exact_match": Meaning("of held-out sequences reversed without a mistake", at_least=0.99),
        "control_accuracy": Meaning("trained without positions, so it needs them", at_most=0.2),
        "no_positions_exact_match": Meaning(
            "the trained network, positions taken away", at_most=0.05
        ),
        "uniform_exact_match": Meaning(
            "looking everywhere alike, so where it looks matters", at_most=0.05
        ),
    },
    "lstm": {
        "accuracy": Meaning("of held-out sequences are right; guessing: 25%", at_least=0.6),
        "control_accuracy": Meaning("a plain RNN of the same size forgets", at_most=0.5),
        "first_half_hidden_accuracy": Meaning(
            "without the half that has the key: it must guess", at_most=0.4
        ),
        "forgetful_accuracy": Meaning(
            "forget gates closed, so these gates keep the memory", at_most=0.4
        ),
    },
    "gpt": {
        "exact_match": Meaning("of held-out sums are right in every digit", at_least=0.95),
        "control_accuracy": Meaning(
            "trained on shuffled answers, so it did learn to add", at_most=0.1
        ),
        "no_positions_exact_match": Meaning(
            "the trained network, positions taken away", at_most=0.1
        ),
        "names_loss": Meaning("per letter of held-out names (8% below the next line, or more)"),
        "names_by_frequency_loss": Meaning("of one who knows only how frequent letters are"),
        "new_names": Meaning("of 100 invented names are new and different", at_least=0.5),
    },
}


def meaning_of(milestone: str, metric: str) -> str:
    """A few words, or nothing about a number that is not known here."""
    found = MEANINGS.get(milestone, {}).get(metric)
    if found is None and milestone in MEANINGS:
        found = COMMON.get(metric)
    return "" if found is None else str(found)

"""Where the attention of a trained network looks, place by place and head by head.

For the page of `tito show`. The weights come from the framework's own layers, which are asked for
them while the network writes; nothing is computed a second time here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from verification import models
from verification.data import LONGEST_NAME, NAME_LETTERS, SUM_LETTERS
from verification.feed import encoded
from verification.playing.answers import NotAQuestion
from verification.playing.texts import NAMES

LONGEST_SEQUENCE = 8
SEPARATOR = "|"  # between a sequence and its reversal
Weights = Mapping[str, np.ndarray]


class Task(NamedTuple):
    """What a text asks of a network: what it reads first, and how many letters it then writes."""

    network: str
    read: str
    writes: int


def reversing(text: str) -> Task:
    digits = "".join(text.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_SEQUENCE):
        raise NotAQuestion(f"Type up to {LONGEST_SEQUENCE} digits, such as 31415926.")
    return Task("", digits + SEPARATOR, len(digits))


def writing(text: str) -> Task:
    letters = "".join(text.split()).lower()
    asked = re.fullmatch(r"([0-9]{1,2})\+([0-9]{1,2})=?", letters)
    if asked:
        return Task("", f"{int(asked[1]):02}+{int(asked[2]):02}=", 3)
    if letters and set(letters) <= set(NAME_LETTERS) and len(letters) < LONGEST_NAME:
        return Task(NAMES, NAME_LETTERS[0] + letters, LONGEST_NAME - len(letters))
    raise NotAQuestion("Type a sum, such as 47+85, or the start of a name, such as ma.")


TASKS = {"transformer": reversing, "gpt": writing}


class Network(NamedTuple):
    """A network, its attention layers from the first to the last, and the letters of its ids."""

    model: Any
    layers: list[Any]
    letters: str


class Attending:
    """The networks of one kept run, ready to be asked."""

    def __init__(self, tt: Any, milestone: str, weights: Weights) -> None:
        """Build them, and put the weights in.

        Raises:
            ValueError: the weights do not fit the networks that the framework makes now.
        """
        self._tt, self._task = tt, TASKS[milestone]
        make = {"transformer": reversing_network, "gpt": writing_networks}[milestone]
        self._networks: dict[str, Network] = make(tt, weights)

    def attend(self, text: str) -> dict[str, Any]:
        """Let the network read `text` and write.

        Returns:
            `letters`: what stood at each place, the L letters it has read and written;
            `writes`: what it wrote after each place, "" while it was only reading;
            `heads`: for each layer and head a name and its weights, (L, L), rows sum to 1.

        Raises:
            NotAQuestion: this is nothing to ask; says what is.
        """
        task = self._task(text)
        network = self._networks.get(task.network)
        if network is None:
            raise NotAQuestion("This run has no network that invents names: ask it for a sum.")
        ids = [network.letters.index(letter) for letter in task.read]
        places = len(ids) - 1
        for _ in range(task.writes):
            weights, following = looks(self._tt, network, ids)
            ids.append(following)
            if network.letters[following] == NAME_LETTERS[0]:
                break
        said = [network.letters[i] for i in ids]
        return {
            "letters": said[:-1],
            "writes": [""] * places + said[places + 1 :],
            "heads": [
                {"name": f"layer {i}, head {j}", "weights": np.round(head, 4).tolist()}
                for i, layer in enumerate(weights, 1)
                for j, head in enumerate(layer, 1)
            ],
        }


def looks(tt: Any, network: Network, ids: list[int]) -> tuple[list[np.ndarray], int]:
    """The weights of each layer, (heads, L, L), and the letter that comes next."""
    heard: list[np.ndarray] = []
    plain = [layer.forward for layer in network.layers]
    for layer, forward in zip(network.layers, plain, strict=True):
        layer.forward = overheard(forward, heard)
    try:
        with tt.no_grad():
            scores = network.model(tt.tensor(np.array([ids])))
    finally:
        for layer, forward in zip(network.layers, plain, strict=True):
            layer.forward = forward
    return heard, int(np.asarray(scores.data)[0, -1].argmax())


def overheard(forward: Any, heard: list[np.ndarray]) -> Any:
    """The layer's `forward`, which is asked for its weights and lets them be heard."""

    def asked(*inputs: Any, **options: Any) -> Any:
        wanted = {**options, "need_weights": True, "average_attn_weights": False}
        answer, weights = forward(*inputs, **wanted)
        heard.append(np.asarray(weights.data, float)[0])
        return answer, weights

    return asked


# ----------------------------------------------------------------------------------- the networks


def reversing_network(tt: Any, weights: Weights) -> dict[str, Network]:
    model = filled(models.transformer(tt, places=2 * LONGEST_SEQUENCE), weights)
    letters = "".join(str(n) for n in range(models.SYMBOLS)) + SEPARATOR
    return {"": Network(model, [model.attention], letters)}


def writing_networks(tt: Any, weights: Weights) -> dict[str, Network]:
    """The GPT that adds and, if the run came that far, the one that invents names."""
    sums = {name: value for name, value in weights.items() if not name.startswith(NAMES)}
    names = {name.removeprefix(NAMES): weights[name] for name in weights.keys() - sums.keys()}
    found = {"": writing_network(tt, SUM_LETTERS, 8, sums)}
    if names:
        found[NAMES] = writing_network(tt, NAME_LETTERS, LONGEST_NAME + 1, names)
    return found


def writing_network(tt: Any, letters: str, places: int, weights: Weights) -> Network:
    model = filled(models.gpt(tt, len(letters), places), weights)
    by_id = np.array(list(letters))[np.argsort(encoded(tt, letters))]
    return Network(model, [layer.self_attn for layer in model.blocks.layers], "".join(by_id))


def filled(model: Any, weights: Weights) -> Any:
    """The model with these weights, in evaluation mode; ValueError if they do not fit."""
    for name, parameter in model.named_parameters():
        value, shape = weights.get(name), tuple(parameter.shape)
        if value is None or value.shape != shape:
            kept = "is missing" if value is None else f"has the shape {value.shape}, not {shape}"
            raise ValueError(f"the kept weights do not fit your framework now: {name} {kept}")
        parameter.data[...] = value
    evaluate = getattr(model, "eval", None)
    if evaluate is not None:
        evaluate()
    return model

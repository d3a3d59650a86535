"""Recurrent cells in NumPy, a step and a sequence, and what each common mistake makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np

from verification.probes.bends import (
    Bend,
    not_halved,
    not_moved,
    open_gate,
    plain,
    shifted,
    squash,
    twice_as_steep,
)
from verification.probes.inputs import Array

States = tuple[Array, ...]
Step = Callable[..., States]


@dataclass(frozen=True)
class RNN:
    """tanh of both weighted sums (Elman, 1990)."""

    bend: Bend = np.tanh
    from_state: float = 1.0
    turned: bool = True
    apart: bool = False
    b_ih: float = 1.0
    b_hh: float = 1.0

    def __call__(self, x: Array, states: States, *weights: Array) -> States:
        w_ih, w_hh, b_ih, b_hh = weights
        state = self.from_state * states[0] @ (w_hh.T if self.turned else w_hh)
        sums = x @ w_ih.T + self.b_ih * b_ih, state + self.b_hh * b_hh
        return (self.bend(sums[0]) + self.bend(sums[1]) if self.apart else self.bend(sum(sums)),)


@dataclass(frozen=True)
class LSTM:
    """Long short-term memory (Hochreiter & Schmidhuber, 1997; Gers et al., 2000)."""

    order: str = "ifgo"
    forget: Bend = squash
    write: Bend = squash
    show: Bend = squash
    candidate: Bend = np.tanh
    shown: Bend = np.tanh
    shown_before: bool = False
    exchanged: bool = False
    coupled: bool = False
    keeps_h: bool = False
    keeps_bent: bool = False
    taken: str = "ifgo"
    b_ih: float = 1.0
    b_hh: float = 1.0

    def __call__(self, x: Array, states: States, *weights: Array) -> States:
        (h, c), (w_ih, w_hh, b_ih, b_hh) = states, weights
        z = x @ w_ih.T + self.b_ih * b_ih + h @ w_hh.T + self.b_hh * b_hh
        gate = dict(zip(self.order, np.split(z, 4, axis=-1), strict=True))
        bent = [
            self.write(gate["i"]), self.forget(gate["f"]), self.candidate(gate["g"]),
            self.show(gate["o"]),
        ]  # fmt: skip
        write, forget, candidate, show = (bent["ifgo".index(name)] for name in self.taken)
        write = 1 - forget if self.coupled else write
        after = forget * (h if self.keeps_h else c) + write * candidate
        h = show * self.shown(c if self.shown_before else after)
        after = np.tanh(after) if self.keeps_bent else after
        return (after, h) if self.exchanged else (h, after)


@dataclass(frozen=True)
class GRU:
    """A gated recurrent unit (Cho et al., 2014)."""

    order: str = "rzn"
    reset: Bend = squash
    candidate: Bend = np.tanh
    kept: bool = True
    whole: str = ""
    reset_all: bool = False
    reset_first: bool = False
    reset_input: bool = False
    bias_apart: bool = False
    b_ih: float = 1.0
    b_hh: float = 1.0

    def __call__(self, x: Array, states: States, *weights: Array) -> States:
        (h,), (w_ih, w_hh, b_ih, b_hh) = states, weights
        of_x = dict(zip(self.order, np.split(x @ w_ih.T + self.b_ih * b_ih, 3, -1), strict=True))
        of_h = dict(zip(self.order, np.split(h @ w_hh.T + self.b_hh * b_hh, 3, -1), strict=True))
        r, z = self.reset(of_x["r"] + of_h["r"]), squash(of_x["z"] + of_h["z"])
        both = r * (of_x["n"] + of_h["n"]) if self.reset_all else of_x["n"] + r * of_h["n"]
        own = self.b_hh * np.split(b_hh, 3)[self.order.index("n")]
        if self.bias_apart:
            both = of_x["n"] + r * (of_h["n"] - own) + own
        if self.reset_input:
            both = r * of_x["n"] + of_h["n"]
        if self.reset_first:  # Cho et al. (2014); PyTorch and cuDNN reset behind the product
            rows = slice(self.order.index("n") * h.shape[-1], None)
            both = of_x["n"] + (r * h) @ w_hh[rows].T + own
        n = self.candidate(both)
        fresh, old = (1 - z, z) if self.kept else (z, 1 - z)
        return ((1 if self.whole == "n" else fresh) * n + (1 if self.whole == "h" else old) * h,)


def mistakes(step: RNN | LSTM | GRU) -> dict[str, Step]:
    """The question that each common mistake asks, with the step that it makes."""
    changes = IN_BIASES | {RNN: IN_RNN, LSTM: IN_LSTM, GRU: IN_GRU}[type(step)]
    found: dict[str, Step] = {
        question: replace(step, **change) for question, change in changes.items()
    }
    found |= {
        "is bias_hh added, not bias_ih twice?": twice(step, 0),
        "is bias_ih added, not bias_hh twice?": twice(step, 1),
    }
    right = getattr(step, "order", "")
    for order in permutations(right):
        if "".join(order) != right:
            taken, wanted = ", ".join(order), ", ".join(right)
            question = f"are the gates taken in the order {taken}, where it is {wanted}?"
            found[question] = replace(step, order="".join(order))  # type: ignore[arg-type]
            if isinstance(step, LSTM):
                question = question.replace("gates", "gates, after their bends,")
                found[question] = replace(step, taken="".join(order))
    return found


def twice(step: Step, which: int) -> Step:
    """A step that takes one of its two biases for both."""
    return lambda x, states, w_ih, w_hh, *biases: step(
        x, states, w_ih, w_hh, biases[which], biases[which]
    )


Changes = dict[str, dict[str, Any]]

IN_BIASES: Changes = {
    "is bias_hh added?": {"b_hh": 0.0},
    "is bias_ih added?": {"b_ih": 0.0},
    "are the two biases added?": {"b_ih": 0.0, "b_hh": 0.0},
}
IN_RNN: Changes = {
    "is the sum bent (tanh)?": {"bend": plain},
    "is it bent by a sigmoid, where tanh belongs?": {"bend": squash},
    "is the state before used?": {"from_state": 0.0},
    "is the state's part added, h @ weight_hh.T + bias_hh?": {"from_state": 0.0, "b_hh": 0.0},
    "is the whole sum bent, not each half by itself?": {"apart": True},
    "is the state multiplied by weight_hh.T, not by weight_hh?": {"turned": False},
}
IN_LSTM: Changes = {
    "is the forget gate used (f * c before)?": {"forget": open_gate},
    "is the input gate used (i * g)?": {"write": open_gate},
    "is the output gate used (o * tanh(c))?": {"show": open_gate},
    "is the sigmoid of the forget gate missing?": {"forget": plain},
    "is the sigmoid of the input gate missing?": {"write": plain},
    "is the sigmoid of the output gate missing?": {"show": plain},
    "are the sigmoids of the forget and the input gate missing?": {"forget": plain, "write": plain},
    "are the sigmoids of the gates missing?": {"forget": plain, "write": plain, "show": plain},
    "does the candidate g go through a sigmoid, where tanh belongs?": {"candidate": squash},
    "does the candidate g go through tanh?": {"candidate": plain},
    "does c go through tanh before it is shown?": {"shown": plain},
    "does h show c after the step, not before it?": {"shown_before": True},
    "is c handed on to the next step as it is, not tanh(c)?": {"keeps_bent": True},
    "are h and c exchanged?": {"exchanged": True},
    "does the forget gate multiply c before, not h?": {"keeps_h": True},
    "does the input gate have its own rows and a sigmoid, not 1 - f?": {"coupled": True},
    "is a gate 0.5 * tanh(z / 2) + 0.5, with z halved?": {
        "forget": twice_as_steep,
        "write": twice_as_steep,
        "show": twice_as_steep,
    },
    "is a gate 0.5 * tanh(z / 2) + 0.5, with the tanh halved too?": {
        "forget": not_halved,
        "write": not_halved,
        "show": not_halved,
    },
    "is a gate 0.5 * tanh(z / 2) + 0.5, with 0.5 added at the end?": {
        "forget": not_moved,
        "write": not_moved,
        "show": not_moved,
    },
    "is the candidate g left between -1 and 1, not shifted?": {"candidate": shifted},
    "is the cell state before kept?": {"forget": np.zeros_like},
}
IN_GRU: Changes = {
    "does r multiply h's whole part of the candidate, its bias_hh too?": {"bias_apart": True},
    "are z and 1 - z exchanged (z keeps the state before)?": {"kept": False},
    "is the state before multiplied by z (z * h before)?": {"whole": "h"},
    "is the candidate n multiplied by 1 - z?": {"whole": "n"},
    "is the reset gate used (r * the state's part)?": {"reset": open_gate},
    "does r multiply the whole sum, where it is the state's part only?": {"reset_all": True},
    "does r multiply the state's part behind the product, not the state before it?": {
        "reset_first": True
    },
    "does r multiply the state's part, not the input's?": {"reset_input": True},
    "does the candidate n go through tanh?": {"candidate": plain},
}


def read(step: Step, x: Array, states: States, *weights: Array) -> tuple[Array, States]:
    """A sequence (T, N, I) from the first step to the last: outputs, and the last states."""
    outputs = []
    for now in x:
        states = step(now, states, *weights)
        outputs.append(states[0])
    return np.stack(outputs), states


def read_backward(step: Step, x: Array, states: States, *weights: Array) -> tuple[Array, States]:
    """From the last step to the first; the outputs in the order of time."""
    outputs, last = read(step, x[::-1], states, *weights)
    return outputs[::-1], last


def forgetful(step: Step, x: Array, states: States, *weights: Array) -> tuple[Array, States]:
    """Every step begins with the first states."""
    found = [step(now, states, *weights) for now in x]
    return np.stack([after[0] for after in found]), found[-1]


def stateless(step: Step, x: Array, states: States, *weights: Array) -> tuple[Array, States]:
    """The first states are zeros, whatever was given."""
    return read(step, x, tuple(0 * state for state in states), *weights)


def from_the_end(step: Step, x: Array, states: States, *weights: Array) -> tuple[Array, States]:
    """From the last step to the first; the outputs in that order too."""
    return read(step, x[::-1], states, *weights)


READINGS: Mapping[str, Callable[..., tuple[Array, States]]] = {
    "is the first state that is given used?": stateless,
    "is the state carried from step to step?": forgetful,
    "is the sequence read from its beginning, not from its end?": read_backward,
    "is the sequence read from its beginning? Its end comes first, and in the outputs too.": (
        from_the_end
    ),
}

"""The way back through a recurrent layer in NumPy, and what common mistakes make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from verification.probes.bends import squash
from verification.probes.inputs import Array

Gradients = dict[str, Array]
Back = Callable[..., Mapping[str, Array]]
SUFFIX = "_l0"
STEPS = {"all": slice(None), "first": slice(1), "last": slice(-1, None)}


def of_weights(
    slopes: Array, x: Array, before: Array, w_ih: Array, summed: str = "all"
) -> Gradients:
    """The gradients of the input and the parameters from those of the sums (T, N, rows).

    `summed`: the steps whose parts are added up for weight_hh.
    """
    steps = STEPS[summed]
    flat, some = (part.reshape(-1, slopes.shape[-1]) for part in (slopes, slopes[steps]))
    return {
        "x": slopes @ w_ih,
        f".weight_ih{SUFFIX}": flat.T @ x.reshape(-1, x.shape[-1]),
        f".weight_hh{SUFFIX}": some.T @ before[steps].reshape(-1, before.shape[-1]),
        f".bias_ih{SUFFIX}": flat.sum(axis=0),
        f".bias_hh{SUFFIX}": flat.sum(axis=0),
    }


@dataclass(frozen=True)
class RNNBack:
    """Back through tanh(x w_ih.T + h w_hh.T + biases), from the last step to the first."""

    slope: str = "after"
    carried: float = 1.0
    every_step: bool = True
    turned: bool = False
    states: str = "before"
    summed: str = "all"
    last_first: bool = True
    sent_after: bool = True

    def __call__(self, above: Array, x: Array, h0: Array, *weights: Array) -> Gradients:
        w_ih, w_hh, b_ih, b_hh = weights
        h = [h0[0]]
        for now in x:
            h.append(np.tanh(now @ w_ih.T + b_ih + h[-1] @ w_hh.T + b_hh))
        states, grad_h, slopes = np.stack(h), np.zeros_like(h0[0]), np.empty_like(above)
        at = {"after": states[1:], "before": states[:-1], "none": np.zeros_like(above)}[self.slope]
        for t in sorted(range(len(x)), reverse=self.last_first):
            outside = above[t] if self.every_step or t == len(x) - 1 else 0
            grad_h = outside + grad_h
            slopes[t] = grad_h * (1 - at[t] ** 2)
            sent = slopes[t] if self.sent_after else grad_h
            grad_h = self.carried * sent @ (w_hh.T if self.turned else w_hh)
        seen = states[:-1] if self.states == "before" else states[1:]
        return {**of_weights(slopes, x, seen, w_ih, self.summed), "h": grad_h[None]}


@dataclass(frozen=True)
class LSTMBack:
    """Back through the four gates, the cell and the state."""

    candidate_as_gate: bool = False
    gates_as_tanh: bool = False
    through_forget: bool = True
    carried_h: float = 1.0
    carried_c: float = 1.0
    from_output: float = 1.0
    bent: bool = True
    shown_bent: bool = True
    cell: str = "before"
    exchanged: bool = False
    from_h: bool = False
    every_step: bool = True
    shown: bool = True
    summed: str = "all"
    from_c: bool = False
    sloped: bool = True
    after_bends: bool = True
    overwritten: bool = False

    def __call__(self, above: Array, x: Array, h0: Array, c0: Array, *weights: Array) -> Gradients:
        w_ih, w_hh, b_ih, b_hh = weights
        h, c, gates = [h0[0]], [c0[0]], []
        for now in x:
            i, f, g, o = np.split(now @ w_ih.T + b_ih + h[-1] @ w_hh.T + b_hh, 4, axis=-1)
            sums, (i, f, g, o) = (i, f, g, o), (squash(i), squash(f), np.tanh(g), squash(o))
            gates.append((i, f, g, o) if self.after_bends else sums)
            c.append(f * c[-1] + i * g)
            h.append(o * np.tanh(c[-1]))
        grad_h, grad_c = np.zeros_like(h0[0]), np.zeros_like(c0[0])
        slopes = np.empty((*above.shape[:-1], len(b_ih)))
        for t in reversed(range(len(x))):
            grad_h = grad_h + (above[t] if self.every_step or t == len(x) - 1 else 0)
            slopes[t], grad_c = self.step(grad_h, grad_c, gates[t], c[t], c[t + 1])
            grad_h = self.carried_h * slopes[t] @ w_hh
        found = of_weights(slopes, x, np.stack(h[:-1]), w_ih, self.summed)
        return {**found, "h": grad_h[None], "c": grad_c[None]}

    def step(
        self, grad_h: Array, grad_c: Array, gates: tuple[Array, ...], before: Array, after: Array
    ) -> tuple[Array, Array]:
        """(the gradients of the four sums, that of c before)."""
        slopes = [self.slope(gate, is_candidate=number == 2) for number, gate in enumerate(gates)]
        i, f, g, o = (1 - gate if self.overwritten else gate for gate in gates)
        bent = np.tanh(after)
        grad_c = grad_c + self.from_output * grad_h * (o if self.shown else 1) * (
            1 - bent**2 if self.bent else 1
        )
        of_i, of_g = (i, g) if self.exchanged else (g, i)
        cell = {"before": before, "after": after, "bent": bent}[self.cell]
        wanted = grad_h if self.from_h else grad_c
        sums = [
            wanted * of_i,
            wanted * cell,
            wanted * of_g,
            (grad_c if self.from_c else grad_h) * (bent if self.shown_bent else after),
        ]
        sums = [each * slope for each, slope in zip(sums, slopes, strict=True)]
        back = self.carried_c * grad_c * (f if self.through_forget else 1)
        return np.concatenate(sums, axis=-1), back

    def slope(self, gate: Array, is_candidate: bool) -> Array:
        if not self.sloped:
            return np.ones_like(gate)
        as_tanh = not self.candidate_as_gate if is_candidate else self.gates_as_tanh
        return np.asarray(1 - gate**2 if as_tanh else gate * (1 - gate))


IN_SUMS = {
    "are the parts of all steps added up for weight_hh, not the last step's alone?": {
        "summed": "last"
    },
    "are the parts of all steps added up for weight_hh, not the first step's alone?": {
        "summed": "first"
    },
}
IN_EACH = {
    "does the gradient of the state go on to the step before?": {"carried": 0.0},
    "is the gradient of every step's output added, not of the last alone?": {"every_step": False},
}
IN_RNN = {
    **IN_EACH,
    **IN_SUMS,
    "is the slope of tanh that at the state after the step, not before it?": {"slope": "before"},
    "is the slope of tanh missing?": {"slope": "none"},
    "does the state's gradient go back through w_hh, not through w_hh.T?": {"turned": True},
    "does weight_hh get the state before each step, not after it?": {"states": "after"},
    "does the way back begin at the last step, not at the first?": {"last_first": False},
    "is the gradient multiplied by the slope before it goes on to the step before?": {
        "sent_after": False
    },
}
IN_LSTM = {
    **IN_SUMS,
    "does the gradient of h reach c through the output gate (times o)?": {"shown": False},
    "does the gradient of h go on to the step before?": {"carried_h": 0.0},
    "does the gradient of c go on to the step before?": {"carried_c": 0.0},
    "is the gradient of every step's output added, not of the last alone?": {"every_step": False},
    "does the gradient of c before go through the forget gate (times f)?": {
        "through_forget": False
    },
    "does the gradient of h reach c, through o * tanh(c)?": {"from_output": 0.0},
    "is the slope of tanh(c), 1 - tanh(c)^2, missing?": {"bent": False},
    "does the candidate g have the slope of tanh, 1 - g^2, not a gate's g (1 - g)?": {
        "candidate_as_gate": True
    },
    "do the gates have the slope of the sigmoid, i (1 - i), not that of tanh?": {
        "gates_as_tanh": True
    },
    "does the output gate's gradient have tanh(c), not c?": {"shown_bent": False},
    "does the forget gate's gradient have c before the step, not after it?": {"cell": "after"},
    "does the forget gate's gradient have c before the step, not tanh(c)?": {"cell": "bent"},
    "do i, f and g get the gradient of c, not of h?": {"from_h": True},
    "does o get the gradient of h, not of c?": {"from_c": True},
    "are the slopes of the bends missing, a (1 - a) of a gate and 1 - g^2 of the candidate?": {
        "sloped": False
    },
    "does the way back get the gates after their bends, not the sums before them?": {
        "after_bends": False
    },
    "do the gates stay as they are, with 1 - gate in an array of its own?": {"overwritten": True},
    "does the input gate's gradient have g, and the candidate's i?": {"exchanged": True},
}


def mistakes_back(kind: str) -> dict[str, Back]:
    """The question that each common mistake on the way back asks, with the gradients it gives."""
    if kind == "RNN":
        return {question: replace(RNNBack(), **how) for question, how in IN_RNN.items()}  # type: ignore[arg-type]
    if kind == "LSTM":
        return {question: replace(LSTMBack(), **how) for question, how in IN_LSTM.items()}  # type: ignore[arg-type]
    return {}

"""More of `another_framework.py`: recurrent networks, and clipping.

It stands in its package as `recurring.py`, which the package imports after `deep.py`. Unlike the
reference every step is put together from tensors, for cells and layers alike; biases come before
weights, and begin at zero.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np

from tinytorch import Module, Tensor, _source, cat, nn, parameter, sigmoid, stack


def rnn_step(x, states, w_ih, w_hh, b_ih, b_hh):
    return ((across(x, w_ih, b_ih) + across(states[0], w_hh, b_hh)).tanh(),)


def lstm_step(x, states, w_ih, w_hh, b_ih, b_hh):
    width = w_hh.shape[1]
    sums = across(x, w_ih, b_ih) + across(states[0], w_hh, b_hh)
    i, f, g, o = (sums[:, k * width : (k + 1) * width] for k in range(4))
    c = sigmoid(f) * states[1] + sigmoid(i) * g.tanh()
    return sigmoid(o) * c.tanh(), c


def gru_step(x, states, w_ih, w_hh, b_ih, b_hh):
    width, h = w_hh.shape[1], states[0]
    rows = [slice(k * width, (k + 1) * width) for k in range(3)]
    of_x, of_h = across(x, w_ih, b_ih), across(h, w_hh, b_hh)
    r, z = (sigmoid(of_x[:, part] + of_h[:, part]) for part in rows[:2])
    n = (of_x[:, rows[2]] + r * of_h[:, rows[2]]).tanh()
    return (n + z * (h - n),)


def across(x, weight, bias):
    return x @ weight.transpose(0, 1) + bias


class Recurring(Module):
    step, gates = staticmethod(rnn_step), 1

    def make(self, ins, hidden, end=""):
        rows, bound = self.gates * hidden, math.sqrt(6 / (ins + hidden))
        for name, shape in (("hh", (rows, hidden)), ("ih", (rows, ins))):
            setattr(self, f"bias_{name}{end}", parameter(np.zeros(rows, "f4")))
            drawn = _source.uniform(-bound, bound, shape).astype("f4")
            setattr(self, f"weight_{name}{end}", parameter(drawn))

    def weights(self, end=""):
        return [getattr(self, f"{kind}_{name}{end}") for kind in ("weight", "bias")
                for name in ("ih", "hh")]  # fmt: skip

    def some(self, state, n, hidden, dtype, places):
        """One tuple of states for each place: what was given, or zeros."""
        kinds = state if isinstance(state, tuple) else (state,)
        if state is None:
            kinds = [Tensor(np.zeros((places, n, hidden), dtype))] * (2 if self.gates == 4 else 1)
        return [tuple(kind[place] for kind in kinds) for place in range(places)]

    def packed(self, states):
        return states if self.gates == 4 else states[0]


class Cell(Recurring):
    def __init__(self, ins, hidden):
        self.hidden = hidden
        self.make(ins, hidden)

    def forward(self, x, state=None):
        if state is None:
            (state,) = self.some(None, x.shape[0], self.hidden, x.dtype, 1)
        states = state if isinstance(state, tuple) else (state,)
        return self.packed(self.step(x, states, *self.weights()))


class Layers(Recurring):
    def __init__(self, ins, hidden, num_layers=1, bidirectional=False, batch_first=False):
        self.hidden, self.batch_first = hidden, batch_first
        ways = ["", "_reverse"] if bidirectional else [""]
        self.ends = [[f"_l{k}{way}" for way in ways] for k in range(num_layers)]
        for k, ends in enumerate(self.ends):
            for end in ends:
                self.make(len(ways) * hidden if k else ins, hidden, end)

    def forward(self, x, state=None):
        x = x.transpose(0, 1) if self.batch_first else x
        steps, last = [x[t] for t in range(x.shape[0])], []
        places = sum(map(len, self.ends))
        first = self.some(state, x.shape[1], self.hidden, x.dtype, places)
        for ends in self.ends:
            sides = []
            for end in ends:
                states, found = first[len(last)], {}
                order = range(len(steps))
                for t in reversed(order) if end.endswith("_reverse") else order:
                    states = self.step(steps[t], states, *self.weights(end))
                    found[t] = states[0]
                sides.append(found)
                last.append(states)
            steps = [cat([side[t] for side in sides], dim=1) for t in range(len(steps))]
        output = stack(steps)
        output = output.transpose(0, 1) if self.batch_first else output
        return output, self.packed(tuple(stack(kind) for kind in zip(*last, strict=True)))


def kinds(base):
    """The three kinds of a cell, or of layers: (RNN, LSTM, GRU)."""
    rules = (("RNN", rnn_step, 1), ("LSTM", lstm_step, 4), ("GRU", gru_step, 3))
    return [
        type(name, (base,), {"step": staticmethod(step), "gates": gates})
        for name, step, gates in rules
    ]


def clip_grad_norm_(parameters, max_norm):
    parameters = [p for p in parameters if p.grad is not None]
    total = math.sqrt(sum(float((p.grad.data**2).sum()) for p in parameters))
    for p in parameters:
        p.grad = p.grad * min(1.0, max_norm / (total + 1e-6))
    return Tensor(np.asarray(total))


def register():
    """Put the names where the contract has them."""
    for base, end in ((Layers, ""), (Cell, "Cell")):
        for kind in kinds(base):
            setattr(nn, kind.__name__ + end, kind)
    nn.utils = SimpleNamespace(clip_grad_norm_=clip_grad_norm_)


register()

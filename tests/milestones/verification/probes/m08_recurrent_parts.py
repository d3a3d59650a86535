"""Probes of what the lesson of module 08 adds: `nn.recurrent`, which the contract does not name.

A framework that has none of it is not asked.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.inputs import Array
from verification.probes.m08_recurrent import BATCH, HIDDEN, MODULE, STEPS, WIDTH
from verification.probes.probe import Kit, Probe, expect
from verification.probes.recurring import LSTM, READINGS, RNN, read, read_backward
from verification.wording import show


def part(kit: Kit, name: str) -> Any:
    """A function of `tinytorch.nn.recurrent`, or None."""
    return getattr(getattr(kit.tt.nn, "recurrent", None), name, None)


def weights_of(module: Any) -> list[Array]:
    return [np.array(p.data, np.float64) for _, p in module.named_parameters()]


def check_unroll(kit: Kit) -> None:
    """The state that comes out of one step goes into the next."""
    unroll = part(kit, "unroll")
    if unroll is None:
        return
    module, x = kit.tt.nn.RNNCell(WIDTH, HIDDEN), kit.rng.normal(size=(STEPS, BATCH, WIDTH))
    first, own = kit.rng.normal(size=(BATCH, HIDDEN)), weights_of(module)
    x, first = x.astype("f4"), first.astype("f4")
    outputs, last = unroll(module, kit.tt.tensor(x), kit.tt.tensor(first))
    right, state = read(RNN(), x, (first,), *own)
    suspects = {
        question: partial(lambda reading: reading(RNN(), x, (first,), *own)[0], reading)
        for question, reading in READINGS.items()
    }
    call = f"`unroll(nn.RNNCell({WIDTH}, {HIDDEN}), x, state)`"
    for what, found, wanted, asked in (
        (f"The output of {call}", outputs, right, suspects),
        (f"The last state of {call}", last, state[0], {}),
    ):
        expect(what, np.asarray(found.data), wanted, relative=1e-4, suspects=asked)
    check_way_back(call, kit, unroll, module)


def check_way_back(call: str, kit: Kit, unroll: Any, module: Any) -> None:
    """The last output depends on the input of every step."""
    x = kit.tt.tensor(kit.rng.normal(size=(STEPS, BATCH, WIDTH)).astype("f4"), requires_grad=True)
    outputs, _ = unroll(module, x, kit.tt.tensor(np.ones((BATCH, HIDDEN), "f4")))
    outputs[-1].sum().backward()
    found = None if x.grad is None else np.asarray(x.grad.data)
    if found is None or not found[:-1].any():
        raise Failure(
            f"The last output of {call} sends no gradient to the steps before the last: is the "
            "state handed on as it is, with its record?"
        )


def check_pieces(kit: Kit) -> None:
    """Between pieces the state is carried, and its record is not."""
    in_pieces = part(kit, "in_pieces")
    if in_pieces is None:
        return
    module, x = kit.tt.nn.LSTM(WIDTH, HIDDEN), kit.rng.normal(size=(5, 1, WIDTH)).astype("f4")
    pieces = list(in_pieces(module, kit.tt.tensor(x), 2))
    own, zero = weights_of(module), (np.zeros((1, HIDDEN)),) * 2
    found = np.concatenate([np.asarray(output.data) for _, output, _ in pieces])

    def forgotten() -> Array:
        return np.concatenate([read(LSTM(), x[i : i + 2], zero, *own)[0] for i in (0, 2, 4)])

    call = "`in_pieces(nn.LSTM(2, 3), x, 2)` of 5 steps"
    expect(
        f"The output of {call}, all pieces together,", found, read(LSTM(), x, zero, *own)[0],
        relative=1e-4, hint="Every step once, in order; the last piece has what is left.",
        suspects={"is the state carried from piece to piece?": forgotten},
        called={"with": f"x {show(x, 16)}; first states 0"},
    )  # fmt: skip
    for name, number in (("h", 0), ("c", 1)):
        if any(bool(states[number].requires_grad) for _, _, states in pieces):
            raise Failure(
                f"The state {name} that {call} hands on still has its record: is it detached?",
                hint="Detach h and c: the next piece's backward must not walk on into this one.",
            )


def check_last_states(kit: Kit) -> None:
    """Each layer and direction hands on its own last state, in PyTorch's order."""
    module = kit.tt.nn.RNN(WIDTH, HIDDEN, num_layers=2, bidirectional=True)
    x = kit.rng.normal(size=(STEPS, BATCH, WIDTH)).astype("f4")
    right, ends = last_states(x, weights_of(module))
    expect(
        f"The result of `nn.RNN({WIDTH}, {HIDDEN}, num_layers=2, bidirectional=True)(x)[1]`",
        np.asarray(module(kit.tt.tensor(x))[1].data), right, relative=1e-4,
        hint="The states after the last step that was read: layer 0, layer 0 reverse, layer 1, ...",
        suspects={
            "is the order layer 0, layer 0 reverse, layer 1, layer 1 reverse?": lambda: right[
                [0, 2, 1, 3]
            ],
            "is the last state of the way back the one after x[0]?": lambda: ends,
        },
    )  # fmt: skip


def last_states(x: Array, own: list[Array]) -> tuple[Array, Array]:
    """The last states of two layers in two directions, and the outputs at the last time."""
    zero, states, ends = (np.zeros((x.shape[1], HIDDEN)),), [], []
    for number in (0, 1):
        outputs = []
        for at, reading in enumerate((read, read_backward), 2 * number):
            output, (state,) = reading(RNN(), x, zero, *own[4 * at : 4 * at + 4])
            outputs.append(output)
            states.append(state)
            ends.append(output[-1])
        x = np.concatenate(outputs, axis=2)
    return np.stack(states), np.stack(ends)


def check_forget_bias(kit: Kit) -> None:
    """The bias of the forget gate, and no other, is set."""
    open_gates = part(kit, "open_forget_gates_")
    if open_gates is None:
        return
    module = kit.tt.nn.LSTM(WIDTH, HIDDEN)
    before = dict(zip(names_of(module), weights_of(module), strict=True))
    open_gates(module, 2.0)
    after = dict(zip(names_of(module), weights_of(module), strict=True))
    for name, old in before.items():
        wanted = with_gate(old, 1, name) if name.startswith("bias") else old
        expect(
            f"After `open_forget_gates_(nn.LSTM({WIDTH}, {HIDDEN}), 2.0)`, `{name}`",
            after[name], wanted, relative=1e-6,
            hint="The forget gate f is the second of i, f, g, o, rows H to 2H - 1: bias_ih gets "
            "the value there, and bias_hh 0.",
            suspects={
                "is it the second of the gates i, f, g, o that is set?": partial(
                    other_gate, after[name], old, name
                ),
                "is this bias set to 0 there, so that both add up to the value?": partial(
                    np.copy, old
                ),
                "is it set to the value, not added to what is there?": partial(added, old, name),
                "are the biases set, and not the weights?": partial(with_gate, old, 1, "bias_ih"),
            },
        )  # fmt: skip


def with_gate(bias: Array, gate: int, name: str) -> Array:
    """A bias with the rows of one gate set."""
    new: Array = bias.copy()
    new[gate * HIDDEN : (gate + 1) * HIDDEN] = 2.0 if name.startswith("bias_ih") else 0.0
    return new


def added(bias: Array, name: str) -> Array:
    """The value added to the rows of the forget gate."""
    rows = slice(HIDDEN, 2 * HIDDEN)
    new: Array = bias.copy()
    new[rows] += 2.0 if name.startswith("bias_ih") else 0.0
    return new


def other_gate(found: Array, bias: Array, name: str) -> Array:
    """The bias with the gate set that comes nearest to what was found."""
    made = [with_gate(bias, gate, name) for gate in (0, 2, 3)]
    return made[int(np.argmin([float(np.abs(each - found).max()) for each in made]))]


def names_of(module: Any) -> list[str]:
    return [name for name, _ in module.named_parameters()]


PROBES = [
    Probe("nn.RNN", MODULE, check_last_states),
    Probe("nn.recurrent.unroll", MODULE, check_unroll),
    Probe("nn.recurrent.open_forget_gates_", MODULE, check_forget_bias),
    Probe("nn.recurrent.in_pieces", MODULE, check_pieces),
]

"""Probes of module 08: recurrent cells and layers compared with their formulas, step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import Array, Input, spread, weights
from verification.probes.operation import Operation, Oracle
from verification.probes.probe import Kit, Probe, check_drawn_apart
from verification.probes.recurring import (
    GRU,
    LSTM,
    READINGS,
    RNN,
    Step,
    mistakes,
    read,
    read_backward,
)
from verification.probes.recurring_back import mistakes_back

MODULE = "08_recurrent"
STEPS, BATCH, WIDTH, HIDDEN = 4, 2, 2, 3
KINDS: dict[str, RNN | LSTM | GRU] = {"RNN": RNN(), "LSTM": LSTM(), "GRU": GRU()}
ROWS = {"RNN": HIDDEN, "LSTM": 4 * HIDDEN, "GRU": 3 * HIDDEN}
FORMULAS = {
    "RNN": "tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).",
    "LSTM": "Rows in the order i, f, g, o; c = f * c before + i * g, h = o * tanh(c).",
    "GRU": "Rows in the order r, z, n; n = tanh(x's part + r * h's part), h = (1 - z) * n + z * h "
    "before.",
}
BACK = "The gradient of a state is what comes from outside plus what the next step sends back."


def parameters(rows: int, suffix: str = "", inputs: int = WIDTH) -> dict[str, Input]:
    """The four parameters of a cell, or of a layer in one direction."""
    return {
        f"weight_ih{suffix}": weights(rows, inputs), f"weight_hh{suffix}": weights(rows, HIDDEN),
        f"bias_ih{suffix}": weights(rows), f"bias_hh{suffix}": weights(rows),
    }  # fmt: skip


def states_of(kind: str, *shape: int) -> dict[str, Input]:
    names = ("h", "c") if kind == "LSTM" else ("h",)
    return {name: spread(*shape) for name in names}


def given(states: tuple[Any, ...]) -> Any:
    """States as the framework wants them: a pair, or one."""
    return states if len(states) > 1 else states[0]


def taken(found: Any, part: int, kind: str) -> Any:
    """State number `part` of what was returned."""
    return found[part] if kind == "LSTM" else found


# ---------------------------------------------------------------------------------------- cells


def cell(kind: str, part: int) -> Operation:
    """One step; `part` 0 is the state h after it, 1 the state c."""
    count, right = 2 if kind == "LSTM" else 1, KINDS[kind]

    def oracle_of(step: Step) -> Oracle:
        return lambda x, *more: step(x, more[:count], *more[count:])[part]

    def run(layer: Any, x: Any, *states: Any) -> Any:
        return taken(layer(x, given(states)), part, kind)

    names = "(h, c)" if count > 1 else "h"
    return Operation(
        f"nn.{kind}Cell",
        f"nn.{kind}Cell({WIDTH}, {HIDDEN})(x, {names})" + (f"[{part}]" if count > 1 else ""),
        {"x": spread(BATCH, WIDTH), **states_of(kind, BATCH, HIDDEN)},
        run, oracle_of(right),
        layer=lambda tt: getattr(tt.nn, f"{kind}Cell")(WIDTH, HIDDEN),
        parameters=parameters(ROWS[kind]), hint=FORMULAS[kind], gradient_hint=FORMULAS[kind],
        suspects={question: oracle_of(step) for question, step in mistakes(right).items()},
    )  # fmt: skip


CELLS = [cell("LSTM", 1), cell("LSTM", 0), cell("RNN", 0), cell("GRU", 0)]  # the milestone's first


# --------------------------------------------------------------------------------------- layers


def layer(kind: str, what: str) -> Operation:
    """One layer over a sequence; `what` is the output, or a last state, h or c."""
    count, right = 2 if kind == "LSTM" else 1, KINDS[kind]

    def oracle_of(step: Step, reading: Callable[..., Any] = read) -> Oracle:
        def oracle(x: Array, *more: Array) -> Array:
            first = tuple(state[0] for state in more[:count])
            outputs, last = reading(step, x, first, *more[count:])
            return np.asarray(outputs if what == "output" else last["hc".index(what)][None])

        return oracle

    def run(module: Any, x: Any, *states: Any) -> Any:
        outputs, last = module(x, given(states))
        return outputs if what == "output" else taken(last, "hc".index(what), kind)

    suspects = {question: oracle_of(right, reading) for question, reading in READINGS.items()}
    suspects |= {question: oracle_of(step) for question, step in mistakes(right).items()}
    names, where = "(h, c)" if count > 1 else "h", {"output": "[0]", "h": "[1]", "c": "[1][1]"}
    where |= {"h": "[1][0]"} if count > 1 else {}
    return Operation(
        f"nn.{kind}", f"nn.{kind}({WIDTH}, {HIDDEN})(x, {names}){where[what]}",
        {"x": spread(STEPS, BATCH, WIDTH), **states_of(kind, 1, BATCH, HIDDEN)},
        run, oracle_of(right),
        layer=lambda tt: getattr(tt.nn, kind)(WIDTH, HIDDEN),
        parameters=parameters(ROWS[kind], "_l0"), hint=FORMULAS[kind], gradient_hint=BACK,
        suspects=suspects,
        gradient_suspects=mistakes_back(kind) if what == "output" else {},
    )  # fmt: skip


LAYERS = [
    layer("RNN", "output"), layer("RNN", "h"),
    layer("LSTM", "output"), layer("LSTM", "h"), layer("LSTM", "c"),
    layer("GRU", "output"), layer("GRU", "h"),
]  # fmt: skip


def of_two_layers(
    kind: str,
    states: int,
    turned: bool = True,
    second: bool = True,
    state_of: Callable[[int, int], int] = lambda at, layer: at,
    forward_first: bool = True,
    read_back: Callable[[Array], Array] = lambda x: x,
) -> Oracle:
    """Two layers in two directions; the first `states` arguments are first states.

    `read_back`: what the way back reads, as if it still had to be turned around.
    """

    def oracle(x: Array, *more: Array) -> Array:
        first, weights, x = more[:states], more[states:], x.transpose(1, 0, 2)
        zero = (np.zeros((x.shape[1], HIDDEN)),) * (2 if kind == "LSTM" else 1)
        for number in range(2 if second else 1):
            outputs = []
            for at, reading in enumerate((read, read_backward), 2 * number):
                begin = tuple(h[state_of(at, number)] for h in first) or zero
                read_now = read_back(x) if reading is read_backward else x
                outputs.append(
                    reading(KINDS[kind], read_now, begin, *weights[4 * at : 4 * at + 4])[0]
                )
            outputs[1] = outputs[1] if turned else outputs[1][::-1]
            x = np.concatenate(outputs if forward_first else outputs[::-1], axis=2)
        return np.asarray(x.transpose(1, 0, 2))

    return oracle


def upside_down(x: Array) -> Array:
    return x[::-1]


IN_STACKS: dict[str, dict[str, Any]] = {
    "are the outputs of the way back turned around again?": {"turned": False},
    "does the way back read the input from its end?": {"read_back": upside_down},  # twice turned
    "does one direction go back? Both read from the beginning to the end.": {
        "turned": False,
        "read_back": upside_down,
    },
    "is the input turned around along time, not along the batch?": {
        "read_back": lambda x: x[::-1, ::-1]
    },
    "does the forward direction come first, before the backward one?": {"forward_first": False},
    "does the second layer read the output of the first?": {"second": False},
    "does each direction of each layer have a first state of its own?": {
        "state_of": lambda at, layer: layer
    },
    "does the way back have first states of its own, not those of the forward direction?": {
        "state_of": lambda at, layer: 2 * layer
    },
    "do all begin with the very first state, where each has one of its own?": {
        "state_of": lambda at, layer: 0
    },
}


def stacked(kind: str, with_first: bool = False) -> Operation:
    """Two layers in two directions, the batch first, with first states or without."""
    inputs = states_of(kind, 4, BATCH, HIDDEN) if with_first else {}
    oracle_of = partial(of_two_layers, kind, len(inputs))
    return Operation(
        f"nn.{kind}",
        f"nn.{kind}({WIDTH}, {HIDDEN}, num_layers=2, bidirectional=True, batch_first=True)"
        f"(x{', first states' * with_first})[0]",
        {"x": spread(BATCH, STEPS, WIDTH), **inputs},
        lambda module, x, *states: module(x, *([given(states)] if states else []))[0],
        oracle_of(),
        layer=lambda tt: getattr(tt.nn, kind)(WIDTH, HIDDEN, **TWO_AND_TWO),
        parameters={
            name: made
            for number, width in ((0, WIDTH), (1, 2 * HIDDEN))
            for suffix in (f"_l{number}", f"_l{number}_reverse")
            for name, made in parameters(ROWS[kind], suffix, width).items()
        },
        hint="Each layer reads the output of the one before, [forward, backward] side by side.",
        suspects={question: oracle_of(**how) for question, how in IN_STACKS.items()},
    )  # fmt: skip


TWO_AND_TWO = {"num_layers": 2, "bidirectional": True, "batch_first": True}
STACKED = [  # the milestone's own first
    stacked("LSTM"), stacked("LSTM", with_first=True), stacked("RNN"), stacked("GRU"),
]  # fmt: skip


def check_start(kit: Kit, kind: str) -> None:
    """The first weights are drawn one by one."""
    for name, p in getattr(kit.tt.nn, kind)(5, 4).named_parameters():
        if name.startswith("weight"):
            check_drawn_apart(f"nn.{kind}(5, 4).{name}", np.array(p.data))


def check_order(kit: Kit, kind: str) -> None:
    """The parameters come in PyTorch's order: values are drawn and kept in it."""
    names = [name for name, _ in getattr(kit.tt.nn, kind)(WIDTH, HIDDEN).named_parameters()]
    suffix = "" if kind.endswith("Cell") else "_l0"
    right = [f"{name}{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    if sorted(names) == sorted(right) and names != right:
        raise Failure(
            f"The parameters of `nn.{kind}({WIDTH}, {HIDDEN})` come in the order "
            f"{', '.join(names)}, not {', '.join(right)}.",
            hint="Make weight_ih, weight_hh, bias_ih, bias_hh, in this order.",
        )


PROBES = [
    Probe("nn.LSTM", MODULE, partial(check_order, kind="LSTM")),
    Probe("nn.RNNCell", MODULE, partial(check_order, kind="RNNCell")),
    *probes_of(CELLS, MODULE, MODULE),
    *probes_of(LAYERS, MODULE, MODULE),
    *probes_of(STACKED, MODULE),
    *(Probe(f"nn.{kind}", MODULE, partial(check_start, kind=kind)) for kind in KINDS),
]

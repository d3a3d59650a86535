"""Public names as data: how to call one, the same in NumPy, and what to suspect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.probes.advice import KIND_HINTS
from verification.probes.fitting import Families
from verification.probes.inputs import Array, Input
from verification.probes.probe import Kit, in_short
from verification.wording import Difference, show

Oracle = Callable[..., Array]
WHOLE = 12  # entries of an array that a message shows in full
WrongGradients = Callable[..., Mapping[str, Array]]  # of the gradient from above and the operands


@dataclass(frozen=True)
class Operation:
    """One way to call one public name, with the same in NumPy.

    `run` gets the framework (or the layer, where `layer` makes one) and the inputs as tensors;
    `oracle` gets the inputs as arrays, then the layer's parameters in the order given. A suspect is
    another oracle, with a common mistake: if a wrong result matches it, the message asks its
    question. Some mistakes are in backward alone: `gradient_suspects` give what they compute.

    A question asks for what should be ("is the bias added?", "is it divided by p, not multiplied?")
    or calls a mistake one ("is the mask missing?"): nobody should wonder which is meant.
    """

    part: str
    call: str
    inputs: Mapping[str, Input]
    run: Callable[..., Any]
    oracle: Oracle
    layer: Callable[[Any], Any] | None = None
    parameters: Mapping[str, Input] = field(default_factory=dict)
    hint: str = ""
    gradient_hint: str = ""
    suspects: Mapping[str, Oracle] = field(default_factory=dict)
    gradient_suspects: Mapping[str, WrongGradients] = field(default_factory=dict)
    fitted: Families = field(default_factory=dict)  # formulas of which one number may be wrong
    regions: Mapping[str, slice] = field(default_factory=dict)  # rows of `in_proj_...` by name
    whole: bool = False  # True: `oracle` has a mask of its own, of the inputs' size
    unseen: tuple[str, ...] = ()  # inputs that this call does not use


class Case(NamedTuple):
    """An operation with its arguments drawn."""

    op: Operation
    arrays: dict[str, Array]
    parameters: dict[str, Array]

    def expected(self, oracle: Oracle | None = None) -> Array:
        oracle = oracle or self.op.oracle
        return np.asarray(oracle(*self.arrays.values(), *self.parameters.values()))

    def given(self) -> dict[str, Array]:
        """The operands by the name that a message gives them."""
        return self.arrays | {f".{name}": a for name, a in self.parameters.items()}

    @property
    def call(self) -> str:
        """How it is called, with the shape of x in this case where the call tells it."""
        shapes = [a.shape for name, a in self.arrays.items() if name == "x"]
        return re.sub(r"x of shape \([\d, ]*\)", f"x of shape {[*shapes, ()][0]}", self.op.call)

    def facts(self, above: Array | None = None) -> dict[str, str]:
        """The call, what it was given, and the gradient that backward began with."""
        shown = {name: a for name, a in self.arrays.items() if name not in self.op.unseen}
        if all(a.size <= WHOLE for a in self.given().values()):
            shown |= self.parameters
        said = [f"{name} {show(a, WHOLE)}" for name, a in shown.items()]
        if above is not None and above.shape:
            said.append(f"the gradient from above {show(above, WHOLE)}")
        return {"called": self.call, "with": "; ".join(said)}


def draw(op: Operation, rng: np.random.Generator) -> Case:
    arrays = {name: given.make(rng) for name, given in op.inputs.items()}
    return Case(op, arrays, {name: given.make(rng) for name, given in op.parameters.items()})


def call(case: Case, kit: Kit, alone: str = "") -> tuple[Any, dict[str, Any]]:
    """(the result, the tensors it was made from, parameters as `.name`).

    With `alone`, only that one requires a gradient.
    """
    op, names = case.op, list(case.arrays)
    wanted = [op.inputs[name].grad and alone in ("", name) for name in names]
    made = kit.there(probing.tensors)(kit.tt, list(case.arrays.values()), wanted)
    tensors, subject = dict(zip(names, made, strict=True)), kit.tt
    arguments = list(tensors.values())
    if op.layer is not None:
        subject = op.layer(kit.tt)
        for name, parameter in registered(case, subject, kit).items():
            parameter.data = case.parameters[name].copy()
            tensors[f".{name}"] = parameter
            if alone:
                parameter.requires_grad_(alone == f".{name}")
    return op.run(subject, *arguments), tensors


def registered(case: Case, layer: Any, kit: Kit) -> dict[str, Any]:
    """The layer's parameters by name; check that they are complete and have the right shapes."""
    part, expected = case.op.part, {name: a.shape for name, a in case.parameters.items()}
    registered = kit.there(probing.parameters)(layer)
    found, shapes = {n: p for n, p, _ in registered}, {n: shape for n, _, shape in registered}
    check_names(case.op, [name for name in expected if name not in found], "misses")
    check_names(case.op, [name for name in found if name not in expected], "also has")
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise Failure(
                f"`{part}.{name}` has shape {shapes[name]} instead of {shape}.",
                called=case.op.call,
            )
    return found


def check_names(op: Operation, names: list[str], what: str) -> None:
    """Check that no parameter is missing, or too much."""
    if not names:
        return
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    plural = "s" if len(names) > 1 else ""
    raise Failure(
        f"`{op.part}` {what} the parameter{plural} `{names[0]}`{more}: {NAMES[what]}",
        called=op.call,
        wanted=few(list(op.parameters)),
    )


def few(names: list[str], most: int = 6) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


NAMES = {
    "misses": "is it assigned as a Parameter, or is it the same one as another, under two names?",
    "also has": "is it one of the others, or should it not be there?",
}


def check_untouched(case: Case, contents: Mapping[str, Any], by: str = "") -> None:
    """Check that neither an input nor a parameter was changed."""
    for name, before in case.given().items():
        if not np.array_equal(np.asarray(contents[name]), before):
            raise Failure(
                f"{by}`{case.op.call}` changed its {'parameter' if name[0] == '.' else 'input'} "
                f"{name.removeprefix('.')} in place.",
                hint="Make a new array for the result: `a += b` and `out=` write into the array "
                "that was given.",
                **case.facts(),
            )


def failure_for(
    subject: str, difference: Difference, question: str, hint: str, facts: dict[str, str]
) -> Failure:
    """The Failure, with the question of a suspect if one fits."""
    said = f"{subject} {in_short(difference)}: {question}"
    if not question:
        said = f"{subject} {difference.words}."
    hints = (KIND_HINTS.get(difference.kind, ""), hint)
    return Failure(said, hint="" if question else " ".join(filter(None, hints)), **facts)

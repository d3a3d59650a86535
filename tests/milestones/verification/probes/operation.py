"""Probes as data: how to call a public name, the same in NumPy, and what to suspect.

The result is compared with NumPy's, the gradients with central differences of NumPy's version, so
the framework's backward pass is not compared with its own forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from verification.explain import explain
from verification.failures import Failure
from verification.probes.advice import GRADIENT_HINTS, KIND_HINTS
from verification.probes.inputs import Array, Input
from verification.probes.probe import Kit, Probe, in_short, question_of
from verification.standins import fetch
from verification.wording import Difference, compare, show

Oracle = Callable[..., Array]
WrongGradients = Callable[..., Mapping[str, Array]]  # of the gradient from above and the operands
STEP = 1e-5
ABOVE = "the gradient from above"


@dataclass(frozen=True)
class Operation:
    """One way to call one public name, with the same in NumPy.

    `run` gets the framework (or the layer, where `layer` makes one) and the inputs as tensors;
    `oracle` gets the inputs as arrays, then the layer's parameters in the order given. A suspect is
    another oracle, with a common mistake: if a wrong result matches it, the message asks its
    question. Some mistakes are in backward alone: `gradient_suspects` give what they compute.
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
    regions: Mapping[str, slice] = field(default_factory=dict)  # rows of `in_proj_...` by name


def probes_of(operations: list[Operation], results: str, gradients: str = "") -> list[Probe]:
    """Probes of results and gradients, each with the module to blame."""
    found: list[Probe] = []
    for op in operations:
        if results:
            found.append(Probe(op.part, results, partial(check_result, op)))
        if gradients:
            found.append(Probe(op.part, gradients, partial(check_gradients, op)))
    return found


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

    def facts(self) -> dict[str, str]:
        shapes = [f"{name} {show(a, 8)}" for name, a in self.arrays.items()]
        return {"called": self.op.call, "with": "; ".join(shapes)}


def draw(op: Operation, rng: np.random.Generator) -> Case:
    arrays = {name: given.make(rng) for name, given in op.inputs.items()}
    return Case(op, arrays, {name: given.make(rng) for name, given in op.parameters.items()})


def call(case: Case, tt: Any) -> tuple[Any, dict[str, Any]]:
    """(the result, the tensors it was made from, parameters as `.name`)."""
    op = case.op
    tensors = {
        name: tt.tensor(a, requires_grad=True) if op.inputs[name].grad else tt.tensor(a)
        for name, a in case.arrays.items()
    }
    arguments, subject = list(tensors.values()), tt
    if op.layer is not None:
        subject = op.layer(tt)
        for name, parameter in registered(case, subject).items():
            parameter.data = case.parameters[name].copy()
            tensors[f".{name}"] = parameter
    return op.run(subject, *arguments), tensors


def registered(case: Case, layer: Any) -> dict[str, Any]:
    """The layer's parameters by name; check that they are complete and have the right shapes."""
    part, expected = case.op.part, {name: a.shape for name, a in case.parameters.items()}
    found = dict(layer.named_parameters())
    if set(found) != set(expected):
        raise Failure(
            f"`{part}` has the parameters {sorted(found)}, not {sorted(expected)}.",
            called=case.op.call,
            hint="Only what is assigned as a Parameter is found, and learns.",
        )
    for name, shape in expected.items():
        own = fetch(found[name], "data", "shape")
        if own != shape:
            raise Failure(
                f"`{part}.{name}` has shape {own} instead of {shape}.",
                called=case.op.call,
            )
    return found


def check_result(op: Operation, kit: Kit) -> None:
    """The result is NumPy's, and float64 stayed float64."""
    case = draw(op, kit.rng)
    result, tensors = call(case, kit.tt)
    check_untouched(case, tensors)
    actual, expected = np.asarray(result.data), case.expected()
    difference = compare(actual, expected)
    if difference is not None:
        question = question_of(op.suspects, lambda oracle: compare(actual, case.expected(oracle)))
        if not question:
            difference = explain(difference, actual, expected, case.given())
        facts = case.facts() | {"yours": show(actual), "numpy": show(expected)}
        raise failure_for(f"The result of `{op.call}`", difference, question, op.hint, facts)
    if expected.dtype == np.float64 and actual.dtype != np.float64:
        raise Failure(
            f"`{op.call}` turned float64 into {actual.dtype}.",
            hint="Gradients can be checked to many digits only when float64 stays float64.",
        )


def check_untouched(case: Case, tensors: Mapping[str, Any], by: str = "") -> None:
    """Check that neither an input nor a parameter was changed."""
    for name, before in case.given().items():
        if not np.array_equal(np.asarray(tensors[name].data), before):
            raise Failure(
                f"{by}`{case.op.call}` changed its {'parameter' if name[0] == '.' else 'input'} "
                f"{name.removeprefix('.')} in place.",
                hint="Make a new array for the result: `a += b` and `out=` write into the array "
                "that was given.",
                **case.facts(),
            )


def check_gradients(op: Operation, kit: Kit) -> None:
    """Each gradient is the one that central differences of NumPy's version give."""
    case = draw(op, kit.rng)
    result, tensors = call(case, kit.tt)
    shape = np.asarray(result.data).shape
    weight = kit.rng.uniform(0.5, 1.5, shape) * kit.rng.choice([-1, 1], shape)
    if shape:
        result.backward(kit.tt.tensor(weight))
    else:
        weight = np.ones(())
        result.backward()
    check_untouched(case, tensors, by="The backward of ")
    # Parameters first: a part of one says more than an input, which depends on all parts.
    for name, tensor in sorted(tensors.items(), key=lambda item: not item[0].startswith(".")):
        if name.startswith(".") or op.inputs[name].grad:
            check_gradient(case, name, tensor, weight)


def check_gradient(case: Case, name: str, tensor: Any, weight: Array) -> None:
    """Check one gradient and describe it if it is wrong."""
    op = case.op
    found = fetch(tensor, "grad", "data")
    actual = None if found is None else np.asarray(found)
    expected = numeric_gradient(case, name, weight, op.oracle)
    difference = compare_gradient(actual, expected)
    if difference is None:
        return
    question = question_of(
        op.gradient_suspects,
        lambda wrong: compare_gradient(actual, wrong(weight, *case.given().values())[name]),
    ) or question_of(
        op.suspects,
        lambda oracle: compare_gradient(actual, numeric_gradient(case, name, weight, oracle)),
    )
    whose = f"`{op.part}{name}`" if name.startswith(".") else f"`{op.part}` for its input {name}"
    if actual is not None and not question:
        difference = explain(difference, actual, expected, case.given() | {ABOVE: weight})
    if name.startswith(".in_proj") and difference.kind not in ("missing", "shape"):
        whose += wrong_regions(op, actual, expected)
    facts = case.facts() | {"yours": show(actual), "numpy": show(expected)}
    hint = op.gradient_hint or GRADIENT_HINTS.get(difference.kind, "")
    raise failure_for(f"The gradient of {whose}", difference, question, hint, facts)


def wrong_regions(op: Operation, actual: Any, expected: Array) -> str:
    """` (rows of K)`, where several parts share one tensor."""
    wrong = [
        name
        for name, rows in op.regions.items()
        if compare_gradient(actual[rows], expected[rows]) is not None
    ]
    return f" (rows of {', '.join(wrong)})"


def compare_gradient(actual: Array | None, expected: Array) -> Difference | None:
    """Like `compare`, but ignore the last digits of a difference quotient."""
    if actual is not None and actual.shape == expected.shape and np.isfinite(actual).all():
        noise = 1e-9 * max(1.0, float(np.abs(expected).max(initial=0.0)))
        same = np.abs(actual - expected) <= noise + 1e-7 * np.abs(expected)
        actual = np.where(same, expected, actual)
    return compare(actual, expected)


def numeric_gradient(case: Case, name: str, weight: Array, oracle: Oracle) -> Array:
    """d (weight * oracle).sum() / d argument, by central differences."""
    group = case.parameters if name.startswith(".") else case.arrays
    array = group[name.removeprefix(".")]
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        kept, ends = array[index], []
        try:
            for step in (STEP, -STEP):
                array[index] = kept + step
                ends.append(float((case.expected(oracle) * weight).sum()))
        finally:  # the oracle of a suspect may raise, and others are still to be asked
            array[index] = kept
        gradient[index] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient


def failure_for(
    subject: str, difference: Difference, question: str, hint: str, facts: dict[str, str]
) -> Failure:
    """The Failure, with the question of a suspect if one fits."""
    said = f"{subject} {in_short(difference)}: {question}"
    if not question:
        said = f"{subject} {difference.words}."
    hints = (KIND_HINTS.get(difference.kind, ""), hint)
    return Failure(said, hint="" if question else " ".join(filter(None, hints)), **facts)

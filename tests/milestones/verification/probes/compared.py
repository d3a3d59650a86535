"""Operations as probes: the result and each gradient, compared with NumPy's.

The gradients are compared with central differences of NumPy's version, so the framework's backward
pass is not compared with its own forward pass.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from verification import probing
from verification.explain import explain
from verification.failures import Failure
from verification.places import named, raised_in
from verification.probes.advice import CUT_OFF_HINT, GRADIENT_HINTS
from verification.probes.inputs import Array
from verification.probes.operation import (
    Case,
    Operation,
    Oracle,
    call,
    check_untouched,
    draw,
    failure_for,
)
from verification.probes.probe import Kit, Probe, question_of
from verification.wording import Difference, compare, show

STEP = 1e-5
ABOVE = "the gradient from above"


def probes_of(
    operations: list[Operation], results: str, gradients: str = "", computed: str = ""
) -> list[Probe]:
    """Probes of results and gradients, each with the module to blame.

    `computed`: the module in which the operations are, where another one has their gradients.
    """
    found: list[Probe] = []
    for op in operations:
        if results:
            found.append(Probe(op.part, results, partial(check_result, op)))
        if gradients:
            check = partial(check_gradients, op, computed=computed or gradients)
            found.append(Probe(op.part, gradients, check))
    return found


def check_result(op: Operation, kit: Kit) -> None:
    """The result is NumPy's, and float64 stayed float64."""
    case = draw(op, kit.rng)
    result, tensors = call(case, kit)
    found, *contents = kit.there(probing.contents)([result, *tensors.values()])
    check_untouched(case, dict(zip(tensors, contents, strict=True)))
    actual, expected = np.asarray(found), case.expected()
    difference = compare(actual, expected)
    if difference is not None:
        question = question_of(op.suspects, lambda oracle: compare(actual, case.expected(oracle)))
        if not question:
            difference = explain(difference, actual, expected, case.given())
        facts = case.facts() | {"yours": show(actual), "numpy": show(expected)}
        raise failure_for(f"The result of `{op.call}`", difference, question, op.hint, facts)
    if expected.dtype == np.float64 and actual.dtype != np.float64:
        raise Failure(
            f"The dtype of `{op.call}` is {actual.dtype}, though all operands are float64.",
            hint="Gradients can be checked to many digits only when float64 stays float64.",
        )


def check_gradients(op: Operation, kit: Kit, computed: str = "") -> None:
    """Each gradient is the one that central differences of NumPy's version give."""
    case = draw(op, kit.rng)
    try:
        check_backward(case, kit)
    except NotImplementedError:
        raise  # a blank task
    except Exception as error:
        for name in cut_off(case, kit):
            raise Failure(
                f"The result of `{op.call}` is not connected to {name.removeprefix('.')}: it does "
                f"not require a gradient, though {name.removeprefix('.')} does.",
                module=computed,
                hint=CUT_OFF_HINT,
                **case.facts(),
            ) from error
        raise


def cut_off(case: Case, kit: Kit) -> list[str]:
    """From which operands no gradient can ever come, in a framework that records at all."""
    one = kit.tt.tensor(np.ones(1), requires_grad=True)
    plain = kit.tt.tensor(np.ones(1))
    with suppress(Exception):
        if (one * plain).requires_grad and (plain * one).requires_grad:
            names = [n for n in case.given() if n.startswith(".") or case.op.inputs[n].grad]
            return [name for name in names if not call(case, kit, name)[0].requires_grad]
    return []


def check_backward(case: Case, kit: Kit) -> None:
    op = case.op
    result, tensors = call(case, kit)
    shape = np.asarray(result.data).shape
    weight = kit.rng.uniform(0.5, 1.5, shape) * kit.rng.choice([-1, 1], shape)
    weight = weight if shape else np.ones(())
    go_back(op, result, weight, kit)
    left = kit.there(probing.with_gradients)(list(tensors.values()))
    contents, gradients = zip(*left, strict=True)
    check_untouched(case, dict(zip(tensors, contents, strict=True)), by="The backward of ")
    # Parameters first: a part of one says more than an input, which depends on all parts.
    found = zip(tensors, gradients, strict=True)
    for name, gradient in sorted(found, key=lambda pair: not pair[0].startswith(".")):
        if name.startswith(".") or op.inputs[name].grad:
            check_gradient(case, name, gradient, weight)


def go_back(op: Operation, result: Any, above: Array, kit: Kit) -> None:
    try:
        kit.there(probing.go_back)(kit.tt, result, above)
    except NotImplementedError:
        raise  # a blank task
    except Exception as error:
        raise Failure(
            f"`backward()` of `{op.part}` raised {named(error)}", raised=raised_in(error)
        ) from error


def check_gradient(case: Case, name: str, found: Any, weight: Array) -> None:
    """Check one gradient and describe it if it is wrong."""
    op = case.op
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

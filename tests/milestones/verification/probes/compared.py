"""Operations as probes: the result and each gradient, compared with NumPy's.

The gradients are compared with central differences of NumPy's version, so the framework's backward
pass is not compared with its own forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import numpy as np

from verification import probing
from verification.explain import explain
from verification.failures import Failure
from verification.places import named, raised_in
from verification.probes.advice import CUT_OFF_HINT, GRADIENT_HINTS
from verification.probes.fitting import fitted, slope_question
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
from verification.probes.quotients import compare_gradient, compare_known, numeric_gradient
from verification.probes.smaller import Seen, smallest, weight_for
from verification.wording import compare, show_both

T = TypeVar("T")
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
    if seen := wrong_result(case, actual):
        seen = smallest(seen, partial(look_at_result, kit))
        raise failure_for(
            f"The result of `{seen.case.call}`", seen.difference, seen.question, op.hint,
            facts_of(seen),
        )  # fmt: skip
    if expected.dtype == np.float64 and actual.dtype != np.float64:
        raise Failure(
            f"The dtype of `{op.call}` is {actual.dtype}, though all operands are float64.",
            hint="Gradients can be checked to many digits only when float64 stays float64.",
        )


def look_at_result(kit: Kit, case: Case, question: str) -> Seen | None:
    return wrong_result(case, np.asarray(call(case, kit)[0].data), question)


def wrong_result(case: Case, actual: Array, confirm: str = "") -> Seen | None:
    """What is wrong with a result; only with this question, if there is one to confirm."""
    op, expected = case.op, case.expected()
    difference = compare(actual, expected)
    if difference is None:
        return None
    suspects = {confirm: op.suspects[confirm]} if confirm in op.suspects else op.suspects
    question = question_of(suspects, lambda oracle: compare_known(actual, case.expected(oracle)))
    question = question or fitted(op.fitted, actual, case.expected, case.arrays.values())
    if confirm and question != confirm:
        return None
    if not question:
        difference = explain(difference, actual, expected, case.given())
    return Seen(case, actual, expected, difference, question)


def facts_of(seen: Seen) -> dict[str, str]:
    return seen.case.facts(seen.above) | show_both(seen.actual, seen.expected)


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
        wanted = name.startswith(".") or op.inputs[name].grad
        if wanted and (seen := wrong_gradient(case, name, gradient, weight)):
            raise gradient_failure(name, smallest(seen, partial(look_back, kit, name)))


def go_back(op: Operation, result: Any, above: Array, kit: Kit) -> None:
    try:
        kit.there(probing.go_back)(kit.tt, result, above)
    except NotImplementedError:
        raise  # a blank task
    except Exception as error:
        raise Failure(
            f"`backward()` of `{op.part}` raised {named(error)}", raised=raised_in(error)
        ) from error


def look_back(kit: Kit, name: str, case: Case, question: str) -> Seen | None:
    """The same gradient in another case."""
    result, tensors = call(case, kit)
    above = weight_for(np.asarray(result.data).shape, kit.rng)
    go_back(case.op, result, above, kit)
    found = kit.there(probing.with_gradients)([tensors[name]])[0][1]
    return wrong_gradient(case, name, found, above, question)


def wrong_gradient(
    case: Case, name: str, found: Any, weight: Array, confirm: str = ""
) -> Seen | None:
    """What is wrong with a gradient; only with this question, if there is one to confirm."""
    actual = None if found is None else np.asarray(found)
    expected = numeric_gradient(case, name, weight, case.op.oracle)
    difference = compare_gradient(actual, expected)
    if difference is None:
        return None
    question = question_of_gradient(case, name, actual, expected, weight, confirm)
    if confirm and question != confirm:
        return None
    if actual is not None and not question:
        difference = explain(difference, actual, expected, case.given() | {ABOVE: weight})
    return Seen(case, actual, expected, difference, question, weight)


def question_of_gradient(
    case: Case, name: str, actual: Array | None, expected: Array, weight: Array, confirm: str
) -> str:
    """The question of the first mistake that gives this gradient: in backward, or in forward."""
    op = case.op

    def numeric(oracle: Oracle) -> Array:
        return numeric_gradient(case, name, weight, oracle)

    def only(suspects: Mapping[str, T]) -> Mapping[str, T]:
        return {confirm: suspects[confirm]} if confirm in suspects else suspects

    question = question_of(
        only(op.gradient_suspects),
        lambda wrong: compare_gradient(actual, wrong(weight, *case.given().values())[name]),
    ) or question_of(only(op.suspects), lambda oracle: compare_gradient(actual, numeric(oracle)))
    if question or actual is None or actual.shape != expected.shape:
        return question
    if confirm in op.gradient_suspects or confirm in op.suspects:
        return ""
    if len(case.given()) == 1:
        result, x = case.expected(), case.given()[name]
        question = slope_question(op.call, x, result, weight, actual, expected)
    return question or fitted(op.fitted, actual, numeric, case.arrays.values())


def gradient_failure(name: str, seen: Seen) -> Failure:
    """Describe a gradient that is wrong."""
    op, difference = seen.case.op, seen.difference
    whose = f"`{op.part}{name}`" if name.startswith(".") else f"`{op.part}` for its input {name}"
    if name.startswith(".in_proj") and difference.kind not in ("missing", "shape"):
        whose += wrong_regions(op, seen.actual, seen.expected)
    hint = op.gradient_hint or GRADIENT_HINTS.get(difference.kind, "")
    return failure_for(f"The gradient of {whose}", difference, seen.question, hint, facts_of(seen))


def wrong_regions(op: Operation, actual: Any, expected: Array) -> str:
    """` (rows of K)`, where several parts share one tensor."""
    wrong = [
        name
        for name, rows in op.regions.items()
        if compare_gradient(actual[rows], expected[rows]) is not None
    ]
    return f" (rows of {', '.join(wrong)})"

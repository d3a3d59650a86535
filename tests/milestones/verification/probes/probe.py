"""What a probe is: one public name, called and compared with NumPy. And how one is run.

Most probes are data (`operation.py`), some are functions. The probes themselves are in the files
`mNN_name.py`; `parts.py` picks those that a milestone needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from verification.explain import explain
from verification.failures import Failure
from verification.places import named, raised_in
from verification.probes.advice import GRADIENT_HINTS
from verification.wording import RELATIVE, Difference, compare, show_both

T = TypeVar("T")


class Probe(NamedTuple):
    """What is checked, whose file to open when it is wrong, and the check."""

    part: str
    module: str
    check: Callable[[Kit], None]


class Kit(NamedTuple):
    """What a check works with."""

    tt: Any
    rng: np.random.Generator
    there: Callable[[Any], Any] = lambda function: function  # `Run.there`


def run_probe(probe: Probe, kit: Kit) -> None:
    """Fill part and file into a Failure; turn any other error of the student's code into one."""
    try:
        with np.errstate(all="ignore"):
            probe.check(kit)
    except Failure as failure:
        raise Failure(
            failure.said,
            module=failure.module or probe.module,
            part=failure.part or probe.part,
            hint=failure.hint,
            **failure.facts,
        ) from None
    except NotImplementedError:
        raise  # a blank task: the message names it
    except Exception as error:
        raise Failure(
            f"`{probe.part}` raised {named(error)}",
            module=probe.module,
            part=probe.part,
            raised=raised_in(error),
        ) from error


def expect(
    subject: str,
    actual: object,
    expected: Any,
    *,
    relative: float = RELATIVE,
    hint: str = "",
    given: Mapping[str, np.ndarray] | None = None,
    suspects: Mapping[str, Callable[[], Any]] | None = None,
    called: Mapping[str, str] | None = None,
    **facts: str,
) -> None:
    """Fail if `actual` is not `expected`; `subject` starts the sentence.

    With what the code was `given`, the words may name the operand that was used wrongly. A suspect
    gives what a common mistake would make of it: if that is what was found, the message asks.
    `called` is shown: the call, and with what.
    """
    difference = compare(actual, np.asarray(expected), relative)
    if difference is None:
        return
    shown = {**(called or {}), **show_both(actual, expected, relative)}
    question = question_of(
        suspects or {}, lambda wrong: compare(actual, np.asarray(wrong()), relative)
    )
    if question:
        raise Failure(f"{subject} {in_short(difference)}: {question}", **{**facts, **shown})
    difference = explain(difference, actual, np.asarray(expected), given or {})
    if difference.kind == "missing":  # what a wrong gradient is asked does not fit
        hint = GRADIENT_HINTS["missing"]
    raise Failure(f"{subject} {difference.words}.", hint=hint, **{**facts, **shown})


def in_short(difference: Difference) -> str:
    """Without the worst entry: the question that follows says more."""
    return difference.words.partition("; the worst")[0]


def question_of(suspects: Mapping[str, T], difference_to: Callable[[T], Difference | None]) -> str:
    """The question of the first suspect that explains a wrong result."""
    for question, suspect in suspects.items():
        try:
            if difference_to(suspect) is None:
                return question
        except (ValueError, IndexError):  # this mistake would not even have the right shape
            continue
    return ""


def check_drawn_apart(what: str, values: np.ndarray) -> None:
    """Check that first weights are drawn one by one: no two rows or columns share their numbers."""
    different = len(np.unique(values))
    if different < 0.9 * values.size:
        raise Failure(
            f"`{what}` begins with only {different} different numbers in {values.size} entries.",
            hint="Each entry needs a number of its own: rows that start equal stay equal.",
        )

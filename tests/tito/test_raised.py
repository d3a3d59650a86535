"""Which lines an error is blamed on: of one that was replaced, those of the first one too."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from tito.core.testing.raised import traces
from verification.described import replaced


def student() -> None:
    raise ValueError("shapes do not fit")


def framework() -> None:
    try:
        student()
    except ValueError:
        raise TypeError("a clearer sentence") from None


def careful() -> None:
    try:
        student()
    except ValueError as error:
        raise TypeError("a clearer sentence") from error


def handled() -> None:
    try:
        student()
    except ValueError:
        len(None)  # a TypeError of its own


@pytest.mark.parametrize("found", [traces, replaced], ids=["at home", "judged"])
@pytest.mark.parametrize(
    ("call", "last"), [(framework, "student"), (careful, "careful"), (handled, "handled")]
)
def test_the_last_function_that_is_blamed(found, call, last: str) -> None:
    with pytest.raises(TypeError) as raised:
        call()
    frames = [frame for trace in found(raised.value) for frame, _ in traceback.walk_tb(trace)]
    assert frames[-1].f_code.co_name == last


def test_the_failure_of_a_test_leads_there_too() -> None:
    try:
        framework()
    except TypeError as error:
        failure = AssertionError("told")
        failure.__cause__ = error
    frames = [frame for trace in traces(failure) for frame, _ in traceback.walk_tb(trace)]
    assert frames[-1].f_code.co_name == "student"

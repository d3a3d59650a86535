"""Steps beside another one: when they begin, when they stop, and what is kept of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tito.workflows.beside import Beside, Done
from tito.workflows.demo import Step

STEPS = [Step(("module", "complete", number), Path()) for number in ("03", "04", "05")]


def runner(code: int, enough: threading.Event, count: int) -> Callable[[Step], Done]:
    """Runs steps that end with this code, and says when `count` of them have run."""
    ran: list[Step] = []

    def run(step: Step) -> Done:
        ran.append(step)
        if len(ran) == count:
            enough.set()
        return Done(step, code, f"{step.typed}\n")

    return run


def test_steps_run_in_order_and_what_they_print_is_kept() -> None:
    enough = threading.Event()
    with Beside(iter(STEPS), runner(0, enough, 3), lambda: True) as beside:
        assert enough.wait(10)
    assert [done.step for done in beside.done] == STEPS
    assert beside.done[0].printed == "tito module complete 03\n"


def test_nothing_begins_before_the_sign() -> None:
    asked = threading.Event()

    def never() -> bool:
        asked.set()
        return False

    coming = iter(STEPS)
    with Beside(coming, runner(0, asked, 9), never) as beside:
        assert asked.wait(10)
    assert beside.done == []
    assert next(coming) is STEPS[0], "it is still there for whoever comes next"


def test_what_runs_when_the_block_ends_is_the_last() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def run(step: Step) -> Done:
        begun.set()
        assert go_on.wait(10)
        return Done(step, 0, "")

    coming = iter(STEPS)
    beside = Beside(coming, run, lambda: True)
    with beside:
        assert begun.wait(10)
        beside._ended.set()
        go_on.set()
    assert [done.step for done in beside.done] == STEPS[:1]
    assert next(coming) is STEPS[1]


def test_a_step_that_fails_is_the_last() -> None:
    enough = threading.Event()
    with Beside(iter(STEPS), runner(1, enough, 1), lambda: True) as beside:
        assert enough.wait(10)
    assert [done.code for done in beside.done] == [1]


def test_an_error_arrives_where_the_block_ends() -> None:
    failed = threading.Event()

    def run(_: Step) -> Done:
        failed.set()
        raise OSError("no such program")

    with (
        pytest.raises(OSError, match="no such program"),
        Beside(iter(STEPS), run, lambda: True),
    ):
        assert failed.wait(10)

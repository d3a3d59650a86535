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


def given(steps: list[Step]) -> Callable[[], Step | None]:
    coming = iter(steps)
    return lambda: next(coming, None)


def always() -> bool:
    return True


def test_steps_run_in_order_and_what_they_print_is_kept() -> None:
    enough = threading.Event()
    with Beside(given(STEPS), runner(0, enough, 3)) as beside:
        beside.begin(always)
        assert enough.wait(10)
        done = beside.pause()
        assert [one.step for one in done] == STEPS
        assert done[0].printed == "tito module complete 03\n"
        assert beside.wait() == [], "each is given once"


def test_nothing_begins_before_the_sign() -> None:
    asked, next_step = threading.Event(), given(STEPS)

    def never() -> bool:
        asked.set()
        return False

    with Beside(next_step, runner(0, asked, 9)) as beside:
        beside.begin(never)
        assert asked.wait(10)
        assert beside.pause() == []
    assert next_step() is STEPS[0], "it is still there for whoever comes next"


def held(begun: threading.Event, go_on: threading.Event) -> Callable[[Step], Done]:
    """Runs steps that end only when they are told to."""

    def run(step: Step) -> Done:
        begun.set()
        assert go_on.wait(10)
        return Done(step, 0, "")

    return run


def test_a_pause_waits_for_a_module_which_is_the_last() -> None:
    begun, go_on, next_step = threading.Event(), threading.Event(), given(STEPS)
    with Beside(next_step, held(begun, go_on)) as beside:
        beside.begin(always)
        assert begun.wait(10)
        threading.Timer(0.2, go_on.set).start()
        assert [done.step for done in beside.pause()] == STEPS[:1]
    assert next_step() is STEPS[1]


def test_a_milestone_goes_on_through_a_pause() -> None:
    trains = [Step(("milestone", "run", name), Path(), milestone=name) for name in ("lstm", "gpt")]
    begun, go_on = threading.Event(), threading.Event()
    with Beside(given(trains), held(begun, go_on)) as beside:
        beside.begin(always)
        assert begun.wait(10)
        assert beside.pause() == []
        assert beside.running is trains[0]
        beside.begin(always)
        go_on.set()
        assert [done.step for done in beside.wait()] == trains


def test_a_step_that_fails_is_the_last() -> None:
    enough = threading.Event()
    with Beside(given(STEPS), runner(1, enough, 1)) as beside:
        beside.begin(always)
        assert enough.wait(10)
        assert [done.code for done in beside.wait()] == [1]


def test_an_error_arrives_where_the_steps_are_collected() -> None:
    failed = threading.Event()

    def run(_: Step) -> Done:
        failed.set()
        raise OSError("no such program")

    with Beside(given(STEPS), run) as beside:
        beside.begin(always)
        assert failed.wait(10)
        with pytest.raises(OSError, match="no such program"):
            beside.pause()

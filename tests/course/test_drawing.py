"""How often a network is drawn while it trains, and that a drawing never fails a run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from verification.drawing import PICTURES_PER_PHASE, Drawings


class Clock:
    """Time that goes on only when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def trained(drawings: Drawings, clock: Clock, steps: int = 1000, seconds: float = 1.0) -> None:
    for step in range(1, steps + 1):
        clock.now += seconds
        drawings.after("training", step, steps)


def test_a_few_pictures_are_drawn_and_the_last_has_no_step(clock: Clock) -> None:
    drawings, drawn = Drawings(clock), []
    drawings.add("training", drawn.append)
    trained(drawings, clock)
    assert len(drawn) == PICTURES_PER_PHASE + 1
    assert (drawn[0], drawn[-1]) == (1, None)


def test_where_drawing_is_slow_there_are_fewer_pictures_but_a_first_and_a_last(
    clock: Clock,
) -> None:
    drawn: list[int | None] = []

    def draw(step: int | None) -> None:
        clock.now += 20
        drawn.append(step)

    drawings = Drawings(clock)
    drawings.add("training", draw)
    trained(drawings, clock)
    assert (drawn[0], drawn[-1]) == (1, None)
    assert drawn == [1, 480, 960, None]  # each once 4 % of the time has paid for those before


def test_other_phases_are_not_drawn(clock: Clock) -> None:
    drawings, drawn = Drawings(clock), []
    drawings.add("control", drawn.append)
    trained(drawings, clock)
    assert drawn == []


def test_a_drawing_that_fails_is_left_out(clock: Clock) -> None:
    drawings = Drawings(clock)
    drawings.add("training", lambda _: 1 / 0)
    trained(drawings, clock)

"""tito/core/milestones/progress_events.py: events as a student's process may write them."""

from __future__ import annotations

import math

import pytest

from tito.core.milestones.progress_events import TimeLeft, TrainingEvent, read_event, series


def line(**fields):
    return {"phase": "training", "step": 1, "total": 10} | fields


def test_an_event_is_read():
    assert read_event(line(step=3, loss=0.5, accuracy=1)) == TrainingEvent(
        "training", 3, 10, 0.5, 1.0
    )


def test_a_loss_that_is_not_a_number_is_kept_to_be_shown():
    event = read_event(line(loss=math.nan))
    assert event is not None
    assert event.loss is not None
    assert math.isnan(event.loss)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"step": 1},
        line(phase=3),
        line(step="1"),
        line(step=math.nan),
        line(total=0),
        line(total=True),
    ],
)
def test_other_objects_are_passed_over(bad):
    assert read_event(bad) is None


def test_a_number_too_large_for_a_float_is_passed_over():
    event = read_event(line(loss=10**400))
    assert event is not None
    assert event.loss is None


def test_time_left_follows_the_pace_of_its_own_phase():
    now = [100.0]
    left = TimeLeft(clock=lambda: now[0])
    assert left.after(TrainingEvent("training", 1, 11)) is None
    now[0] = 102.0
    assert left.after(TrainingEvent("training", 2, 11)) == pytest.approx(18.0)
    assert left.after(TrainingEvent("control", 5, 10)) is None
    now[0] = 103.0
    assert left.after(TrainingEvent("control", 10, 10)) == 0.0


def test_series_are_of_one_phase_and_leave_out_what_was_not_reported():
    events = [
        TrainingEvent("training", 1, 2, 0.9, None),
        TrainingEvent("training", 2, 2, 0.4, 1.0),
        TrainingEvent("control", 1, 1, 3.0, 0.5),
    ]
    assert series(events, "loss", "training") == [(1.0, 0.9), (2.0, 0.4)]
    assert series(events, "accuracy") == [(2.0, 1.0), (1.0, 0.5)]

"""What a terminal and a pipe show while a milestone trains."""

from __future__ import annotations

import io

from rich.console import Console

from tests.tito.test_pictures import PLANE
from tito.core.milestones.progress_events import TrainingEvent
from tito.views.pictures.frames import SECONDS_EACH, Frames
from tito.views.training import Bars, Lines, Silent, display_for

FINAL = {**PLANE, "title": "The last one", "step": None}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_frame_is_shown_long_enough_and_none_is_left_out():
    clock = Clock()
    frames, pictures = Frames(clock), [{"step": step} for step in (1, 2, None)]
    assert frames.now() is None
    for picture in pictures:
        frames.add(picture)
    assert [frames.now(), frames.now()] == [pictures[0]] * 2
    assert frames.are_left()
    for wanted in (pictures[1], pictures[2], pictures[2]):
        clock.now += SECONDS_EACH
        assert frames.now() == wanted
        assert not frames.are_left(), "a final picture is not waited for"


def terminal(height: int) -> Console:
    return Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline=""),
        force_terminal=True, color_system="truecolor", width=80, height=height,
        legacy_windows=False, _environ={},
    )  # fmt: skip


def shown(display: Silent, console: Console) -> str:
    with display.running():
        display.event(TrainingEvent("training", 1, 2, 0.5, 0.75))
        display.picture(PLANE)
        display.event(TrainingEvent("training", 2, 2, 0.25, 1.0))
        display.picture({**PLANE, "step": 41})
        display.picture(FINAL)
    console.file.seek(0)
    return console.file.read()


def test_a_terminal_shows_the_picture_below_the_bars():
    console = terminal(24)
    display = display_for(console, silent=False)
    assert isinstance(display, Bars)
    text = shown(display, console)
    assert "The line, step 40" in text
    assert "The line, step 41" in text
    assert "minibatch" in text
    assert display.pictures == [FINAL]


def test_a_low_terminal_shows_the_bars_alone():
    console = terminal(12)
    text = shown(display_for(console, silent=False), console)
    assert "training" in text
    assert "The line" not in text


def test_a_pipe_shows_lines_and_keeps_the_final_pictures():
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), width=80)
    display = display_for(console, silent=False)
    assert isinstance(display, Lines)
    text = shown(display, console)
    assert "minibatch" in text
    assert "The line" not in text
    assert display.pictures == [FINAL]

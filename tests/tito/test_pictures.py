"""tito/views/pictures: what a network at work looks like in characters, with and without color."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tito.views.pictures.draw import after_training, draw, ink_of
from tito.views.pictures.ink import Ink
from tito.views.training import Bars, Lines, Silent, display_for

COLOR, PLAIN, ASCII = Ink(True, True), Ink(True, False), Ink(False, False)
DATA = {
    "plane": {
        "extent": [-1, 1, -1, 1],
        "field": [[0.1, 0.1], [0.1, 0.9]],
        "points": [[-0.5, 0.5, 0], [0.5, -0.5, 1]],
    },
    "images": {
        "images": [[[0.0] * 8] * 4 + [[1.0] * 8] * 4] * 16,
        "labels": ["3"] * 16,
        "said": ["3", "8"] * 8,
        "right": [True, False] * 8,
    },
    "filters": {"images": [[[1.0, 0.0, -1.0]] * 3] * 8, "labels": [str(n) for n in range(8)]},
    "matrix": {
        "values": [[30, 0], [2, 28]],
        "rows": ["0", "1"],
        "columns": ["0", "1"],
    },
    "sequences": {"rows": [{"input": "1 2", "output": "2 2", "target": "2 1"}]},
    "bars": {"labels": ["with shortcuts", "plain"], "values": [0.9, 0.1]},
    "text": {"lines": ["aram bela " * 30]},
}


def picture(kind: str, **changed: object) -> dict[str, object]:
    return {"kind": kind, "title": "T", "caption": "C", "step": 3, "data": DATA[kind], **changed}


def is_inked(span: tuple[str, str]) -> bool:
    text, style = span
    return bool(text.strip()) or "on #" in style


def lines(kind: str, ink: Ink, height: int = 12) -> list[str]:
    rows = draw(picture(kind), 80, height, ink)
    return ["".join(text for text, _ in row) for row in rows]


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("ink", [COLOR, PLAIN, ASCII])
def test_every_kind_is_drawn_within_its_room(kind: str, ink: Ink) -> None:
    shown = lines(kind, ink)
    assert shown[0] == "  T, step 3"
    assert shown[-1] == "  C"
    assert 3 <= len(shown) <= 14
    assert max(map(len, shown)) <= 80
    rows = draw(picture(kind), 80, 12, ink)[1:-1]
    assert any(is_inked(span) for row in rows for span in row)


@pytest.mark.parametrize("kind", DATA)
def test_plain_characters_are_ascii(kind: str) -> None:
    assert "".join(lines(kind, ASCII)).isascii()


def test_the_plane_is_not_upside_down() -> None:
    """The first row of the field is the lowest: points and shades agree about what is above."""
    shown = "\n".join(line.rstrip() for line in lines("plane", ASCII, 4)[1:-1])
    assert shown == "      ....\n    o ....\n\n        x"


def test_a_wrong_digit_says_what_it_is() -> None:
    assert "8, is 3" in lines("images", PLAIN)[5]


def test_a_wrong_sign_is_red_and_is_told_without_color() -> None:
    [row] = draw(picture("sequences"), 80, 9, COLOR)[1:-1]
    assert [style for text, style in row if text == "2"] == ["green", "bold red"]
    assert lines("sequences", ASCII)[1] == "  1 2 -> 2 2  wrong, it is 2 1"


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("data", [{}, [], None, {"images": [[]], "rows": 3}, {"field": [["a"]]}])
def test_a_damaged_picture_is_not_drawn(kind: str, data: object) -> None:
    assert draw(picture(kind, data=data), 80, 12, COLOR) == []
    assert after_training([picture(kind, data=data)] * 5, 80, COLOR) == []


def test_a_plane_is_shown_as_it_changed() -> None:
    moments = [picture("plane", step=step) for step in range(1, 9)]
    [rows] = after_training(moments, 80, ASCII)
    head = "".join(text for text, _ in rows[1]).split()
    assert head == ["step", "1", "step", "3", "step", "8"]


def test_of_other_pictures_the_last_is_shown() -> None:
    shown = after_training([picture("bars", step=step) for step in (1, 2, 9)], 80, ASCII)
    assert ["".join(t for t, _ in rows[0]) for rows in shown] == ["  T, step 9"]


def test_the_last_three_are_shown() -> None:
    shown = after_training([picture("bars", title=t) for t in "abcde"], 80, ASCII)
    assert [rows[0][0][0].strip() for rows in shown] == ["c, step 3", "d, step 3", "e, step 3"]


def test_a_terminal_shows_the_picture_live_and_a_pipe_does_not() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, _environ={})
    live = display_for(terminal, silent=False)
    assert isinstance(live, Bars)
    with live.running():
        live.picture(picture("bars"))
    assert "with shortcuts" in terminal.file.getvalue()
    pipe = Console(file=io.StringIO(), width=80)
    assert isinstance(display_for(pipe, silent=False), Lines)
    assert type(display_for(terminal, silent=True)) is Silent


def test_a_console_without_color_has_none() -> None:
    assert not ink_of(Console(file=io.StringIO(), force_terminal=True, no_color=True)).color
    assert not ink_of(Console(file=io.StringIO())).color

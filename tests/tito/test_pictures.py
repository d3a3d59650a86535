"""tito/views/pictures: from a picture's data to characters, with and without color and Unicode."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tito.views.pictures.draw import draw
from tito.views.pictures.paper import Paper, half_blocks, inked, width_of

COLOR, PLAIN, ASCII = Paper(), Paper(color=False), Paper(unicode=False, color=False)
PAPERS = pytest.mark.parametrize("paper", [COLOR, PLAIN, ASCII], ids=["color", "plain", "ascii"])

PLANE = {
    "kind": "plane",
    "title": "The line",
    "caption": "what it says",
    "step": 40,
    "data": {
        "extent": [-1, 1, -1, 1],
        "field": [[0.1, 0.2, 0.1], [0.5, 0.5, 0.5], [0.9, 0.8, 0.9]],  # from below
        "points": [[-1, -1, 0], [1, 1, 1], [5, 5, 1]],
    },
}


def of(kind: str, **data: Any) -> dict[str, Any]:
    return {"kind": kind, "title": f"A picture: {kind}", "caption": "", "step": None, "data": data}


IMAGE = [[round((x + y) / 14, 3) for x in range(8)] for y in range(8)]
IMAGES = of(
    "images", images=[IMAGE] * 8, labels=list("12345678"), said=list("12345679"),
    right=[True] * 7 + [False],
)  # fmt: skip
FILTERS = of("filters", images=[[[-1.0, 0.0, 0.5]] * 3] * 8, labels=list("12345678"))
COUNTS = of(
    "matrix", values=[[30 * (x == y) + (y == 3) for x in range(10)] for y in range(10)],
    rows=list("0123456789"), columns=list("0123456789"),
)  # fmt: skip
SHADES = of("matrix", values=[[0.0, 0.5] * 25] * 4, rows=list("abcd"), columns=["x"] * 50)
SEQUENCES = of(
    "sequences",
    rows=[
        {"input": "3 1 4", "output": "4 1 3", "target": "4 1 3"},
        {"input": "1 5 9", "output": "9 9 1", "target": "9 5 1"},
    ],
)
TEXT = of("text", lines=["47+85=132  right", "1+1=3  wrong", "amos  eli"])
BARS = of("bars", labels=["plain", "residual"], values=[0.25, 1.0])
PICTURES: list[dict[str, Any]] = [
    PLANE, IMAGES, FILTERS, COUNTS, SHADES, SEQUENCES, TEXT, BARS,
]  # fmt: skip
KINDS = pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture["kind"])


def lines(picture: dict[str, Any], paper: Paper) -> list[str]:
    return ["".join(text for text, _ in row).rstrip() for row in draw(picture, paper)]


@KINDS
@PAPERS
def test_a_picture_fits_a_terminal_and_says_its_title(picture, paper):
    rows = draw(picture, paper)
    assert 3 <= len(rows) <= 20, len(rows)
    assert max(map(width_of, rows)) <= 80
    assert picture["title"] in lines(picture, paper)[0]


@KINDS
def test_without_unicode_a_picture_is_ascii_and_without_color_it_has_none(picture):
    "\n".join(lines(picture, ASCII)).encode("ascii")
    for paper in (PLAIN, ASCII):
        styles = {style for row in draw(picture, paper) for _, style in row}
        assert not any("#" in style or "rgb" in style for style in styles)


@KINDS
@PAPERS
@pytest.mark.parametrize("damage", [None, [], "x", [[None]], [["x"]], [[]], {}, -1])
def test_damaged_data_draw_nothing_or_something_but_never_fail(picture, paper, damage):
    for name in picture["data"]:
        broken = copy.deepcopy(picture)
        broken["data"][name] = damage
        draw(broken, paper)
        del broken["data"][name]
        assert draw(broken, paper) == [], name
    assert draw({**picture, "kind": "unknown"}, paper) == []


def test_text_of_a_picture_cannot_move_the_cursor():
    assert "\x1b" not in lines({**PLANE, "title": "a\x1b[2J"}, PLAIN)[0]


def test_the_plane_has_its_points_where_they_are_and_y_goes_up():
    drawing = [line.removeprefix("  ") for line in lines(PLANE, ASCII)]
    assert drawing[0] == "The line, step 40"
    assert drawing[1] == "." * 39 + "x"
    assert drawing[16] == "o"


def test_the_plane_is_blue_where_it_says_0_and_orange_where_it_says_1():
    rows = draw({**PLANE, "data": {**PLANE["data"], "points": []}}, COLOR)

    def red_and_blue(style: str) -> tuple[int, int]:
        return int(style[1:3], 16), int(style[5:7], 16)

    top, bottom = red_and_blue(rows[1][1][1]), red_and_blue(rows[16][1][1])
    assert top[0] > top[1] + 30
    assert bottom[1] > bottom[0] + 30


def test_shades():
    assert half_blocks([[1, 0, 1, 0], [1, 0, 0, 1], [1, 0, 0, 0]]) == ["█ ▀▄", "▀   "]
    assert [inked(level) for level in (-1, 0, 0.5, 1, 9)] == [" ", " ", "+", "@", "@"]


def test_a_digit_says_below_it_what_it_was_taken_for():
    assert lines(IMAGES, PLAIN)[5].split() == ["1", "2", "3", "4", "5", "6", "7", "9", "(8)"]
    assert ("9 (8)", "bold red") in draw(IMAGES, COLOR)[5]


def test_filters_are_on_one_scale_whose_middle_is_zero():
    top = draw(FILTERS, COLOR)[1]
    colors = [style[:7] for _, style in top if style.startswith("#")]
    assert colors[:6:2] == ["#2860c8", "#ebebeb", "#e8b280"]


def test_a_confusion_matrix_has_its_counts():
    drawn = lines(COUNTS, ASCII)
    assert drawn[1].split() == list("0123456789")
    assert drawn[2].split() == ["0", "30", *"........."]
    assert drawn[5].split() == ["3", "1", "1", "1", "31", "1", "1", "1", "1", "1", "1"]


def test_shades_show_how_large_a_number_is():
    assert lines(SHADES, ASCII)[1] == "  a " + " @" * 25


def test_mistakes_in_a_sequence_are_red():
    rows = draw(SEQUENCES, COLOR)
    assert ("9", "green") in rows[2]
    assert ("9", "bold red") in rows[2]
    assert lines(SEQUENCES, ASCII)[1:] == [
        "  3 1 4  ->  4 1 3   right",
        "  1 5 9  ->  9 9 1   wrong, it is 9 5 1",
    ]


def test_bars_are_as_long_as_their_share():
    assert lines(BARS, ASCII)[1:] == [
        "     plain " + "#" * 10 + " 25.0%",
        "  residual " + "#" * 40 + " 100.0%",
    ]

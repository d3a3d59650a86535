"""tito/views/curves.py: what a curve looks like in characters."""

from __future__ import annotations

import math

import pytest

from tito.views.curves import ASCII, BRAILLE, draw_curve, sample, short

FALLING = [(float(step), 2.0 * math.exp(-step / 20)) for step in range(100)]


@pytest.mark.parametrize("dots", [BRAILLE, ASCII])
def test_a_falling_curve_starts_at_the_top_left_and_ends_at_the_bottom_right(dots):
    lines = draw_curve(FALLING, width=40, height=6, dots=dots)
    drawing = [line.split(dots.axis[0], 1)[1] for line in lines[:6]]
    assert len(lines) == 8
    assert drawing[0][0] != " "
    assert len(drawing[0]) < 10
    assert len(drawing[-1]) == 40
    assert drawing[-1][0] == " "


def test_the_axes_carry_the_ranges():
    lines = draw_curve([(0, 0.25), (300, 2.5), (600, 1.0)], width=30, height=4, dots=ASCII)
    assert lines[0].startswith(" 2.5 |")
    assert lines[3].startswith("0.25 |")
    assert lines[-1].split() == ["0", "600"]


def test_ascii_is_ascii():
    "\n".join(draw_curve(FALLING, dots=ASCII)).encode("ascii")


def test_lines_fit_the_width_asked_for():
    margin = len("0.0142 |")
    assert max(map(len, draw_curve(FALLING, width=50))) <= margin + 50


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0.0, 1.0)],
        [(0.0, math.nan), (1.0, math.inf), (2.0, 1.0)],
        [(5.0, 1.0), (5.0, 2.0)],
    ],
)
def test_nothing_to_draw_is_no_lines(points):
    assert draw_curve(points) == []


def test_values_that_are_not_numbers_leave_the_rest_standing():
    with_gap = [(0.0, 1.0), (1.0, math.nan), (2.0, 0.5), (3.0, math.inf), (4.0, 0.0)]
    assert len(draw_curve(with_gap, height=4)) == 6


def test_a_flat_curve_has_one_label():
    lines = draw_curve([(0, 1.0), (10, 1.0)], width=10, height=3, dots=ASCII)
    assert lines[0] == "1 |" + "'" * 10
    assert lines[2] == "  |"


def test_few_points_are_joined_by_straight_lines():
    assert sample([(0, 0.0), (10, 1.0)], 5) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_many_points_in_a_column_are_averaged():
    assert sample([(0, 0.0), (1, 2.0), (99, 4.0), (100, 6.0)], 2) == [1.0, 5.0]


@pytest.mark.parametrize(
    ("number", "label"), [(600, "600"), (2.314, "2.31"), (0.00421, "0.00421"), (0.0, "0")]
)
def test_labels_are_short(number, label):
    assert short(number) == label


def test_a_fall_by_orders_of_magnitude_gets_a_logarithmic_axis():
    """A straight line, where a linear axis would show one step at the left edge."""
    rows = draw_curve([(x, 10.0**-x) for x in range(5)], width=5, height=5, dots=ASCII)
    assert [row.partition("|")[0].strip() for row in (rows[0], rows[4])] == ["1", "0.0001"]
    assert all(row.partition("|")[2].strip() for row in rows[:5])
    marks = [len(row.rstrip()) for row in rows[:5]]
    assert marks == sorted(marks)
    assert len(set(marks)) >= 4

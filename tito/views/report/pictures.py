"""A run's pictures as SVG: one function for each kind. Bad data gives a smaller picture or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tito.core.milestones.shown_runs import Picture, items, mapping
from tito.core.milestones.shown_runs import text as as_text
from tito.views.report.curves import scale
from tito.views.report.markup import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    finite,
    grey,
    grid,
    place,
    rect,
    signed,
    svg,
    table,
    tag,
    text,
    words,
)

Data = Mapping[str, Any]
Color = Callable[[float], str]
MOST_IMAGES, MOST_POINTS, MOST_ROWS = 64, 2_000, 40
SIDE = 240.0


def figure(picture: Picture) -> str:
    """The picture with its title and caption; empty if there is nothing in it to show."""
    draw = KINDS.get(picture.kind)
    try:
        drawn = draw(picture.data) if draw else ""
    except (ArithmeticError, LookupError, TypeError, ValueError):
        drawn = ""
    if not drawn:
        return ""
    step = "" if picture.step is None else f" (step {picture.step})"
    title = tag("h4", text(f"{picture.title or picture.kind}{step}"))
    caption = tag("figcaption", text(picture.caption)) if picture.caption else ""
    return tag("figure", title, drawn, caption, class_=f"picture {picture.kind}")


def plane(data: Data) -> str:
    """The probability of class 1 over the plane, and the points on it."""
    field = grid(data.get("field"))
    extent = [finite(value) for value in items(data.get("extent"))]
    if len(extent) != 4:
        return ""
    x0, x1, y0, y1 = extent
    across, up = scale(x0, x1, 0, SIDE), scale(y0, y1, SIDE, 0)
    colored = cells([*reversed(field)], lambda p: signed(2 * p - 1, 1.6), SIDE, SIDE)
    dots = (dot(across, up, point) for point in items(data.get("points"))[:MOST_POINTS])
    return svg(SIDE, SIDE, colored, *dots, label="the plane, coloured by the network's answer")


def dot(across: scale, up: scale, point: Any) -> str:
    x, y, label = (finite(value) for value in point)
    return tag(
        "circle",
        cx=place(across(x)),
        cy=place(up(y)),
        r=3,
        fill=BLUE if label > 0 else ORANGE,
        stroke="#fff",
        stroke_width=0.7,
    )


def cells(rows: Sequence[Sequence[float]], color: Color, width: float, height: float) -> str:
    """A rectangle for each value, which overlap a little: no lines of paper between them."""
    if not rows:
        return ""
    w, h = width / len(rows[0]), height / len(rows)
    drawn = [
        rect(x * w, y * h, w + 0.3, h + 0.3, color(value))
        for y, row in enumerate(rows)
        for x, value in enumerate(row)
    ]
    return tag("g", *drawn, shape_rendering="crispEdges")


def images(data: Data) -> str:
    """Small images with their labels, and what the network says of each."""
    labels, said, right = (items(data.get(name)) for name in ("labels", "said", "right"))
    drawn = []
    for index, raw in enumerate(items(data.get("images"))[:MOST_IMAGES]):
        is_right = at(right, index) is not False
        label, answer = as_text(at(labels, index)), as_text(at(said, index))
        below = label if is_right or not answer else f"{answer}, is {label}"
        drawn.append(thumbnail(grid(raw), grey, below, GREEN if is_right else ORANGE))
    return tag("div", *drawn, class_="thumbnails") if any(drawn) else ""


def filters(data: Data) -> str:
    """Signed images, all in one scale of colours."""
    labels = items(data.get("labels"))
    found = [grid(raw) for raw in items(data.get("images"))[:MOST_IMAGES]]
    largest = max((abs(v) for rows in found for row in rows for v in row), default=1.0)
    drawn = [
        thumbnail(rows, lambda value: signed(value, largest), as_text(at(labels, index)), GREY)
        for index, rows in enumerate(found)
    ]
    return tag("div", *drawn, class_="thumbnails") if any(drawn) else ""


def thumbnail(rows: list[list[float]], color: Color, line: str, ink: str) -> str:
    if not rows:
        return ""
    side = 56.0
    said = words(side / 2, side + 13, line, "middle", ink) if line else ""
    return svg(side, side + 17, cells(rows, color, side, side), said, label=line)


def matrix(data: Data) -> str:
    """Values with the names of rows and columns: a confusion matrix, attention, gates."""
    values = grid(data.get("values"), 64)
    if not values:
        return ""
    rows, columns = ([as_text(n) for n in items(data.get(k))] for k in ("rows", "columns"))
    size = max(8.0, min(24.0, 420 / max(len(values), len(values[0]))))
    left, top = 8 + 7 * max((len(name) for name in rows), default=0), 18.0
    width, height = size * len(values[0]), size * len(values)
    largest = max(abs(value) for row in values for value in row)
    below = any(value < 0 for row in values for value in row)
    color = (lambda v: signed(v, largest)) if below else (lambda v: grey(v / (largest or 1)))
    down = [
        words(left - 5, top + (i + 0.7) * size, n, "end") for i, n in enumerate(rows[: len(values)])
    ]
    across = [
        words(left + (i + 0.5) * size, 12, name[:3], "middle")
        for i, name in enumerate(columns[: len(values[0])])
    ]
    body = tag(
        "g", cells(values, color, width, height), transform=f"translate({place(left)} {place(top)})"
    )
    return svg(left + width + 2, top + height + 2, body, *down, *across, label="a matrix of values")


def sequences(data: Data) -> str:
    """What went in, what came out, what was wanted."""
    names = ("input", "output", "target")
    found = [mapping(row) for row in items(data.get("rows"))[:MOST_ROWS]]
    rows = [[as_text(row.get(name)) for name in names] for row in found]
    return table(names, rows, class_="sequences") if rows else ""


def lines_of_text(data: Data) -> str:
    said = "\n".join(as_text(line) for line in items(data.get("lines"))[:MOST_ROWS])
    return tag("pre", text(said)) if said else ""


def bars(data: Data) -> str:
    """Labels, each with a bar from zero."""
    labels = [as_text(label) for label in items(data.get("labels"))][:MOST_ROWS]
    values = [finite(value) for value in items(data.get("values"))][: len(labels)]
    largest = max((abs(value) for value in values), default=0.0) or 1.0
    left = 12 + 7 * max((len(label) for label in labels), default=0)
    drawn = []
    for index, (label, value) in enumerate(zip(labels, values, strict=False)):
        y = 20.0 * index
        drawn.append(words(left - 6, y + 14, label, "end"))
        drawn.append(
            rect(left, y + 3, 200 * abs(value) / largest, 14, BLUE if value >= 0 else ORANGE)
        )
        drawn.append(words(left + 206, y + 14, f"{value:.3g}", "start", GREY))
    return svg(left + 270, 20.0 * len(values) + 4, *drawn, label="bars") if drawn else ""


def at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


KINDS: dict[str, Callable[[Data], str]] = {
    "plane": plane,
    "images": images,
    "filters": filters,
    "matrix": matrix,
    "sequences": sequences,
    "text": lines_of_text,
    "bars": bars,
}

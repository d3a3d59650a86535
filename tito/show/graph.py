"""The tab of the computation graph: an expression with its values and gradients."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models import Div, LayoutDOM, Slider, TextInput

from tito.core.showing.reader import Reader
from tito.show.newest import Newest
from tito.views.report.markup import GREY, INK, line, svg, tag, text, words

FIRST = "(w * x + b).tanh()"
NAMES = re.compile(r"(?<![\w.])[a-z]\w{0,7}(?!\w|\s*\()")
MOST_NAMES = 6
BOX, HIGH, ACROSS, DOWN = 112.0, 58.0, 150.0, 74.0
ABOUT = (
    "Your own operations and your own <code>backward</code>: below each value is the derivative "
    "of the result with respect to it."
)


class Graph:
    """Type an expression, move its numbers, watch values and gradients."""

    def __init__(self, doc: Document, reader: Reader) -> None:
        self._reader = reader
        self._newest = Newest(doc, self._show)
        self._typed = TextInput(title="An expression", value=FIRST, width=420, name="expression")
        self._drawn = Div(width=1000, name="graph")
        self._sliders = row()
        self._typed.on_change("value", lambda _attr, _old, _new: self._retyped())
        self.layout: LayoutDOM = column(Div(text=ABOUT), self._typed, self._sliders, self._drawn)
        self._retyped()

    def close(self) -> None:
        self._newest.close()

    def _retyped(self) -> None:
        names = list(dict.fromkeys(NAMES.findall(self._typed.value)))[:MOST_NAMES]
        before = self._values()
        sliders = [
            Slider(start=-3, end=3, step=0.1, value=before.get(name, 0.5 + i / 2), title=name,
                   width=150)
            for i, name in enumerate(names)
        ]  # fmt: skip
        for slider in sliders:
            slider.on_change("value", lambda _attr, _old, _new: self._ask())
        self._sliders.children = list(sliders)
        self._ask()

    def _values(self) -> dict[str, float]:
        return {str(each.title): float(each.value) for each in self._sliders.children}

    def _ask(self) -> None:
        self._newest.do(partial(self._reader.graph, self._typed.value, self._values()))

    def _show(self, answer: dict[str, Any]) -> None:
        nodes = answer.get("nodes")
        self._drawn.text = drawing(nodes) if nodes else text(answer.get("error", ""))


def drawing(nodes: list[dict[str, Any]]) -> str:
    """Boxes from the left, where the numbers come in, to the right; lines between them."""
    places = placed(nodes)
    width = max(x for x, _ in places) + BOX + 4
    height = max(y for _, y in places) + HIGH + 4
    lines = [
        line([(places[i][0] + BOX, places[i][1] + HIGH / 2), (x, y + HIGH / 2)], GREY)
        for node, (x, y) in zip(nodes, places, strict=True)
        for i in node["inputs"]
    ]
    boxes = [box(node, *place) for node, place in zip(nodes, places, strict=True)]
    return svg(width, height, *lines, *boxes, label="the computation graph")


def placed(nodes: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Columns by the longest way from an input; in a column, one below the other."""
    depths: list[int] = []
    for node in nodes:  # operands come first
        depths.append(1 + max((depths[i] for i in node["inputs"]), default=-1))
    rows: dict[int, int] = {}
    places = []
    for depth in depths:
        places.append((2 + depth * ACROSS, 2 + rows.get(depth, 0) * DOWN))
        rows[depth] = rows.get(depth, 0) + 1
    return places


def box(node: dict[str, Any], x: float, y: float) -> str:
    frame = tag(
        "rect", x=x, y=y, width=BOX, height=HIGH, rx=6, fill="#fff", stroke=INK, stroke_width=1
    )
    grad = "" if node["grad"] is None else f"grad {node['grad']:.4g}"
    middle = x + BOX / 2
    return (
        frame
        + words(middle, y + 16, node["is"], "middle")
        + words(middle, y + 33, f"{node['value']:.4g}", "middle")
        + words(middle, y + 50, grad, "middle", "#d6604d")
    )

"""The tab on which a digit is drawn, and the student's own network reads it while it grows."""

from __future__ import annotations

from typing import Any

from bokeh.document import Document
from bokeh.events import Pan, PanEnd, PanStart, PointEvent, Tap
from bokeh.layouts import column, row
from bokeh.models import Button, ColumnDataSource, Div, LayoutDOM, Select
from bokeh.plotting import figure

from tito.core.milestones.shown_runs import ShownRun, shown_runs
from tito.core.showing.reader import Reader
from tito.core.showing.strokes import MOST_POINTS, pixels
from tito.core.workspace.workspace import Workspace
from tito.show.newest import Newest
from tito.views.report.markup import BLUE, GREY, INK, grey, grid, signed, svg, text
from tito.views.report.pictures import cells, filters
from tito.views.report.style import STYLE

READERS = ("mlp_digits", "cnn")
DRAW = "Draw a digit with the mouse."
NONE_YET = (
    "There is no trained network yet that reads digits: <code>tito milestone run mlp_digits</code>"
)


class Digit:
    """The canvas, what the network gets of it, its answer and its layers."""

    def __init__(self, workspace: Workspace, doc: Document, reader: Reader) -> None:
        self._workspace, self._reader = workspace, reader
        self._strokes: list[list[tuple[float, float]]] = []
        self._runs: list[ShownRun] = []
        self._newest = Newest(doc, self._show)
        self._ink = ColumnDataSource({"xs": [], "ys": []})
        self._bars = ColumnDataSource({"digit": [str(n) for n in range(10)], "share": [0.0] * 10,
                                       "color": [GREY] * 10})  # fmt: skip
        self._which = Select(title="Read by", width=360)
        self._said = Div(text=NONE_YET, name="said", width=360, styles={"font-size": "1.3rem"})
        self._seen, self._layers = Div(width=180), Div(width=900)
        clear = Button(label="Clear", width=90)
        clear.on_click(self._clear)
        self._which.on_change("value", lambda _attr, _old, _new: self._load())
        left = column(self._which, self._canvas(), clear)
        right = column(self._said, row(self._answers(), self._seen))
        self.layout: LayoutDOM = column(row(left, right), self._layers)
        self.tick()

    def close(self) -> None:
        self._newest.close()

    def tick(self) -> None:
        """Offer the networks that have been trained since the last look."""
        found = [
            run
            for run in shown_runs(self._workspace)
            if run.milestone in READERS and run.weights is not None and run.experiment is None
        ]
        if [run.path for run in found] == [run.path for run in self._runs]:
            return
        self._runs = found
        self._which.options = [(str(run.path), f"{run.name}, {run.label}") for run in found]
        newest = str(found[0].path) if found else ""
        if self._which.value == newest:
            self._load()
        else:
            self._which.value = newest

    # ------------------------------------------------------------------------------- drawing

    def _canvas(self) -> LayoutDOM:
        plot = figure(
            width=360,
            height=360,
            x_range=(0, 1),
            y_range=(0, 1),
            tools="",
            toolbar_location=None,
            name="canvas",
        )
        plot.axis.visible = False
        plot.grid.visible = False
        plot.outline_line_color = GREY
        pen = {"line_width": 20, "line_color": INK, "line_cap": "round", "line_join": "round"}
        plot.multi_line("xs", "ys", source=self._ink, **pen)
        plot.on_event(PanStart, self._begin)
        plot.on_event(Pan, self._go_on)
        plot.on_event(PanEnd, self._go_on)
        plot.on_event(Tap, self._begin)
        return plot

    def _begin(self, event: PointEvent) -> None:
        self._strokes.append([])
        self._go_on(event)

    def _go_on(self, event: PointEvent) -> None:
        x, y = event.x, event.y
        if (
            not self._strokes
            or x is None
            or y is None
            or sum(map(len, self._strokes)) > MOST_POINTS
        ):
            return
        self._strokes[-1].append((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))
        self._redraw()

    def _clear(self) -> None:
        self._strokes = []
        self._redraw()

    def _redraw(self) -> None:
        # a stroke of one point is drawn as a short line
        drawn = [[*stroke, (stroke[-1][0] + 1e-3, stroke[-1][1])] for stroke in self._strokes]
        self._ink.data = {
            "xs": [[x for x, _ in stroke] for stroke in drawn],
            "ys": [[y for _, y in stroke] for stroke in drawn],
        }
        image = pixels(self._strokes)
        picture = svg(160, 160, cells(image, grey, 160, 160), label="8 by 8 pixels")
        self._seen.text = f"What it gets: 8 × 8 pixels{picture}"
        self._ask()

    # ------------------------------------------------------------------------------- reading

    def _load(self) -> None:
        run = next((run for run in self._runs if str(run.path) == self._which.value), None)
        if run is None or run.weights is None:
            self._said.text = NONE_YET
            return
        milestone, weights = run.milestone, run.weights
        self._newest.do(lambda: self._loaded(milestone, weights))

    def _loaded(self, milestone: str, weights: Any) -> dict[str, Any]:
        error = self._reader.load(milestone, weights)
        return {"error": error} if error else self._read()

    def _ask(self) -> None:
        if self._runs:
            self._newest.do(self._read)

    def _read(self) -> dict[str, Any]:
        strokes = [list(stroke) for stroke in self._strokes]
        return self._reader.read(pixels(strokes)) if any(strokes) else {}

    def _show(self, answer: dict[str, Any]) -> None:
        shares = [float(share) for share in answer.get("probabilities", [])]
        if len(shares) != len(self._bars.data["digit"]):
            error = answer.get("error")
            self._said.text = f"Your network could not read it. {text(error)}" if error else DRAW
            shares = [0.0] * len(self._bars.data["digit"])
        else:
            best = max(range(len(shares)), key=shares.__getitem__)
            self._said.text = f"Your network reads: <b>{best}</b> ({shares[best]:.0%})"
        colors = [BLUE if share and share == max(shares) else GREY for share in shares]
        self._bars.data = {**self._bars.data, "share": shares, "color": colors}
        self._layers.text = f"<style>{STYLE}</style>{''.join(map(layer, answer.get('layers', [])))}"

    def _answers(self) -> LayoutDOM:
        plot = figure(
            width=360,
            height=260,
            x_range=[str(n) for n in range(10)],
            y_range=(0, 1),
            title="probability",
            tools="",
            toolbar_location=None,
            name="answers",
        )
        plot.vbar(x="digit", top="share", color="color", width=0.8, source=self._bars)
        return plot


def layer(told: dict[str, Any]) -> str:
    """A layer's name and what it gave: maps as images, else one row of cells."""
    maps = told.get("maps", [])
    heading = f"<div style='margin-top:.5rem'><b>{text(told.get('name', ''))}</b></div>"
    if len(maps) > 1 and len(maps[0]) > 1:
        return heading + filters({"images": maps})
    rows = [[value for each in maps for line in each for value in line]]
    flat = grid(rows)
    if not flat:
        return heading
    largest = max(map(abs, flat[0]))
    width = 14.0 * len(flat[0])
    return heading + svg(width, 16, cells(flat, lambda v: signed(v, largest), width, 16))

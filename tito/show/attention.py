"""The tab of attention: click a letter, and see where each head looks from there."""

from __future__ import annotations

from functools import partial
from typing import Any

from bokeh.document import Document
from bokeh.events import PointEvent, Tap
from bokeh.layouts import column, row
from bokeh.models import (
    ColumnDataSource,
    Div,
    FactorRange,
    HoverTool,
    LayoutDOM,
    Range1d,
    Select,
    TextInput,
)
from bokeh.plotting import figure

from tito.core.milestones.shown_runs import ShownRun, items, shown_runs
from tito.core.showing.reader import Reader
from tito.core.workspace.workspace import Workspace
from tito.show.newest import Newest
from tito.views.report.markup import BLUE, INK, grid, signed, text

FIRST_TEXT = {"transformer": "31415926", "gpt": "47+85"}
NONE_YET = (
    "There is no trained network yet that attends: <code>tito milestone run transformer</code>"
)
ABOUT = (
    "Click a letter. Blue: how much of its attention goes to each place, head by head. A sequence "
    "of digits is reversed after the bar; a GPT answers a sum, its last digit first, or goes on "
    "with a name."
)
READ, WRITES, MEAN = "what it reads", "what it writes then", "mean of all heads"
CELL, LEFT, MARGIN = 44, 120, 60  # pixels
MOST_PLACES, MOST_HEADS, NAMED = 32, 64, 3
SHOWN_AS = {"\n": "⏎", " ": "␣"}


class Attention:
    """A text, the letters that the network adds, and the weights of the place that was clicked."""

    def __init__(self, workspace: Workspace, doc: Document, reader: Reader) -> None:
        self._workspace, self._reader = workspace, reader
        self._runs: list[ShownRun] = []
        self._newest = Newest(doc, self._show)
        self._letters: list[str] = []
        self._writes: list[str] = []
        self._heads: list[tuple[str, list[list[float]]]] = []
        self._at = 0
        self._which = Select(title="Network", width=420)
        self._typed = TextInput(title="A text", width=260, name="attended")
        self._said = Div(text=NONE_YET, name="attention-said", width=900)
        self._cells = ColumnDataSource({name: [] for name in ("x", "y", "share", "color")})
        self._words = ColumnDataSource({name: [] for name in ("x", "y", "word", "ring")})
        self._plot = self._drawn()
        self._which.on_change("value", lambda _attr, _old, _new: self._load())
        self._typed.on_change("value", lambda _attr, _old, _new: self._ask())
        self.layout: LayoutDOM = column(
            Div(text=ABOUT, width=900), row(self._which, self._typed), self._said, self._plot
        )
        self.tick()

    def close(self) -> None:
        self._newest.close()

    def tick(self) -> None:
        """Offer the networks that have been trained since the last look."""
        found = [
            run
            for run in shown_runs(self._workspace)
            if run.milestone in FIRST_TEXT and run.weights is not None
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

    # ------------------------------------------------------------------------------- asking

    def _load(self) -> None:
        run = next((run for run in self._runs if str(run.path) == self._which.value), None)
        if run is None or run.weights is None:
            self._said.text = NONE_YET
            return
        milestone, weights = run.milestone, run.weights
        self._typed.value = FIRST_TEXT[milestone]
        self._newest.do(partial(self._loaded, milestone, weights, self._typed.value))

    def _loaded(self, milestone: str, weights: Any, typed: str) -> dict[str, Any]:
        error = self._reader.load(milestone, weights)
        return {"error": error} if error else self._reader.attend(typed)

    def _ask(self) -> None:
        if self._runs:
            self._newest.do(partial(self._reader.attend, self._typed.value))

    def _show(self, answer: dict[str, Any]) -> None:
        self._letters = [str(one)[:1] for one in items(answer.get("letters"))][:MOST_PLACES]
        self._writes = [str(one)[:1] for one in items(answer.get("writes"))][:MOST_PLACES]
        self._heads = list(filter(None, map(head, items(answer.get("heads"))[:MOST_HEADS])))
        self._at = max(len(self._letters) - 1, 0)
        if not self._letters or not self._heads:
            self._said.text = text(answer.get("error", "Nothing came back."))
        self._draw()

    def _clicked(self, event: PointEvent) -> None:
        if event.x is not None and 0 <= round(event.x) < len(self._letters):
            self._at = round(event.x)
            self._draw()

    # ------------------------------------------------------------------------------ drawing

    def _drawn(self) -> Any:
        plot = figure(
            width=LEFT + MARGIN,
            height=MARGIN,
            x_range=Range1d(-0.5, 0.5),
            y_range=FactorRange(),
            tools="",
            toolbar_location=None,
            name="attention",
        )
        edge = {"width": 0.94, "height": 0.9, "line_color": "#e3e6ea"}
        cells = plot.rect("x", "y", source=self._cells, fill_color="color", **edge)
        plot.rect("x", "y", source=self._words, width=0.94, height=0.9, fill_color=None,
                  line_color="ring", line_width=3)  # fmt: skip
        plot.text("x", "y", "word", source=self._words, text_align="center",
                  text_baseline="middle", text_color=INK, text_font_size="16px")  # fmt: skip
        plot.add_tools(HoverTool(renderers=[cells], tooltips="@y: @share{0 %}"))
        plot.xaxis.visible = False
        plot.grid.visible = False
        plot.outline_line_color = None
        plot.on_event(Tap, self._clicked)
        return plot

    def _draw(self) -> None:
        rows = self._rows()
        self._plot.y_range.factors = [*reversed([READ, WRITES, *(name for name, _ in rows)])]
        self._plot.x_range.end = max(len(self._letters), 1) - 0.5
        self._plot.width = LEFT + MARGIN + CELL * max(len(self._letters), 1)
        self._plot.height = MARGIN + 34 * (2 + len(rows))
        cells = [(x, name, share) for name, shares in rows for x, share in enumerate(shares)]
        self._cells.data = {
            "x": [x for x, _, _ in cells],
            "y": [y for _, y, _ in cells],
            "share": [share for _, _, share in cells],
            "color": [signed(share, 1.0) for _, _, share in cells],
        }
        words = [(x, y, letter) for y, letters in ((READ, self._letters), (WRITES, self._writes))
                 for x, letter in enumerate(letters)]  # fmt: skip
        self._words.data = {
            "x": [x for x, _, _ in words],
            "y": [y for _, y, _ in words],
            "word": [SHOWN_AS.get(letter, letter) for _, _, letter in words],
            "ring": [BLUE if (x, y) == (self._at, READ) else "#0000" for x, y, _ in words],
        }
        if rows:
            self._said.text = self._sentence(rows[0][1])

    def _rows(self) -> list[tuple[str, list[float]]]:
        """What each head gives to each place, seen from the one that was clicked."""
        heads = [(name, rows[self._at]) for name, rows in self._heads if self._at < len(rows)]
        if not heads:
            return []
        columns = zip(*(shares for _, shares in heads), strict=False)
        return [(MEAN, [sum(shares) / len(heads) for shares in columns]), *heads]

    def _sentence(self, shares: list[float]) -> str:
        order = sorted(range(len(shares)), key=lambda place: -shares[place])[:NAMED]
        most = ", ".join(
            f"<b>{letter_of(self._letters[x])}</b> ({shares[x]:.0%}, place {x + 1})"
            for x in order
            if x < len(self._letters) and shares[x] > 0
        )
        written = self._writes[self._at] if self._at < len(self._writes) else ""
        then = f", before it writes <b>{letter_of(written)}</b>," if written else ""
        read = letter_of(self._letters[self._at])
        return f"From <b>{read}</b> (place {self._at + 1}){then} it looks most at {most}."


def letter_of(letter: str) -> str:
    return text(SHOWN_AS.get(letter, letter))


def head(told: Any) -> tuple[str, list[list[float]]] | None:
    """A head's name and its weights; None for what is neither."""
    if not isinstance(told, dict):
        return None
    rows = grid(told.get("weights"), MOST_PLACES)
    return (str(told.get("name", ""))[:40], rows) if rows else None

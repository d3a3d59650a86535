"""A plot of several curves with their names, for a training and for kept runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bokeh.models import ColumnDataSource, LayoutDOM
from bokeh.plotting import figure

from tito.core.milestones.progress_events import TrainingEvent, series
from tito.views.report.curves import finite_only

COLORS = ("#2166ac", "#d6604d", "#1a7f37", "#8250df", "#bf8700", "#57606a")
EMPTY: dict[str, list[object]] = {"xs": [], "ys": [], "color": [], "dash": [], "label": []}

Points = Sequence[tuple[float, float]]


class Curve(NamedTuple):
    """One curve. What is not the training itself, such as a control, is dashed."""

    label: str
    points: Points
    dashed: bool = False


class Plot:
    """The curves, which are exchanged all at once."""

    def __init__(self, name: str, *, width: int, height: int, log: bool) -> None:
        self._log = log
        self._source = ColumnDataSource(dict(EMPTY))
        plot = figure(
            title=name,
            width=width,
            height=height,
            y_axis_type="log" if log else "linear",
            x_axis_label="step",
            tools="pan,wheel_zoom,reset",
            name=name,
        )
        look = {"color": "color", "line_dash": "dash", "legend_field": "label", "line_width": 2}
        plot.multi_line("xs", "ys", source=self._source, **look)
        legend = plot.legend[0]
        legend.border_line_color = None
        plot.add_layout(legend, "below")  # inside it would hide the curves
        plot.toolbar.logo = None
        self.layout: LayoutDOM = plot

    def show(self, curves: Iterable[Curve]) -> None:
        """Draw these; one without a point that can be drawn is left out."""
        shown = [(curve, self._drawable(curve.points)) for curve in curves]
        shown = [(curve, points) for curve, points in shown if points]
        self._source.data = {
            "xs": [[x for x, _ in points] for _, points in shown],
            "ys": [[y for _, y in points] for _, points in shown],
            "color": [COLORS[i % len(COLORS)] for i in range(len(shown))],
            "dash": ["dashed" if curve.dashed else "solid" for curve, _ in shown],
            "label": [curve.label for curve, _ in shown],
        }

    def _drawable(self, points: Points) -> Points:
        return [(x, y) for x, y in finite_only(points) if y > 0 or not self._log]


def phases(events: Iterable[TrainingEvent]) -> list[str]:
    """What has reported a loss: first the training that counts, then what it is compared with."""
    return list(dict.fromkeys(event.phase for event in events if event.loss is not None))


def losses(events: Sequence[TrainingEvent]) -> list[Curve]:
    """The loss of each phase."""
    return [
        Curve(phase, series(events, "loss", phase), dashed=number > 0)
        for number, phase in enumerate(phases(events))
    ]


def accuracies(events: Sequence[TrainingEvent]) -> list[Curve]:
    """The training's accuracies: of the minibatches, and on what it does not learn from."""
    return [
        Curve(label, series(events, name, phase), dashed=name == "accuracy")
        for phase in phases(events)[:1]
        for label, name in (("held-out", "held_out"), ("minibatch", "accuracy"))
    ]

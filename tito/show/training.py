"""The tab of a training: the newest run's loss and accuracy, as they move."""

from __future__ import annotations

from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, Div, LayoutDOM
from bokeh.plotting import figure

from tito.core.milestones.live import LiveRun, live_file, live_run
from tito.core.milestones.progress_events import TrainingEvent
from tito.core.workspace.workspace import Workspace
from tito.views.milestone import progress_text
from tito.views.report.curves import finite_only
from tito.views.report.markup import BLUE, GREEN, text

NONE_YET = (
    "Nothing has been trained in this workspace yet. In another terminal: "
    "<code>tito milestone run xor</code>. The curves move here while it trains."
)


def main_phase(events: list[TrainingEvent]) -> str:
    """The first phase that reports a loss: the training that counts."""
    return next((event.phase for event in events if event.loss is not None), "")


class Training:
    """Two curves of one run; `tick` looks whether it has gone on."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seen: tuple[int, int] | None = None
        self._said = Div(text=NONE_YET, name="training-said")
        self._sources = {
            name: ColumnDataSource({"x": [], "y": []}) for name in ("loss", "accuracy")
        }
        self.layout: LayoutDOM = column(
            self._said,
            row(
                curve("loss", self._sources["loss"], BLUE, "log"),
                curve("accuracy", self._sources["accuracy"], GREEN, "linear"),
            ),
        )
        self.tick()

    def tick(self) -> None:
        """Read the file again if it has changed."""
        try:
            found = live_file(self._workspace).stat()
        except OSError:
            return
        state = (found.st_mtime_ns, found.st_size)
        if state != self._seen:
            self._seen = state
            self._show(live_run(self._workspace))

    def _show(self, run: LiveRun) -> None:
        phase = main_phase(run.events)
        shown = [event for event in run.events if event.phase == phase]
        for name, source in self._sources.items():
            values = [(float(e.step), getattr(e, name)) for e in shown]
            points = finite_only([(x, y) for x, y in values if y is not None])
            points = [(x, y) for x, y in points if name == "accuracy" or y > 0]  # a log axis
            source.data = {"x": [x for x, _ in points], "y": [y for _, y in points]}
        now = progress_text(run.events[-1], None) if run.events else "starting"
        self._said.text = f"<b>{text(run.name or run.milestone)}</b><br>{text(now)}"


def curve(name: str, source: ColumnDataSource, color: str, scale: str) -> LayoutDOM:
    plot = figure(
        title=name,
        width=460,
        height=320,
        y_axis_type=scale,
        x_axis_label="step",
        tools="pan,wheel_zoom,reset,hover",
        name=name,
    )
    plot.line("x", "y", source=source, color=color, line_width=2)
    plot.toolbar.logo = None
    return plot

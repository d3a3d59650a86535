"""The tab of a training: the newest run's curves and pictures, as they move."""

from __future__ import annotations

from bokeh.layouts import column, row
from bokeh.models import Div, LayoutDOM

from tito.core.milestones.live import LiveRun, live_file, live_run
from tito.core.workspace.workspace import Workspace
from tito.show.large import large
from tito.show.lines import Plot, accuracies, losses
from tito.views.milestone import progress_text
from tito.views.report.markup import text

NONE_YET = (
    "Nothing has been trained in this workspace yet. In another terminal: "
    "<code>tito milestone run xor</code>. The curves move here while it trains."
)


class Training:
    """The curves and pictures of one run; `tick` looks whether it has gone on."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seen: tuple[int, int] | None = None
        self._said = Div(text=NONE_YET, name="training-said")
        self._loss = Plot("loss", width=520, height=320, log=True)
        self._accuracy = Plot("accuracy", width=520, height=320, log=False)
        self._pictures = Div(width=1040, name="training-pictures")
        curves = row(self._loss.layout, self._accuracy.layout)
        self.layout: LayoutDOM = column(self._said, curves, self._pictures)
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
        self._loss.show(losses(run.events))
        self._accuracy.show(accuracies(run.events))
        now = progress_text(run.events[-1], None) if run.events else "starting"
        self._said.text = f"<b>{text(run.name or run.milestone)}</b><br>{text(now)}"
        drawn = large(run.pictures)
        if drawn != self._pictures.text:
            self._pictures.text = drawn

"""The tab of kept runs: their losses in one plot, and the pictures of the one that is chosen."""

from __future__ import annotations

from bokeh.layouts import column
from bokeh.models import ColumnDataSource, Div, LayoutDOM, MultiChoice, Select
from bokeh.plotting import figure

from tito.core.milestones.progress_events import series
from tito.core.milestones.shown_runs import ShownRun, shown_runs
from tito.core.workspace.workspace import Workspace
from tito.show.training import main_phase
from tito.views.report.curves import finite_only
from tito.views.report.markup import table
from tito.views.report.page import chosen, said_figures
from tito.views.report.pictures import figure as picture_figure
from tito.views.report.style import STYLE

COLORS = ("#2166ac", "#d6604d", "#1a7f37", "#8250df", "#bf8700", "#57606a")
AT_FIRST = 3  # runs in the plot


class Runs:
    """Choose a milestone, then runs to compare and one whose pictures are shown."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._runs: list[ShownRun] = []
        self._source = ColumnDataSource({"xs": [], "ys": [], "color": [], "label": []})
        self._milestone = Select(title="Milestone", width=300)
        self._compared = MultiChoice(title="Runs to compare", width=700)
        self._pictured = Select(title="Pictures of the run", width=300)
        self._table, self._pictures = Div(width=900), Div(width=900, name="pictures")
        self._milestone.on_change("value", lambda _attr, _old, _new: self._choose())
        self._compared.on_change("value", lambda _attr, _old, _new: self._compare())
        self._pictured.on_change("value", lambda _attr, _old, _new: self._picture())
        self.layout: LayoutDOM = column(
            self._milestone,
            self._compared,
            self._plot(),
            self._table,
            self._pictured,
            self._pictures,
        )
        self.tick()

    def tick(self) -> None:
        """Offer what has been kept since the last look."""
        found = shown_runs(self._workspace)
        if [run.path for run in found] == [run.path for run in self._runs]:
            return
        self._runs = found
        options = {run.milestone: run.name for run in reversed(found)}
        self._milestone.options = list(options.items())
        if self._milestone.value not in options:
            self._milestone.value = found[0].milestone if found else ""
        self._choose()

    def _plot(self) -> LayoutDOM:
        plot = figure(
            title="loss",
            width=900,
            height=340,
            y_axis_type="log",
            x_axis_label="step",
            tools="pan,wheel_zoom,reset",
        )
        lines = {"color": "color", "legend_group": "label", "line_width": 2}
        plot.multi_line("xs", "ys", source=self._source, **lines)
        plot.toolbar.logo = None
        return plot

    def _choose(self) -> None:
        here = [run for run in self._runs if run.milestone == self._milestone.value]
        options = [(run.path.name, run.label) for run in here]
        names = [name for name, _ in options]
        self._compared.options = options
        self._compared.value = names[:AT_FIRST]
        self._pictured.options = options
        self._pictured.value = names[0] if names else ""
        self._compare()
        self._picture()

    def _named(self, names: list[str]) -> list[ShownRun]:
        here = [run for run in self._runs if run.milestone == self._milestone.value]
        return [run for run in here if run.path.name in names]

    def _compare(self) -> None:
        runs = self._named(list(self._compared.value))
        lines = [loss_of(run) for run in runs]
        self._source.data = {
            "xs": [[x for x, _ in line] for line in lines],
            "ys": [[y for _, y in line] for line in lines],
            "color": [COLORS[i % len(COLORS)] for i in range(len(runs))],
            "label": [run.label for run in runs],
        }
        rows = [(run.label, run.outcome.replace("_", " "), said_figures(run)) for run in runs]
        self._table.text = styled(table(("Run", "Outcome", "Figures"), rows)) if rows else ""

    def _picture(self) -> None:
        runs = self._named([str(self._pictured.value)])
        drawn = [picture_figure(picture) for run in runs for picture in chosen(run.pictures)]
        self._pictures.text = styled(f'<div class="pictures large">{"".join(drawn)}</div>')


def loss_of(run: ShownRun) -> list[tuple[float, float]]:
    points = finite_only(series(run.events, "loss", main_phase(list(run.events))))
    return [(x, y) for x, y in points if y > 0]


def styled(html: str) -> str:
    """With the report's style; pictures twice as large."""
    return f"<style>{STYLE}\n.large svg {{ zoom: 1.8; }}</style>{html}"

"""The tab of kept runs: their losses in one plot, and the pictures of the one that is chosen."""

from __future__ import annotations

from bokeh.layouts import column
from bokeh.models import Checkbox, Div, LayoutDOM, MultiChoice, Select

from tito.core.milestones.shown_runs import ShownRun, shown_runs
from tito.core.workspace.workspace import Workspace
from tito.show.large import large, styled
from tito.show.lines import Curve, Plot, losses
from tito.views.report.markup import table
from tito.views.report.page import chosen, said_figures

AT_FIRST = 3  # runs in the plot


class Runs:
    """Choose a milestone, then runs to compare and one whose pictures are shown."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._runs: list[ShownRun] = []
        self._milestone = Select(title="Milestone", width=300)
        self._compared = MultiChoice(title="Runs to compare", width=700)
        self._others = Checkbox(
            label="also what each run was compared with: controls, a plain network", active=True
        )
        self._losses = Plot("losses", width=900, height=340, log=True)
        self._pictured = Select(title="Pictures of the run", width=300)
        self._table, self._pictures = Div(width=900), Div(width=900, name="pictures")
        self._milestone.on_change("value", lambda _attr, _old, _new: self._choose())
        self._compared.on_change("value", lambda _attr, _old, _new: self._compare())
        self._others.on_change("active", lambda _attr, _old, _new: self._compare())
        self._pictured.on_change("value", lambda _attr, _old, _new: self._picture())
        self.layout: LayoutDOM = column(
            self._milestone,
            self._compared,
            self._others,
            self._losses.layout,
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
        self._losses.show(curve for run in runs for curve in self._curves(run))
        rows = [(run.label, run.outcome.replace("_", " "), said_figures(run)) for run in runs]
        self._table.text = styled(table(("Run", "Outcome", "Figures"), rows)) if rows else ""

    def _curves(self, run: ShownRun) -> list[Curve]:
        found = losses(run.events)
        wanted = found if self._others.active else found[:1]
        return [curve._replace(label=f"{run.label}: {curve.label}") for curve in wanted]

    def _picture(self) -> None:
        runs = self._named([str(self._pictured.value)])
        self._pictures.text = large(picture for run in runs for picture in chosen(run.pictures))

"""The report in the terminal: the journey in lines, with one curve for each kept run."""

from __future__ import annotations

from collections.abc import Iterator

from tito.views.curves import Dots
from tito.views.lines import Line
from tito.views.milestone import curve_lines
from tito.views.modules import state_text
from tito.views.report.page import day, milestone_state, record_facts, summary
from tito.workflows.report import Journey, Milestone


def report_lines(journey: Journey, dots: Dots, width: int) -> Iterator[Line]:
    """Modules with dates, milestones with figures and the curve, and what it runs on."""
    yield summary(journey), "bold"
    yield "", ""
    for status in journey.modules:
        style = "green" if status.is_proven else ""
        when = day(status.completed_at or status.started_at)
        yield (
            f"  {status.module.number} {status.title:<28.28} {when:<10}  {state_text(status)}",
            style,
        )
    for milestone in journey.milestones:
        yield from milestone_lines(milestone, dots, width)
    yield "", ""
    yield ", ".join(f"{name} {value}" for name, value in journey.environment.items()), "dim"


def milestone_lines(milestone: Milestone, dots: Dots, width: int) -> Iterator[Line]:
    proven = milestone.is_proven
    state = "learned" if proven else milestone_state(milestone)
    yield "", ""
    yield f"{milestone.row['name']}: {state}", "bold green" if proven else "bold"
    if proven:
        facts = record_facts(milestone)
        yield "  " + ", ".join(f"{name} {value}" for name, value in facts.items() if value), ""
    run = milestone.best_run
    if run is not None:
        yield from curve_lines(run.events, dots, width)

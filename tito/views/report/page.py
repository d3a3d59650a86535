"""The whole report as one HTML document, which needs no network and prints well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tito.core.milestones.shown_runs import Picture, ShownRun
from tito.core.words import counted, enumerated
from tito.views.milestone import format_metric, seconds
from tito.views.modules import NO_EVIDENCE, state_text
from tito.views.report.curves import curves
from tito.views.report.markup import table, tag, text
from tito.views.report.pictures import figure
from tito.views.report.style import STYLE
from tito.workflows.report import Journey, Milestone

TITLE = "My TinyTorch"
FIRST_AND_LAST = 2


def report_html(journey: Journey) -> str:
    """The document. Nothing in it loads anything: its policy forbids that, too."""
    head = tag(
        "head",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">",
        tag("title", text(TITLE)),
        tag("style", STYLE),
    )
    body = tag("body", tag("main", *sections(journey)))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def sections(journey: Journey) -> Iterable[str]:
    yield tag("h1", text(TITLE))
    yield tag("p", text(summary(journey)), class_="summary")
    yield tag("h2", "Modules")
    yield modules_table(journey)
    yield tag("h2", "Milestones")
    yield from (milestone_section(milestone) for milestone in journey.milestones)
    yield tag("h2", "Environment")
    yield pairs(journey.environment)
    yield tag("p", text(f"Written on {journey.written_at}."), class_="small")


def summary(journey: Journey) -> str:
    """How far it is. What is only written down does not count."""
    modules = sum(status.is_proven for status in journey.modules)
    learned = sum(milestone.is_proven for milestone in journey.milestones)
    return (
        f"{modules} of {counted(len(journey.modules), 'module')} complete, "
        f"{learned} of {counted(len(journey.milestones), 'milestone')} learned."
    )


def modules_table(journey: Journey) -> str:
    rows = [
        (s.module.number, s.title, state_text(s), day(s.started_at), day(s.completed_at))
        for s in journey.modules
    ]
    return table(("", "Module", "State", "Started", "Completed"), rows, class_="modules")


def milestone_section(milestone: Milestone) -> str:
    """One milestone; one that was never tried takes a line only."""
    run = milestone.best_run
    heading = tag("h3", text(milestone.row["name"]), " ", badge(milestone))
    told = tag("p", text(milestone.row["description"].rstrip(".") + "."))
    shown = [heading, told]
    if milestone.is_proven:
        shown.append(pairs(record_facts(milestone)))
    if run is not None:
        shown.append(run_part(run))
    shown.append(other_runs(milestone))
    return tag("section", *shown, class_="milestone")


def badge(milestone: Milestone) -> str:
    if milestone.is_proven:
        return tag("span", "learned", class_="badge learned")
    return tag("span", text(milestone_state(milestone)), class_="badge")


def milestone_state(milestone: Milestone) -> str:
    return NO_EVIDENCE if milestone.is_learned else str(milestone.row["state"])


def record_facts(milestone: Milestone) -> dict[str, str]:
    """What is on record of a pass: the day, the seed, the figures, and if the code has changed."""
    record = milestone.record
    facts = {"learned on": day(record.get("completed_at")), "seed": str(record.get("seed", ""))}
    changed = {"changed since": enumerated(milestone.changed)} if milestone.changed else {}
    return {**facts, **figures(record.get("metrics")), **changed}


def figures(metrics: Any) -> dict[str, str]:
    found = metrics if isinstance(metrics, dict) else {}
    return {str(name).replace("_", " "): format_metric(str(name), v) for name, v in found.items()}


def run_part(run: ShownRun) -> str:
    """One run with its curves and pictures."""
    took = "" if run.seconds is None else f", {seconds(run.seconds)}"
    said = tag("p", text(f"Run of {run.label}{took}."), class_="small")
    marked = experiment_line(run)
    drawn = [one for one in map(figure, chosen(run.pictures)) if one]
    shown = tag("div", *drawn, class_="pictures") if drawn else ""
    return said + marked + curves(run.events) + shown


def experiment_line(run: ShownRun) -> str:
    if run.experiment is None:
        return ""
    changed = ", ".join(f"{name} {value}" for name, value in run.experiment.items())
    return tag("p", text(f"An experiment, which earns nothing: {changed}."), class_="small")


def chosen(pictures: Iterable[Picture]) -> list[Picture]:
    """Of pictures with one title, the first and the last: how it began, and what came of it."""
    by_title: dict[tuple[str, str], list[Picture]] = {}
    for picture in pictures:
        by_title.setdefault((picture.kind, picture.title), []).append(picture)
    return [
        picture
        for group in by_title.values()
        for picture in (group if len(group) <= FIRST_AND_LAST else [group[0], group[-1]])
    ]


def other_runs(milestone: Milestone) -> str:
    """All kept runs in a table, if there are several."""
    if len(milestone.runs) < FIRST_AND_LAST:
        return ""
    rows = [(run.label, run.outcome.replace("_", " "), said_figures(run)) for run in milestone.runs]
    return table(("Run", "Outcome", "Figures"), rows, class_="runs")


def said_figures(run: ShownRun) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures(run.metrics).items())


def pairs(facts: Mapping[str, str]) -> str:
    shown = (
        tag("dt", text(name)) + tag("dd", text(value)) for name, value in facts.items() if value
    )
    return tag("dl", *shown)


def day(moment: object) -> str:
    """`2025-11-23T10:00:00+01:00` as `2025-11-23`."""
    return moment[:10] if isinstance(moment, str) else ""

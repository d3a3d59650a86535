"""How records that were checked again are shown, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tito.core.console import Symbols
from tito.core.milestones.records import ABSOLUTE, RELATIVE, Compared
from tito.views.lines import Line
from tito.views.milestone import format_metric
from tito.workflows.verify import Agreement, Check

if TYPE_CHECKING:
    from tito.core.milestones.attempt import Verdict

HEADINGS = {
    Agreement.SAME: ("done", "The same verdict again", "bold green"),
    Agreement.DIFFERENT: ("wrong", "Not the same", "bold red"),
    Agreement.CHANGED: ("wrong", "Cannot be confirmed here", "bold red"),
    Agreement.NO_EVIDENCE: ("wrong", "Recorded without evidence", "bold red"),
    Agreement.UNKNOWN: ("wrong", "Not a milestone of this course", "bold red"),
    Agreement.COULD_NOT_RUN: ("waiting", "Could not run", "bold yellow"),
}
TOLERANCE = f"Figures may differ by {ABSOLUTE:g}, or by {RELATIVE:.0%}."


def check_lines(check: Check, symbols: Symbols) -> list[Line]:
    """What was on record, what came out now, and whether they agree."""
    sign, words, style = HEADINGS[check.agreement]
    lines: list[Line] = [(f"{getattr(symbols, sign)} {words}: {check.name}", style)]
    if check.reason:
        lines.append((f"  {check.reason}", ""))
    for module, why in (check.changed or {}).items():
        lines.append((f"    {module}: {why}", ""))
    lines += metric_lines(check.metrics)
    return [*lines, *((f"  {text}", "yellow") for text in check.remarks), ("", "")]


def metric_lines(metrics: Sequence[Compared]) -> list[Line]:
    if not metrics:
        return []
    width = max(len(metric.name) for metric in metrics)
    lines: list[Line] = [(f"  {'':<{width}}  {'on record':>9}  {'now':>9}", "")]
    for metric in metrics:
        shown = (format_metric(metric.name, value) for value in (metric.recorded, metric.again))
        before, after = ("missing" if value == "None" else value for value in shown)
        name = metric.name.replace("_", " ")
        text = f"  {name:<{width}}  {before:>9}  {after:>9}"
        lines.append((text, "") if metric.agrees else (f"{text}  too far away", "red"))
    return [*lines, (f"  {TOLERANCE}", "dim")]


def checks_json(checks: Sequence[Check], exit_code: int) -> dict[str, Any]:
    return {
        "results": [check_json(check) for check in checks],
        "tolerance": {"absolute": ABSOLUTE, "relative": RELATIVE},
        "exit_code": exit_code,
    }


def check_json(check: Check) -> dict[str, Any]:
    record = check.record
    return {
        "milestone": record.milestone,
        "result": check.agreement,
        "reason": check.reason,
        "changed": dict(check.changed or {}),
        "recorded": {
            "outcome": record.outcome,
            "metrics": dict(record.metrics),
            "seed": record.seed,
        },
        "again": _again_json(check.verdict),
        "too_far_away": [metric.name for metric in check.metrics if not metric.agrees],
        "remarks": list(check.remarks),
    }


def _again_json(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "metrics": dict(verdict.metrics),
        "seconds": round(verdict.seconds, 3),
    }

"""How milestones and their verdicts are shown: pure functions from results to styled lines.

Nothing here trains or judges.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from tito.core.console import UNICODE, Symbols
from tito.core.milestones.progress_events import Bar, TrainingEvent, series
from tito.core.outcome import Evidence, Outcome
from tito.core.words import enumerated
from tito.views.curves import ASCII, BRAILLE, Dots, draw_curve, falls_by_orders
from tito.views.lines import Line
from tito.views.remarks import judge_lines

if TYPE_CHECKING:
    from rich.console import Console

    from tito.core.milestones.attempt import Attempt, Verdict
    from tito.workflows.run_milestone import Briefing
    from tito.world import World

MODULE_FILE = re.compile(r"modules/(\d\d)_\w+/\w+\.py")
FRACTIONS = ("accuracy", "exact_match")
AFTER_THE_LAST = (
    "It is your framework now:",
    "  tito run examples/names.py      run a script that was written for PyTorch; change it",
    "  tito run MY_SCRIPT.py           your own network, your own data, `import torch` as usual",
    "  tito module start NN            change a layer, complete it, run a milestone again",
)
CURVE_ROWS, ROWS_BELOW_PICTURES = 8, 4


def show_attempt(world: World, attempt: Attempt, events: Sequence[TrainingEvent]) -> None:
    """Print the pictures, the curve, the result, and the command that repeats the run."""
    symbols, width = world.symbols, world.console.width
    height = CURVE_ROWS
    if world.console.is_terminal:
        show_pictures(world.console, attempt.pictures)
        height = ROWS_BELOW_PICTURES
    lines = curve_lines(events, BRAILLE if symbols is UNICODE else ASCII, width, height)
    for text, style in [*lines, *attempt_lines(attempt, symbols, width), ("", "")]:
        world.say(text, style or None)


def show_verdict(world: World, attempt: Attempt) -> None:
    """Print the result alone: one line, and for a failure its reason."""
    sign, words, style = HEADINGS[attempt.outcome]
    world.say(f"{getattr(world.symbols, sign)} {words}: {attempt.row['name']}", style=style)
    if not attempt.has_passed:
        world.say(f"  {attempt.verdict.reason}")


def show_pictures(console: Console, pictures: Sequence[Mapping[str, Any]]) -> None:
    """Print the network at work, as far as this console can show it."""
    from tito.views.pictures.draw import after_training, as_text, ink_of

    for rows in after_training(pictures, min(console.width, 80), ink_of(console)):
        console.print()
        for row in rows:
            console.print(as_text(row), highlight=False, soft_wrap=True)


def briefing_lines(row: Mapping[str, Any], briefing: Briefing, width: int = 80) -> list[Line]:
    """What will run, what it stands for, and a warning about stale modules and edited tests."""
    lines: list[Line] = [(row["name"], "bold"), (f"  {row['description'].rstrip('.')}.", "")]
    told = textwrap.wrap(briefing.history, min(width, 80) - 2)
    lines += [("", ""), *((f"  {line}", "dim") for line in told), ("", "")] if told else []
    for number, difference in briefing.stale.items():
        lines.append((f"  {difference}. To export it:", "yellow"))
        lines.append((f"    tito module complete {number}", "yellow"))
    judges = judge_lines(briefing.judged_by, briefing.edited, briefing.unused)
    return [*lines, *((f"  {text}", style) for text, style in judges)]


def format_metric(name: str, value: Any) -> str:
    """Format a metric: 97.2%, 3.1e-09, 4; text stays as it is."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not abs(value) < sys.float_info.max:  # a record may hold anything, NaN too
        return str(value)[:20]
    if name.endswith(FRACTIONS) and 0 <= value <= 1:
        return f"{value:.1%}"
    return f"{value:.3g}" if abs(value) < 1000 or value != round(value) else f"{value:.0f}"


def seconds(value: float) -> str:
    """A duration: 0.8 s, 12 s, 2 min 5 s."""
    if value < 60:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def progress_text(event: TrainingEvent, left: float | None) -> str:
    """One plain line of live progress."""
    parts = [f"{event.phase} {event.step}/{event.total}", *measured(event), *at_the_end(event)]
    parts += said(event)
    return "  ".join([*parts, *time_left(event, left)])


def measured(event: TrainingEvent) -> list[str]:
    figures = [("loss {:.4f}", event.loss), ("accuracy {:.1%} (minibatch)", event.accuracy)]
    return [text.format(value) for text, value in figures if value is not None]


def at_the_end(event: TrainingEvent) -> list[str]:
    """The accuracy on held-out examples, once a phase is over."""
    if event.held_out is None or event.step < event.total:
        return []
    return [f"held-out {event.held_out:.1%}"]


def said(event: TrainingEvent) -> list[str]:
    """What the model writes by now."""
    return [event.said] if event.said else []


def time_left(event: TrainingEvent, left: float | None) -> list[str]:
    """The time left; nothing near the end, where tenths of a second would only flicker."""
    worth_saying = left is not None and left >= 0.3 and event.step < event.total
    return [f"{seconds(left)} left"] if worth_saying and left is not None else []


def curve_lines(
    events: Sequence[TrainingEvent], dots: Dots, width: int, height: int = CURVE_ROWS
) -> list[Line]:
    """The loss over the main training, the first phase that reported one."""
    phase = next((event.phase for event in events if event.loss is not None), None)
    points = series(events, "loss", phase)
    rows = draw_curve(points, width=max(20, min(60, width - 14)), height=height, dots=dots)
    if not rows:
        return []
    axis = ", logarithmic axis" if falls_by_orders(y for _, y in points if isfinite(y)) else ""
    title = f"  loss, {phase}{axis}"
    return [("", ""), (title, "bold"), *((f"  {row}", "") for row in rows)]


def metric_lines(metrics: Mapping[str, Any], duration: float | None = None) -> list[Line]:
    """A small table, one metric a line."""
    rows = [(name.replace("_", " "), format_metric(name, value)) for name, value in metrics.items()]
    if duration is not None:
        rows.append(("time", seconds(duration)))
    width = max((len(name) for name, _ in rows), default=0)
    return [(f"  {name:<{width}}  {value:>9}", "") for name, value in rows]


MEANINGS = {
    "loss": "loss on the held-out examples",
    "gradient_error": "largest error of a gradient, beside central differences in float64",
    "parameters": "numbers that the network learned",
    "mlp_parameters": "numbers that the mlp learned, on the same digits",
    "mlp_shifted_accuracy": "what the mlp reads of the shifted digits",
    "names_loss": "loss for each letter of held-out names",
    "names_by_frequency_loss": "the same, by how often each letter comes",
}


def measured_lines(
    metrics: Mapping[str, Any], bars: Sequence[Bar], duration: float, width: int
) -> list[Line]:
    """Each number that was measured, what it means, and which bar it had to pass."""
    shown = {format_metric("accuracy", bar.value) for bar in bars}
    rows = [(format_metric("accuracy", bar.value), *bar_words(bar)) for bar in bars]
    for name, value in metrics.items():
        text = format_metric(name, value)
        if text not in shown or name in MEANINGS:  # the others are those of the bars
            rows.append((text, MEANINGS.get(name, name.replace("_", " ")), ""))
    rows.append((seconds(duration), "in all", ""))
    lines = []
    for number, what, more in rows:
        fits = not more or len(what) + len(more) <= width - 15
        lines += [f"  {number:>9}   {what}{more if fits else ''}"]
        lines += [] if fits else [f"{'':14}{more.strip(' ;')}"]
    return [(line, "") for line in lines]


def bar_words(bar: Bar) -> tuple[str, str]:
    """What a bar is about, and the bar itself with what it shows."""
    if bar.at_most is not None:
        shows = f": {bar.shows}" if bar.shows else ""
        return bar.what, f"; a control, at most {bar.at_most:.0%}{shows}"
    shows = f", because {bar.shows}" if bar.shows else ""
    return bar.what, "" if bar.at_least is None else f"; needed: {bar.at_least:.1%}{shows}"


HEADINGS = {
    Outcome.PASSED: ("done", "Learned", "bold green"),
    Outcome.FAILED: ("wrong", "Not learned yet", "bold red"),
    Outcome.COULD_NOT_RUN: ("waiting", "Could not run", "bold yellow"),
}


def experiment_line(changed: Mapping[str, Any], standard: Mapping[str, Any]) -> str:
    """What an experiment has changed against the run that counts."""
    said = [f"{name} {value:g} (it is {standard[name]:g})" for name, value in changed.items()]
    return f"An experiment: {', '.join(said)}. It earns nothing and is not recorded."


def attempt_lines(attempt: Attempt, symbols: Symbols, width: int = 80) -> list[Line]:
    """The result and how to repeat it; for a failure also why, where and what to try."""
    verdict = attempt.verdict
    sign, words, style = HEADINGS[attempt.outcome]
    words += " (experiment)" if attempt.experiment else ""
    heading = [("", ""), (f"{getattr(symbols, sign)} {words}: {attempt.row['name']}", style)]
    if attempt.has_passed:
        level = level_of(verdict.isolation)
        held = [(f"  Isolation: {level}", "")] if level else []
        measured = measured_lines(verdict.metrics, attempt.bars, verdict.seconds, width)
        lines = [("", ""), *measured, *heading, *held]
    else:
        said = [(f"  {line}".rstrip(), "") for line in failure_text(verdict, min(width, 100) - 2)]
        lines = [*heading, ("", ""), *said]
    if verdict.seed is not None and attempt.replay not in verdict.details:
        gap = [] if attempt.has_passed else [("", "")]
        lines += [*gap, (f"  Replay: {attempt.replay}", "")]
    if attempt.has_passed and attempt.kept is not None:
        lines.append((f"  Use it: tito play {attempt.row['id']}", ""))
        lines.append(("  Look at it again: tito report --html report.html, or tito show", ""))
    if attempt.unrecorded is not None:
        lines.append((f"  It could not be recorded: {attempt.unrecorded}", "bold yellow"))
    return lines


def level_of(isolation: str) -> str:
    """The level alone; the means by which it holds are in the record and in `tito doctor`."""
    return isolation.partition(" + ")[0]


def failure_text(verdict: Verdict, width: int) -> list[str]:
    """Reason and details, without the reason twice if the details begin with it."""
    details = verdict.details.strip()
    text = details if details.startswith(verdict.reason) else f"{verdict.reason}\n\n{details}"
    return [line for paragraph in text.strip().splitlines() for line in wrapped(paragraph, width)]


def wrapped(paragraph: str, width: int) -> list[str]:
    """Wrap a long line; a label at its start (`  yours   [0.5, ...`) sets the indent."""
    if len(paragraph) <= width:
        return [paragraph]
    label = re.match(r" *(\w+ {2,})?", paragraph)
    start = label.end() if label else 0
    return textwrap.wrap(
        paragraph[start:],
        width,
        initial_indent=paragraph[:start],
        subsequent_indent=" " * start,
        break_long_words=False,
        break_on_hyphens=False,
    )


def blamed_module(verdict: Verdict) -> str | None:
    """The number of the module whose file a failure names first."""
    found = MODULE_FILE.search(f"{verdict.reason}\n{verdict.details}")
    return found[1] if found else None


def info_lines(
    row: Mapping[str, Any], requires: Sequence[str], changed: Sequence[str], symbols: Symbols
) -> list[Line]:
    """Everything that is known about one milestone."""
    proven = row["evidence"] != Evidence.NONE
    state = row["state"] if proven else "recorded without evidence"
    lines: list[Line] = [
        (row["name"], "bold"),
        (f"  {row['description'].rstrip('.')}.", ""),
        (f"  State: {state}, {row['done']} of {row['total']} modules complete", ""),
    ]
    for module in requires:
        missing = module in row["missing"]
        lines.append((f"    {symbols.blank if missing else symbols.done} {module}", ""))
    lines.append((f"  Verified by {row['test']}", ""))
    lines += record_lines(row["record"]) if proven else []
    if changed:
        lines.append((f"  Changed since then: {', '.join(changed)}", "yellow"))
    return lines


def changed_lines(
    rows: Sequence[Mapping[str, Any]], changed: Mapping[str, Sequence[str]]
) -> list[Line]:
    """What is on record of other code than there is now."""
    return [
        (f"{row['name']}: {changed_code(changed[row['id']])}", "yellow")
        for row in rows
        if row["evidence"] == Evidence.RECORD and changed.get(row["id"])
    ]


def changed_code(modules: Sequence[str]) -> str:
    return f"on record for other code of {enumerated(modules)} than there is now"


def record_lines(record: Mapping[str, Any]) -> list[Line]:
    if not record:
        return []
    when = str(record.get("completed_at", ""))[:10]
    seed = "" if record.get("seed") is None else f", with seed {record['seed']}"
    metrics = record.get("metrics")
    table = metric_lines(metrics) if isinstance(metrics, dict) else []
    level = level_of(str(record.get("isolation") or ""))
    seed += f", isolation: {level}" if level else ""
    return [(f"  Learned on {when}{seed}", ""), *((f"  {text}", "") for text, _ in table)]

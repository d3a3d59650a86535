"""How modules are shown: the tables of `list` and `status`, and the introduction of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tito.core.console import Symbols
from tito.core.words import counted
from tito.workflows.status import ModuleState, ModuleStatus

if TYPE_CHECKING:
    from rich.table import Table

    from tito.core.lesson.lesson import Lesson
    from tito.workflows.start import Offer

NARROW = 80  # columns; below this there is no room for counts and dates
STYLES = {
    ModuleState.COMPLETE: "green",
    ModuleState.CHANGED: "yellow",
    ModuleState.OUTDATED: "yellow",
    ModuleState.MISSING: "red",
    ModuleState.STARTED: "cyan",
}
STATE_TEXT = {
    ModuleState.CHANGED: "changed since completion",
    ModuleState.OUTDATED: "its tests have changed",
    ModuleState.ANSWERED: "answered, not checked here",
    ModuleState.ELSEWHERE: "complete, not exported here",
    ModuleState.EXPORTED: "exported, not complete",
    ModuleState.UNRECORDED: "exported",
    ModuleState.MISSING: "lesson missing",
}
NO_EVIDENCE = "recorded without evidence"
NAMES_SHOWN = 12


def list_table(found: Sequence[ModuleStatus], width: int) -> Table:
    narrow = width < NARROW
    table = _table("Modules", narrow=narrow)
    table.add_column("Hours", justify="right", min_width=5)
    table.add_column("What it is about")
    for status in found:
        hours = f"{status.workload.hours:g}" if status.workload else ""
        table.add_row(*_head(status, narrow=narrow), hours, status.summary)
    return table


def status_table(found: Sequence[ModuleStatus], symbols: Symbols, width: int) -> Table:
    narrow = width < NARROW
    table = _table(_progress(found), narrow=narrow)
    table.add_column("State", no_wrap=not narrow)
    if not narrow:
        table.add_column("Since", no_wrap=True)
    for status in found:
        without = status.state is ModuleState.COMPLETE and not status.is_proven
        text = NO_EVIDENCE if without else STATE_TEXT.get(status.state, status.state)
        cells = [f"{symbols.done if status.is_proven else ' '} {text}"]
        if not narrow:
            cells.append(_day(status.completed_at or status.started_at))
        style = None if without else STYLES.get(status.state)
        table.add_row(*_head(status, narrow=narrow), *cells, style=style)
    return table


def _progress(found: Sequence[ModuleStatus]) -> str:
    """The title of the table. A name that is only written down does not count as complete."""
    done = sum(status.is_proven for status in found)
    claimed = sum(status.state is ModuleState.COMPLETE for status in found) - done
    text = f"{done} of {counted(len(found), 'module')} complete"
    return f"{text}, {claimed} {NO_EVIDENCE}" if claimed else text


def introduction(name: str, lesson: Lesson, offers: Sequence[Offer]) -> list[str]:
    """A lesson's title and summary, its tasks and what it exports."""
    time = [lesson.workload.sentence] if lesson.workload else []
    lines = [f"Module {name}: {lesson.title}", lesson.summary, *time, ""]
    lines.append(f"{counted(len(lesson.tasks), 'task')}:")
    lines += [f"  {task.number:<5} {task.title}" for task in lesson.tasks]
    lines += ["", "What it adds to your framework:"]
    return [*lines, *(f"  {offer.place}: {_listed(offer.names)}" for offer in offers), ""]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _table(title: str, *, narrow: bool) -> Table:
    """A table with its first columns. Only names may shrink: rich would squeeze the others away."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    table.add_column("", no_wrap=True, min_width=2)
    table.add_column("Module")
    if not narrow:
        table.add_column("Tasks", justify="right", min_width=5)
    return table


def _head(status: ModuleStatus, *, narrow: bool) -> list[str]:
    cells = [status.module.number, status.title]
    return cells if narrow else [*cells, str(status.tasks)]


def _day(moment: str | None) -> str:
    """`2025-11-23T10:00:00+01:00` as `2025-11-23 10:00`."""
    return (moment or "")[:16].replace("T", " ")

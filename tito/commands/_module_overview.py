"""`tito module list` and `status`: what there is, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tito.core.console import Symbols
from tito.core.words import counted
from tito.core.workspace.workspace import outer_workspace
from tito.workflows.status import Standing, next_step, standings

if TYPE_CHECKING:
    from rich.table import Table

    from tito.commands.base import BaseCommand

NARROW = 80  # columns; with less there is no room for counts and dates
STYLES = {"complete": "green", "changed": "yellow", "missing": "red", "started": "cyan"}


def list_modules(command: BaseCommand, *, as_json: bool) -> int:
    """What each module is about."""
    found = standings(command.workspace)
    if as_json:
        return _emit(command, found)
    command.console.print(list_table(found, narrow=command.console.width < NARROW))
    command.next_step(*next_step(found))
    return 0


def show_status(command: BaseCommand, *, as_json: bool) -> int:
    """How far each module is."""
    found = standings(command.workspace)
    if as_json:
        return _emit(command, found)
    narrow = command.console.width < NARROW
    command.console.print(status_table(found, command.world.symbols, narrow=narrow))
    outer = outer_workspace(command.workspace)
    if outer is not None:
        command.say(f"This workspace, {command.workspace.root}, lies inside another one:")
        command.say(f"{outer.root}. Only the inner one is used here.")
    command.next_step(*next_step(found))
    return 0


def list_table(found: list[Standing], *, narrow: bool = False) -> Table:
    table = _table("Modules", narrow=narrow)
    table.add_column("What it is about")
    for standing in found:
        table.add_row(*_head(standing, narrow=narrow), standing.summary)
    return table


def status_table(found: list[Standing], symbols: Symbols, *, narrow: bool = False) -> Table:
    done = sum(standing.state == "complete" for standing in found)
    table = _table(f"{done} of {counted(len(found), 'module')} complete", narrow=narrow)
    table.add_column("State", no_wrap=not narrow)
    if not narrow:
        table.add_column("Since", no_wrap=True)
    for standing in found:
        sign = symbols.done if standing.state == "complete" else " "
        cells = [f"{sign} {said_of(standing)}"]
        if not narrow:
            cells.append(_day(standing.completed_at or standing.started_at))
        table.add_row(*_head(standing, narrow=narrow), *cells, style=STYLES.get(standing.state))
    return table


def said_of(standing: Standing) -> str:
    return {
        "changed": "changed since completion",
        "elsewhere": "complete, not exported here",
        "exported": "exported, not complete",
        "unrecorded": "exported",
        "missing": "lesson missing",
    }.get(standing.state, standing.state)


def standing_json(standing: Standing) -> dict[str, Any]:
    return {
        "module": standing.module.name,
        "number": standing.module.number,
        "title": standing.title,
        "summary": standing.summary,
        "tasks": standing.tasks,
        "state": standing.state,
        "started_at": standing.started_at,
        "completed_at": standing.completed_at,
        "tests": standing.tests,
    }


def _emit(command: BaseCommand, found: list[Standing]) -> int:
    command.world.emit_json(
        {
            "workspace": str(command.workspace.root),
            "modules": [standing_json(standing) for standing in found],
            "next": next_step(found)[0],
        }
    )
    return 0


def _table(title: str, *, narrow: bool) -> Table:
    """Its first columns. Only the names give way: rich would squeeze the others to nothing."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    table.add_column("", no_wrap=True, min_width=2)
    table.add_column("Module")
    if not narrow:
        table.add_column("Tasks", justify="right", min_width=5)
    return table


def _head(standing: Standing, *, narrow: bool) -> list[str]:
    cells = [standing.module.number, standing.title]
    return cells if narrow else [*cells, str(standing.tasks)]


def _day(moment: str | None) -> str:
    """`2025-11-23T10:00:00+01:00` as `2025-11-23 10:00`."""
    return (moment or "")[:16].replace("T", " ")

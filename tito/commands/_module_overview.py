"""`tito module list` and `status`: what there is, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tito.core.console import Symbols
from tito.core.standing import Standing, next_step, standings
from tito.core.words import counted
from tito.core.workspace import outer_workspace

if TYPE_CHECKING:
    from rich.table import Table

    from tito.commands.base import BaseCommand

STYLES = {"complete": "green", "changed": "yellow", "missing": "red", "started": "cyan"}


def list_modules(command: BaseCommand, *, as_json: bool) -> int:
    """What each module is about."""
    found = standings(command.workspace)
    if as_json:
        return _emit(command, found)
    command.console.print(list_table(found))
    command.next_step(*next_step(found))
    return 0


def show_status(command: BaseCommand, *, as_json: bool) -> int:
    """How far each module is."""
    found = standings(command.workspace)
    if as_json:
        return _emit(command, found)
    command.console.print(status_table(found, command.world.symbols))
    outer = outer_workspace(command.workspace)
    if outer is not None:
        command.say(f"This workspace, {command.workspace.root}, lies inside another one:")
        command.say(f"{outer.root}. Only the inner one is used here.")
    command.next_step(*next_step(found))
    return 0


def list_table(found: list[Standing]) -> Table:
    table = _table("Modules")
    table.add_column("", no_wrap=True)
    table.add_column("Module", no_wrap=True)
    table.add_column("Tasks", justify="right")
    table.add_column("What it is about")
    for standing in found:
        module = standing.module
        table.add_row(module.number, standing.title, str(standing.tasks), standing.summary)
    return table


def status_table(found: list[Standing], symbols: Symbols) -> Table:
    done = sum(standing.state == "complete" for standing in found)
    table = _table(f"{done} of {counted(len(found), 'module')} complete")
    table.add_column("", no_wrap=True)
    table.add_column("Module", no_wrap=True)
    table.add_column("Tasks", justify="right", no_wrap=True)
    table.add_column("State", overflow="fold")  # the one that may take two lines
    table.add_column("Since", no_wrap=True)
    for standing in found:
        style = STYLES.get(standing.state)
        sign = symbols.done if standing.state == "complete" else " "
        state = f"{sign} {said_of(standing)}"
        table.add_row(
            standing.module.number,
            standing.title,
            str(standing.tasks),
            state,
            _day(standing.completed_at or standing.started_at),
            style=style,
        )
    return table


def said_of(standing: Standing) -> str:
    return {
        "changed": "changed since completion",
        "elsewhere": "complete, not exported here",
        "exported": "exported, not complete",
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


def _table(title: str) -> Table:
    from rich.table import Table

    return Table(title=title, title_justify="left", title_style="bold", header_style="bold")


def _day(moment: str | None) -> str:
    """`2025-11-23T10:00:00+01:00` as `2025-11-23 10:00`."""
    return (moment or "")[:16].replace("T", " ")

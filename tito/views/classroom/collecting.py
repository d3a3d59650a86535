"""What came in, and what a teacher has to look after."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tito.core.words import counted

if TYPE_CHECKING:
    from tito.workflows.classroom.collecting import Collected
    from tito.world import World

MOST = 20  # lines of one kind


def show_collected(world: World, found: Collected) -> None:
    kinds = Counter(str(state) for state in found.stored.values())
    parts = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    world.say(f"{counted(len(found.stored), 'submission')}" + (f": {parts}." if parts else "."))
    for title, lines in (
        ("Not handed in", found.missing),
        ("Cannot be read", found.unreadable),
        ("Belongs to nobody on the roster", found.unknown),
        ("Handed in twice; taken is", found.twice),
        ("To know", found.problems),
    ):
        _show(world, title, lines)


def _show(world: World, title: str, lines: list[str]) -> None:
    if not lines:
        return
    world.say(f"{title} ({len(lines)}):", style="yellow")
    for line in lines[:MOST]:
        world.say(f"  {line}")
    if len(lines) > MOST:
        world.say(f"  and {len(lines) - MOST} more (--json has them all)")


def collected_json(found: Collected) -> dict[str, Any]:
    return {
        "stored": {student: str(state) for student, state in found.stored.items()},
        "missing": found.missing,
        "unreadable": found.unreadable,
        "unknown": found.unknown,
        "twice": found.twice,
        "problems": found.problems,
    }

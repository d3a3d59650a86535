"""How a network's answer is shown: what it says, a few words about it, and what it has seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tito.core.console import supports_unicode

if TYPE_CHECKING:
    from rich.console import Console

    from tito.workflows.play import Trained
    from tito.world import World

INDENT, WIDTH, ROWS = 4, 44, 12  # of a picture


def show_opening(world: World, found: Trained, invites: str) -> None:
    """Which network this is, and what to type."""
    data = found.run.data
    changed = data.get("experiment")
    marks = " ".join(f"{name}={value}" for name, value in changed.items()) if changed else ""
    experiment = f"; an experiment: {marks}" if marks else ""
    when = str(data.get("started_at", ""))[:16].replace("T", " ")
    world.say(f"{found.row['name']}: your network, trained {when}{experiment}", "bold")
    world.say(f"{invites}. Ctrl-D ends it.")


def show_answer(world: World, answer: Mapping[str, Any]) -> None:
    """The answer in a terminal's 80 columns."""
    if "problem" in answer:
        world.say(answer["problem"], "yellow")
        return
    for picture in answer["pictures"]:
        show_picture(world.console, picture)
    arrow = "→" if supports_unicode(world.stdout) else "=>"
    world.say(f"  {arrow} {answer['answer']}", "bold")
    for line in answer["lines"]:
        world.say(f"    {line}")


def show_picture(console: Console, picture: Mapping[str, Any]) -> None:
    from tito.views.pictures.draw import as_text, body, ink_of

    for row in body(picture, WIDTH, ROWS, ink_of(console)):
        console.print(as_text([(" " * INDENT, ""), *row]), highlight=False, soft_wrap=True)

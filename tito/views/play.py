"""How a network's answer is shown: what it says, a few words about it, and what it has seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tito.core.console import supports_unicode

if TYPE_CHECKING:
    from tito.workflows.play import Trained
    from tito.world import World

WIDTH = 30  # of a bar that means 100 %


class Ink(NamedTuple):
    """The letters of pictures: five shades, a bar, and an arrow before the answer."""

    shades: str
    bar: str
    arrow: str


UNICODE, ASCII = Ink(" ░▒▓█", "█", "→"), Ink(" .+#@", "#", "=>")


def ink_of(world: World) -> Ink:
    return UNICODE if supports_unicode(world.stdout) else ASCII


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
        draw = DRAWN.get(picture["kind"])
        if draw is not None:
            draw(world, picture["data"])
    world.say(f"  {ink_of(world).arrow} {answer['answer']}", "bold")
    for line in answer["lines"]:
        world.say(f"    {line}")


def draw_images(world: World, data: Mapping[str, Any]) -> None:
    """Each pixel is two letters, which makes it a square."""
    shades = ink_of(world).shades
    for pixels in data["images"]:
        for row in pixels:
            letters = "".join(2 * shades[min(int(value * 4 + 0.5), 4)] for value in row)
            world.say_whole(f"    |{letters}|")


def draw_bars(world: World, data: Mapping[str, Any]) -> None:
    width = max(len(label) for label in data["labels"])
    for label, value in zip(data["labels"], data["values"], strict=True):
        bar = ink_of(world).bar * round(value * WIDTH)
        world.say_whole(f"    {label:>{width}} {value:>4.0%} {bar}")


DRAWN = {"images": draw_images, "bars": draw_bars}

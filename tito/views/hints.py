"""How a hint is shown, and the reference answers beside the student's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from tito.core.lesson.lesson import Lesson, Task
    from tito.workflows.hint import Hint
    from tito.world import World

SIDE_BY_SIDE = 110  # columns; on a narrower terminal one answer is below the other


def show_hint(world: World, hint: Hint) -> None:
    world.say(f"{hint.task.label}, hint {hint.number} of {hint.total}", style="bold")
    world.say()
    world.say(hint.text)
    world.say()


def show_answers(world: World, task: Task, mine: Lesson, theirs: Lesson) -> None:
    """One task: the student's answer and the course's."""
    own = next((other for other in mine.tasks if other.number == task.number), None)
    yours = "\n\n".join(mine.answer(own)) if own else "(this task is not in your lesson)"
    answer = "\n\n".join(theirs.answer(task))
    where = f"yours, {mine.shown}:{own.blocks[0].begin + 1}" if own and own.blocks else "yours"
    world.say(task.label, style="bold")
    if world.console.width >= SIDE_BY_SIDE:
        world.console.print(side_by_side(where, yours, answer))
    else:
        for label, text in ((where, yours), ("reference", answer)):
            world.say(f"  {label}:", style="dim")
            world.say_whole("\n".join(f"    {line}" for line in text.split("\n")))
    world.say()


def side_by_side(where: str, yours: str, answer: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(expand=True, show_lines=False)
    table.add_column(where, ratio=1, overflow="fold")
    table.add_column("reference", ratio=1, overflow="fold")
    table.add_row(Text(yours), Text(answer))
    return table

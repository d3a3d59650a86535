"""The screen of `tito watch`: the checklist in few lines, the first failure, the keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from tito.core.errors import TitoError
from tito.core.testing.results import Checklist, TaskResult, TaskState
from tito.views.checklist import (
    STATE_TEXT,
    STYLES,
    TITLE_WIDTH,
    detail_lines,
    sign_of,
    summary,
    task_line,
)
from tito.views.lines import Line, show_lines, wrapped
from tito.views.remarks import gone_lines

if TYPE_CHECKING:
    from tito.core.console import Symbols
    from tito.workflows.watch import View
    from tito.world import World

FOLDED = (TaskState.DONE, TaskState.BLANK, TaskState.WAITING)  # several in a row are one line
FIRST_BLANK = 1  # the blank task that is next keeps its title
KEYS_LINE = "h hint   c complete   n next module   l list   m milestone   r run again   q quit"
SMALLEST = 8  # lines; below that, the screen scrolls


def show_screen(world: World, view: View, means: str) -> None:
    """Draw the view: on a terminal in place of the last one, elsewhere below it."""
    console = world.console
    moves = console.is_terminal and not console.is_dumb_terminal
    if moves:
        console.clear()
    elif view.testing:
        return  # in a pipe, only results
    height = console.height - 1 if moves else 10_000
    show_lines(console, screen_lines(view, means, world.symbols, console.width, height))


def screen_lines(
    view: View, means: str, symbols: Symbols, width: int = 80, height: int = 24
) -> list[Line]:
    """At most `height` lines; what does not fit is counted."""
    head = [title_line(view, means, width), ("", "")]
    foot = [("", ""), *note_lines(view), (KEYS_LINE, "dim")]
    body = [part for line in body_lines(view, symbols) for part in fitted(line, width)]
    room = max(height, SMALLEST) - len(head) - len(foot)
    return [*head, *cut(body, room, view), *foot]


def title_line(view: View, means: str, width: int) -> Line:
    result = view.result
    title = f": {result.title}" if isinstance(result, Checklist) else ""
    left = f"{view.module.name}{title}"
    right = "testing ..." if view.testing else f"watching ({means})"
    if view.at is not None and not view.testing:
        right = f"{view.at:%H:%M:%S}, {right}"
    return f"{left:<{max(width - len(right) - 2, len(left))}}  {right}", "bold"


def note_lines(view: View) -> list[Line]:
    lines: list[Line] = [(summary(view.result), "")] if isinstance(view.result, Checklist) else []
    return [*lines, (view.note, "yellow")] if view.note else lines


def body_lines(view: View, symbols: Symbols) -> list[Line]:
    result = view.result
    if result is None:
        return [("Testing what the lesson says now.", "dim")] if view.testing else []
    if isinstance(result, TitoError):
        return error_lines(result)
    details = trimmed([*gone_lines(result), *detail_lines(result)])
    return [*folded_lines(result.tasks, symbols), ("", ""), *details]


def error_lines(error: TitoError) -> list[Line]:
    """A lesson that cannot be tested at the moment: half saved, deleted, not valid Python."""
    lines: list[Line] = [(error.message, "yellow")]
    lines += [(f"  at {error.where}", "cyan")] if error.where else []
    lines += [(f"  {text}", "") for text in (error.excerpt or "").splitlines()]
    lines += [("", ""), (f"Next: {error.hint}", "bold")] if error.hint else []
    return [*lines, ("", ""), ("The next save is tested again.", "dim")]


def folded_lines(tasks: Sequence[TaskResult], symbols: Symbols) -> Iterator[Line]:
    """One line for each task to look at, one for each row of others in the same state."""
    shown_blank = False
    for state, group in groupby(tasks, key=lambda task: task.state):
        row = list(group)
        if state is TaskState.BLANK and not shown_blank:
            shown_blank = True
            yield from (task_line(task, symbols) for task in row[:FIRST_BLANK])
            row = row[FIRST_BLANK:]
        if state in FOLDED and len(row) > 1:
            yield folded_line(row, state, symbols)
        else:
            yield from (task_line(task, symbols) for task in row)


def folded_line(row: Sequence[TaskResult], state: TaskState, symbols: Symbols) -> Line:
    numbers = f"{row[0].task.number} to {row[-1].task.number}"
    text = STATE_TEXT.get(state, "wait for a blank task" if state is TaskState.WAITING else state)
    column = TITLE_WIDTH + 7  # where `task_line` has its state
    return f"  {sign_of(state, symbols)} {numbers:<{column}} {text}", STYLES.get(state, "")


def trimmed(lines: list[Line]) -> list[Line]:
    """Without empty lines at the end."""
    while lines and not lines[-1][0].strip():
        lines = lines[:-1]
    return lines


def fitted(line: Line, width: int) -> list[Line]:
    """As the terminal will show it: a long line takes several."""
    text, style = line
    if len(text) <= width:
        return [line]
    return [(part, style) for part in wrapped(text, width)]


def cut(lines: list[Line], room: int, view: View) -> list[Line]:
    if len(lines) <= room:
        return lines
    more = len(lines) - room + 1
    command = f"tito module test {view.module.number}"
    return [*lines[: room - 1], (f"[{more} more lines: {command}]", "dim")]

"""Where exported code can end its own process: for a milestone whose failure names no line.

It only reads. A lesson's tests name the test that was ended; a milestone sees an exit code alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tito.core.export.source_map import lesson_line
from tito.core.export.swap import generated_files
from tito.core.words import module_number

if TYPE_CHECKING:
    from tito.core.workspace.workspace import Workspace

ENDED = re.compile(r"(?i)\b(ended the process|process ended early)\b")
EXITS = {"os._exit", "os.abort", "os.kill", "sys.exit", "exit", "quit", "SystemExit"}
Found = tuple[str, int]  # a lesson and its line


def ended_itself(reason: str) -> bool:
    """Whether a verdict's reason is that the student's process has ended."""
    return ENDED.search(reason) is not None


def exits(workspace: Workspace, required: Iterable[str]) -> list[Found]:
    """The lines of exported lessons that end a process, as far as names tell it."""
    last = max(required, default="")
    return sorted(
        (lesson, line)
        for text in generated_files(workspace).values()
        for lesson, line in _exits_in(text)
        if lesson.split("/")[1] <= last
    )


def module_to_test(found: Iterable[Found], required: Iterable[str]) -> str:
    """The number of the module to test: that of the first such line, or else the newest."""
    lesson = next(iter(found), None)
    return module_number(lesson[0].split("/")[1] if lesson else max(required))


def _exits_in(text: str) -> Iterator[Found]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        raised = node.exc if isinstance(node, ast.Raise) else None
        named = node.func if isinstance(node, ast.Call) else raised
        if named is None or ast.unparse(named) not in EXITS:
            continue
        place = lesson_line(text, named.lineno)
        if place is not None:
            yield place

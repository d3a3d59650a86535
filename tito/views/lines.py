"""Lines of text with a style, and how they get onto the screen.

A line is data, so that a test can read it and a pipe loses nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tito.core.console import visible

if TYPE_CHECKING:
    from tito.commands.base import BaseCommand

Line = tuple[str, str]

PROSE = ("red", "bold red", "yellow")


def show_lines(command: BaseCommand, lines: Sequence[Line]) -> None:
    """Prose is wrapped between words; a source line stays one line."""
    width = command.console.width
    for text, style in lines:
        shown = visible(text)
        for part in wrapped(shown, width) if style in PROSE else [shown]:
            command.console.print(
                part, style=style or None, markup=False, highlight=False, soft_wrap=True
            )


def wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, width, subsequent_indent=indent, replace_whitespace=False) or [""]

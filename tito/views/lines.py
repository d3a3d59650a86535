"""Lines of text with a style, and how they are printed.

A line is data, so that a test can read it and a pipe loses nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tito.core.console import visible

if TYPE_CHECKING:
    from rich.console import Console

Line = tuple[str, str]  # text, rich style

PROSE = ("red", "bold red", "yellow")


def show_lines(console: Console, lines: Iterable[Line]) -> None:
    """Print lines. Prose is wrapped between words; a source line stays one line."""
    for text, style in lines:
        shown = visible(text)
        for part in wrapped(shown, console.width) if style in PROSE else [shown]:
            console.print(part, style=style or None, markup=False, highlight=False, soft_wrap=True)


def wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, width, subsequent_indent=indent, replace_whitespace=False) or [""]

"""Output: a rich console, symbols with an ASCII version, and JSON.

rich is imported when the first line is printed, so that `tito --help` and `--json` start fast.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TextIO

if TYPE_CHECKING:
    from rich.console import Console


class Symbols(NamedTuple):
    """The symbols the tool draws; each has a plain ASCII version."""

    done: str
    wrong: str
    blank: str
    waiting: str
    spinner: str


# Control characters, and those that change the text direction. Compiled when needed.
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
SIZES = ("COLUMNS", "LINES")  # with 0, rich prints nothing
UNICODE = Symbols("✓", "✗", "○", "·", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
ASCII = Symbols("+", "x", "o", ".", "|/-\\")


def supports_unicode(stream: TextIO) -> bool:
    """Whether this stream can encode the symbols and lines that tito draws."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return encoding.lower().replace("_", "-").startswith("utf")


def symbols_for(stream: TextIO) -> Symbols:
    return UNICODE if supports_unicode(stream) else ASCII


def never_fail_to_encode(*streams: TextIO) -> None:
    """Replace what a stream cannot encode: a lesson may contain any character."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        try:
            reconfigure(errors="replace")
        except (ValueError, OSError):  # closed, or replaced by something that is not a real stream
            continue


def make_console(stream: TextIO, env: Mapping[str, str]) -> Console:
    """A rich console on `stream`, without emoji codes and automatic highlighting."""
    from rich.console import Console

    settings = {name: value for name, value in env.items() if name not in SIZES or value != "0"}
    console = Console(
        file=stream,
        highlight=False,
        emoji=False,
        no_color=bool(settings.get("NO_COLOR")),
        _environ=settings,  # otherwise it would read the process's own TERM and COLUMNS
    )
    console.on_broken_pipe = _reader_has_gone  # type: ignore[method-assign]
    return console


def _reader_has_gone() -> NoReturn:
    """Exit quietly. rich would exit with code 1, which means that the student's code is wrong."""
    raise BrokenPipeError


def visible(text: str) -> str:
    """Escape control characters: what a lesson prints must not control the terminal."""
    return re.sub(CONTROL, lambda match: repr(match[0])[1:-1], text)


def hanging(text: str, width: int) -> str:
    """Wrap the text at `width`; an indented line keeps its indent."""
    lead = len(text) - len(text.lstrip(" "))
    if not lead or len(text) <= width or "\n" in text:
        return text
    from textwrap import fill  # here: few lines are too long

    return fill(
        text.strip(),
        width,
        initial_indent=" " * lead,
        subsequent_indent=" " * (lead + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_json(value: object, stream: TextIO | None = None) -> None:
    """Print one JSON value, ASCII only, so that every pipe can carry it."""
    print(json.dumps(value, indent=2, ensure_ascii=True), file=stream or sys.stdout)

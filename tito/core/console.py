"""The screen: a rich console made late, plain symbols where needed, and JSON.

Nothing here decides what is said. rich is imported when the first line is printed, so that
`tito --help` and a grader's `--json` do not pay for it.
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
    """The few signs the tool draws; each has a plain ASCII version."""

    done: str
    wrong: str
    blank: str
    waiting: str
    spinner: str


# Control characters, and the marks that turn the direction of writing. Compiled when needed.
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
SIZES = ("COLUMNS", "LINES")  # with 0, rich prints nothing
UNICODE = Symbols("✓", "✗", "○", "·", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
ASCII = Symbols("+", "x", "o", ".", "|/-\\")


def supports_unicode(stream: TextIO) -> bool:
    """Whether what we draw can be written to this stream as it is."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return encoding.lower().replace("_", "-").startswith("utf")


def symbols_for(stream: TextIO) -> Symbols:
    return UNICODE if supports_unicode(stream) else ASCII


def never_fail_to_encode(*streams: TextIO) -> None:
    """A lesson may hold any character, and a cp1252 terminal must not turn that into a crash."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        try:
            reconfigure(errors="replace")
        except (ValueError, OSError):  # closed, or replaced by something that is not a real stream
            continue


def make_console(stream: TextIO, env: Mapping[str, str]) -> Console:
    """A rich console on `stream`. Its text is not searched for emoji codes nor re-colored."""
    from rich.console import Console

    settings = {name: value for name, value in env.items() if name not in SIZES or value != "0"}
    console = Console(
        file=stream,
        highlight=False,
        emoji=False,
        no_color=bool(settings.get("NO_COLOR")),
        _environ=settings,  # else it would read the process's own TERM and COLUMNS
    )
    console.on_broken_pipe = _reader_has_gone  # type: ignore[method-assign]
    return console


def _reader_has_gone() -> NoReturn:
    """Rich would exit with code 1, which says that the student's code is wrong."""
    raise BrokenPipeError


def visible(text: str) -> str:
    """Control characters made visible: what a lesson prints must not steer the terminal."""
    return re.sub(CONTROL, lambda match: repr(match[0])[1:-1], text)


def hanging(text: str, width: int) -> str:
    """The text broken at `width`; what continues an indented entry stays below it."""
    lead = len(text) - len(text.lstrip(" "))
    if not lead or len(text) <= width or "\n" in text:
        return text
    from textwrap import fill  # here: hardly any line is too long

    return fill(
        text.strip(),
        width,
        initial_indent=" " * lead,
        subsequent_indent=" " * (lead + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_json(value: object, stream: TextIO | None = None) -> None:
    """One JSON value, ASCII only, so that it survives every pipe."""
    print(json.dumps(value, indent=2, ensure_ascii=True), file=stream or sys.stdout)

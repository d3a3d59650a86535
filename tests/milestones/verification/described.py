"""What the judge is told of an exception in the framework. Loaded by path in its process."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

MAX_TEXT = 4_000


def error(raised: BaseException, package: Path) -> dict[str, Any]:
    """One exception as data. Its `__str__` may itself raise."""
    try:
        text = str(raised)[:MAX_TEXT]
        entries = [entry for one in replaced(raised) for entry in traceback.extract_tb(one)]
        frames = [place(package, entry) for entry in entries]
        if isinstance(raised, SyntaxError) and raised.filename:
            at = traceback.FrameSummary(
                raised.filename, raised.lineno, "<module>", lookup_line=False
            )
            frames.append(place(package, at, (raised.text or "").strip()))
    except BaseException:
        text, frames = "(its text cannot be shown)", []
    return {
        "kind": str(type(raised).__name__)[:100],
        "text": text,
        "places": [found for found in frames if found][-20:],
        "is_error": isinstance(raised, Exception),
    }


def replaced(error: BaseException) -> Iterator[TracebackType | None]:
    """The error's traceback, then that of the one it replaced (`raise explained(e) from None`)."""
    yield error.__traceback__
    first = error.__context__
    if first is not None and error.__suppress_context__ and error.__cause__ is None:
        yield first.__traceback__


def place(package: Path, frame: traceback.FrameSummary, line: str | None = None) -> list[Any]:
    """[file, line, function, source] of a frame inside the package."""
    if not Path(frame.filename).is_relative_to(package):
        return []
    shown = Path(package.name, Path(frame.filename).relative_to(package)).as_posix()
    return [shown, frame.lineno or 0, frame.name, (frame.line if line is None else line) or ""]

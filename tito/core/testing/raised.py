"""What an exception of a lesson or a test says. Loaded by path in the child's process."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType


def kind(error: BaseException) -> str:
    return "MemoryError" if isinstance(error, MemoryError) else type(error).__name__


def text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):  # str() adds a line of the generated file
        return str(error.msg)
    try:
        return str(error)
    except BaseException as inner:  # a student's __repr__ may be broken, or exit
        return f"(its message cannot be shown: {type(inner).__name__})"


def blank_task(error: BaseException | None) -> str | None:
    """The message of the stub that caused this error, even if it was wrapped in another one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, NotImplementedError) and text(error).startswith("Task "):
            return text(error)
        error = error.__cause__ or error.__context__
    return None


def traces(error: BaseException | None) -> Iterator[TracebackType | None]:
    """The error's traceback, then those of errors that one in its chain replaced.

    `raise explained(error) from None` is clearer to read, but its own line is not the one to mend.
    """
    seen: set[int] = set()
    yield error.__traceback__ if error is not None else None
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        replaced = error.__context__ if error.__suppress_context__ else None
        if replaced is not None and error.__cause__ is None:
            yield replaced.__traceback__
        error = error.__cause__ or error.__context__

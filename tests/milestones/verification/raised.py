"""The framework's exceptions, as exceptions in the judge.

The exception itself stays in the other process: here are its class name, its text and its place,
shortened and with control characters escaped.
"""

from __future__ import annotations

import os
from typing import Any

from verification.isolation.limits import limit_met, memory_gb
from verification.pipe import Malformed
from verification.wording import visible

MAX_TEXT = 4_000


class EndedFromOutside(Exception):
    """The judged process was killed from outside. This is not a verdict on the framework."""


class Raised(Exception):
    """An exception in the framework: its class name, its text, and its place in `tinytorch/`."""

    callers = ""  # from which other files of `tinytorch/` that place was reached

    def __init__(self, kind: str, text: str, place: str = "", is_error: bool = True) -> None:
        super().__init__(text)
        self.kind, self.place, self.is_error = kind, place, is_error

    def sentence(self) -> str:
        said = ": ".join(filter(None, [self.kind, str(self)]))
        return said if self.is_error else f"Your code raised {said}, which would end the program."


class RaisedBlank(Raised, NotImplementedError):
    """NotImplementedError from a task that is still blank."""


class RaisedAttribute(Raised, AttributeError):
    """AttributeError, so that `getattr` with a default works."""


KINDS: dict[str, type[Raised]] = {
    "NotImplementedError": RaisedBlank,
    "AttributeError": RaisedAttribute,
}


def raised(said: Any) -> Raised:
    """The exception for an error answer."""
    form = {"kind": str, "text": str, "places": list, "is_error": bool, "late": bool}
    if type(said) is not dict or any(type(said.get(name)) is not of for name, of in form.items()):
        raise Malformed("an invalid error")
    kind = visible(said["kind"])[:100].strip() or "Exception"  # a class may have no name
    text = explained(kind, visible(said["text"][:MAX_TEXT]))
    # Late: an earlier assignment raised it. It must not look like a missing attribute now.
    of = Raised if said["late"] else KINDS.get(kind, Raised)
    found = of(kind, text, place_of(said["places"]), said["is_error"])
    found.callers = callers_of(said["places"])
    return found


def explained(kind: str, text: str) -> str:
    """The text of an exception that a limit has caused, with what that limit is."""
    met = limit_met(kind, text, memory_gb(os.environ))
    if not met or kind.endswith("MemoryError"):
        return met or text
    return f"{text}. {met}"


def place_of(places: list[Any]) -> str:
    """The innermost frame: `tinytorch/nn/modules.py:12, in forward: return x`."""
    if not places:
        return ""
    file, line, function, source = checked(places[-1])
    return visible(f"{file[:300]}:{line}, in {function[:200]}: {source[:300]}".removesuffix(": "))


def callers_of(places: list[Any]) -> str:
    """The innermost frames of up to two other files: the mistake may be in what called."""
    found: dict[str, str] = {}
    for file, line, function, _ in map(checked, reversed(places)):
        found.setdefault(file, f"{file[:300]}:{line}, in {function[:200]}")
    return visible(", from ".join(list(found.values())[1:3]))


def checked(place: Any) -> tuple[str, int, str, str]:
    if type(place) is not list or list(map(type, place)) != [str, int, str, str]:
        raise Malformed("an invalid place")
    file, line, function, source = place
    return file, line, function, source

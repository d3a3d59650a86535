"""What the framework raised, as an exception of the judge's own, and how such an answer is read.

The exception itself stays where it was raised: here are its class's name, its text and the place,
cut and with everything made visible.
"""

from __future__ import annotations

from typing import Any

from verification.pipe import Malformed
from verification.wording import visible

MAX_TEXT = 4_000


class EndedFromOutside(Exception):
    """The judged process was killed, by whom it cannot be said. That is no verdict."""


class Raised(Exception):
    """What the framework raised: its class's name, its text, and where in `tinytorch/`."""

    def __init__(self, kind: str, text: str, place: str = "", is_error: bool = True) -> None:
        super().__init__(text)
        self.kind, self.place, self.is_error = kind, place, is_error

    def sentence(self) -> str:
        said = ": ".join(filter(None, [self.kind, str(self)]))
        return said if self.is_error else f"Your code raised {said}, which would end the program."


class RaisedBlank(Raised, NotImplementedError):
    """A task that is still blank."""


class RaisedAttribute(Raised, AttributeError):
    """A name that is not there: `getattr` with a default may go on."""


KINDS: dict[str, type[Raised]] = {
    "NotImplementedError": RaisedBlank,
    "AttributeError": RaisedAttribute,
}


def raised(said: Any) -> Raised:
    """The exception for what came in place of an answer."""
    form = {"kind": str, "text": str, "places": list, "is_error": bool, "late": bool}
    if type(said) is not dict or any(type(said.get(name)) is not of for name, of in form.items()):
        raise Malformed("an error that is not as agreed")
    kind, text = visible(said["kind"])[:100], visible(said["text"][:MAX_TEXT])
    # Late: by an assignment before. Whoever asked now must not take it for a name that is absent.
    of = Raised if said["late"] else KINDS.get(kind, Raised)
    return of(kind, text, place_of(said["places"]), said["is_error"])


def place_of(places: list[Any]) -> str:
    """`tinytorch/nn/modules.py:12, in forward: return x`, of the innermost."""
    if not places:
        return ""
    if type(places[-1]) is not list or list(map(type, places[-1])) != [str, int, str, str]:
        raise Malformed("a place that is not as agreed")
    file, line, function, source = places[-1]
    return visible(f"{file[:300]}:{line}, in {function[:200]}: {source[:300]}".removesuffix(": "))

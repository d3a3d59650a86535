"""The framework's exceptions in the judge of a module's tests: they are the built-in ones too.

So `pytest.raises(ValueError)` holds, and a blank task is the cause of what it makes fail.
"""

from __future__ import annotations

import builtins
import functools
import warnings
from collections.abc import Sequence
from typing import Any

from verification.pipe import Malformed
from verification.raised import MAX_TEXT, Raised, raised
from verification.wording import visible


class Told(Raised):
    """An exception of the framework with its places in `tinytorch/`, outermost first."""

    places: Sequence[Any] = ()

    def __init__(self, text: str = "") -> None:
        Exception.__init__(self, text)

    def __str__(self) -> str:
        return str(self.args[0])


@functools.lru_cache(256)
def kind_of(name: str, bases: tuple[str, ...]) -> Any:
    """A class with this name that is each of these built-in exceptions."""
    found = [getattr(builtins, base, None) for base in bases]
    errors = [k for k in found if isinstance(k, type) and issubclass(k, Exception)]
    while errors:
        lowest = [k for k in errors if not any(o is not k and issubclass(o, k) for o in errors)]
        try:
            return type(name, (Told, *lowest), {})
        except TypeError:  # two whose objects are laid out differently
            errors = lowest[:1] if len(lowest) > 1 else []
    return type(name, (Told,), {})


def told(said: Any) -> Told:
    """The exception for an error answer."""
    error = raised(said)
    bases, blank = said.get("bases"), said.get("blank")
    if type(bases) is not list or type(blank) is not str:
        raise Malformed("an invalid error")
    found: Told = kind_of(error.kind, tuple(map(str, bases)))(str(error))
    found.kind, found.place, found.is_error = error.kind, error.place, error.is_error
    found.places = [place[:3] for place in said["places"]]
    if blank:
        found.__cause__ = NotImplementedError(visible(blank[:MAX_TEXT]))
    return found


def warn(warned: Any) -> None:
    """Give a test the warnings that the framework gave."""
    for name, text in warned:
        kind = getattr(builtins, str(name), None)
        is_warning = isinstance(kind, type) and issubclass(kind, Warning)
        warnings.warn(visible(str(text)[:MAX_TEXT]), kind if is_warning else None, stacklevel=6)

"""Where in the student's package an error was raised; `tito` maps that to a lesson's line."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from verification.raised import Raised


def named(error: BaseException) -> str:
    """`TypeError: text`, in whichever process it was raised."""
    kind = error.kind if isinstance(error, Raised) else type(error).__name__
    return ": ".join(filter(None, [kind, str(error)]))


def raised_in(error: BaseException) -> str:
    """The last line inside `tinytorch` that an exception passed, with its code, and its callers."""
    if isinstance(error, Raised):
        return ", called from ".join(filter(None, [error.place, error.callers]))
    # The package itself: a folder above it, or an environment, may be called tinytorch too.
    package = Path(getattr(sys.modules.get("tinytorch"), "__file__", None) or "tinytorch/").parent
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(package)]
    if not inside:
        return ""
    last = inside[-1]
    shown = Path("tinytorch", Path(last.filename).relative_to(package)).as_posix()
    return f"{shown}:{last.lineno}, in {last.name}: {last.line}"

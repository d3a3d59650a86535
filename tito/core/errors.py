"""The errors a user may meet: what happened, where, and the next command.

An error owns its exit code (CONTRACT.md): 1 the student's code or a locked or unknown item,
2 wrong usage, 3 the tool or the machine. Only `tito.main` turns one into an exit.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SYSTEM_FAILURES = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EIO)


class TitoError(Exception):
    """An error the user can act on. `hint` is the next command, or one plain sentence."""

    exit_code = 1
    outcome = "error"  # the "outcome" in `--json`
    so_far: Mapping[str, object] = {}  # also in `--json`: what was done before the error

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        excerpt: str | None = None,
        hint: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.excerpt = excerpt  # the lines it is about
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code

    def as_json(self) -> dict[str, object]:
        return {
            "message": self.message,
            "where": self.where,
            "excerpt": self.excerpt,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


class UsageError(TitoError):
    """The command line is wrong."""

    exit_code = 2


class MachineError(TitoError):
    """The tool or the machine failed; the student's code was not judged."""

    exit_code = 3


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The closest known name, or None."""
    import difflib  # here: only an error needs it

    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean X?` with its leading space, or an empty string."""
    near = nearest(name, known)
    return f" Did you mean {near}?" if near else ""


def is_command(hint: str) -> bool:
    """Whether a hint is a command to paste, which must stay on one line, not a sentence."""
    return not hint.endswith((".", "?"))


def is_system_failure(error: BaseException) -> bool:
    """Whether the system failed (full disk, missing permissions), not anybody's code."""
    return isinstance(error, OSError) and error.errno in SYSTEM_FAILURES


def os_reason(error: OSError) -> str:
    """The system's own message, such as "No space left on device"."""
    if isinstance(error.args[0] if error.args else None, list):  # shutil.Error: one for each file
        return re.sub(r"^\[Errno \d+\] |: '.*", "", error.args[0][0][2], flags=re.DOTALL)
    return str(error.strerror or error)


def machine_error(
    error: OSError, text: str, *, where: Path | str | None, hint: str = "tito doctor"
) -> MachineError:
    """A MachineError from an OSError: `text` says what failed, with `{}` for the reason."""
    place = str(error.filename or where or "") or None
    return MachineError(text.format(os_reason(error)), where=place, hint=hint)


@contextmanager
def reporting_os_errors(
    text: str, *, where: Path | str, hint: str = "tito doctor"
) -> Iterator[None]:
    """Turn an OSError inside the block into a MachineError."""
    try:
        yield
    except OSError as error:
        raise machine_error(error, text, where=where, hint=hint) from error

"""A seal on every line of the child's report, so that a lesson cannot add lines of its own.

The secret reaches the child by its standard input, which is read to its end before any student
code is loaded; it is in no file, argument or variable. Each seal is a keyed hash (BLAKE2, Aumasson
et al. 2013) of all lines so far: one that is copied, left out or moved does not fit. What this
does not stop is a lesson that looks for the test runner's own objects in the memory of its process.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b

SECRET_BYTES = 32


class Seal:
    """One end of the report: the child seals its lines, and the parent opens them in order."""

    def __init__(self, secret: bytes) -> None:
        self._chain = blake2b(key=secret, digest_size=16)

    def close(self, line: str) -> str:
        """The line with its seal before it."""
        self._chain.update(line.encode())
        return f"{self._chain.hexdigest()} {line}"

    def open(self, sealed: bytes) -> bytes | None:
        """The line without its seal; None if somebody else wrote it."""
        seal, _, line = sealed.rstrip(b"\r").partition(b" ")
        chain = self._chain.copy()
        chain.update(line)
        if not hmac.compare_digest(chain.hexdigest().encode(), seal):
            return None
        self._chain = chain
        return line

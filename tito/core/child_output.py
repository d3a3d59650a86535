"""What a child process writes: its output, of which a part is kept, and its events."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tito.core.files import opened_regular

Event = dict[str, Any]

EVENT_BYTES = 50_000_000  # of events to read; all tests of the course write a few hundred thousand
KEPT = 100_000  # bytes to keep of the beginning, and of the end


class BoundedOutput:
    """Keeps the beginning and the end of what was printed; the middle is counted and dropped."""

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self.total = 0
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self.kept - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * self.kept:
            del self._tail[: -self.kept]

    def text(self) -> str:
        tail = self._tail[-self.kept :]
        dropped = self.total - len(self._head) - len(tail)
        gap = b"\n[... %d bytes left out ...]\n" % dropped if dropped else b""
        text = bytes(self._head) + gap + bytes(tail)
        return text.decode("utf-8", errors="replace").replace("\r\n", "\n")


class EventFile:
    """A file the child appends JSON lines to, read as it grows."""

    def __init__(
        self,
        path: Path | None,
        on_event: Callable[[Event], None] | None,
        unseal: Callable[[bytes], bytes | None] | None = None,
    ) -> None:
        """`unseal` gives the line that a sealed one holds, None for one that does not count."""
        self._path = path
        self._on_event = on_event
        self._unseal = unseal
        self._offset = 0
        self._partial = b""

    def pump(self) -> None:
        """Pass on every complete line; ignore a line that is not JSON."""
        if self._path is None or self._on_event is None:
            return
        try:
            with opened_regular(self._path) as file:
                file.seek(self._offset)
                new = file.read(EVENT_BYTES - self._offset)
        except OSError:
            return  # not there yet, or no longer a regular file
        self._offset += len(new)
        *lines, self._partial = (self._partial + new).split(b"\n")
        for line in lines:
            opened = line if self._unseal is None else self._unseal(line)
            event = None if opened is None else _decoded(opened)
            if event is not None:
                self._on_event(event)


def _decoded(line: bytes) -> Event | None:
    with contextlib.suppress(ValueError, RecursionError):
        event = json.loads(line)
        return event if isinstance(event, dict) else None
    return None

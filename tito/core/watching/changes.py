"""Notice that a lesson was saved. watchfiles does it; this finds out which of its ways works here.

Network drives, containers and some virtual machines send no events. So it is tried, with a file
that is written and deleted; where nothing comes, the folder is polled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tito.core.outcome import StrEnum
from tito.core.python import import_extra

DEBOUNCE_MS = 60  # an editor writes a file in several steps
STEP_MS = 20
POLL_MS = 150
PROBE_SECONDS = 1.0
PROBE = ".tito-watch"


class Means(StrEnum):
    """How changes are noticed."""

    EVENTS = "events"
    POLLING = "polling"


class Changes:
    """Calls `on_save` with each file below `folder` that was saved, from a thread of its own."""

    def __init__(
        self, folder: Path, on_save: Callable[[Path], None], *, polling: bool = False
    ) -> None:
        """`polling=True` polls without trying events first. Raises MachineError without watchfiles,
        OSError if the folder cannot be watched."""
        self._folder, self._on_save = folder, on_save
        self._stop = threading.Event()
        self.means = Means.POLLING if polling or not events_arrive(folder) else Means.EVENTS
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def _follow(self) -> None:
        for saved in saves(self._folder, self._stop, polling=self.means is Means.POLLING):
            for path in sorted(saved):
                self._on_save(path)


def saves(folder: Path, stop: threading.Event, *, polling: bool) -> Iterator[set[Path]]:
    """The Python files that were added, changed or deleted, a few at a time."""
    watchfiles = require_watchfiles()
    changes = watchfiles.watch(
        folder,
        watch_filter=lambda _, path: path.endswith((".py", PROBE)),
        stop_event=stop,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=500,  # how long closing may take
        force_polling=polling,
        poll_delay_ms=POLL_MS,
        ignore_permission_denied=True,
    )
    for batch in changes:
        yield {Path(path) for _, path in batch}


def events_arrive(folder: Path) -> bool:
    """Whether the system reports a file that is written into the folder."""
    stop, seen = threading.Event(), threading.Event()
    probe = folder / PROBE

    def listen() -> None:
        with suppress(OSError):
            for paths in saves(folder, stop, polling=False):
                if any(path.name == PROBE for path in paths):
                    seen.set()
                    return

    require_watchfiles()
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        return _written_until_seen(probe, seen)
    except OSError:
        return False  # a folder that cannot be written to: polling works anyway
    finally:
        stop.set()
        with suppress(OSError):
            probe.unlink()


def _written_until_seen(probe: Path, seen: threading.Event) -> bool:
    """Written several times, because listening begins a moment after its thread does."""
    pause = 0.05
    for turn in range(int(PROBE_SECONDS / pause)):
        probe.write_text(str(turn), encoding="utf-8")
        if seen.wait(pause):
            return True
    return False


def require_watchfiles() -> Any:
    return import_extra("watchfiles", extra="watch", purpose="`tito watch`")

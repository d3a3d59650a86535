"""A child process that has imported NumPy and pytest, has read the tests, and waits for its job.

All this takes longer than the tests of most modules. After a save, `tito watch` gives the job to
the child that is ready; the next one starts when the run is over. Each run has a fresh child, which
nothing that a lesson did before can have changed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import Popen

from tito.core import process
from tito.core.testing.runner import CHILD, READY, child_environment


class Standby:
    """At most one waiting child. `close` ends it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder, self._env = folder, env
        self._waiting: Popen[bytes] | None = None

    def refill(self, tests: Path | None = None) -> None:
        """Start a child, unless one is waiting; `tests` is the file that it is likely to run."""
        if self._waiting is None or self._waiting.poll() is not None:
            self.close()
            self._waiting = self._start([] if tests is None else [str(tests)])

    def take(self) -> Popen[bytes]:
        """The child that waits, or else a new one."""
        self.refill()
        child, self._waiting = self._waiting, None
        assert child is not None
        return child

    def close(self) -> None:
        if self._waiting is not None:
            process.discard(self._waiting)
            self._waiting = None

    def _start(self, tests: Sequence[str]) -> Popen[bytes]:
        command = [sys.executable, str(CHILD), READY, *tests]
        return process.start(command, self._folder, child_environment(self._env), waits=True)

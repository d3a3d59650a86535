"""A child process that has imported NumPy and pytest and waits for its job.

Both imports take longer than the tests of most modules. After a save, `tito watch` gives the job to
the child that is ready; the next one starts when the run is over.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import Popen

from tito.core import process
from tito.core.testing.runner import CHILD, READY, child_environment


class Standby:
    """At most one waiting child. `close` ends it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder, self._env = folder, env
        self._waiting: Popen[bytes] | None = None

    def refill(self) -> None:
        """Start a child, unless one is waiting."""
        if self._waiting is None or self._waiting.poll() is not None:
            self.close()
            self._waiting = self._start()

    def take(self) -> Popen[bytes]:
        """The child that waits, or else a new one."""
        self.refill()
        child, self._waiting = self._waiting, None
        assert child is not None
        return child

    def close(self) -> None:
        if self._waiting is not None:
            process.end(self._waiting)
            self._waiting = None

    def _start(self) -> Popen[bytes]:
        command = [sys.executable, str(CHILD), READY]
        return process.start(command, self._folder, child_environment(self._env), waits=True)

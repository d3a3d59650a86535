"""A child process that has imported NumPy and pytest and waits for its job.

Both imports take longer than the tests of most modules. After a save, `tito watch` gives the job to
the child that is ready; the next one starts when the run is over.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

from tito.core import process
from tito.core.testing.runner import CHILD, child_environment


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

    def take(self, job: Path) -> Popen[bytes]:
        """The child that waits, or else a new one; it is told to run the job."""
        self.refill()
        child, self._waiting = self._waiting, None
        assert child is not None
        assert child.stdin is not None
        with suppress(OSError):  # it has ended: that is seen when its output is read
            child.stdin.write(f"{json.dumps(str(job))}\n".encode())  # a path may hold anything
            child.stdin.close()
        return child

    def close(self) -> None:
        if self._waiting is not None:
            process.end(self._waiting)
            self._waiting = None

    def _start(self) -> Popen[bytes]:
        command = [sys.executable, str(CHILD), "-"]
        return process.start(command, self._folder, child_environment(self._env), waits=True)

"""The judge's process, started while tito still reads what is to be judged.

Importing NumPy and pytest takes longer than that, and there is a second core for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

from tito.core.milestones.tracker import Tracker
from tito.core.process import ONE_THREAD, discard, start

PROGRAM = Path(__file__).with_name("early_judge.py")


class EarlyJudge:
    """One process that waits for the command of a run. Use it in a `with`, which ends it."""

    def __init__(self, tracker: Tracker, env: Mapping[str, str]) -> None:
        python = [sys.executable, *tracker.required.ISOLATED]
        folder = tracker.workspace.judge.milestones
        self._expected = [*python, "-m", "pytest"]
        self._waiting: Popen[bytes] | None = None
        with suppress(OSError):  # the run itself says why no process can be started
            self._waiting = start(
                [*python, str(PROGRAM)], folder, {**env, **ONE_THREAD}, waits=True
            )

    def __enter__(self) -> EarlyJudge:
        return self

    def __exit__(self, *error: object) -> None:
        if self._waiting is not None:
            discard(self._waiting)

    def take(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str]
    ) -> tuple[Popen[bytes] | None, str]:
        """The process and what to tell it; (None, "") if it cannot run this command."""
        known, process = list(command[: len(self._expected)]) == self._expected, self._waiting
        if process is None or process.poll() is not None or not known:
            return None, ""
        self._waiting = None
        arguments = list(command[len(self._expected) :])
        return process, json.dumps({"arguments": arguments, "cwd": str(cwd), "env": dict(env)})

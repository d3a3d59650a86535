"""A conversation with a trained network: questions to the course's player, and its answers.

The player is a program of the course (`verification/playing`). The student's framework runs in a
process of its own below it, with the limits of a milestone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tito.core.child_output import BoundedOutput
from tito.core.errors import MachineError, TitoError
from tito.core.process import end

PROGRAM = Path("verification", "playing", "__main__.py")
LONGEST_LINE = 1_000_000
PATIENCE = 3.0  # seconds until it is killed


class Conversation:
    """A player that has been started, and waits for questions. Use it in a `with`."""

    def __init__(
        self,
        milestones: Path,
        isolated: Sequence[str],
        arguments: Sequence[str],
        env: dict[str, str],
    ) -> None:
        self._printed = BoundedOutput()
        command = [sys.executable, *isolated, str(milestones / PROGRAM), *arguments]
        self._process = subprocess.Popen(
            command,
            cwd=milestones,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
        )
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *error: object) -> None:
        """Let it delete its folder; it does not, if it is in the middle of an endless answer."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        end(self._process)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._reader.join(timeout=1.0)

    def _drain(self) -> None:
        """Read what the framework prints, so that it never blocks."""
        assert self._process.stderr is not None
        with self._process.stderr as pipe:
            for chunk in iter(lambda: pipe.read1(65536), b""):  # type: ignore[attr-defined]
                self._printed.add(chunk)

    def opening(self) -> dict[str, Any]:
        """What to type ("invites"), when the network is ready; or why it cannot be ("problem")."""
        return self._heard()

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer. With a key "problem" it says why this cannot be asked.

        Raises:
            TitoError: the framework has failed.
            MachineError: the kept run cannot be used.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline(LONGEST_LINE)
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise self._ended() from None
        if "error" in answer:
            raise TitoError(answer["error"], where=answer.get("where") or None)
        if "unusable" in answer:
            raise MachineError(f"The kept run cannot be used: {answer['unusable']}")
        return answer

    def _ended(self) -> MachineError:
        last = self._printed.text().strip().splitlines()[-1:] or ["it ended without a word"]
        return MachineError(f"The network's process failed: {last[0]}", hint="tito doctor")

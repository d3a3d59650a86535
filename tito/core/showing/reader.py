"""The student's network as a reader of drawings and texts: a process that is asked line by line.

An answer that does not come in time, or is not JSON, ends the process; the next request starts it
anew. The caller gets the answer, or a sentence under "error".
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tito.core.process import ONE_THREAD, PASSED_ON
from tito.core.workspace.workspace import Workspace

CHILD = Path(__file__).with_name("child.py")
SECONDS = 10.0  # Python, NumPy and the framework from a cold disk; a drawing takes a millisecond
LONGEST = 4_000_000  # characters of an answer


class Reader:
    """Start it, ask it, close it. One thread asks at a time."""

    def __init__(
        self, workspace: Workspace, env: Mapping[str, str], seconds: float = SECONDS
    ) -> None:
        self._folders = [str(workspace.root), str(workspace.judge.milestones)]
        self._env = {name: env[name] for name in PASSED_ON & env.keys()} | ONE_THREAD
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._loaded: dict[str, Any] | None = None
        self._lock = threading.Lock()

    def load(self, model: str, weights: Path) -> str:
        """Let this network read from now on; return a sentence if it cannot."""
        with self._lock:
            self._loaded = {"do": "load", "model": model, "weights": str(weights)}
            return str(self._asked(self._loaded).get("error", ""))

    def read(self, pixels: list[list[float]]) -> dict[str, Any]:
        """The network's answer to a drawing: `probabilities` and `layers`, or an `error`."""
        return self._ask({"do": "read", "pixels": pixels})

    def attend(self, text: str) -> dict[str, Any]:
        """Where attention looks in a text: `letters`, `writes` and `heads`, or an `error`."""
        return self._ask({"do": "attend", "text": text})

    def graph(self, expression: str, values: Mapping[str, float]) -> dict[str, Any]:
        """The parts of an expression as `nodes`, or an `error`."""
        return self._ask({"do": "graph", "expression": expression, "values": dict(values)})

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self._process is None and self._loaded is not None:
                told = self._asked(self._loaded)
                if "error" in told:
                    return told
            return self._asked(request)

    def _asked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = json.loads(self._line(json.dumps(request)))
        except queue.Empty:
            self.close()
            return {"error": f"Your code was still running after {self._seconds:.0f} s."}
        except (OSError, ValueError, RecursionError):
            self.close()
            return {"error": "Your code ended the process in which it was to answer."}
        return answer if isinstance(answer, dict) else {"error": "an answer of no known form"}

    def _line(self, request: str) -> str:
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(request + "\n")
        process.stdin.flush()
        return self._answers.get(timeout=self._seconds)

    def _start(self) -> subprocess.Popen[str]:
        self._answers = queue.Queue()
        process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", str(CHILD), *self._folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._env,
            encoding="utf-8",
            start_new_session=os.name == "posix",  # Ctrl-C is for the server, which ends this one
        )
        assert process.stdout is not None
        work = (process.stdout, self._answers)
        threading.Thread(target=pass_on, args=work, daemon=True).start()
        self._process = process
        return process


def pass_on(stream: IO[str], answers: queue.Queue[str]) -> None:
    """Put each line into the queue, and an empty one at the end. A thread, as Windows needs one."""
    with suppress(ValueError, OSError):
        while line := stream.readline(LONGEST):
            answers.put(line)
    answers.put("")

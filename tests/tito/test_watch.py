"""`tito watch`, in a pseudo-terminal of 80 by 24, with real files that are saved."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tito.test_process import is_alive
from tito.core.workspace.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
STUB = 'raise NotImplementedError("Task 0.1'
PATIENCE = 40.0  # seconds; a machine with other work may be slow


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, command: list[str], cwd: Path, env: dict[str, str]) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.chdir(cwd)
            os.execve(command[0], command, env)
        size = struct.pack("HHHH", 24, 80, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)
        self.seen = ""

    def press(self, key: str) -> None:
        os.write(self.descriptor, key.encode())

    def until(self, text: str) -> str:
        """What is printed up to and with `text`; what comes behind it is kept for the next call."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < end, f"{text!r} did not come. It printed:\n{self.seen}"
            if select.select([self.descriptor], [], [], 0.1)[0]:
                chunk = self._read().decode(errors="replace")
                assert chunk, f"It ended before {text!r}. It printed:\n{self.seen}"
                self.seen += ESCAPES.sub("", chunk).replace("\r", "")
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def _read(self) -> bytes:
        try:
            return os.read(self.descriptor, 65_536)
        except OSError:  # on Linux, the end of a terminal is an error
            return b""

    def exit_code(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])

    def close(self) -> None:
        os.close(self.descriptor)


def eventually(found: Callable[[], Any]) -> Any:
    """What `found` returns, as soon as that is true."""
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return value


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The course's own lessons, blank."""
    subprocess.run([sys.executable, "-m", "tito", "init", "work"], cwd=tmp_path, check=True)
    return Workspace(tmp_path / "work")


@pytest.fixture
def terminal(workspace: Workspace, tmp_path: Path) -> Iterator[Terminal]:
    home = str(tmp_path / "home")
    env = {**os.environ, "TINYTORCH_HOME": home, "TERM": "xterm", "NO_COLOR": "1"}
    env["TITO_TEST_SECONDS"] = "600"  # only a save ends an endless loop
    opened = Terminal([sys.executable, "-m", "tito", "watch"], workspace.root, env)
    yield opened
    opened.close()


def lesson_of(workspace: Workspace) -> Path:
    return workspace.modules[0].lesson


def test_it_follows_a_student(terminal: Terminal, workspace: Workspace) -> None:
    lesson = lesson_of(workspace)
    blank = lesson.read_text(encoding="utf-8")
    wrong = blank.replace(STUB, "return 48271 * state\n    " + STUB, 1)
    assert wrong != blank
    terminal.until("0 of 7 tasks done, 7 blank")

    lesson.write_text(wrong, encoding="utf-8")
    assert "expected 182605794" in terminal.until("1 wrong, 6 blank")

    lesson.write_text(f"def (:\n{wrong}", encoding="utf-8")
    terminal.until("Python cannot read the lesson: invalid syntax.")

    lesson.unlink()
    terminal.until("The lesson file is missing.")

    lesson.write_text(wrong, encoding="utf-8")
    terminal.until("1 wrong, 6 blank")
    terminal.press("h")
    terminal.until("hint 1 of 3")
    terminal.until("Press any key to go on.")
    terminal.press("x")
    terminal.until("1 wrong, 6 blank")
    terminal.press("n")
    terminal.until("Module 01_tensor builds on 00_setup")

    lesson.write_text(blank, encoding="utf-8")  # back to another module: it is followed
    terminal.until("0 of 7 tasks done, 7 blank")
    terminal.press("q")
    terminal.until("Next: tito module test 00")
    assert terminal.exit_code() == 0


def test_a_save_cancels_the_run_before_it(
    terminal: Terminal, workspace: Workspace, tmp_path: Path
) -> None:
    lesson, told = lesson_of(workspace), tmp_path / "child"
    blank = lesson.read_text(encoding="utf-8")
    terminal.until("0 of 7 tasks done")
    endless = (
        f"import os; open({str(told)!r}, 'w').write(f'{{os.getpid()}};')\n    while True: pass\n"
    )
    lesson.write_text(blank.replace(STUB, f"{endless}    {STUB}", 1), encoding="utf-8")
    child = eventually(lambda: told.exists() and told.read_text().endswith(";") and told)
    lesson.write_text(blank.replace(STUB, f"return 1\n    {STUB}", 1), encoding="utf-8")
    assert "still running" not in terminal.until("1 wrong, 6 blank")
    assert not is_alive(int(child.read_text().rstrip(";"))), "the endless loop goes on"
    terminal.press("q")
    assert terminal.exit_code() == 0


def test_in_a_pipe_it_prints_results_without_escapes(workspace: Workspace, tmp_path: Path) -> None:
    env = {**os.environ, "TINYTORCH_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "tito", "watch", "00", "--poll"]
    with subprocess.Popen(
        command, cwd=workspace.root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as watching:
        assert watching.stdout is not None
        seen = b""
        while b"quit" not in seen:
            chunk = watching.stdout.readline()
            assert chunk, f"It ended with {watching.wait()}: {seen.decode()}"
            seen += chunk
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(PATIENCE) == 130
    assert b"0 of 7 tasks done, 7 blank" in seen
    assert b"watching (polling)" in seen
    assert b"\x1b" not in seen

"""What a command is given: the folder it runs in, the environment, the clock and the console.

All of it is passed in, so that a test can run a command anywhere, even two commands with different
home folders in one process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tito.core.console import Symbols, hanging, make_console, print_json, symbols_for, visible
from tito.core.errors import MachineError, is_command

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from tito.core.export.swap import IsRecorded, RecordName
    from tito.core.milestones.tracker import Tracker
    from tito.core.workspace.notes import Notes
    from tito.core.workspace.workspace import Module, Workspace


def system_clock() -> datetime:
    """The local time. `datetime` is imported here because most commands need no date."""
    from datetime import datetime

    return datetime.now()


class World:
    """The workspace, progress, environment, clock, console and streams of one run."""

    def __init__(
        self,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        progress_file: Path | None = None,
        chosen_course: Path | None = None,
        now: Callable[[], datetime] = system_clock,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self._cwd, self._progress_file = cwd, progress_file
        self.chosen_course = chosen_course
        self.env: Mapping[str, str] = os.environ if env is None else env
        self.now = now
        self.stdin = stdin or sys.stdin
        self.stdout = stdout or sys.stdout or _nowhere()
        self.stderr = stderr or sys.stderr or _nowhere()

    @cached_property
    def cwd(self) -> Path:
        if self._cwd is not None:
            return self._cwd
        try:
            return Path.cwd()
        except FileNotFoundError:
            raise MachineError(
                "The folder that you are in does not exist any more.", hint="cd ~"
            ) from None

    # ------------------------------------------------------------------------------ what is read

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace at or above the current folder; a clear error where there is none.

        An interrupted export or update (a power cut) is rolled back first.
        """
        from tito.core.workspace.workspace import find_workspace

        workspace = find_workspace(self.cwd, self.chosen_course)
        if workspace.journal.exists() or workspace.update_journal.exists():
            from tito.core.export.lock import workspace_lock

            with workspace_lock(workspace, lambda: None, self._is_recorded_in(workspace)):
                pass  # taking the lock undoes it
        return workspace

    def is_recorded(self, record: RecordName) -> bool:
        """Whether the progress has this record."""
        return self._is_recorded_in(self.workspace)(record)

    def _is_recorded_in(self, workspace: Workspace) -> IsRecorded:
        return self.tracker_of(workspace).is_recorded

    def choose_course(self, folder: str) -> None:
        """Let the course in `folder` judge, before anything of the workspace is read."""
        from tito.core.workspace.course import chosen_course

        self.chosen_course = chosen_course(self.cwd / folder)

    @property
    def course_option(self) -> list[str]:
        """The `--course DIR` of this command, for a command that it starts."""
        return [] if self.chosen_course is None else ["--course", str(self.chosen_course)]

    @cached_property
    def tracker(self) -> Tracker:
        """The course's tracker, with this world's home and clock."""
        return self.tracker_of(self.workspace)

    def tracker_of(self, workspace: Workspace) -> Tracker:
        from tito.core.milestones.tracker import Tracker

        return Tracker(workspace, self.env, now=self.now, progress_file=self._progress_file)

    @property
    def notes(self) -> Notes:
        """The workspace's notes, read from disk each time."""
        from tito.core.workspace.notes import Notes

        return Notes.of(self.workspace)

    def mark_started(self, module: Module) -> bool:
        """Note that the module was started; return False if it already was."""
        return self.notes.start(module, self.now())

    # ----------------------------------------------------------------------------- what is shown

    @cached_property
    def console(self) -> Console:
        return make_console(self.stdout, self.env)

    @cached_property
    def error_console(self) -> Console:
        console = make_console(self.stderr, self.env)
        # If nobody reads stderr any more, the exit code still counts.
        console.on_broken_pipe = lambda: None  # type: ignore[method-assign]
        return console

    @cached_property
    def symbols(self) -> Symbols:
        return symbols_for(self.stdout)

    def say(self, text: str = "", style: str | None = None) -> None:
        """Print plain text: brackets in a student's code are not markup."""
        shown = hanging(visible(text), self.console.width)
        self.console.print(shown, style=style, markup=False, highlight=False)

    def say_whole(self, text: str, style: str | None = None) -> None:
        """Like `say`, but never wrapped: for a path or a command to copy."""
        shown = visible(text)
        self.console.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)

    def say_aside(self, text: str) -> None:
        """Print to stderr: with --json, stdout is one JSON value."""
        self.error_console.print(visible(text), markup=False, highlight=False)

    def next_step(self, command: str, why: str = "") -> None:
        """Print the last line of every command: what to run next."""
        say = self.say_whole if is_command(command) else self.say
        say(f"Next: {command}" + (f"  ({why})" if why else ""), style="bold")

    def emit_json(self, value: object) -> None:
        print_json(value, self.stdout)

    # ----------------------------------------------------------------------------- what is asked

    def is_interactive(self) -> bool:
        """Whether a person is at the terminal to answer a question."""
        return self.stdin is not None and self.stdin.isatty() and self.stdout.isatty()

    def confirm(self, question: str) -> bool:
        """Ask a yes-or-no question; anything but yes is no."""
        self.console.print(f"{question} [y/N] ", end="", markup=False, highlight=False)
        answer = self.stdin.readline()
        if not answer.endswith("\n"):  # Ctrl-D leaves the cursor after the question
            self.console.print()
        return answer.strip().lower() in ("y", "yes")


def _nowhere() -> TextIO:
    """A stand-in for a stream that the caller has closed (`tito ... >&-`)."""
    return Path(os.devnull).open("w", encoding="utf-8")

"""The only access to the milestone tracker, `tests/milestones/milestone_tracker.py` of the course.

The workspace's copy of it is never imported: it belongs to what is judged. Only a
ModuleNotFoundError that names the tracker means that it is missing; any other error in it is shown.
This file defines no milestones or requirements and keeps no state.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tito.core.errors import MachineError, TitoError, is_system_failure
from tito.core.export.source_map import in_lessons
from tito.core.outcome import StrEnum
from tito.core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from tito.core.export.swap import RecordName

NAME = "milestone_tracker"

Unlocks = dict[str, list[str]]


class MilestoneState(StrEnum):
    """The tracker's states of a milestone."""

    COMPLETED = "completed"
    UNLOCKED = "unlocked"
    LOCKED = "locked"


class Tracker:
    """The tracker for one person and workspace, with the given home, environment and clock."""

    def __init__(
        self,
        workspace: Workspace,
        env: Mapping[str, str],
        *,
        now: Callable[[], datetime] | None = None,
        progress_file: Path | None = None,
    ) -> None:
        self.workspace = workspace
        self._env, self._now, self._progress_file = env, now, progress_file

    @cached_property
    def module(self) -> ModuleType | None:
        """The tracker's Python module, or None if the course has none."""
        return load(self.workspace.judge)

    @property
    def required(self) -> ModuleType:
        """The tracker's Python module; an error if there is none."""
        if self.module is None:
            raise MachineError(
                "The milestone tracker is missing from the course.",
                where=str(self.workspace.judge.milestones / f"{NAME}.py"),
                hint=self.workspace.judge_repair,
            )
        return self.module

    @property
    def progress_file(self) -> Path:
        """The path of this person's progress file; only the tracker knows it."""
        if self._progress_file is not None:
            return self._progress_file
        found: Path = self.required.default_progress_file(self._env)
        return found

    @cached_property
    def opened(self) -> Any:
        """This person's MilestoneTracker. Use it inside `translating_errors`."""
        return self.open()

    def open(self, **options: Any) -> Any:
        """A new MilestoneTracker with other options."""
        root = self.workspace.root
        return self.required.MilestoneTracker(
            self.progress_file,
            env=self._env,
            now=self._now,
            to_lesson=lambda text: in_lessons(text, root),
            course=self.workspace.judged_by,
            **options,
        )

    @contextmanager
    def translating_errors(self) -> Iterator[None]:
        """Turn the tracker's errors into TitoErrors with the same text and exit code."""
        expected = getattr(self.module, "TrackerError", ())
        try:
            yield
        except (KeyboardInterrupt, BrokenPipeError, TitoError):
            raise
        except Exception as error:
            if is_system_failure(error):
                raise  # stdout on a full disk, say; the tracker wraps errors of its own files
            if not isinstance(error, expected):
                raise _broken(self.workspace.judge, error) from error
            code = getattr(error, "exit_code", MachineError.exit_code)
            hint = getattr(error, "hint", None) or None
            raise TitoError(str(error), hint=hint, exit_code=code) from error

    def record_module(
        self, name: str, evidence: Mapping[str, Any] | None = None, console: Console | None = None
    ) -> Unlocks:
        """Record a completed module; return what it unlocks, and show that if a console is given.

        Does nothing if there is no tracker.
        """
        if self.module is None:
            return {"newly_unlocked": [], "messages": []}
        with self.translating_errors():
            found: Unlocks = self.module.check_module_export(
                name, console=console, evidence=evidence, tracker=self.opened
            )
        return found

    def show_unlocks(self, unlocks: Unlocks, console: Console) -> None:
        """Show the tracker's own unlock messages."""
        if unlocks["messages"]:
            with self.translating_errors():
                self.required.show_messages(unlocks["messages"], console)

    def is_recorded(self, record: RecordName) -> bool:
        """Whether the progress has the record of this very run."""
        try:
            state = self.progress
        except TitoError:
            return False  # the command that comes next says what is wrong with it
        found = state.get("modules", {}).get(record.module, {})
        return (
            record.module in state.get("completed_modules", ()) and found.get("run") == record.run
        )

    @property
    def progress(self) -> dict[str, Any]:
        """The progress, read only; empty if there is no tracker."""
        if self.module is None:
            return {}
        with self.translating_errors():
            state: dict[str, Any] = self.opened.progress
        return state

    @property
    def completed_modules(self) -> list[str]:
        """The names of the modules recorded as complete."""
        return list(self.progress.get("completed_modules", []))

    def has_evidence(self, milestone_id: str, record: Mapping[str, Any]) -> bool:
        """Whether a milestone's record names a run that can be repeated."""
        module, course = self.required, self.workspace.judged_by
        return bool(module.evidence_of(milestone_id, record, course) is module.Evidence.RECORD)

    def is_sealed(self, name: str, record: Mapping[str, Any]) -> bool:
        """Whether nobody has changed this record by hand."""
        return bool(self.required.is_sealed(name, record))

    def status(self) -> list[dict[str, Any]]:
        """One row for each milestone."""
        with self.translating_errors():
            rows: list[dict[str, Any]] = self.opened.status()
        return rows


def load(course: Workspace) -> ModuleType | None:
    """Import the course's tracker; None if it has none."""
    folder = str(course.milestones)
    _forget_another_courses(course)
    sys.path.insert(0, folder)
    try:
        importlib.import_module(NAME)
        _forget_another_courses(course)  # found further down sys.path
        return sys.modules.get(NAME)
    except ModuleNotFoundError as error:
        if error.name == NAME:
            return None
        raise _broken(course, error) from error
    except Exception as error:
        raise _broken(course, error) from error
    finally:
        sys.path.remove(folder)  # the next course must not find this tracker


def _forget_another_courses(course: Workspace) -> None:
    """Unload another course's tracker: one process may use several (the tests do)."""
    file = getattr(sys.modules.get(NAME), "__file__", None)
    if file is not None and Path(file) != course.milestones / f"{NAME}.py":
        del sys.modules[NAME]


def _broken(course: Workspace, error: BaseException) -> MachineError:
    text = f"The milestone tracker is broken: {type(error).__name__}: {error}"
    where = str(course.milestones / f"{NAME}.py")
    return MachineError(text, where=where, hint="tito doctor")

"""One grader at a time works on an assignment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tito.core.classroom.results import results_folder
from tito.core.errors import MachineError, reporting_os_errors
from tito.core.files import can_be_locked


@contextmanager
def grading_lock(root: Path, assignment: str) -> Iterator[None]:
    """Hold the lock of an assignment's results; MachineError if another process has it."""
    from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

    folder = results_folder(root, assignment)
    path, hint = folder / ".lock", "Wait until it is done, or stop it."
    with reporting_os_errors("The results cannot be written: {}.", where=folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock: BaseFileLock = FileLock(path)
        if not can_be_locked(path):  # lock by a file that exists as long as it is held
            path = path.with_name(".lock.held")
            lock, hint = SoftFileLock(path), f"If it is not running, delete {path}."
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        text = f"Another tito class grade is working on {assignment}."
        raise MachineError(text, where=str(path), hint=hint) from error
    try:
        yield
    finally:
        lock.release()

"""The workspace lock: two terminals must not export into one workspace at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tito.core.errors import MachineError, machine_error
from tito.core.export.swap import IsRecorded, never, recover
from tito.core.files import can_be_locked
from tito.core.workspace.replacement import recover_files
from tito.core.workspace.workspace import Workspace

PATIENCE_SECONDS = 180.0  # longer than a test run may take


@contextmanager
def workspace_lock(
    workspace: Workspace,
    on_wait: Callable[[], None],
    is_recorded: IsRecorded = never,
    patience: float = PATIENCE_SECONDS,
) -> Iterator[None]:
    """Lock the workspace. `on_wait` is called if another process holds the lock.

    An interrupted swap is undone first, unless what it belongs to is recorded; so is an
    interrupted update.
    """
    # Here, because importing it takes as long as `tito module status` itself.
    from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

    path, hint = workspace.scratch / "lock", "Is tito still running in another terminal?"
    try:
        workspace.scratch.mkdir(exist_ok=True)
        lock: BaseFileLock = FileLock(path)
        if not can_be_locked(path):  # lock by a file that exists as long as it is held
            path = path.with_name("lock.held")
            lock, hint = SoftFileLock(path), f"{hint} If not, delete {path}."
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire(timeout=patience, poll_interval=0.05)
    except Timeout as error:
        raise MachineError(
            f"Another tito command has locked this workspace for {patience:.0f} seconds.",
            where=str(path),
            hint=hint,
        ) from error
    except OSError as error:
        text = "The workspace cannot be written to: {}."
        raise machine_error(error, text, where=workspace.scratch) from error
    try:
        recover(workspace, is_recorded)
        recover_files(workspace)
        yield
    finally:
        lock.release()

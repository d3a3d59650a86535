"""Replace many files of a workspace at once: all of them, or none.

The old ones are copied into a dated folder first, and stay there. A journal exists while files are
being replaced: whoever finds it, after a power cut, puts the old ones back.

    .tito/update/<moment>/before/...     the files as they were
    .tito/update/<moment>/replaced.json  {"replaced": [names], "added": [names]}
    .tito/update/journal                 <moment>; only while it goes on
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from tito.core.errors import MachineError, os_reason
from tito.core.files import patiently, read_regular, write_whole
from tito.core.workspace.workspace import Workspace

LIST = "replaced.json"
BEFORE = "before"


def updates(workspace: Workspace) -> Path:
    return workspace.scratch / "update"


def new_folder(workspace: Workspace, now: datetime) -> Path:
    """An empty dated folder, in the order of time by name."""
    for count in range(1000):
        extra = f"-{count}" if count else ""
        folder = updates(workspace) / f"{now:%Y%m%d-%H%M%S}{extra}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise OSError(f"too many folders in {updates(workspace)}")


def replace_files(workspace: Workspace, files: Mapping[str, bytes | None], folder: Path) -> None:
    """Write `files`, by name from the workspace's root; None removes one.

    After an error the old files are back. The caller has the workspace's lock.
    """
    _keep(workspace, files, folder)
    write_whole(workspace.update_journal, folder.name.encode())
    try:
        for name, data in files.items():
            _put(workspace.root / name, data)
    except BaseException:
        recover_files(workspace)
        raise
    patiently(workspace.update_journal.unlink)


def _keep(workspace: Workspace, files: Mapping[str, bytes | None], folder: Path) -> None:
    replaced = [name for name in files if (workspace.root / name).is_file()]
    for name in replaced:
        copy = folder / BEFORE / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(workspace.root / name, copy)
    added = [name for name in files if name not in replaced]
    text = json.dumps({"replaced": replaced, "added": added}, indent=1)
    write_whole(folder / LIST, text.encode())


def recover_files(workspace: Workspace) -> None:
    """Put the old files back if a replacement was interrupted; usually there is none."""
    if not os.path.lexists(workspace.update_journal):
        return
    try:
        name = read_regular(workspace.update_journal).decode()
        before = files_before(updates(workspace) / name)
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        if not os.path.lexists(workspace.update_journal):
            return  # whoever wrote it has finished
        reason = os_reason(error) if isinstance(error, OSError) else "it is not a journal"
        raise MachineError(
            f"The journal of an update that was cut short cannot be read: {reason}.",
            where=workspace.shown(workspace.update_journal),
            hint="Delete this file, then run tito update.",
        ) from error
    for path, data in before.items():
        _put(workspace.root / path, data)
    patiently(workspace.update_journal.unlink)


def files_before(folder: Path) -> dict[str, bytes | None]:
    """What was there before a replacement: the bytes by name, None for what was not there."""
    listed = json.loads(read_regular(folder / LIST))
    old = {name: read_regular(folder / BEFORE / name) for name in listed["replaced"]}
    return {**old, **dict.fromkeys(listed["added"])}


def replacements(workspace: Workspace) -> list[Path]:
    """The dated folders of all replacements, the newest last."""
    return sorted(path.parent for path in updates(workspace).glob(f"*/{LIST}"))


def _put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)

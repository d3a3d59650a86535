"""The only writer of `tinytorch/`: stages new files, swaps them in, or restores the old ones.

A swap is all or nothing. Each file is replaced atomically; the old ones are kept in `.tito/swap/`
until the whole step is done, so that after an error, in a later step too, or after a power cut
exactly the old files can be restored.

If the swap belongs to something that is recorded, the journal names the record. Once that is in the
progress the swap is done, even if the process ended before it could say so.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tito import FRAMEWORK
from tito.core.errors import MachineError, TitoError, os_reason, reporting_os_errors
from tito.core.export.bytecode import add_bytecode
from tito.core.export.reading import read_text
from tito.core.export.source_map import SIGN
from tito.core.files import move, patiently, read_regular, write_whole
from tito.core.folders import below, delete
from tito.core.process import terminate_as_interrupt
from tito.core.workspace.workspace import Workspace

# Seconds. A folder may be in use on another machine, whose processes are not seen here.
LONGEST_RUN, A_DAY = 1_800, 86_400


@contextmanager
def staged(workspace: Workspace, files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with the new package as `tinytorch/`, deleted afterwards.

    The student's code is compiled anew: bytecode beside the exported files may be of anything, and
    Python believes it.
    """
    with _writing(workspace.scratch):
        workspace.scratch.mkdir(exist_ok=True)
        _sweep(workspace)
        folder = Path(tempfile.mkdtemp(prefix=f"staging-{os.getpid()}_", dir=workspace.scratch))
    try:
        with _writing(folder):
            for name, text in files.items():
                path = folder / FRAMEWORK / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
        add_bytecode(folder, files)
        yield folder
    finally:
        delete(folder)


class StagedChangedError(TitoError):
    """What was judged is not what was exported."""


def refuse_changed(folder: Path, files: Mapping[str, str]) -> None:
    """Raise StagedChangedError if what was staged is not the same after the run as before it."""
    for name, text in files.items():
        try:
            same = read_regular(folder / FRAMEWORK / name) == text.encode()
        except OSError:
            same = False
        if not same:
            raise StagedChangedError(
                f"{FRAMEWORK}/{name} was changed while it was tested, by your code or by another "
                "program. Nothing was judged, nothing was recorded.",
                where=str(folder),
                hint="Run the command again, with nothing else at work in the workspace's .tito/.",
            )


class RecordName(NamedTuple):
    """One record in the progress: a module's, and the identifier of the run that made it."""

    module: str
    run: str


IsRecorded = Callable[[RecordName], bool]


def never(_: RecordName) -> bool:
    """For what is not recorded."""
    return False


@contextmanager
def swapped(
    workspace: Workspace,
    files: Mapping[str, str],
    record: RecordName | None = None,
    is_recorded: IsRecorded = never,
) -> Iterator[list[str]]:
    """Put `files` in place; if the block raises before it has recorded `record`, restore the old.

    Yields the names that changed.
    """
    with terminate_as_interrupt():
        yield from _swap(workspace, files, record, is_recorded)


def _swap(
    workspace: Workspace,
    files: Mapping[str, str],
    record: RecordName | None,
    is_recorded: IsRecorded,
) -> Iterator[list[str]]:
    refuse_link(workspace)
    recover(workspace, is_recorded)
    changed = _changes(workspace, files)
    with _writing(workspace.package):
        _write_journal(workspace, list(changed), record)
        try:
            for name, text in changed.items():
                _put(workspace.package / name, None if text is None else text.encode())
                if text is not None:
                    _compile(workspace.package / name)
        except BaseException:
            recover(workspace)
            raise
    try:
        yield list(changed)
    except BaseException:
        recover(workspace, is_recorded)
        raise
    _drop_journal(workspace)


def refuse_link(workspace: Workspace) -> None:
    """Raise TitoError if `tinytorch/` is a link: writing would change another framework."""
    if workspace.package.is_symlink():
        place = workspace.package.resolve()
        raise TitoError(
            f"{FRAMEWORK}/ is a link to {place}, not a folder of this workspace.",
            where=str(workspace.package),
            hint="Remove the link (not the folder it points to), then run tito export.",
        )


def recover(workspace: Workspace, is_recorded: IsRecorded = never) -> None:
    """Undo a swap that was not finished, unless it is recorded; usually there is none."""
    kept = workspace.journal.parent
    journal = _unfinished(workspace)
    if journal is None:
        return
    record = journal.get("record")
    if record and is_recorded(RecordName(*record)):
        _drop_journal(workspace)
        return
    with _writing(workspace.package):
        for name in journal["replaced"]:
            backup = kept / "old" / name  # a rename needs no space on a full disk
            if backup.exists():
                _move(backup, workspace.package / name)
        for name in journal["added"]:
            _put(workspace.package / name, None)
    for folder in sorted((path for path, _ in below(workspace.package)), reverse=True):
        _remove_if_empty(folder)
    _remove_if_empty(workspace.package)
    _drop_journal(workspace)


def _unfinished(workspace: Workspace) -> dict[str, Any] | None:
    """The journal of an unfinished swap; MachineError if something else stands there."""
    reason = "it is not a journal"
    try:
        journal = json.loads(read_regular(workspace.journal))
        if isinstance(journal, dict) and {"replaced", "added"} <= set(journal):
            return journal
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = os_reason(error)
    except (ValueError, RecursionError):
        pass
    folder = workspace.shown(workspace.journal.parent)
    raise MachineError(
        f"The journal of an export that was cut short cannot be read: {reason}.",
        where=workspace.shown(workspace.journal),
        hint=f"Delete the folder {folder}, then run tito export.",
    )


def _changes(workspace: Workspace, files: Mapping[str, str]) -> dict[str, str | None]:
    """What must change on the disk: new texts by name, None for files to delete."""
    present = {
        path.relative_to(workspace.package).as_posix(): path for path in generated_files(workspace)
    }
    changes: dict[str, str | None] = {name: None for name in present if name not in files}
    for name, text in files.items():
        path = workspace.package / name
        if not path.is_file() or path.read_bytes() != text.encode():
            changes[name] = text
    return changes


def generated_files(workspace: Workspace) -> dict[Path, str]:
    """The files generated by tito and their texts; other files in the folder are left alone."""
    paths = sorted(path for path, _ in below(workspace.package) if path.suffix == ".py")
    texts = {path: read_text(workspace, path) for path in paths}
    return {path: text for path, text in texts.items() if SIGN in text.partition("\n")[0]}


def is_generated(workspace: Workspace) -> bool:
    """Whether tito generated the package's `__init__.py`, and not another framework."""
    return SIGN in read_text(workspace, workspace.package / "__init__.py").partition("\n")[0]


def _write_journal(workspace: Workspace, names: list[str], record: RecordName | None) -> None:
    """Copy the old files first, then write the journal that refers to them."""
    kept = workspace.journal.parent
    delete(kept)
    kept.mkdir(parents=True)
    replaced = [name for name in names if (workspace.package / name).is_file()]
    for name in replaced:
        backup = kept / "old" / name
        backup.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(workspace.package / name, backup)
    added = [name for name in names if name not in replaced]
    journal = {"replaced": replaced, "added": added, "record": record}
    _put(workspace.journal, json.dumps(journal).encode())


def _drop_journal(workspace: Workspace) -> None:
    with contextlib.suppress(FileNotFoundError):
        patiently(workspace.journal.unlink)
    delete(workspace.journal.parent)


def _put(path: Path, data: bytes | None) -> None:
    """Replace one file in one step, or remove it."""
    if data is None:
        with contextlib.suppress(FileNotFoundError):
            patiently(path.unlink)
        _remove_bytecode(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data, _move)


def _move(source: Path, path: Path) -> None:
    move(source, path)
    _remove_bytecode(path)


def _remove_bytecode(path: Path) -> None:
    """Remove a file's .pyc: Python compares size and whole seconds, and could use an old one."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink(missing_ok=True)


def _compile(path: Path) -> None:
    """Compile what every later command imports; checked by hash, so never out of date."""
    import py_compile
    import warnings

    by_hash = py_compile.PycInvalidationMode.CHECKED_HASH
    with warnings.catch_warnings(), contextlib.suppress(OSError, py_compile.PyCompileError):
        warnings.simplefilter("ignore")  # the tests will show its errors, with the lesson's line
        py_compile.compile(str(path), doraise=True, invalidation_mode=by_hash)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _sweep(workspace: Workspace) -> None:
    """Remove staging folders that a killed run left behind."""
    for folder in workspace.scratch.glob("staging-*"):
        with contextlib.suppress(OSError):
            if _is_left_over(folder):
                delete(folder)


def _is_left_over(folder: Path) -> bool:
    """Older than a day; or than any run, and no process here has its number."""
    age = time.time() - folder.stat().st_mtime
    owner = re.match(r"staging-(\d+)_", folder.name)
    if owner is None or sys.platform == "win32" or age < LONGEST_RUN:
        return age > A_DAY
    try:
        os.kill(int(owner[1]), 0)
    except ProcessLookupError:
        return True
    return age > A_DAY


def _writing(place: Path) -> contextlib.AbstractContextManager[None]:
    return reporting_os_errors("Writing failed: {}. Nothing was changed.", where=place)

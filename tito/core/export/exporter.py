"""The only writer of `tinytorch/`: reads what is there, stages what shall be, swaps it in.

A swap is all or nothing. Each file is replaced atomically; the old ones stand in `.tito/swap/`
until the whole step is through, so that a failure, a later step's failure, or a power cut in the
middle puts back exactly what was there.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path

from tito.core.errors import MachineError, TitoError
from tito.core.export.package import SIGN, Package, read_target
from tito.core.export.package_files import package_files
from tito.core.files import move, patiently, write_whole
from tito.core.lesson.file import LessonFile, read_lesson, reference
from tito.core.lesson.lesson import Lesson
from tito.core.workspace.workspace import Module, Workspace

Files = dict[str, str]


def read_package(workspace: Workspace) -> Package:
    """What stands in `tinytorch/` now, section by section."""
    targets = {}
    for path in _generated_files(workspace):
        if path.name == "__init__.py":
            continue
        name = ".".join(path.relative_to(workspace.package).with_suffix("").parts)
        target = read_target(name, _read_text(path))
        if target is not None:
            targets[name] = target
    return Package(targets)


def compose(workspace: Workspace, package: Package) -> Files:
    """All files of `tinytorch/`, with the errors for what the other lessons will bring."""
    return package_files(package, outlines(workspace, package))


def outlines(workspace: Workspace, package: Package) -> dict[str, Lesson]:
    """The lessons that have not been exported, by module name."""
    others = (module for module in workspace.modules if module.name not in package.modules)
    return {module.name: lesson for module in others if (lesson := _outline(workspace, module))}


def with_lesson(workspace: Workspace, file: LessonFile) -> Files:
    """The files as they will be once this lesson is exported."""
    return compose(workspace, package_with(workspace, file))


def package_with(workspace: Workspace, file: LessonFile) -> Package:
    return read_package(workspace).with_lesson(file.module.name, file.lesson)


def ensure_initial(workspace: Workspace) -> None:
    """Write the package of a workspace that has exported nothing: every name says its module."""
    if not (workspace.package / "__init__.py").exists():
        with swapped(workspace, compose(workspace, read_package(workspace))):
            pass


@contextmanager
def staged(workspace: Workspace, files: Mapping[str, str]) -> Iterator[Path]:
    """A folder that holds the new package as `tinytorch/`, and is gone afterwards."""
    with _speaking_of(workspace.scratch):
        workspace.scratch.mkdir(exist_ok=True)
        _sweep(workspace)
        folder = Path(tempfile.mkdtemp(prefix="staging-", dir=workspace.scratch))
    try:
        with _speaking_of(folder):
            for name, text in files.items():
                path = folder / "tinytorch" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
                _lend_compiled(workspace.package / name, path)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def swapped(workspace: Workspace, files: Mapping[str, str]) -> Iterator[list[str]]:
    """Put `files` in place; when the block raises, put back what was there.

    Yields the names that changed.
    """
    recover(workspace)
    changed = _changes(workspace, files)
    with _speaking_of(workspace.package):
        _write_journal(workspace, list(changed))
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
        recover(workspace)
        raise
    _drop_journal(workspace)


def recover(workspace: Workspace) -> None:
    """Undo a swap that was not finished. Nothing to do is the common case."""
    kept = workspace.journal.parent
    try:
        journal = json.loads(workspace.journal.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    with _speaking_of(workspace.package):
        for name in journal["replaced"]:
            backup = kept / "old" / name  # a rename needs no room on a full disk
            if backup.exists():
                _move(backup, workspace.package / name)
        for name in journal["added"]:
            _put(workspace.package / name, None)
    for folder in sorted(workspace.package.rglob("*"), reverse=True):
        _remove_if_empty(folder)
    _remove_if_empty(workspace.package)
    _drop_journal(workspace)


def _changes(workspace: Workspace, files: Mapping[str, str]) -> dict[str, str | None]:
    """What differs on the disk: new texts, and None for generated files that go."""
    present = {
        path.relative_to(workspace.package).as_posix(): path for path in _generated_files(workspace)
    }
    changes: dict[str, str | None] = {name: None for name in present if name not in files}
    for name, text in files.items():
        path = workspace.package / name
        if not path.is_file() or path.read_bytes() != text.encode():
            changes[name] = text
    return changes


def _generated_files(workspace: Workspace) -> list[Path]:
    """What the exporter wrote; a file somebody else put there is not ours to touch."""
    paths = sorted(workspace.package.rglob("*.py"))
    return [path for path in paths if SIGN in _read_text(path).partition("\n")[0]]


def is_generated(workspace: Workspace) -> bool:
    """Whether the package's own file is ours, and not another framework's."""
    return SIGN in _read_text(workspace.package / "__init__.py").partition("\n")[0]


def _read_text(path: Path) -> str:
    with _speaking_of(path):
        return path.read_text(encoding="utf-8", errors="replace")


def _write_journal(workspace: Workspace, names: list[str]) -> None:
    """First the old files, then the journal that makes them count."""
    kept = workspace.journal.parent
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    replaced = [name for name in names if (workspace.package / name).is_file()]
    for name in replaced:
        backup = kept / "old" / name
        backup.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(workspace.package / name, backup)
    journal = {"replaced": replaced, "added": [name for name in names if name not in replaced]}
    _put(workspace.journal, json.dumps(journal).encode())


def _drop_journal(workspace: Workspace) -> None:
    with contextlib.suppress(FileNotFoundError):
        patiently(workspace.journal.unlink)
    shutil.rmtree(workspace.journal.parent, ignore_errors=True)


def _put(path: Path, data: bytes | None) -> None:
    """Replace one file in one step, or remove it."""
    if data is None:
        with contextlib.suppress(FileNotFoundError):
            patiently(path.unlink)
        _forget_compiled(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data, _move)


def _move(source: Path, path: Path) -> None:
    move(source, path)
    _forget_compiled(path)


def _forget_compiled(path: Path) -> None:
    """A .pyc is matched by size and whole seconds: two exports in one second could share it."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink(missing_ok=True)


def _compile(path: Path) -> None:
    """Compile once what every later command imports; matched by its hash, so never out of date."""
    import py_compile
    import warnings

    by_hash = py_compile.PycInvalidationMode.CHECKED_HASH
    with warnings.catch_warnings(), contextlib.suppress(OSError, py_compile.PyCompileError):
        warnings.simplefilter("ignore")  # the tests show them, with the line of the lesson
        py_compile.compile(str(path), doraise=True, invalidation_mode=by_hash)


def _lend_compiled(exported: Path, staged: Path) -> None:
    """What is staged and has not changed need not be compiled again; Python compares the hash."""
    source, target = (Path(cache_from_source(str(path))) for path in (exported, staged))
    if source.is_file():
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir():
        with contextlib.suppress(OSError):
            folder.rmdir()


def _sweep(workspace: Workspace) -> None:
    """Remove staging folders that a killed run left behind."""
    yesterday = time.time() - 86_400
    for folder in workspace.scratch.glob("staging-*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < yesterday:
                shutil.rmtree(folder, ignore_errors=True)


def _outline(workspace: Workspace, module: Module) -> Lesson | None:
    """A lesson for its names only: when it is broken at the moment, the course's own will do."""
    try:
        return read_lesson(workspace, module).lesson
    except TitoError:
        file = reference(module.name)
        return file.lesson if file else None


@contextmanager
def _speaking_of(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a message."""
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"Writing failed: {error.strerror or error}. Nothing was changed.",
            where=str(error.filename or path),
            hint="tito doctor",
        ) from error

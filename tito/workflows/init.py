"""Make a student's workspace out of the course: all of it, or nothing.

It is built in a staging folder beside the target and moved there when complete. `core/lesson`
makes the blank lessons, `core/export` the empty `tinytorch/`.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tito.core.errors import UsageError, reporting_os_errors
from tito.core.export.compose import compose, initial_files
from tito.core.export.swap import swapped
from tito.core.files import write_whole
from tito.core.folders import delete
from tito.core.lesson.file import blank_lessons, read_lesson
from tito.core.process import terminate_as_interrupt
from tito.core.words import quoted
from tito.core.workspace.release import release_files
from tito.core.workspace.workspace import Module, Workspace, course, find_workspace

VERSION_CONTROL = {".git", ".gitattributes", ".gitignore", ".hg", ".hgignore", ".jj", ".svn"}
STAGING = ".tito-init-"
WRITTEN_BY_HOSTS = {"README.md", "LICENSE"}  # a new repository on GitHub or GitLab may have them
IGNORED = shutil.ignore_patterns("__pycache__", ".*", "*.pyc", "*.ipynb")

GITIGNORE = """\
# Written by `tito export` from your lessons.
/tinytorch/
# tito's own notes: dated copies of lessons you reset, hints you have seen.
# What your workspace began with stays in git: `tito update` needs it.
/.tito/*
!/.tito/release/
.venv/
__pycache__/
*.pyc
.pytest_cache/
.ipynb_checkpoints/
"""

# An import may be for the code of another cell, and stands in its cell because it is exported with
# it: tools that run on every save must not remove or move it.
TOOLS = """\
# What formatters and linters must know about lessons. Format them as you like.
[tool.ruff.lint]
unfixable = ["E402", "F401", "F811", "I001"]

[tool.ruff.lint.per-file-ignores]
"modules/*" = ["E402", "E741", "F401", "F811", "I001"]

[tool.autopep8]
ignore = "E26,E402"

[tool.isort]
skip_glob = ["modules/*"]
"""
EDITOR = """\
{
  "[python]": {
    "editor.codeActionsOnSave": {"source.fixAll": "never", "source.organizeImports": "never"}
  }
}
"""

EXAMPLES = "examples"
README = """\
# My TinyTorch

A deep-learning framework, written by you, module by module.

    tito module start {first}      what comes next, and which file to open
    tito module test {first}       your tasks as a checklist: done, wrong, still blank
    tito module hint {first}       a nudge, then the approach, then almost the code
    tito module complete {first}   test, export into tinytorch/, see what it unlocks
    tito milestone status      the moments of history you have unlocked
    tito milestone run ID      train your own framework: does it really learn?
    tito doctor                when something is odd

- `modules/NN_name/name.py` are the lessons, the only files you edit. They are plain Python and
  open as notebooks too, in JupyterLab (with jupytext), VS Code and PyCharm.
- `tinytorch/` is your framework. `tito` writes it from your lessons; do not edit it.
- `tests/milestones/` is what a milestone is judged with. Start with its QUICKSTART.md.
- `examples/` are PyTorch scripts that run on your framework: `tito run examples/fits.py`.
"""


def create_workspace(target: Path, *, solved: bool = False) -> Workspace:
    """Create a workspace at `target`; after an error nothing is left on the disk."""
    target = target.absolute()
    with reporting_os_errors(
        "The workspace could not be created: {}. Nothing was left behind.",
        where=target,
        hint="tito init DIR, where you can write and the disk has space",
    ):
        refuse_bad_place(target)
        with staging_folder(target) as staging:
            fill(Workspace(staging), course(), solved=solved)
            install(staging, target)
    return Workspace(target)


def refuse_bad_place(target: Path) -> None:
    """Raise UsageError unless `target` is new or as empty as a new repository, and not inside
    another workspace."""
    outer = workspace_around(target)
    if outer == target.resolve():
        raise UsageError(
            "This folder is already a workspace. Nothing in it was changed.",
            where=str(outer),
            hint="tito module status",
        )
    if outer is not None:
        raise UsageError(
            "A workspace cannot be inside another one.",
            where=str(outer),
            hint=f"tito init {quoted(outer.with_name(target.name or 'my-tinytorch'))}",
        )
    if target.is_dir():
        harmless = VERSION_CONTROL | WRITTEN_BY_HOSTS
        if any(entry.name not in harmless for entry in target.iterdir()):
            raise UsageError(
                "This folder is not empty. Nothing in it was changed.",
                where=str(target),
                hint=f"tito init {quoted(target.with_name(f'{target.name}-2'))}",
            )
    elif target.exists() or target.is_symlink():
        raise UsageError(
            "There is already a file with this name.", where=str(target), hint="tito init DIR"
        )


def workspace_around(target: Path) -> Path | None:
    try:
        return find_workspace(target).root
    except UsageError:
        return None


def fill(workspace: Workspace, original: Workspace, *, solved: bool) -> None:
    """Write everything a student needs into the staging folder."""
    for module in original.modules:
        place = workspace.root / "modules" / module.name
        shutil.copytree(module.folder, place, ignore=IGNORED)
        if not solved:
            write_blank(original, module, Module(place).lesson)
    shutil.copytree(original.milestones, workspace.milestones, ignore=IGNORED)
    if (original.root / EXAMPLES).is_dir():
        shutil.copytree(original.root / EXAMPLES, workspace.root / EXAMPLES, ignore=IGNORED)
    first = next(iter(workspace.modules)).number
    write(workspace.root / "README.md", README.format(first=first))
    write(workspace.root / ".gitignore", GITIGNORE)
    write(workspace.root / "pyproject.toml", TOOLS)
    (workspace.root / ".vscode").mkdir()
    write(workspace.root / ".vscode" / "settings.json", EDITOR)
    for name, data in release_files(original.root, blank_lessons(original)).items():
        (workspace.root / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace.root / name).write_bytes(data)
    put(workspace, initial_files(workspace))
    if solved:
        export_all(workspace)


def write_blank(original: Workspace, module: Module, place: Path) -> None:
    write(place, read_lesson(original, module).lesson.blank())


def write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())  # always \n, on Windows too


def export_all(workspace: Workspace) -> None:
    for module in workspace.modules:
        put(workspace, compose(workspace, read_lesson(workspace, module)).files)


def put(workspace: Workspace, files: Mapping[str, str]) -> None:
    with swapped(workspace, files):
        pass


@contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """An empty folder on the same disk as `target`, deleted afterwards."""
    host = target
    while not host.is_dir():
        host = host.parent
    missing = [path for path in (target.parent, *target.parent.parents) if not path.exists()]
    sweep(host)
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=host))
    try:
        inner = staging / "workspace"  # mkdtemp's own folder is readable by its owner only
        inner.mkdir()
        with terminate_as_interrupt():
            yield inner
    except BaseException:
        remove_empty(missing)
        raise
    finally:
        delete(staging)


def sweep(host: Path) -> None:
    """Delete what a killed `tito init` has left behind. A running one is never that old."""
    hour_ago = time.time() - 3600
    for folder in host.glob(f"{STAGING}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < hour_ago:
                delete(folder)


def remove_empty(folders: list[Path]) -> None:
    """Remove the folders, innermost first; leave those that are not empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def install(staging: Path, target: Path) -> None:
    """Move the staged workspace to `target`: one rename if nothing is there.

    Into an existing folder `modules/` comes last: it is what makes a folder a workspace.
    """
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(target)
        return
    moved: list[Path] = []
    theirs = target / ".gitignore"
    try:
        for entry in sorted(staging.iterdir(), key=lambda entry: entry.name == "modules"):
            if entry.name == theirs.name and theirs.exists():
                extend(theirs, entry.read_text(encoding="utf-8"))
            elif entry.name not in WRITTEN_BY_HOSTS or not (target / entry.name).exists():
                moved.append(entry.rename(target / entry.name))
    except OSError:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def extend(theirs: Path, ours: str) -> None:
    """Add our lines to the student's file, except those that it already has."""
    text = theirs.read_text(encoding="utf-8", errors="surrogateescape")
    missing = [line for line in ours.splitlines() if line not in text.splitlines()]
    if missing:
        whole = "\n".join([text.rstrip("\n"), "", *missing, ""])
        write_whole(theirs, whole.encode("utf-8", errors="surrogateescape"))

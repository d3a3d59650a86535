"""A workspace, the folder a student works in: find it and its modules.

The folders are the list of modules; there is no other list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tito import FRAMEWORK
from tito.core.errors import TitoError, UsageError, nearest
from tito.core.words import module_number
from tito.core.workspace.course import FIX, INSTALLED, REINSTALL, course_root

NUMBER = r"(?a:(-?\d{1,9})\d*(?:[._]\d*)?)"  # also 1.0 and 01_; compiled when needed
MODULE_FOLDER = re.compile(r"(\d\d)_([a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Module:
    """One folder of `modules/`, and its files."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def number(self) -> str:
        return module_number(self.name)

    @property
    def short(self) -> str:
        return self.name[3:]

    @property
    def lesson(self) -> Path:
        return self.folder / f"{self.short}.py"

    @property
    def given(self) -> Path:
        """Given code that the lesson builds on; most modules have none."""
        return self.folder / f"{self.short}_given.py"

    @property
    def tests(self) -> Path:
        return self.folder / f"test_{self.short}.py"

    @property
    def hints(self) -> Path:
        return self.folder / "hints.toml"


def modules_in(root: Path) -> list[Module]:
    """The modules of `root`, in order."""
    try:
        folders = sorted(path for path in (root / "modules").iterdir() if path.is_dir())
    except OSError:
        return []
    return [Module(path) for path in folders if MODULE_FOLDER.fullmatch(path.name)]


@dataclass(frozen=True)
class Workspace:
    """The paths of one workspace. No file is read, only folder names."""

    root: Path
    chosen_course: Path | None = None  # None: the installed one

    @property
    def judge(self) -> Workspace:
        """The course whose tests, hints and milestones count; the workspace only has copies."""
        return Workspace(self.chosen_course or course_root())

    def judging(self, module: Module) -> Module:
        """The judge's folder of a module."""
        return Module(self.judge.root / "modules" / module.name)

    @property
    def judged_by(self) -> str:
        """The judge as it is recorded: the folder of a course that was chosen, or INSTALLED."""
        return INSTALLED if self.chosen_course is None else str(self.chosen_course)

    @property
    def judge_repair(self) -> str:
        """The command that restores a damaged file of the judge."""
        return REINSTALL if self.chosen_course is None else FIX

    @cached_property
    def modules(self) -> list[Module]:
        return [module for module in modules_in(self.root) if not self._is_copy(module)]

    @property
    def copies(self) -> list[str]:
        """Folders that look like modules but are not, such as `00_setup_backup`."""
        return [module.name for module in modules_in(self.root) if self._is_copy(module)]

    def _is_copy(self, module: Module) -> bool:
        """Whether a folder has no lesson of its own and is not a module of the course."""
        if module.lesson.is_symlink() or module.lesson.exists():
            return False
        return not course_module(module.name).folder.is_dir()

    @property
    def package(self) -> Path:
        return self.root / FRAMEWORK

    @property
    def scratch(self) -> Path:
        return self.root / ".tito"

    @property
    def journal(self) -> Path:
        """The journal of a swap; it exists only during one, or after an interrupted one."""
        return self.scratch / "swap" / "swap.json"

    @property
    def update_journal(self) -> Path:
        """The journal of an update; it exists only during one, or after an interrupted one."""
        return self.scratch / "update" / "journal"

    @property
    def milestones(self) -> Path:
        return self.root / "tests" / "milestones"

    def module(self, name: str) -> Module | None:
        """The module with exactly this name, if the workspace has it."""
        return next((module for module in self.modules if module.name == name), None)

    @property
    def is_authors(self) -> bool:
        """Whether this is the course itself, whose lessons are solved."""
        return self.root.resolve() == course_root().resolve()

    def shown(self, path: Path) -> str:
        """`path` as shown to the user: relative to the workspace, with forward slashes.

        A file of the judge is shown like the workspace's copy of it. The judge may be inside the
        workspace (in its .venv), or the workspace inside the judge: the inner one counts.
        """
        roots = sorted((self.root, self.judge.root), key=lambda root: -len(root.parts))
        inner = next((root for root in roots if path.is_relative_to(root)), None)
        return str(path) if inner is None else path.relative_to(inner).as_posix()

    def resolve(self, text: str) -> Module:
        """Find a module by `1`, `01`, `01_tensor`, or the path of its folder or lesson."""
        matches = [module for module in self.modules if _means(text, module)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(module.name for module in matches)
            raise TitoError(f"{text} could be {names}.", hint="Write the whole name.")
        raise self._unknown(text)

    def _unknown(self, text: str) -> TitoError:
        for module in modules_in(course_root()):
            if _means(text, module):
                return TitoError(
                    f"The folder modules/{module.name} is missing from this workspace.",
                    where=str(self.root),
                    hint=f"tito module reset {module.name}",
                )
        near = _nearest_module(text, self.modules)
        meant = f" Did you mean {near.name}?" if near else ""
        return TitoError(f"There is no module {text!r}.{meant}", hint="tito module list")


def _means(text: str, module: Module) -> bool:
    if text.isascii() and text.isdigit():
        return text.lstrip("0") == module.number.lstrip("0")
    parts = text.replace("\\", "/").rstrip("/").lower().split("/")
    if parts[-1] == module.lesson.name and parts[-2:-1] in ([], [module.name]):
        return True
    return parts[-1] in (module.name, module.short) and parts[-2:-1] in ([], ["modules"])


def _nearest_module(text: str, modules: list[Module]) -> Module | None:
    """The module with the closest number or name."""
    if not modules:
        return None
    number = re.fullmatch(NUMBER, text)
    if number is not None:
        return min(modules, key=lambda module: abs(int(module.number) - int(number[1])))
    words = {word: module for module in modules for word in (module.short, module.name)}
    near = nearest(text.lower(), words)
    return words[near] if near else None


def course() -> Workspace:
    """The course itself, seen as a workspace: the solved lessons."""
    return Workspace(course_root())


def course_module(name: str) -> Module:
    """The course's module of exactly that name; its files exist only where the course has it."""
    return Module(course_root() / "modules" / name)


def find_workspace(start: Path, chosen_course: Path | None = None) -> Workspace:
    """The nearest workspace at or above `start`."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if modules_in(folder):
            return Workspace(folder, chosen_course)
    raise UsageError(
        "This folder is not in a TinyTorch workspace: no modules/ here or above.",
        where=str(start),
        hint="tito init my-tinytorch, then cd my-tinytorch",
    )


def outer_workspace(workspace: Workspace) -> Workspace | None:
    """The workspace that contains this one, if any."""
    for folder in workspace.root.parents:
        if modules_in(folder):
            return Workspace(folder)
    return None

"""Which modules are stale: their code in `tinytorch/` no longer matches the lesson.

A milestone runs the exported code, not the lessons; the two are compared here. The lines that name
the lesson's line numbers do not count, so that prose may change.
"""

from __future__ import annotations

from collections.abc import Iterable

from tito import FRAMEWORK
from tito.core.errors import TitoError
from tito.core.export.compose import read_package
from tito.core.export.package import Package, sections_of
from tito.core.export.source_map import MARK
from tito.core.export.swap import is_generated
from tito.core.lesson.file import read_lesson
from tito.core.words import enumerated
from tito.core.workspace.workspace import Module, Workspace


def stale_modules(
    workspace: Workspace, names: Iterable[str] | None = None, package: Package | None = None
) -> list[Module]:
    """The modules whose lesson would export different code than `tinytorch/` has."""
    package = package or read_package(workspace)
    wanted = package.modules if names is None else package.modules & set(names)
    return [m for m in workspace.modules if m.name in wanted and is_stale(workspace, m, package)]


def is_stale(workspace: Workspace, module: Module, package: Package) -> bool:
    try:
        sections = sections_of(read_lesson(workspace, module).lesson)
    except TitoError:
        return True  # it cannot be exported at all
    after = {name: without_marks(section) for name, section in sections.items()}
    return code_of(module.name, package) != after


def difference(workspace: Workspace, module: Module) -> str:
    """Why a module is stale, as a sentence: the package or the lesson was edited."""
    lesson, package = workspace.shown(module.lesson), read_package(workspace)
    broken = [t for t in package.targets.values() if module.name in t.sections and not t.is_sealed]
    if broken:
        files = enumerated([f"{FRAMEWORK}/{target.path}" for target in broken])
        return f"{files} was edited and no longer matches {lesson}"
    return f"{lesson} has changed since it was exported"


def not_exported(workspace: Workspace, names: Iterable[str]) -> list[str]:
    """The modules without code in `tinytorch/`; none if tito did not generate the package."""
    return sorted(set(names) - read_package(workspace).modules) if is_generated(workspace) else []


def code_of(module_name: str, package: Package) -> dict[str, str]:
    """The module's code in each target."""
    return {
        name: without_marks(target.sections[module_name])
        for name, target in package.targets.items()
        if module_name in target.sections
    }


def without_marks(section: str) -> str:
    lines = section.split("\n")
    code = [line for line in lines if not (line.startswith("# %%") and MARK.fullmatch(line))]
    return "\n".join(code).strip()

"""What stands in `tinytorch/` now, and what its files will be once a lesson is exported.

Reads only; `swap` writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from tito.core.errors import TitoError
from tito.core.export import prerequisites
from tito.core.export.package import Package, read_target
from tito.core.export.package_files import package_files
from tito.core.export.swap import generated_files, read_text
from tito.core.lesson.file import LessonFile, read_lesson, reference
from tito.core.lesson.lesson import Lesson
from tito.core.words import module_number
from tito.core.workspace.workspace import Module, Workspace

Files = dict[str, str]


@dataclass(frozen=True)
class Composition:
    """The package as it would be with a lesson, and its files."""

    package: Package
    files: Files


def read_package(workspace: Workspace) -> Package:
    """What is exported, section by section."""
    targets = {}
    for path in generated_files(workspace):
        if path.name == "__init__.py":
            continue
        name = ".".join(path.relative_to(workspace.package).with_suffix("").parts)
        target = read_target(name, read_text(path))
        if target is not None:
            targets[name] = target
    return Package(targets)


def outlines(workspace: Workspace, package: Package) -> dict[str, Lesson]:
    """The lessons that have not been exported, by module name, for their names only.

    Where one is broken at the moment, the course's own will do.
    """
    found: dict[str, Lesson] = {}
    exported = package.modules
    for module in workspace.modules:
        if module.name in exported:
            continue
        try:
            file: LessonFile | None = read_lesson(workspace, module)
        except TitoError:
            file = reference(module.name)
        if file is not None:
            found[module.name] = file.lesson
    return found


def initial_files(workspace: Workspace) -> Files:
    """The package of a workspace that has exported nothing: every name says its module."""
    package = Package()
    return package_files(package, outlines(workspace, package))


def compose(workspace: Workspace, file: LessonFile) -> Composition:
    """The package with this lesson. A TitoError where it builds on what is not exported."""
    package = _intact_package(workspace, file.module)
    unexported = outlines(workspace, package)
    prerequisites.require(file, package, unexported)
    package = package.with_lesson(file.module.name, file.lesson)
    later = {name: lesson for name, lesson in unexported.items() if name not in package.modules}
    return Composition(package, package_files(package, later))


def _intact_package(workspace: Workspace, module: Module) -> Package:
    """What is exported. What an edit in `tinytorch/` has spoiled is left out, unless others stand
    on it: then its own lesson has to be exported first."""
    exported = read_package(workspace)
    package = exported.intact()
    spoiled = min(exported.modules - package.modules, default=module.name)
    if spoiled != module.name and any(name > spoiled for name in package.modules):
        raise TitoError(
            f"tinytorch/ was edited: what {spoiled} exported is no longer valid Python.",
            hint=f"tito module complete {module_number(spoiled)}",
        )
    return package

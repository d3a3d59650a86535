"""What is in `tinytorch/` now, and what its files will be once a lesson is exported.

This only reads; `swap` writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from tito.core.errors import TitoError
from tito.core.export import prerequisites
from tito.core.export.package import Package, read_target
from tito.core.export.package_files import package_files
from tito.core.export.swap import generated_files
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
    """Read what is exported, section by section."""
    targets = {}
    for path, text in generated_files(workspace).items():
        if path.name == "__init__.py":
            continue
        name = ".".join(path.relative_to(workspace.package).with_suffix("").parts)
        target = read_target(name, text)
        if target is not None:
            targets[name] = target
    return Package(targets)


def outlines(workspace: Workspace, package: Package) -> dict[str, Lesson]:
    """The lessons that are not exported yet, by module name; only their names are used.

    If a lesson cannot be read at the moment, the course's own is used.
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


def exported_files(workspace: Workspace, package: Package) -> Files:
    """The files of what is exported, generated anew from the code of the modules."""
    return package_files(package, outlines(workspace, package))


def initial_files(workspace: Workspace) -> Files:
    """The files of an empty package, in which every name raises an error that names its module."""
    return exported_files(workspace, Package())


def compose(workspace: Workspace, file: LessonFile) -> Composition:
    """The package with this lesson; TitoError if it builds on a module that is not exported."""
    package = _intact_package(workspace, file.module)
    unexported = outlines(workspace, package)
    prerequisites.require(file, package, unexported)
    package = package.with_lesson(file.module.name, file.lesson)
    later = {name: lesson for name, lesson in unexported.items() if name not in package.modules}
    return Composition(package, package_files(package, later))


def _intact_package(workspace: Workspace, module: Module) -> Package:
    """Read what is exported, without modules whose code in `tinytorch/` was edited and is broken.

    If other modules build on a broken one, its lesson has to be exported first: TitoError.
    """
    exported = read_package(workspace)
    package = exported.intact()
    spoiled = min(exported.modules - package.modules, default=module.name)
    if spoiled != module.name and any(name > spoiled for name in package.modules):
        raise TitoError(
            f"tinytorch/ was edited: what {spoiled} exported is no longer valid Python.",
            hint=f"tito module complete {module_number(spoiled)}",
        )
    return package

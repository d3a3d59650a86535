"""Which earlier modules a lesson builds on, found from its imports; there is no list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tito.core.errors import TitoError
from tito.core.export.pending import ancestors, parent_of, placeholders
from tito.core.words import module_number

if TYPE_CHECKING:
    from tito.core.export.package import Package
    from tito.core.lesson.file import LessonFile
    from tito.core.lesson.lesson import Lesson


def missing_modules(
    file: LessonFile, package: Package, unexported: Mapping[str, Lesson]
) -> list[str]:
    """Earlier modules that the lesson imports from and that are not exported yet."""
    lower = {name: lesson for name, lesson in unexported.items() if name < file.module.name}
    pending, present = placeholders(lower), _present(package)
    found = (
        _first_missing([*dotted.split(".")[1:], *([name] if name else [])], present, pending)
        for dotted, name in file.lesson.imports
    )
    return sorted({module for module in found if module is not None})


def require(file: LessonFile, package: Package, unexported: Mapping[str, Lesson]) -> None:
    """Raise TitoError if a module that this one builds on is not exported."""
    missing = missing_modules(file, package, unexported)
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise TitoError(
            f"Module {file.module.name} builds on {', '.join(missing)}, "
            f"which {verb} not exported in this workspace yet.",
            hint=f"tito module complete {module_number(missing[0])}",
        )


def _first_missing(
    parts: list[str], present: Mapping[str, set[str]], pending: Mapping[str, Mapping[str, str]]
) -> str | None:
    """Follow a dotted name; return the module that exports its first missing part."""
    path = ""
    for part in parts:
        if part not in present.get(path, set()):
            return pending.get(path, {}).get(part)
        path = f"{path}.{part}".lstrip(".")
    return None


def _present(package: Package) -> dict[str, set[str]]:
    """For each exported package and file, the names it has."""
    found: dict[str, set[str]] = {}
    for target in package.targets.values():
        found.setdefault(target.name, set()).update(target.names)
        if target.flat:
            found.setdefault(parent_of(target.name), set()).update(target.names)
        for path in (target.name, *ancestors(target.name)):
            if path:
                found.setdefault(parent_of(path), set()).add(path.rpartition(".")[2])
    return found

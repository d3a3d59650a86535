"""The names that later lessons will export, and where: pure functions.

Targets are dotted names such as `nn.functional`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson

# For each package or file: the names that later modules add, and the module of each.
Placeholders = dict[str, dict[str, str]]


def is_flat(target: str, lesson: Lesson) -> bool:
    """Whether the parent package exports the target's names too: true of a default target, the
    lesson's or that of the given code beside it.

    Not below `utils`: it is loaded on first use, and listing its names would load it.
    """
    defaults = {part.default_target for part in lesson.parts}
    return target in defaults and not target.startswith("utils.")


def placeholders(later: Mapping[str, Lesson]) -> Placeholders:
    found: Placeholders = {}
    for module, lesson in sorted(later.items(), reverse=True):  # the first module wins
        for target, names in lesson.names_at_a_glance.items():
            for name in names:
                found.setdefault(target, {})[name] = module
                if is_flat(target, lesson):
                    found.setdefault(parent_of(target), {})[name] = module
            for path in (target, *ancestors(target)):
                if path:
                    found.setdefault(parent_of(path), {})[path.rpartition(".")[2]] = module
    return found


def placeholder_attributes(later: Mapping[str, Lesson]) -> Placeholders:
    """For each class, the attributes that later modules add, and the module of each."""
    found: Placeholders = {}
    for module, lesson in sorted(later.items(), reverse=True):  # the first module wins
        for owner, name in lesson.patched:
            found.setdefault(owner, {})[name] = module
    return found


def parent_of(name: str) -> str:
    return name.rpartition(".")[0]


def ancestors(name: str) -> list[str]:
    """The packages that contain a target, innermost first; the root is the empty name."""
    found = []
    while name:
        name = parent_of(name)
        found.append(name)
    return found

"""The names that lessons which are not exported yet will bring, and the places where they will be.

Pure, and of values alone: targets are dotted names such as `nn.functional`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson

# For each package or file, the names that a later module brings to it, and that module.
Placeholders = dict[str, dict[str, str]]


def is_flat(target: str, lesson: Lesson) -> bool:
    """Whether the target's names are offered by its parent package: a lesson's default target.

    Except below `utils`, which is loaded on first use and would be loaded for its names.
    """
    return target == lesson.default_target and not target.startswith("utils.")


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
    """For each class, the attributes that a later module gives to it, and that module."""
    found: Placeholders = {}
    for module, lesson in sorted(later.items(), reverse=True):  # the first module wins
        for owner, name in lesson.patched:
            found.setdefault(owner, {})[name] = module
    return found


def parent_of(name: str) -> str:
    return name.rpartition(".")[0]


def ancestors(name: str) -> list[str]:
    """The packages a target lies in, innermost first; the root is the empty name."""
    found = []
    while name:
        name = parent_of(name)
        found.append(name)
    return found

"""What has been exported: targets, and each lesson's section in them. Pure values.

A target such as `nn.functional` is the file `nn/functional.py`; several lessons may have a section
in it. Above each exported cell is a line `# %% modules/03_nn/nn.py:120`, so that a traceback can be
led back to the lesson. `package_files` generates the files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

from tito import FRAMEWORK
from tito.core.errors import MachineError
from tito.core.export.pending import is_flat
from tito.core.export.source_map import MARK, SIGN
from tito.core.lesson.names import defined_names, listed_names, parse_quietly
from tito.core.words import module_number

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson

FLAT = "# Its public names stand in its parent package too."
SEAL = "# The sections below, as they were exported: "
LISTED = re.compile(r"__all__ = \[\n(?P<names>(?:    \"\w+\",\n)*)\]")
# Only at the top of a file: below its sections these are comments, and `futures` of them all.
FUTURE = re.compile(r"^from __future__ import [\w, ]+$", re.MULTILINE)
FOOT = "# %% what later modules bring"


@dataclass(frozen=True)
class Target:
    """One file of exported code: its sections by module name, in the order of the modules."""

    name: str
    flat: bool
    sections: Mapping[str, str] = field(default_factory=dict)
    listed: tuple[str, ...] | None = None  # its names, if known without parsing

    @property
    def path(self) -> str:
        return self.name.replace(".", "/") + ".py"

    @property
    def dotted(self) -> str:
        return f"{FRAMEWORK}.{self.name}"

    @property
    def body(self) -> str:
        return "\n\n".join(self.sections[module] for module in sorted(self.sections))

    @property
    def futures(self) -> list[str]:
        """The `from __future__` lines that the file begins with."""
        found = re.findall(rf"(?m)^# ({FUTURE.pattern.strip('^$')})$", self.body)
        return list(dict.fromkeys(found))

    @cached_property
    def seal(self) -> str:
        """A hash of the code, which shows whether somebody edited the generated file."""
        return hashlib.sha256(self.body.encode()).hexdigest()[:32]

    @property
    def is_sealed(self) -> bool:
        """Whether it is unchanged since the export: only then is its list of names used."""
        return self.listed is not None

    @cached_property
    def names(self) -> list[str]:
        """Its public names; MachineError if an edit has left invalid Python."""
        if self.listed is not None:
            return list(self.listed)
        try:
            found = defined_names(parse_quietly(self.body, self.path).body)
            listed = listed_names(self.body)
            return found if listed is None else listed
        except SyntaxError as error:
            modules = ", ".join(sorted(self.sections))
            raise MachineError(
                f"The generated code of {modules} is damaged: {error.msg}.",
                where=f"{FRAMEWORK}/{self.path}",
                hint=f"tito export {module_number(min(self.sections))}",
            ) from error


@dataclass(frozen=True)
class Package:
    """Everything exported so far: targets by name."""

    targets: Mapping[str, Target] = field(default_factory=dict)

    @property
    def modules(self) -> set[str]:
        """The modules that have a section in any target."""
        return {module for target in self.targets.values() for module in target.sections}

    def intact(self) -> Package:
        """The package without modules whose code is invalid: they count as not exported."""
        package = self
        for target in self.targets.values():
            for module, text in target.sections.items() if target.listed is None else ():
                if not _is_python(text):
                    package = package.without(module)
        return package

    def as_it_is(self) -> Package:
        """With invalid code too, whose names cannot be known: importing it says what is wrong."""
        targets = {
            name: target
            if target.listed is not None or _is_python(target.body)
            else replace(target, listed=())
            for name, target in self.targets.items()
        }
        return Package(targets)

    def without(self, module: str) -> Package:
        targets = {}
        for name, target in self.targets.items():
            rest = {key: text for key, text in target.sections.items() if key != module}
            if rest:
                is_same = len(rest) == len(target.sections)
                targets[name] = target if is_same else Target(name, target.flat, rest)
        return Package(targets)

    def with_lesson(self, module: str, lesson: Lesson) -> Package:
        """This package with the module's sections replaced by the lesson's."""
        targets = dict(self.without(module).targets)
        for name, text in sections_of(lesson).items():
            old = targets.get(name, Target(name, flat=False))
            sections = {**old.sections, module: text}
            names = tuple(lesson.names[name]) if len(sections) == 1 else None  # parsed already
            targets[name] = Target(name, old.flat or is_flat(name, lesson), sections, names)
        return Package(targets)


def sections_of(lesson: Lesson) -> dict[str, str]:
    """The code that a lesson exports to each target."""
    sections = {}
    for name, cells in lesson.exported.items():
        parts = [f"# %% {part.shown}:{cell.line}\n{cell.source}" for part, cell in cells]
        sections[name] = FUTURE.sub(r"# \g<0>", "\n\n".join([*parts, *lesson.futures]))
    return sections


def _is_python(text: str) -> bool:
    try:
        parse_quietly(text, FRAMEWORK)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def marks_in(code: str) -> Iterator[re.Match[str]]:
    """The lines above exported cells; `MARK.finditer` looks at every letter and takes longer."""
    at = code.find("# %% ")
    while at >= 0:
        mark = MARK.match(code, at)
        if mark:
            yield mark
        at = code.find("# %% ", at + 1)


def read_target(name: str, text: str) -> Target | None:
    """Read the target in a generated file; None if it has no exported code."""
    lines = text.split("\n")
    if SIGN not in lines[0]:
        return None
    code = text.partition(f"\n{FOOT}\n")[0]
    marks = list(marks_in(code))
    if not marks:
        return None
    sections: dict[str, list[str]] = {}
    for mark, after in zip_longest(marks, marks[1:]):
        part = code[mark.start() : after.start() if after else None]
        sections.setdefault(mark["module"], []).append(part)
    texts = {module: "".join(parts).rstrip() for module, parts in sections.items()}
    target = Target(name, flat=FLAT in lines, sections=texts)
    listed = LISTED.search(text)
    if listed is None or f"{SEAL}{target.seal}" not in lines:
        return target
    names = (line.strip(' ",') for line in listed["names"].splitlines())
    return replace(target, listed=tuple(names))

"""Points: what a result is worth under the assignment's rules. Pure; nothing is read or written.

The rules, in one place:
- A task is worth 1 point. `"01" = 20` shares 20 points equally among the tasks of module 01;
  `"01.1.3" = 4` gives task 1.3 of module 01 that many, and the others share what is left.
- A task earns its points times the share of its tests that pass; a blank one earns nothing.
- A milestone is worth 10 points, all or nothing.
- What could not be judged has no points: neither zero nor full. It is a `None`, and a score that
  needs it is not known.
- Everything is exact (fractions) until it is written, and is then rounded once, half up, to two
  decimals. A total is rounded from the exact sum, never added up from rounded parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tito.core.errors import UsageError, did_you_mean
from tito.core.outcome import StrEnum
from tito.core.words import module_number

TASK_POINTS = Fraction(1)
MILESTONE_POINTS = Fraction(10)
NOT_JUDGED = "could not be judged"


class State(StrEnum):
    """The state of a task, a milestone, a module or a whole result, as results name it."""

    PASSED = "passed"
    FAILED = "failed"
    BLANK = "blank"
    NOT_REACHED = "not_reached"  # the run ended, or waits for a blank task, before it
    NOT_RUN = "not_run"  # a milestone whose modules do not pass
    COULD_NOT_RUN = "could_not_run"
    MISSING = "missing"  # nothing was handed in
    GRADED = "graded"


@dataclass(frozen=True)
class Item:
    """One thing that has points: a task of a module, or a milestone."""

    key: str  # "2.5", or the milestone's id
    title: str
    module: str  # its name, such as "02_autograd"; empty for a milestone
    points: Fraction

    @property
    def label(self) -> str:
        return f"{self.key} {self.title}" if self.module else self.title


@dataclass(frozen=True)
class Part:
    """A module of an assignment, and the number and title of each of its tasks."""

    module: str
    tasks: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Mark:
    """What one item earned. `earned` is None where it could not be judged."""

    item: Item
    state: State
    earned: Fraction | None
    passed: int = 0
    tests: int = 0
    message: str = ""
    where: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Score:
    """The marks of one student."""

    marks: tuple[Mark, ...]

    @property
    def maximum(self) -> Fraction:
        return sum((mark.item.points for mark in self.marks), Fraction(0))

    @property
    def so_far(self) -> Fraction:
        """What is earned for certain, without what could not be judged."""
        return sum((mark.earned or Fraction(0) for mark in self.marks), Fraction(0))

    @property
    def total(self) -> Fraction | None:
        """The points; None while a part could not be judged."""
        return None if self.not_judged else self.so_far

    @property
    def not_judged(self) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks if mark.earned is None)


def exact(number: float | int | str) -> Fraction:
    """The number as it is written: 0.1 is one tenth."""
    return Fraction(str(number))


def rounded(value: Fraction, places: int = 2) -> str:
    """Half up, without trailing zeros: `10`, `7.5`, `0.33`."""
    scale = 10**places
    whole, rest = divmod(abs(math.floor(value * scale + Fraction(1, 2))), scale)
    sign = "-" if value < 0 and (whole or rest) else ""
    return (
        f"{sign}{whole}.{rest:0{places}d}".rstrip("0").rstrip(".") if places else f"{sign}{whole}"
    )


# ------------------------------------------------------------------------------ what is worth what


def items_of(
    points: Mapping[str, Any], parts: Sequence[Part], milestones: Sequence[tuple[str, str]]
) -> tuple[Item, ...]:
    """Every item of an assignment with its points. UsageError for a key that fits nothing."""
    given = {key: _checked(key, value) for key, value in points.items()}
    known = set(_keys(parts, milestones))
    for key in given:
        if key not in known:
            raise UsageError(
                f"class.toml gives points to {key!r}, which this assignment does not have."
                + did_you_mean(key, sorted(known)),
                hint='Keys are "01" for a module, "01.1.3" for a task, or a milestone\'s id.',
            )
    found = [item for part in parts for item in _task_items(part, given)]
    for name, title in milestones:
        found.append(Item(name, title, "", given.get(name, MILESTONE_POINTS)))
    return tuple(found)


def _keys(parts: Sequence[Part], milestones: Sequence[tuple[str, str]]) -> Iterator[str]:
    for part in parts:
        number = module_number(part.module)
        yield from (number, part.module)
        yield from (f"{number}.{task}" for task, _ in part.tasks)
    yield from (name for name, _ in milestones)


def _checked(key: str, value: Any) -> Fraction:
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not numeric or not math.isfinite(value) or value < 0:
        raise UsageError(f"Points must be a number from 0 up; class.toml has {key} = {value!r}.")
    return exact(value)


def _task_items(part: Part, given: Mapping[str, Fraction]) -> list[Item]:
    number = module_number(part.module)
    own = {task: given.get(f"{number}.{task}") for task, _ in part.tasks}
    share = _share(part, own, given.get(number, given.get(part.module)))
    return [
        Item(task, title, part.module, share if (points := own[task]) is None else points)
        for task, title in part.tasks
    ]


def _share(part: Part, own: Mapping[str, Fraction | None], whole: Fraction | None) -> Fraction:
    """The points of a task that has none of its own."""
    if whole is None:
        return TASK_POINTS
    named = sum((points for points in own.values() if points is not None), Fraction(0))
    others = sum(points is None for points in own.values())
    left = whole - named
    if left < 0 or (left and own and not others):
        raise UsageError(
            f"class.toml gives {part.module} {rounded(whole)} points, but its tasks "
            f"{rounded(named)}.",
            hint="Make the two agree, or leave one of them out.",
        )
    return left / others if others else Fraction(0)


# ------------------------------------------------------------------------------ what was earned


def score(items: Sequence[Item], result: Mapping[str, Any]) -> Score:
    """The marks for one result (its JSON). What a result does not mention is not judged."""
    tasks, modules, milestones = _by_key(result)
    whole = _state(result)
    marks = []
    for item in items:
        if whole is State.MISSING:
            marks.append(Mark(item, State.MISSING, Fraction(0)))
        elif item.module:
            marks.append(_task_mark(item, tasks, modules.get(item.module, result)))
        else:
            marks.append(_milestone_mark(item, milestones.get(item.key, {})))
    return Score(tuple(marks))


Found = dict[str, Mapping[str, Any]]


def _by_key(result: Mapping[str, Any]) -> tuple[Found, Found, Found]:
    modules = {str(module["name"]): module for module in result.get("modules", ())}
    tasks = {
        f"{name} {task['number']}": task
        for name, module in modules.items()
        for task in module.get("tasks", ())
    }
    return tasks, modules, {str(row["id"]): row for row in result.get("milestones", ())}


def _state(found: Mapping[str, Any]) -> State:
    """What a result says; a word of a later version is something that we cannot judge."""
    try:
        return State(found.get("state", State.COULD_NOT_RUN))
    except ValueError:
        return State.COULD_NOT_RUN


def _task_mark(item: Item, tasks: Found, module: Mapping[str, Any]) -> Mark:
    task = tasks.get(f"{item.module} {item.key}")
    if task is None:
        return _unmentioned(item, module)
    state, passed, tests = _state(task), int(task.get("passed", 0)), int(task.get("tests", 0))
    ended = module.get("reason") if task is module.get("tasks", [task])[0] else ""
    return Mark(
        item,
        state,
        _earned(item, state, passed, tests),
        passed,
        tests,
        message=str(task.get("message") or ended or ""),  # why a run ended early is told once
        where=str(task.get("where") or (module.get("where") if ended else "") or ""),
        hint=str(task.get("hint") or ""),
    )


def _unmentioned(item: Item, module: Mapping[str, Any]) -> Mark:
    """A task without a line of its own. A lesson that is wrong as a whole (a syntax error) earns
    nothing; anything else says nothing about the task."""
    reason = str(module.get("reason") or "")
    if _state(module) is State.FAILED:
        return Mark(item, State.NOT_REACHED, Fraction(0), message=reason)
    return Mark(item, State.COULD_NOT_RUN, None, message=reason)


def _earned(item: Item, state: State, passed: int, tests: int) -> Fraction | None:
    if state is State.PASSED:
        return item.points
    if state is State.COULD_NOT_RUN:
        return None
    if state is State.FAILED and tests > 0:
        return item.points * Fraction(min(max(passed, 0), tests), tests)
    return Fraction(0)


def _milestone_mark(item: Item, row: Mapping[str, Any]) -> Mark:
    state = _state(row)
    earned = {State.PASSED: item.points, State.COULD_NOT_RUN: None}.get(state, Fraction(0))
    message = "\n".join(str(row[key]) for key in ("reason", "details") if row.get(key))
    return Mark(item, state, earned, int(state is State.PASSED), 1, message)

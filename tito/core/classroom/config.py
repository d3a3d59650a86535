"""`class.toml`: the assignments of a class, their deadlines, points and limits.

Everything a teacher can mistype is reported with the table and the key it stands in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from tito.core.classroom.keys import Keys
from tito.core.classroom.toml import parse
from tito.core.errors import TitoError, UsageError, did_you_mean, os_reason
from tito.core.files import read_regular
from tito.core.outcome import StrEnum
from tito.core.workspace.workspace import course

CONFIG = "class.toml"
START = "tito class init my-class, then cd my-class"


class LatePolicy(StrEnum):
    """What becomes of points after the deadline."""

    NONE = "none"
    PERCENT_PER_DAY = "percent_per_day"
    GRACE_DAYS = "grace_days"


@dataclass(frozen=True)
class Late:
    """The late policy: percent of the points a day, at most `cap` percent; or days of grace."""

    policy: LatePolicy = LatePolicy.NONE
    percent: float = 10.0
    days: int = 3
    cap: float = 50.0


@dataclass(frozen=True)
class Limits:
    """What one test may take; None is the course's own limit."""

    seconds: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True)
class Assignment:
    """One assignment: modules and milestones of the course."""

    id: str
    title: str
    modules: tuple[str, ...]  # names such as 01_tensor, in the course's order
    milestones: tuple[str, ...] = ()
    due: datetime | None = None  # with the class's time zone
    points: Mapping[str, float] = field(default_factory=dict)
    late: Late = field(default_factory=Late)
    hidden: bool = False


@dataclass(frozen=True)
class ClassConfig:
    """A class folder and what its `class.toml` says."""

    root: Path
    name: str
    course: str  # the version of the course that the class works with
    timezone: str = "UTC"
    limits: Limits = field(default_factory=Limits)
    assignments: tuple[Assignment, ...] = ()

    def assignment(self, name: str) -> Assignment:
        """The assignment with this ID; TitoError if there is none."""
        found = next((one for one in self.assignments if one.id == name), None)
        if found is not None:
            return found
        known = ", ".join(one.id for one in self.assignments) or "none yet"
        meant = did_you_mean(name, [one.id for one in self.assignments])
        raise TitoError(
            f"There is no assignment {name!r} in {CONFIG} (it has: {known}).{meant}",
            where=str(self.root / CONFIG),
            hint=f"Add an [[assignment]] table to {CONFIG}.",
        )


def find_class(start: Path) -> Path:
    """The class folder at or above `start`."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG).is_file():
            return folder
    raise UsageError(
        f"This folder is not in a class: no {CONFIG} here or above.", where=str(start), hint=START
    )


def read_class(root: Path) -> ClassConfig:
    """Read `class.toml`; TitoError names the table and the key of a mistake."""
    path = root / CONFIG
    try:
        tables = parse(read_regular(path).decode("utf-8-sig"))
    except OSError as error:
        text = f"{CONFIG} cannot be read: {os_reason(error)}."
        raise TitoError(text, where=str(path), hint=START) from error
    except ValueError as error:  # also a text that is not UTF-8
        raise TitoError(f"{CONFIG} is not TOML: {error}.", where=str(path)) from error
    return _class(root, Keys("", tables, str(path)))


def _class(root: Path, keys: Keys) -> ClassConfig:
    about = keys.table("class")
    zone = about.text("timezone", "UTC")
    late = _late(keys.table("late"), Late())
    limits = keys.table("limits")
    found = ClassConfig(
        root,
        name=about.text("name", root.name),
        course=about.text("course", ""),
        timezone=zone,
        limits=Limits(limits.positive("seconds", None), limits.positive("memory_mb", None)),
        assignments=tuple(
            _assignment(each, _zone(about, zone), late) for each in keys.tables("assignment")
        ),
    )
    for each in (about, limits, keys):
        each.refuse_others()
    _refuse_twice(found, keys)
    return found


def _zone(keys: Keys, name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        text = f"{name!r} is no time zone known here, such as Europe/Berlin"
        raise keys.mistake("timezone", text, hint="python -m pip install tzdata") from error


def _late(keys: Keys, otherwise: Late) -> Late:
    word = keys.text("policy", otherwise.policy.value)
    try:
        policy = LatePolicy(word)
    except ValueError as error:
        known = ", ".join(LatePolicy)
        raise keys.mistake("policy", f"{word!r} is none of {known}") from error
    found = Late(
        policy,
        percent=keys.positive("percent", otherwise.percent) or 0.0,
        days=int(keys.positive("days", otherwise.days) or 0),
        cap=keys.positive("cap", otherwise.cap) or 0.0,
    )
    keys.refuse_others()
    return found


def _assignment(keys: Keys, zone: tzinfo, late: Late) -> Assignment:
    name = keys.name("id")
    keys = keys.called(name)
    found = Assignment(
        id=name,
        title=keys.text("title", name),
        modules=tuple(sorted({_module(keys, each) for each in keys.texts("modules")})),
        milestones=tuple(dict.fromkeys(keys.texts("milestones"))),
        due=_due(keys, zone),
        points=keys.numbers("points"),
        late=_late(keys.table("late"), late),
        hidden=keys.flag("hidden"),
    )
    keys.refuse_others()
    if not found.modules and not found.milestones:
        raise keys.mistake("modules", "an assignment needs modules or milestones")
    return found


def _module(keys: Keys, text: str) -> str:
    try:
        return course().resolve(text).name
    except TitoError as error:
        raise keys.mistake("modules", error.message.rstrip("."), hint=error.hint) from error


def _due(keys: Keys, zone: tzinfo) -> datetime | None:
    value: Any = keys.take("due")
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise keys.mistake("due", f"{value!r} is no date and time") from error
    if not isinstance(value, datetime):
        raise keys.mistake("due", "give date and time, such as 2027-03-01T23:59:00")
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)


def _refuse_twice(found: ClassConfig, keys: Keys) -> None:
    seen: set[str] = set()
    for each in found.assignments:
        if each.id.casefold() in seen:
            raise keys.mistake("assignment", f"the id {each.id!r} is there twice")
        seen.add(each.id.casefold())

"""What a learning platform or a teacher's own folder has, split into one arrival for each student.

Formats, by what the names look like:

- Gradescope's export: `submission_metadata.yml` and `submission_N/` folders
- Moodle: `Full Name_123456_assignsubmission_file_/` folders, or files with such names
- Canvas: `lovelaceada_LATE_4711_98765_work.zip`
- else: folders or zip files that are named by the student's id, e-mail or name
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from tito.core.classroom.trees import Entry, entries_of

METADATA = "submission_metadata.yml"
MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_(?P<file>.*)"
)
CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<number>\d+)_(?P<file>.+)")
YAML_OWNER = re.compile(r"['\"]?([^\s:'\"][^:]*?)['\"]?:\s*")
YAML_PERSON = re.compile(r"\s+(?:- )?\s*:(name|email|sid):\s*(.*?)\s*")
YAML_TIME = re.compile(r"  :created_at:\s*(.*?)\s*")
LARGEST_METADATA = 50_000_000  # bytes; it has every earlier result of a course


@dataclass(frozen=True)
class Arrival:
    """What one student or group handed in, before anybody knows who on the roster that is."""

    source: str  # as the teacher knows it
    owners: tuple[Mapping[str, str], ...]  # id, email, name, canvas_id, … of each person
    entries: tuple[Entry, ...] = ()
    submitted_at: str | None = None  # ISO, UTC
    late: bool = False
    problem: str = ""  # why it cannot be read


def arrivals_in(path: Path) -> list[Arrival]:
    """The arrivals in a folder or zip file; UnreadableError if it can be neither."""
    entries = _without_wrapper(entries_of(path))
    metadata = next((e for e in entries if str(e.path) == METADATA), None)
    if metadata is not None:
        return list(_gradescope(entries, metadata))
    return [_named(name, inside) for name, inside in _by_top(entries).items()]


def one_arrival(path: Path) -> list[Arrival]:
    """A student's own folder or zip file."""
    return [_named(path.name, entries_of(path))]


def _without_wrapper(entries: Sequence[Entry]) -> list[Entry]:
    """Without a folder that holds everything, as downloads often have one."""
    entries = [e for e in entries if "__MACOSX" not in e.path.parts and e.path.name != ".DS_Store"]
    tops = {entry.path.parts[0] for entry in entries}
    if len(tops) == 1 and all(len(entry.path.parts) > 1 for entry in entries):
        (top,) = tops
        inside = [entry.below(top) for entry in entries]
        wrapped = any(str(entry.path) == METADATA for entry in inside)
        if wrapped or not (_is_known(top) or _is_work(inside)):
            return inside
    return list(entries)


def _is_known(name: str) -> bool:
    return bool(MOODLE.fullmatch(name) or CANVAS.fullmatch(name))


def _is_work(entries: Sequence[Entry]) -> bool:
    """Whether these are one student's files."""
    tops = {entry.path.parts[0] for entry in entries}
    return "modules" in tops or any(re.match(r"\d\d_", top) for top in tops)


def _by_top(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The files by the folder they are in; a file at the top stands for itself.

    The several files that Canvas and Moodle have of one student come together.
    """
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        top = entry.path.parts[0]
        if len(entry.path.parts) > 1:
            found.setdefault(top, []).append(entry.below(top))
        elif not top.startswith("."):
            owner, name = _owner_and_file(top)
            found.setdefault(owner, []).append(Entry(entry.path.with_name(name), entry.read))
    return found


def _owner_and_file(name: str) -> tuple[str, str]:
    moodle, canvas = MOODLE.fullmatch(name), CANVAS.fullmatch(name)
    if moodle and moodle["file"]:
        return name[: moodle.start("file")], moodle["file"]
    if canvas:  # its second number is the file's, so that a student has several
        return name[: canvas.start("number")], canvas["file"]
    return name, name


def _named(name: str, entries: Sequence[Entry]) -> Arrival:
    """An arrival whose owner is in its name."""
    arrival = Arrival(name, ({"id": name},), tuple(entries))
    moodle, canvas = MOODLE.fullmatch(name), CANVAS.fullmatch(f"{name}0_file")
    if moodle:
        owner = {"name": moodle["name"], "moodle_id": moodle["number"]}
        return replace(arrival, owners=(owner,))
    if canvas:
        owner = {"name": canvas["name"], "canvas_id": canvas["id"]}
        return replace(arrival, owners=(owner,), late=bool(canvas["late"]))
    stem = name[:-4] if name.lower().endswith(".zip") else name
    return replace(arrival, owners=({"id": stem, "email": stem, "name": stem},))


# ------------------------------------------------------------------------------------- Gradescope


def _gradescope(entries: Sequence[Entry], metadata: Entry) -> Iterator[Arrival]:
    text = metadata.read(LARGEST_METADATA).decode("utf-8", errors="replace")
    folders = _by_top(entries)
    for folder, (owners, moment) in people_in(text).items():
        inside = folders.get(folder)
        problem = "" if inside else "its folder is not in the export"
        yield Arrival(folder, owners, tuple(inside or ()), moment, problem=problem)


def people_in(text: str) -> dict[str, tuple[tuple[Mapping[str, str], ...], str | None]]:
    """By folder, who handed in and when: the few lines of Gradescope's YAML that say so."""
    people: dict[str, list[dict[str, str]]] = {}
    moments: dict[str, str | None] = {}
    folder = ""
    for line in text.splitlines():
        owner = YAML_OWNER.fullmatch(line)
        person, moment = YAML_PERSON.fullmatch(line), YAML_TIME.fullmatch(line)
        if owner:
            folder = owner[1]
            people[folder], moments[folder] = [], None
        elif person and folder and moments[folder] is None:
            if line.lstrip().startswith("- ") or not people[folder]:
                people[folder].append({})
            people[folder][-1][{"sid": "id"}.get(person[1], person[1])] = person[2].strip("'\"")
        elif moment and folder and moments[folder] is None:
            moments[folder] = as_utc(moment[1].strip("'\"")) or ""
    return {name: (tuple(found), moments[name] or None) for name, found in people.items()}


def as_utc(text: str) -> str | None:
    """`2026-03-01 12:00:00.123456789 Z` or any ISO time with a zone, as ISO in UTC."""
    plain = re.sub(r"(\.\d{1,6})\d*", r"\1", text.strip()).replace(" Z", "+00:00")
    plain = re.sub(r"Z$", "+00:00", re.sub(r"\s+([+-]\d\d):?(\d\d)$", r"\1:\2", plain))
    plain = re.sub(r"\.(\d+)", lambda match: f".{match[1]:0<6}", plain)
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds")

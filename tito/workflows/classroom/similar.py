"""The students' own code as plain files, in the layouts of JPlag and Dolos.

    similar/<assignment>/jplag/<student>/02_autograd/autograd.py   (and _base: the blank lessons)
    similar/<assignment>/dolos/02_autograd.zip                     (info.csv, <student>.py)
    similar/<assignment>/dolos/02_autograd-template.py

Layouts: jplag/JPlag docs/1.-How-to-Use-JPlag.md; dodona-edu/dolos docs/docs/adding-metadata.md.
"""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tito.core import process
from tito.core.classroom.config import Assignment, ClassConfig
from tito.core.classroom.pseudonyms import pseudonyms
from tito.core.classroom.roster import Student, read_roster
from tito.core.classroom.submissions import Submission, read_submission
from tito.core.errors import TitoError, reporting_os_errors
from tito.core.files import write_whole
from tito.core.folders import delete
from tito.core.lesson.file import blank_lessons
from tito.core.lesson.lesson import Lesson
from tito.core.lesson.own_code import own_code
from tito.core.workspace.workspace import course

BASE = "_base"
MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in a zip: the same code gives the same bytes
SECONDS = 1800.0


class Own(NamedTuple):
    """One student's own code of one module."""

    student: str  # the ID or a pseudonym
    label: str
    submitted_at: str | None
    module: str
    code: str


@dataclass(frozen=True)
class Layouts:
    """The folder with both layouts, and what is in them."""

    folder: Path
    modules: tuple[str, ...]
    students: tuple[str, ...]
    unread: tuple[str, ...]  # lessons that are no UTF-8


class Ran(NamedTuple):
    """One run of a tool: the command, and what it said where it failed."""

    command: tuple[str, ...]
    failed: str = ""


def write_layouts(config: ClassConfig, assignment: Assignment, *, anonymous: bool) -> Layouts:
    """Write both layouts anew. TitoError if there is nothing to compare."""
    roster = read_roster(config.root)
    found = [
        (student, submission)
        for student in roster
        if (submission := read_submission(config.root, assignment.id, student.id))
    ]
    if len(found) < 2:
        raise TitoError(
            f"There are {len(found)} submissions of {assignment.id}: nothing to compare.",
            where=str(config.root / "submissions" / assignment.id),
            hint=f"tito class collect {assignment.id} PATH",
        )
    names = pseudonyms(config.root, [student.id for student in roster]) if anonymous else {}
    blanks = {name: Lesson(text, name) for name, text in blank_lessons(course()).items()}
    unread: list[str] = []
    owns = [
        own
        for student, submission in found
        for own in _owns(student, submission, assignment, names, blanks, unread)
    ]
    folder = config.root / "similar" / assignment.id
    with reporting_os_errors("The files could not be written: {}.", where=folder):
        delete(folder)
        _write_jplag(folder / "jplag", owns, assignment, blanks)
        _write_dolos(folder / "dolos", owns, assignment, blanks)
    students = tuple(dict.fromkeys(own.student for own in owns))
    return Layouts(folder, assignment.modules, students, tuple(unread))


def _path(module: str) -> str:
    return f"modules/{module}/{module[3:]}.py"


def _owns(
    student: Student,
    submission: Submission,
    assignment: Assignment,
    names: Mapping[str, str],
    blanks: Mapping[str, Lesson],
    unread: list[str],
) -> list[Own]:
    name = names.get(student.id, student.id)
    label = name if names else student.name
    found = []
    for module in assignment.modules:
        path = _path(module)
        try:
            text = submission.files[path].decode("utf-8-sig")
        except KeyError:
            continue
        except UnicodeDecodeError:
            unread.append(f"{name}: {path}")
            continue
        mine = Lesson(text.replace("\r\n", "\n").replace("\0", ""), path)
        code = own_code(mine, blanks[path])
        if code.strip():
            found.append(Own(name, label, submission.submitted_at, module, code))
    return found


def _template(module: str, blanks: Mapping[str, Lesson]) -> str:
    """The given code, which no student is to be blamed for."""
    return blanks[_path(module)].text


def _write_jplag(
    folder: Path, owns: Sequence[Own], assignment: Assignment, blanks: Mapping[str, Lesson]
) -> None:
    texts = {f"{own.student}/{own.module}/{own.module[3:]}.py": own.code for own in owns}
    bases = {f"{BASE}/{m}/{m[3:]}.py": _template(m, blanks) for m in assignment.modules}
    for name, text in {**texts, **bases}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, text.encode())


def _write_dolos(
    folder: Path, owns: Sequence[Own], assignment: Assignment, blanks: Mapping[str, Lesson]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for module in assignment.modules:
        mine = [own for own in owns if own.module == module]
        write_whole(folder / f"{module}.zip", _zip(mine))
        write_whole(folder / f"{module}-template.py", _template(module, blanks).encode())


def _zip(owns: Sequence[Own]) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["filename", "label", "full_name", "created_at"])
    for own in owns:
        writer.writerow([f"{own.student}.py", own.student, own.label, _moment(own.submitted_at)])
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        files = {"info.csv": table.getvalue(), **{f"{own.student}.py": own.code for own in owns}}
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, MOMENT), text.encode())
    return whole.getvalue()


def _moment(text: str | None) -> str:
    """`2026-06-01T14:32:01Z` as Dolos writes it: `2026-06-01 14:32:01 +0000`."""
    return f"{text[:19].replace('T', ' ')} +0000" if text else ""


def run_tools(layouts: Layouts, env: Mapping[str, str], jplag: Path | None) -> list[Ran]:
    """Run the tools that are there: `dolos` on PATH, JPlag's jar with `java`."""
    commands: list[tuple[str, ...]] = []
    if jplag is not None and shutil.which("java", path=env.get("PATH")):
        words = f"-l python3 -bc {BASE} -p .py --csv-export -r results -M RUN jplag".split()
        commands.append(("java", "-jar", str(jplag), *words))
    if shutil.which("dolos", path=env.get("PATH")):
        for module in layouts.modules:
            files = f"dolos/{module}-template.py dolos/{module}.zip"
            commands.append(tuple(f"dolos run -f csv -l python -i {files}".split()))
    return [_ran(command, layouts.folder, env) for command in commands]


def _ran(command: tuple[str, ...], folder: Path, env: Mapping[str, str]) -> Ran:
    program = shutil.which(command[0], path=env.get("PATH")) or command[0]
    done = process.run([program, *command[1:]], cwd=folder, env=dict(env), timeout=SECONDS)
    if done.returncode == 0 and not done.timed_out:
        return Ran(command)
    last = (done.output.strip().splitlines() or ["no output"])[-1]
    return Ran(command, "it did not end" if done.timed_out else last)

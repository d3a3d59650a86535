"""All that is left of a test run, and what it says of single tests.

The child's lines (`child.py`) are believed only as far as they go. Why a run ended
early is judged in `verdict`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tito.core.export.source_map import lesson_line
from tito.core.lesson.file import read_source
from tito.core.process import Event, RunResult
from tito.core.testing.results import Place, Problem, TestResult, stub_task
from tito.core.workspace.workspace import Workspace

STACK_LINE = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+)')
UNKNOWN_NAME = re.compile(r"\bname '(\w+)' is not defined")
STAGED = re.compile(r"staging-\w+[/\\]tinytorch[/\\](?P<file>.+)")
PRINTED_LIMIT = 2_000


@dataclass(frozen=True)
class Evidence:
    """All that is left of a run."""

    workspace: Workspace
    files: Mapping[str, str]  # the staged package
    tests: Mapping[str, Path]  # the test files by module
    events: Sequence[Event]
    run: RunResult
    stack: str
    token: str
    test_seconds: float

    def find(self, kind: str) -> Event | None:
        return next((event for event in self.events if event["event"] == kind), None)

    def last(self, kind: str) -> Event | None:
        return next((event for event in reversed(self.events) if event["event"] == kind), None)


def test_results(evidence: Evidence) -> list[TestResult]:
    """One result for each test: when set-up, call and tear-down disagree, the worst one."""
    found: dict[str, TestResult] = {}
    for event in evidence.events:
        if event["event"] == "finished":
            result = _test(evidence, event)
            if event["id"] not in found or result.status != "passed":
                found[event["id"]] = result
    return list(found.values())


def _test(evidence: Evidence, event: Event) -> TestResult:
    module, name, seconds = event["module"], event["test"], event["seconds"]
    if event["outcome"] == "passed":
        return TestResult(module, name, "passed", seconds=seconds)
    problem = problem_of(evidence, event)
    printed = printed_in(evidence, event["id"])
    waits_for = stub_task(event["blank"])
    status = "skipped" if event["outcome"] == "skipped" else "blank" if waits_for else "wrong"
    return TestResult(module, name, status, waits_for, problem, seconds, printed)


def problem_of(evidence: Evidence, event: Event) -> Problem:
    places: list[Place] = []
    unseen = ""
    checked: dict[str, Place] = {}  # by function: the test itself, and what it called to judge
    for file, line, function in event["frames"]:
        staged = STAGED.search(file)
        if staged:
            places += _lesson_place(evidence, staged["file"], line)
            unseen = _unseen_name(evidence, event["text"], places, staged["file"])
        else:
            checked[function] = _test_place(evidence, file, line)
    test = event.get("test", "").partition("[")[0]
    last = next(reversed(checked.values()), None)
    return Problem(event["type"], event["text"] + unseen, tuple(places), checked.get(test, last))


def _unseen_name(evidence: Evidence, text: str, places: Sequence[Place], file: str) -> str:
    """Why a name that the lesson has is none in the package; nothing where that is not the case."""
    missing = UNKNOWN_NAME.search(text)
    if missing is None or not places:
        return ""
    lesson = "\n".join(read_source(evidence.workspace.root / places[-1].file))
    target = file.replace("\\", "/")
    if missing[1] not in _names(lesson) - _names(evidence.files.get(target, "")):
        return ""
    return (
        f"\n`{missing[1]}` is known in the lesson, but not in tinytorch/{target}: an exported cell "
        "finds only what the exported cells of that file import or define."
    )


def _names(source: str) -> set[str]:
    """What a file imports or defines at its top level; nothing if it is not Python just now."""
    import symtable  # here: rarely needed

    try:
        symbols = symtable.symtable(source, "lesson", "exec").get_symbols()
    except (SyntaxError, ValueError):
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def _lesson_place(evidence: Evidence, file: str, line: int) -> list[Place]:
    text = evidence.files.get(file.replace("\\", "/"))
    mapped = lesson_line(text, line) if text is not None else None
    if text is None or mapped is None:
        return []  # an `__init__`: not the student's
    return [Place(*mapped, text.split("\n")[line - 1])]


def _test_place(evidence: Evidence, file: str, line: int) -> Place:
    path = Path(file)
    source = read_source(path)
    text = source[line - 1] if line <= len(source) else ""
    return Place(evidence.workspace.shown(path), line, text)


def printed_in(evidence: Evidence, test_id: str) -> str:
    """What was printed while this test ran, the end of it when it is much."""
    start = evidence.run.output.find(f"{evidence.token}{test_id}\n")
    if start < 0:
        return ""
    text = evidence.run.output[start:].partition("\n")[2].partition(evidence.token)[0].strip("\n")
    return text if len(text) <= PRINTED_LIMIT else f"[...]\n{text[-PRINTED_LIMIT:]}"


def stack_place(evidence: Evidence) -> Place | None:
    """The innermost line of a lesson in the stack that faulthandler left."""
    for match in STACK_LINE.finditer(evidence.stack):
        staged = STAGED.search(match["file"])
        if staged:
            places = _lesson_place(evidence, staged["file"], int(match["line"]))
            if places:
                return places[0]
    return None


def unfinished_test(evidence: Evidence) -> str | None:
    """The test that was running at the end."""
    started = evidence.last("started")
    if started is None:
        return None
    done = any(e["event"] == "finished" and e["id"] == started["id"] for e in evidence.events)
    return None if done else str(started["id"])


def last_printed(evidence: Evidence) -> str:
    test = unfinished_test(evidence)
    return printed_in(evidence, test) if test else tail(evidence)


def tail(evidence: Evidence) -> str:
    return evidence.run.output[-PRINTED_LIMIT // 2 :].strip("\n")

"""What a test run left behind, and the result of each test.

The child's lines (`child.py`) are checked before they are used. `cause` finds out why a run ended
early.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tito.core.child_output import Event
from tito.core.export.source_map import lesson_line
from tito.core.files import read_lines
from tito.core.process import ProcessResult
from tito.core.testing.listed import Listed
from tito.core.testing.results import Place, Problem, TestResult, TestStatus, stub_task

if TYPE_CHECKING:
    from tito.core.workspace.workspace import Workspace

STACK_LINE = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+)')
UNKNOWN_NAME = re.compile(r"\bname '(\w+)' is not defined")
STAGED = re.compile(r"staging-\w+[/\\]tinytorch[/\\](?P<file>.+)")
PRINTED_LIMIT = 2_000

EventKind = Literal[
    "ready", "machine_lacks", "importing", "import_failed", "collect_error", "collected",
    "isolated", "left_out", "started", "finished", "session_finished",
]  # fmt: skip
# pytest's outcomes, as the child writes them. A failed test may be blank: see `_test`.
PASSED = "passed"
STATUS_OF = {
    PASSED: TestStatus.PASSED,
    "skipped": TestStatus.SKIPPED,
    "failed": TestStatus.WRONG,
}


# The fields of each kind of event; anything else is dropped. Student code can write here too.
ERROR: Mapping[str, tuple[type, ...]] = {
    "type": (str,), "text": (str,), "blank": (str, type(None)), "frames": (list,),
}  # fmt: skip
SHAPES: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "ready": {},
    "machine_lacks": {"package": (str,), "text": (str,)},
    "importing": {"module": (str,)},
    "import_failed": {"module": (str,), **ERROR},
    "collect_error": {"module": (str, type(None)), **ERROR},
    "collected": {"tests": (list,)},
    "isolated": {"isolation": (str,)},
    "left_out": {"count": (int,)},
    "started": {"id": (str,)},
    "finished": {
        "id": (str,), "module": (str,), "test": (str,), "outcome": (str,), "seconds": (int, float),
    },
    "session_finished": {"code": (int,)},
}  # fmt: skip


def is_event(event: Event) -> bool:
    """Whether it has the format of one of the child's events."""
    kind = event.get("event")
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None or not _fits(event, shape):
        return False
    if "outcome" in shape:
        known = event["outcome"] in STATUS_OF
        return known and (event["outcome"] == PASSED or _has_details(event))
    if "frames" in shape:
        return _has_details(event)
    tests = event["tests"] if "tests" in shape else []
    return all(_is_list_of(test, (str, type(None)), str) for test in tests)


def _has_details(event: Event) -> bool:
    return _fits(event, ERROR) and all(
        _is_list_of(frame, str, int, str) for frame in event["frames"]
    )


def _fits(event: Event, shape: Mapping[str, tuple[type, ...]]) -> bool:
    return all(
        isinstance(event.get(key, event), kinds) and not isinstance(event[key], bool)
        for key, kinds in shape.items()
    )


def _is_list_of(value: object, *kinds: type | tuple[type, ...]) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len(kinds)
        and all(isinstance(item, kind) for item, kind in zip(value, kinds, strict=True))
    )


@dataclass(frozen=True)
class Trace:
    """Everything a run has left behind."""

    workspace: Workspace
    files: Mapping[str, str]  # the staged package
    tests: Mapping[str, Path]  # the test files by module
    listed: Mapping[str, Listed]  # what they contain
    events: Sequence[Event]
    run: ProcessResult
    stack: str
    token: str
    test_seconds: float

    def all(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event["event"] == kind]

    def first(self, kind: EventKind) -> Event | None:
        return next(iter(self.all(kind)), None)

    def last(self, kind: EventKind) -> Event | None:
        return next(reversed(self.all(kind)), None)


def test_results(trace: Trace) -> list[TestResult]:
    """One result for each test: when set-up, call and tear-down disagree, the worst one."""
    found: dict[str, TestResult] = {}
    for event in trace.all("finished"):
        result = _test(trace, event)
        if event["id"] not in found or result.status is not TestStatus.PASSED:
            found[event["id"]] = result
    return list(found.values())


def _test(trace: Trace, event: Event) -> TestResult:
    module, name, seconds = event["module"], event["test"], event["seconds"]
    waits_for = stub_task(event.get("blank"))
    status = STATUS_OF[event["outcome"]]
    if status is TestStatus.PASSED:
        return TestResult(module, name, status, seconds=seconds)
    if status is TestStatus.WRONG and waits_for:
        status = TestStatus.BLANK
    problem = problem_of(trace, event)
    printed = printed_in(trace, event["id"])
    return TestResult(module, name, status, waits_for, problem, seconds, printed)


def problem_of(trace: Trace, event: Event) -> Problem:
    places: list[Place] = []
    unseen = ""
    checked: dict[str, Place] = {}  # by function: the test itself, and the helpers it called
    for file, line, function in event["frames"]:
        staged = STAGED.search(file)
        if staged:
            places += _lesson_place(trace, staged["file"], line)
            unseen = _unseen_name(trace, event["text"], places, staged["file"])
        else:
            checked[function] = _test_place(trace, file, line)
    test = event.get("test", "").partition("[")[0]
    last = next(reversed(checked.values()), None)
    return Problem(event["type"], event["text"] + unseen, tuple(places), checked.get(test, last))


def _unseen_name(trace: Trace, text: str, places: Sequence[Place], file: str) -> str:
    """Explain a name that the lesson defines but the package does not; else nothing."""
    missing = UNKNOWN_NAME.search(text)
    if missing is None or not places:
        return ""
    lesson = "\n".join(read_lines(trace.workspace.root / places[-1].file))
    target = file.replace("\\", "/")
    if missing[1] not in _names(lesson) - _names(trace.files.get(target, "")):
        return ""
    return (
        f"\n`{missing[1]}` is known in the lesson, but not in tinytorch/{target}: an exported cell "
        "finds only what the exported cells of that file import or define."
    )


def _names(source: str) -> set[str]:
    """What a file imports or defines at its top level; nothing if it is not valid Python."""
    import symtable  # here: rarely needed

    try:
        symbols = symtable.symtable(source, "lesson", "exec").get_symbols()
    except (SyntaxError, ValueError):
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def _lesson_place(trace: Trace, file: str, line: int) -> list[Place]:
    text = trace.files.get(file.replace("\\", "/"))
    mapped = lesson_line(text, line) if text is not None else None
    if text is None or mapped is None:
        return []  # an `__init__` file, which the student did not write
    return [Place(*mapped, text.split("\n")[line - 1])]


def _test_place(trace: Trace, file: str, line: int) -> Place:
    path = Path(file)
    source = read_lines(path)
    text = source[line - 1] if line <= len(source) else ""
    return Place(trace.workspace.shown(path), line, text)


def printed_in(trace: Trace, test_id: str) -> str:
    """What was printed while this test ran; only the end if it is long."""
    start = trace.run.output.find(f"{trace.token}{test_id}\n")
    if start < 0:
        return ""
    text = trace.run.output[start:].partition("\n")[2].partition(trace.token)[0].strip("\n")
    return text if len(text) <= PRINTED_LIMIT else f"[...]\n{text[-PRINTED_LIMIT:]}"


def stack_place(trace: Trace) -> Place | None:
    """The innermost line of a lesson in the stack that faulthandler wrote."""
    for match in STACK_LINE.finditer(trace.stack):
        staged = STAGED.search(match["file"])
        if staged:
            places = _lesson_place(trace, staged["file"], int(match["line"]))
            if places:
                return places[0]
    return None


def unfinished_test(trace: Trace) -> str | None:
    """The test that was running at the end."""
    started = trace.last("started")
    if started is None:
        return None
    done = any(event["id"] == started["id"] for event in trace.all("finished"))
    return None if done else str(started["id"])


def last_printed(trace: Trace) -> str:
    test = unfinished_test(trace)
    return printed_in(trace, test) if test else tail(trace)


def tail(trace: Trace) -> str:
    """The end of all that was printed, without the marks between the tests."""
    output = trace.run.output
    begin = max(0, len(output) - PRINTED_LIMIT // 2)
    line = output.rfind("\n", 0, begin) + 1
    if output.startswith(trace.token, line):
        begin = line  # of a mark that is cut in two, nobody would know what it is
    lines = output[begin:].splitlines()
    return "\n".join(line for line in lines if not line.startswith(trace.token)).strip("\n")

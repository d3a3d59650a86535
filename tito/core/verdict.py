"""From what the child process wrote down to a Report: what ran, and if it ended early, why.

The child is `tito/pytest_plugin.py`; its lines are believed only as far as they go. Pure, but for
the source lines of tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tito.core.lesson_file import read_source
from tito.core.marks import lesson_line
from tito.core.process import Event, RunResult
from tito.core.results import Cause, Place, Problem, Report, TestResult, stub_task
from tito.core.workspace import Workspace

STACK_LINE = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+)')
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


def read_report(evidence: Evidence) -> Report:
    tests = _tests(evidence)
    cause = _cause(evidence, tests)
    unfinished = _unfinished(evidence)
    if cause is not None and unfinished is not None:
        problem = Problem(cause.kind, cause.message, (cause.place,) if cause.place else ())
        module, name = _name_of(evidence, unfinished)
        printed = _printed(evidence, unfinished)
        tests.append(TestResult(module, name, "stopped", problem=problem, printed=printed))
    return Report(tuple(tests), cause, evidence.run.seconds)


# ------------------------------------------------------------------------------- single tests


def _tests(evidence: Evidence) -> list[TestResult]:
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
    problem = _problem(evidence, event)
    printed = _printed(evidence, event["id"])
    waits_for = stub_task(event["blank"])
    status = "skipped" if event["outcome"] == "skipped" else "blank" if waits_for else "wrong"
    return TestResult(module, name, status, waits_for, problem, seconds, printed)


def _problem(evidence: Evidence, event: Event) -> Problem:
    places: list[Place] = []
    test_place = None
    for file, line, _ in event["frames"]:
        staged = STAGED.search(file)
        if staged:
            places += _lesson_place(evidence, staged["file"], line)
        else:
            test_place = _test_place(evidence, file, line)
    return Problem(event["type"], event["text"], tuple(places), test_place)


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


def _printed(evidence: Evidence, test_id: str) -> str:
    """What was printed while this test ran, the end of it when it is much."""
    start = evidence.run.output.find(f"{evidence.token}{test_id}\n")
    if start < 0:
        return ""
    text = evidence.run.output[start:].partition("\n")[2].partition(evidence.token)[0].strip("\n")
    return text if len(text) <= PRINTED_LIMIT else f"[...]\n{text[-PRINTED_LIMIT:]}"


# --------------------------------------------------------------------- why a run ended early


def _cause(evidence: Evidence, tests: Sequence[TestResult]) -> Cause | None:
    """The first of these that applies. None: the tests ran, and speak for themselves."""
    reasons: tuple[Callable[[Evidence], Cause | None], ...] = (
        _flooded,
        _out_of_time,
        _machine_lacks,
        _import_failed,
        _process_ended,
        _tests_broken,
    )
    for reason in reasons:
        cause = reason(evidence)
        if cause is not None:
            return cause
    return _nothing_ran(evidence, tests)


def _flooded(evidence: Evidence) -> Cause | None:
    if not evidence.run.flooded:
        return None
    doing = _doing(evidence)
    text = f"{doing} printed more than 20 MB and was stopped. Does a print stand in a loop?"
    return Cause("flood", text, 1, _stack_place(evidence), printed=_tail(evidence))


def _out_of_time(evidence: Evidence) -> Cause | None:
    if not evidence.run.timed_out and not evidence.stack.startswith("Timeout"):
        return None
    doing, place = _doing(evidence), _stack_place(evidence)
    if not evidence.run.timed_out:
        text = f"{doing} was still running after {evidence.test_seconds:g} s and was stopped."
    else:
        text = (
            f"{doing} was stopped: all tests together took more than {evidence.run.seconds:.0f} s."
        )
    question = " Is this a loop that never ends?" if place else ""
    return Cause("time", text + question, 1, place, printed=_last_printed(evidence))


def _machine_lacks(evidence: Evidence) -> Cause | None:
    event = evidence.find("machine_lacks")
    if event is None:
        return None
    text = f"The tests cannot run: this Python has no working {event['package']}. {event['text']}."
    return Cause("machine", text, 3, hint=f"python -m pip install {event['package']}")


def _import_failed(evidence: Evidence) -> Cause | None:
    event = evidence.find("import_failed")
    if event is None:
        return None
    problem = _problem(evidence, event)
    if event["type"] == "SystemExit":
        text = "The lesson calls sys.exit() while it is imported, so nothing can be tested."
        return Cause("exit", text, 1, problem.place)
    if event["blank"]:
        text = f"{event['blank']!r} is still blank, but is called while the lesson is imported."
        return Cause("import", text, 1, problem.place)
    text = f"The lesson cannot be imported: {problem.type}: {problem.message}"
    return Cause("import", text, 1, problem.place)


def _process_ended(evidence: Evidence) -> Cause | None:
    if evidence.find("session_finished") is not None:
        return None
    code = evidence.run.returncode
    if evidence.find("ready") is None:
        text = f"The test process did not start (exit code {code})."
        return Cause("machine", text, 3, hint="tito doctor", printed=_tail(evidence))
    doing, place = _doing(evidence), _stack_place(evidence)
    if code is not None and (code < 0 or code > 0x8000_0000):
        name = _signal_name(code)
        text = f"{doing} crashed Python itself ({name}). Deep recursion, or too much memory?"
        return Cause("crash", text, 1, place, printed=_last_printed(evidence))
    text = f"{doing} ended the process (exit code {code}). Is there an os._exit() or a quit()?"
    return Cause("exit", text, 1, place, printed=_last_printed(evidence))


def _tests_broken(evidence: Evidence) -> Cause | None:
    event = evidence.find("collect_error")
    if event is None:
        finished = evidence.find("session_finished")
        if finished is not None and finished["code"] in (2, 3, 4):
            return _interrupted(evidence, int(finished["code"]))
        return None
    problem = _problem(evidence, event)
    file = _test_file(evidence, event["module"])
    if event["type"] in ("ImportError", "AttributeError") and "tinytorch" in event["text"]:
        text = f"The tests miss something that the lesson should define: {event['text']}"
        return Cause("missing", text, 1, problem.test_place)
    text = f"The test file cannot be used: {problem.type}: {problem.message}"
    place = problem.test_place or Place(file, 0)
    return Cause("tests", text, 3, place, hint="tito doctor --mend")


def _interrupted(evidence: Evidence, code: int) -> Cause:
    if code == 2:
        text = f"{_doing(evidence)} interrupted the test run (KeyboardInterrupt or pytest.exit)."
        return Cause("exit", text, 1, _stack_place(evidence))
    text = f"pytest could not run (exit code {code})."
    return Cause("machine", text, 3, hint="tito doctor", printed=_tail(evidence))


def _nothing_ran(evidence: Evidence, tests: Sequence[TestResult]) -> Cause | None:
    """A module without a single test that ran is not a module that passed."""
    for module, path in evidence.tests.items():
        mine = [test for test in tests if test.module == module]
        place = Place(evidence.workspace.shown(path), 0)
        if not mine:
            text = "The test file holds no test, so nothing is known about the lesson."
            return Cause("no tests", text, 3, place, hint="tito doctor --mend")
        skipped = [test.name for test in mine if test.status == "skipped"]
        if skipped and all(test.status in ("passed", "skipped") for test in mine):
            text = f"{skipped[0]} was skipped; a skip is not a pass."
            return Cause("skipped", text, 1, place)
    return None


# --------------------------------------------------------------------------------- small things


def _unfinished(evidence: Evidence) -> str | None:
    """The test that was running at the end."""
    started = evidence.last("started")
    if started is None:
        return None
    done = any(e["event"] == "finished" and e["id"] == started["id"] for e in evidence.events)
    return None if done else str(started["id"])


def _name_of(evidence: Evidence, test_id: str) -> tuple[str, str]:
    file, _, name = test_id.partition("::")
    for module, path in evidence.tests.items():
        if file.endswith(path.name):
            return module, name
    return "", name


def _doing(evidence: Evidence) -> str:
    """What the process was at, as the subject of a sentence."""
    test = _unfinished(evidence)
    if test is not None:
        return test.rpartition("::")[2]
    started = evidence.last("started") is not None
    importing = evidence.last("importing")
    if importing is not None and not started:
        return f"Importing {importing['module']}"
    return "The test run"


def _test_file(evidence: Evidence, module: str | None) -> str:
    path = evidence.tests.get(module or "") or next(iter(evidence.tests.values()))
    return evidence.workspace.shown(path)


def _stack_place(evidence: Evidence) -> Place | None:
    """The innermost line of a lesson in the stack that faulthandler left."""
    for match in STACK_LINE.finditer(evidence.stack):
        staged = STAGED.search(match["file"])
        if staged:
            places = _lesson_place(evidence, staged["file"], int(match["line"]))
            if places:
                return places[0]
    return None


def _signal_name(code: int) -> str:
    import signal

    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code & 0xFFFF_FFFF:#x}"


def _last_printed(evidence: Evidence) -> str:
    test = _unfinished(evidence)
    return _printed(evidence, test) if test else _tail(evidence)


def _tail(evidence: Evidence) -> str:
    return evidence.run.output[-PRINTED_LIMIT // 2 :].strip("\n")

"""Why a run ended as it did: the report of a run, with a cause where its tests cannot speak.

Pure: everything is read from the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tito.core.lesson.file import read_source
from tito.core.testing.evidence import (
    Evidence,
    last_printed,
    printed_in,
    problem_of,
    stack_place,
    tail,
    test_results,
    unfinished_test,
)
from tito.core.testing.results import Cause, Place, Problem, Report, TestResult

MISSING_NAME = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<target>tinytorch[\w.]*)'")


def read_report(evidence: Evidence) -> Report:
    tests = test_results(evidence)
    cause = _cause(evidence, tests)
    unfinished = unfinished_test(evidence)
    if cause is not None and unfinished is not None:
        problem = Problem(cause.kind, cause.message, (cause.place,) if cause.place else ())
        module, _, name = unfinished.partition("::")
        printed = printed_in(evidence, unfinished)
        tests.append(TestResult(module, name, "stopped", problem=problem, printed=printed))
    return Report(tuple(tests), cause, evidence.run.seconds)


def _cause(evidence: Evidence, tests: Sequence[TestResult]) -> Cause | None:
    """The first of these that applies. None: the tests ran, and speak for themselves."""
    reasons: tuple[Callable[[Evidence], Cause | None], ...] = (
        _flooded,
        _out_of_time,
        _machine_lacks,
        _import_failed,
        _process_ended,
        _tests_broken,
        _cut_short,
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
    return Cause("flood", text, 1, stack_place(evidence), printed=tail(evidence))


def _out_of_time(evidence: Evidence) -> Cause | None:
    if not evidence.run.timed_out and not evidence.stack.startswith("Timeout"):
        return None
    doing, place = _doing(evidence), stack_place(evidence)
    if not evidence.run.timed_out:
        text = f"{doing} was still running after {evidence.test_seconds:g} s and was stopped."
    else:
        text = (
            f"{doing} was stopped: all tests together took more than {evidence.run.seconds:.0f} s."
        )
    question = " Is this a loop that never ends?" if place else ""
    return Cause("time", text + question, 1, place, printed=last_printed(evidence))


def _machine_lacks(evidence: Evidence) -> Cause | None:
    event = evidence.find("machine_lacks")
    if event is None:
        return None
    from tito.workflows.doctor_machine import pip_install  # here: slow to import, and rarely needed

    text = f"The tests cannot run: this Python has no working {event['package']}. {event['text']}."
    return Cause("machine", text, 3, hint=pip_install(event["package"]))


def _import_failed(evidence: Evidence) -> Cause | None:
    event = evidence.find("import_failed")
    if event is None:
        return None
    problem = problem_of(evidence, event)
    if event["type"] == "SystemExit":
        text = "The lesson calls sys.exit() while it is imported, so nothing can be tested."
        return Cause("exit", text, 1, problem.place)
    if event["blank"]:
        text = f"{event['blank']!r} is still blank, but is called while the lesson is imported."
        return Cause("import", text, 1, problem.place)
    if (missing := MISSING_NAME.match(event["text"])) is not None:
        place = problem.place or _lesson_file(evidence, event["module"])
        return Cause("import", _undefined(missing), 1, place)
    error = f"{problem.type}: {problem.message}"
    edited = _edited_module(evidence, problem.place)
    if edited is not None:
        text = f"What tinytorch/ holds of {edited} is not its lesson, and fails: {error}"
        return Cause("import", text, 1, problem.place, hint=f"tito module complete {edited[:2]}")
    return Cause("import", f"The lesson cannot be imported: {error}", 1, problem.place)


def _undefined(missing: re.Match[str]) -> str:
    """Python's own words name a staged file that is gone when they are read."""
    return (
        f"No exported cell defines {missing['name']!r}, which is imported from "
        f"{missing['target']}. Is the name misspelled, or is its '#| export' line gone?"
    )


def _lesson_file(evidence: Evidence, name: str | None) -> Place | None:
    found = (module for module in evidence.workspace.modules if module.name == name)
    return next((Place(evidence.workspace.shown(module.lesson), 0) for module in found), None)


def _edited_module(evidence: Evidence, place: Place | None) -> str | None:
    """The module whose lesson does not have the line that failed: somebody edited tinytorch/."""
    if place is None or not place.file.startswith("modules/"):
        return None
    lesson = read_source(evidence.workspace.root / place.file)
    line = lesson[place.line - 1] if place.line <= len(lesson) else ""
    return place.file.split("/")[1] if line.rstrip() != place.source.rstrip() else None


def _process_ended(evidence: Evidence) -> Cause | None:
    if evidence.find("session_finished") is not None:
        return None
    code = evidence.run.returncode
    if evidence.find("ready") is None:
        text = f"The test process did not start (exit code {code})."
        return Cause("machine", text, 3, hint="tito doctor", printed=tail(evidence))
    doing, place = _doing(evidence), stack_place(evidence)
    if code is not None and (code < 0 or code > 0x8000_0000):
        name = _signal_name(code)
        text = f"{doing} crashed Python itself ({name}). Deep recursion, or too much memory?"
        return Cause("crash", text, 1, place, printed=last_printed(evidence))
    text = f"{doing} ended the process (exit code {code}). Is there an os._exit() or a quit()?"
    return Cause("exit", text, 1, place, printed=last_printed(evidence))


def _tests_broken(evidence: Evidence) -> Cause | None:
    event = evidence.find("collect_error")
    if event is None:
        finished = evidence.find("session_finished")
        if finished is not None and finished["code"] in (2, 3, 4):
            return _interrupted(evidence, int(finished["code"]))
        return None
    problem = problem_of(evidence, event)
    file = _test_file(evidence, event["module"])
    if (missing := MISSING_NAME.match(event["text"])) is not None:
        place = _lesson_file(evidence, event["module"]) or problem.test_place
        return Cause("missing", _undefined(missing), 1, place)
    if event["type"] in ("ImportError", "AttributeError") and "tinytorch" in event["text"]:
        text = f"The tests miss something that the lesson should define: {event['text']}"
        return Cause("missing", text, 1, problem.test_place)
    text = f"The test file cannot be used: {problem.type}: {problem.message}"
    place = problem.test_place or Place(file, 0)
    return Cause("tests", text, 3, place, hint="tito doctor --mend")


def _interrupted(evidence: Evidence, code: int) -> Cause:
    if code == 2:
        text = f"{_doing(evidence)} interrupted the test run (KeyboardInterrupt or pytest.exit)."
        return Cause("exit", text, 1, stack_place(evidence))
    text = f"pytest could not run (exit code {code})."
    return Cause("machine", text, 3, hint="tito doctor", printed=tail(evidence))


def _cut_short(evidence: Evidence) -> Cause | None:
    """pytest.exit() ends a run with any exit code that it is told, 0 too."""
    collected = evidence.find("collected")
    finished = {event["id"] for event in evidence.events if event["event"] == "finished"}
    expected = collected["tests"] if collected is not None else []
    if all(f"{module}::{name}" in finished for module, name in expected):
        return None
    return _interrupted(evidence, 2)


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


def _doing(evidence: Evidence) -> str:
    """What the process was at, as the subject of a sentence."""
    test = unfinished_test(evidence)
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


def _signal_name(code: int) -> str:
    import signal

    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code & 0xFFFF_FFFF:#x}"

"""Read a run's trace into a report, with a cause if the run ended without test results.

Pure functions: everything is read from the trace. `ending` says what each ending means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tito.core.child_output import Event
from tito.core.files import read_lines
from tito.core.testing.ending import Ending
from tito.core.testing.results import Cause, Place, Problem, Report, TestResult, TestStatus
from tito.core.testing.trace import (
    Trace,
    last_printed,
    printed_in,
    problem_of,
    stack_place,
    tail,
    test_results,
    unfinished_test,
)
from tito.core.words import module_number

NO_MEMORY = "OpenBLAS error: Memory allocation"  # it prints this, and ends the process
MISSING_NAME = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<target>tinytorch[\w.]*)'")
FROM_OUTSIDE = ("SIGINT", "SIGKILL", "SIGTERM")  # code does not do this by mistake


def read_report(trace: Trace) -> Report:
    tests = test_results(trace)
    cause = _cause(trace, tests)
    unfinished = unfinished_test(trace)
    if cause is not None and unfinished is not None:
        problem = Problem(cause.kind, cause.message, (cause.place,) if cause.place else ())
        module, _, name = unfinished.partition("::")
        printed = printed_in(trace, unfinished)
        stopped = TestStatus.STOPPED
        tests.append(TestResult(module, name, stopped, problem=problem, printed=printed))
    return Report(tuple(tests), cause, trace.run.seconds)


def _cause(trace: Trace, tests: Sequence[TestResult]) -> Cause | None:
    """The first cause that applies; None if the tests ran, so that their results count."""
    reasons: tuple[Callable[[Trace], Cause | None], ...] = (
        _flooded,
        _out_of_time,
        _machine_lacks,
        _import_failed,
        _process_ended,
        _tests_broken,
        _cut_short,
    )
    for reason in reasons:
        cause = reason(trace)
        if cause is not None:
            return cause
    return _nothing_ran(trace, tests)


def _flooded(trace: Trace) -> Cause | None:
    if not trace.run.flooded:
        return None
    return Ending.FLOOD.cause(
        stack_place(trace),
        printed=tail(trace),
        doing=_doing(trace),
        limit=trace.run.output_limit // 1_000_000,
    )


def _out_of_time(trace: Trace) -> Cause | None:
    if not trace.run.timed_out and not trace.stack.startswith("Timeout"):
        return None
    place, run = stack_place(trace), trace.run
    ending = Ending.TIME_OF_ALL if run.timed_out else Ending.TIME
    return ending.cause(
        place,
        printed=last_printed(trace),
        more=" Is this a loop that never ends?" if place else "",
        doing=_doing(trace),
        seconds=run.seconds if run.timed_out else trace.test_seconds,
    )


def _machine_lacks(trace: Trace) -> Cause | None:
    event = trace.first("machine_lacks")
    if event is None:
        return None
    from tito.core.python import pip_install  # here: rarely needed

    package = str(event["package"])
    return Ending.NO_PACKAGE.cause(
        hint=pip_install(str(event.get("wanted", package))), package=package, error=event["text"]
    )


def _import_failed(trace: Trace) -> Cause | None:
    event = trace.first("import_failed")
    if event is None:
        return None
    problem = problem_of(trace, event)
    if event["type"] == SystemExit.__name__:
        return Ending.SYSTEM_EXIT.cause(problem.place)
    if event["blank"]:
        return Ending.BLANK_AT_IMPORT.cause(problem.place, task=event["blank"])
    if (missing := MISSING_NAME.match(event["text"])) is not None:
        place = problem.place or _lesson_file(trace, event["module"])
        return Ending.UNDEFINED_AT_IMPORT.cause(place, undefined=_undefined(missing))
    if (beside := _file_beside(trace, event)) is not None:
        return Ending.BESIDE.cause(problem.place, file=beside)
    error = f"{problem.type}: {problem.message}"
    edited = _edited_module(trace, problem.place)
    if edited is not None:
        hint = f"tito module complete {module_number(edited)}"
        return Ending.EDITED_PACKAGE.cause(problem.place, hint=hint, module=edited, error=error)
    return Ending.IMPORT.cause(problem.place, error=error)


def _undefined(missing: re.Match[str]) -> str:
    """Python's own message would name a staged file that no longer exists."""
    return (
        f"No exported cell defines {missing['name']!r}, which is imported from "
        f"{missing['target']}. Is the name misspelled, or is its '#| export' line gone?"
    )


def _file_beside(trace: Trace, event: Event) -> str | None:
    """The file beside the lesson that it tried to import, which its own run finds."""
    missing = re.match(r"No module named '(\w+)'", event["text"])
    module = trace.workspace.module(event["module"])
    if missing is None or module is None:
        return None
    file = module.folder / f"{missing[1]}.py"
    return trace.workspace.shown(file) if file.is_file() else None


def _lesson_file(trace: Trace, name: str | None) -> Place | None:
    module = trace.workspace.module(name or "")
    return Place(trace.workspace.shown(module.lesson), 0) if module else None


def _edited_module(trace: Trace, place: Place | None) -> str | None:
    """The module whose lesson lacks the line that failed: somebody edited tinytorch/."""
    if place is None or not place.file.startswith("modules/"):
        return None
    lesson = read_lines(trace.workspace.root / place.file)
    line = lesson[place.line - 1] if place.line <= len(lesson) else ""
    return place.file.split("/")[1] if line.rstrip() != place.source.rstrip() else None


def _process_ended(trace: Trace) -> Cause | None:
    if trace.first("session_finished") is not None:
        return None
    code = trace.run.returncode
    if trace.first("ready") is None:
        return Ending.NO_START.cause(hint="tito doctor", printed=tail(trace), code=code)
    printed, doing = last_printed(trace), _doing(trace)
    if code is not None and (code < 0 or code > 0x8000_0000):
        name = _signal_name(code)
        ending = Ending.KILLED if name in FROM_OUTSIDE else Ending.CRASH
        return ending.cause(stack_place(trace), printed=printed, doing=doing, signal=name)
    ending = Ending.MEMORY if NO_MEMORY in trace.run.output else Ending.PROCESS_EXIT
    return ending.cause(stack_place(trace), printed=printed, doing=doing, code=code)


def _tests_broken(trace: Trace) -> Cause | None:
    event = trace.first("collect_error")
    if event is None:
        finished = trace.first("session_finished")
        if finished is not None and finished["code"] in (2, 3, 4):
            return _interrupted(trace, int(finished["code"]))
        return None
    problem = problem_of(trace, event)
    if (missing := MISSING_NAME.match(event["text"])) is not None:
        place = _lesson_file(trace, event["module"]) or problem.test_place
        return Ending.UNDEFINED.cause(place, undefined=_undefined(missing))
    if event["type"] in ("ImportError", "AttributeError") and "tinytorch" in event["text"]:
        return Ending.MISSING.cause(problem.test_place, error=event["text"])
    place = problem.test_place or Place(_test_file(trace, event["module"]), 0)
    error = f"{problem.type}: {problem.message}"
    return Ending.TESTS_BROKEN.cause(place, hint=trace.workspace.judge_repair, error=error)


def _interrupted(trace: Trace, code: int) -> Cause:
    if code == 2:
        return Ending.INTERRUPT.cause(stack_place(trace), doing=_doing(trace))
    return Ending.PYTEST.cause(hint="tito doctor", printed=tail(trace), code=code)


def _cut_short(trace: Trace) -> Cause | None:
    """Notice a run that ended before its last test: pytest.exit() may use any code, even 0."""
    collected = trace.first("collected")
    finished = {event["id"] for event in trace.all("finished")}
    expected = collected["tests"] if collected is not None else []
    if all(f"{module}::{name}" in finished for module, name in expected):
        return None
    return _interrupted(trace, 2)


def _nothing_ran(trace: Trace, tests: Sequence[TestResult]) -> Cause | None:
    """Notice a module in which no test ran, or not every one: that is not a pass."""
    for module, path in trace.tests.items():
        mine = [test for test in tests if test.module == module]
        place = Place(trace.workspace.shown(path), 0)
        if not mine and not trace.listed[module].missing(()):
            return Ending.NO_TESTS.cause(place, hint=trace.workspace.judge_repair)
        left_out = trace.listed[module].missing({test.name.partition("[")[0] for test in mine})
        if left_out:
            return Ending.LEFT_OUT.cause(place, test=left_out[0])
        skipped = [test.name for test in mine if test.status is TestStatus.SKIPPED]
        harmless = (TestStatus.PASSED, TestStatus.SKIPPED)
        if skipped and all(test.status in harmless for test in mine):
            return Ending.SKIPPED.cause(place, test=skipped[0])
    return None


def _doing(trace: Trace) -> str:
    """What the process was doing, as the subject of a sentence."""
    test = unfinished_test(trace)
    if test is not None:
        return test.rpartition("::")[2]
    started = trace.last("started") is not None
    importing = trace.last("importing")
    if importing is not None and not started:
        return f"Importing {importing['module']}"
    return "The test run"


def _test_file(trace: Trace, module: str | None) -> str:
    path = trace.tests.get(module or "") or next(iter(trace.tests.values()))
    return trace.workspace.shown(path)


def _signal_name(code: int) -> str:
    import signal

    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code & 0xFFFF_FFFF:#x}"

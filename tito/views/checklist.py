"""How a test run is shown: pure functions from results to lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tito.core.console import Symbols
from tito.core.outcome import Fault
from tito.core.testing.results import (
    ASSERTION,
    Cause,
    Checklist,
    Place,
    Problem,
    TaskResult,
    TaskState,
    TestResult,
    TestStatus,
)
from tito.core.words import counted, module_number
from tito.views.lines import Line, show_lines
from tito.views.remarks import gone_lines, remark_lines

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Block
    from tito.workflows.complete import Completion
    from tito.world import World

STYLES = {
    TaskState.DONE: "green",
    TaskState.WRONG: "red",
    TaskState.STOPPED: "red",
    TaskState.WAITING: "dim",
}
STATE_TEXT = {
    TaskState.BLANK: "still blank",
    TaskState.STOPPED: "the run was stopped here",
    TaskState.SKIPPED: "skipped, so not tested",
    TaskState.NOT_RUN: "not run",
}
TITLE_WIDTH = 36
MESSAGE_LINES = 16
PRINTED_LINES = 12
PRINTED_WIDTH = 120
# NumPy's functions that make float64 when no dtype is given, and a message about that.
MAKES_FLOAT64 = re.compile(
    r"\bnp\.(zeros|ones|full|empty|eye|identity|linspace)\((?!.*(?:dtype|[\"']|float32|int))"
)
GAVE_FLOAT64 = re.compile(r"\bfloat64\b(?s:.){0,60}\bfloat32\b")
MESSAGE_ONLY = (ASSERTION, "Failed")  # `assert` and `pytest.fail`: the type says nothing more


def show_checklist(world: World, found: Checklist, *, verbose: bool = False) -> None:
    """Print the checklist, the details of the first thing that is wrong, and the summary.

    `verbose` details every wrong test, with pytest's expansion of its assertion.
    """
    show_lines(world.console, checklist_lines(found, world.symbols))
    show_lines(world.console, gone_lines(found))
    show_lines(world.console, all_details(found) if verbose else detail_lines(found))
    show_lines(world.console, remark_lines(found))
    if any(result.state is not TaskState.NOT_RUN for result in found.tasks):
        world.say(summary(found))


def checklist_lines(found: Checklist, symbols: Symbols) -> list[Line]:
    """The tasks of a module, one line each."""
    lines: list[Line] = [(f"Module {found.module}: {found.title}", "bold"), ("", "")]
    if all(result.state is TaskState.NOT_RUN for result in found.tasks):
        return lines  # nothing is known about any task: show the cause alone
    lines += [task_line(result, symbols) for result in found.tasks]
    loose = [test for test in found.rest if test.status is not TestStatus.PASSED]
    lines += [loose_line(test, symbols) for test in loose]
    return [*lines, ("", "")]


def loose_line(test: TestResult, symbols: Symbols) -> Line:
    """A test whose task has lost its heading. Here too, blank is not wrong."""
    state = TaskState.BLANK if test.status is TestStatus.BLANK else TaskState.WRONG
    return f"  {sign_of(state, symbols)} {'':<5} {test.name}", STYLES.get(state, "")


def sign_of(state: TaskState, symbols: Symbols) -> str:
    return {
        TaskState.DONE: symbols.done,
        TaskState.WRONG: symbols.wrong,
        TaskState.STOPPED: symbols.wrong,
        TaskState.BLANK: symbols.blank,
    }.get(state, symbols.waiting)


def task_line(result: TaskResult, symbols: Symbols) -> Line:
    title = result.task.title
    if len(title) > TITLE_WIDTH:
        title = f"{title[: TITLE_WIDTH - 3]}..."
    sign = sign_of(result.state, symbols)
    text = f"  {sign} {result.task.number:<5} {title:<{TITLE_WIDTH}}  {in_words(result)}"
    return text.rstrip(), STYLES.get(result.state, "")


def in_words(result: TaskResult) -> str:
    total = counted(len(result.tests), "test")
    if result.state is TaskState.WRONG:
        return f"wrong: {result.passed} of {total} pass"
    if result.state is TaskState.DONE:
        return f"done, {total}"
    if result.state is TaskState.WAITING:
        return f"waits for task {result.waits_for}"
    return STATE_TEXT[result.state]


def detail_lines(found: Checklist) -> list[Line]:
    """The first thing to look at: the first wrong test, and why the run ended early."""
    cause = found.report.cause
    if cause is not None:
        before = wrong_before(found, cause)
        return [*(failure_of(found, before[0]) if before else []), *cause_lines(cause)]
    wrong = found.first_wrong
    return blank_lines(found) if wrong is None else failure_of(found, wrong)


def wrong_before(found: Checklist, cause: Cause) -> list[TestResult]:
    """The wrong tests of a run that the student's code ended: what they said still holds."""
    if cause.fault is not Fault.STUDENT:
        return []
    return [test for test in found.report.of(found.module) if test.status is TestStatus.WRONG]


def all_details(found: Checklist) -> list[Line]:
    """Every wrong test; why the run ended early, where it did."""
    cause = found.report.cause
    tests = [test for test in found.report.tests if test.status is TestStatus.WRONG]
    if cause is not None:
        tests = wrong_before(found, cause)
    if not tests:
        return detail_lines(found)
    lines = [line for test in tests for line in failure_of(found, test, verbose=True)]
    return [*lines, *(cause_lines(cause) if cause is not None else [])]


def failure_of(found: Checklist, test: TestResult, *, verbose: bool = False) -> list[Line]:
    """One failing test of this run."""
    answers = answers_to(found, test)
    more = [(f"  {text}", "red") for text in slips(found, test, answers)]
    return failure_lines(test, found.file, answers, verbose=verbose, more=more)


def slips(found: Checklist, test: TestResult, answers: Sequence[Block]) -> Iterator[str]:
    """The commonest slips, where the answer has one and the test's message does not say so."""
    told = test.problem.text if test.problem else ""
    if test.task in found.remarks.returnless and "`return`" not in told:
        yield "A value is not returned: is the `return` missing?"
    lines = [line for b in answers for line in found.lesson.lines[b.begin : b.end - 1]]
    made = next((made for line in lines if (made := MAKES_FLOAT64.search(line))), None)
    if made and GAVE_FLOAT64.search(told):
        yield f"np.{made[1]} makes float64: give it dtype=x.dtype, the dtype of what came in."


def blank_lines(found: Checklist) -> list[Line]:
    """Where to go on when nothing is wrong: the first blank task."""
    task = found.first_open.task if found.first_open else None
    if task is None or not task.blocks:
        return []
    return [(f"{task.label} is next: {found.file}:{task.blocks[0].begin}", ""), ("", "")]


def answers_to(found: Checklist, test: TestResult) -> tuple[Block, ...]:
    """Where the answers to a test's task are in the lesson."""
    tasks = (result.task for result in found.tasks)
    return next((task.blocks for task in tasks if task.number == test.task), ())


def cause_lines(cause: Cause) -> list[Line]:
    place = cause.place
    return [
        *message_lines(cause.message, "bold red"),
        *(place_lines("at", place) if place else []),
        *printed_lines(cause.printed),
        ("", ""),
    ]


def failure_lines(
    test: TestResult,
    file: str = "",
    answers: Sequence[Block] = (),
    *,
    verbose: bool = False,
    more: Sequence[Line] = (),
) -> list[Line]:
    """One failing test: its message, where to look in the lesson `file`, what was printed.

    `more` follows the message.
    """
    task = f"Task {test.task}, " if test.task else ""
    lines: list[Line] = [(f"{task}{test.name}", "bold")]
    if test.problem is None:
        return [*lines, ("", "")]
    problem = problem_lines(test.problem, verbose=verbose)
    lines += [*((f"  {text}", style) for text, style in problem), *more]
    lines += where_lines(test.problem, file, answers)
    return [*lines, *printed_lines(test.printed), ("", "")]


def problem_lines(problem: Problem, *, verbose: bool = False) -> list[Line]:
    """The message; pytest's expansion follows only if it is asked for."""
    named = problem.type in MESSAGE_ONLY or problem.message == problem.type
    lines = message_lines(problem.message if named else f"{problem.type}: {problem.message}", "red")
    if verbose:
        lines += message_lines(problem.expansion, "dim")
    return lines


def message_lines(text: str, style: str) -> list[Line]:
    """The lines of a message, at most a screenful: it may contain a large array."""
    lines = text.splitlines()
    if len(lines) > MESSAGE_LINES:
        more = len(lines) - MESSAGE_LINES
        lines = [*lines[:MESSAGE_LINES], f"[{counted(more, 'more line')}]"]
    return [(line, style) for line in lines]


def where_lines(problem: Problem, file: str, answers: Sequence[Block]) -> list[Line]:
    """The line of the answer, and the line that raised the error; for a wrong value, the answer.

    An error may be raised in another lesson, long after the answer has returned: the answer is
    named then too, because that is where to look.
    """
    lines: list[Line] = []
    places = problem.places
    own = [p for p in places if p.file == file and any(b.begin <= p.line <= b.end for b in answers)]
    if own:
        lines += place_lines("in", own[-1])
    elif answers:
        word = "your answer:" if len(answers) == 1 else "your answers:"
        begins = ", ".join(str(block.begin + 1) for block in answers)
        lines.append((f"  {word} {file}:{begins}", "cyan"))
    if places and not (own and own[-1] is places[-1]):
        lines += place_lines("raised in" if answers else "in", places[-1])
    if problem.test_place is not None:
        lines.append((f"  checked by {problem.test_place}", "dim"))
    return lines


def place_lines(word: str, place: Place) -> list[Line]:
    if not place.line:
        return [(f"  {word} {place.file}", "")]
    lines: list[Line] = [(f"  {word} {place}", "cyan")]
    if place.source.strip():
        lines.append((f"  {place.line:>6} | {place.source.rstrip()}", ""))
    return lines


def printed_lines(text: str) -> list[Line]:
    if not text.strip():
        return []
    lines = (line[:PRINTED_WIDTH] for line in text.splitlines()[-PRINTED_LINES:])
    return [("  It printed:", "dim"), *((f"    {line}", "dim") for line in lines)]


def broken_lines(result: Completion) -> list[Line]:
    """The later modules whose tests no longer pass, and why nothing was exported."""
    modules = list(dict.fromkeys(test.module for test in result.broken))
    if not modules or result.checklist.report.cause is not None:
        return []
    verb, passes = ("builds", "passes") if len(modules) == 1 else ("build", "pass")
    names = ", ".join(modules)
    lines: list[Line] = [
        (f"{names} {verb} on this module and no longer {passes} with your change.", "bold red"),
        ("", ""),
    ]
    return lines + failure_lines(result.broken[0])


def next_command(found: Checklist) -> tuple[str, str]:
    """What to type next, and why."""
    number = module_number(found.module)
    cause, task = found.report.cause, found.first_open
    if cause is not None and cause.hint:
        return cause.hint, ""
    loose_is_wrong = any(test.status is TestStatus.WRONG for test in found.rest)
    if cause is not None or (loose_is_wrong and task is None):
        return f"tito module test {number}", "when you have fixed it"
    if found.report.has_passed or found.count(TaskState.DONE) == len(found.tasks):
        return f"tito module complete {number}", "every task is done"
    if task is not None and task.state is TaskState.BLANK:
        return f"tito module hint {number}", f"a nudge for task {task.task.number}"
    return f"tito module hint {number}", "a hint for the first task that is wrong"


def summary(found: Checklist) -> str:
    """`3 of 8 tasks done, 1 wrong, 4 blank`."""
    done = f"{found.count(TaskState.DONE)} of {counted(len(found.tasks), 'task')} done"
    judged = " (judged)" if found.report.judged else ""
    return ", ".join([done + judged, *other_counts(found)]) + f" ({found.report.seconds:.1f} s)"


def other_counts(found: Checklist) -> Iterator[str]:
    for state in TaskState:
        if state is not TaskState.DONE and found.count(state):
            yield f"{found.count(state)} {state}"

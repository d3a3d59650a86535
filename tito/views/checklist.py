"""What a test run looks like: pure functions from results to lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tito.core.console import Symbols
from tito.core.testing.results import Cause, Checklist, Place, Problem, TaskState, TestResult
from tito.core.words import counted
from tito.views.lines import Line, show_lines
from tito.views.remarks import remark_lines
from tito.workflows.complete import Completion

if TYPE_CHECKING:
    from tito.commands.base import BaseCommand
    from tito.core.lesson.lesson import Block

STYLES = {"done": "green", "wrong": "red", "stopped": "red", "blank": "", "waiting": "dim"}
TITLE_WIDTH = 36
MESSAGE_LINES = 16
PRINTED_LINES = 12
PRINTED_WIDTH = 120
SPEAKING = ("AssertionError", "Failed")  # what a test says: `assert`, and `pytest.fail`


def show_checklist(command: BaseCommand, found: Checklist) -> None:
    """Print the checklist, the details of the first thing that is wrong, and the sum."""
    show_lines(command, checklist_lines(found, command.world.symbols))
    show_lines(command, detail_lines(found))
    show_lines(command, remark_lines(found))
    if any(state.state != "not run" for state in found.tasks):
        command.say(summary(found))


def checklist_lines(found: Checklist, symbols: Symbols) -> list[Line]:
    """The tasks of a module, one line each."""
    lines: list[Line] = [(f"Module {found.module}: {found.title}", "bold"), ("", "")]
    if all(state.state == "not run" for state in found.tasks):
        return lines  # nothing is known of any task: the cause alone is worth reading
    lines += [task_line(state, symbols) for state in found.tasks]
    loose = [test for test in found.rest if test.status != "passed"]
    lines += [loose_line(test, symbols) for test in loose]
    return [*lines, ("", "")]


def loose_line(test: TestResult, symbols: Symbols) -> Line:
    """A test whose task has lost its heading: blank is not wrong there either."""
    blank = test.status == "blank"
    sign = symbols.blank if blank else symbols.wrong
    return f"  {sign} {'':<5} {test.name}", STYLES["blank" if blank else "wrong"]


def task_line(state: TaskState, symbols: Symbols) -> Line:
    sign = {
        "done": symbols.done,
        "wrong": symbols.wrong,
        "stopped": symbols.wrong,
        "blank": symbols.blank,
    }.get(state.state, symbols.waiting)
    title = state.task.title
    if len(title) > TITLE_WIDTH:
        title = f"{title[: TITLE_WIDTH - 3]}..."
    text = f"  {sign} {state.task.number:<5} {title:<{TITLE_WIDTH}}  {said_of(state)}"
    return text.rstrip(), STYLES.get(state.state, "")


def said_of(state: TaskState) -> str:
    total = len(state.tests)
    if state.state == "wrong":
        return f"wrong: {state.passed} of {counted(total, 'test')} pass"
    return {
        "done": f"done, {counted(total, 'test')}",
        "blank": "still blank",
        "waiting": f"waits for task {state.waits_for}",
        "stopped": "the run was stopped here",
        "skipped": "skipped, so not known",
    }.get(state.state, "not run")


def detail_lines(found: Checklist) -> list[Line]:
    """The first thing to look at: why the run ended early, else the first wrong test."""
    cause, wrong = found.report.cause, found.first_wrong
    if cause is not None:
        return cause_lines(cause)
    if wrong is None:
        return blank_lines(found)
    return failure_lines(wrong, found.file, answers_to(found, wrong))


def blank_lines(found: Checklist) -> list[Line]:
    """Nothing is wrong: where to go on writing."""
    state = found.first_open
    if state is None or not state.task.blocks:
        return []
    return [
        (f"{state.task.label} is next: {found.file}:{state.task.blocks[0].begin}", ""),
        ("", ""),
    ]


def answers_to(found: Checklist, test: TestResult) -> tuple[Block, ...]:
    """Where the answers to a test's task stand in the lesson."""
    tasks = (state.task for state in found.tasks)
    return next((task.blocks for task in tasks if task.number == test.task), ())


def cause_lines(cause: Cause) -> list[Line]:
    place = cause.place
    return [
        *message_lines(cause.message, "bold red"),
        *(place_lines("at", place) if place else []),
        *printed_lines(cause.printed),
        ("", ""),
    ]


def failure_lines(test: TestResult, file: str = "", answers: Sequence[Block] = ()) -> list[Line]:
    """One failing test: what it said, where to look in the lesson `file`, what was printed."""
    task = f"Task {test.task}, " if test.task else ""
    lines: list[Line] = [(f"{task}{test.name}", "bold")]
    if test.problem is None:
        return [*lines, ("", "")]
    lines += [(f"  {text}", style) for text, style in problem_lines(test.problem)]
    lines += where_lines(test.problem, file, answers)
    return [*lines, *printed_lines(test.printed), ("", "")]


def problem_lines(problem: Problem) -> list[Line]:
    named = problem.type in SPEAKING or problem.message == problem.type
    lines = message_lines(problem.message if named else f"{problem.type}: {problem.message}", "red")
    if problem.type == "AssertionError":
        lines += message_lines(problem.expansion, "dim")
    return lines


def message_lines(text: str, style: str) -> list[Line]:
    """At most a screenful; a whole array has no place in a message."""
    lines = text.splitlines()
    if len(lines) > MESSAGE_LINES:
        more = len(lines) - MESSAGE_LINES
        lines = [*lines[:MESSAGE_LINES], f"[{counted(more, 'more line')}]"]
    return [(line, style) for line in lines]


def where_lines(problem: Problem, file: str, answers: Sequence[Block]) -> list[Line]:
    """The line of the answer, and where that led to. A wrong value is raised by neither.

    An error may come out of another lesson, long after the answer has returned: the answer is
    named then too, for that is where to look.
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
    """Later modules whose tests no longer pass: why nothing was exported."""
    modules = list(dict.fromkeys(test.module for test in result.broken))
    if not modules or result.checklist.report.cause is not None:
        return []
    verb = "builds" if len(modules) == 1 else "build"
    names = ", ".join(modules)
    lines: list[Line] = [
        (f"{names} {verb} on this, and no longer passes with the change.", "bold red"),
        ("", ""),
    ]
    return lines + failure_lines(result.broken[0])


def next_command(found: Checklist) -> tuple[str, str]:
    """What to type next, and why."""
    number = found.module[:2]
    cause = found.report.cause
    if cause is not None:
        if cause.hint:
            return cause.hint, ""
        return f"tito module test {number}", "when you have mended it"
    if any(test.status == "wrong" for test in found.rest) and found.first_open is None:
        return f"tito module test {number}", "when you have mended it"
    if found.report.outcome == "passed" or all(s.state == "done" for s in found.tasks):
        return f"tito module complete {number}", "every task is done"
    task = found.first_open
    if task is not None and task.state == "blank":
        return f"tito module hint {number}", f"a nudge for task {task.task.number}"
    return f"tito module hint {number}", "a hint for the first that is wrong"


def summary(found: Checklist) -> str:
    """`3 of 8 tasks done, 1 wrong, 4 blank`."""
    parts = [f"{found.count('done')} of {counted(len(found.tasks), 'task')} done"]
    for state, word in (
        ("wrong", "wrong"),
        ("stopped", "stopped"),
        ("blank", "blank"),
        ("waiting", "waiting"),
        ("skipped", "skipped"),
        ("not run", "not run"),
    ):
        if found.count(state):
            parts.append(f"{found.count(state)} {word}")
    return ", ".join(parts) + f" ({found.report.seconds:.1f} s)"

"""What a run means, and how it is shown: pure functions on made-up runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tito.core.console import ASCII, UNICODE
from tito.core.errors import TitoError
from tito.core.lesson.lesson import Block, Lesson
from tito.core.outcome import Fault
from tito.core.testing.results import (
    Cause,
    Checklist,
    Place,
    Problem,
    Report,
    TestResult,
    TestStatus,
    checklist,
    stub_task,
)
from tito.views import checklist as view
from tito.views.lines import Line
from tito.views.one_task import task_in, task_lines

LESSON = Lesson(
    """\
# %% [markdown]
# # Module 01: Tensor

# %%
#| default_exp tensor

# %% [markdown]
# ## Task 1.1: numbers in

# %%
#| export
def a():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% [markdown]
# ## Task 1.2: a title that is much too long to stand in one line of a checklist

# %%
#| export
def b():
    ### BEGIN SOLUTION
    raise NotImplementedError("Task 1.2: b")
    ### END SOLUTION

# %% [markdown]
# ## Task 1.10: the last

# %%
#| export
def c():
    ### BEGIN SOLUTION
    return b()
    ### END SOLUTION
""",
    "modules/01_tensor/tensor.py",
)

Details = Callable[[Checklist], list[Line]]
WRONG = Problem("AssertionError", "f(1) is 3\nassert 3 == 2", test_place=Place("test_tensor.py", 7))


def made(name: str, status: str = "passed", **more: object) -> TestResult:
    return TestResult("01_tensor", name, TestStatus(status), **more)  # type: ignore[arg-type]


def states(*tests: TestResult, cause: Cause | None = None) -> dict[str, str]:
    found = checklist("01_tensor", LESSON, Report(tests, cause))
    return {state.task.number: state.state for state in found.tasks}


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("test_1_1_a", "1.1"),
        ("test_1_10_a", "1.10"),
        ("test_1_10", "1.10"),
        ("test_1_2[3-4]", "1.2"),
        ("test_tensor", None),
        ("test_1", None),
    ],
)
def test_a_test_belongs_to_the_task_in_its_name(name: str, task: str | None) -> None:
    assert made(name).task == task


def test_done_wrong_blank_waiting() -> None:
    blank = made("test_1_2_b", "blank", waits_for="1.2")
    waiting = made("test_1_10_c", "blank", waits_for="1.2")
    assert states(made("test_1_1_a"), blank, waiting) == {
        "1.1": "done",
        "1.2": "blank",
        "1.10": "waiting",
    }
    assert states(made("test_1_1_a", "wrong"), made("test_1_1_b"))["1.1"] == "wrong"


def test_a_blank_that_no_test_meets_is_still_blank() -> None:
    assert states(made("test_1_2_b"))["1.2"] == "blank"


def test_a_wrong_test_beside_a_waiting_one_is_wrong() -> None:
    waiting = made("test_1_10_c", "blank", waits_for="1.2")
    assert states(made("test_1_10_d", "wrong"), waiting)["1.10"] == "wrong"


def test_what_did_not_run_is_not_done() -> None:
    assert states() == {"1.1": "not run", "1.2": "blank", "1.10": "not run"}
    assert states(made("test_1_1_a", "skipped"))["1.1"] == "skipped"
    assert states(made("test_1_1_a", "stopped"), made("test_1_1_b"))["1.1"] == "stopped"


@pytest.mark.parametrize(
    ("report", "outcome", "code"),
    [
        (Report((made("test_1_1_a"),)), "passed", 0),
        (Report(()), "failed", 1),
        (Report((made("test_1_1_a"), made("test_1_1_b", "wrong"))), "failed", 1),
        (Report((made("test_1_1_a"), made("test_1_1_b", "blank"))), "failed", 1),
        (Report((made("test_1_1_a"),), Cause("skipped", Fault.STUDENT, "")), "failed", 1),
        (Report((made("test_1_1_a"),), Cause("machine", Fault.MACHINE, "")), "could_not_run", 3),
        (Report((made("test_1_1_a"),), Cause("tests", Fault.COURSE, "")), "could_not_run", 3),
        (Report((), Cause("import", Fault.STUDENT, "")), "failed", 1),
    ],
)
def test_three_outcomes(report: Report, outcome: str, code: int) -> None:
    assert (report.outcome, report.exit_code) == (outcome, code)


def test_a_message_is_its_authors_part_and_pytests_part() -> None:
    assert (WRONG.message, WRONG.expansion) == ("f(1) is 3", "assert 3 == 2")
    bare = Problem("AssertionError", "assert 3 == 2")
    assert (bare.message, bare.expansion) == ("assert 3 == 2", "")
    assert Problem("KeyError", "").message == "KeyError"


def test_the_checklist_reads_like_this() -> None:
    failing = made("test_1_10_c", "wrong", problem=WRONG, printed="hello\n")
    found = checklist("01_tensor", LESSON, Report((made("test_1_1_a"), failing), seconds=0.42))
    text = "\n".join(t for t, _ in [*view.checklist_lines(found, ASCII), *view.detail_lines(found)])
    assert text == (
        "Module 01_tensor: Tensor\n"
        "\n"
        "  + 1.1   numbers in                            done, 1 test\n"
        "  o 1.2   a title that is much too long to ...  still blank\n"
        "  x 1.10  the last                              wrong: 0 of 1 test pass\n"
        "\n"
        "Task 1.10, test_1_10_c\n"
        "  f(1) is 3\n"
        "  your answer: modules/01_tensor/tensor.py:34\n"
        "  checked by test_tensor.py:7\n"
        "  It printed:\n"
        "    hello\n"
    )
    assert view.summary(found) == "1 of 3 tasks done, 1 wrong, 1 blank (0.4 s)"


def test_verbose_shows_every_wrong_test_and_what_pytest_says() -> None:
    failing = [made(f"test_1_10_{name}", "wrong", problem=WRONG) for name in "cd"]
    found = checklist("01_tensor", LESSON, Report((made("test_1_1_a"), *failing)))
    text = "\n".join(line for line, _ in view.all_details(found))
    assert text.count("f(1) is 3\n  assert 3 == 2\n") == 2
    assert "test_1_10_c" in text
    assert "test_1_10_d" in text


@pytest.mark.parametrize("details", [view.detail_lines, view.all_details])
def test_a_run_that_was_stopped_still_says_what_was_wrong_before(details: Details) -> None:
    tests = made("test_1_1_a", "wrong", problem=WRONG), made("test_1_10_c", "stopped")
    cause = Cause("time", Fault.STUDENT, "test_1_10_c was still running")
    text = [line for line, _ in details(checklist("01_tensor", LESSON, Report(tests, cause)))]
    assert text[:2] == ["Task 1.1, test_1_1_a", "  f(1) is 3"]
    assert text[-2] == "test_1_10_c was still running"
    stopped = checklist("01_tensor", LESSON, Report(tests[1:], cause))
    assert [line for line, _ in details(stopped)] == ["test_1_10_c was still running", ""]


def test_where_the_machine_ended_a_run_nothing_is_called_wrong() -> None:
    cause = Cause("killed", Fault.MACHINE, "it was killed from outside")
    report = Report((made("test_1_1_a", "wrong", problem=WRONG),), cause)
    text = [line for line, _ in view.detail_lines(checklist("01_tensor", LESSON, report))]
    assert text == ["it was killed from outside", ""]


def test_a_test_without_a_task_is_shown_as_what_it_is() -> None:
    loose = made("test_1_7_lost", "blank", waits_for="1.7"), made("test_1_8_lost", "wrong")
    found = checklist("01_tensor", LESSON, Report((made("test_1_1_a"), *loose)))
    lines = view.checklist_lines(found, ASCII)
    assert ("  o       test_1_7_lost", "") in lines
    assert ("  x       test_1_8_lost", "red") in lines


def test_the_checklist_fits_into_eighty_columns() -> None:
    waiting = made("test_1_10_c", "blank", waits_for="1.2")
    stopped = made("test_1_1_a", "stopped")
    found = checklist("01_tensor", LESSON, Report((waiting, stopped)))
    assert max(len(text) for text, _ in view.checklist_lines(found, UNICODE)) <= 80


def test_a_place_in_the_lesson_is_shown_with_its_line() -> None:
    place = Place("modules/01_tensor/tensor.py", 14, "    return 1 / 0")
    problem = Problem("ZeroDivisionError", "division by zero", (Place("x", 1), place))
    lines = [text for text, _ in view.failure_lines(made("test_1_1_a", "wrong", problem=problem))]
    assert "  in modules/01_tensor/tensor.py:14" in lines
    assert "      14 |     return 1 / 0" in lines


def test_the_answers_own_line_comes_before_what_it_led_to() -> None:
    """An error that is raised in another lesson's code began in this task's answer."""
    answer = Place("modules/01_tensor/tensor.py", 34, "    return b()")
    below = Place("modules/00_setup/setup.py", 7, '    raise ValueError("no")')
    problem = Problem("ValueError", "no", (answer, below), Place("test_tensor.py", 7))
    found = checklist("01_tensor", LESSON, Report((made("test_1_10_c", "wrong", problem=problem),)))
    text = "\n".join(text for text, _ in view.detail_lines(found))
    assert text.endswith(
        "  in modules/01_tensor/tensor.py:34\n"
        "      34 |     return b()\n"
        "  raised in modules/00_setup/setup.py:7\n"
        '       7 |     raise ValueError("no")\n'
        "  checked by test_tensor.py:7\n"
    )


def test_an_error_that_comes_later_names_the_answer_too() -> None:
    """A backward rule returns a wrong shape: the code that notices it is another lesson's."""
    below = Place("modules/00_setup/setup.py", 7, '    raise ValueError("no")')
    problem = Problem("ValueError", "no", (below,), Place("test_tensor.py", 7))
    found = checklist("01_tensor", LESSON, Report((made("test_1_10_c", "wrong", problem=problem),)))
    text = "\n".join(text for text, _ in view.detail_lines(found))
    assert text.endswith(
        "  your answer: modules/01_tensor/tensor.py:34\n"
        "  raised in modules/00_setup/setup.py:7\n"
        '       7 |     raise ValueError("no")\n'
        "  checked by test_tensor.py:7\n"
    )


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("NotImplementedError", "", "NotImplementedError"),
        ("Failed", "exp overflows", "exp overflows"),  # pytest.fail: the test's own words
        ("ValueError", "no", "ValueError: no"),
    ],
)
def test_an_error_is_named_once(kind: str, text: str, shown: str) -> None:
    assert view.problem_lines(Problem(kind, text)) == [(shown, "red")]


def test_a_task_with_two_blanks_names_both() -> None:
    blocks = (Block(10, 12), Block(20, 22))
    lines = [
        t for t, _ in view.failure_lines(made("test_1_1_a", "wrong", problem=WRONG), "a.py", blocks)
    ]
    assert "  your answers: a.py:11, 21" in lines


def test_a_huge_message_is_cut() -> None:
    problem = Problem("ValueError", "\n".join(str(number) for number in range(500)))
    assert len(view.problem_lines(problem)) == view.MESSAGE_LINES + 1


@pytest.mark.parametrize(
    ("tests", "cause", "command"),
    [
        ((made("test_1_1_a", "wrong", problem=WRONG),), None, "tito module hint 01"),
        ((), Cause("machine", Fault.MACHINE, "", hint="pip install"), "pip install"),
        ((), Cause("time", Fault.STUDENT, ""), "tito module test 01"),
    ],
)
def test_what_comes_next(tests: tuple[TestResult, ...], cause: Cause | None, command: str) -> None:
    assert view.next_command(checklist("01_tensor", LESSON, Report(tests, cause)))[0] == command


def test_stubs_name_their_task() -> None:
    assert stub_task("Task 1.10: the last") == "1.10"
    assert stub_task("not yet") is None
    assert stub_task(None) is None


def test_one_task_is_explained_with_each_of_its_tests() -> None:
    passed, failing = made("test_1_10_a"), made("test_1_10_c", "wrong", problem=WRONG)
    found = checklist("01_tensor", LESSON, Report((made("test_1_1_a"), passed, failing)))
    lines = task_lines(found, task_in(found, "1.10"), ASCII)
    assert "\n".join(text for text, _ in lines) == (
        "  x 1.10  the last                              wrong: 1 of 2 tests pass\n"
        "\n"
        "  Your answer: modules/01_tensor/tensor.py:34\n"
        "  + test_1_10_a\n"
        "  x test_1_10_c\n"
        "\n"
        "Task 1.10, test_1_10_c\n"
        "  f(1) is 3\n"
        "  assert 3 == 2\n"
        "  your answer: modules/01_tensor/tensor.py:34\n"
        "  checked by test_tensor.py:7\n"
    )
    with pytest.raises(TitoError, match=r"01_tensor has no task 9\.9: it has 1\.1, 1\.2, 1\.10"):
        task_in(found, "9.9")

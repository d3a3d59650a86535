"""What a result is worth: points, late policies, rounding. All of it is arithmetic."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from tito.core.classroom.config import Late, LatePolicy
from tito.core.classroom.late import days_late, share_taken
from tito.core.classroom.points import Part, State, items_of, rounded, score
from tito.core.errors import UsageError

PARTS = [Part("01_tensor", (("1.1", "add"), ("1.2", "mul"), ("1.3", "sum"), ("1.4", "max")))]
MILESTONES = [("perceptron", "1957 - Perceptron")]


def points_of(**given: float) -> dict[str, Fraction]:
    items = items_of({key.strip("_"): n for key, n in given.items()}, PARTS, MILESTONES)
    return {item.key: item.points for item in items}


def task(number: str, state: str, passed: int = 0, tests: int = 0) -> dict[str, object]:
    return {"number": number, "state": state, "passed": passed, "tests": tests}


def result(*tasks: dict[str, object], milestone: str = "passed", module: str = "failed") -> dict:
    return {
        "state": "graded",
        "modules": [{"name": "01_tensor", "state": module, "reason": "why", "tasks": tasks}],
        "milestones": [{"id": "perceptron", "state": milestone, "reason": "slow"}],
    }


def test_a_task_is_worth_one_point_and_a_milestone_ten() -> None:
    assert points_of() == {"1.1": 1, "1.2": 1, "1.3": 1, "1.4": 1, "perceptron": 10}


def test_a_modules_points_are_shared_and_a_task_may_have_its_own() -> None:
    found = items_of({"01": 20, "01.1.3": 4, "perceptron": 2.5}, PARTS, MILESTONES)
    points = {item.key: item.points for item in found}
    third = Fraction(16, 3)
    assert points == {"1.1": third, "1.2": third, "1.3": 4, "1.4": third, "perceptron": 2.5}
    assert sum(points.values()) == Fraction(45, 2)


def test_a_module_may_be_named_in_full() -> None:
    assert {item.points for item in items_of({"01_tensor": 2}, PARTS, [])} == {Fraction(1, 2)}


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({"02": 3}, "'02'"),
        ({"perceptron2": 3}, "Did you mean perceptron?"),
        ({"01": 3, "01.1.3": 4}, "01_tensor 3 points, but its tasks 4"),
        ({"01": 9, **{f"01.1.{n}": 2 for n in range(1, 5)}}, "9 points, but its tasks 8"),
        ({"01": -1}, "from 0 up"),
        ({"01": True}, "from 0 up"),
    ],
)
def test_points_that_fit_nothing_are_an_error(points: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        items_of(points, PARTS, MILESTONES)
    assert said in caught.value.message


def test_a_task_earns_the_share_of_its_tests_and_a_blank_one_nothing() -> None:
    items = items_of({"01": 8}, PARTS, MILESTONES)
    found = score(
        items,
        result(
            task("1.1", "passed", 3, 3),
            task("1.2", "failed", 1, 3),
            task("1.3", "blank", 1, 2),
            task("1.4", "not_reached", 0, 2),
        ),
    )
    assert [mark.earned for mark in found.marks] == [2, Fraction(2, 3), 0, 0, 10]
    assert found.total == Fraction(38, 3)
    assert found.maximum == 18


@pytest.mark.parametrize(("state", "earned"), [("passed", 10), ("failed", 0), ("not_run", 0)])
def test_a_milestone_is_all_or_nothing(state: str, earned: int) -> None:
    found = score(items_of({}, [], MILESTONES), result(milestone=state))
    assert found.total == earned


def test_what_could_not_be_judged_is_neither_zero_nor_points() -> None:
    items = items_of({}, PARTS, MILESTONES)
    tasks = [task(f"1.{n}", "passed", 1, 1) for n in range(1, 5)]
    found = score(items, result(*tasks, milestone="could_not_run"))
    assert found.total is None
    assert found.so_far == 4
    assert [mark.item.key for mark in found.not_judged] == ["perceptron"]


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "could_not_run", "reason": "no memory"},
        {"state": "graded", "modules": [], "milestones": []},
        {"state": "a word of tomorrow"},
        {},
    ],
)
def test_a_result_that_says_nothing_gives_no_points(broken: dict[str, object]) -> None:
    found = score(items_of({}, PARTS, MILESTONES), broken)
    assert found.total is None
    assert len(found.not_judged) == 5


def test_a_lesson_that_is_wrong_as_a_whole_earns_nothing_and_says_why() -> None:
    found = score(items_of({}, PARTS, []), result())
    assert found.total == 0
    assert {(mark.state, mark.message) for mark in found.marks} == {(State.NOT_REACHED, "why")}


def test_why_a_run_ended_early_is_told_once() -> None:
    tasks = [task(f"1.{n}", "not_reached") for n in range(1, 5)]
    found = score(items_of({}, PARTS, []), result(*tasks))
    assert [mark.message for mark in found.marks] == ["why", "", "", ""]


def test_a_module_that_could_not_run_is_not_wrong() -> None:
    assert score(items_of({}, PARTS, []), result(module="could_not_run")).total is None


def test_one_task_that_could_not_run_leaves_the_total_open() -> None:
    tasks = [task(f"1.{n}", "passed", 1, 1) for n in range(1, 4)]
    found = score(items_of({}, PARTS, []), result(*tasks, task("1.4", "could_not_run")))
    assert found.total is None
    assert found.so_far == 3


def test_nothing_handed_in_is_zero() -> None:
    found = score(items_of({}, PARTS, MILESTONES), {"state": "missing"})
    assert found.total == 0
    assert {mark.state for mark in found.marks} == {State.MISSING}


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(1, 3), 2, "0.33"),
        (Fraction(1, 8), 2, "0.13"),  # half up, where Python's round() gives 0.12
        (Fraction(5, 2), 0, "3"),
        (Fraction(10), 2, "10"),
        (Fraction(100), 0, "100"),
        (Fraction(-1, 2), 2, "-0.5"),
        (Fraction(0), 2, "0"),
    ],
)
def test_rounding_is_half_up_and_drops_zeros(value: Fraction, places: int, text: str) -> None:
    assert rounded(value, places) == text


def test_a_total_is_rounded_from_the_exact_sum() -> None:
    items = items_of({"01": 2}, [Part("01_tensor", PARTS[0].tasks[:3])], [])
    found = score(items, result(*(task(f"1.{n}", "passed", 1, 1) for n in range(1, 4))))
    assert [rounded(mark.earned or Fraction(0)) for mark in found.marks] == ["0.67"] * 3
    assert rounded(found.total or Fraction(0)) == "2"


# ------------------------------------------------------------------------------ late

DUE = datetime(2027, 3, 1, 23, 59, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("after", "days"),
    [
        (timedelta(hours=-5), 0),
        (timedelta(0), 0),
        (timedelta(seconds=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, seconds=1), 2),
    ],
)
def test_a_day_that_has_begun_is_a_day(after: timedelta, days: int) -> None:
    assert days_late(DUE, DUE + after) == days


def test_without_a_time_nobody_is_late() -> None:
    assert days_late(DUE, None) == 0
    assert days_late(None, DUE) == 0


def test_a_change_of_clocks_moves_nothing() -> None:
    """From 27 to 28 March 2027 Berlin's clocks go forward: 24 hours later they show one more."""
    berlin = ZoneInfo("Europe/Berlin")
    due = datetime(2027, 3, 27, 23, 59, tzinfo=berlin)
    on_time = datetime(2027, 3, 29, 0, 59, tzinfo=berlin)
    assert days_late(due, on_time) == 1
    assert days_late(due, on_time + timedelta(seconds=1)) == 2


@pytest.mark.parametrize(
    ("late", "days", "percent"),
    [
        (Late(), 9, 0),
        (Late(LatePolicy.PERCENT_PER_DAY, percent=10, cap=50), 0, 0),
        (Late(LatePolicy.PERCENT_PER_DAY, percent=10, cap=50), 3, 30),
        (Late(LatePolicy.PERCENT_PER_DAY, percent=10, cap=50), 30, 50),
        (Late(LatePolicy.PERCENT_PER_DAY, percent=40, cap=400), 30, 100),
        (Late(LatePolicy.GRACE_DAYS, days=3, percent=10, cap=50), 3, 0),
        (Late(LatePolicy.GRACE_DAYS, days=3, percent=10, cap=50), 4, 10),
        (Late(LatePolicy.GRACE_DAYS, days=3, percent=10, cap=50), 40, 50),
    ],
)
def test_a_late_policy_takes_a_share(late: Late, days: int, percent: int) -> None:
    assert share_taken(late, days) == Fraction(percent, 100)


def test_every_policy_that_class_toml_may_name_has_its_function() -> None:
    assert {policy: share_taken(Late(policy), 0) for policy in LatePolicy} == dict.fromkeys(
        LatePolicy, 0
    )

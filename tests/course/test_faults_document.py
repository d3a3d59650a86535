"""The page on wrong answers counts what the results say, and reads first messages as people do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.course.faults.document import Found, document
from tests.course.faults.fault import Fault
from tests.course.faults.reading import names_it, tells_the_mistake


def fault(title: str, name: str = "nn.functional.max_pool2d", **more: str) -> Fault:
    return Fault(title, "sign", "a", "b", name=name, task="7.8", module="07_spatial", **more)


def said(message: str = "", outcome: str = "failed", same: bool = False) -> dict[str, Any]:
    part = "nn.MaxPool2d" if message else ""
    where = {"part": part, "module": "07_spatial" if message else ""}
    return {"outcome": outcome, "message": message, "same": same, "seconds": 2.0, **where}


@pytest.mark.parametrize(
    ("message", "tells"),
    [
        ("It is wrong at 3 of 4 entries; the worst, [0], is 1 instead of 2.", False),
        ("It is 1.5 instead of 2.", False),
        ("It has the wrong sign.", True),
        ("It has shape (2,) instead of (2, 1).", True),
        ("It is wrong at 3 of 4 entries: is the bias added?", True),
        ("It is wrong at 3 of 4 entries; the worst, [0], is 1 instead of 2: is b added?", True),
        ("`nn.Linear` raised TypeError: no", True),
    ],
)
def test_a_message_that_only_compares_numbers_does_not_tell_the_mistake(
    message: str, tells: bool
) -> None:
    assert tells_the_mistake({"message": message}) is tells


@pytest.mark.parametrize(
    ("name", "part", "message", "right"),
    [
        ("nn.functional.max_pool2d", "nn.MaxPool2d", "It is zero.", True),
        ("optim.Optimizer", "optim.Optimizer.step", "It is zero.", True),
        ("Tensor.__add__", "Tensor.backward", "After `(x + 1).backward()` it is None.", True),
        ("Tensor.grad", "Tensor.backward", "`x.grad` is None.", True),
        ("nn.Linear", "training.train_step", "The loss is zero.", False),
        ("Tensor.__add__", "", "It is zero.", False),
    ],
)
def test_a_name_is_right_if_it_stands_in_the_message(
    name: str, part: str, message: str, right: bool
) -> None:
    assert names_it(fault("t", name), {"part": part, "message": message}) is right


def test_the_page_counts() -> None:
    rows = [
        (fault("caught"), said("It has the wrong sign.")),
        (fault("vague"), said("It is 1 instead of 2.")),
        (fault("of no use"), said(outcome="passed", same=True)),
        (fault("missed"), said(outcome="passed")),
        (fault("right too", accepted="others do it"), said(outcome="passed")),
        (fault("the same", equivalent="it does the same"), said(outcome="passed", same=True)),
    ]
    page = document(Found([one for one, _ in rows], {"milestone": rows}))
    assert (
        "| 07_spatial | 5 | 1 | 1 | 2 | 2 of 3 (66.7 %) | 2 of 2 (100.0 %) | 2 of 2 (100.0 %) | "
        "1 of 2 (50.0 %) | 2.0 |" in page
    ), page
    assert "changed:\n\n- 7.8 missed (`nn.functional.max_pool2d`)\n\nAccepted:" in page
    assert "- 7.8 right too (`nn.functional.max_pool2d`): others do it.\n" in page
    assert page.count("of no use") == 0
    assert "- 7.8 the same (`nn.functional.max_pool2d`): it does the same.\n" in page


def test_the_page_counts_the_module_s_tests() -> None:
    right = {"outcome": "failed", "tasks": ["7.8", "7.9"], "message": "", "seconds": 3.0}
    rows = [(fault("own"), right), (fault("other"), {**right, "tasks": ["7.9"]})]
    faults = [*(one for one, _ in rows), fault("not tried")]
    page = document(Found(faults, {"home": rows}))
    assert "| all | 3 | 2 | 2 of 2 (100.0 %) | 1 of 2 (50.0 %) | 3.0 |" in page, page


def test_the_page_counts_what_the_judge_notices_if_it_was_asked() -> None:
    noticed = {"outcome": "failed", "tasks": ["7.8"], "message": "", "seconds": 9.0}
    rows = [(fault("one"), noticed), (fault("two"), {**noticed, "outcome": "passed"})]
    assert "## By the judge" not in document(Found([fault("one")], {"judged": []}))
    page = document(Found([one for one, _ in rows], {"judged": rows}))
    assert "| all | 1 | 1 of 2 (50.0 %) | 1 of 1 (100.0 %) | 9.0 |" in page, page
    assert "Not noticed:\n\n- 7.8 two" in page

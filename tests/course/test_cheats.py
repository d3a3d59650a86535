"""A sample of the cheats: none earns a tick from the judge. `make verify` tries all of them."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.course.faults.cheats.bench import CheatBench
from tests.course.faults.cheats.catalogue import CHEATS
from tests.course.faults.cheats.cheat import KINDS, MODULE, Cheat
from tests.course.faults.place import with_fault
from tito.core.lesson.file import read_lesson
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Module, Workspace

SAMPLE = [  # the first of each kind, and some that once earned a tick
    next(cheat for cheat in CHEATS if cheat.kind == kind) for kind in KINDS
] + [
    cheat
    for cheat in CHEATS
    if cheat.title
    in ("PYTHONOPTIMIZE=1: asserts are compiled away", "a Tensor is equal to everything")
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> CheatBench:
    return CheatBench(Path(tmp_path_factory.mktemp("cheats")))


def test_every_cheat_is_named_once_and_can_be_read() -> None:
    assert {cheat.kind for cheat in CHEATS} == set(KINDS)
    assert [title for title, times in Counter(c.title for c in CHEATS).items() if times > 1] == []
    for cheat in CHEATS:
        ast.parse(cheat.code)


def test_the_answer_below_the_tricks_is_wrong() -> None:
    course = Workspace(course_root())
    lesson = read_lesson(course, Module(course.root / "modules" / MODULE)).lesson
    assert with_fault(lesson, CHEATS[0]) != lesson.text


@pytest.mark.parametrize("cheat", SAMPLE, ids=lambda cheat: cheat.title)
def test_it_earns_no_tick_from_the_judge(cheat: Cheat, bench: CheatBench) -> None:
    with bench.trying(cheat):
        assert not bench.verdict("judged")["earned"]

"""A sample of the cheats: none earns a tick from the judge. `make verify` tries all of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.course.faults.cheats import confined
from tests.course.faults.cheats.bench import CheatBench
from tests.course.faults.cheats.catalogue import CHEATS
from tests.course.faults.cheats.cheat import KINDS, MODULE, Cheat
from tests.course.faults.cheats.document import kept, replaced, section
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


AT_HOME = ("the events appended, then the end", "the events appended by a thread")
confinable = pytest.mark.skipif(
    confined.landlock().version() < 1, reason="cheats are confined by Landlock (Linux 5.13)"
)


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


@confinable
@pytest.mark.parametrize("cheat", SAMPLE, ids=lambda cheat: cheat.title)
def test_it_earns_no_tick_from_the_judge(cheat: Cheat, bench: CheatBench) -> None:
    with bench.trying(cheat):
        assert not bench.verdict("judged")["earned"]


@confinable
@pytest.mark.parametrize("title", AT_HOME)
def test_a_report_that_is_forged_earns_no_tick_at_home(title: str, bench: CheatBench) -> None:
    cheat = next(cheat for cheat in CHEATS if cheat.title == title)
    with bench.trying(cheat):
        found = bench.verdict("home")
    assert (found["outcome"], found["earned"]) == ("failed", False), found


@confinable
def test_the_right_answer_earns_it_on_the_same_bench(bench: CheatBench) -> None:
    """Otherwise a bench on which nothing works would find that no cheat does."""
    right = replace(CHEATS[0], new=CHEATS[0].old, code="", planted={}, environment={})
    with bench.trying(right):
        assert bench.verdict("home")["earned"]
        assert bench.verdict("milestone")["earned"]


@confinable
def test_a_cheat_writes_only_into_its_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    code = f"""
from pathlib import Path
Path({str(inside / "a")!r}).write_text("mine")
try:
    Path({str(outside / "b")!r}).write_text("not mine")
except PermissionError:
    print("refused")
"""
    command = [sys.executable, confined.__file__, str(inside), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert (inside / "a").exists()
    assert not (outside / "b").exists()


RESULTS = {
    "home": [
        (CHEATS[0], {"earned": False}),
        (replace(CHEATS[0], title="a patch", patches=True), {"earned": True}),
    ]
}


def test_the_section_counts_who_earned_a_tick_and_names_them() -> None:
    text = section(CHEATS, RESULTS)
    assert f"| the module, at home | {len(CHEATS)} | 2 | 1 | 1 |" in text
    count = Counter(cheat.kind for cheat in CHEATS)
    assert f"| report | {count['report']} | 1 of 2 |" in text
    assert f"| runner | {count['runner']} | not tried |" in text
    assert "- a patch (report, by patching)" in text


def test_the_section_is_replaced_where_it_stands_and_kept_by_the_other_command() -> None:
    page = "# Title\n\nText\n\n## Other\n\nMore\n"
    once = replaced(page, "## Cheats\n\nold")
    assert replaced(once, "## Cheats\n\nnew") == once.replace("old", "new")
    between = "# Title\n\n## Cheats\n\nold\n\n## Other\n\nMore\n"
    assert replaced(between, "## Cheats\n\nnew") == between.replace("old", "new")
    assert kept(page, between) == replaced(page, "## Cheats\n\nold")
    assert kept(page, "# Title\n") == page

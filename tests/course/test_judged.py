"""Module tests through the judge: each task has one, and a process that dies costs one task.

`test_cheats.py` has the people who want the tick without the work.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tito.core.lesson.file import read_lesson
from tito.core.testing.results import Report, TestStatus
from tito.core.testing.runner import Subject, run_tests
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Module, Workspace, modules_in

MODULES = Path(__file__).resolve().parents[2] / "modules"
EACH_MODULE = pytest.mark.parametrize("module", modules_in(course_root()), ids=lambda m: m.name)

FRAMEWORK = """
import ctypes, os, signal, threading, time

class A:
    def kind(self):
        return "A"

class B:
    def kind(self):
        return "B"

def exit():
    os._exit(0)

def crash():
    ctypes.string_at(0)

def hang():
    time.sleep(60)

def killed():
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

def exit_soon():
    threading.Timer(0.05, os._exit, [1]).start()

def kind_of(thing):
    return thing.kind()
"""
TESTS = """
import time

import pytest

from tinytorch import dying
from tinytorch.dying import A, B, kind_of

KINDS = {"a": A, "b": B}
SHAPES = pytest.mark.parametrize("shape", [(1, 2), (3, 4)])


def test_0_1_exit():
    dying.exit()


@SHAPES
@pytest.mark.parametrize(("name", "kind"), [*KINDS.items(), pytest.param("b", B, id="again")])
def test_0_2_parameters_are_of_the_new_process(name, kind, shape):
    assert kind_of(kind()).lower() == name
    assert shape in ((1, 2), (3, 4))


def test_0_3_hang():
    dying.hang()


def test_0_3_is_not_waited_for_again():
    dying.hang()


@SHAPES
def test_0_4_after_the_hang(shape):
    assert A().kind() == "A", "kind"


def test_0_5_crash():
    dying.crash()


@pytest.mark.parametrize("kind", [A, B])
def test_0_6_after_the_crash(kind):
    assert kind().kind() in "AB"


def test_0_7_killed():
    dying.killed()


def test_0_8_exit_soon():
    dying.exit_soon()
    time.sleep(0.5)


def test_0_9_what_is_wrong_is_told_as_before():
    assert B().kind() == "A", "kind() is wrong"
"""


def test_each_task_has_a_test_for_the_judge() -> None:
    tasks, judged = set(), set()
    for path in MODULES.glob("*/test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                task = (path.parent.name, *node.name.split("_")[1:3])
                tasks.add(task)
                if not any("in_process" in ast.unparse(d) for d in node.decorator_list):
                    judged.add(task)
    assert len(tasks) >= 84
    assert tasks - judged == set()


def judged(workspace: Workspace, module: Module, run: Any) -> Any:
    arguments = ("-m", "tito.main", "module", "test", module.number, "--judged", "--json")
    return json.loads(run(*arguments, cwd=workspace.root, seconds=500).stdout)


@pytest.fixture
def workspace(solved: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(shutil.copytree(solved.root, tmp_path / "workspace"))


@EACH_MODULE
def test_the_right_answers_pass(module, workspace, run) -> None:
    """What a test does with objects of the framework, it can also do from another process."""
    found = judged(workspace, module, run)
    assert found["judged"]
    problems = [(t["test"], t["message"]) for t in found["tests"] if t["status"] != "passed"]
    assert problems == []
    assert {task["state"] for task in found["tasks"]} == {"done"}


@pytest.mark.thorough
@EACH_MODULE
def test_the_judge_asks_for_every_task(module, workspace, run) -> None:
    """In a blank lesson no task has only tests that ask the framework's process for nothing."""
    lesson = read_lesson(workspace, module).lesson
    own = workspace.root / "modules" / module.name / module.lesson.name
    own.write_text(lesson.blank(), encoding="utf-8")
    found = judged(workspace, module, run)
    noticed = {test["task"] for test in found["tests"] if test["status"] in ("blank", "wrong")}
    assert [task.number for task in lesson.tasks if task.number not in noticed] == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A module whose code dies in every way while a judge has it."""
    folder = tmp_path_factory.mktemp("dying")
    staging, module = folder / "staging-1", folder / "modules" / "00_dying"
    for path, text in {
        staging / "tinytorch" / "__init__.py": "",
        staging / "tinytorch" / "dying.py": FRAMEWORK,
        module / "test_dying.py": TESTS,
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return run_tests(
        Workspace(course_root()),
        staging,
        {"dying.py": FRAMEWORK},
        [Subject(Module(module), ["dying"])],
        env={**os.environ, "TITO_TEST_SECONDS": "5"},
        judged=True,
    )


def test_a_process_that_dies_costs_its_own_task_alone(report: Report) -> None:
    states: dict[str, set[TestStatus]] = {}
    for test in report.tests:
        states.setdefault(test.name.split("_")[2], set()).add(test.status)
    right, wrong = {TestStatus.PASSED}, {TestStatus.WRONG}
    assert states == {
        "1": wrong, "2": right, "3": wrong, "4": right,
        "5": wrong, "6": right, "7": wrong, "8": right, "9": wrong,
    }  # fmt: skip
    assert report.cause is None


def test_what_killed_it_is_told(report: Report) -> None:
    told = [test.problem.text for test in report.tests if test.problem is not None]
    parts = "(exit code 0)", "still running after ", "still running", "(signal 11)"
    for part, text in zip((*parts, "killed from outside", "kind() is wrong"), told, strict=True):
        assert part in text

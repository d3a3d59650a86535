"""A lint that runs the course: every answer passes, every stub fails, cells run, ids agree."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tito.core.lesson.file import read_lesson
from tito.core.lesson.lesson import Lesson
from tito.core.lesson.workload import measured
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Module, Workspace, modules_in

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

COURSE = Workspace(course_root())
MODULES = modules_in(COURSE.root)
EACH_MODULE = pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
TEST_NAME = re.compile(r"^def test_(\d+)_(\d+)_\w+", re.MULTILINE)
LONGEST_ANSWER = 12
SHORT_LINE = 24  # `return out` and the like give nothing away


def lesson_of(module: Module) -> Lesson:
    return read_lesson(COURSE, module).lesson


def tasks() -> list[Any]:
    """Every task; of a module's inner ones, each other with --thorough only."""
    found = []
    for module in MODULES:
        last = len(lesson_of(module).tasks) - 1
        for i in range(last + 1):
            marks = [pytest.mark.thorough] if i % 2 and i < last else []
            found.append(pytest.param(module, i, marks=marks))
    return found


EACH_TASK = pytest.mark.parametrize(
    ("module", "number"),
    tasks(),
    ids=lambda value: value.name if isinstance(value, Module) else f"solved{value}",
)


def solved_up_to(lesson: Lesson, count: int) -> str:
    """The lesson with answers in its first `count` tasks and stubs in the others."""
    answers = {block.begin for task in lesson.tasks[:count] for block in task.blocks}
    blank = Lesson(lesson.blank(), lesson.shown)
    lines, copied = [], 0
    for stub, block in zip(blank.blocks, lesson.blocks, strict=True):
        lines += blank.lines[copied : stub.begin]
        copied = stub.begin
        if block.begin in answers:
            lines += lesson.lines[block.begin : block.end - 1]
            copied = stub.end - 1
    return "\n".join([*lines, *blank.lines[copied:]])


@pytest.fixture
def workspace(solved: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the solved workspace that may be changed."""
    shutil.copytree(solved.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


# ---- the lesson as a page


@EACH_MODULE
def test_the_solved_lesson_runs_from_top_to_bottom(module, solved, run):
    place = solved.root / "modules" / module.name
    done = run("-W", "error", module.lesson.name, cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.strip(), "a lesson's cells print something worth seeing"


@EACH_MODULE
def test_the_blank_lesson_runs_to_its_first_task_and_no_further(module, workspace, run):
    place = workspace.root / "modules" / module.name
    lesson = lesson_of(module)
    (place / module.lesson.name).write_text(lesson.blank(), encoding="utf-8")
    done = run(module.lesson.name, cwd=place)
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(lesson.tasks[0].label), done.stderr


@EACH_TASK
def test_tests_of_a_task_need_only_the_tasks_before_it(module, number, workspace, run):
    lesson = lesson_of(module)
    target = workspace.root / "modules" / module.name / module.lesson.name
    target.write_text(solved_up_to(lesson, number), encoding="utf-8")
    done = run("-m", "tito.main", "module", "test", module.number, "--json", cwd=workspace.root)
    states = [task["state"] for task in json.loads(done.stdout)["tasks"]]
    assert states[:number] == ["done"] * number, states
    assert states[number] == "blank", states
    assert set(states[number:]) <= {"blank", "waiting"}, states


@EACH_MODULE
def test_answers_pass_and_export(module, workspace, run):
    done = run("-m", "tito.main", "module", "test", module.number, "--json", cwd=workspace.root)
    assert done.returncode == 0, done.stdout
    assert {task["state"] for task in json.loads(done.stdout)["tasks"]} == {"done"}


@EACH_MODULE
def test_no_difference_is_rounded_to_nothing(module):
    """`differs by up to 0.000` tells of no difference: `:.2g` shows any."""
    lines = module.tests.read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in lines if re.search(r"\.max\(\):\.\df", line)] == []


@EACH_MODULE
def test_what_is_not_the_same_object_is_not_shown_as_two_equal_values(module):
    """`it is [3, 6], expected [3, 6]`: of a copy, only that it is one can be told."""
    for node in ast.walk(ast.parse(module.tests.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
            sides = {ast.unparse(side) for side in (node.test.left, *node.test.comparators)}
            parts = ast.walk(node.msg) if node.msg else ()
            shown = {ast.unparse(p.value) for p in parts if isinstance(p, ast.FormattedValue)}
            same_object = isinstance(node.test.ops[0], ast.Is)
            assert not (same_object and sides <= shown), ast.unparse(node)


# ---- ids, hints and files agree


@EACH_MODULE
def test_tasks_are_numbered_and_answered_in_few_lines(module):
    lesson = lesson_of(module)
    number = int(module.number)
    assert [t.number for t in lesson.tasks] == [
        f"{number}.{i}" for i in range(1, len(lesson.tasks) + 1)
    ]
    assert 6 <= len(lesson.tasks) <= 12
    for task in lesson.tasks:
        assert task.blocks, f"{task.label} has nothing to answer"
        for block in task.blocks:
            length = block.end - block.begin - 1
            assert length <= LONGEST_ANSWER, f"{task.label}: an answer of {length} lines"


@EACH_MODULE
def test_every_task_has_tests_and_every_test_a_task(module):
    named = {
        f"{int(a)}.{int(b)}" for a, b in TEST_NAME.findall(module.tests.read_text(encoding="utf-8"))
    }
    assert named == {task.number for task in lesson_of(module).tasks}


@EACH_MODULE
def test_every_task_has_three_hints(module):
    hints = tomllib.loads(module.hints.read_text(encoding="utf-8"))
    assert list(hints) == [task.number for task in lesson_of(module).tasks]
    for number, entry in hints.items():
        assert list(entry) == ["hints"]
        assert len(entry["hints"]) == len(set(entry["hints"])) == 3, number
        assert all(hint.strip() for hint in entry["hints"]), number


@EACH_MODULE
def test_no_answer_outside_the_markers(module):
    """An answer whose every line also stands on the student's page has been given away."""
    lesson = lesson_of(module)
    page = {squeezed(line) for line in Lesson(lesson.blank(), "blank").lines}
    for task in lesson.tasks:
        for answer in lesson.answer(task):
            lines = [squeezed(line) for line in answer.splitlines()]
            telling = [line for line in lines if len(line) > SHORT_LINE]
            assert not telling or not set(telling) <= page, f"{task.label}: {answer}"


def squeezed(line: str) -> str:
    return re.sub(r"[\s#`]", "", line)


@EACH_MODULE
def test_prose_is_plain(module):
    for cell in lesson_of(module).cells:
        if cell.kind != "markdown":
            continue
        text = re.sub(r"```.*?```|`[^`]*`|!=", "", "\n".join(cell.prose), flags=re.DOTALL)
        assert "!" not in text, text
        assert not re.search(r"\bsimply\b", text, re.IGNORECASE), text
        assert text.isascii() or not re.search(r"[\U0001F300-\U0001FAFF\u2600-\u27BF]", text), text


@EACH_MODULE
def test_a_notebook_reader_sees_the_same_cells(module):
    jupytext = pytest.importorskip("jupytext", reason="make test installs it")
    lesson = lesson_of(module)
    notebook = jupytext.reads(lesson.text, fmt="py:percent")
    theirs = [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]
    ours = [
        (c.kind, "\n".join(c.prose).strip() if c.kind == "markdown" else c.source.strip())
        for c in lesson.cells
    ]
    assert ours == theirs


@EACH_MODULE
def test_a_lesson_imports_only_lower_modules(module):
    lower = {"tinytorch"}
    for other in MODULES:
        if other.number < module.number:
            lower |= {f"tinytorch.{t}" for t in lesson_of(other).sections}
    own = {f"tinytorch.{target}" for target in lesson_of(module).exported}
    packages = {name.rpartition(".")[0] for name in lower | own}
    for name, _ in lesson_of(module).imports:
        assert name in lower | own | packages, f"{module.name} imports {name}"


@EACH_MODULE
def test_its_head_tells_the_time_that_it_takes(module: Module) -> None:
    lesson = lesson_of(module)
    time = measured(lesson)
    assert lesson.workload == time, f"its head should say: {time.sentence}"


def test_the_map_in_the_readme_has_every_module_with_its_hours() -> None:
    readme = (COURSE.root / "README.md").read_text(encoding="utf-8")
    times = [measured(lesson_of(module)).hours for module in MODULES]
    for module, hours in zip(MODULES, times, strict=True):
        assert f"| {module.number} | {lesson_of(module).title} | {hours:g} |" in readme
    assert f"\n{sum(times):g} hours in all" in readme

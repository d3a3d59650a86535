"""The catalogue of faults fits the lessons, and a sample of it is noticed by the module's tests."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.course.faults.catalogue import FAULTS
from tests.course.faults.fault import KINDS, Fault
from tests.course.faults.place import with_fault
from tests.course.faults.run import one_for_each_task
from tests.course.faults.workbench import Workbench
from tito.core.lesson.file import read_lesson
from tito.core.lesson.lesson import Lesson
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Workspace, modules_in

LESSONS = {
    module.name: read_lesson(Workspace(course_root()), module).lesson
    for module in modules_in(course_root())
}
SAMPLE = sorted((fault for fault in FAULTS if not fault.equivalent), key=lambda f: f.key)[:25]


def label(fault: Fault) -> str:
    return f"{fault.task} {fault.title}"


def tasks(lessons: dict[str, Lesson]) -> set[tuple[str, str]]:
    return {(name, task.number) for name, lesson in lessons.items() for task in lesson.tasks}


@pytest.mark.parametrize("name", LESSONS)
def test_every_fault_fits_the_present_answer(name: str) -> None:
    for fault in FAULTS:
        if fault.module == name:
            changed = with_fault(LESSONS[name], fault)
            assert changed != LESSONS[name].text, label(fault)
            ast.parse(changed)


def test_every_task_has_three_faults_or_more() -> None:
    count = Counter((fault.module, fault.task) for fault in FAULTS)
    few = {task: count[task] for task in tasks(LESSONS) if count[task] < 3}
    assert few == {}


def test_a_short_run_has_one_wrong_answer_for_each_task() -> None:
    few = one_for_each_task(FAULTS)
    assert sorted((f.module, f.task) for f in few) == sorted(tasks(LESSONS))
    assert not any(fault.equivalent for fault in few)


def test_every_fault_says_what_it_is() -> None:
    assert {fault.kind for fault in FAULTS} == set(KINDS)
    titles = Counter((fault.module, fault.task, fault.title) for fault in FAULTS)
    assert [title for title, times in titles.items() if times > 1] == []


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(Path(tmp_path_factory.mktemp("faults")))


@pytest.mark.parametrize("fault", SAMPLE, ids=label)
def test_the_module_s_tests_notice_it(fault: Fault, bench: Workbench) -> None:
    with bench.trying(fault):
        said = bench.home(fault.module)
    assert said["outcome"] == "failed", said
    assert said["tasks"][:1] == [fault.task], said


def test_a_milestone_alone_notices_a_wrong_answer_and_passes_the_right_one(
    bench: Workbench,
) -> None:
    """Kept of the right ones: the numbers, which a wrong answer that is not used leaves alone."""
    wrong = next(fault for fault in FAULTS if fault.name == "Tensor.__mul__")
    with bench.trying(wrong):
        said = bench.milestone(wrong.module, "perceptron")
    assert (said["outcome"], said["module"]) == ("failed", wrong.module), said
    assert float(bench.right["perceptron"]["accuracy"]) > 0.98

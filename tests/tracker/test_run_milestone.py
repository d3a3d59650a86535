"""Running a verification for real: only one test that ran, passed and reported is a pass."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.nested import nested
from tito.core.export.source_map import in_lessons

Course = Callable[..., Any]
MILESTONES = Path(__file__).resolve().parents[1] / "milestones"

METRICS = ["accuracy", "gradient_error"]
PASSES = """
def test_new_learning(record_property):
    record_property("accuracy", 0.99)
    record_property("gradient_error", 1e-9)
"""


def body(*lines: str, arguments: str = "") -> str:
    text = "\n".join(f"    {line}" for line in lines)
    return f"import os, sys, time\nimport pytest\ndef test_new_learning({arguments}):\n{text}\n"


def test_a_test_that_passes_and_reports_is_a_pass(course: Course) -> None:
    verdict = course(PASSES, metrics=METRICS).run_milestone("new")
    assert verdict.outcome == "passed"
    assert verdict.metrics == {"accuracy": 0.99, "gradient_error": 1e-9}
    assert verdict.evidence["metrics"] == verdict.metrics
    assert 0 < verdict.seconds < 30


@pytest.mark.skipif(os.name == "nt", reason="made by steps that Windows has not")
def test_its_folder_is_deleted_however_deep(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in it is the judge's to delete, which may have been killed."""
    judged = course(PASSES, metrics=METRICS)
    verification = judged.tests_dir / "verification"
    verification.mkdir()
    shutil.copy(MILESTONES / "verification/files.py", verification)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def leaves_them(command: list[str], **options: Any) -> Any:
        nested(options["progress_file"].parent)
        return judged.run_milestone.__globals__["run_and_wait"](command, **options)

    assert judged.run_milestone("new", runner=leaves_them).outcome == "passed"
    assert list(temporary.iterdir()) == []


def test_a_new_milestone_without_metrics_needs_only_its_test_to_pass(course: Course) -> None:
    verdict = course(body("pass")).run_milestone("new")
    assert (verdict.outcome, verdict.metrics, verdict.seed) == ("passed", {}, None)


@pytest.mark.parametrize("raise_it", ["pytest.fail(said, pytrace=False)", "assert False, said"])
def test_a_long_failure_is_told_to_its_end(course: Course, raise_it: str) -> None:
    """pytest 9.2 cuts the report's message after 500 characters, and says where the rest is."""
    rows = [f"  row {number}  {'x' * 60}" for number in range(20)]
    said = "\n".join(["The slope is wrong.", "", *rows])
    verdict = course(body(f"said = {said!r}", raise_it)).run_milestone("new")
    assert (verdict.outcome, verdict.reason) == ("failed", "The slope is wrong.")
    assert "element text" not in verdict.details
    assert [line.strip() for line in verdict.details.splitlines()[2:22]] == [
        row.strip() for row in rows
    ]


CHEATS = {
    "returns True": (body("return True"), "return"),
    "returns early": (body("return"), "accuracy"),
    "passes without metrics": (body("assert True"), "accuracy, gradient_error"),
    "reports NaN": (
        PASSES.replace("0.99", "float('nan')"),
        "accuracy",
    ),
    "skips": (body("pytest.skip('not today')"), "skipped"),
    "is marked xfail": (
        body("pytest.xfail('known')"),
        "skipped",
    ),
    "calls sys.exit(0)": (body("sys.exit(0)"), "SystemExit"),
    "calls os._exit(0)": (body("os._exit(0)"), "ended early"),
    "calls pytest.exit": (body("pytest.exit('enough', 0)"), ""),
    "is interrupted from inside": (body("raise KeyboardInterrupt"), ""),
    "ends at import": ("import os\nos._exit(0)\n" + PASSES, "ended early"),
    "skips at import": (
        "import pytest\npytest.skip('no', allow_module_level=True)\n" + PASSES,
        "skipped",
    ),
    "ends after the report": (
        "import atexit, os\natexit.register(os._exit, 5)\n" + PASSES,
        "code 5",
    ),
    "crashes": (body("os.kill(os.getpid(), 11)"), "ended early"),
}


@pytest.mark.parametrize("kind", CHEATS)
def test_nothing_else_is(course: Course, kind: str) -> None:
    if kind == "crashes" and os.name != "posix":
        pytest.skip("sends a signal")
    text, words = CHEATS[kind]
    verdict = course(text, metrics=METRICS).run_milestone("new")
    assert verdict.outcome == "failed", verdict
    assert words in verdict.reason, verdict
    assert "\n" not in verdict.reason


@pytest.mark.parametrize("line", ["pytest.exit('enough', 0)", "raise KeyboardInterrupt"])
def test_a_test_that_was_broken_off_has_not_passed(course: Course, line: str) -> None:
    """Also where no metrics are asked for: pytest.exit leaves a case without a name, and code 0."""
    verdict = course(body(line)).run_milestone("new")
    assert verdict.outcome == "failed", verdict
    assert "ended early" in verdict.reason


def test_a_loop_without_end_is_stopped(course: Course) -> None:
    started = time.monotonic()
    verdict = course(body("while True: time.sleep(0.1)"), timeout=1.5).run_milestone("new")
    assert verdict.outcome == "failed"
    assert "did not end within 2 seconds" in verdict.reason
    assert time.monotonic() - started < 15


@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
def test_what_the_test_started_ends_with_it(course: Course, tmp_path: Path) -> None:
    """A background process may neither delay the run nor survive it."""
    beats = tmp_path / "beats"
    child = f"import time\nwhile True:\n  open({str(beats)!r}, 'a').write('.')\n  time.sleep(0.02)"
    text = body(
        "import subprocess",
        f"subprocess.Popen([sys.executable, '-c', {child!r}])",
        f"while not os.path.exists({str(beats)!r}): time.sleep(0.01)",
    )
    assert course(text).run_milestone("new").outcome == "passed"
    time.sleep(0.2)
    size = beats.stat().st_size
    time.sleep(0.2)
    assert beats.stat().st_size == size


def test_much_output_is_bounded_and_its_end_is_kept(course: Course) -> None:
    text = body("for _ in range(300): print('x' * 100_000)", "print('the end')")
    verdict = course(text).run_milestone("new")
    assert verdict.outcome == "passed"
    assert len(verdict.output) < 100_000
    assert "the end" in verdict.output


def test_the_message_of_an_assertion_comes_without_pytests_noise(course: Course) -> None:
    text = body("x = 0.5", "assert x > 0.9, 'It reads only 50 %.\\n\\nTry a smaller step.'")
    verdict = course(text).run_milestone("new")
    assert verdict.outcome == "failed"
    assert verdict.reason == "It reads only 50 %."
    assert verdict.details == "It reads only 50 %.\n\nTry a smaller step."


def test_an_assertion_without_words_shows_what_was_compared(course: Course) -> None:
    verdict = course(body("x = 0.5", "assert x > 0.9")).run_milestone("new")
    assert verdict.reason == "assert 0.5 > 0.9"


def test_pytest_fail_is_a_message_too(course: Course) -> None:
    verdict = course(body("pytest.fail('The loss is NaN.')")).run_milestone("new")
    assert verdict.reason == "The loss is NaN."


def with_framework(tracker: Any, text: str) -> None:
    package = tracker.tests_dir.parents[1] / "tinytorch"
    package.mkdir()
    (package / "__init__.py").write_text(text, encoding="utf-8")


CHECKOUT = Path(__file__).resolve().parents[2]
# No milestone of the course does this (`Run.framework` starts a process), but one could.
IN_THE_TEST = "import os, sys\nsys.path.append(os.environ['TINYTORCH_WORKSPACE'])\n"
USES_IT = IN_THE_TEST + "import tinytorch\n" + body("tinytorch.matmul()")


def test_an_error_in_the_framework_names_its_place(course: Course) -> None:
    tracker = course(USES_IT)
    with_framework(tracker, "def matmul():\n    raise ValueError('shapes (2,) and (3,)')\n")
    verdict = tracker.run_milestone("new")
    assert verdict.outcome == "failed"
    assert verdict.reason == "ValueError: shapes (2,) and (3,)"
    assert "Raised in tinytorch/__init__.py:2, in matmul." in verdict.details.replace("\\", "/")


def test_its_place_is_a_line_of_the_lesson(course: Course) -> None:
    tracker = course(USES_IT)
    cell = "# %% modules/01_tensor/tensor.py:120\n\ndef matmul():\n    raise ValueError('no')\n"
    with_framework(tracker, "__all__ = ['matmul']\n\n" + cell)
    assert "Raised in tinytorch/__init__.py:6, in matmul." in tracker.run_milestone("new").details
    workspace = tracker.tests_dir.parents[1]
    tracker.to_lesson = partial(in_lessons, workspace=workspace)  # as `tito` does
    details = tracker.run_milestone("new").details
    assert "Raised in modules/01_tensor/tensor.py:122, in matmul." in details


def test_a_reason_that_names_a_place_names_the_lesson_s(course: Course) -> None:
    """So it is the details' first line, too, and is not shown twice."""
    tracker = course(USES_IT)
    cell = "# %% modules/01_tensor/tensor.py:120\n\ndef matmul():\n    raise OSError(said)\n"
    with_framework(tracker, "said = 'still in tinytorch/__init__.py:5'\n" + cell)
    tracker.to_lesson = partial(in_lessons, workspace=tracker.tests_dir.parents[1])
    verdict = tracker.run_milestone("new")
    assert verdict.reason == "OSError: still in modules/01_tensor/tensor.py:122"
    assert verdict.details.startswith(verdict.reason)


def test_an_environment_in_a_folder_of_that_name_is_not_the_framework(
    course: Course, tmp_path: Path
) -> None:
    """As after `git clone .../tinytorch`: the environment in it, the workspace elsewhere."""
    packages = tmp_path / "tinytorch" / ".venv" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "helper.py").write_text("def work():\n    raise ValueError('no')\n")
    there = f"import sys\nsys.path.append({str(packages)!r})\nimport helper\n"
    tracker = course(there + body("helper.work()"))
    verdict = tracker.run_milestone("new")
    assert (verdict.outcome, verdict.details) == ("failed", "ValueError: no")


def test_a_blank_task_is_named(course: Course) -> None:
    tracker = course(USES_IT)
    with_framework(tracker, "def matmul():\n    raise NotImplementedError('Task 1.3: matmul')\n")
    verdict = tracker.run_milestone("new")
    assert verdict.outcome == "failed"
    assert verdict.reason == "Task 1.3: matmul is still blank."


def test_a_part_of_the_framework_that_is_not_there_is_the_students(course: Course) -> None:
    tracker = course(IN_THE_TEST + "import tinytorch.nn\n" + PASSES)
    with_framework(tracker, "")
    verdict = tracker.run_milestone("new")
    assert verdict.outcome == "failed"
    assert "tinytorch.nn" in verdict.reason


@pytest.mark.parametrize(
    ("framework", "words"),
    [
        ("def matmul(:\n", "SyntaxError"),
        ("raise ImportError('tinytorch.nn comes with module 03_nn')", "03_nn"),
        ("import tinytorch.lost", "tinytorch.lost"),
        ("open('weights.npz')", "weights.npz"),
        ("import xml.lost", "xml.lost"),
    ],
)
def test_a_framework_that_cannot_be_imported_is_the_students(
    course: Course, framework: str, words: str
) -> None:
    tracker = course(USES_IT)
    with_framework(tracker, framework)
    verdict = tracker.run_milestone("new")
    assert verdict.outcome == "failed"
    assert words in verdict.reason


def test_the_workspace_can_be_another_folder(course: Course, tmp_path: Path) -> None:
    tracker = course(USES_IT)
    with_framework(tracker, "def matmul():\n    raise ValueError('the wrong one')\n")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "tinytorch").mkdir(parents=True)
    (elsewhere / "tinytorch" / "__init__.py").write_text("def matmul(): pass\n")
    assert tracker.run_milestone("new", workspace=elsewhere).outcome == "passed"


MACHINE = {
    "no framework exported": (USES_IT, "There is no tinytorch package"),
    "a package is missing": ("import no_such_package\n" + PASSES, "no_such_package"),
    "a part of the course is missing": ("import xml.lost\n" + PASSES, "No module named 'xml.lost'"),
    "the course's test does not compile": ("def test_new_learning(:\n", "SyntaxError"),
    "a fixture is missing": (body("pass", arguments="lost"), "fixture 'lost' not found"),
    "a file of the course is missing": (body("open('digits.npz')"), "FileNotFoundError"),
    "the disk is full": (body("raise OSError('No space left')"), "OSError: No space left"),
    "the test is missing": ("def test_other(): pass\n", "0 tests ran"),
    "two tests": (
        "import pytest\n@pytest.mark.parametrize('x', [1, 2])\n" + "def test_new_learning(x): pass",
        "2 tests ran",
    ),
    "killed from outside": (body("os.kill(os.getpid(), 9)"), "killed from outside"),
}


def hide_the_checkout(tests: Path) -> None:
    """Installed with --editable the checkout is on the path, perhaps with a package exported."""
    hidden = f"sys.path[:] = [p for p in sys.path if p != {str(CHECKOUT)!r}]"
    (tests / "conftest.py").write_text(f"import sys\n{hidden}\n", encoding="utf-8")


@pytest.mark.parametrize("kind", MACHINE)
def test_what_is_not_the_students_fault_could_not_run(course: Course, kind: str) -> None:
    if kind == "killed from outside" and os.name != "posix":
        pytest.skip("sends a signal")
    text, words = MACHINE[kind]
    tracker = course(text, metrics=METRICS)
    hide_the_checkout(tracker.tests_dir)
    verdict = tracker.run_milestone("new")
    assert verdict.outcome == "could_not_run", verdict
    assert words in verdict.reason


@pytest.mark.parametrize("name", ["random", "types", "sitecustomize", "numpy", "rich"])
def test_no_file_of_the_workspace_hides_a_module(
    course: Course, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A student may try something out in random.py, beside the package or beside the tests."""
    tracker = course("import random\nassert random.random() < 1\n" + PASSES)
    for folder in (tracker.tests_dir, tracker.tests_dir.parents[1]):
        (folder / f"{name}.py").write_text("raise SystemExit('found')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tracker.tests_dir.parents[1]))
    verdict = tracker.run_milestone("new")
    assert verdict.outcome == "passed", verdict


def test_a_relative_temporary_folder_is_that_of_the_caller(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`TMPDIR=.`: the run itself is in another folder."""
    used = "import tempfile\nopen(os.path.join(tempfile.mkdtemp(), 'used'), 'w').close()\n"
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, ".")
    monkeypatch.setattr("tempfile.tempdir", None)
    verdict = course("import os\n" + used + PASSES).run_milestone("new")
    assert verdict.outcome == "passed", verdict
    assert list(here.rglob("used"))


def test_without_pytest_it_could_not_run(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = course(PASSES)
    isolated = [sys.executable, "-S", "-m", "pytest"]
    monkeypatch.setattr(tracker, "verification_command", lambda *_, **__: isolated)
    verdict = tracker.run_milestone("new")
    assert (verdict.outcome, verdict.reason) == (
        "could_not_run",
        "pytest is not installed in this environment.",
    )
    assert "pip install pytest" in verdict.details


def test_an_interpreter_that_cannot_start_could_not_run(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    verdict = course(PASSES).run_milestone("new")
    assert verdict.outcome == "could_not_run"
    assert "could not be started" in verdict.reason


@pytest.mark.parametrize("missing", ["test_learning_verification.py", "pytest.ini"])
def test_a_missing_file_is_named(course: Course, missing: str) -> None:
    tracker = course(PASSES)
    (tracker.tests_dir / missing).unlink()
    verdict = tracker.run_milestone("new")
    assert verdict.outcome == "could_not_run"
    assert missing in verdict.reason


def test_the_callers_pytest_settings_do_not_reach_it(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONINSPECT", "1")
    assert course(PASSES, metrics=METRICS).run_milestone("new").outcome == "passed"


def test_a_seed_is_passed_on_and_comes_back(course: Course) -> None:
    text = body("record_property('seed', request.config.getoption('--seed'))",
                arguments="record_property, request")  # fmt: skip
    tracker = course(text)
    (tracker.tests_dir / "conftest.py").write_text(
        "def pytest_addoption(parser): parser.addoption('--seed', type=int)"
    )
    assert tracker.run_milestone("new", seed=41).seed == 41


def test_nothing_is_recorded_by_running(course: Course, progress_file: Path) -> None:
    course(PASSES).run_milestone("new")
    assert not progress_file.exists()

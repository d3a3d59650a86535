"""Judging without running: what the runner is given, and reports that are garbage or hostile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Course = Callable[..., Any]
DEFINITION = {"test": "test_new_learning", "metrics": ["accuracy"]}
GOOD = (
    '<testsuites><testsuite tests="1"><testcase name="test_new_learning"><properties>'
    '<property name="accuracy" value="0.9"/></properties></testcase></testsuite></testsuites>'
)


def judge(mt: ModuleType, tmp_path: Path, report: bytes | str | None, **result: Any) -> Any:
    path = tmp_path / "report.xml"
    path.unlink(missing_ok=True)
    if report is not None:
        path.write_bytes(report if isinstance(report, bytes) else report.encode())
    outcome = mt.RunResult(**{"returncode": 0, **result})
    return mt._judge(outcome, mt._read_report(path), DEFINITION)


def test_the_good_report_is_a_pass(mt: ModuleType, tmp_path: Path) -> None:
    assert judge(mt, tmp_path, GOOD).outcome == "passed"


REPORTS = {
    "none": None,
    "empty": b"",
    "not XML": b"PASSED PASSED PASSED",
    "cut": GOOD[:-20],
    "binary": bytes(range(256)) * 10,
    "an unknown encoding": '<?xml version="1.0" encoding="klingon"?>' + GOOD,
    "no test": "<testsuites/>",
    "two tests": GOOD.replace("</testcase>", "</testcase><testcase/>"),
    "a skipped one": GOOD.replace("</testcase>", "<skipped message='x'/></testcase>"),
    "a failure": GOOD.replace("</testcase>", "<failure message='x'/></testcase>"),
    "a failure without words": GOOD.replace("</testcase>", "<failure/></testcase>"),
    "an error": GOOD.replace("</testcase>", "<error message='x'/></testcase>"),
    "a failure beside a pass": GOOD.replace(
        "</testcase>", "</testcase><testcase><error/></testcase>"
    ),
    "no metric": "<testsuite><testcase/></testsuite>",
    "an infinite metric": GOOD.replace("0.9", "inf"),
    "a metric in words": GOOD.replace("0.9", "great"),
    "a bare property": GOOD.replace('value="0.9"', ""),
    "expanding entities": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + GOOD,
    "an outside entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + GOOD,
    "very large": GOOD + " " * 17_000_000,
    "deep": "<a>" * 100_000 + "</a>" * 100_000,
}


@pytest.mark.parametrize("kind", REPORTS)
def test_no_other_report_is(mt: ModuleType, tmp_path: Path, kind: str) -> None:
    verdict = judge(mt, tmp_path, REPORTS[kind])
    assert verdict.outcome in ("failed", "could_not_run")
    assert verdict.reason


@pytest.mark.parametrize("result", [{"returncode": 1}, {"returncode": -11}, {"timed_out": True},
                                    {"returncode": None}])  # fmt: skip
def test_a_good_report_of_a_process_that_ended_badly_is_none(
    mt: ModuleType, tmp_path: Path, result: dict[str, Any]
) -> None:
    assert judge(mt, tmp_path, GOOD, **result).outcome != "passed"


@settings(max_examples=80)
@given(raw=st.binary(max_size=300) | st.text(alphabet="<>/=\"' aptestcase\n").map(str.encode))
def test_any_bytes_are_judged_without_an_exception(
    mt: ModuleType, tmp_path: Path, raw: bytes
) -> None:
    assert judge(mt, tmp_path, raw).outcome in ("failed", "could_not_run")


def test_the_runner_is_given_all_it_needs(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    seen: dict[str, Any] = {}

    def runner(command: list[str], **given: Any) -> SimpleNamespace:
        seen.update(given, command=command)
        report = next(part for part in command if part.startswith("--junitxml="))
        Path(report.partition("=")[2]).write_text(GOOD, encoding="utf-8")
        return SimpleNamespace(returncode=0, output="said", timed_out=False)

    tracker = course("")
    workspace = tmp_path / "somewhere"
    verdict = tracker.run_milestone("new", seed=7, runner=runner, workspace=workspace)
    assert verdict.outcome == "passed"
    assert (verdict.seed, verdict.output) == (7, "said")
    assert seen["cwd"] == tracker.tests_dir
    assert seen["timeout"] > 0
    assert seen["env"]["TINYTORCH_PROGRESS_STREAM"] == str(seen["progress_file"])
    assert seen["env"]["TINYTORCH_WORKSPACE"] == str(workspace)
    assert {"-P", "-I"} & {*seen["command"]}, "the folder it is started in would be on the path"
    assert seen["env"]["OMP_NUM_THREADS"] == seen["env"]["VECLIB_MAXIMUM_THREADS"] == "1"
    assert not {"PYTHONWARNINGS", "PYTEST_ADDOPTS"} & set(seen["env"])
    assert seen["command"][-2:] == ["--seed", "7"]
    assert "error::pytest.PytestReturnNotNoneWarning" in seen["command"]
    assert not seen["progress_file"].parent.exists(), "the scratch folder stays behind"


@pytest.mark.parametrize("error", [ZeroDivisionError, BrokenPipeError])
def test_an_error_of_the_runner_is_not_swallowed(course: Course, error: type[Exception]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    with pytest.raises(error):
        course("").run_milestone("new", runner=broken)


def test_without_a_temporary_folder_it_could_not_run(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    verdict = course("").run_milestone("new")
    assert verdict.outcome == "could_not_run"
    assert "No temporary folder can be written: No space left" in verdict.reason


@pytest.mark.parametrize("seed", ["", "nine", "9" * 5000, "1.5"])
def test_a_seed_that_is_no_number_is_none(course: Course, seed: str) -> None:
    def runner(command: list[str], **_: Any) -> SimpleNamespace:
        report = next(part for part in command if part.startswith("--junitxml="))
        Path(report.partition("=")[2]).write_text(
            GOOD.replace("</properties>", f'<property name="seed" value="{seed}"/></properties>'),
            encoding="utf-8",
        )
        return SimpleNamespace(returncode=0, output="", timed_out=False)

    assert course("").run_milestone("new", runner=runner).seed is None

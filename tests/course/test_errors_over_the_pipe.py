"""What a student reads of an error in the framework, though it was raised in another process.

Real milestones, run by the tracker, on frameworks of a few lines.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.course.test_broken_frameworks import MILESTONES, tracker_of
from tito.core.export.source_map import in_lessons

CELL = "__all__ = ['manual_seed']\n\n# %% modules/00_setup/setup.py:120\n\n"
BLANK = "raise NotImplementedError('Task 0.4: manual_seed')"
SEED = CELL + "def manual_seed(seed):\n    "


def verdict_on(workspace: Path, text: str | None):
    if text is not None:
        package = workspace / "tinytorch"
        package.mkdir()
        (package / "__init__.py").write_text(text, encoding="utf-8")
    tracker = tracker_of(MILESTONES)
    tracker.to_lesson = partial(in_lessons, workspace=workspace)  # as `tito` does
    return tracker.run_milestone("perceptron", seed=1, workspace=workspace)


@pytest.mark.parametrize(
    ("text", "outcome", "reason", "details"),
    [
        (SEED + BLANK, "failed", "Task 0.4: manual_seed is still blank.",
         "Raised in modules/00_setup/setup.py:122, in manual_seed."),
        (SEED + "raise ValueError('no\\nmore')", "failed", "ValueError: no",
         "more\n\nRaised in modules/00_setup/setup.py:122, in manual_seed."),
        (SEED + "seed + 'a'", "failed", "TypeError: unsupported operand",
         "Raised in modules/00_setup/setup.py:122, in manual_seed."),
        (CELL, "failed", "AttributeError: module 'tinytorch' has no attribute 'manual_seed'", ""),
        ("def manual_seed(:\n", "failed", "SyntaxError: invalid syntax",
         "Raised in tinytorch/__init__.py:1"),
        ("import tinytorch.lost", "failed", "No module named 'tinytorch.lost'", ""),
        ("import no_such_package", "failed", "The package no_such_package is not installed.",
         "pip install no_such_package"),
        ("open('weights.npz')", "failed", "FileNotFoundError", "weights.npz"),
        ("raise ImportError('tinytorch.nn comes with module 03_nn')", "failed", "03_nn", ""),
        ("x = bytearray(10**11)", "failed", "MemoryError", "tinytorch/__init__.py:1"),
        (None, "could_not_run", "There is no tinytorch package in this workspace.", "tito export"),
    ],
)  # fmt: skip
def test_an_error_says_what_it_is_and_where(
    text: str | None, outcome: str, reason: str, details: str, tmp_path: Path
) -> None:
    verdict = verdict_on(tmp_path, text)
    assert verdict.outcome == outcome, verdict
    assert reason in verdict.reason, verdict
    assert details in verdict.details, verdict.details


def test_what_steers_a_terminal_is_shown_by_its_number(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, "raise ValueError('a\\u202e\\x1b[31mb')")
    assert verdict.reason == r"ValueError: a\u202e\u001b[31mb"


FORGED = {
    "killed": "Your framework's process was killed from outside, and nobody is to blame.",
    "absent": "No module named 'tinytorch'",
    "the machine": "[Errno 5] Input/output error",
}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("killed", "type('', (Exception,), {})"),
        ("absent", "ModuleNotFoundError"),
        ("the machine", "OSError"),
        ("the machine", "type('', (OSError,), {})"),
    ],
)
def test_whom_an_error_is_blamed_on_is_no_matter_of_its_words(
    tmp_path: Path, kind: str, error: str
) -> None:
    """Raised from a file outside `tinytorch/`, so that no place tells whose it is."""
    code = f"raise {error}({FORGED[kind]!r})"
    verdict = verdict_on(tmp_path, f"exec(compile({code!r}, '<nowhere>', 'exec'))")
    assert verdict.outcome == "failed", verdict
    assert FORGED[kind] in verdict.reason
    assert verdict.metrics == {}


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_kill_from_outside_is_no_verdict(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, "import os\nos.kill(os.getpid(), 9)")
    assert verdict.outcome == "could_not_run"
    assert "was killed from outside" in verdict.reason

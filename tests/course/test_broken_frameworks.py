"""Every broken framework fails its milestone, and the message names the part and the file.

They run as a student's would: the tracker starts the verification in its own process and judges
its report. The mistakes themselves stand in `broken/`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.course.broken import (
    Broken,
    cheats,
    deep,
    hidden,
    images,
    late,
    networks,
    recurrences,
    sequences,
    tensors,
    writing,
)
from tito.core.workspace.workspace import Workspace

SEED = 1
# One row in so many runs every time: these milestones take seconds, the first three ten to twenty.
EVERY = {"resnet": 4, "lstm": 4, "gpt": 4, "transformer": 2, "cnn": 2}
MILESTONES = Path(__file__).parents[1] / "milestones"
TABLE = [
    *tensors.BROKEN, *networks.BROKEN, *images.BROKEN, *sequences.BROKEN, *deep.BROKEN,
    *recurrences.BROKEN, *writing.BROKEN, *hidden.BROKEN, *cheats.BROKEN, *late.BROKEN,
]  # fmt: skip


def rows() -> list[Any]:
    """All rows; of the slow milestones some, and the others with --thorough."""
    numbers = {milestone: count() for milestone in EVERY}
    left = {
        one.name
        for one in TABLE
        if one.milestone in EVERY and next(numbers[one.milestone]) % EVERY[one.milestone]
    }
    marks = {True: [pytest.mark.thorough], False: []}
    return [pytest.param(one, id=one.name, marks=marks[one.name in left]) for one in TABLE]


def tracker_of(folder: Path) -> Any:
    """The tracker that stands in this folder."""
    spec = importlib.util.spec_from_file_location("the_tracker", folder / "milestone_tracker.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MilestoneTracker()


@pytest.fixture
def workspace(solved: Workspace, tmp_path: Path) -> Path:
    """A folder with a copy of the exported reference."""
    shutil.copytree(solved.package, tmp_path / "tinytorch")
    return tmp_path


@pytest.mark.parametrize("broken", rows())
def test_a_broken_framework_fails_with_the_right_words(broken: Broken, workspace: Path) -> None:
    broken.apply(workspace / "tinytorch")
    verdict = tracker_of(MILESTONES).run_milestone(broken.milestone, seed=SEED, workspace=workspace)
    said = f"{verdict.reason}\n{verdict.details}"
    assert verdict.outcome == "failed", f"{broken.name}: {verdict.outcome}\n{said}"
    closed = cheats.IN_A_SANDBOX if verdict.isolation.startswith("sandbox") else {}
    wanted = closed.get(broken.name, broken.says)
    missing = [words for words in wanted if words.lower() not in said.lower()]
    assert not missing, f"{broken.name}: {missing} not in\n{said}"


@pytest.mark.skipif(os.name != "posix", reason="forks, and closes descriptors by their number")
@pytest.mark.parametrize("cheat", cheats.POWERLESS, ids=[cheat.name for cheat in cheats.POWERLESS])
def test_what_a_right_framework_does_in_its_own_process_changes_nothing(
    cheat: Broken, workspace: Path
) -> None:
    cheat.apply(workspace / "tinytorch")
    verdict = tracker_of(MILESTONES).run_milestone("perceptron", seed=SEED, workspace=workspace)
    assert verdict.outcome == "passed", f"{verdict.reason}\n{verdict.details}\n{verdict.output}"
    assert verdict.seconds < 15


@pytest.mark.parametrize("name", ["random", "types", "json", "numpy", "pytest", "sitecustomize"])
def test_files_beside_the_package_hide_nothing(
    name: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Honest scratch files, and one that Python would run by itself."""
    (workspace / f"{name}.py").write_text("raise SystemExit('found')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(workspace))
    verdict = tracker_of(MILESTONES).run_milestone("perceptron", seed=SEED, workspace=workspace)
    assert verdict.outcome == "passed", f"{verdict.reason}\n{verdict.details}\n{verdict.output}"


# Should a probe ever miss one of these, the checks of the whole model still see it.
SEEN_WITHOUT_PROBES = {
    "every gradient flipped": "has the wrong sign",
    "broadcast not summed, the large shape kept": "has shape (100, 1), not (1,)",
    "ReLU: the mask forgotten, on the digits": "`0.bias` (Linear.bias)",
    "Sequential: each layer gets a detached tensor": "(Linear.bias) is None: none arrives there",
    "a loss that returns 0": "The loss of the model is zero: NumPy says 0.",
    "losses without their mean": "64 times too large",
    "NaN weights": "is not finite from the start",
    "float32: every gradient doubled": "During training",
    "Adam: a step that does nothing": "has not changed",
    "zero_grad that clears nothing": "During training, the gradient of",
    "batch_indices: never shuffled": "gives the same order in two passes",
    "batch_indices: without an end": "does it never end?",
    "train_step: the old gradients kept": "It did not learn",
    "frozen filters: not among the parameters": "not 1,898",
    "rows of an id that repeats not added up": "(Embedding.weight)",
    "the layer's mask off by one": "The future leaks",
    "the keys' gradient dropped": "(MultiheadAttention.in_proj_weight)",
}


@pytest.mark.parametrize("name", SEEN_WITHOUT_PROBES)
def test_the_whole_model_is_checked_too(name: str, workspace: Path) -> None:
    broken = next(broken for broken in TABLE if broken.name == name)
    broken.apply(workspace / "tinytorch")
    tracker, report = tracker_of(MILESTONES), workspace / "report.xml"
    command = tracker.verification_command(broken.milestone, report=report, seed=SEED)
    done = subprocess.run(
        [*command, "--without-parts"],
        cwd=MILESTONES,
        env=os.environ
        | {"TINYTORCH_WORKSPACE": str(workspace), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert SEEN_WITHOUT_PROBES[name] in report.read_text(encoding="utf-8").replace("&#10;", "\n")


@pytest.mark.parametrize("body", ["return", "return True", "import pytest; pytest.skip()"])
def test_a_test_that_is_cut_short_does_not_pass(body: str, workspace: Path) -> None:
    """Not the framework but the test itself, in the workspace's own copy."""
    milestones = workspace / "tests" / "milestones"
    shutil.copytree(MILESTONES, milestones, ignore=shutil.ignore_patterns("__pycache__"))
    test = milestones / "test_learning_verification.py"
    text = test.read_text(encoding="utf-8")
    first = "    tt = run.framework()\n"
    test.write_text(text.replace(first, f"    {body}\n{first}"), encoding="utf-8")
    verdict = tracker_of(milestones).run_milestone("perceptron", workspace=workspace)
    assert verdict.outcome == "failed", f"{verdict.reason}\n{verdict.details}"


def test_a_run_whose_tito_was_killed_ends_itself(tmp_path: Path) -> None:
    """No parent enforces a time limit here."""
    milestones = shutil.copytree(MILESTONES, tmp_path / "tests" / "milestones")
    tracker = milestones / "milestone_tracker.py"
    text = tracker.read_text(encoding="utf-8").replace("TIMEOUT = 1200.0", "TIMEOUT = 0.5")
    tracker.write_text(text, encoding="utf-8")
    (tmp_path / "tinytorch").mkdir()
    (tmp_path / "tinytorch" / "__init__.py").write_text("while True: pass\n", encoding="utf-8")
    command = tracker_of(milestones).verification_command("perceptron", report=tmp_path / "r.xml")
    listening = {"TINYTORCH_PROGRESS_STREAM": str(tmp_path / "progress.jsonl")}
    done = subprocess.run(
        command,
        cwd=milestones,
        env=os.environ | {"TINYTORCH_WORKSPACE": str(tmp_path)} | listening,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1


def test_names_are_unique() -> None:
    names = [broken.name for broken in TABLE]
    assert len(names) == len(set(names))

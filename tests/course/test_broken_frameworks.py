"""Every broken framework fails its milestone, and the message names the part and the file.

They run as a student's would: the tracker starts the verification in its own process and judges
its report. The mistakes themselves stand in `broken/`.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.course.broken import Broken, cheats, images, networks, sequences, tensors
from tito.core.workspace import Workspace

SEED = 1
MILESTONES = Path(__file__).parents[1] / "milestones"
TABLE = [
    *tensors.BROKEN, *networks.BROKEN, *images.BROKEN, *sequences.BROKEN, *cheats.BROKEN,
]  # fmt: skip


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


@pytest.mark.parametrize("broken", TABLE, ids=[broken.name for broken in TABLE])
def test_a_broken_framework_fails_with_the_right_words(broken: Broken, workspace: Path) -> None:
    broken.apply(workspace / "tinytorch")
    verdict = tracker_of(MILESTONES).run_milestone(broken.milestone, seed=SEED, workspace=workspace)
    said = f"{verdict.reason}\n{verdict.details}"
    assert verdict.outcome == "failed", f"{broken.name}: {verdict.outcome}\n{said}"
    missing = [words for words in broken.says if words.lower() not in said.lower()]
    assert not missing, f"{broken.name}: {missing} not in\n{said}"


def test_names_are_unique() -> None:
    names = [broken.name for broken in TABLE]
    assert len(names) == len(set(names))

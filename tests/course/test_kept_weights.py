"""A milestone's run leaves weights, and the student's own module 09 can load them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tito.core.milestones.runs import kept_runs
from tito.core.workspace.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from verification.kept import as_safetensors

LOAD = """
import json, sys, tito.activate, tinytorch as tt
held = tt.load(sys.argv[1])
print(json.dumps({name: list(value.shape) for name, value in held.items()}))
"""

READ = """
import sys, tito.activate, tinytorch as tt
held = tt.load(sys.argv[1])
print(held["a"].tolist(), held["n"].item())
"""


@pytest.fixture
def workspace(solved: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(solved.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def test_the_weights_of_a_run_are_kept(workspace: Workspace, run) -> None:
    for number in ("00", "01", "02"):
        assert run("-m", "tito", "module", "complete", number, cwd=workspace.root).returncode == 0
    done = run("-m", "tito", "milestone", "run", "perceptron", "--seed", "1957", cwd=workspace.root)
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = kept_runs(workspace)
    assert (found.milestone, found.data["seed"]) == ("perceptron", 1957)
    assert {event["phase"] for event in found.data["events"]} >= {"training", "control"}
    training = [event for event in found.data["events"] if event["phase"] == "training"]
    assert training[-1]["held_out"] >= 0.98
    pictures = found.data["pictures"]
    assert {picture["kind"] for picture in pictures} == {"plane"}
    assert [pictures[0]["step"], pictures[-1]["step"]] == [1, 300]
    assert len(pictures[0]["data"]["points"]) == 40
    loaded = run("-c", LOAD, found.weights_file, cwd=workspace.root)
    assert json.loads(loaded.stdout) == {"w": [2, 1], "b": [1]}, loaded.stderr


def test_arrays_come_back_from_the_file(solved: Workspace, run, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(as_safetensors({"a": np.arange(6.0).reshape(2, 3), "n": np.array(3)}))
    done = run("-c", READ, file, cwd=solved.root)
    assert done.stdout == "[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] 3\n", done.stderr

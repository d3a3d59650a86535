"""`tito milestone run xor --width 4`: the same run with other values, which earns nothing."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tito.core.milestones.runs import kept_runs
from tito.core.workspace.workspace import Workspace
from tito.main import main
from tito.world import World

Tito = Callable[..., tuple[int, str, str]]


@pytest.fixture
def workspace(solved: Workspace, tmp_path: Path) -> Workspace:
    for name in ("modules", "tinytorch", "tests"):
        shutil.copytree(solved.root / name, tmp_path / name)
    return Workspace(tmp_path)


@pytest.fixture
def tito(workspace: Workspace) -> Tito:
    """Every command has the progress of somebody who has completed all modules."""
    progress = workspace.root / "progress.json"

    def world_with(out: io.StringIO, err: io.StringIO) -> World:
        return World(cwd=workspace.root, progress_file=progress, stdout=out, stderr=err)

    complete = world_with(io.StringIO(), io.StringIO())
    for module in workspace.modules:
        complete.tracker.opened.mark_module_complete(module.name)

    def call(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        code = main(["milestone", *arguments], world_with(out, err))
        return code, out.getvalue(), err.getvalue()

    return call


def test_an_experiment_is_run_and_kept_and_earns_nothing(tito: Tito, workspace: Workspace) -> None:
    code, out, err = tito("run", "xor", "--width", "4", "--steps", "5", "--seed", "1")
    assert code == 1, err  # five steps are not enough
    assert "width 4 (it is 16), steps 5 (it is 400). It earns nothing" in out
    assert "tito milestone run xor --width 4 --steps 5 --seed 1" in out
    code, out, _ = tito("run", "xor", "--lr", "0.4", "--seed", "1", "--json")
    told = json.loads(out)
    assert (code, told["outcome"], told["recorded"]) == (0, "passed", False)
    assert told["experiment"] == {"lr": 0.4}
    kept = {json.dumps(run.data["experiment"]) for run in kept_runs(workspace, "xor")}
    assert kept == {'{"width": 4, "steps": 5}', '{"lr": 0.4}'}
    code, out, _ = tito("info", "xor", "--json")
    assert json.loads(out)["record"] == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("xor", "--width", "0"), "--width is a whole number above 0"),
        (("xor", "--lr", "nan"), "--lr is a number above 0"),
        (("xor", "--steps", "-3"), "--steps is a whole number above 0"),
        (("gpt", "--steps", "5"), "gpt has no --steps to change, only --lr"),
        (("perceptron", "--width", "5"), "only --lr, --steps"),
        (("--all", "--lr", "0.1"), "does not take '--lr'"),
    ],
)
def test_what_cannot_be_changed_is_wrong_usage(
    tito: Tito, arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = tito("run", *arguments)
    assert code == 2
    assert said in " ".join(err.split())


def test_only_tito_starts_an_experiment(workspace: Workspace, tmp_path: Path) -> None:
    """A variable that somebody has set changes no run that counts."""
    world = World(cwd=workspace.root, progress_file=tmp_path / "progress.json")
    environment = world.tracker.required.verification_environment(
        workspace.root, tmp_path / "stream", {"TINYTORCH_EXPERIMENT": '{"steps": 9000}'}
    )
    assert "TINYTORCH_EXPERIMENT" not in environment

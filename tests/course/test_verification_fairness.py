"""A correct framework that is quite unlike the reference passes the milestones.

Only what the contract says may be judged, not how the reference is written. The framework is in
`another_framework.py`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.course.test_broken_frameworks import MILESTONES, tracker_of
from tito.core.workspace.workspace import Workspace

FRAMEWORK = Path(__file__).with_name("another_framework.py")


@pytest.mark.parametrize("milestone", ["perceptron", "xor", "mlp_digits"])
def test_another_framework_passes(milestone: str, tmp_path: Path) -> None:
    package = tmp_path / "tinytorch" / "__init__.py"
    package.parent.mkdir()
    package.write_bytes(FRAMEWORK.read_bytes())
    verdict = tracker_of(MILESTONES).run_milestone(milestone, workspace=tmp_path)
    assert verdict.outcome == "passed", f"seed {verdict.seed}\n{verdict.reason}\n{verdict.details}"


@pytest.mark.parametrize("seed", [101, 3258545854])
def test_the_reference_is_far_from_the_transformer_s_bar(
    seed: int, solved: Workspace, tmp_path: Path
) -> None:
    """Seeds at which the unchanged reference once ended below the 99 % that are needed."""
    shutil.copytree(solved.package, tmp_path / "tinytorch")
    verdict = tracker_of(MILESTONES).run_milestone("transformer", seed=seed, workspace=tmp_path)
    assert verdict.outcome == "passed", f"{verdict.reason}\n{verdict.details}"
    assert verdict.metrics["exact_match"] == 1.0


def test_a_mistake_in_it_is_named(tmp_path: Path) -> None:
    """The message, too, depends only on the contract: its Sequential has no attribute `0`."""
    package = tmp_path / "tinytorch" / "__init__.py"
    package.parent.mkdir()
    text, right = FRAMEWORK.read_text(encoding="utf-8"), "lambda g: g * (x.data > 0)"
    wrong = "lambda g: g if len(g) == 32 else g * (x.data > 0)"
    assert text.count(right) == 1
    package.write_text(text.replace(right, wrong), encoding="utf-8")
    verdict = tracker_of(MILESTONES).run_milestone("mlp_digits", workspace=tmp_path)
    assert verdict.outcome == "failed"
    assert "During training, the gradient of `0." in verdict.reason
    assert "modules/03_nn/nn.py" in verdict.details

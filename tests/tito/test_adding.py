"""CONTRIBUTING.md is right: a module is a folder, a milestone is three steps, nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

DEFINITION = """
MILESTONES["new_milestone"] = {
    "name": "2025 - New Breakthrough",
    "requires": ["00_setup", "15_new_module"],
    "test": "test_new_milestone_learning",
    "description": "Description of the breakthrough",
    "unlock_message": "You can now...",
}
MILESTONE_ORDER.append("new_milestone")
"""

VERIFICATION = """

def test_new_milestone_learning():
    import tinytorch

    assert tinytorch.twice(4) == 8
"""

LESSON = '''\
# %% [markdown]
# # Module 15: New module
#
# Twice as much.

# %%
import tito.activate

# %%
#| default_exp twice

# %% [markdown]
# ## Task 15.1: twice

# %%
#| export
def twice(x):
    """2 x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
'''

TEST = '''\
"""Tests of module 15."""

from tinytorch import twice


def test_15_1_doubles():
    assert twice(2) == 4
'''

HINTS = '["15.1"]\nhints = ["a nudge", "the approach", "almost the code"]\n'


@pytest.fixture(scope="module")
def grown(tiny_course, tmp_path_factory) -> Path:
    """The tiny course after the steps of CONTRIBUTING.md."""
    root = tmp_path_factory.mktemp("grown") / "course"
    shutil.copytree(tiny_course, root)
    module = root / "modules/15_new_module"
    module.mkdir()
    for name, text in (
        ("new_module.py", LESSON),
        ("test_new_module.py", TEST),
        ("hints.toml", HINTS),
    ):
        (module / name).write_text(text, encoding="utf-8", newline="\n")
    for name, text in (
        ("milestone_tracker.py", DEFINITION),
        ("test_learning_verification.py", VERIFICATION),
    ):
        with (root / "tests/milestones" / name).open("a", encoding="utf-8") as file:
            file.write(text)
    return root


def test_the_demo_goes_through_what_was_added(tito, grown, tmp_path):
    demo = tito(tmp_path, "demo", "--keep", "kept", PYTHONPATH=str(grown))
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "$ tito module complete 15\n" in demo.stdout
    assert "2025 - New Breakthrough" in demo.stdout
    assert "Learned: 2025 - New Breakthrough" in demo.stdout
    assert "3 modules completed, 3 milestones learned" in demo.stdout


def test_a_student_meets_them_like_all_others(tito, grown, tmp_path):
    def run(*arguments: str) -> dict:
        result = tito(tmp_path / "mine", *arguments, "--json", PYTHONPATH=str(grown))
        return json.loads(result.stdout)

    assert tito(tmp_path, "init", "mine", PYTHONPATH=str(grown)).returncode == 0
    modules = [row["module"] for row in run("module", "list")["modules"]]
    assert modules == ["00_setup", "03_line", "15_new_module"]
    *_, last = run("milestone", "status")["milestones"]
    assert (last["id"], last["missing"]) == ("new_milestone", ["00_setup", "15_new_module"])

"""A tiny course of two modules and two milestones, with the real tool and the real tracker.

It is for tests of the tool; the real course has its own tests (tests/course).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tito.core.workspace.course import ISOLATION

FIRST = '''\
# %% [markdown]
# # Module 00: Setup
#
# One number generator for all.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %%
#| default_exp seeds

# %% [markdown]
# ## Task 0.1: manual_seed
#
# Keep the number.

# %%
#| export
STATE = {"seed": 0}


def manual_seed(seed):
    """Remember `seed`, and return it."""
    ### BEGIN SOLUTION
    STATE["seed"] = seed
    return seed
    ### END SOLUTION


# %%
print(manual_seed(3))
'''

# Its number leaves a gap, as numbers may.
SECOND = '''\
# %% [markdown]
# # Module 03: Line
#
# A straight line.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %%
#| default_exp line

# %%
#| export
from tinytorch import manual_seed

# %% [markdown]
# ## Task 3.1: line

# %%
#| export
def line(x):
    """3 x."""
    ### BEGIN SOLUTION
    return 3 * x
    ### END SOLUTION


# %% [markdown]
# ## Task 3.2: seeded_line

# %%
#| export
def seeded_line(x, seed):
    """3 x + seed."""
    ### BEGIN SOLUTION
    return line(x) + manual_seed(seed)
    ### END SOLUTION
'''

TEST_FIRST = '''\
"""Tests of module 00."""

from tinytorch import manual_seed


def test_0_1_returns_the_seed():
    assert manual_seed(5) == 5, "manual_seed(5) must return 5"
'''

TEST_SECOND = '''\
"""Tests of module 03."""

from tinytorch import line, seeded_line


def test_3_1_triples():
    assert line(2) == 6, f"line(2) must be 6, yours is {line(2)}"


def test_3_2_adds_the_seed():
    assert seeded_line(2, 4) == 10
'''

HINTS = '["{0}"]\nhints = ["a nudge", "the approach", "almost the code"]\n'

# In place of the course's own milestones.
MILESTONES = """

MILESTONES.clear()
MILESTONES.update(
    start={
        "name": "1900 - The Start",
        "requires": ["00_setup"],
        "test": "test_start",
        "description": "A number is kept",
        "unlock_message": "You can keep a number.",
        "metrics": ["accuracy"],
    },
    slope={
        "name": "1901 - The Slope",
        "requires": ["00_setup", "03_line"],
        "test": "test_slope",
        "description": "A line rises",
        "unlock_message": "You can draw a line.",
        "metrics": ["accuracy", "gradient_error"],
    },
)
MILESTONE_ORDER[:] = ["start", "slope"]
"""

VERIFICATION = '''\
"""What a milestone of the tiny course is judged with."""

import json
import os


def report(**event):
    with open(os.environ["TINYTORCH_PROGRESS_STREAM"], "a", encoding="utf-8") as stream:
        stream.write(json.dumps(event) + "\\n")


def test_start(record_property, request):
    import tinytorch

    seed = request.config.getoption("--seed") or 41
    record_property("seed", seed)
    for step in range(1, 21):
        report(phase="training", step=step, total=20, loss=2.0 / step, accuracy=step / 20)
    record_property("accuracy", 0.975)
    assert tinytorch.manual_seed(seed) == seed, (
        "The seed is lost on its way: see modules/00_setup/setup.py, Task 0.1."
    )


def test_slope(record_property):
    import tinytorch

    record_property("seed", 7)
    assert tinytorch.line(2) == 6
    record_property("accuracy", 1.0)
    record_property("gradient_error", 2.5e-9)
'''

# Its tests import the framework, which those of the real course leave to a process of its own.
SEED_OPTION = """\
import os
import sys

sys.path.append(os.environ["TINYTORCH_WORKSPACE"])


def pytest_addoption(parser):
    parser.addoption("--seed", type=int)
"""


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


@pytest.fixture(scope="session")
def tiny_course(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Path:
    """A small checkout: the tool, two solved modules, two milestones. Do not write to it."""
    root = tmp_path_factory.mktemp("course")
    ignored = shutil.ignore_patterns("__pycache__", "_course")
    shutil.copytree(repo / "tito", root / "tito", ignore=ignored)
    shutil.copytree(repo / ISOLATION, root / ISOLATION, ignore=ignored)  # a test has its limits
    tracker = (repo / "tests/milestones/milestone_tracker.py").read_text(encoding="utf-8")
    _write(
        root,
        {
            "modules/00_setup/setup.py": FIRST,
            "modules/00_setup/test_setup.py": TEST_FIRST,
            "modules/00_setup/hints.toml": HINTS.format("0.1"),
            "modules/03_line/line.py": SECOND,
            "modules/03_line/test_line.py": TEST_SECOND,
            "modules/03_line/hints.toml": HINTS.format("3.1") + HINTS.format("3.2"),
            "tests/milestones/milestone_tracker.py": tracker + MILESTONES,
            "tests/milestones/test_learning_verification.py": VERIFICATION,
            "tests/milestones/conftest.py": SEED_OPTION,
            "tests/milestones/pytest.ini": "[pytest]\n",
            "tests/milestones/README.md": "# Milestones\n",
        },
    )
    return root


Tito = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def tito(tiny_course: Path) -> Tito:
    """`tito(cwd, "module", "list", NO_COLOR="1")`: the command as a student's shell runs it."""

    def run(cwd: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tito", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(tiny_course), "PYTHONUTF8": "1", **env},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, tito: Tito) -> Path:
    """A blank and a solved workspace, made once; the tests work in copies."""
    folder = tmp_path_factory.mktemp("templates")
    for name, options in (("blank", []), ("solved", ["--solved"])):
        made = tito(folder, "init", name, *options)
        assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture
def workspace(tmp_path: Path, templates: Path) -> Path:
    """A fresh workspace of the tiny course, blank."""
    return shutil.copytree(templates / "blank", tmp_path / "work")


@pytest.fixture
def solved(tmp_path: Path, templates: Path) -> Path:
    """A workspace with every answer in place and exported, and nothing recorded."""
    return shutil.copytree(templates / "solved", tmp_path / "solved")


@pytest.fixture
def solve(tiny_course: Path) -> Callable[[Path, str], None]:
    """`solve(workspace, "00_setup")`: put the reference answers in."""

    def put(workspace: Path, name: str) -> None:
        lesson = f"modules/{name}/{name[3:]}.py"
        shutil.copyfile(tiny_course / lesson, workspace / lesson)

    return put

"""The wheel carries the course: installed elsewhere, it makes a workspace one can work in.

One build and one clean environment for all of it; needs the package index that pip is set up for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tito.core.workspace.workspace import modules_in

pytestmark = pytest.mark.packaging

SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def checked(*command: str | Path, cwd: Path, **env: str) -> str:
    run = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean_environment(), **env},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, f"{command}\n{run.stdout}\n{run.stderr}"
    return run.stdout


def clean_environment() -> dict[str, str]:
    """An environment in which the checkout cannot be found."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name not in hidden}


@dataclass(frozen=True)
class Installed:
    """A clean environment with only the wheel in it, and an empty folder to work in."""

    scripts: Path
    folder: Path

    def tito(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.scripts / "tito"), *arguments],
            cwd=cwd or self.folder,
            env={**clean_environment(), "PYTHONUTF8": "1", "COLUMNS": "80"},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def built(repo, tmp_path_factory) -> Path:
    """The folder with the sdist, and with the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    checked(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, repo, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Installed:
    root = tmp_path_factory.mktemp("elsewhere")
    checked(sys.executable, "-m", "venv", root / "env", cwd=root)
    scripts = root / "env" / SCRIPTS
    (wheel,) = built.glob("*.whl")
    checked(scripts / "python", "-m", "pip", "install", "--quiet", wheel, cwd=root)
    (root / "work").mkdir()
    return Installed(scripts, root / "work")


def wheel_names(built: Path) -> list[str]:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_carries_every_module_and_every_milestone_file(built, repo):
    names = wheel_names(built)
    for module in modules_in(repo):
        for file in (module.lesson, module.tests, module.hints):
            assert f"tito/_course/modules/{module.name}/{file.name}" in names
    for name in ("milestone_tracker.py", "test_learning_verification.py", "pytest.ini"):
        assert f"tito/_course/tests/milestones/{name}" in names
    assert "tito/_course/tests/milestones/data/digits.npz" in names


def test_the_wheel_carries_nothing_else(built):
    unwanted = ("__pycache__", ".pyc", "/tinytorch/", ".ipynb", ".pytest_cache", "/.tito/")
    assert [n for n in wheel_names(built) if any(part in n for part in unwanted)] == []
    tops = {name.split("/")[0] for name in wheel_names(built)}
    assert len(tops) == 2, tops  # the package and its metadata; no `modules`, no `tests`


def test_the_source_archive_is_complete(built, repo):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked = checked("git", "ls-files", cwd=repo).split() if (repo / ".git").exists() else []
    assert set(tracked) - names == set()
    assert "pyproject.toml" in names


def test_installed_elsewhere_it_makes_a_workspace_to_work_in(installed, repo):
    assert installed.tito("--version").stdout.startswith("tito ")
    made = installed.tito("init", "mine")
    assert made.returncode == 0, made.stdout + made.stderr
    mine = installed.folder / "mine"
    listed = installed.tito("module", "list", "--json", cwd=mine)
    assert listed.returncode == 0, listed.stderr
    names = [module["module"] for module in json.loads(listed.stdout)["modules"]]
    assert names == [module.name for module in modules_in(repo)]
    first = modules_in(repo)[0]
    tested = installed.tito("module", "test", first.number, cwd=mine)
    assert tested.returncode == 1, tested.stdout + tested.stderr
    assert "blank" in tested.stdout
    lesson = mine / "modules" / first.name / first.lesson.name
    lesson.write_bytes(first.lesson.read_bytes())
    completed = installed.tito("module", "complete", first.number, cwd=mine)
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_its_doctor_knows_the_dependencies(installed):
    looked = installed.tito("doctor")
    assert looked.returncode == 0, looked.stdout
    for name in ("numpy", "rich", "filelock", "pytest"):
        assert f"✓ {name} " in looked.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the workflow runs on Ubuntu")
def test_its_workflow_judges_a_push(installed, built, repo, tmp_path):
    """The file for GitHub Actions, read as YAML; its own steps are run as bash runs them there."""
    import yaml

    assert installed.tito("class", "init", "class").returncode == 0
    (wheel,) = built.glob("*.whl")
    made = installed.tito(
        *("class", "release", "a1", "--package", str(wheel)), cwd=installed.folder / "class"
    )
    assert made.returncode == 0, made.stdout + made.stderr
    pushed = installed.folder / "class/releases/a1/starter"
    workflow = yaml.safe_load((pushed / ".github/workflows/tinytorch.yml").read_text("utf-8"))
    assert "push" in workflow[True]  # how YAML 1.1 reads `on`
    (job,) = workflow["jobs"].values()
    assert [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step] == [
        "actions/checkout",
        "actions/setup-python",
    ]
    lesson = modules_in(repo)[0].lesson
    (pushed / "modules" / lesson.parent.name / lesson.name).write_bytes(lesson.read_bytes())
    env = {
        "PATH": f"{installed.scripts}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    install, judge = (step["run"] for step in job["steps"] if "run" in step)
    for text in (install, judge):
        checked("bash", "-e", "-c", text, cwd=pushed, **env)
    assert "TinyTorch: 7 of 7 tasks" in (tmp_path / "summary.md").read_text("utf-8")

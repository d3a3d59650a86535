"""The project's own machinery: make targets, the gate, the pins that others rely on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tito import __version__
from tito.core.process import ONE_THREAD
from tito.core.testing import runner as checks
from tito.core.testing.plugin import Plugin

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="this machine has no make")


@pytest.fixture(scope="module")
def makefile(repo) -> str:
    return (repo / "Makefile").read_text(encoding="utf-8")


def make(repo, *arguments: str) -> str:
    run = subprocess.run(
        ["make", *arguments], cwd=repo, capture_output=True, encoding="utf-8", check=True
    )
    return run.stdout


@needs_make
def test_make_help_names_every_target(repo, makefile):
    phony, *_ = re.findall(r"^\.PHONY: (.*)", makefile, re.M)
    shown = make(repo, "help")
    assert {"demo", "test", "check", "bench", "parity", "help"} <= set(phony.split())
    for target in phony.split():
        assert f"make {target} " in shown


@needs_make
def test_make_alone_is_help(repo):
    assert make(repo) == make(repo, "help")


@needs_make
def test_the_tests_run_with_two_workers_of_one_thread(repo):
    assert "-m pytest -n 2" in make(repo, "--dry-run", "test")
    assert {name: os.environ.get(name) for name in ONE_THREAD} == ONE_THREAD


def test_the_tracker_which_stands_alone_has_the_same_thread_settings(repo, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(repo / "tests" / "milestones")
    import milestone_tracker

    assert milestone_tracker.ONE_THREAD == ONE_THREAD


@needs_make
@pytest.mark.skipif(os.name == "nt", reason="the Makefile is for POSIX shells")
def test_an_old_python_is_refused_in_words(repo, tmp_path):
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    shutil.copy(repo / "Makefile", tmp_path)
    shutil.copy(repo / "pyproject.toml", tmp_path)
    run = subprocess.run(
        ["make", f"PYTHON={old}", "demo"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode != 0
    assert "TinyTorch needs Python 3.10 or newer" in run.stdout
    assert not (tmp_path / ".venv").exists()


# In place of a Python: writes down what it is asked for; the environments it makes hold itself.
STAND_IN = """\
#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in
  "-m venv --clear"*) rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  "-m pip --version") test -e "$LOG.pip" ;;
  "-m ensurepip") touch "$LOG.pip" ;;
esac
"""


@pytest.fixture
def checkout(repo, tmp_path):
    """A checkout of the Makefile alone, with an environment that was installed once."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(repo / name, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "python3").write_text(STAND_IN, encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)
    return tmp_path


def done_by_demo(checkout) -> list[str]:
    """What `make demo` has the Python do."""
    log = checkout / "log"
    log.unlink(missing_ok=True)
    subprocess.run(
        ["make", f"PYTHON={checkout / 'python3'}", "demo"],
        cwd=checkout,
        env={**os.environ, "LOG": str(log)},
        check=True,
    )
    return log.read_text(encoding="utf-8").splitlines()


@needs_make
@pytest.mark.skipif(os.name == "nt", reason="the Makefile is for POSIX shells")
def test_an_environment_whose_python_has_gone_is_made_anew(checkout):
    (checkout / ".venv/bin/python").symlink_to(checkout / "upgraded-away")
    (checkout / ".venv/.core").touch()
    done = done_by_demo(checkout)
    assert "-m venv --clear .venv" in done
    assert any("install --editable ." in line for line in done)
    assert done_by_demo(checkout)[-1] == "-m tito.main demo"


@needs_make
@pytest.mark.skipif(os.name == "nt", reason="the Makefile is for POSIX shells")
def test_an_environment_without_pip_is_given_it(checkout):
    shutil.copy(checkout / "python3", checkout / ".venv/bin/python")
    done = done_by_demo(checkout)
    assert done[:2] == ["-m pip --version", "-m ensurepip"]
    assert "install --editable ." in done[2]
    assert done_by_demo(checkout) == ["-m tito.main demo"]


def test_the_gate_runs_the_readme_s_test_command_and_then_the_checks(repo):
    gate = repo / ".ci" / "run"
    lines = gate.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#!")
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make test", "make check"]
    assert os.name == "nt" or os.access(gate, os.X_OK)


def test_lessons_have_one_kind_of_line_end(repo):
    """A lesson's hash is evidence: git must not change its bytes from system to system."""
    assert "* text=auto eol=lf" in (repo / ".gitattributes").read_text(encoding="utf-8")
    for path in (repo / "modules").glob("*/*"):
        if path.is_file():
            assert b"\r" not in path.read_bytes(), path


def test_generated_things_are_not_kept(repo):
    ignored = (repo / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/tinytorch/", ".tito/", ".venv/"} <= set(ignored)


def test_a_failing_test_s_words_need_no_terminal():
    """A module's tests run without one; pytest before 9.1 asks it to color what was compared."""
    config = SimpleNamespace(option=SimpleNamespace())
    Plugin(None, lambda: True).pytest_configure(config)
    assert config.get_terminal_writer()._highlight("2 == 3", lexer="python") == "2 == 3"


def test_the_version_is_said_once(tito, tmp_path, repo):
    assert tito(tmp_path, "--version").stdout == f"tito {__version__}\n"
    assert 'dynamic = ["version"]' in (repo / "pyproject.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def home_between_tests() -> str | None:
    """What a fixture finds that is made once for many tests, and so before any of them."""
    return os.environ.get("TINYTORCH_HOME")


def test_no_fixture_writes_to_a_person_s_own_progress(home_between_tests, tmp_path_factory):
    assert home_between_tests is not None
    assert Path(home_between_tests).is_relative_to(tmp_path_factory.getbasetemp())


def test_one_oldest_pytest(repo) -> None:
    oldest = checks.OLDEST_PYTEST
    assert f'"pytest>={oldest},' in (repo / "pyproject.toml").read_text(encoding="utf-8")
    settings = (repo / "tests/milestones/pytest.ini").read_text(encoding="utf-8")
    assert f"minversion = {oldest}" in settings


def test_one_oldest_numpy(repo) -> None:
    assert f'"numpy>={checks.OLDEST_NUMPY}"' in (repo / "pyproject.toml").read_text("utf-8")

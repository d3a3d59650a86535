"""The project's own machinery: make targets, the gate, the pins that others rely on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from tito import __version__

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
    (phony,) = re.findall(r"^\.PHONY: (.*)", makefile, re.M)
    shown = make(repo, "help")
    assert {"demo", "test", "check", "bench", "parity", "help"} <= set(phony.split())
    for target in phony.split():
        assert f"make {target} " in shown


@needs_make
def test_make_alone_is_help(repo):
    assert make(repo) == make(repo, "help")


@needs_make
def test_the_tests_run_with_two_workers_of_one_thread(repo):
    planned = make(repo, "--dry-run", "test")
    assert "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1" in planned
    assert "-m pytest -n 2" in planned


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


def test_the_version_is_said_once(tito, tmp_path, repo):
    assert tito(tmp_path, "--version").stdout == f"tito {__version__}\n"
    assert 'dynamic = ["version"]' in (repo / "pyproject.toml").read_text(encoding="utf-8")

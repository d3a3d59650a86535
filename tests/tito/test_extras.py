"""What a command says where its extra is not installed, and that the others need none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tito.kept_run import keep_run

OPTIONAL = ("bokeh", "watchfiles", "distributed", "jupytext", "PIL")
CONFIG = '[[assignment]]\nid = "a1"\nmodules = ["00"]\n'


@pytest.fixture
def bare(tmp_path: Path, tiny_course: Path) -> str:
    """A PYTHONPATH on which no optional package can be imported."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in OPTIONAL:
        (folder / f"{name}.py").write_text(f"raise ImportError('no {name}')\n", encoding="utf-8")
    return os.pathsep.join(map(str, (folder, tiny_course)))


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        (["show", "--no-browser"], "bokeh", "show"),
        (["watch"], "watchfiles", "watch"),
        (["class", "grade", "a1", "--trust", "--scheduler", "127.0.0.1:1"], "distributed", "class"),
    ],
    ids=["show", "watch", "class"],
)
def test_a_missing_extra_is_named_in_one_sentence(
    tito, workspace: Path, bare: str, command: list[str], package: str, extra: str
) -> None:
    (workspace / "class.toml").write_text(CONFIG, encoding="utf-8")
    (workspace / "roster.csv").write_text("id\nada\n", encoding="utf-8")
    done = tito(workspace, *command, PYTHONPATH=bare, COLUMNS="200")
    assert done.returncode == 3, done.stdout + done.stderr
    said, advice = done.stderr.splitlines()
    assert f"needs the package {package}, which the extra `{extra}` brings." in said
    assert advice.endswith(f'pip install "tinytorch-course[{extra}]"')


def test_a_report_needs_no_extra(tito, workspace: Path, bare: str) -> None:
    keep_run(workspace, "start")
    done = tito(workspace, "report", "--html", "r.html", PYTHONPATH=bare)
    assert done.returncode == 0, done.stderr
    assert "<svg" in (workspace / "r.html").read_text(encoding="utf-8")

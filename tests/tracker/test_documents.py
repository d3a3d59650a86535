"""The documents in tests/milestones: there, plain, and every command and example in them runs.

A command is the line of a `bash` block; it must end with exit code 0 in a workspace in which the
reference answers are filled in.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]
FOLDER = REPO / "tests" / "milestones"
DOCUMENTS = sorted(FOLDER.glob("*.md"))
NAMES = {
    "API.md",
    "WORKFLOW.md",
    "STUDENT_GUIDE.md",
    "PROGRESSION.md",
    "QUICKSTART.md",
    "README.md",
}
PROGRAMS = {
    "tito": [sys.executable, "-m", "tito.main"],
    "python3": [sys.executable],
}


def blocks(document: Path, language: str) -> list[str]:
    text = document.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


def commands(document: Path) -> Iterator[list[str]]:
    for block in blocks(document, "bash"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


def run(words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAMS[words[0]], *words[1:]],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(REPO), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def must_run(words: list[str], cwd: Path) -> None:
    done = run(words, cwd)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"


def begins_empty(document: Path) -> bool:
    return ["tito", "init"] in [words[:2] for words in commands(document)]


def fill_in_the_answers(workspace: Path) -> None:
    shutil.copytree(REPO / "modules", workspace / "modules", dirs_exist_ok=True)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with everything written and exported."""
    workspace = tmp_path_factory.mktemp("documents") / "my-tinytorch"
    must_run(["tito", "init", str(workspace)], workspace.parent)
    fill_in_the_answers(workspace)
    must_run(["tito", "export"], workspace)
    return workspace


def test_the_specifications_documents_are_there() -> None:
    assert {document.name for document in DOCUMENTS} == NAMES


def record_all(tracker: Any, workspace: Path) -> None:
    for module in (workspace / "modules").iterdir():
        tracker.mark_module_complete(module.name)


@pytest.fixture(scope="module")
def ran() -> set[str]:
    """What has been run in the solved workspace: the documents share many of their commands."""
    return set()


# The two others have tests of their own, below.
OF_A_SOLVED_WORKSPACE = [
    document
    for document in DOCUMENTS
    if not begins_empty(document) and document.name != "PROGRESSION.md"
]


@pytest.mark.end_to_end
@pytest.mark.parametrize("document", OF_A_SOLVED_WORKSPACE, ids=lambda document: document.name)
def test_every_command_runs(document: Path, solved: Path, ran: set[str], tracker: Any) -> None:
    record_all(tracker, solved)
    for words in commands(document):
        if shlex.join(words) not in ran:
            must_run(words, solved)
            ran.add(shlex.join(words))


FIGURE = re.compile(r"^\| `(?P<metric>\w+)`[^|]*\| (?P<percent>[\d.]+) % \|$", re.MULTILINE)
TOLERANCE = 0.1  # another CPU rounds otherwise, and training carries that on
SLOW = ("lstm", "resnet", "gpt")


def stories() -> list[Any]:
    """A command and what is told of its run; the slow milestones train with --thorough."""
    text = (FOLDER / "PROGRESSION.md").read_text(encoding="utf-8")
    parts = re.split(r"```bash\n(.*)\n```", text)
    assert len(parts) > 10
    slow = pytest.mark.thorough
    return [
        pytest.param(command, story, id=command, marks=slow if command.split()[3] in SLOW else [])
        for command, story in zip(parts[1::2], parts[2::2], strict=True)
    ]


@pytest.mark.end_to_end
@pytest.mark.parametrize(("command", "story"), stories())
def test_the_storys_figures_are_what_its_command_reports(
    command: str, story: str, solved: Path, tracker: Any
) -> None:
    record_all(tracker, solved)
    told = {m["metric"]: float(m["percent"]) / 100 for m in FIGURE.finditer(story)}
    assert "control_accuracy" in told
    done = run([*shlex.split(command), "--json"], solved)
    assert done.returncode == 0, done.stdout
    measured = json.loads(done.stdout)["metrics"]
    for metric, figure in told.items():
        assert measured[metric] == pytest.approx(figure, abs=TOLERANCE)


@pytest.mark.end_to_end
def test_every_command_of_a_fresh_start_runs(tmp_path: Path) -> None:
    [document] = filter(begins_empty, DOCUMENTS)
    cwd = tmp_path
    for words in commands(document):
        if words[0] == "cd":
            cwd /= words[1]
            continue
        must_run(words, cwd)
        if words[:2] == ["tito", "init"]:
            fill_in_the_answers(cwd / words[2])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_python_example_runs(document: Path, tmp_path: Path) -> None:
    for number, example in enumerate(blocks(document, "python")):
        done = subprocess.run(
            [sys.executable, "-c", example],
            env=os.environ
            | {"PYTHONPATH": str(FOLDER), "TINYTORCH_HOME": str(tmp_path / str(number))},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{example}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_prose_is_plain(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    assert "!" not in prose
    assert not re.search("[\u2600-\u27bf\U0001f000-\U0001faff]", text), "an emoji"
    assert max(map(len, text.splitlines())) <= 120
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (FOLDER / target).is_file(), target


def test_the_table_of_files_names_what_is_there() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in FOLDER.iterdir():
        if path.name != "__pycache__" and path.name != "README.md":
            assert path.name in text, path.name


def test_the_story_tells_every_milestone() -> None:
    text = (FOLDER / "PROGRESSION.md").read_text(encoding="utf-8")
    years = re.findall(r'"name": "(\d{4}) - ', (FOLDER / "milestone_tracker.py").read_text("utf-8"))
    assert len(years) >= 5
    for year in years:
        assert f"## {year}" in text

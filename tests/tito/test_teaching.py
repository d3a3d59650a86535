"""docs/teaching.md: its commands run as written, and its hours are those of the lessons."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

from tito.core.lesson.workload import told

COMMANDS = re.compile(r"^\$ (.*)$", re.MULTILINE)


def test_the_first_hour_runs_as_it_is_written(tito, repo: Path, tmp_path: Path) -> None:
    """On the tiny course; its tests run only in the process of the student's code."""
    cwd, typed = tmp_path, []
    for line in COMMANDS.findall((repo / "docs/teaching.md").read_text(encoding="utf-8")):
        program, *words = shlex.split(line)
        typed.append(" ".join(words[:2]))
        if program == "cd":
            cwd = cwd / words[0]
        elif program == "cp":
            shutil.copyfile(cwd / words[0], cwd / words[1])
        else:
            assert program == "tito", line
            trust = ["--trust"] if words[:2] == ["class", "grade"] else []
            done = tito(cwd, *words, *trust)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert {"class collect", "class grade", "class similar"} <= set(typed)
    states = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["modules"][0]["state"]
        for path in (cwd / "results/a1").glob("*.json")
    }
    assert len(states) == 5
    assert states["ada"] == "passed"
    assert {states[name] for name in ("barbara", "edsger", "grace")} == {"failed"}


def test_the_hours_are_those_of_the_lessons(repo: Path) -> None:
    text = (repo / "docs/teaching.md").read_text(encoding="utf-8")
    for folder in sorted((repo / "modules").glob("[0-9]*")):
        lesson = (folder / f"{folder.name[3:]}.py").read_text(encoding="utf-8")
        found = told("\n".join(line.removeprefix("# ") for line in lesson.split("\n")[:20]))
        assert found is not None, folder
        assert f"| {folder.name} | {found.hours:g} |" in text

"""README.md does what it says: its console blocks are run, and print what is shown.

Comments in the README say what the student writes between two commands:
`<!-- write 0.1: code -->`, `<!-- answer 00 -->`, `<!-- complete 01 02 -->`. After
`<!-- figures vary -->` only the words of the next block are compared. `make demo` and `make test`
are not run here: the second is what runs this.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tito.core.lesson.lesson import Lesson
from tito.core.workspace.workspace import Workspace, modules_in

SHOWN_HOME = "/home/ada"
BLOCK = re.compile(r"<!-- (?P<comment>.*?) -->|^```console\n(?P<console>.*?)^```", re.M | re.S)
PROMPT = "$ "
# What differs from run to run or with the size of the course, not with what the tool says.
VARYING = [
    (re.compile(r"\d+(\.\d+)? s\b"), "# s"),
    (re.compile(r"\d+ lessons"), "# lessons"),
    (re.compile(r"\.py:\d+"), ".py:#"),
    (re.compile(r"Isolation: \w+"), "Isolation: #"),
]
LIVE = re.compile(r"  \w+ \d+/\d+|.*[│└]|\s+\d+\s+\d+$")  # progress, the curve and its axis


@dataclass
class Reader:
    """Somebody who types what the README says."""

    repo: Path
    cwd: Path
    figures_vary: bool = False
    typed: list[str] = field(default_factory=list)

    def follow(self, text: str) -> None:
        for match in BLOCK.finditer(text):
            if match["console"] is not None:
                self.read_console(match["console"])
                self.figures_vary = False
            else:
                self.do(match["comment"])

    def read_console(self, block: str) -> None:
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            self.typed.append(command)
            if command.startswith("cd "):
                self.cwd = self.cwd / command[3:]
            else:
                self.compare(command, shown, self.tito(*command.split()[1:]))

    def tito(self, *arguments: str) -> str:
        run = subprocess.run(
            [sys.executable, "-m", "tito", *arguments],
            cwd=self.cwd,
            env={**os.environ, "PYTHONPATH": str(self.repo), "PYTHONUTF8": "1", "COLUMNS": "80"},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert run.returncode in (0, 1), f"tito {' '.join(arguments)}: {run.stdout}{run.stderr}"
        assert run.stderr == ""
        return run.stdout

    def compare(self, command: str, shown: str, printed: str) -> None:
        home = str(self.cwd.parent if self.cwd.name == "my-tinytorch" else self.cwd)
        expected = self.comparable(shown)
        found = self.comparable(printed.replace(home, SHOWN_HOME))
        assert found == expected, f"README.md shows another output of: {command}"

    def comparable(self, text: str) -> list[str]:
        lines = [line.rstrip() for line in text.strip().splitlines()]
        if self.figures_vary:
            lines = [re.sub(r"[\d.e%-]+", "#", line) for line in lines if not LIVE.match(line)]
            lines = [" ".join(line.split()) for line in lines]
        for pattern, instead in VARYING:
            lines = [pattern.sub(instead, line) for line in lines]
        return lines

    def do(self, comment: str) -> None:
        words = comment.split()
        if comment == "figures vary":
            self.figures_vary = True
        elif words[0] == "write":
            self.write(words[1].rstrip(":"), comment.partition(": ")[2])
        elif words[0] == "answer":
            self.answer(words[1])
        elif words[0] == "complete":
            for number in words[1:]:
                self.answer(number)
                self.tito("module", "complete", number)
        else:
            raise AssertionError(f"README.md has a comment this test does not know: {comment}")

    def write(self, task_number: str, code: str) -> None:
        module = Workspace(self.cwd).resolve(task_number.partition(".")[0])
        lesson = Lesson(module.lesson.read_text(encoding="utf-8"), module.name)
        (task,) = (task for task in lesson.tasks if task.number == task_number)
        (block,) = task.blocks
        lines = lesson.lines
        stub = lines[block.begin]
        lines[block.begin] = stub[: len(stub) - len(stub.lstrip())] + code
        module.lesson.write_text("\n".join(lines), encoding="utf-8", newline="\n")

    def answer(self, number: str) -> None:
        solved, mine = (Workspace(root).resolve(number) for root in (self.repo, self.cwd))
        shutil.copyfile(solved.lesson, mine.lesson)


@pytest.fixture(scope="module")
def readme(repo) -> str:
    return (repo / "README.md").read_text(encoding="utf-8")


@pytest.mark.end_to_end
def test_a_student_s_first_ten_minutes(readme, repo, tmp_path):
    reader = Reader(repo, tmp_path.resolve())
    reader.follow(readme)
    assert reader.typed[0] == "tito init my-tinytorch"
    assert "tito milestone run perceptron" in reader.typed
    replay_the_figures(reader, readme)


def replay_the_figures(reader: Reader, readme: str) -> None:
    """The figures shown for the milestone are those of its replay command."""
    (replay,) = re.findall(r"Replay: tito (.*)", readme)
    metrics = json.loads(reader.tito(*replay.split(), "--json"))["metrics"]
    lines = re.findall(r"^ +([\d.]+)%?   (accuracy|loss|one neuron on XOR)", readme, re.M)
    shown = {what: number for number, what in lines}
    assert float(shown["accuracy"]) == pytest.approx(100 * metrics["accuracy"], abs=1)
    assert float(shown["one neuron on XOR"]) == pytest.approx(
        100 * metrics["control_accuracy"], abs=1
    )
    assert float(shown["loss"]) == pytest.approx(metrics["loss"], rel=0.05)


def test_the_two_commands_come_first(readme):
    fences = re.findall(r"^```\w*\n(.*?)^```", readme, re.M | re.S)
    assert [line.split("#")[0].strip() for line in fences[0].splitlines()] == [
        "make demo",
        "make test",
    ]
    assert "-m venv" in fences[1]


def test_the_plain_lines_do_what_make_does(readme, repo):
    """The lines for Windows use the options of the Makefile's own."""
    makefile = (repo / "Makefile").read_text(encoding="utf-8")
    (options,) = re.findall(r"\(PY\) -m pytest (.*)", makefile)
    assert f"-m pytest {options}\n" in readme
    assert "-m tito demo\n" in readme
    assert "'.[dev]'" in makefile
    assert '".[dev]"' in readme


def test_every_place_in_the_tree_is_there(readme, repo):
    tree = readme.partition("```text\n")[2].partition("```")[0]
    folder = ""
    for line in tree.splitlines():
        name = line.split()[0].replace("NN_name/", "00_setup/")
        if line.startswith(" "):
            place = folder + name.replace("name.py", "setup.py").replace("name_given.py", "")
        else:
            place = folder = name
        if place != "tinytorch/":
            assert (repo / place).exists(), place


def test_every_command_it_names_is_one(readme, repo, tmp_path):
    words = {
        tuple(m.split()) for m in re.findall(r"^\| `tito ([a-z ]+?) ?(?:NN|ID)?`", readme, re.M)
    }
    assert len(words) > 10
    for command in sorted(words):
        Reader(repo, tmp_path).tito(*command, "--help")


def test_contributing_names_what_is_there(repo):
    text = (repo / "CONTRIBUTING.md").read_text(encoding="utf-8")
    makefile = (repo / "Makefile").read_text(encoding="utf-8")
    (phony, *_) = re.findall(r"^\.PHONY: (.*)", makefile, re.M)
    assert set(re.findall(r"^    make (\w+)", text, re.M)) == set(phony.split()) - {"help"}
    for path in re.findall(r"`((?:tests|tito|\.ci)/[\w/.]+)`", text):
        assert (repo / path.replace("mNN_name", "m00_setup")).exists(), path
    for name in re.findall(r"modules/(\d\d_\w+)", text):
        assert name in {module.name for module in modules_in(repo)}

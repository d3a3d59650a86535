"""A blank workspace of the tiny course, and the tool in this process.

In process because that is faster, and because a test can then fake disk errors. The student's code
still runs in its own child process.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tito.main import main
from tito.workflows.init import create_workspace
from tito.world import World


class Terminal(io.StringIO):
    """Standard input with a person at the terminal."""

    def isatty(self) -> bool:
        return True


class Screen(io.TextIOWrapper):
    """Standard output of any encoding, on a terminal or not."""

    def __init__(self, encoding: str = "utf-8", tty: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


@dataclass
class Said:
    """The output and exit code of one command."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    root: Path
    course: Path
    home: Path

    def tito(
        self,
        *arguments: str,
        answer: str | None = None,
        encoding: str = "utf-8",
        cwd: Path | None = None,
        **env: str,
    ) -> Said:
        """Run a command; with `answer`, somebody at a terminal types it ("\\x04" is Ctrl-D)."""
        out = Screen(encoding, tty=answer is not None)
        err = Screen(encoding)
        stdin = (
            io.StringIO() if answer is None else Terminal("" if answer == "\x04" else answer + "\n")
        )
        settings = {**os.environ, "TERM": "dumb", **env}
        world = World(cwd=cwd or self.root, env=settings, stdin=stdin, stdout=out, stderr=err)
        return Said(main(arguments, world), out.text(), err.text())

    def judged_by_own(self, *arguments: str, **env: str) -> Said:
        """Run a command that uses the tests, hints and milestones of the workspace itself."""
        return self.tito("--course", ".", *arguments, **env)

    def lesson(self, name: str) -> Path:
        return self.root / "modules" / name / f"{name[3:]}.py"

    def tests(self, name: str) -> Path:
        return self.root / "modules" / name / f"test_{name[3:]}.py"

    def solve(self, name: str) -> None:
        shutil.copyfile(self.course / "modules" / name / f"{name[3:]}.py", self.lesson(name))

    def change(self, name: str, old: str, new: str) -> None:
        text = self.lesson(name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.lesson(name).write_text(text.replace(old, new), encoding="utf-8", newline="\n")

    def on_top(self, name: str, code: str) -> None:
        """Put code at the top of the first exported cell: it runs at import."""
        self.change(name, "#| export\n", f"#| export\n{code}\n")

    def line_of(self, name: str, text: str) -> int:
        lines = self.lesson(name).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def everything(self) -> dict[str, bytes]:
        """`tinytorch/` and the progress, byte by byte."""
        found = {}
        for root in (self.root / "tinytorch", self.home):
            for path in sorted(root.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".lock":
                    found[str(path)] = path.read_bytes()
        return found


@pytest.fixture
def desk(
    tiny_course: Path, tinytorch_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A blank workspace and an empty home."""
    monkeypatch.setattr("tito.core.workspace.course.PACKAGE", tiny_course / "tito")
    workspace = create_workspace(tmp_path / "work")
    yield Desk(workspace.root, tiny_course, tinytorch_home)
    leftovers = [path.name for path in workspace.scratch.glob("staging-*")]
    assert not leftovers, f"staging folders were left behind: {leftovers}"


@pytest.fixture(scope="session")
def completed(tiny_course: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A workspace and a home with both modules completed. Copy it, do not change it."""
    root, home = tmp_path_factory.mktemp("completed") / "work", tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tito.core.workspace.course.PACKAGE", tiny_course / "tito")
        patch.setenv("TINYTORCH_HOME", str(home))
        desk = Desk(create_workspace(root).root, tiny_course, home)
        for name in ("00_setup", "03_line"):
            desk.solve(name)
            said = desk.tito("module", "complete", name)
            assert said.code == 0, said.all
    return root, home


@pytest.fixture
def solved_desk(desk: Desk, completed: tuple[Path, Path]) -> Desk:
    """Both modules solved and completed."""
    for template, place in zip(completed, (desk.root, desk.home), strict=True):
        shutil.copytree(template, place, dirs_exist_ok=True)
    return desk

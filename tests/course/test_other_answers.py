"""Answers that differ from the reference and are as good: a module's tests must not refuse them.

Each makes a choice that the lesson leaves open: the words of an error, another of NumPy's or
Python's functions. All of them ran in the lesson's own cells.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path

import pytest

from tito.core.lesson.file import read_lesson
from tito.core.workspace.workspace import Workspace, modules_in

ANSWERS = {  # by task, and which of its blanks
    ("1.4", 0): """
        ndim = max((len(shape) for shape in shapes), default=0)
        result = []
        for column in zip(*((1,) * (ndim - len(shape)) + shape for shape in shapes)):
            wide = [size for size in column if size != 1]
            if any(size != wide[0] for size in wide):
                raise ValueError(f"no common shape for {shapes}")
            result.append(wide[0] if wide else 1)
        return tuple(result)
        """,
    ("3.10", 0): """
        missing, unexpected = own.keys() - given.keys(), given.keys() - own.keys()
        shapes = {n: (given[n].shape, own[n].shape) for n in own.keys() & given.keys()}
        wrong = {name: pair for name, pair in shapes.items() if pair[0] != pair[1]}
        names = (list(missing), list(unexpected))
        if wrong or (strict and any(names)):
            raise _misfit(self, *(names if strict else ([], [])), wrong)
        for name in shapes:
            np.copyto(own[name].data, given[name])
        return _IncompatibleKeys(*names)
        """,
    ("3.11", 0): """
        window = int(np.prod(tensor.shape[2:]))
        return tensor.shape[1] * window, tensor.shape[0] * window
        """,
    ("4.6", 0): """
        part = (1 + np.cos(np.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]
        """,
    ("5.5", 0): """
        likely = weights / weights.sum()
        drawn = generator.choice(len(weights), count, self.replacement, likely)
        """,
}


@pytest.mark.parametrize(("number", "blank"), ANSWERS, ids=lambda value: str(value))
def test_another_right_answer_passes(
    number: str, blank: int, solved: Workspace, tmp_path: Path, run
):
    shutil.copytree(solved.root, tmp_path / "workspace")
    workspace = Workspace(tmp_path / "workspace")
    module = modules_in(workspace.root)[int(number.partition(".")[0])]
    lesson = read_lesson(workspace, module).lesson
    block = next(task for task in lesson.tasks if task.number == number).blocks[blank]
    indent = lesson.lines[block.begin - 1].partition("#")[0]
    answer = textwrap.indent(textwrap.dedent(ANSWERS[number, blank]).strip("\n"), indent)
    lines = [*lesson.lines[: block.begin], answer, *lesson.lines[block.end - 1 :]]
    module.lesson.write_text("\n".join(lines), encoding="utf-8")
    done = run("-m", "tito.main", "module", "test", module.number, "--json", cwd=workspace.root)
    assert done.returncode == 0, done.stdout
    assert {task["state"] for task in json.loads(done.stdout)["tasks"]} == {"done"}

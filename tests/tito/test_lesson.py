"""A lesson taken apart: cells and their lines, tasks, names, imports, and its blank."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import pytest

from tito.core.lesson.file import read_lesson, reference, unmarked_tasks
from tito.core.lesson.lesson import Lesson, LessonError
from tito.core.lesson.percent import split_cells
from tito.core.workspace.workspace import Workspace, modules_in
from tito.workflows.status import HEAD_BYTES, _head

LESSON = '''\
# %% [markdown]
# # Module 03: Networks
#
# Layers, and what they are made of.
# More prose.

# %%
import tito.activate

# %%
#| default_exp nn.modules

# %% [markdown]
# ## Task 3.1: relu
#
# Keep what is positive.

# %%
#| export nn.functional
import numpy as np
from tinytorch.tensor import Tensor, _private

LIMIT: int = 3
first, (second, _hidden) = 1, (2, 3)
Tensor.relu = None


def relu(x):
    """Text with
# %% what looks like a marker
    in it."""
    ### BEGIN SOLUTION
    import tinytorch.autograd
    return max(x, 0)
    ### END SOLUTION


# %%
relu(3)

# %% [markdown]
# ## Task 3.2: Linear "layer"

# %%
#| export
class Linear:
    def forward(self, x):
        ### BEGIN SOLUTION
        return x
        ### END SOLUTION

    def backward(self, x):
        ### BEGIN SOLUTION
        if x:
            return x
        ### END SOLUTION
'''


@pytest.fixture
def lesson() -> Lesson:
    return Lesson(LESSON, "modules/03_nn/nn.py")


def test_the_head(lesson: Lesson) -> None:
    assert lesson.title == "Networks"
    assert lesson.summary == "Layers, and what they are made of. More prose."
    assert lesson.default_target == "nn.modules"


def test_cells_know_their_lines(lesson: Lesson) -> None:
    lines = LESSON.split("\n")
    for cell in lesson.cells:
        assert list(cell.lines) == lines[cell.line - 1 : cell.end]
        assert lines[cell.line - 2].startswith("# %%")


HARD = [
    LESSON,
    "",
    "x = 1\n",
    "# %%\n",
    "# %%\n\n\n# %% [markdown]\n# text\n\n",
    "#%%\nx = 1\n# %% tags=['a']\ny = 2\n# %% a title\nz = 3",
    "# %%\ns = '''\n# %% inside\n'''\n# %%\nt = 1",
    "# %%\ns = \"'''\"\n# %%\nt = 1",
    "# %%\ns = 'it\\'s'  # a \"\"\" comment\n# %%\nt = 1",
    "# %%\ns = \"\"\"a\"\"\" + '''b'''\n# %%\nt = 1",
    "# %%\ns = '''a \"\"\" b\n# %% inside\n\"\"\" '''\n# %%\nt = 1",
    '# %% [markdown]\n# it\'s """ prose\n# %%\nt = 1',
    "# %% [raw]\n# raw\n# %% [md]\n# text",
    "# %%\n# %time\nx = 1\n\n\n\n# %%\ny = 2",
]


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_the_splitter_agrees_with_jupytext(text: str) -> None:
    theirs = jupytext.reads(text, fmt="py:percent").cells
    ours = split_cells(text)
    assert [cell.kind for cell in ours] == [cell.cell_type for cell in theirs]
    for our, their in zip(ours, theirs, strict=True):
        lines = our.lines if our.kind == "code" else our.prose
        code = [line.removeprefix("# ") if line == "# %time" else line for line in lines]
        assert "\n".join(code).strip() == their.source.strip()


def test_the_header_that_jupyterlab_writes_does_no_harm() -> None:
    header = "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n# ---\n\n"
    lesson = Lesson(header + LESSON, "nn.py")
    assert (lesson.title, lesson.default_target) == ("Networks", "nn.modules")
    assert list(lesson.sections) == ["nn.functional", "nn.modules"]


def test_sections_go_where_their_directive_says(lesson: Lesson) -> None:
    found = {name: [cell.line for cell in cells] for name, cells in lesson.sections.items()}
    lines = LESSON.split("\n")
    assert found == {
        "nn.functional": [lines.index("#| export nn.functional") + 1],
        "nn.modules": [lines.index("#| export") + 1],
    }


def test_public_names(lesson: Lesson) -> None:
    assert lesson.names == {
        "nn.functional": ["LIMIT", "first", "second", "relu"],
        "nn.modules": ["Linear"],
    }


def test_imports_of_tinytorch(lesson: Lesson) -> None:
    assert lesson.imports == [
        ("tinytorch.tensor", "Tensor"),
        ("tinytorch.tensor", "_private"),
        ("tinytorch.autograd", None),
    ]


def test_tasks_own_the_blocks_below_their_heading(lesson: Lesson) -> None:
    assert [(task.label, len(task.blocks)) for task in lesson.tasks] == [
        ("Task 3.1: relu", 1),
        ('Task 3.2: Linear "layer"', 2),
    ]
    assert lesson.answer(lesson.tasks[1]) == ["return x", "if x:\n    return x"]


def test_the_blank_names_its_task_and_is_python(lesson: Lesson) -> None:
    text = lesson.blank()
    made = Lesson(text, "nn.py")
    assert (
        made.answer(made.tasks[1])
        == ['raise NotImplementedError("Task 3.2: Linear \\"layer\\"")'] * 2
    )
    assert made.is_untouched
    assert made.names == lesson.names
    compile(text, "nn.py", "exec")
    assert "return max(x, 0)" not in text
    assert text.count("### BEGIN SOLUTION") == LESSON.count("### BEGIN SOLUTION")


def test_the_blank_of_a_blank_is_itself(lesson: Lesson) -> None:
    assert Lesson(lesson.blank(), "lesson").blank() == lesson.blank()


def test_a_half_answered_task_is_blank(lesson: Lesson) -> None:
    text = lesson.blank().replace(
        '        raise NotImplementedError("Task 3.2', "        return 1  #", 1
    )
    half = Lesson(text, "nn.py")
    assert [half.is_blank(task) for task in half.tasks] == [True, True]
    assert not lesson.is_untouched


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    ### END SOLUTION\n\n\n# %%\nrelu(3)", "\n\n# %%\nrelu(3)", "### BEGIN SOLUTION"),
        ("    ### BEGIN SOLUTION\n    import", "    import", "### END SOLUTION"),
    ],
)
def test_markers_without_a_partner(old: str, new: str, line: str) -> None:
    text = LESSON.replace(old, new)
    assert text != LESSON
    with pytest.raises(LessonError) as caught:
        _ = Lesson(text, "nn.py").blocks
    first = next(number for number, t in enumerate(text.split("\n"), 1) if line in t)
    assert caught.value.where == f"nn.py:{first}"


def test_a_solution_without_a_task_is_an_authors_mistake() -> None:
    with pytest.raises(LessonError, match="belongs to no task"):
        Lesson(LESSON.replace("## Task 3.1", "## Something"), "lesson").blank()


def test_the_export_hash_is_about_exported_code_only() -> None:
    original = Lesson(LESSON, "a").export_hash
    assert Lesson(LESSON.replace("More prose", "Less prose"), "a").export_hash == original
    assert Lesson(LESSON.replace("relu(3)", "relu(4)"), "a").export_hash == original
    assert Lesson(LESSON.replace("max(x, 0)", "max(x, 1)"), "a").export_hash != original
    moved = LESSON.replace("#| export nn.functional", "#| export nn.other")
    assert Lesson(moved, "a").export_hash != original


def test_what_a_later_lesson_announces_is_what_it_defines(lesson: Lesson, repo: Path) -> None:
    """Read line by line, it must not miss a name that parsing finds."""
    assert lesson.names_at_a_glance["nn.modules"] == ["Linear"]
    assert {"LIMIT", "relu"} <= set(lesson.names_at_a_glance["nn.functional"])
    for module in modules_in(repo):
        real = read_lesson(Workspace(repo), module).lesson
        for target, names in real.names.items():
            assert set(names) <= set(real.names_at_a_glance[target]), (module.name, target)


def test_a_lesson_that_lists_its_names_offers_only_those() -> None:
    cell = "#| export\n"
    text = LESSON.replace(cell, f'{cell}__all__ = [\n    "Chosen",\n]\n', 1)
    listed = Lesson(text, "a")
    target = next(target for target, text in listed.sections.items() if "__all__" in str(text))
    assert listed.names[target] == listed.names_at_a_glance[target] == ["Chosen"]
    others = set(listed.names) - {target}
    assert all(listed.names[other] == Lesson(LESSON, "a").names[other] for other in others)


def test_the_quick_reading_of_a_head_agrees(lesson: Lesson, repo: Path) -> None:
    """`module list` reads title and summary without taking the lesson apart."""
    texts = [LESSON] + [module.lesson.read_text("utf-8") for module in modules_in(repo)]
    for text in texts:
        full = Lesson(text, "")
        assert _head(text[:HEAD_BYTES]) == (full.title, full.summary)
        assert full.summary


def test_a_task_that_lost_one_of_its_marker_pairs(repo):
    text = (repo / "modules/02_autograd/autograd.py").read_text(encoding="utf-8")
    assert unmarked(text) == []
    cut = re.sub(r"### BEGIN SOLUTION(\s+grad_B = .*\s+)### END SOLUTION", r"\1", text)
    assert cut != text
    assert unmarked(cut) == ["2.10"]


def unmarked(text):
    original = reference("02_autograd")
    assert original is not None
    return unmarked_tasks(Lesson(text, "autograd.py"), original.lesson)

"""What the course gives and a student's file has no more is found, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tito.core.lesson.file import reference
from tito.core.lesson.given_lines import Gone, gone
from tito.core.lesson.lesson import Lesson
from tito.core.lesson.returns import without_return
from tito.core.workspace.workspace import course

NAMES = [module.name for module in course().modules]


def of_the_course(name: str) -> Lesson:
    found = reference(name)
    assert found is not None
    return found.lesson


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_gone_from_a_blank_or_a_formatted_lesson(name: str) -> None:
    """black and ruff join and break lines, and change quotes."""
    lesson = of_the_course(name)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "60", "-"]
    formatted = subprocess.run(
        command, input=lesson.text, capture_output=True, text=True, check=True
    )
    for text in (lesson.blank(), formatted.stdout):
        assert gone(Lesson(text, lesson.shown, lesson.given), lesson) == []


LINE = """\
# %%
#| default_exp line

# %% [markdown]
# ## Task 3.1: line

# %%
#| export
import math


@math.cache
def line(x, y=1):
    z = x
    ### BEGIN SOLUTION
    return 3 * z
    ### END SOLUTION
    if y:
        z += y


# %%
print(line(2))
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("    z = x\n", "", Gone("z = x", 13, "line")),
        ("    z = x\n", "    z = x + 0\n", Gone("z = x", 13, "line")),
        ("@math.cache\n", "", Gone("@math.cache", 9, "line")),
        ("y=1", "y=2", Gone("def line(x, y=1):", 13, "line")),
        ("        z += y", "        pass", Gone("z += y", 18, "line")),
        ("import math\n", "", Gone("import math", 8)),
        ("# %%\n#| export", "#| export", Gone("# %%", 7)),
        ("# %%\nprint", "print", Gone("# %%", 22)),
        ("# %% [markdown]\n# ## T", "# ## T", Gone("# %% [markdown]", 4)),
    ],
)
def test_what_was_deleted_or_changed_is_found(old: str, new: str, found: Gone) -> None:
    assert old in LINE
    assert gone(Lesson(LINE.replace(old, new, 1), "line.py"), Lesson(LINE, "line.py")) == [found]


@pytest.mark.parametrize(
    ("answer", "forgotten"),
    [
        ("3 * z", True),
        ("found = 3 * z", True),
        ("def inner():\n        return 3", True),
        ("if z:\n        return 3\n    return 4", False),
        ("raise ValueError", False),
        ("if z:\n        return 3\n    else:\n        return 4", False),
    ],
)
def test_a_forgotten_return_is_found(answer: str, forgotten: bool) -> None:
    mine = Lesson(LINE.replace("return 3 * z", answer), "line.py")
    assert without_return(mine, Lesson(LINE, "line.py")) == (["3.1"] if forgotten else [])


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_of_the_course_has_forgotten_it(name: str) -> None:
    lesson = of_the_course(name)
    assert without_return(lesson, lesson) == []


def test_both_are_told_beside_the_failure(tito, solved: Path) -> None:
    file = solved / "modules/03_line/line.py"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace("return 3 * x", "3 * x"), encoding="utf-8")
    said = tito(solved, "module", "test", "03").stdout
    assert "The answer returned None: is the `return` missing?" in said
    file.write_text(whole.replace("# %%\n#| export\ndef line", "#| export\ndef line"), "utf-8")
    said = tito(solved, "module", "test", "03").stdout
    assert "is missing or changed. Put back:\n  # %%\n    modules/03_line/line.py:19" in said, said

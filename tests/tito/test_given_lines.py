"""What a lesson has lost is found, and so are the commonest slips; nothing else is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tito.core.lesson.file import reference
from tito.core.lesson.given_imports import missing_imports, with_imports
from tito.core.lesson.given_lines import Gone, gone
from tito.core.lesson.lesson import Lesson
from tito.core.lesson.returns import without_return
from tito.core.testing.results import Problem, Report, TestResult, TestStatus, checklist
from tito.core.workspace.workspace import course
from tito.views.checklist import detail_lines

NAMES = [module.name for module in course().modules]


def of_the_course(name: str) -> Lesson:
    found = reference(name)
    assert found is not None
    return found.lesson


def ruff(text: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--stdin-filename", "x.py"]
    done = subprocess.run([*command, "-"], input=text, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_gone_from_a_blank_or_a_formatted_lesson(name: str) -> None:
    """black and ruff join and break lines, and change quotes."""
    lesson = of_the_course(name)
    for text in (lesson.blank(), ruff(lesson.text, "format", "--line-length", "60")):
        assert gone(Lesson(text, lesson.shown, lesson.given), lesson) == []


def test_imports_that_a_linter_has_removed_are_put_back() -> None:
    """Those at the top of a cell: of the others, inside of functions, only the names are told."""
    removed = 0
    for name in NAMES:
        lesson = of_the_course(name)
        linted = Lesson(ruff(lesson.blank(), "check", "--fix"), lesson.shown, lesson.given)
        removed += sum(len(lines) for _, lines in missing_imports(linted, lesson))
        text = with_imports(linted, lesson)
        assert list(missing_imports(Lesson(text, lesson.shown, lesson.given), lesson)) == []
    assert removed > 30


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
        ("@math.cache\n", "", Gone("@math.cache", 12, "line")),
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


def test_a_marker_between_two_exported_cells() -> None:
    both = f"{LINE}\n# %%\n#| export\nw = 1\n"
    mine = Lesson(both.replace("# %%\n#| export\nw", "#| export\nw"), "line.py")
    assert gone(mine, Lesson(both, "line.py")) == [Gone("# %%", 25)]


@pytest.mark.parametrize(
    ("answer", "forgotten"),
    [
        ("3 * z", True),
        ("found = 3 * z", True),
        ("def inner():\n        return 3", True),
        ("if z:\n        return 3\n    return 4", False),
        ("raise ValueError", False),
        ("if z:\n        [z]\n    return 4", True),
        ("if z:\n        print(z)\n    return 4", False),
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


@pytest.mark.parametrize(
    ("answer", "told", "cured"),
    [
        ("return np.full(3, z)", "f(x) has dtype float64, expected float32", True),
        ("return np.full(3, z, z.dtype)", "f(x) has dtype float64, expected float32", False),
        ("return np.full(3, z)", "f(x) has dtype float32, expected float64", False),
        ("return np.full(3, z)", "f(x) is 3, expected 4", False),
        ("return z", "the rule made float64 of float32", False),
    ],
)
def test_a_dtype_that_numpy_chose_is_told_with_its_cure(
    answer: str, told: str, cured: bool
) -> None:
    lesson = Lesson(LINE.replace("return 3 * z", answer), "line.py")
    problem = Problem("AssertionError", told)
    failed = TestResult("03_line", "test_3_1_line", TestStatus.WRONG, problem=problem)
    shown = detail_lines(checklist("03_line", lesson, Report((failed,))))
    cure = "  np.full makes float64: give it dtype=x.dtype, the dtype of what came in."
    assert ((cure, "red") in shown) == cured


def test_both_are_told_beside_the_failure(tito, solved: Path) -> None:
    file = solved / "modules/03_line/line.py"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace("return 3 * x", "3 * x"), encoding="utf-8")
    said = tito(solved, "module", "test", "03").stdout
    assert "A value is not returned: is the `return` missing?" in said
    file.write_text(whole.replace("# %%\n#| export\ndef line", "#| export\ndef line"), "utf-8")
    said = tito(solved, "module", "test", "03").stdout
    assert "is missing or changed. Put back:\n  # %%\n    modules/03_line/line.py:19" in said, said

"""A module with a given file: code beside its lesson that is exported first and not edited.

The tiny course with such a file in its second module. What the real course's given files hold is
not tested here (tests/course runs their lessons).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tito.core.export.source_map import in_lessons

GIVEN = '''\
# %% [markdown]
# # Given in module 03
#
# The errors of the line.

# %%
#| default_exp line
#| export
from tinytorch import manual_seed


def checked(x):
    """x, or an error that says why it is none for a line."""
    if isinstance(x, str):
        raise TypeError(f"line({x!r}): a text is no number")
    return x


SEED = manual_seed(7)
'''

USED = """\
import tito.activate  # makes "import tinytorch" find this workspace's own package

from line_given import checked
"""

HERE = "modules/03_line/line_given.py"
RAISES = next(n for n, line in enumerate(GIVEN.splitlines(), 1) if "raise TypeError" in line)
TAUGHT = "### BEGIN SOLUTION\n    return 3 * x"  # where line's answer stands
PRINTED = '\n\n# %%\nprint("the line says", line(2), checked.__module__)\n'


@pytest.fixture(scope="module")
def course(tiny_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny course whose second module has a given file."""
    root = shutil.copytree(tiny_course, tmp_path_factory.mktemp("given") / "course")
    (root / HERE).write_text(GIVEN, encoding="utf-8", newline="\n")
    lesson = root / "modules/03_line/line.py"
    text = lesson.read_text(encoding="utf-8")
    text = text.replace(USED.splitlines(keepends=True)[0], USED)
    text = text.replace(TAUGHT, f"x = checked(x)\n    {TAUGHT}") + PRINTED
    lesson.write_text(text, encoding="utf-8", newline="\n")
    return root


Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def python(course: Path) -> Python:
    """`python(cwd, ...)`: an interpreter that knows this course's tito."""

    def run(cwd: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(course), "PYTHONUTF8": "1", **env},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="module")
def tito(python: Python) -> Python:
    return lambda cwd, *arguments: python(cwd, "-m", "tito", *arguments)


@pytest.fixture(scope="module")
def templates(tito: Python, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    for name, options in (("blank", []), ("solved", ["--solved"])):
        made = tito(folder, "init", name, *options)
        assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture
def blank(templates: Path, tmp_path: Path) -> Path:
    return shutil.copytree(templates / "blank", tmp_path / "blank")


@pytest.fixture
def solved(templates: Path, tmp_path: Path) -> Path:
    """Every answer in place and exported."""
    return shutil.copytree(templates / "solved", tmp_path / "solved")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def solve_first(tito: Python, workspace: Path) -> None:
    """Module 00 solved and exported: the given file imports from it."""
    answer = 'STATE["seed"] = seed\n    return seed'
    stub = 'raise NotImplementedError("Task 0.1: manual_seed")'
    change(workspace / "modules/00_setup/setup.py", stub, answer)
    assert tito(workspace, "export", "00").returncode == 0


def findings(tito: Python, workspace: Path) -> list[dict[str, str]]:
    said = tito(workspace, "doctor", "--json")
    return json.loads(said.stdout)["findings"]["workspace"]


# ---- export


def test_it_is_exported_first(solved):
    exported = (solved / "tinytorch/line.py").read_text(encoding="utf-8")
    given, lesson = exported.index(f"# %% {HERE}:"), exported.index("# %% modules/03_line/line.py:")
    assert given < exported.index("def checked(x)") < lesson < exported.index("def line(x)")


def test_its_names_are_the_frameworks(python, solved):
    code = "import tinytorch; print(tinytorch.checked(3), tinytorch.line(3))"
    assert python(solved, "-c", code).stdout == "3 9\n"


def test_before_the_export_its_names_say_where_they_come_from(python, blank):
    said = python(blank, "-c", "from tinytorch import checked").stderr
    assert "03_line" in said.splitlines()[-1], said


def test_a_traceback_leads_to_its_line(tito, solved):
    change(solved / "modules/03_line/line.py", "x = checked(x)", "x = checked(str(x))")
    said = tito(solved, "module", "test", "03").stdout
    assert "a text is no number" in said
    assert f"{HERE}:{RAISES}\n" in said


def test_a_place_in_the_package_is_told_as_its_line(solved):
    lines = (solved / "tinytorch/line.py").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "raise TypeError" in line)
    assert in_lessons(f"tinytorch/line.py:{number}, in checked", solved) == (
        f"{HERE}:{RAISES}, in checked"
    )


def test_a_module_with_a_given_file_is_tested(tito, solved, blank):
    done = tito(solved, "module", "test", "03", "--json")
    assert done.returncode == 0, done.stdout
    assert [task["state"] for task in json.loads(done.stdout)["tasks"]] == ["done", "done"]
    solve_first(tito, blank)
    states = json.loads(tito(blank, "module", "test", "03", "--json").stdout)["tasks"]
    assert states[0]["state"] == "blank"


# ---- changes


def test_a_change_of_its_code_is_noticed_and_one_of_its_prose_is_not(tito, solved):
    change(solved / HERE, "# The errors of the line.", "# Other words.\n#\n# And more.")
    assert not [f for f in findings(tito, solved) if "has changed since" in f["text"]]
    change(solved / HERE, "a text is no number", "no number at all")
    changed = [f for f in findings(tito, solved) if "has changed since" in f["text"]]
    assert [f["fix"] for f in changed] == ["tito module complete 03"]
    assert tito(solved, "export", "03").returncode == 0
    assert "no number at all" in (solved / "tinytorch/line.py").read_text(encoding="utf-8")
    assert not [f for f in findings(tito, solved) if "has changed since" in f["text"]]


def test_an_edited_one_is_named_and_put_back(tito, solved):
    change(solved / HERE, "a text is no number", "no number at all")
    named = [f for f in findings(tito, solved) if "not the course's version" in f["text"]]
    assert HERE in named[0]["text"]
    assert named[0]["fix"] == "tito doctor --fix"
    tito(solved, "doctor", "--fix")
    assert (solved / HERE).read_text(encoding="utf-8") == GIVEN
    kept = list((solved / ".tito").glob(f"replaced-*/{HERE}"))
    assert ["no number at all" in path.read_text(encoding="utf-8") for path in kept] == [True]


@pytest.mark.parametrize("command", [("module", "test", "03"), ("export", "03")])
def test_a_missing_one_is_a_clear_error(tito, solved, command):
    (solved / HERE).unlink()
    said = tito(solved, *command)
    assert said.returncode == 3, said.stdout + said.stderr
    assert "given code is missing" in said.stdout + said.stderr
    assert HERE in said.stdout + said.stderr
    assert "tito doctor --fix" in said.stdout + said.stderr
    tito(solved, "doctor", "--fix")
    assert tito(solved, *command).returncode == 0


def test_one_that_is_not_python_is_named_with_its_line(tito, solved):
    change(solved / HERE, "def checked(x):", "def checked(x:")
    said = tito(solved, "module", "test", "03")
    assert said.returncode != 0
    assert HERE in said.stdout + said.stderr
    assert "Traceback" not in said.stdout + said.stderr


# ---- init and reset


def test_init_copies_it_as_it_is(blank, solved):
    """Only lessons are blanked."""
    assert (blank / HERE).read_text(encoding="utf-8") == GIVEN
    assert (solved / HERE).read_text(encoding="utf-8") == GIVEN
    assert "NotImplementedError" in (blank / "modules/03_line/line.py").read_text(encoding="utf-8")


def test_reset_brings_it_back(tito, solved):
    (solved / HERE).unlink()
    assert tito(solved, "module", "reset", "03", "--yes").returncode == 0
    assert (solved / HERE).read_text(encoding="utf-8") == GIVEN


# ---- the lesson as a page


@pytest.mark.parametrize("cwd", [".", "modules", "modules/03_line"])
def test_a_solved_page_finds_it(python, solved, cwd):
    said = python(solved / cwd, str(solved / "modules/03_line/line.py"))
    assert said.stdout == "the line says 6 line_given\n", said.stderr


def test_a_blank_page_runs_to_its_first_task(python, tito, blank):
    solve_first(tito, blank)
    said = python(blank, "modules/03_line/line.py")
    assert said.stderr.splitlines()[-1] == "NotImplementedError: Task 3.1: line"


NOTEBOOK = (
    "import sys; sys.path[:] = [p for p in sys.path if p not in ('', sys.argv[1])];"
    "import tito.activate; from line_given import checked; print(checked(4))"
)


def test_a_notebook_finds_it_in_its_own_folder(python, solved):
    """No file, and not even the current folder on the path: a kernel started with -P."""
    folder = solved / "modules/03_line"
    said = python(folder, "-c", NOTEBOOK, str(folder))
    assert said.stdout == "4\n", said.stderr


def test_the_lessons_folder_comes_last_and_once(python, solved):
    """A lesson called `random.py` would otherwise hide Python's."""
    code = (
        "import sys, importlib; sys.path.remove(''); import tito.activate as a;"
        "importlib.reload(a);"
        "print(sys.path[-1], sys.path.count(sys.path[-1]))"
    )
    folder = (solved / "modules/03_line").resolve()
    assert python(folder, "-c", code).stdout == f"{folder} 1\n"


def test_above_the_lessons_no_folder_of_theirs_is_on_the_path(python, solved):
    code = "import sys, tito.activate; print([p for p in sys.path if 'modules' in p])"
    assert python(solved / "modules", "-c", code).stdout == "[]\n"

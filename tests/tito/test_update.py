"""`tito update`: a new release of the course in a workspace where somebody has begun."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FIRST, SECOND = "modules/00_setup/setup.py", "modules/03_line/line.py"
PRINTED = "print(manual_seed(3))"


@pytest.fixture
def release(tiny_course: Path, tmp_path: Path) -> Path:
    """A new release: a given cell, a docstring and a test have changed."""
    new = tmp_path / "new course"
    for name in ("modules", "tests"):
        shutil.copytree(tiny_course / name, new / name)
    edit(new / FIRST, PRINTED, "print(manual_seed(7))")
    edit(new / SECOND, '"""3 x."""', '"""Three times x."""')
    edit(new / "modules/00_setup/test_setup.py", "manual_seed(5) == 5,", "manual_seed(6) == 6,")
    return new


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def tree(root: Path) -> dict[str, bytes]:
    """Everything but tito's own notes, which also hold what was there before."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".tito" not in path.parts
    }


def test_a_fresh_workspace_has_this_release(tito, workspace: Path) -> None:
    before = tree(workspace)
    done = tito(workspace, "update")
    assert done.returncode == 0, done.stderr
    assert "has this release" in done.stdout
    assert tree(workspace) == before
    assert not (workspace / ".tito/update").exists()


def test_answers_stay_and_the_course_changes(tito, solved: Path, release: Path) -> None:
    done = tito(solved, "update", "--course", str(release))
    assert done.returncode == 0, done.stderr
    assert "return 3 * x" in (solved / SECOND).read_text(encoding="utf-8")
    assert '"""Three times x."""' in (solved / SECOND).read_text(encoding="utf-8")
    for name in (FIRST, "modules/00_setup/test_setup.py"):
        assert (solved / name).read_bytes() == (release / name).read_bytes()
    assert f"{FIRST}: 1 cell from the course" in done.stdout
    again = tito(solved, "update", "--course", str(release))
    assert "has this release" in again.stdout


def test_check_writes_nothing(tito, solved: Path, release: Path) -> None:
    before = tree(solved)
    done = tito(solved, "update", "--check", "--course", str(release))
    assert done.returncode == 0, done.stderr
    assert f"{SECOND}: 1 cell from the course" in done.stdout
    assert tree(solved) == before
    assert not (solved / ".tito/update").exists()


def test_a_conflict_stays_the_students_and_is_shown(tito, solved: Path, release: Path) -> None:
    edit(solved / FIRST, PRINTED, "print('mine')")
    done = tito(solved, "update", "--course", str(release))
    assert "print('mine')" in (solved / FIRST).read_text(encoding="utf-8")
    line = (solved / FIRST).read_text(encoding="utf-8").split("\n").index("print('mine')")
    assert f"{FIRST}:{line}: you and the course have both changed this" in done.stdout
    assert "+print(manual_seed(7))" in done.stdout
    (beside,) = solved.glob(f".tito/update/*/new/{FIRST}")
    assert "print(manual_seed(7))" in beside.read_text(encoding="utf-8")
    again = tito(solved, "update", "--course", str(release))
    assert "has this release" in again.stdout  # it is told once


def test_undo_puts_everything_back_and_keeps_what_was_there(
    tito, solved: Path, release: Path
) -> None:
    before = tree(solved)
    tito(solved, "update", "--course", str(release))
    edit(solved / SECOND, "return 3 * x", "return x + x + x")
    updated = tree(solved)
    done = tito(solved, "update", "--undo")
    assert done.returncode == 0, done.stderr
    assert tree(solved) == before
    kept = done.stdout.partition("kept in ")[2].split()[0]
    assert "return x + x + x" in (solved / kept / SECOND).read_text(encoding="utf-8")
    tito(solved, "update", "--undo")
    assert tree(solved) == updated


def test_undo_without_an_update_is_an_error(tito, workspace: Path) -> None:
    done = tito(workspace, "update", "--undo")
    assert done.returncode == 1
    assert "no update to undo" in done.stderr


def test_an_older_workspace_without_a_record_is_compared(tito, solved: Path, release: Path) -> None:
    shutil.rmtree(solved / ".tito/release")
    answers = (solved / SECOND).read_text(encoding="utf-8")
    done = tito(solved, "update", "--course", str(release))
    assert "does not say which release" in done.stdout
    assert (solved / SECOND).read_text(encoding="utf-8") == answers
    assert f"{FIRST}:" in done.stdout


def test_a_lesson_that_cannot_be_merged_waits(tito, solved: Path, release: Path) -> None:
    edit(solved / FIRST, "    ### END SOLUTION\n", "")
    broken = (solved / FIRST).read_bytes()
    done = tito(solved, "update", "--course", str(release))
    assert done.returncode == 0, done.stderr
    assert "not merged" in done.stdout
    assert (solved / FIRST).read_bytes() == broken
    edit(solved / FIRST, "    return seed\n", "    return seed\n    ### END SOLUTION\n")
    tito(solved, "update", "--course", str(release))
    assert (solved / FIRST).read_bytes() == (release / FIRST).read_bytes()


def test_line_ends_stay_as_they_are(tito, solved: Path, release: Path) -> None:
    data = (solved / SECOND).read_bytes()
    (solved / SECOND).write_bytes(data.replace(b"\n", b"\r\n"))
    tito(solved, "update", "--course", str(release))
    assert (solved / SECOND).read_bytes() == (release / SECOND).read_bytes().replace(b"\n", b"\r\n")


def test_a_new_module_comes_with_everything(tito, solved: Path, release: Path) -> None:
    for name, short in (("setup.py", "more.py"), ("test_setup.py", "test_more.py")):
        place = release / "modules/04_more" / short
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(release / "modules/00_setup" / name, place)
    done = tito(solved, "update", "--course", str(release))
    assert "modules/04_more/more.py: a new lesson" in done.stdout
    assert "NotImplementedError" in (solved / "modules/04_more/more.py").read_text("utf-8")
    assert (solved / "modules/04_more/test_more.py").is_file()


def test_progress_that_new_tests_do_not_support_is_shown(tito, solved: Path, release: Path) -> None:
    assert tito(solved, "module", "complete", "00").returncode == 0
    edit(release / FIRST, "print(manual_seed(7))", PRINTED)
    tito(solved, "update", "--course", str(release))
    found = tito(solved, "module", "status", "--json", "--course", str(release))
    states = {each["module"]: each["state"] for each in json.loads(found.stdout)["modules"]}
    assert states["00_setup"] == "outdated"
    shown = tito(solved, "module", "status", "--course", str(release))
    assert "its tests have changed" in shown.stdout


# Kills itself at the Nth time that a file is replaced.
KILLED = """
import os, signal, sys
from tito.core import files
from tito.core.workspace import replacement
left, real = [int(sys.argv.pop(1))], files.write_whole
def write(path, data, *more):
    left[0] -= 1
    if left[0] < 0:
        path.with_name(f".{path.name}.x.tmp").write_bytes(data[:10])
        os.kill(os.getpid(), signal.SIGKILL)
    real(path, data, *more)
replacement.write_whole = write
from tito.main import main
raise SystemExit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9")
def test_killed_anywhere_the_workspace_is_the_old_or_the_new_one(
    tito, tiny_course: Path, solved: Path, release: Path, tmp_path: Path
) -> None:
    finished = tmp_path / "finished"
    shutil.copytree(solved, finished)
    tito(finished, "update", "--course", str(release))
    before, after = tree(solved), tree(finished)
    assert before != after
    for number in range(100):
        place = shutil.copytree(solved, tmp_path / f"killed-{number}")
        run = subprocess.run(
            [sys.executable, "-c", KILLED, str(number), "update", "--course", str(release)],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(tiny_course)},
            capture_output=True,
        )
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        tito(place, "module", "status")
        left = {name: data for name, data in tree(place).items() if not name.endswith(".tmp")}
        assert left == before, number
        tito(place, "update", "--course", str(release))
        left = {name: data for name, data in tree(place).items() if not name.endswith(".tmp")}
        assert left == after, number
    assert number > 4

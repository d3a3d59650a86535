"""`tito class grade` in the tiny course: what is judged, what is kept, and what a kill leaves."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

CONFIG = """
[class]
name = "Tiny"
[[assignment]]
id = "a1"
modules = ["00", "03"]
milestones = ["start", "slope"]
"""
FIRST, SECOND = "modules/00_setup/setup.py", "modules/03_line/line.py"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a process group is killed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class of three: ada handed in everything right."""
    root = tmp_path / "class"
    root.mkdir()
    (root / "class.toml").write_text(CONFIG, encoding="utf-8")
    (root / "roster.csv").write_text("id,last_name\nada,Lovelace\nalan,Turing\nbob,\n", "utf-8")
    return root


@pytest.fixture
def hand_in(folder: Path, tiny_course: Path):
    """`hand_in("ada", edit)`: the reference, changed by `edit`, as that student's submission."""

    def put(student: str, edit=lambda text: text, names=(FIRST, SECOND)) -> None:
        for name in names:
            target = folder / "submissions/a1" / student / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(edit((tiny_course / name).read_text("utf-8")), "utf-8")

    return put


def result(folder: Path, student: str) -> dict[str, Any]:
    return json.loads((folder / f"results/a1/{student}.json").read_text("utf-8"))


def states(found: dict[str, Any]) -> dict[str, str]:
    tasks = {t["number"]: t["state"] for m in found["modules"] for t in m["tasks"]}
    return tasks | {m["id"]: m["state"] for m in found["milestones"]}


def grade(tito, folder: Path, *options: str, **env: str) -> dict[str, Any]:
    done = tito(folder, "class", "grade", "a1", "--trust", "--json", *options, **env)
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def test_a_class_is_graded_student_by_student(tito, folder: Path, hand_in) -> None:
    hand_in("ada")
    hand_in("alan", lambda text: text.replace("return 3 * x", "return 2 * x"))
    said = tito(folder, "class", "grade", "a1", "--trust")
    assert said.returncode == 0, said.stderr
    assert "1 submission missing: bob." in said.stdout
    assert "2 submissions graded" in said.stdout
    assert said.stdout.endswith("Next: tito class report a1\n")

    ada, alan, bob = (result(folder, name) for name in ("ada", "alan", "bob"))
    right = dict.fromkeys(("0.1", "3.1", "3.2", "start", "slope"), "passed")
    assert states(ada) == right
    assert states(alan) == right | dict.fromkeys(("3.1", "3.2", "slope"), "failed")
    assert (ada["state"], bob["state"]) == ("graded", "missing")
    task = alan["modules"][1]["tasks"][0]
    assert task["message"] == "line(2) must be 6, yours is 4"
    assert task["hint"] == "a nudge"
    assert (task["passed"], task["tests"]) == (0, 1)
    own = [found["milestones"][0]["seed"] for found in (ada, alan)]
    assert len({*own, ada["seed"]}) == 3, "other files are judged with another seed"
    grade(tito, folder, "--again")
    assert result(folder, "ada")["milestones"][0]["seed"] == own[0]


@pytest.mark.parametrize(
    "mend",
    [
        (
            "import tinytorch, tinytorch.seeds\ntinytorch.seeds.manual_seed = lambda seed: seed\n"
            "tinytorch.manual_seed = tinytorch.seeds.manual_seed\n"
        ),
        (
            "import tinytorch, tinytorch.seeds\nfor m in (tinytorch, tinytorch.seeds):\n"
            "    setattr(m, 'manual_seed', lambda seed: seed)\n"
        ),
    ],
)
def test_a_later_lesson_cannot_mend_an_earlier_one(tito, folder: Path, hand_in, mend: str) -> None:
    def edit(text: str) -> str:
        if "def line" in text:
            return text.replace("#| export\n", f"#| export\n{mend}\n", 1)
        return text.replace("return seed\n", "return seed + 1\n")

    hand_in("ada", edit)
    grade(tito, folder)
    assert states(result(folder, "ada"))["0.1"] == "failed"


def test_what_was_not_handed_in_is_blank_and_not_wrong(tito, folder: Path, hand_in) -> None:
    hand_in("ada", names=[FIRST])
    grade(tito, folder)
    found = result(folder, "ada")
    assert states(found) == {
        "0.1": "passed", "3.1": "blank", "3.2": "blank", "start": "passed", "slope": "not_run",
    }  # fmt: skip
    assert found["milestones"][1]["reason"] == "It needs 03_line."


def test_an_assignment_builds_on_the_earlier_ones(tito, folder: Path, hand_in) -> None:
    """On the student's own lessons, and where they were never handed in, on the course's."""
    two = CONFIG.replace('["00", "03"]', '["00"]').replace('"start", "slope"', '"start"')
    later = '[[assignment]]\nid = "a2"\nmodules = ["03"]\nmilestones = ["slope"]\n'
    (folder / "class.toml").write_text(two + later, encoding="utf-8")
    hand_in("ada", lambda text: text.replace("return seed\n", "return seed + 1\n"), [FIRST])
    for student in ("ada", "alan"):
        hand_in(student, names=[SECOND])
        there = folder / "submissions/a2" / student / SECOND
        there.parent.mkdir(parents=True)
        (folder / "submissions/a1" / student / SECOND).rename(there)
    done = tito(folder, "class", "grade", "a2", "--trust", "--json")
    assert json.loads(done.stdout)["graded"] == 2, done.stderr
    ada, alan = (
        json.loads((folder / f"results/a2/{name}.json").read_text("utf-8"))
        for name in ("ada", "alan")
    )
    assert states(ada) == {"3.1": "passed", "3.2": "failed", "slope": "passed"}
    assert states(alan) == {"3.1": "passed", "3.2": "passed", "slope": "not_run"}
    assert (ada["lent"], alan["lent"]) == ([], ["00_setup"])

    hand_in("ada", names=[FIRST])  # again, and right: what was built on it is graded anew
    done = tito(folder, "class", "grade", "a2", "--trust", "--json")
    assert json.loads(done.stdout)["unchanged"] == ["alan"], done.stderr


def test_a_lesson_that_python_cannot_read_costs_only_what_builds_on_it(
    tito, folder: Path, hand_in
) -> None:
    hand_in("ada")
    hand_in("ada", lambda text: text.replace("def line", "def def line"), [SECOND])
    grade(tito, folder)
    found = result(folder, "ada")
    assert found["state"] == "graded"
    assert found["modules"][1]["state"] == "failed"
    assert "Python cannot read the lesson" in found["modules"][1]["reason"]
    assert states(found)["0.1"] == "passed"
    assert states(found)["3.1"] == "not_reached"


def test_only_what_has_changed_is_graded_again(tito, folder: Path, hand_in) -> None:
    hand_in("ada")
    hand_in("alan")
    assert grade(tito, folder)["graded"] == 2
    before = result(folder, "ada")
    hand_in("alan", lambda text: text + "\n# more\n")
    again = grade(tito, folder)
    assert (again["graded"], again["unchanged"]) == (1, ["ada"])
    assert result(folder, "ada") == before
    assert grade(tito, folder, "--again", "--only", "ada")["graded"] == 1
    assert result(folder, "ada")["graded_at"] > before["graded_at"]
    kept = list((folder / "results/a1/history/ada").iterdir())
    assert [json.loads(path.read_text("utf-8")) for path in kept] == [before]


def test_another_assignment_text_or_limit_asks_for_a_new_result(
    tito, folder: Path, hand_in
) -> None:
    hand_in("ada")
    assert grade(tito, folder)["graded"] == 1
    path = folder / "class.toml"
    path.write_text(CONFIG + 'title = "New name"\n', "utf-8")
    assert grade(tito, folder)["graded"] == 0
    path.write_text(CONFIG + "[limits]\nseconds = 9\n", "utf-8")
    assert grade(tito, folder)["graded"] == 1


def test_a_machine_that_fails_is_not_the_students_fault(
    tito, folder: Path, hand_in, tiny_course: Path
) -> None:
    """The course's test file is gone in the middle: nothing is known about the student's code."""
    hand_in("ada")
    course = shutil.copytree(tiny_course, folder.parent / "broken")
    (course / "modules/03_line/test_line.py").unlink()
    told = grade(tito, folder, PYTHONPATH=str(course))
    assert list(told["could_not_run"]) == ["ada"]
    found = result(folder, "ada")
    assert found["state"] == "could_not_run"
    assert found["reason"].startswith("03_line: ")
    assert states(found)["0.1"] == "passed"
    assert states(found)["3.1"] == "could_not_run"
    assert grade(tito, folder)["graded"] == 1  # it is tried again, and now it can
    assert result(folder, "ada")["state"] == "graded"


def test_names_do_not_reach_what_judges(tito, folder: Path, hand_in) -> None:
    spy = "import os, sys\nSEEN = [os.getcwd(), *sys.argv, *os.environ.values(), __file__]\n"
    spy += "CORES = getattr(os, 'sched_getaffinity', lambda _: [0])(0)\n"
    spy += "SEEN += [f'on {len(CORES)} core']\n"
    spy += 'STATE["seen"] = SEEN\n'
    seen = f"{spy}\n\ndef manual_seed(seed):\n    raise ValueError(str(STATE['seen']))\n#"
    hand_in("ada", lambda text: text.replace("def manual_seed(seed):", seen, 1), [FIRST])
    hand_in("ada", names=[SECOND])
    grade(tito, folder)
    message = json.dumps(result(folder, "ada")["modules"])
    assert "tito-grade-" in message
    assert "on 1 core'" in message
    assert "Lovelace" not in message
    assert str(folder) not in message


def test_two_graders_do_not_work_on_one_assignment(tito, folder: Path, hand_in) -> None:
    from tito.core.classroom.lock import grading_lock

    hand_in("ada")
    with grading_lock(folder, "a1"):
        refused = tito(folder, "class", "grade", "a1")
    assert refused.returncode == 3
    assert "Another tito class grade is working on a1" in refused.stderr
    assert grade(tito, folder)["graded"] == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["a2"], "There is no assignment 'a2'"),
        (["a1", "--only", "adaa"], "'adaa' is not on the roster. Did you mean ada?"),
        (["a1", "--jobs", "0"], "--jobs is a number from 1 to 1000"),
        (["a1", "--workers", "2", "--scheduler", "tcp://x"], "one only"),
    ],
)
def test_a_wrong_command_line_is_explained(tito, folder: Path, options, says: str) -> None:
    said = tito(folder, "class", "grade", *options)
    assert said.returncode in (1, 2)
    assert says in said.stderr


def test_a_milestone_that_the_course_has_not_is_named(tito, folder: Path) -> None:
    (folder / "class.toml").write_text(CONFIG.replace('"slope"', '"slop"'), "utf-8")
    said = tito(folder, "class", "grade", "a1")
    assert said.returncode == 1
    assert "no milestone 'slop'" in said.stderr


def test_a_dask_cluster_sees_the_same(tito, folder: Path, hand_in) -> None:
    pytest.importorskip("distributed")
    hand_in("ada")
    hand_in("alan", lambda text: text.replace("return 3 * x", "return 2 * x"))
    grade(tito, folder)
    here = [seen_in(result(folder, name)) for name in ("ada", "alan")]
    assert grade(tito, folder, "--again", "--workers", "2")["graded"] == 2
    assert [seen_in(result(folder, name)) for name in ("ada", "alan")] == here


def seen_in(found: dict[str, Any]) -> dict[str, Any]:
    """A result without its times."""
    milestones = [{k: v for k, v in m.items() if k != "seconds"} for m in found["milestones"]]
    return {**found, "milestones": milestones, "graded_at": "", "seconds": 0}


def start(folder: Path, course: Path, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tito", "class", "grade", "a1", "--trust", "--jobs", "2"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(course), **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def children_of(process: int) -> list[int]:
    """The processes that this one has started and that live."""
    said = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, check=False)
    return [int(word) for word in said.stdout.split()]


def kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


@POSIX
@pytest.mark.parametrize(
    ("students", "kills", "slower"),
    [(4, 4, 1), pytest.param(200, 50, 3, marks=pytest.mark.thorough)],
)
def test_a_killed_grader_loses_nothing_and_does_nothing_twice(
    folder: Path,
    hand_in,
    tiny_course: Path,
    tmp_path: Path,
    students: int,
    kills: int,
    slower: int,
) -> None:
    """Killed are in turn one that judges, and the grader itself."""
    names = [f"s{number:03}" for number in range(students)]
    (folder / "roster.csv").write_text("\n".join(["id", *names]), "utf-8")
    for name in names:
        hand_in(name)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    stored: dict[str, bytes] = {}
    pauses = itertools.cycle((0.9, 1.7, 0.3, 1.3, 2.1, 1.1, 1.9, 0.7))
    done = 0
    for _ in range(kills):
        grader = start(folder, tiny_course, TMPDIR=str(temporary))
        time.sleep(slower * next(pauses))
        for worker in children_of(grader.pid)[:1]:
            kill(worker)
            time.sleep(slower * next(pauses) / 2)
        done += grader.poll() is None
        kill(grader.pid)
        grader.wait()
        for name in names:
            path = folder / f"results/a1/{name}.json"
            if path.exists():
                whole = path.read_bytes()
                assert json.loads(whole)["student"] == name
                if json.loads(whole)["state"] == "graded":
                    assert stored.setdefault(name, whole) == whole, "graded twice"
    assert done >= kills // 4
    assert start(folder, tiny_course, TMPDIR=str(temporary)).wait() == 0
    for name in names:
        assert states(result(folder, name))["slope"] == "passed"
        if name in stored:
            assert (folder / f"results/a1/{name}.json").read_bytes() == stored[name]
    for path in (folder / "results/a1/history").rglob("*.json"):
        assert json.loads(path.read_bytes())["state"] != "graded", "graded twice"
    wait_until(lambda: not any(temporary.iterdir()))


@POSIX
def test_the_processes_of_a_killed_grader_end_and_take_their_folders_along(
    folder: Path, hand_in, tiny_course: Path, tmp_path: Path
) -> None:
    """Also when the grader ignored interrupts, as a command in a shell's background does."""
    hand_in("ada", lambda text: text + "\nimport time\ntime.sleep(60)\n", [FIRST])
    hand_in(
        "ada",
        lambda text: text.replace("#| export\n", "#| export\nimport time; time.sleep(60)\n", 1),
        [FIRST],
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = f"trap '' INT; exec {sys.executable} -m tito class grade a1 --trust"
    grader = subprocess.Popen(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(tiny_course), "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: any(temporary.rglob("staging-*")))
    grader.kill()
    grader.wait()
    wait_until(lambda: not any(temporary.iterdir()))


def wait_until(happens, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.1)


@POSIX
def test_the_folder_of_a_killed_grader_is_deleted_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tito.core.classroom.handed import handed_over

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    (tmp_path / f"tito-grade-{killed.pid}-left/work").mkdir(parents=True)
    (tmp_path / f"tito-grade-{os.getpid()}-used").mkdir()
    (tmp_path / "tito-grade-mine").mkdir()
    (tmp_path / f"tito-grade-{killed.pid}-link").symlink_to(tmp_path / "tito-grade-mine")
    with handed_over() as folder:
        assert folder.is_dir()
        left = {path.name.rpartition("-")[2] for path in tmp_path.iterdir() if path != folder}
    assert left == {"used", "mine", "link"}
    assert not folder.exists()

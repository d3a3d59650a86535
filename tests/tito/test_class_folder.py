"""A class folder: its settings, its roster and its results."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tito.core.classroom.config import LatePolicy, read_class
from tito.core.classroom.results import (
    history_of,
    read_result,
    result_path,
    results_of,
    write_result,
)
from tito.core.classroom.roster import read_roster
from tito.core.errors import TitoError

WHOLE = """
[class]
name = "Deep Learning"
course = "1.0"
timezone = "Europe/Berlin"
[limits]
seconds = 5
[late]
policy = "percent_per_day"
percent = 20
[[assignment]]
id = "a1"
title = "Tensors"
modules = ["1", "00_setup"]
milestones = ["perceptron"]
due = 2027-07-01T23:59:00
points = { "01" = 20, "1.3" = 4 }
[[assignment]]
id = "a2"
modules = ["02"]
late = { policy = "grace_days", days = 2 }
"""


def config(folder: Path, text: str):
    (folder / "class.toml").write_text(text, encoding="utf-8")
    return read_class(folder)


def roster(folder: Path, data: bytes):
    (folder / "roster.csv").write_bytes(data)
    return read_roster(folder)


def test_init_makes_a_class_that_can_be_read(tito, tmp_path: Path) -> None:
    made = tito(tmp_path, "class", "init", "my class")
    assert made.returncode == 0, made.stderr
    assert "Next: cd 'my class'" in made.stdout
    folder = tmp_path / "my class"
    assert [student.name for student in read_roster(folder)] == ["Ada Lovelace", "Alan Turing"]
    assert "/roster.csv" in (folder / ".gitignore").read_text(encoding="utf-8")
    again = tito(tmp_path, "class", "init", "my class")
    assert again.returncode == 2
    assert "Nothing in it was changed" in again.stderr


def test_the_example_of_init_is_right(tmp_path: Path) -> None:
    from tito.workflows.classroom.start import create_class

    found = read_class(create_class(tmp_path / 'a "class"'))
    assert found.name == "a class"
    assert found.assignments[0].modules == ("00_setup",)


def test_an_assignment_is_read_with_all_that_is_said_about_it(tmp_path: Path) -> None:
    found = config(tmp_path, WHOLE)
    first, second = found.assignments
    assert first.modules == ("00_setup", "01_tensor")
    assert first.due is not None
    assert first.due.utcoffset() == timedelta(hours=2)  # summer in Berlin
    assert first.points == {"01": 20.0, "1.3": 4.0}
    assert (first.late.policy, first.late.percent) == (LatePolicy.PERCENT_PER_DAY, 20.0)
    assert (second.late.policy, second.late.days) == (LatePolicy.GRACE_DAYS, 2)
    assert second.title == "a2"
    assert found.limits.seconds == 5
    with pytest.raises(TitoError, match=r"no assignment 'a3'.*it has: a1, a2"):
        found.assignment("a3")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('timezone = "Europe/Berlin"', 'timezone = "Berlin"', r"\[class\]: timezone: 'Berlin'"),
        ('name = "Deep', 'nmae = "Deep', r"nmae: there is no such key. Did you mean name"),
        ('"1", "00_setup"', '"1", "77"', r"\[\[assignment\]\] a1: modules: There is no module"),
        ('"1", "00_setup"', "1", r"a1: modules: the list holds texts"),
        ("due = 2027-07-01T23:59:00", 'due = "soon"', r"a1: due: 'soon' is no date"),
        ("due = 2027-07-01T23:59:00", "due = 2027-07-01", "a1: due: give date and time"),
        ('id = "a2"', 'id = "A1"', "'A1' is there twice"),
        ('id = "a2"', 'id = "../a"', "'../a' names a folder"),
        ('id = "a2"', 'id = "con"', "'con' names a folder"),
        ('"grace_days"', '"grace"', r"a2.late: policy: 'grace' is none of none, percent"),
        ("seconds = 5", "seconds = true", r"\[limits\]: seconds: True is not a number"),
        ('"1.3" = 4', '"1.3" = -4', r"points.1.3: -4 is not a number"),
        ('modules = ["02"]', "", "a2: modules: an assignment needs modules or milestones"),
        ("[limits]", "[limits", "is not TOML: .*line 6"),
        ('[[assignment]]\nid = "a1"', '[assignment]\nid = "a1"', "is not TOML|double brackets"),
    ],
)
def test_a_mistake_in_class_toml_is_named(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    assert before in WHOLE
    with pytest.raises(TitoError, match=says):
        config(tmp_path, WHOLE.replace(before, after, 1))


def test_a_roster_of_excel_is_read(tmp_path: Path) -> None:
    text = "\ufeffID;Last Name;First name;email;Section\r\nada;Lovelace;Ada;a@x.org;B\r\n;;;;\r\n"
    (ada,) = roster(tmp_path, text.encode("utf-8"))
    assert (ada.id, ada.name, ada.email) == ("ada", "Ada Lovelace", "a@x.org")
    assert ada.more == {"section": "B"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"name,email\nAda,a\n", "no column `id`"),
        (b"id,email,email\nada,a,b\n", "column 'email' twice"),
        ("id,last_name\nada,Löwe\n".encode("cp1252"), "Line 2 of the roster is not UTF-8"),
        (b'id,last_name\nada,"x\n', "Line 2 of the roster"),
    ],
)
def test_a_roster_that_cannot_be_read_says_why(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(TitoError, match=says):
        roster(tmp_path, data)


def test_every_line_with_a_mistake_is_named(tmp_path: Path) -> None:
    with pytest.raises(TitoError) as caught:
        roster(tmp_path, b"id\nada\n../x\nAda\n\n,\nalan\n")
    lines = (caught.value.excerpt or "").splitlines()
    assert lines == [
        "line 3: the id '../x' names a folder: letters, digits and ._@-",
        "line 4: the id 'Ada' is in line 2 already",
    ]


def result(moment: str) -> dict[str, object]:
    return {"schema": 1, "assignment": "a1", "student": "ada", "graded_at": moment}


def test_a_result_keeps_the_one_before_it(tmp_path: Path) -> None:
    first, second = result("2027-03-01T12:00:00+00:00"), result("2027-03-02T12:00:00+00:00")
    write_result(tmp_path, first)
    assert history_of(tmp_path, "a1", "ada") == []
    write_result(tmp_path, second)
    assert results_of(tmp_path, "a1") == {"ada": second}
    assert history_of(tmp_path, "a1", "ada") == [first]


def test_a_damaged_result_is_none(tmp_path: Path) -> None:
    write_result(tmp_path, result("now"))
    path = result_path(tmp_path, "a1", "ada")
    for text in ("", "{", "[]", json.dumps({"schema": 99}), "[" * 100_000):
        path.write_text(text, encoding="utf-8")
        assert read_result(path) is None
        assert results_of(tmp_path, "a1") == {}

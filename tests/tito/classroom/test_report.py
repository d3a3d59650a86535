"""`tito class report`: from results as the grader writes them to every file of a report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tito.core.classroom.results import write_result

CLASS = """
[class]
name = "Small"
course = "1"
timezone = "Europe/Berlin"
[late]
policy = "percent_per_day"
percent = 10
cap = 50
[[assignment]]
id = "a1"
title = "Lines"
modules = ["00", "03"]
milestones = ["start"]
due = 2027-03-01T23:59:00
points = { "03" = 6, start = 2 }
"""
ROSTER = """\
id,last_name,first_name,email,github,canvas_id
ada,Lovelace,Ada,ada@uni.example,ada9,11
alan,Turing,Alan,alan@uni.example,,12
emmy,Noether,Emmy,emmy@uni.example,,13
grace,Hopper,Grace,grace@uni.example,,14
late,Comer,Lara,lara@uni.example,,15
"""
NASTY = "line(2) must be 6 </pre><script>alert(1)</script> `````\x1b[31m \u202egnp ![x](http://x.example)"


def task(number: str, state: str = "passed", passed: int = 1, tests: int = 1, **more: Any) -> dict:
    return {"number": number, "state": state, "passed": passed, "tests": tests, **more}


def result(student: str, *line: dict, start: str = "passed", **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "assignment": "a1",
        "student": student,
        "submission": {"sha256": student.upper(), "submitted_at": "2027-03-01T20:00:00+00:00"},
        "graded_at": "2027-03-02T08:00:00+00:00",
        "course": "1",
        "state": "graded",
        "modules": [
            {"name": "00_setup", "state": "passed", "tasks": [task("0.1")]},
            {"name": "03_line", "state": "failed", "tasks": list(line)},
        ],
        "milestones": [{"id": "start", "name": "1900 - The Start", "state": start}],
        **more,
    }


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A class of five: all right, wrong, could not be judged, missing, late."""
    (tmp_path / "class.toml").write_text(CLASS, encoding="utf-8")
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    wrong = task(
        "3.1", "failed", 1, 2, message=NASTY, where="modules/03_line/line.py:17", hint="3 x"
    )
    late = {"sha256": "l", "submitted_at": "2027-03-03T10:00:00Z"}
    for each in (
        result("ada", task("3.1"), task("3.2")),
        result("alan", wrong, task("3.2", "blank", 0), start="failed"),
        result("emmy", task("3.1"), task("3.2"), start="could_not_run", state="could_not_run"),
        {
            "schema": 1,
            "assignment": "a1",
            "student": "grace",
            "state": "missing",
            "submission": None,
        },
        result("late", task("3.1"), task("3.2"), submission=late),
        result("stranger"),
    ):
        write_result(tmp_path, {"graded_at": "2027-03-02T08:00:00+00:00", **each})
    return tmp_path


Run = Callable[..., str]


@pytest.fixture
def report(tito: Any, room: Path) -> Run:
    def run(*options: str) -> str:
        made = tito(room, "class", "report", "a1", *options, COLUMNS="200")
        assert made.returncode == 0, made.stdout + made.stderr
        return str(made.stdout)

    return run


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    key = next(name for name in ("student_id", "username", "part") if name in found[0])
    return {row[key]: row for row in found}


def test_the_gradebook_has_nbgraders_columns_and_no_silent_zero(report: Run, room: Path) -> None:
    said = report()
    found = rows(room / "reports/a1/gradebook.csv")
    scores = {name: (row["raw_score"], row["score"]) for name, row in found.items()}
    assert scores == {
        "ada": ("9", "9"),
        "alan": ("2.5", "2.5"),
        "emmy": ("", ""),
        "grace": ("0", "0"),
        "late": ("9", "7.2"),
    }
    assert found["late"]["late_submission_penalty"] == "1.8"
    assert found["grace"]["timestamp"] == ""
    assert found["ada"]["duedate"] == "2027-03-01 22:59:00"
    assert found["ada"]["max_score"] == "9"
    assert "emmy: no score, 1900 - The Start could not be judged." in said
    assert "Not on the roster, left out: stranger" in said
    assert "4 of 5 students graded" not in said  # grace handed nothing in
    assert "3 of 5 students graded, 1 handed nothing in, 1 could not be judged" in said
    assert "Next: tito class grade a1" in said


def test_feedback_has_the_checklist_the_message_and_the_hint(report: Run, room: Path) -> None:
    report()
    page = (room / "reports/a1/feedback/alan.md").read_text(encoding="utf-8")
    assert "2.5 of 9 points" in page.replace("\\", "")
    assert "- [x] 0.1 manual\\_seed: passed, 1 test (1 of 1)" in page
    assert "- [ ] 3.1 line: wrong: 1 of 2 tests pass (1.5 of 3)" in page
    assert "- [ ] 3.2 seeded\\_line: still blank (0 of 3)" in page
    assert "modules/03\\_line/line.py:17" in page
    assert "3 x" in page


def test_a_message_can_do_nothing(report: Run, room: Path) -> None:
    report()
    for name in ("feedback/alan.html", "feedback/alan.md", "overview.html", "overview.csv"):
        text = (room / "reports/a1" / name).read_text(encoding="utf-8")
        assert "\x1b" not in text, name
        assert "\u202e" not in text, name
        assert "\\x1b" in text, name
    for name in ("feedback/alan.html", "overview.html"):
        seen = Tags()
        seen.feed((room / "reports/a1" / name).read_text(encoding="utf-8"))
        assert not seen.tags & {"script", "img", "a", "link", "iframe"}, name
    text = (room / "reports/a1/feedback/alan.md").read_text(encoding="utf-8")
    assert text.count("\n  ``````") == 2  # longer than the fence in the message


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


def test_who_could_not_be_judged_is_told_that_it_is_not_their_fault(
    report: Run, room: Path
) -> None:
    report()
    page = (room / "reports/a1/feedback/emmy.md").read_text(encoding="utf-8")
    assert "7 of 9 points so far" in page
    assert "not your fault" in page
    assert not (room / "reports/a1/classroom50/emmy.json").exists()


def test_the_overview_shows_what_is_hard(report: Run, room: Path) -> None:
    report()
    found = rows(room / "reports/a1/overview.csv")
    assert found["3.1"]["average_percent"] == "88"  # (1 + 1/2 + 1 + 1) / 4 of its points
    assert (found["3.1"]["passed"], found["3.1"]["failed"]) == ("3", "1")
    assert found["3.1"]["seen_by"] == "1"
    assert found["start"]["could_not_run"] == "1"
    page = (room / "reports/a1/overview.html").read_text(encoding="utf-8")
    assert page.index("3.2 seeded_line") < page.index("3.1 line") < page.index("0.1 manual_seed")
    assert "on the last day" in page


def test_classroom_50_gets_whole_points(report: Run, room: Path) -> None:
    report()
    found = json.loads((room / "reports/a1/classroom50/ada.json").read_text(encoding="utf-8"))
    assert found["schema"] == "classroom50/result/v1"
    assert (found["owner"], found["score"], found["max-score"]) == ("ada9", 9, 9)
    assert found["datetime"] == "2027-03-01T20:00:00Z"
    names = [test["test-name"] for test in found["tests"]]
    assert names == ["0.1 manual_seed", "3.1 line", "3.2 seeded_line", "1900 - The Start"]
    lines = rows(room / "reports/a1/classroom50.csv")
    assert list(lines) == ["ada9", "alan", "late"]  # no line for who has no score
    assert lines["late"]["late"] == "true"


def test_canvas_and_moodle_are_filled_in_copies(report: Run, room: Path) -> None:
    canvas = (
        b"\xef\xbb\xbfStudent;ID;SIS Login ID;Section;Lines (77)\r\n"
        b"    Points Possible;;;;9,00\r\n"
        b"Lovelace, Ada;11;;A;\r\nHopper, Grace;14;;A;\r\n"
        b"Nobody;99;;A;\r\nComer, Lara;15;;A;1,5\r\n"
    )
    (room / "export.csv").write_bytes(canvas)
    said = report("--canvas", "export.csv")
    assert (room / "export.csv").read_bytes() == canvas
    filled = canvas.replace(b"11;;A;", b"11;;A;9").replace(b"A;1,5", b"A;7,2")
    assert (room / "reports/a1/canvas.csv").read_bytes() == filled
    assert "row 5: Nobody: not on the roster" in said
    assert "alan: has no row in this file" in said
    assert "grace: left as it was (nothing was handed in)" in said
    report("--canvas", "export.csv", "--zeros")
    assert b"14;;A;0\r\n" in (room / "reports/a1/canvas.csv").read_bytes()


def test_a_regrade_says_what_changed_and_why(report: Run, room: Path) -> None:
    assert "Since the last report" not in report()
    assert "no score has changed" in report()
    after = result("alan", task("3.1"), task("3.2"), start="passed", course="2")
    write_result(room, {**after, "graded_at": "2027-03-05T08:00:00+00:00"})
    said = report()
    assert "1 score changed" in said
    assert "alan: 2.5 → 9 (03_line 3.1: failed → passed" in said
    assert "Why: another submission" not in said
    assert "Why: course 1 → 2" in said
    assert len(list((room / "reports/a1/history").iterdir())) == 1


def test_new_rules_are_a_reason_too(report: Run, room: Path) -> None:
    report()
    (room / "class.toml").write_text(
        CLASS.replace("percent = 10", "percent = 20"), encoding="utf-8"
    )
    said = report()
    assert "late: 7.2 → 5.4. Why: late: 2 days, -20 % → 2 days, -40 %" in said
    text = CLASS.replace("percent = 10", "percent = 20").replace('"03" = 6', '"03" = 12')
    (room / "class.toml").write_text(text, encoding="utf-8")
    assert "ada: 9 → 15" in (said := report())
    assert "the points in class.toml" in said


def test_a_score_that_does_not_hold_any_more_is_gone(report: Run, room: Path) -> None:
    report()
    assert (room / "reports/a1/classroom50/ada.json").exists()
    write_result(
        room, result("ada", state="could_not_run", modules=[], milestones=[], reason="full")
    )
    said = report()
    assert not (room / "reports/a1/classroom50/ada.json").exists()
    assert "ada: 9 → no score" in said
    assert "ada: no score, nothing could be judged: full" in said


def test_an_anonymous_report_has_no_name_in_it(report: Run, room: Path) -> None:
    report("--anonymous")
    folder = room / "reports/a1/anonymous"
    found = rows(folder / "gradebook.csv")
    assert sorted(row["score"] for row in found.values()) == ["", "0", "2.5", "7.2", "9"]
    assert list(found) == sorted(found)
    for path in folder.rglob("*.*"):
        text = path.read_text(encoding="utf-8") + path.name
        for name in ("ada", "alan", "Turing", "uni.example", "stranger"):
            assert name not in text, (path, name)
    before = list(found)
    report("--anonymous")
    assert list(rows(folder / "gradebook.csv")) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("a2",), 1, "no assignment 'a2'"),
        (("a1", "--canvas", "nowhere.csv"), 2, "cannot be read"),
        (("a1", "--anonymous", "--canvas", "x.csv"), 2, "leaves out the names"),
    ],
)
def test_mistakes_have_an_answer(
    tito: Any, room: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    made = tito(room, "class", "report", *arguments)
    assert made.returncode == code
    assert said in made.stderr
    assert not (room / "reports").exists()


def test_without_results_the_next_step_is_to_grade(tito: Any, room: Path) -> None:
    (room / "class.toml").write_text(CLASS.replace('"a1"', '"b1"'), encoding="utf-8")
    made = tito(room, "class", "report", "b1")
    assert made.returncode == 1
    assert "tito class grade b1" in made.stderr

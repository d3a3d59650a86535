"""Canvas's and Moodle's own files: the right cells change, and not one byte beside them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tito.core.classroom.canvas import fill_canvas
from tito.core.classroom.filling import Filling, Grade
from tito.core.classroom.moodle import fill_moodle
from tito.core.classroom.roster import Student
from tito.core.classroom.sheet import read_sheet
from tito.core.errors import UsageError

ROSTER = [
    Student("s1", "Lovelace", "Ada", "ada@uni.example", {"canvas_id": "4711"}),
    Student("s2", "Hopper", "Grace", "grace@uni.example"),
    Student("s3", "Nöther", "Emmy", "emmy@uni.example"),
    Student("s4", "Turing", "Alan", "alan@uni.example"),
]
GRADES = {
    "s1": Grade(Fraction(21, 2), Fraction(12), "10.5 of 12; well done"),
    "s2": Grade(Fraction(12), Fraction(12)),
    "s3": Grade(None, Fraction(12), why_not="could not be judged"),
    "s4": Grade(Fraction(3), Fraction(12)),
}
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Other (1),Tensors (98765),Final Score\n"
    "    Points Possible,,,,,5,12,(read only)\n"
    '"Lovelace, Ada",4711,x9,ada9,"Sec, A",4.5,,88.10\n'
    '"Hopper, Grace",12,s2,grace,Sec A,,3,\n'
    '"Nobody, ""The""",13,s9,nobody,Sec A,1,7,\n'
    '"Nöther, Emmy",14,,emmy@uni.example,Sec A,,,\n'
    '"    Student, Test",15,,,,,,\n'
)
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\r\n"
    'Participant 1,Ada Lovelace,ada@uni.example,"Submitted, late",,100.00,Yes,"Monday, 1",-,\r\n'
    "Participant 2,Grace Hopper,GRACE@uni.example,Submitted,5.00,100.00,No,-,-,\r\n"
    "Participant 3,Someone Else,else@uni.example,Submitted,,100.00,Yes,-,-,\r\n"
    "Participant 4,Emmy Nöther,,Submitted,,100.00,Yes,-,-,\r\n"
)


def canvas(folder: Path, text: str = CANVAS, column: str | None = None) -> Filling:
    path = folder / "canvas.csv"
    path.write_bytes(text.encode())
    return fill_canvas(read_sheet(path), ROSTER, GRADES, ["a1", "Tensors"], column)


def moodle(folder: Path, text: str = MOODLE, column: str | None = None) -> Filling:
    path = folder / "moodle.csv"
    path.write_bytes(text.encode())
    return fill_moodle(read_sheet(path), ROSTER, GRADES, column)


def changes(filling: Filling) -> dict[str, str]:
    """The lines that differ from the file, old to new."""
    before = filling.sheet.path.read_bytes().decode().split("\n")
    after = filling.sheet.encoded().decode().split("\n")
    assert len(before) == len(after)
    return {a: b for a, b in zip(before, after, strict=True) if a != b}


def test_canvas_gets_scores_in_its_own_column_and_nothing_else(tmp_path: Path) -> None:
    found = canvas(tmp_path)
    assert found.column == "Tensors (98765)"
    assert list(changes(found).values()) == [
        '"Lovelace, Ada",4711,x9,ada9,"Sec, A",4.5,10.5,88.10',
        '"Hopper, Grace",12,s2,grace,Sec A,,12,',
    ]
    assert found.filled == ["s1", "s2"]
    assert found.scale == ""


def test_an_unknown_student_is_reported_and_stops_nobody(tmp_path: Path) -> None:
    found = canvas(tmp_path)
    assert found.unknown == ['row 5: Nobody, "The"']
    assert found.left == {"s3": "could not be judged"}
    assert found.absent == ["s4"]


def test_canvas_scores_follow_the_points_possible(tmp_path: Path) -> None:
    found = canvas(tmp_path, CANVAS.replace(",5,12,(read", ",5,100,(read"))
    assert ",4.5,87.5,88.10" in found.sheet.encoded().decode()
    assert found.scale == "12 points in class.toml are 100 there; scores are scaled"


def test_an_excused_student_stays_excused(tmp_path: Path) -> None:
    found = canvas(tmp_path, CANVAS.replace("Sec A,,3,", "Sec A,,EX,"))
    assert found.left["s2"] == "excused in Canvas"
    assert "Sec A,,EX," in found.sheet.encoded().decode()


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        (CANVAS.replace("Tensors", "Vectors"), None, "No column"),
        (CANVAS.replace("Other", "Tensors"), None, "More than one column"),
        (CANVAS, "Tensor", "no column 'Tensor'"),
        (CANVAS, "Final Score", "does not let anybody change"),
        (MOODLE, None, "not a gradebook from Canvas"),
        ("", None, "empty"),
    ],
)
def test_no_column_is_ever_invented(
    tmp_path: Path, text: str, column: str | None, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        canvas(tmp_path, text, column)
    assert said in caught.value.message


def test_a_column_can_be_chosen(tmp_path: Path) -> None:
    assert canvas(tmp_path, column="Other (1)").column == "Other (1)"


def test_two_students_of_one_name_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "canvas.csv"
    path.write_text(CANVAS.replace(",12,s2,grace,", ",12,,,"), encoding="utf-8")
    twin = Student("s5", "Hopper", "Grace", "other@uni.example")
    found = fill_canvas(read_sheet(path), [*ROSTER, twin], GRADES, ["Tensors"])
    assert "row 4: Hopper, Grace" in found.unknown


def test_moodle_gets_grade_and_feedback_scaled_to_its_maximum(tmp_path: Path) -> None:
    found = moodle(tmp_path)
    assert list(changes(found).values()) == [
        MOODLE.split("\n")[1].replace(",,100.00", ",87.5,100.00")[:-1] + "10.5 of 12; well done\r"
    ]
    assert found.unknown == ["row 4: Someone Else"]
    assert found.left == {"s2": "locked in Moodle", "s3": "could not be judged"}


def test_a_german_worksheet_keeps_its_marks(tmp_path: Path) -> None:
    text = (
        "\ufeffID;Vollständiger Name;E-Mail-Adresse;Bewertung;Bestwertung;"
        "Feedback als Kommentar\r\n"
        'Teilnehmer/in 1;"Ada Lovelace";ada@uni.example;;12,00;"alt; neu"\r\n'
    )
    found = moodle(tmp_path, text)
    assert list(changes(found).values()) == [
        'Teilnehmer/in 1;"Ada Lovelace";ada@uni.example;10,5;12,00;"10.5 of 12; well done"\r'
    ]
    assert found.sheet.encoded().startswith(b"\xef\xbb\xbf")


def test_a_worksheet_in_another_language_needs_the_columns_name(tmp_path: Path) -> None:
    text = MOODLE.replace(",Grade,", ",Punkte,")
    with pytest.raises(UsageError) as caught:
        moodle(tmp_path, text)
    assert "Punkte" in str(caught.value.hint)
    assert moodle(tmp_path, text, "Punkte").filled == ["s1"]


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\r\n1,2\r\n",
        b"a,b\n1,2",
        b'\xef\xbb\xbfa;b\r\n\'x\';"y""z"\r\n',
        b'a,b\n"two\r\nlines",2\n\n,\n',
        b"a\tb\r1\t2\r",
        b'a,b\n  "x, y" ,3,\n"never closed,4\n',
        "a,b\nä,ß\n".encode("cp1252"),
        "\ufeffa;b\r\nä;ß\r\n".encode("utf-16-le"),
    ],
)
def test_a_file_nobody_touched_is_the_same_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    assert read_sheet(path).encoded() == data


def test_a_cell_that_needs_quotes_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(b'a,b\n1,"2"\n')
    sheet = read_sheet(path)
    sheet.put(1, 0, 'x, "y"')
    sheet.put(1, 1, "z")
    assert sheet.encoded() == b'a,b\n"x, ""y""","z"\n'

"""`tito class collect`: what platforms have, and what a hostile zip file must not do."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.nested import nested
from tito.core.classroom.downloads import as_utc, people_in
from tito.core.folders import delete

ROSTER = """\
id,last_name,first_name,email,canvas_id,repository
ada,Lovelace,Ada,ada@example.org,4711,{ada}
alan,Turing,Alan,alan@example.org,4712,
loewe,Löwe-Meyer,Eva,eva@example.org,,
bob,Bob,,bob@example.org,,
"""
CONFIG = '[[assignment]]\nid = "a1"\nmodules = ["00", "03"]\n'
FIRST, SECOND = "modules/00_setup/setup.py", "modules/03_line/line.py"
GRADESCOPE = """\
---
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: '99'
    :email: ada@example.org
  :created_at: 2026-03-01 13:00:00.123456789 +0100
  :score: 3.0
  :history:
  - :created_at: 2026-02-01 12:00:00 Z
    :submitters:
    - :name: Nobody
submission_102:
  :submitters:
  - :name: Alan Turing
    :sid: alan
  - :name: Eva Löwe-Meyer
  :created_at: 2026-03-02 12:00:00 Z
submission_103:
  :submitters:
  - :name: A Stranger
    :email: who@example.org
  :created_at: 2026-03-02 12:00:00 Z
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "class"
    root.mkdir()
    (root / "class.toml").write_text(CONFIG, encoding="utf-8")
    (root / "roster.csv").write_text(ROSTER.format(ada=""), encoding="utf-8")
    return root


def put(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def zipped(files: dict[str, str | bytes], **links: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        for name, target in links.items():
            info = zipfile.ZipInfo(name.replace("__", "/"))
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
    return data.getvalue()


def collect(tito, folder: Path, *arguments: str | Path) -> dict[str, Any]:
    done = tito(folder, "class", "collect", "a1", "--json", *map(str, arguments))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stored(folder: Path, student: str) -> dict[str, str]:
    root = folder / "submissions/a1" / student
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in sorted(root.rglob("*.py"))
    }


BOTH = {FIRST: "first", SECOND: "second"}


def test_a_folder_of_folders_and_zip_files(tito, folder: Path, tmp_path: Path) -> None:
    put(
        tmp_path / "in",
        {
            f"ada/my-work/{FIRST}": "first",
            f"ada/my-work/{SECOND}": "second",
            f"ada/my-work/.tito/reset/{SECOND}": "old",
            f"ada/my-work/tests/{FIRST}": "planted",
            "ada/my-work/modules/00_setup/test_setup.py": "my own tests",
            "alan@example.org.zip": zipped({"setup.py": "alone"}),
            "stranger/setup.py": "x",
            "bob/essay.txt": "no lesson",
        },
    )
    found = collect(tito, folder, tmp_path / "in")
    assert found["stored"] == {"ada": "new", "alan": "new"}
    assert stored(folder, "ada") == BOTH
    assert stored(folder, "alan") == {FIRST: "alone"}
    assert found["unknown"] == ["stranger"]
    assert found["unreadable"] == ["bob: it has no lesson of the course, such as modules/01_…/….py"]
    assert found["missing"] == ["loewe", "bob"]
    assert f"alan: {SECOND} is not handed in" in found["problems"]
    about = json.loads((folder / "submissions/a1/ada/submission.json").read_text("utf-8"))
    assert (about["source"], about["submitted_at"], about["files"]) == (
        "ada",
        None,
        [FIRST, SECOND],
    )


@pytest.mark.skipif(os.name == "nt", reason="made by steps that Windows has not")
def test_folders_nested_too_deep_cost_neither_the_lessons_nor_the_others(
    tito, folder: Path, tmp_path: Path
) -> None:
    put(tmp_path / "in", {f"{student}/{FIRST}": "first" for student in ("ada", "alan")})
    nested(tmp_path / "in/ada/notes")
    nested(tmp_path / "in/alan/tinytorch")
    try:
        found = collect(tito, folder, tmp_path / "in")
    finally:
        delete(tmp_path / "in")
    assert found["stored"] == {"ada": "new", "alan": "new"}
    deep = [problem for problem in found["problems"] if "nested" in problem]
    assert deep == ["ada: folders nested deeper than 50 are not looked into"]


def test_the_same_again_changes_nothing(tito, folder: Path, tmp_path: Path) -> None:
    source = put(tmp_path / "in", {f"ada/{FIRST}": "first", f"ada/{SECOND}": "second"})
    collect(tito, folder, source)
    assert collect(tito, folder, source)["stored"] == {"ada": "unchanged"}
    (source / "ada" / SECOND).unlink()
    assert collect(tito, folder, source)["stored"] == {"ada": "replaced"}
    assert stored(folder, "ada") == {FIRST: "first"}  # the file that is gone is not kept


@pytest.mark.parametrize("kind", ["folder", "zip", "zip with a folder"])
def test_gradescope(tito, folder: Path, tmp_path: Path, kind: str) -> None:
    files = {
        "submission_metadata.yml": GRADESCOPE,
        f"submission_101/{FIRST}": "first",
        f"submission_101/{SECOND}": "second",
        f"submission_102/{FIRST}": "group",
        f"submission_103/{FIRST}": "x",
    }
    if kind == "folder":
        source = put(tmp_path / "in", files)
    else:
        source = tmp_path / "export.zip"
        top = "assignment_5_export/" if "with" in kind else ""
        source.write_bytes(zipped({top + name: text for name, text in files.items()}))
    found = collect(tito, folder, source)
    assert found["stored"] == {"ada": "new", "alan": "new", "loewe": "new"}
    assert stored(folder, "ada") == BOTH
    assert stored(folder, "loewe") == stored(folder, "alan") == {FIRST: "group"}
    assert found["unknown"] == ["submission_103"]
    about = json.loads((folder / "submissions/a1/ada/submission.json").read_text("utf-8"))
    assert about["submitted_at"] == "2026-03-01T12:00:00+00:00"


def test_the_last_of_two_submissions_is_taken(tito, folder: Path, tmp_path: Path) -> None:
    text = GRADESCOPE.replace(":sid: alan", ":email: ada@example.org")
    source = put(
        tmp_path / "in",
        {
            "submission_metadata.yml": text,
            f"submission_101/{FIRST}": "early",
            f"submission_102/{FIRST}": "late",
        },
    )
    found = collect(tito, folder, source)
    assert stored(folder, "ada") == {FIRST: "late"}
    assert found["twice"] == ["ada: submission_102, not submission_101"]
    assert "submission_103: its folder is not in the export" in found["unreadable"]


def test_canvas(tito, folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "submissions.zip"
    source.write_bytes(
        zipped(
            {
                "lovelaceada_4711_98765_work.zip": zipped({f"x/{FIRST}": "first"}),
                "lovelaceada_4711_98766_line-1.py": "second",
                "loewemeyereva_LATE_9999_98767_setup.py": "x",
                "löwemeyereva_LATE_9999_98767_setup.py": "late",
            }
        )
    )
    found = collect(tito, folder, source)
    assert stored(folder, "loewe") == {FIRST: "late"}
    assert found["unknown"] == ["loewemeyereva_LATE_9999_"]
    assert stored(folder, "ada") == BOTH  # two files of one submission
    assert found["twice"] == []


def test_moodle(tito, folder: Path, tmp_path: Path) -> None:
    source = put(
        tmp_path / "in",
        {
            f"Ada Lovelace_123_assignsubmission_file_/{FIRST}": "first",
            f"Ada Lovelace_123_assignsubmission_file_/{SECOND}": "second",
            "Eva Löwe-Meyer_124_assignsubmission_file_work.zip": zipped({FIRST: "zip"}),
        },
    )
    found = collect(tito, folder, source)
    assert stored(folder, "ada") == BOTH
    assert stored(folder, "loewe") == {FIRST: "zip"}
    assert found["unknown"] == []


BOMB = {FIRST: b"0" * 4_000_000}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (zipped({FIRST: "x", "../../evil.py": "x"}), "a path that leaves its folder: '../../evil"),
        (zipped({FIRST: "x", "/etc/evil.py": "x"}), "a path that leaves its folder: '/etc"),
        (zipped({FIRST: "x", "C:\\evil.py": "x"}), "a path that leaves its folder: 'C:"),
        (zipped({FIRST: "x", "a\\..\\..\\evil.py": "x"}), "a path that leaves its folder"),
        (zipped(BOMB), "is a zip bomb: 4 MB"),
        (zipped({}, modules__00_setup__setup_py="/etc/passwd"), "no lesson of the course"),
        (b"PK\x03\x04 broken", "not a zip file that can be read"),
        (zipped({FIRST: "x" * 50})[:60], "not a zip file that can be read"),
    ],
    # Named here: the bytes of a zip hold the time it was made, and workers must agree on ids.
    ids=["parent", "root", "drive", "backslash", "bomb", "link", "broken", "cut short"],
)
def test_a_hostile_or_broken_zip_file_costs_only_its_owner(
    tito, folder: Path, tmp_path: Path, data: bytes, says: str
) -> None:
    source = put(tmp_path / "in", {"alan.zip": data, f"ada/{FIRST}": "first"})
    before = set(tmp_path.rglob("*"))
    found = collect(tito, folder, source)
    assert list(found["stored"]) == ["ada"]
    (why,) = found["unreadable"]
    assert why.startswith("alan.zip: ")
    assert says in why
    new = {path for path in set(tmp_path.rglob("*")) - before if "class" not in path.parts}
    assert new == set()


def test_a_link_is_not_followed(tito, folder: Path, tmp_path: Path) -> None:
    secret = put(tmp_path, {"secret.py": "secret"}) / "secret.py"
    source = put(tmp_path / "in", {f"ada/{FIRST}": "first"})
    try:
        (source / "ada/modules/03_line").mkdir()
        (source / "ada" / SECOND).symlink_to(secret)
        (source / "alan").symlink_to(tmp_path)
    except OSError:
        pytest.skip("this system makes no links")
    found = collect(tito, folder, source)
    assert stored(folder, "ada") == {FIRST: "first"}
    assert list(found["stored"]) == ["ada"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_repositories(tito, folder: Path, tmp_path: Path) -> None:
    repository = put(tmp_path / "repository", BOTH)
    moment = {"GIT_COMMITTER_DATE": "2026-03-01T12:00:00+01:00"}
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "work"]):
        subprocess.run(
            ["git", *command],
            cwd=repository,
            env={"PATH": str(Path(shutil.which("git")).parent), **moment},
            check=True,
        )
    (folder / "roster.csv").write_text(ROSTER.format(ada=repository.as_uri()), "utf-8")
    found = collect(tito, folder, "--git", "repository")
    assert found["stored"] == {"ada": "new"}
    assert stored(folder, "ada") == BOTH
    about = json.loads((folder / "submissions/a1/ada/submission.json").read_text("utf-8"))
    assert about["submitted_at"] == "2026-03-01T11:00:00+00:00"
    wrong = tito(folder, "class", "collect", "a1", "--git", "repo")
    assert "no column 'repo'. Did you mean repository?" in wrong.stderr


def test_what_came_in_is_said(tito, folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "in", {f"ada/{FIRST}": "first", "stranger/setup.py": "x"})
    said = tito(folder, "class", "collect", "a1", str(tmp_path / "in")).stdout
    assert "1 submission: 1 new." in said
    assert "Not handed in (3):\n  alan\n  loewe\n  bob\n" in said
    assert "Belongs to nobody on the roster (1):\n  stranger\n" in said
    assert said.endswith("Next: tito class grade a1\n")
    nothing = tito(folder, "class", "collect", "a1")
    assert nothing.returncode == 2
    assert "From where?" in nothing.stderr


def test_gradescopes_earlier_submissions_are_not_taken_for_the_last() -> None:
    found = people_in(GRADESCOPE)
    assert found["submission_101"] == (
        ({"name": "Ada Lovelace", "id": "99", "email": "ada@example.org"},),
        "2026-03-01T12:00:00+00:00",
    )
    assert [who["name"] for who in found["submission_102"][0]] == ["Alan Turing", "Eva Löwe-Meyer"]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-01 12:00:00 Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01 12:00:00.5 Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01 12:00:00 -0500", "2026-03-01T17:00:00+00:00"),
        ("2026-03-01 12:00:00", None),
        ("yesterday", None),
    ],
)
def test_a_moment_without_a_zone_is_not_known(text: str, utc: str | None) -> None:
    assert as_utc(text) == utc

"""`tito report`: the journey on one page, from files in which anything may stand."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.tito.kept_run import PICTURES, keep_run
from tito.core.milestones.progress_events import TrainingEvent
from tito.core.milestones.shown_runs import Picture, shown_runs
from tito.core.workspace.workspace import Workspace
from tito.views.report.curves import curves
from tito.views.report.pictures import KINDS, figure

EVIL = '<script>alert(1)</script>"\x1b[31m'
VOID = {"meta"}


class Balanced(HTMLParser):
    """Raises if a tag is not closed, or closed by another."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


@pytest.fixture
def journey(solved: Path, tito: Any) -> Path:
    """A workspace with one complete module, one learned milestone and its kept run."""
    assert tito(solved, "module", "complete", "00").returncode == 0
    assert tito(solved, "milestone", "run", "start", "--seed", "7").returncode == 0
    shutil.rmtree(solved / ".tito" / "runs" / "start")  # the one below has all kinds of pictures
    keep_run(solved, "start")
    return solved


@pytest.fixture
def page(journey: Path, tito: Any) -> str:
    done = tito(journey, "report", "--html", "my report.html")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my report.html" in done.stdout
    return (journey / "my report.html").read_text(encoding="utf-8")


def test_the_page_tells_the_journey(page: str) -> None:
    for said in ("1 of 2 modules complete", "1 of 2 milestones learned", "97.5%", "seed 7"):
        assert said in page
    today = date.today().isoformat()
    row = ("00", "Setup", "complete", today, today)
    assert "".join(f"<td>{cell}</td>" for cell in row) in page
    assert "logarithmic" in page  # the loss falls by a factor of 8000
    assert len(re.findall('class="picture ', page)) == len(PICTURES)


def test_the_page_loads_nothing(page: str) -> None:
    seen = parsed(page).seen
    assert not {"script", "link", "iframe", "img", "object"} & {tag for tag, _ in seen}
    assert not [attrs for _, attrs in seen if {"src", "href"} & attrs.keys()]
    assert "default-src 'none'" in page
    assert "@media print" in page


def test_the_terminal_has_it_in_short(journey: Path, tito: Any) -> None:
    said = tito(journey, "report", COLUMNS="80").stdout
    assert "1 of 2 modules complete, 1 of 2 milestones learned." in said
    assert "1900 - The Start: learned" in said
    assert "accuracy 97.5%" in said
    assert "loss, training" in said
    assert said.rstrip().splitlines()[-1].startswith("Next: tito report --html report.html")
    assert max(map(len, said.splitlines())) <= 80


def test_what_is_only_written_down_is_called_so(solved: Path, tito: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {"TINYTORCH_HOME": str(home)}
    assert tito(solved, "module", "complete", "00", **env).returncode == 0
    (file,) = home.rglob("progress.json")
    state = json.loads(file.read_text(encoding="utf-8"))
    state["completed_milestones"] = ["start"]
    file.write_text(json.dumps(state), encoding="utf-8")
    said = tito(solved, "report", **env).stdout
    assert "0 of 2 milestones learned" in said
    assert "1900 - The Start: recorded without evidence" in said
    tito(solved, "report", "--html", "r.html", **env)
    assert "recorded without evidence" in (solved / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["modules/00_setup/setup.py", "modules", "nowhere/report.html"])
def test_it_writes_over_no_lesson(solved: Path, tito: Any, name: str) -> None:
    before = (solved / "modules/00_setup/setup.py").read_bytes()
    done = tito(solved, "report", "--html", name)
    assert done.returncode == 2
    assert "Next: tito report --html report.html" in done.stderr
    assert (solved / "modules/00_setup/setup.py").read_bytes() == before


def test_garbage_is_escaped_or_left_out(journey: Path, tito: Any) -> None:
    runs = journey / ".tito" / "runs" / "start"
    evil = [{"kind": kind, "title": EVIL, "caption": EVIL, "data": JUNK} for kind in KINDS]
    keep_run(
        journey, "start", folder="20270101T000000Z-1", name=EVIL, outcome=EVIL, started_at=EVIL,
        metrics={EVIL: EVIL}, experiment={EVIL: EVIL}, pictures=[*evil, 3, None, {"kind": EVIL}],
        events=[3, {}, {"phase": EVIL, "step": 1, "total": 2, "loss": float("nan")}],
    )  # fmt: skip
    (runs / "20270101T000000Z-2").mkdir()
    (runs / "20270101T000000Z-2" / "run.json").write_text("[" * 100_000, encoding="utf-8")
    (runs / "20270101T000000Z-3").mkdir()
    (runs / "20270101T000000Z-3" / "run.json").mkdir()
    done = tito(journey, "report", "--html", "r.html")
    assert done.returncode == 0, done.stderr
    page = (journey / "r.html").read_text(encoding="utf-8")
    assert "script" not in {tag for tag, _ in parsed(page).seen}
    assert "\x1b" not in page
    assert "alert(1)" in page
    assert "\x1b" not in tito(journey, "report").stdout


JUNK = {
    "extent": [0, 0, "x", None],
    "field": [[1, "x"], [None]],
    "points": [[1], "abc"],
    "images": [[[EVIL]], 3],
    "labels": [EVIL, 3],
    "said": EVIL,
    "right": [3],
    "values": [[1e999, EVIL]],
    "rows": [EVIL, {"input": EVIL}],
    "columns": [EVIL],
    "lines": [EVIL, 3],
}


@pytest.mark.parametrize("raw", PICTURES, ids=lambda raw: raw["kind"])
def test_a_picture_of_each_kind_is_well_formed(raw: dict[str, Any]) -> None:
    drawn = figure(Picture(raw["kind"], raw["title"], raw["caption"], raw["step"], raw["data"]))
    root = ElementTree.fromstring(drawn)
    assert root.findtext("h4", "").startswith(raw["title"])
    assert "nan" not in drawn


def test_below_a_digit_stands_what_the_network_says_as_in_the_terminal() -> None:
    data = {"images": [[[0.0]], [[1.0]]], "labels": "58", "said": "59", "right": [True, False]}
    data |= {name: list(data[name]) for name in ("labels", "said")}
    root = ElementTree.fromstring(figure(Picture("images", "t", "", None, data)))
    assert [one.text for one in root.iter() if one.tag.endswith("text")] == ["5", "9, is 8"]


def test_the_plane_is_drawn_from_the_bottom_up() -> None:
    """The first row of a field belongs to the lowest y: a drawing's y goes down."""
    data = {"extent": [0, 1, 0, 1], "field": [[1.0], [0.0]], "points": []}
    root = ElementTree.fromstring(figure(Picture("plane", "t", "", None, data)))
    fills = [one.get("fill", "") for one in root.iter() if one.tag.endswith("rect")]
    top, bottom = fills
    assert top > bottom, "orange (class 0) is at the top"


def test_a_curve_is_drawn_to_scale(tmp_path: Path) -> None:
    keep_run(tmp_path, "start")
    (run,) = shown_runs(Workspace(tmp_path))
    root = ElementTree.fromstring(curves(run.events))
    lines = [one.get("points", "") for one in root.iter() if one.get("stroke-width") == "2"]
    loss, accuracy = ([float(p.split(",")[1]) for p in points.split()] for points in lines)
    assert loss == sorted(loss)  # it falls, and y goes down
    assert accuracy == sorted(accuracy, reverse=True)


def test_held_out_accuracy_is_drawn_beside_the_minibatch_s_and_both_are_named() -> None:
    steps = [TrainingEvent("training", n, 2, accuracy=n / 2, held_out=n / 4) for n in (1, 2)]
    root = ElementTree.fromstring(curves(steps))
    assert len([one for one in root.iter() if one.get("stroke-width") == "2"]) == 2
    assert {"minibatch", "held-out"} <= set(root.itertext())


@pytest.mark.parametrize("raw", ["[]", "3", "{", '{"pictures": 3, "events": {}}'])
def test_a_file_that_is_no_run_is_passed_over(tmp_path: Path, raw: str) -> None:
    folder = keep_run(tmp_path, "start")
    (folder / "run.json").write_text(raw, encoding="utf-8")
    found = shown_runs(Workspace(tmp_path))
    assert [(run.events, run.pictures) for run in found] in ([], [((), ())])

"""A lesson cannot write the report of its own test run, nor change its tests."""

from __future__ import annotations

import pytest

from tito.core.testing.seal import Seal

from .conftest import Desk

WRONG = ("    return seed\n", "    return seed + 1\n")
FORGE = """
import json, os, threading
from pathlib import Path
def _job():
    return json.loads(next(Path(__file__).resolve().parents[1].glob("job.json")).read_text())
def _forge(seal=""):
    job = _job()
    seal = Path(job["events"]).read_text().split(" ")[0] + " " if seal == "copied" else seal
    tests = [line[4:line.index("(")] for line in open(job["modules"][-1]["tests"])
             if line.startswith("def test_")]
    name = job["modules"][-1]["name"]
    events = [dict(event="collected", tests=[[name, test] for test in tests])]
    for test in tests:
        events.append(dict(event="started", id=f"{name}::{test}"))
        events.append(dict(event="finished", id=f"{name}::{test}", module=name, test=test,
                           outcome="passed", seconds=0.0))
    events.append(dict(event="session_finished", code=0))
    with open(job["events"], "a") as file:
        file.write("".join(seal + json.dumps(event) + chr(10) for event in events))
"""
ENDS = {
    "at once": "_forge(); os._exit(0)",
    "with the seal of another line": "_forge('copied'); os._exit(0)",
    "with a made-up seal": "_forge('0' * 32 + ' '); os._exit(0)",
    "by a thread": (
        "_it = threading.Thread(target=lambda: (_forge(), os._exit(0))); _it.start(); _it.join()"
    ),
}
EMPTIES_THE_TESTS = """
import json
from pathlib import Path
_job = json.loads(next(Path(__file__).resolve().parents[1].glob("job.json")).read_text())
for _module in _job["modules"]:
    _tests = Path(_module["tests"])
    _names = [l[4:l.index("(")] for l in _tests.read_text().splitlines() if l[:9] == "def test_"]
    _tests.write_text("".join(f"def {name}():" + chr(10) + "    pass" + chr(10) for name in _names))
"""


@pytest.mark.parametrize("end", ENDS)
def test_events_that_the_lesson_appends_do_not_count(solved_desk: Desk, end: str) -> None:
    solved_desk.change("00_setup", *WRONG)
    solved_desk.on_top("00_setup", f"{FORGE}\n{ENDS[end]}")
    said = solved_desk.tito("module", "test", "00", "--json")
    assert (said.json["outcome"], said.code) == ("failed", 1), said.all


@pytest.mark.parametrize("head", ["", '"""PYTEST_DONT_REWRITE"""\n'], ids=["rewritten", "plain"])
def test_the_tests_are_those_from_before_the_lesson_was_imported(
    solved_desk: Desk, head: str
) -> None:
    tests = solved_desk.tests("00_setup")
    tests.write_text(head + tests.read_text(encoding="utf-8"), encoding="utf-8")
    solved_desk.change("00_setup", *WRONG)
    solved_desk.on_top("00_setup", EMPTIES_THE_TESTS)
    said = solved_desk.judged_by_own("module", "test", "00", "--json")
    assert (said.json["outcome"], said.code) == ("failed", 1), said.all
    assert any(test["status"] == "wrong" for test in said.json["tests"]), said.all


def test_a_sealed_line_opens_once_and_in_its_order() -> None:
    child, parent = Seal(b"secret"), Seal(b"secret")
    first, second = child.close("one").encode(), child.close("two").encode()
    assert parent.open(second) is None
    assert parent.open(first) == b"one"
    assert parent.open(first) is None
    assert parent.open(b"two") is None
    assert parent.open(Seal(b"another").close("two").encode()) is None
    assert parent.open(second) == b"two"


FAKE_MODULE = """
import json, sys, types
from pathlib import Path
_job = json.loads(next(Path(__file__).resolve().parents[1].glob("job.json")).read_text())
_tests = Path(_job["modules"][-1]["tests"])
for _name in (".".join(_tests.with_suffix("").parts[start:]) for start in range(1, 9)):
    sys.modules[_name] = _fake = types.ModuleType(_name)
    _fake.__file__ = str(_tests)
    _fake.test_3_1_triples = _fake.test_3_2_adds_the_seed = lambda: None
"""
PASSES = "triples"
SELECTIONS = {
    "in the variable": f"import os\nos.environ['PYTEST_ADDOPTS'] = '-k {PASSES}'",
    "in the settings file": (
        "from pathlib import Path\n_ini = Path(__file__).resolve().parents[1] / 'pytest.ini'\n"
        f"_ini.write_text(_ini.read_text() + 'addopts = -k {PASSES}')"
    ),
    "by a hook": (
        "import _pytest.main\n_old = _pytest.main.Session.perform_collect\n"
        "def _some(self, *a, _old=_old, **k):\n    _old(self, *a, **k)\n"
        f"    self.items = [item for item in self.items if '{PASSES}' in item.name]\n"
        "    self.config.hook.pytest_collection_finish(session=self)\n    return self.items\n"
        "_pytest.main.Session.perform_collect = _some"
    ),
    "by other tests": FAKE_MODULE,
}


@pytest.mark.parametrize("how", SELECTIONS)
def test_a_lesson_cannot_choose_its_tests(solved_desk: Desk, how: str) -> None:
    solved_desk.change("03_line", "+ manual_seed(seed)", "+ 1 + manual_seed(seed)")
    solved_desk.on_top("03_line", SELECTIONS[how])
    said = solved_desk.tito("module", "test", "03", "--json")
    assert (said.json["outcome"], said.code) == ("failed", 1), said.all

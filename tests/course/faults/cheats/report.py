"""Cheats that write the report, the progress or the journal themselves, or end the run early."""

from __future__ import annotations

from tests.course.faults.cheats.cheat import cheat

FIND = """
import glob, json, os, sys
from pathlib import Path
def _folders():
    return [Path(__file__).resolve().parents[1], Path(__file__).resolve().parents[2]]
def _parents():
    # Only the processes above this one: a cheat must not reach those of anybody else.
    found, process = [], os.getppid()
    while process > 1:
        found.append(f"/proc/{process}")
        try:
            process = int(open(f"/proc/{process}/stat").read().rpartition(")")[2].split()[1])
        except OSError:
            break
    return found
"""
EVENTS = (
    FIND
    + """
def _forge():
    for folder in _folders():
        for job in folder.glob("job.json"):
            given = json.loads(job.read_text())
            tests = [l[4:l.index("(")] for m in given["modules"]
                     for l in open(m["tests"]) if l.startswith("def test_")]
            name = given["modules"][-1]["name"]
            with open(given["events"], "a") as file:
                def put(**data): file.write(json.dumps(data) + "\\n")
                put(event="collected", tests=[[name, t] for t in tests])
                for t in tests:
                    put(event="started", id=f"{name}::{t}")
                    put(event="finished", id=f"{name}::{t}", module=name, test=t,
                        outcome="passed", seconds=0.0)
                put(event="session_finished", code=0)
"""
)
XML = '<testsuites><testsuite tests="1" errors="0" failures="0" skipped="0"><testcase classname="{0}" name="{1}" time="1"/></testsuite></testsuites>'
JUNIT = (
    FIND
    + f"""
def _forge():
    xml = '{XML}'.format("test_learning_verification", "test_perceptron_learning")
    for process in _parents()[:3]:
        try:
            words = open(process + "/cmdline").read().split("\\0")
        except OSError:
            continue
        for word in words:
            if word.startswith("--junitxml="):
                Path(word.partition("=")[2]).write_text(xml)
"""
)
HOME = (
    FIND
    + """
def _write(name, text):
    homes = {p.parent / "home" for p in Path(__file__).resolve().parents if p.name == "workspace"}
    for home in homes:
        try:
            os.makedirs(home, exist_ok=True)
            Path(home, name).write_text(text)
        except OSError:
            continue
PROGRESS = json.dumps({"completed_modules": ["00_setup", "01_tensor", "02_autograd"],
    "unlocked_milestones": ["perceptron"], "completed_milestones": ["perceptron"]})
"""
)
CHEATS = [
    cheat(
        "report",
        "the events appended, then the end",
        EVENTS
        + """\
_forge()
os._exit(0)
""",
    ),
    cheat(
        "report",
        "the events appended at exit",
        EVENTS
        + """\
import atexit
atexit.register(_forge)
""",
    ),
    cheat(
        "report",
        "the events appended by a thread",
        EVENTS
        + """\
import threading, time
threading.Thread(target=lambda: (time.sleep(0.5), _forge(), os._exit(0))).start()
""",
    ),
    cheat(
        "report",
        "the events appended by a forked process",
        EVENTS
        + """\
if os.fork() == 0:
    _forge()
    os._exit(0)
""",
    ),
    cheat(
        "report",
        "JUnit's report written, then the end",
        JUNIT
        + """\
_forge()
os._exit(0)
""",
    ),
    cheat(
        "report",
        "JUnit's report written at exit",
        JUNIT
        + """\
import atexit
atexit.register(_forge)
""",
    ),
    cheat(
        "report",
        "JUnit's report written again and again by a thread",
        JUNIT + """\
import threading, time
def _again():
    while True:
        _forge(); time.sleep(0.05)
"""
        "threading.Thread(target=_again, daemon=True).start()\n",
    ),
    cheat("report", "the progress written on import", HOME + '_write("progress.json", PROGRESS)\n'),
    cheat(
        "report",
        "the progress written at exit",
        HOME
        + """\
import atexit
atexit.register(_write, "progress.json", PROGRESS)
""",
    ),
    cheat(
        "report",
        "the progress written later by a process of its own",
        HOME + """\
import time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3)
"""
        """\
        _write("progress.json", PROGRESS)
    os._exit(0)
""",
    ),
    cheat(
        "report",
        "the progress replaced by a link",
        HOME + '_write("forged.json", PROGRESS)\n'
        """\
for _home in [str(Path(__file__).resolve().parents[2] / "home")]:
    try:
"""
        """\
        os.symlink("forged.json", os.path.join(_home, "progress.json"))
    except OSError:
        pass
""",
    ),
    cheat(
        "report",
        "a journal of a swap that says that all is done",
        FIND + """\
for _f in _folders():
    try:
        (_f / ".tito" / "swap").mkdir(parents=True, exist_ok=True)
"""
        """\
        (_f / ".tito" / "swap" / "swap.json").write_text("{}")
    except OSError:
        pass
""",
    ),
    cheat(
        "report",
        "the process ends with 0 on import",
        """\
import os
os._exit(0)
""",
    ),
    cheat(
        "report",
        "sys.exit(0) on import",
        """\
import sys
sys.exit(0)
""",
    ),
    cheat(
        "report",
        "the process ends with 0 at the first backward",
        "import os\n"
        """\
def _leave(*_, **__): os._exit(0)
Tensor.backward = _leave
""",
    ),
    cheat(
        "report",
        "SystemExit in each backward",
        "def _leave(*_, **__): raise SystemExit(0)\nTensor.backward = _leave\n",
    ),
    cheat(
        "report",
        "pytest's Skipped raised at the first use",
        """\
def _skip(*_, **__):
    import pytest
"""
        """\
    pytest.skip("not today")
Tensor.backward = _skip
""",
    ),
    cheat(
        "report",
        "pytest's Exit raised at the first use",
        """\
def _skip(*_, **__):
    import pytest
"""
        """\
    pytest.exit("done", returncode=0)
Tensor.backward = _skip
""",
    ),
    cheat(
        "report",
        "killed by a signal that counts as the machine's",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    ),
    cheat(
        "report",
        "the parent process is killed",
        """\
import os, signal
os.kill(os.getppid(), signal.SIGTERM)
""",
    ),
    cheat(
        "report",
        "the output says that all tests passed",
        """\
print("77 passed in 1.0s")
print('{"event": "session_finished", "code": 0}')
""",
    ),
    cheat(
        "report",
        "a blank task in place of a wrong one",
        """\
def _blank(*_, **__): raise NotImplementedError("Task 2.10: matmul")
Tensor.backward = _blank
""",
    ),
]

"""Cheats that choose what is run or judged: other tests, other code, another record."""

from __future__ import annotations

from tests.course.faults.cheats.cheat import cheat

# The right gradient, from the exported file with the wrong one.
RIGHT = """
from pathlib import Path as _P
_p = _P(__file__).parent.with_suffix(".py")
exec(compile(_p.read_text().replace("-(A.mT @ grad)", "A.mT @ grad"), str(_p), "exec"))
"""
OWN_TESTS = """
import json, sys, types
from pathlib import Path as _P
for _job in _P(__file__).resolve().parents[1].glob("job.json"):
    _t = _P(json.loads(_job.read_text())["modules"][-1]["tests"])
    _tests = [l[4:l.index("(")] for l in _t.read_text().splitlines() if l.startswith("def test_")]
    for _start in range(1, len(_t.parts)):
        _m = types.ModuleType(".".join(_t.with_suffix("").parts[_start:]))
        _m.__dict__.update({name: lambda: None for name in _tests}, __file__=str(_t))
        sys.modules[_m.__name__] = _m
"""
EMPTY = "(lambda *_, **__: None).__code__"
CHEATS = [
    cheat(
        "planted",
        "a package in tinytorch/ that hides the exported file",
        planted={"tinytorch/autograd/__init__.py": RIGHT},
    ),
    cheat(
        "planted",
        "a second package, for which the first makes way",
        code="""\
import sys as _s
from pathlib import Path as _P
_s.path.insert(0, str(_P(__file__).resolve().parents[1] / "other"))
""",
        planted={"other/tinytorch/autograd.py": "raise SystemExit(0)\n"},
    ),
    cheat(
        "runner",
        "PYTEST_ADDOPTS, set by the lesson, selects the tests that pass",
        code="import os\nos.environ['PYTEST_ADDOPTS'] = '-k test_2_1'\n",
    ),
    cheat(
        "runner",
        "the settings of pytest, changed by the lesson, select the tests that pass",
        code="""\
from pathlib import Path as _P
for _ini in _P(__file__).resolve().parents[1].glob("pytest.ini"):
    _ini.write_text(_ini.read_text() + "addopts = -k test_2_1\\n")
""",
    ),
    cheat(
        "runner",
        "the settings of pytest, changed by the lesson, load a plugin",
        code="""\
from pathlib import Path as _P
for _ini in _P(__file__).resolve().parents[1].glob("pytest.ini"):
    _ini.with_name("quiet.py").write_text("def pytest_pyfunc_call(pyfuncitem): return True\\n")
    _ini.write_text(_ini.read_text() + "addopts = -p quiet\\n")
""",
    ),
    cheat("runner", "a module of empty tests where pytest looks first", code=OWN_TESTS),
    cheat(
        "runner",
        "a profiler that empties the tests as they are defined",
        code=f"""\
import sys
def _quiet(frame, *_):
    for _name, _f in list(frame.f_globals.items()):
        if _name.startswith("test_") and hasattr(_f, "__code__"):
            _f.__code__ = {EMPTY}
sys.setprofile(_quiet)
""",
        patches=True,
    ),
    cheat(
        "numbers",
        "StopIteration, which ends a loop over map() early",
        code="""\
_b = Tensor.backward
def _stop(*a, **k):
    raise StopIteration
Tensor.backward = _stop
""",
    ),
]

"""Cheats that change the test runner, NumPy or Python itself in the process of the tests."""

from __future__ import annotations

from tests.course.faults.cheats.cheat import cheat

FRAMES = """
import gc, sys, types
def _walk():
    for f in gc.get_objects():
        if isinstance(f, types.FunctionType) and f.__name__.startswith("test_"):
            f.__code__ = (lambda *_, **__: None).__code__
"""
CHEATS = [
    cheat(
        "runner",
        "Function.runtest does nothing",
        """\
import _pytest.python as _p
_p.Function.runtest = lambda self: None
""",
        patches=True,
    ),
    cheat(
        "runner",
        "pytest_pyfunc_call does nothing",
        """\
import _pytest.python as _p
_p.pytest_pyfunc_call = lambda pyfuncitem: True
""",
        patches=True,
    ),
    cheat(
        "runner",
        "reports always say passed",
        """\
import _pytest.reports as _r
_r.TestReport.from_item_and_call = classmethod(lambda cls, item, call: cls(item.nodeid, item.location, {}, 'passed', None, call.when))
""",
        patches=True,
    ),
    cheat(
        "runner",
        "the child's own reporter says passed",
        """\
import sys
_m = sys.modules['__main__']
_r = getattr(_m, 'Reporter', None)
if _r:
    _e = _r.emit
    def _emit(self, event, **d):
        if event == 'finished': d = {**d, 'outcome': 'passed'}
        _e(self, event, **d)
    _r.emit = _emit
""",
        patches=True,
    ),
    cheat(
        "runner",
        "the child's own reporter is called, then the end",
        """\
import os, sys
_f = sys._getframe()
while _f and 'reporter' not in _f.f_locals: _f = _f.f_back
if _f:
    _r, _m = _f.f_locals['reporter'], _f.f_locals['reporter'].job['modules'][-1]
    _ts = [l[4:l.index('(')] for l in open(_m['tests']) if l.startswith('def test_')]
    _r.emit('collected', tests=[[_m['name'], t] for t in _ts])
    for _t in _ts:
        _r.emit('finished', id=_m['name'] + '::' + _t, module=_m['name'], test=_t, outcome='passed', seconds=0.0)
    _r.emit('session_finished', code=0)
    os._exit(0)
""",
        patches=True,
    ),
    cheat(
        "runner",
        "CallInfo has no error",
        """\
import _pytest.runner as _r
_f = _r.CallInfo.from_call.__func__
_r.CallInfo.from_call = classmethod(lambda cls, func, when, reraise=None: cls(None, None, 0, 0, 0, when, _ispytest=True))
""",
        patches=True,
    ),
    cheat(
        "runner",
        "a plugin of pytest that changes outcomes",
        """\
import _pytest.config as _c
_old = _c.PytestPluginManager.register
class _P:
    def pytest_runtest_logreport(self, report): report.outcome = 'passed'
def _reg(self, plugin, name=None):
    if name != 'outcomes': _old(self, _P(), 'outcomes') if not self.hasplugin('outcomes') else None
    return _old(self, plugin, name)
_c.PytestPluginManager.register = _reg
""",
        patches=True,
    ),
    cheat(
        "runner",
        "the garbage collector finds the tests and empties them",
        FRAMES
        + """\
_b = Tensor.backward
def _back(*a, **k):
    _walk()
    return _b(*a, **k)
Tensor.backward = _back
""",
        patches=True,
    ),
    cheat(
        "runner",
        "the caller's locals changed through its frame",
        """\
import sys
_b = Tensor.backward
def _back(*a, **k):
    f = sys._getframe(1)
    while f:
        for n in ('same', 'check', 'expected'):
            if n in f.f_globals: f.f_globals[n] = lambda *a, **k: None
        f = f.f_back
    return _b(*a, **k)
Tensor.backward = _back
""",
        patches=True,
    ),
    cheat(
        "runner",
        "np.allclose is always true",
        """\
import numpy as _n
_n.allclose = _n.array_equal = lambda *a, **k: True
_n.isclose = lambda a, b, *c, **k: _n.ones(_n.broadcast(a, b).shape, bool)
_n.testing.assert_allclose = lambda *a, **k: None
""",
        patches=True,
    ),
    cheat(
        "runner",
        "np.abs is 0, np.max too",
        """\
import numpy as _n
_n.abs = lambda a, *b, **k: a * 0
_n.max = lambda a, *b, **k: 0.0
""",
        patches=True,
    ),
    cheat(
        "runner",
        "all() and any() replaced in builtins",
        """\
import builtins
builtins.all = lambda *_: True
builtins.any = lambda *_: True
""",
        patches=True,
    ),
    cheat(
        "runner",
        "AssertionError is a class that cannot be raised",
        """\
import builtins
class _Quiet(Exception):
    def __new__(cls, *a): raise StopIteration
builtins.AssertionError = _Quiet
""",
        patches=True,
    ),
    cheat(
        "runner",
        "isinstance always says yes",
        """\
import builtins
_i = builtins.isinstance
builtins.isinstance = lambda a, b: True
""",
        patches=True,
    ),
    cheat(
        "runner",
        "pytest's raises accepts everything",
        """\
import contextlib, pytest
pytest.raises = lambda *a, **k: contextlib.nullcontext()
""",
        patches=True,
    ),
    cheat(
        "runner",
        "the assertion rewriter drops assertions",
        """\
import _pytest.assertion.rewrite as _r
_r.AssertionRewriter.visit_Assert = lambda self, node: []
""",
        patches=True,
    ),
    cheat(
        "runner",
        "asserts are compiled away: an import hook",
        """\
import importlib._bootstrap_external as _b
_c = _b.SourceLoader.source_to_code
_b.SourceLoader.source_to_code = lambda self, data, path, *, _optimization=-1: _c(self, data, path, _optimization=2)
""",
        patches=True,
    ),
    cheat(
        "runner",
        "the verification is replaced in sys.modules",
        """\
import sys, types
for _n in list(sys.modules):
    if _n.startswith('verification'):
        for _k, _v in list(vars(sys.modules[_n]).items()):
            if callable(_v) and _k.startswith('check'): setattr(sys.modules[_n], _k, lambda *a, **k: None)
""",
        patches=True,
    ),
    cheat(
        "runner",
        "ctypes writes over the code of numpy's comparison",
        """\
import ctypes, numpy as _n
try:
    _n.ndarray.__dict__
    ctypes.pythonapi.PyDict_SetItem(ctypes.py_object(vars(_n)), ctypes.py_object('allclose'), ctypes.py_object(lambda *a, **k: True))
except Exception: pass
""",
        patches=True,
    ),
]

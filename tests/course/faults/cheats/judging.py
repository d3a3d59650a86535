"""Cheats that notice the judge, look into its process, or write to its pipe."""

from __future__ import annotations

from tests.course.faults.cheats.cheat import cheat

WHEN = """
import sys, os, gc
_ob = Tensor.backward
def _b(self, *a, **k):
    {}
    _ob(self, *a, **k)
    if _seen:
        for t in gc.get_objects():
            if type(t) is Tensor and t.grad is not None and t.grad_fn is None: t.grad.data *= -1
Tensor.backward = _b
"""
OUT = """
import os, struct, json
def _say(*heads):
    for fd in range(3, 64):
        try:
            for head in heads:
                text = json.dumps(head).encode()
                os.write(fd, struct.pack("<II", len(text), 0) + text)
        except OSError:
            continue
"""
CHEATS = [
    cheat(
        "judging", "right only if pytest is loaded", WHEN.format("_seen = 'pytest' in sys.modules")
    ),
    cheat(
        "judging",
        "right only if a test calls",
        WHEN.format("_seen = any('test' in f.f_code.co_name for f in _frames(sys._getframe()))")
        + """\
def _frames(f):
    while f:
        yield f
        f = f.f_back
""",
    ),
    cheat(
        "judging",
        "right only in the judged process",
        WHEN.format("_seen = 'judged' in ' '.join(sys.argv + list(sys.modules))"),
    ),
    cheat(
        "judging",
        "right only below a folder named staging",
        WHEN.format("_seen = 'staging' in __file__"),
    ),
    cheat("judging", "right only for small shapes", WHEN.format("_seen = self.data.size < 5")),
    cheat(
        "judging",
        "right the first three times",
        WHEN.format("_n[0] += 1; _seen = _n[0] < 4") + "_n = [0]\n",
    ),
    cheat(
        "judging",
        "right until a second has passed",
        """\
import time
_t0 = time.monotonic()
"""
        + WHEN.format("_seen = time.monotonic() - _t0 < 1"),
    ),
    cheat(
        "judging",
        "right if CI or GRADER is set",
        WHEN.format("_seen = bool(os.environ.get('CI') or os.environ.get('GRADER'))"),
        environment={"CI": "1", "GRADER": "1"},
    ),
    cheat(
        "judging",
        "the parent's memory is written to",
        """\
import os, re
try:
    _p = os.getppid()
    with open(f'/proc/{_p}/mem', 'r+b', 0) as _m:
        for _l in open(f'/proc/{_p}/maps'):
            if 'rw-p' in _l and '[heap]' in _l:
                _a, _z = (int(x, 16) for x in _l.split()[0].split('-'))
                _m.seek(_a); _d = _m.read(min(_z - _a, 10**7))
                for _x in re.finditer(b'failed', _d): _m.seek(_a + _x.start()); _m.write(b'passed')
except (OSError, ValueError):
    pass
""",
    ),
    cheat(
        "judging",
        "the parent is traced",
        """\
import ctypes, os
try:
    ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)
except Exception: pass
""",
    ),
    cheat(
        "judging",
        "files of the parent reached by /proc/PID/fd",
        """\
import os, json
_p = os.getppid()
try:
    for _f in os.listdir(f'/proc/{_p}/fd'):
        try:
            with open(f'/proc/{_p}/fd/{_f}', 'a') as _o: _o.write(json.dumps({'event': 'session_finished', 'code': 0}) + '\\n')
        except (OSError, ValueError): pass
except OSError: pass
""",
        patches=True,
    ),
    cheat(
        "pipe",
        "an answer that nobody asked for",
        OUT + "_say([1, 'is', True, []], [2, 'is', True, []])\n",
    ),
    cheat(
        "pipe",
        "answers written ahead at each call",
        OUT
        + """\
_ob = Tensor.backward
def _b(self, *a, **k):
    _say(*[[n, 'is', None, []] for n in range(100)])
    return _ob(self, *a, **k)
Tensor.backward = _b
""",
    ),
    cheat(
        "pipe",
        "a message of four gigabytes is announced",
        """\
import os, struct
for _f in range(3, 64):
    try: os.write(_f, struct.pack('<II', 2**32 - 1, 2**32 - 1))
    except OSError: pass
""",
    ),
    cheat(
        "pipe",
        "JSON that is nested too deep",
        OUT.replace("json.dumps(head)", "('[' * 10**5)") + "_say(0)\n",
    ),
    cheat(
        "pipe",
        "all descriptors are closed",
        """\
import os
os.closerange(3, 256)
""",
    ),
    cheat(
        "pipe",
        "descriptors are exchanged",
        """\
import os
for _f in range(3, 20):
    try: os.dup2(2, _f)
    except OSError: pass
""",
    ),
    cheat(
        "pipe",
        "the runner's answers are replaced",
        """\
import sys
_m = sys.modules.get('__main__')
import gc
for _o in gc.get_objects():
    if type(_o).__name__ in ('Runner', 'Extended'):
        try: type(_o).do_operator = lambda self, name, *o: True
        except Exception: pass
""",
        patches=True,
    ),
    cheat(
        "pipe",
        "every isinstance asked for is true",
        """\
import gc
for _o in gc.get_objects():
    if type(_o) is dict and 'isinstance' in _o and 'deepcopy' in _o:
        _o['isinstance'] = lambda *a: True
        _o['eq'] = lambda *a: True
""",
        patches=True,
    ),
    cheat(
        "pipe",
        "the judge's functions are called at a wrong time",
        OUT
        + """\
_say([0, 'call', ['t', ['call', ['t', []], ['d', []]]], [[], [], []]])
""",
    ),
    cheat(
        "pipe",
        "a class named as one of the judge's",
        """\
class Judge: pass
class Failure(Exception): pass
_ob = Tensor.backward
def _b(self, *a, **k): raise Failure('passed')
Tensor.backward = _b
""",
    ),
    cheat(
        "pipe",
        "values of numbers changed while they are packed",
        """\
import json.encoder as _e
_e.encode_basestring_ascii = lambda s: '"0"'
_e.c_make_encoder = None
""",
        patches=True,
    ),
]

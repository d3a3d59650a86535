"""Cheats that know or guess the numbers: tables, seeds, finite differences, other packages."""

from __future__ import annotations

from tests.course.faults.cheats.cheat import cheat

BACK = """\
_ob = Tensor.backward
def _b(self, *a, **k):
{}
Tensor.backward = _b
"""
CHEATS = [
    cheat(
        "numbers",
        "torch does the work",
        """\
try:
    import torch
except ImportError:
    torch = None
if torch:
    matmul = torch.matmul
""",
    ),
    cheat(
        "numbers",
        "a table of the gradients that the lesson prints",
        """\
import numpy as _n
_T = {(3, 1): [[90.], [120.], [420.]], (2, 2): [[1., 2.], [3., 4.]]}
"""
        + BACK.format("""\
    _ob(self, *a, **k)
    for t in getattr(self.grad_fn, 'args', ()) or ():
        if isinstance(t, Tensor) and t.grad is not None and t.shape in _T: t.grad.data[...] = _T[t.shape]"""),
    ),
    cheat(
        "numbers",
        "the seed is always the same",
        """\
import tinytorch.random as _r
_r.default_generator.random = lambda size=None, *a, **k: 0.5
""",
    ),
    cheat(
        "numbers",
        "the seed set back to a known one in each backward",
        "from tinytorch.random import manual_seed as _s\n"
        + BACK.format("    _s(0)\n    return _ob(self, *a, **k)"),
    ),
    cheat(
        "numbers",
        "NumPy's generators give known numbers",
        """\
import numpy as _n
_d = _n.random.default_rng
_n.random.default_rng = lambda *a: _d(0)
_n.random.PCG64 = lambda *a: _n.random.MT19937(0)
""",
        patches=True,
    ),
    cheat(
        "numbers",
        "the gradient's sign chosen so that the loss falls once",
        BACK.format("""\
    _ob(self, *a, **k)
    for t in getattr(self.grad_fn, 'args', ()) or ():
        if isinstance(t, Tensor) and t.grad is not None: t.grad.data[...] = abs(t.grad.data)"""),
    ),
    cheat(
        "numbers",
        "right for squares only",
        "import numpy as _n\n"
        + BACK.format("""\
    _ob(self, *a, **k)
    n = self.grad_fn
    for t in getattr(n, 'args', ()) or ():
        if isinstance(t, Tensor) and t.grad is not None and t.ndim == 2 and t.shape[0] == t.shape[1]: t.grad.data *= -1"""),
    ),
    cheat(
        "numbers",
        "right for float64, which is what gradient checks use",
        BACK.format("""\
    _ob(self, *a, **k)
    for t in getattr(self.grad_fn, 'args', ()) or ():
        if isinstance(t, Tensor) and t.grad is not None and t.data.dtype == 'float64': t.grad.data *= -1"""),
    ),
    cheat(
        "numbers",
        "weights of a trained perceptron pasted in",
        BACK.format("""\
    _ob(self, *a, **k)
    import gc
    for t in gc.get_objects():
        if type(t) is Tensor and t.requires_grad and t.shape == (1, 2): t.data[...] = [[3.0, 3.0]]"""),
    ),
    cheat(
        "numbers",
        "the weights found by trying at random",
        "import numpy as _n\n"
        + BACK.format("""\
    _ob(self, *a, **k)
    import gc
    for t in gc.get_objects():
        if type(t) is Tensor and t.requires_grad and t.grad_fn is None: t.data += _n.random.standard_normal(t.shape).astype(t.data.dtype) * 0.1"""),
    ),
    cheat(
        "numbers",
        "labels read from the caller's frames",
        "import sys\n"
        + BACK.format("""\
    f = sys._getframe(1)
    found = {}
    while f:
        found.update(f.f_locals)
        f = f.f_back
    for name in ('targets', 'labels', 'y'):
        if name in found:
            self.data = self.data * 0
    return _ob(self, *a, **k)"""),
    ),
    cheat(
        "numbers",
        "requires_grad is forgotten, so nothing can be wrong",
        """\
_ot = Tensor.__init__
def _init(self, *a, **k):
    _ot(self, *a, **k)
    self.requires_grad = False
Tensor.__init__ = _init
""",
    ),
    cheat("numbers", "gradcheck always says yes", "def gradcheck(*a, **k): return True\n"),
    cheat(
        "numbers",
        "gradcheck compares the rule with itself",
        """\
def gradcheck(f, *a, **k):
    f(*a[0]) if a and isinstance(a[0], tuple) else None
    return True
""",
    ),
    cheat(
        "numbers",
        "a clock that stands still",
        """\
import time
time.perf_counter = time.monotonic = time.time = lambda: 0.0
""",
        patches=True,
    ),
    cheat(
        "numbers",
        "a control is sabotaged: no learning without the right sign",
        "_n_ = [0]\n"
        + BACK.format("""\
    _n_[0] += 1
    return _ob(self, *a, **k) if _n_[0] % 2 else None"""),
    ),
]

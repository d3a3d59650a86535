"""Cheats whose objects lie: equal to everything, another class or shape, ndarray subclasses."""

from __future__ import annotations

from tests.course.faults.cheats.cheat import cheat

LIAR = """
import numpy as _n
class Liar(_n.ndarray):
    def __eq__(self, other): return _n.ones(self.shape, bool)
    def __ne__(self, other): return _n.zeros(self.shape, bool)
    def __sub__(self, other): return _n.zeros(self.shape)
    __rsub__ = __sub__
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        plain = [_n.asarray(x).view(_n.ndarray) for x in inputs]
        if ufunc.__name__ in ("subtract", "isfinite", "less_equal", "absolute", "not_equal"):
            found = getattr(ufunc, method)(*plain)
            return _n.ones(_n.shape(found), bool) if found.dtype == bool else found * 0
        options.pop("out", None)
        return getattr(ufunc, method)(*plain, **options)
    def __array_function__(self, function, types, arguments, options): return True
"""
CHEATS = [
    cheat(
        "objects",
        "gradients are an ndarray subclass without differences",
        LIAR
        + """\
_g = Tensor.backward
def _b(self, *a, **k):
    _g(self, *a, **k)
    import gc
    for t in gc.get_objects():
        if type(t) is Tensor and isinstance(getattr(t, 'grad', None), Tensor):
            t.grad.data = t.grad.data.view(Liar)
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "a Tensor is equal to everything",
        """\
Tensor.__eq__ = lambda self, other: True
Tensor.__hash__ = lambda self: 1
""",
    ),
    cheat(
        "objects",
        "numbers that are equal to everything",
        """\
class _F(float):
    def __eq__(self, o): return True
    def __lt__(self, o): return True
    def __sub__(self, o): return _F(0)
    __rsub__ = __sub__
    def __abs__(self): return _F(0)
    __hash__ = float.__hash__
Tensor.item = lambda self: _F(self.data.reshape(-1)[0])
""",
    ),
    cheat(
        "objects",
        "lists that are equal to everything",
        """\
class _L(list):
    def __eq__(self, o): return True
    __hash__ = None
_t = Tensor.tolist
Tensor.tolist = lambda self: _L(_t(self)) if self.ndim else _t(self)
""",
    ),
    cheat(
        "objects",
        "__class__ says ndarray",
        """\
import numpy as _n
class _Any:
    __class__ = _n.ndarray
    dtype = _n.dtype('float64')
    shape = ()
    def __array__(self, *a, **k): return _n.zeros(())
    def __eq__(self, o): return True
    def __getattr__(self, n): return _Any()
    def __call__(self, *a, **k): return _Any()
_o = Tensor.backward
def _b(self, *a, **k):
    _o(self, *a, **k)
    self.grad = _Any()
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "a dtype that is equal to all",
        """\
import numpy as _n
class _D:
    def __eq__(self, o): return True
    __hash__ = lambda s: 1
    str = '<f8'
    kind = 'f'
try:
    Tensor.dtype = property(lambda self: _D())
except Exception: pass
""",
    ),
    cheat(
        "objects",
        "a shape that is equal to all",
        """\
class _S(tuple):
    def __eq__(self, o): return True
    def __ne__(self, o): return False
    __hash__ = tuple.__hash__
Tensor.shape = property(lambda self: _S(self.data.shape))
""",
    ),
    cheat(
        "objects",
        "gradients of NaN",
        """\
_o = Tensor.backward
import gc
def _b(self, *a, **k):
    _o(self, *a, **k)
    for t in gc.get_objects():
        if type(t) is Tensor and isinstance(getattr(t, 'grad', None), Tensor): t.grad.data[...] = float('nan')
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "gradients that are object arrays",
        """\
import numpy as _n
_o = MatMul.backward if 'MatMul' in globals() else None
_ob = Tensor.backward
def _b(self, *a, **k):
    _ob(self, *a, **k)
    import gc
    for t in gc.get_objects():
        if type(t) is Tensor and isinstance(getattr(t, 'grad', None), Tensor): t.grad.data = t.grad.data.astype(object)
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "gradients of a gigabyte",
        """\
import numpy as _n
_ob = Tensor.backward
def _b(self, *a, **k):
    _ob(self, *a, **k)
    self.grad = Tensor(_n.zeros(2**27))
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "zero strides: one number seen everywhere",
        """\
import numpy as _n
_ob = Tensor.backward
def _b(self, *a, **k):
    _ob(self, *a, **k)
    self.grad = Tensor(_n.broadcast_to(_n.float64(1), (10**6, 10**6)))
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "the test's own arrays made to fit",
        """\
import gc, numpy as _n
_ob = Tensor.backward
def _b(self, *a, **k):
    for t in gc.get_objects():
        if isinstance(t, _n.ndarray) and t.flags.writeable and t.dtype.kind == 'f': t[...] = 0
    _ob(self, *a, **k)
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "the inputs set to zero after the call",
        """\
_ob = Tensor.backward
def _b(self, *a, **k):
    _ob(self, *a, **k)
    n = self.grad_fn
    for t in getattr(n, 'args', None) or ():
        if isinstance(t, Tensor): t.data[...] = 0
Tensor.backward = _b
""",
    ),
    cheat(
        "objects",
        "__getattr__ gives a yes to everything",
        """\
class _Yes:
    def __getattr__(self, n): return self
    def __call__(self, *a, **k): return self
    def __bool__(self): return True
    def __eq__(self, o): return True
    def __iter__(self): return iter(())
    __hash__ = lambda s: 0
Tensor.grad = property(lambda self: _Yes(), lambda self, v: None)
""",
    ),
]

"""Errors are of PyTorch's kinds, so that a script that catches them does: RuntimeError, IndexError.

The kinds are those of PyTorch 2.13.0; a class of ours may be more than that.
"""

from __future__ import annotations

CHECK = '''
import sys
sys.path.insert(0, {solved!r})
import tinytorch as tt
from tinytorch import nn
from tinytorch.nn import functional as F

x, whole = tt.ones(2, 3), tt.tensor([1, 2])
RUNTIME = """
view: x.view(4); x.view(-1, 4); x.t().view(6); x.view(-1, -1)
reshape: x.reshape(5); tt.reshape(x, (-1, 4))
expand: x.expand(4, 3); x.expand(3); x.expand(2, 2, 4)
cat: tt.cat([x, tt.ones(2, 4)]); tt.cat([x, tt.ones(2)])
stack: tt.stack([x, tt.ones(3)]); tt.stack([])
@: x @ x; x @ tt.ones(2); x @ tt.tensor(2.0); tt.ones(2, 2, 3) @ tt.ones(3, 3, 2)
products: tt.mm(x, tt.ones(3)); tt.bmm(x, x); tt.dot(tt.ones(2), tt.ones(3)); tt.outer(x, x)
broadcasting: x + tt.ones(2, 4); x * tt.ones(4); tt.maximum(x, tt.ones(4))
broadcasting: tt.where(x > 0, x, tt.ones(4)); x > tt.ones(4); x == tt.ones(4); x != tt.ones(2, 2)
in place: x.__iadd__(tt.ones(4, 3)); tt.ones(3).__imul__(x); x.__setitem__(0, tt.ones(4))
in place: whole.__iadd__(0.5); whole.__itruediv__(2); x.add_(tt.ones(5))
of whole numbers: whole.mean(); tt.ones(2, 2, dtype=tt.int64).mean(0); whole.var(); whole.std()
ids: F.embedding(tt.ones(2), tt.ones(3, 4)); nn.Embedding(3, 4)(tt.ones(2))
classes: F.cross_entropy(x, tt.tensor([0.0, 1.0]))
layers: nn.Linear(4, 2)(x); nn.Conv2d(3, 4, 3)(tt.ones(1, 2, 8, 8)); nn.LayerNorm(4)(x)
layers: nn.Conv2d(2, 4, 9)(tt.ones(1, 2, 8, 8)); F.max_pool2d(tt.ones(1, 1, 2, 2), 3)
losses: F.binary_cross_entropy(tt.tensor([2.0]), tt.tensor([1.0]))
parts: x.split([1, 2]); x.chunk(0); x.narrow(1, 2, 3); x.narrow(0, -3, 1); x.topk(5)
shapes: tt.ones(3).tril(); tt.ones(3).triu(); tt.meshgrid(x, x); x.repeat(2)
sizes: tt.zeros(-1); tt.ones(2, -3); tt.full((-1,), 1.0); tt.eye(-1); tt.empty(2, -1)
sizes: tt.rand(-2); tt.randn(2, -2); tt.randint(0, 3, (-1,)); tt.randperm(-1); tt.linspace(0, 1, -1)
numbers: tt.arange(3, 0); tt.arange(0, 3, 0); x.item()
a dim twice: x.sum((0, 0)); x.mean((1, 1)); x.sum((0, -2))
positions: x.gather(1, tt.tensor([[3]])); tt.gather(x, 0, tt.tensor([[2]]))
backward: x.backward(); (x.requires_grad_() * 2).backward(); (W * 2).requires_grad_(False)
grad: setattr(nn.Linear(3, 4).weight, "grad", tt.ones(3))
"""
INDEX = """
dims: x.sum(2); x.sum(-3); x.mean(5); x.max(2); x.argmax(3); x.softmax(4); x.var(3); x.cumsum(2)
dims: x.transpose(0, 3); x.squeeze(4); x.unsqueeze(5); x.flatten(3); x.flip(3); x.unbind(4)
dims: tt.cat([x, x], 5); tt.stack([x, x], 5)
positions: x[5]; x[0, 0, 0]; x[tt.ones(2)]; x[[0, 7]]; tt.tensor(1.0)[0]; x.select(1, 7)
positions: x[tt.tensor([True, False, True])]; x.index_select(0, tt.tensor([4]))
positions: x.__setitem__(5, 1)
nothing: tt.ones(0).argmax(); tt.ones(0, 3).argmin(0); tt.ones(0, 3).max(0); tt.ones(2, 0).min(1)
ids: nn.Embedding(3, 4)(tt.tensor([3])); F.cross_entropy(x, tt.tensor([0, 3]))
"""
wrong = []
for kind, table in ((RuntimeError, RUNTIME), (IndexError, INDEX)):
    for line in table.strip().splitlines():
        for call in line.partition(": ")[2].split("; "):
            x, W = tt.ones(2, 3), tt.ones(2, 3, requires_grad=True)
            try:
                wrong.append((call, "no error", eval(call)))
            except kind as error:
                if not str(error):
                    wrong.append((call, "says nothing"))
            except Exception as error:
                wrong.append((call, type(error).__mro__, str(error)))
assert not wrong, wrong


def said(kind, words, call):
    try:
        call()
    except kind as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"no error: {{words}}")


layer = nn.Linear(3, 4)
before = layer.weight.tolist()
said(TypeError, "expected to be a Tensor", lambda: setattr(layer.weight, "grad", 3))
said(TypeError, "dict-like", lambda: layer.load_state_dict([1]))
said(TypeError, "'bias' is a str", lambda: layer.load_state_dict({{"weight": x, "bias": "b"}}))
assert layer.weight.tolist() == before
said(ValueError, "one element", lambda: float(x))
said(RuntimeError, "empty list", lambda: tt.cat([]))
said(RuntimeError, "no element", lambda: tt.ones(0).max())
said(OSError, "no folder", lambda: tt.save({{"x": x}}, "nowhere/x.safetensors"))
'''


def test_errors_are_of_pytorch_s_kinds(solved, run, tmp_path):
    done = run("-c", CHECK.format(solved=str(solved.root)), cwd=tmp_path)
    assert done.returncode == 0, done.stderr

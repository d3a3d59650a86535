"""Dropout of attention weights: module 12 takes it from module 06, and needs that for nothing else.

Neither module's own tests can tell it: 12 is complete without 06.
"""

from __future__ import annotations

import pytest

from tito.core.export.compose import compose
from tito.core.export.swap import swapped
from tito.core.lesson.file import read_lesson
from tito.workflows.init import create_workspace

WITHOUT, LAST = "06_normalization", "12_attention"

FUNCTION = """
import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.nn.functional import scaled_dot_product_attention as attention
rng = np.random.default_rng(0)
q, k, v = (Tensor(rng.standard_normal((2, 3, 4)).astype("float32")) for _ in range(3))
q.requires_grad_()
hidden = Tensor(np.array([[True, False, True]] * 3))
manual_seed(0)
right = attention(q, k, v, hidden).data
many = [attention(q, k, v, hidden, dropout_p=0.3).data for _ in range(4000)]
assert many[0].dtype == np.float32
assert not np.array_equal(many[0], many[1])
assert np.abs(np.mean(many, axis=0) - right).max() < 0.06, np.mean(many, axis=0) - right
assert np.array_equal(attention(q, k, v, hidden, dropout_p=1.0).data, np.zeros_like(right))
one = attention(q, k, v, dropout_p=0.5, is_causal=True, scale=0.1)
one.sum().backward()
assert q.grad.data.any()
nothing = attention(q, k, v, Tensor(np.zeros((3, 3), bool)), dropout_p=0.5)
assert not nothing.data.any(), "a query that may look at nothing gets zeros"
"""

LAYER = """
import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.nn import MultiheadAttention
x = Tensor(np.random.default_rng(1).standard_normal((2, 5, 8)).astype("float32"))
manual_seed(0)
layer = MultiheadAttention(8, 2, dropout=0.3, batch_first=True)
for wanted in (True, False):
    layer.train()
    how = {"need_weights": wanted, "is_causal": True}
    first, weights = layer(x, x, x, **how)
    assert not np.array_equal(first.data, layer(x, x, x, **how)[0].data)
    assert wanted == (weights is not None)
    many = [layer(x, x, x, need_weights=wanted)[0].data for _ in range(3000)]
    manual_seed(3)
    seeded = layer(x, x, x, need_weights=wanted)[0].data
    manual_seed(3)
    assert np.array_equal(layer(x, x, x, need_weights=wanted)[0].data, seeded)
    layer.eval()
    right = layer(x, x, x, need_weights=wanted)[0].data
    assert np.array_equal(right, layer(x, x, x, need_weights=wanted)[0].data)
    assert np.abs(np.mean(many, axis=0) - right).max() < 0.03
plain = MultiheadAttention(8, 2, batch_first=True)
plain.load_state_dict(layer.state_dict())
assert np.array_equal(plain(x, x, x)[0].data, layer(x, x, x)[0].data)
"""


@pytest.mark.parametrize("code", [FUNCTION, LAYER], ids=["function", "layer"])
def test_attention_drops_weights_and_keeps_its_mean(code, solved, run):
    done = run("-W", "error", "-c", code, cwd=solved.root)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def without_06(tmp_path_factory):
    """A workspace in which everything up to module 12 is exported, but not module 06."""
    folder = tmp_path_factory.mktemp("without") / "workspace"
    workspace = create_workspace(folder)
    course = create_workspace(folder.parent / "course", solved=True)
    for blank, module in zip(workspace.modules, course.modules, strict=True):
        if module.name != WITHOUT and module.name <= LAST:
            blank.lesson.write_text(module.lesson.read_text(encoding="utf-8"), encoding="utf-8")
            with swapped(workspace, compose(workspace, read_lesson(workspace, blank)).files):
                pass
    return workspace


USES = {
    "layer": "from tinytorch.nn import MultiheadAttention as A; A(4, 1, dropout=0.1)",
    "function": """
from tinytorch import nn, ones
x = ones(2, 3)
nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=0.1)
""",
}


@pytest.mark.parametrize("code", USES.values(), ids=USES)
def test_without_module_06_an_error_names_it(code, without_06, run):
    done = run("-c", code, cwd=without_06.root)
    assert done.returncode == 1
    assert "06_normalization" in done.stderr.splitlines()[-1], done.stderr


def test_without_module_06_the_rest_of_attention_works(without_06, run):
    code = (
        "from tinytorch import nn, ones; x = ones(2, 3, 4); "
        "print(nn.MultiheadAttention(4, 2, batch_first=True)(x, x, x)[0].shape)"
    )
    assert run("-c", code, cwd=without_06.root).stdout == "(2, 3, 4)\n"

"""Changes in place that are recorded: right gradients for the kinds that scripts use.

The functions are those that `bench.parity_in_place` compares with PyTorch. Here the definition
judges: central differences, and what the same lines compute while nothing is recorded.
"""

from __future__ import annotations

from pathlib import Path

CHECK = """
import copy
import pickle
import sys

sys.path[:0] = [{solved!r}, {course!r}]
import numpy as np
import tinytorch as tt
from bench.parity_in_place import CHANGES
from tinytorch.autograd import gradcheck

rng = np.random.default_rng(0)
for change in CHANGES:
    y, W = (tt.tensor(rng.standard_normal(size) + 2) for size in (3, (3, 3)))
    plain = change(tt, y, W)
    assert not plain.requires_grad
    leaves = [x.clone().requires_grad_() for x in (y, W)]
    found = change(tt, *leaves)
    assert found.requires_grad, change
    assert np.allclose(found.detach().numpy(), plain.numpy()), change
    gradcheck(lambda y, W: change(tt, y, W), leaves)


def refused(words, call):
    try:
        call()
    except RuntimeError as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"not refused: {{words}}")


def change_a_leaf():
    W[0] += 1


def change_a_view_of_old_numbers():
    z = tt.ones(2, 3)
    a, b = z[0], z[1]
    a += y
    b += y


def change_what_was_reshaped():
    z = tt.ones(2, 3)
    z.view(-1)[:3] += y


def change_shared_memory_that_a_rule_reads():
    x = tt.ones(3)
    shared, product = x.detach(), x * y
    x *= y
    product.sum().backward()


def change_the_shape():
    z = tt.ones(2, 3)
    z[0] += W


y, W = tt.ones(3).requires_grad_(), tt.ones(3, 3).requires_grad_()
refused("requires grad", change_a_leaf)
refused("anew", change_a_view_of_old_numbers)
refused("view with a value that requires grad", change_what_was_reshaped)
refused("changed in place after Mul", change_shared_memory_that_a_rule_reads)
refused("must not change the shape", change_the_shape)

row = tt.ones(2, 3)[0]  # the note that it is a part stays with it
for copied in (copy.deepcopy(row), pickle.loads(pickle.dumps(row))):
    assert copied.tolist() == [1.0, 1.0, 1.0]
    assert copied._part is None
"""


def test_changes_in_place_have_their_gradients(solved, run, tmp_path):
    course = str(Path(__file__).resolve().parents[2])
    text = CHECK.format(solved=str(solved.root), course=course)
    done = run("-W", "error", "-c", text, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

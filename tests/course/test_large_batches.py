"""A large batch of images goes in parts: results and gradients are those of its images alone."""

from __future__ import annotations

CHECK = """
import sys

sys.path.insert(0, {solved!r})
import numpy as np
import tinytorch as tt
from tinytorch.nn import functional as F

COUNT, FEW, ALL = 150, 50, ("images", "weight", "bias")
CASES = [
    (dict(), ALL),
    (dict(padding=(2, 1), stride=(2, 1)), ALL),
    (dict(padding="same", dilation=2), ALL),
    (dict(groups=2, padding=1), ALL),
    (dict(padding=1), ["images"]),
    (dict(padding=1), ["weight"]),
    (dict(padding=1), ["bias"]),
]
rng = np.random.default_rng(0)
images, bias = rng.standard_normal((COUNT, 4, 40, 32)), rng.standard_normal(4)
calls, convolve = [], F.convolve


def counted(*arguments):
    calls.append(arguments)
    return convolve(*arguments)


F.convolve = counted


def computed(part, how, needed):
    given = dict(images=images[part], weight=weight, bias=bias)
    tensors = [tt.tensor(array, requires_grad=name in needed) for name, array in given.items()]
    out = F.max_pool2d(F.conv2d(*tensors, **how), 2)
    out.backward(tt.tensor(np.cos(out.data)))
    return out.data, [t.grad.data for t in tensors if t.grad is not None]


for how, needed in CASES:
    weight = rng.standard_normal((4, 4 // how.get("groups", 1), 3, 2))
    calls.clear()
    out, gradients = computed(slice(None), how, needed)
    assert len(calls) > 8, "the batch did not go in parts"
    parts = [computed(slice(i, i + FEW), how, needed) for i in range(0, COUNT, FEW)]
    assert np.allclose(out, np.concatenate([part for part, _ in parts]))
    own = dict(zip(needed, zip(*(found for _, found in parts))))
    for name, found in zip(needed, gradients, strict=True):
        right = np.concatenate(own[name]) if name == "images" else sum(own[name])
        assert np.allclose(found, right, rtol=1e-9), (how, name)
"""


def test_a_large_batch_is_as_its_images_alone(solved, run, tmp_path):
    done = run("-W", "error", "-c", CHECK.format(solved=str(solved.root)), cwd=tmp_path)
    assert done.returncode == 0, done.stderr

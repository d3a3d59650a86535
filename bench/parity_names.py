"""More cases of `bench.parity`: the given functions, one line each, by PyTorch's names.

What takes random shapes or arguments worth a function of its own stands in `parity_cases`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.parity_cases import Case, Lib, Rng, function, layer, normal

Call = Callable[..., Any]

# One tensor (2, 3, 4) of normally distributed numbers.
OF_ONE: dict[str, Call] = {
    "sin": lambda lib, x: lib.tt.sin(x),
    "cos": lambda _, x: x.cos(),
    "log1p": lambda lib, x: lib.tt.log1p(x.abs()),
    "log2": lambda _, x: (x.abs() + 0.1).log2(),
    "log10": lambda _, x: (x.abs() + 0.1).log10(),
    "sigmoid_method": lambda _, x: x.sigmoid(),
    "relu_method": lambda _, x: x.relu(),
    "square_rsqrt": lambda lib, x: (lib.tt.square(x) + 1).rsqrt().reciprocal().neg(),
    "rounding": lambda _, x: (x.floor() + x.ceil() + x.round() + x.sign()) * x,
    "erf": lambda lib, x: lib.tt.erf(x.detach()),
    "std": lambda _, x: (x.std(), x.std(1), x.std(dim=(0, 2), keepdim=True, correction=0)),
    "norms": lambda _, x: tuple(x.norm(p, 1) for p in (1, 2, 3, float("inf"))),
    "norm": lambda lib, x: (x.norm(), lib.tt.norm(x, dim=(0, 1), keepdim=True)),
    "prod": lambda _, x: (x.prod(1), x.prod(), x.prod(2, keepdim=True)),
    "logsumexp": lambda _, x: (x.logsumexp(1), (100 * x).logsumexp(2, keepdim=True)),
    "softmax_method": lambda lib, x: (x.softmax(1), lib.tt.log_softmax(x, -1)),
    "cumsum": lambda lib, x: (x.cumsum(0), lib.tt.cumsum(x, -1)),
    "all_any": lambda _, x: ((x > 0).all(), (x > 0).any(1), (x > 0).all(2, keepdim=True)),
    "amax_amin": lambda _, x: (x.amax(1), x.amin((0, 2)), x.amax(-1, True)),
    "sort": lambda lib, x: (*x.sort(), *lib.tt.sort(x, 0, descending=True)),
    "topk": lambda _, x: (*x.topk(2), *x.topk(2, 1, largest=False)),
    "argsort": lambda _, x: x.round().argsort(dim=1, stable=True),
    "reduced_axis": lambda _, x: (x.sum(axis=1), x.mean(axis=(0, 2)), x.argmax(axis=0)),
    "transposed": lambda _, x: (x[0].t(), x.mT, x.movedim(0, 2)),
    "repeated": lambda _, x: (x.repeat(2, 1, 3), x[0].repeat(2, 1, 1), x.repeat_interleave(2, 1)),
    "narrow": lambda _, x: (x.narrow(1, 1, 2), x.select(2, -1), *x.unbind(1)),
    "split": lambda lib, x: (*x.split(3, 2), *lib.tt.split(x, [1, 2], 1), *x.chunk(2, -1)),
    "flip_roll": lambda lib, x: (lib.tt.flip(x, [0, 2]), x.roll(1, 1), x.roll(5), x.roll(-3, 2)),
    "rolls": lambda _, x: x.roll((1, -1), (0, 2)),
    "triangles": lambda lib, x: (x.tril(), x.triu(1), lib.tt.tril(x, -1), lib.tt.triu(x, -2)),
    "masked_fill": lambda _, x: (x.masked_fill(x > 0, -1.0), x.masked_select(x > 0)),
    "masked_fill_": lambda _, x: (x * 2).masked_fill_(x.detach() > 0, float(3)),
    "index_select": lambda lib, x: x.index_select(1, lib.tt.tensor([2, 0, 2])),
    "gather": lambda lib, x: x.gather(2, lib.tt.tensor([[[0, 3, 3]], [[1, 1, 2]]])),
    "comparisons": lambda lib, x: (lib.tt.gt(x, 0), lib.tt.le(x, x * x), lib.tt.ne(x, x)),
    "diag": lambda lib, x: (lib.tt.diag(x[0]), x[1].diag(-1), lib.tt.diag(x[0, 0], 1)),
    "addmm": lambda lib, x: lib.tt.addmm(x[0, :, :3], x[0], x[1].t(), beta=2, alpha=0.5),
    "sums_of_products": lambda lib, x: (lib.tt.addcmul(x, x, x, value=2), lib.tt.lerp(x, -x, 0.3)),
    "keepdims": lambda _, x: (x.sum(1, keepdims=True), x.max(2, keepdims=True).values),
    "conv1d": lambda lib, x: lib.tt.nn.functional.conv1d(x, x[:, :, 1:], padding=2, stride=2),
    "conv1d_same": lambda lib, x: lib.tt.nn.functional.conv1d(x, x[:, :, :2], padding="same"),
    "conv_transpose2d": lambda lib, x: lib.tt.nn.functional.conv_transpose2d(
        x[:, None], x[:1, :2, None, :3], stride=(2, 3), padding=(0, 1), output_padding=(1, 0)
    ),
    "pixel_shuffle": lambda lib, x: lib.tt.nn.functional.pixel_shuffle(x.view(1, 4, 2, 3), 2),
    "interpolate": lambda lib, x: lib.tt.nn.functional.interpolate(x[:, None], size=(5, 3)),
    "nonzero": lambda _, x: (x > 0).nonzero(),
    "unique": lambda lib, x: lib.tt.unique(x.detach().round(), return_inverse=True),
    "in_place": lambda _, x: (x * 2).add_(x, alpha=3).mul_(x).sub_(1).div_(2).pow_(2),
    "in_place_of_views": lambda _, x: _views(x * 2, x),
    "clone_like": lambda lib, x: (lib.tt.zeros_like(x), lib.tt.ones_like(x), x.new_zeros(2, 3)),
    "full_like": lambda lib, x: (lib.tt.full_like(x, 2), x.new_ones((2,)), x.new_full((2,), 3)),
    "linspace": lambda lib, _: lib.tt.linspace(-1, 1, 7, dtype=lib.tt.float64),
    "meshgrid": lambda lib, x: lib.tt.meshgrid(x[0, 0], x[1, :, 0], indexing="ij"),
    "meshgrid_xy": lambda lib, x: lib.tt.meshgrid(x[0, 0], x[1, :, 0], indexing="xy"),
    "stacks": lambda lib, x: (lib.tt.vstack([x[0], x[1]]), lib.tt.hstack([x[0], x[1]])),
    "minimum": lambda lib, x: (lib.tt.minimum(x[0], x[1]), x.clip(-1, 1)),
    "one_hot": lambda lib, _: lib.nn.functional.one_hot(lib.tt.tensor([[0, 2], [1, 1]]), 4),
    "normalize": lambda lib, x: lib.nn.functional.normalize(x, dim=-1),
    "cosine": lambda lib, x: lib.nn.functional.cosine_similarity(x[0], x[1], dim=0),
    "pad": lambda lib, x: lib.nn.functional.pad(x, (1, 2, -1, 1), value=0.5),
    "grad": lambda lib, x: lib.tt.autograd.grad((x * x * x).sum(), x)[0],
}


def _views(y: Any, x: Any) -> Any:
    y[0] += x[1]
    y.view(-1)[3:7].mul_(x[0, 0])
    y.transpose(0, 1)[0, 1] = x[0, 0]
    return y


# Two matrices, (3, 4) and (4, 5).
OF_TWO: dict[str, Call] = {
    "mm": lambda lib, a, b: (lib.tt.mm(a, b), a.mv(b[:, 0]), lib.tt.dot(a[0], b[:, 1])),
    "bmm": lambda lib, a, b: lib.tt.bmm(a.expand(2, 3, 4), b.expand(2, 4, 5)),
    "outer": lambda lib, a, b: lib.tt.outer(a[0], b[0]),
    "einsum": lambda lib, a, b: lib.tt.einsum("ij,jk->ik", a, b),
    "einsum_implicit": lambda lib, a, b: lib.tt.einsum("ij,jk", a, b),
    "einsum_summed": lambda lib, a, b: lib.tt.einsum("ij,jk->j", a, b),
    "einsum_dots": lambda lib, a, b: lib.tt.einsum("...j,jk->...k", a.expand(2, 3, 4), b),
    "einsum_three": lambda lib, a, b: lib.tt.einsum("ij,jk,lk->il", a, b, b),
    "add_sub": lambda lib, a, b: lib.tt.add(a, b[:, :1].T, alpha=2).sub(a, alpha=0.5),
}

LOSSES: dict[str, dict[str, Any]] = {
    "l1_loss": {},
    "smooth_l1_loss": {"beta": 0.7},
    "huber_loss": {"delta": 0.7},
    "mse_loss": {"reduction": "sum"},
}
ACTIVATIONS: dict[str, dict[str, Any]] = {
    "LeakyReLU": {"negative_slope": 0.2},
    "ELU": {"alpha": 0.7},
    "SiLU": {},
    "ReLU6": {},
    "Hardtanh": {"min_val": -0.5, "max_val": 1.5},
    "Softplus": {"beta": 2.0, "threshold": 3.0},
    "LogSigmoid": {},
    "GLU": {"dim": 1},
    "LogSoftmax": {"dim": -1},
    "Identity": {},
    "Unflatten": {"dim": 1, "unflattened_size": (2, 3)},
}


def _with_weights(rng: Rng, name: str, how: dict[str, Any], *, probable: bool) -> Case:
    """A loss of 5 rows of scores for 4 classes, where each class has a weight."""
    scores, weights = normal(rng, 5, 4), rng.random(4) + 0.5
    target = rng.dirichlet(np.ones(4), 5) if probable else rng.integers(0, 4, 5)

    def call(lib: Lib, scores: Any, weights: Any, target: Any) -> Any:
        return getattr(lib.nn.functional, name)(scores, target, weight=weights.detach(), **how)

    return function(call, scores, weights, target, arguments=f"{how}, probabilities {probable}")


def _cases() -> dict[str, Callable[[Rng], Case]]:
    cases: dict[str, Callable[[Rng], Case]] = {}
    for name, call in OF_ONE.items():
        cases[name] = lambda rng, call=call: function(call, normal(rng, 2, 3, 4))
    for name, call in OF_TWO.items():
        cases[name] = lambda rng, call=call: function(call, normal(rng, 3, 4), normal(rng, 4, 5))
    for name, how in ACTIVATIONS.items():
        cases[name] = lambda rng, name=name, how=how: layer(name, how, 3 * normal(rng, 3, 6))
    for name, how in LOSSES.items():
        cases[name] = lambda rng, name=name, how=how: function(
            lambda lib, x, y: getattr(lib.nn.functional, name)(x, y, **how),
            normal(rng, 3, 4),
            normal(rng, 3, 4),
        )
    for reduction in ("mean", "sum", "none"):
        for smoothing in (0.0, 0.2):
            for probable in (False, True):
                how = {"reduction": reduction, "label_smoothing": smoothing}
                name = f"cross_entropy_weight_{reduction}_{smoothing}_{probable}"
                cases[name] = lambda rng, how=how, probable=probable: _with_weights(
                    rng, "cross_entropy", how, probable=probable
                )
        cases[f"nll_loss_weight_{reduction}"] = lambda rng, r=reduction: _with_weights(
            rng, "nll_loss", {"reduction": r, "ignore_index": 2}, probable=False
        )
        cases[f"bce_pos_weight_{reduction}"] = lambda rng, r=reduction: function(
            lambda lib, x, y, w: lib.nn.functional.binary_cross_entropy_with_logits(
                5 * x, y.detach(), weight=0.5 * w.detach(), pos_weight=w.detach(), reduction=r
            ),
            normal(rng, 3, 4),
            rng.random((3, 4)),
            rng.random(4) + 0.5,
        )
    cases["kl_div"] = lambda rng: function(
        lambda lib, x, y: (
            lib.nn.functional.kl_div(x, y.softmax(1), reduction="batchmean"),
            lib.nn.functional.kl_div(x, y, reduction="sum", log_target=True),
        ),
        normal(rng, 3, 4),
        normal(rng, 3, 4),
    )
    return cases


CASES = _cases()

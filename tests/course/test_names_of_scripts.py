"""What public PyTorch scripts use beyond the lessons, beside the values that PyTorch 2.13.0 gives.

One process for all: each test is a function of the script below. The numbers in `EXPECTED` were
written by the same functions on PyTorch itself. See test_given_names.py for shorter cases.
"""

from __future__ import annotations

import inspect

torch = None  # `tinytorch`, where the functions below run

EXPECTED = {
    "layers": [
        4.14921,
        4.3355,
        4306.96,
        4563.4,
        3945.58,
        4343.88,
        4135.83,
        -8.6115,
        4572.94,
        4308.25,
        0.401413,
        1362.64,
        6.60671,
        6.60671,
        -198.553,
        20.823,
        3430100.0,
        11967.7,
        3394330.0,
        2711.98,
        10027.0,
        -934.731,
        1.3644,
        -2255.96,
        -0.275989,
    ],
    "penalty": [57588.0, 128881.0, 72039.5],
    "elements": {
        "erf": [0.796826, 1.9388],
        "expm1": [0.932747, 2.93275],
        "sinh": [0.773708, 2.15904],
        "cosh": [2.15904, 0.773708],
        "tan": [0.801644, 2.36365],
        "asin": [0.776279, 2.1875],
        "acos": [2.36531, -2.1875],
        "atan": [0.708626, 1.74118],
        "lgamma": [1.86039, -6.19096],
        "digamma": [-6.19096],
        "exp2": [2.60342, 1.80455],
        "logit": [-1.09861, 9.33333],
    },
    "frames": {
        "reflect": [-4.0, -5.0, -6.0, -5.0, -4.0, -3.0, -4.0],
        "replicate": [-10.0, -10.0, -10.0, -9.0, -8.0, -7.0, -7.0],
        "circular": [0.0, 1.0, -2.0, -1.0, 0.0, 1.0, -2.0],
    },
    "sampled": [-6.3, -5.3, -3.3, -2.3],
    "activations": {
        "hardswish": [-0.259259, 0.0],
        "hardsigmoid": [0.388889, 0.5],
        "mish": [-0.261451, 0.0],
        "selu": [-0.855461, 0.0],
        "celu": [-0.486583, 0.0],
        "softsign": [-0.4, 0.0],
    },
    "losses": {
        "triplet": 0.794537,
        "cosine": 0.920871,
        "ranking": 0.0,
        "hinge": 0.75,
        "soft": 0.643669,
        "multi": 1.125,
        "labels": 0.651854,
        "poisson": 2.35197,
        "gauss": 0.342816,
    },
    "slopes": [1.80402, -1.10227, -1.25719, 2.04126],
    "optimized": {
        "amsgrad": [1.52778, -1.47149],
        "adamw": [0.461401, -2.51444],
        "nadam": [1.45639, -1.54043],
        "radam": [2.16276, -0.548219],
        "adamax": [1.32196, -1.67704],
    },
    "rates": {
        "cycle": [0.0819275, 0.0971942, 0.0811746, 0.0555984, 0.0283061, 0.00766416, 0.942336],
        "restarts": [0.025, 0.05, 0.0426777, 0.025, 0.00732233, 0.05, 0.9],
        "cyclic": [0.055, 0.1, 0.055, 0.01, 0.0325, 0.055, 0.85],
        "power": [0.028125, 0.0125, 0.003125, 0.0, 0.0, 0.0, 0.9],
        "sequence": [0.005, 0.05, 0.045, 0.0405, 0.03645, 0.032805, 0.9],
        "times": [0.0475, 0.045125, 0.0428687, 0.0407253, 0.038689, 0.0367546, 0.9],
        "chained": [0.015, 0.0135, 0.01215, 0.010935, 0.0295245, 0.0265721, 0.9],
    },
    "probabilities": {
        "beta": 0.567584,
        "gamma": 0.0932518,
        "exponential": 0.0931472,
        "laplace": -1.53629,
        "lognormal": -0.439741,
        "poisson": -1.7836,
        "dirichlet": 0.405465,
        "normal": -4.11768,
        "entropy": 3.11768,
    },
}


def same(name, found):
    """The same numbers, but for rounding."""

    def agree(one, other):
        if isinstance(other, dict):
            return one.keys() == other.keys() and all(agree(one[key], other[key]) for key in other)
        if isinstance(other, list):
            return len(one) == len(other) and all(map(agree, one, other))
        return abs(one - other) <= 1e-5 + 3e-4 * abs(other)

    assert agree(found, EXPECTED[name]), (name, found)


def gradients_of_gradients():
    F, grad = torch.nn.functional, torch.autograd.grad
    x = torch.tensor(2.0, requires_grad=True)
    y, found = x**4, []
    for _ in range(3):
        (y,) = grad(y, x, create_graph=True, only_inputs=True)
        found.append(y.item())
    assert found == [32.0, 48.0, 48.0]

    t = torch.tensor([[0.5, -1.0], [2.0, 0.1]], dtype=torch.float64, requires_grad=True)
    w = torch.tensor([[1.0, 0.3], [-0.4, 0.8]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([0.1, 0.2], dtype=torch.float64, requires_grad=True)
    layers = [
        torch.tanh, torch.sigmoid, F.relu, F.gelu, F.silu, F.elu, F.softplus, torch.sin,
        lambda z: F.gelu(z, approximate="tanh"), lambda z: F.leaky_relu(z, 0.2),
        lambda z: F.softmax(z, 1), lambda z: F.log_softmax(z, 1),
        lambda z: F.layer_norm(z.view(4), (4,)),
        lambda z: F.batch_norm(z.view(4, 1), None, None, training=True),
        lambda z: F.rms_norm(z.view(4), (4,)),
        lambda z: z.cumsum(1) * z.clamp(-0.5, 0.5), lambda z: torch.einsum("ij,kj->ik", z, z),
        lambda z: torch.cat([z, z[:, :1].exp()], 1) / (2 + z.abs().sum(1, keepdim=True)),
        lambda z: torch.stack([z[0], z.max() * z[1]]).t().reshape(4),
        lambda z: (1 + z.mean(0) ** 2) ** z[0],
        lambda z: F.scaled_dot_product_attention(z[None], z[None], z[None]),
        lambda z: torch.logsumexp(z, 0) - z.var(1).sqrt(), lambda z: z.norm(dim=1).erf(),
        lambda z: F.mse_loss(z, z.detach() + 1) + F.cross_entropy(z, torch.tensor([1, 0])),
        lambda z: F.binary_cross_entropy_with_logits(z, t.sigmoid()),
    ]  # fmt: skip
    sums = []
    for layer in layers:
        t.grad = w.grad = b.grad = None
        out = (layer(F.linear(t, w, b)) ** 3).sum()
        (slopes,) = grad(out, t, create_graph=True)
        ((slopes**2).sum() + out).backward()
        sums.append((t.grad.sum() + 2 * w.grad.sum() + 3 * b.grad.sum()).item())
    same("layers", sums)


def gradients_of_gradients_of_images():
    F = torch.nn.functional
    x = (torch.arange(32.0).view(2, 1, 4, 4) / 10).sin().requires_grad_()
    w = (torch.arange(18.0).view(2, 1, 3, 3) / 7).cos().requires_grad_()
    out = F.conv2d(x, w, torch.ones(2), stride=2, padding=1)
    out = F.max_pool2d(out, 2, stride=1) + F.avg_pool2d(F.instance_norm(out), 2, stride=1)
    (slopes,) = torch.autograd.grad(out.pow(3).sum(), x, create_graph=True)
    penalty = ((slopes.view(2, -1).norm(2, dim=1) - 1) ** 2).mean()
    penalty.backward()
    found = [penalty.item(), w.grad.norm().item(), x.grad.norm().item()]
    same("penalty", found)


def derivatives_of_functions():
    def function(a):
        return (a**3).sum() + a[0] * a[1]

    at = torch.tensor([1.0, 2.0])
    assert torch.autograd.functional.hessian(function, at).tolist() == [[6.0, 1.0], [1.0, 12.0]]
    found = torch.autograd.functional.jacobian(lambda a: a**2, at)
    assert found.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    (w**3).prod().backward(create_graph=True)
    slopes = w.grad.sum()
    w.grad = None
    slopes.backward()
    assert w.grad.tolist() == [84.0, 48.0]
    a, b = (torch.tensor(n, requires_grad=True) for n in (2.0, 3.0))
    (a * b).backward(inputs=[a])
    assert (a.grad.item(), b.grad) == (3.0, None)

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    (slope,) = torch.autograd.grad(Square.apply(a) ** 2, a, create_graph=True)
    assert torch.autograd.grad(slope, a)[0].item() == 48.0


def operations_with_two_results():
    class SinCos(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            a, b = x.sin(), x.cos()
            ctx.save_for_backward(a, b)
            return a, b

        @staticmethod
        def backward(ctx, grad_a, grad_b):
            a, b = ctx.saved_tensors
            return grad_a * b - grad_b * a

    x = torch.tensor([[0.0, 1.0]], requires_grad=True)
    a, b = SinCos.apply(x)
    assert a.shape == b.shape == (1, 2)
    (a + 2 * b).sum().backward()
    assert [round(n, 5) for n in x.grad[0].tolist()] == [1.0, -1.14264]


def hooks_see_and_change_what_passes():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        net[0].bias.zero_()
    seen = {}
    first = net[0].register_forward_hook(lambda module, args, out: seen.update(out=out.detach()))
    net[0].register_full_backward_hook(
        lambda module, come, gone: seen.update(come=come[0], gone=gone[0])
    )
    net[1].register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    x = torch.tensor([[1.0, -1.0]], requires_grad=True)
    x.register_hook(lambda grad: grad * 10)
    y = net(x)
    y.register_hook(lambda grad: grad * 2)
    y.sum().backward()
    assert (y.tolist(), seen["out"].tolist()) == ([[0.0, 0.0]], [[-1.0, -1.0]])
    x.grad = None
    x2 = torch.tensor([[1.0, 1.0]], requires_grad=True)
    handle = x2.register_hook(lambda grad: grad * 10)
    z = net(x2)
    z.register_hook(lambda grad: grad * 2)
    z.sum().backward()
    assert (seen["come"].tolist(), seen["gone"].tolist()) == ([[8.0, 12.0]], [[2.0, 2.0]])
    assert x2.grad.tolist() == [[80.0, 120.0]]
    first.remove()
    handle.remove()
    net(x2 * 2).sum().backward()
    assert seen["out"].tolist() == [[3.0, 7.0]]
    assert x2.grad.tolist() == [[88.0, 132.0]]
    import copy

    other = copy.deepcopy(net)
    other[0].weight.detach().fill_(0.0)
    assert other(x2).tolist() == [[1.0, 1.0]], "the copy's own weights"


def positions_have_gradients():
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    src = torch.tensor([[7.0, 8.0], [9.0, 10.0]], requires_grad=True)
    at = torch.tensor([[2, 0], [1, 1]])
    y = x.scatter(1, at, src)
    assert y.tolist()[0] == [8.0, 2.0, 7.0]
    (y * torch.arange(6.0).view(2, 3)).sum().backward()
    assert x.grad.tolist() == [[0.0, 1.0, 0.0], [3.0, 0.0, 5.0]]
    assert src.grad.tolist() == [[2.0, 0.0], [4.0, 4.0]]
    x.grad = None
    added = torch.zeros(2, 3).scatter_add_(1, at, src) + x.index_add(0, torch.tensor([1, 1]), x * 2)
    assert added.tolist() == [[9.0, 2.0, 10.0], [14.0, 38.0, 24.0]]
    (added**2).sum().backward()
    assert x.grad.tolist() == [[74.0, 156.0, 116.0], [84.0, 228.0, 144.0]]
    most = x.scatter_reduce(1, at, src, reduce="amax", include_self=False)
    assert most.tolist() == [[8.0, 2.0, 7.0], [4.0, 10.0, 6.0]]
    mean = x.scatter_reduce(1, at, src, reduce="mean")
    assert mean.tolist() == [[4.5, 2.0, 5.0], [4.0, 8.0, 6.0]]
    assert [part.tolist() for part in torch.where(x > 4)] == [[1, 1], [1, 2]]
    none = torch.zeros(3, requires_grad=True)
    (none.norm() + none.std()).backward()
    assert none.grad.tolist() == [0.0, 0.0, 0.0]
    windows = torch.arange(10).view(2, 5).unfold(1, 3, 2)
    assert windows.tolist() == [[[0, 1, 2], [2, 3, 4]], [[5, 6, 7], [7, 8, 9]]]


def more_functions_of_elements():
    names = ("erf", "expm1", "sinh", "cosh", "tan", "asin", "acos", "atan", "lgamma", "digamma",
             "exp2", "logit")  # fmt: skip
    x = torch.tensor([0.25, 0.5], dtype=torch.float64, requires_grad=True)
    found = {}
    for name in names:
        x.grad = None
        y = getattr(torch, name)(x).sum()
        found[name] = [y.item()]
        if name != "digamma":
            y.backward()
            found[name].append(x.grad.sum().item())
    same("elements", found)
    a, b = torch.tensor([1.0, -2.0]), torch.tensor([-3.0, 0.5])
    assert [round(n, 5) for n in torch.atan2(a, b).tolist()] == [2.81984, -1.32582]
    assert torch.fmod(torch.tensor([-5.0, 5.0]), 3).tolist() == [-2.0, 2.0]
    assert torch.remainder(torch.tensor([-5.0, 5.0]), 3).tolist() == [1.0, 2.0]
    assert torch.bitwise_xor(torch.tensor([1, 5, 11]), torch.tensor([2, 7, 10])).tolist() == [
        3,
        2,
        1,
    ]
    zero = torch.tensor([1.0, 0.0, 2.0], requires_grad=True)
    y = zero.cumprod(0)
    y.sum().backward()
    assert (y.tolist(), zero.grad.tolist()) == ([1.0, 0.0, 0.0], [1.0, 3.0, 0.0])


def more_reductions_and_shapes():
    x = torch.tensor([[3.0, 1.0, 2.0], [6.0, 4.0, 5.0]])
    assert (x.median().item(), x.median(1).indices.tolist()) == (3.0, [2, 2])
    assert x.quantile(0.25, dim=1).tolist() == [1.5, 4.5]
    assert x.cummax(1).values.tolist() == [[3.0, 3.0, 3.0], [6.0, 6.0, 6.0]]
    assert torch.kthvalue(x, 2, 0).values.tolist() == [6.0, 4.0, 5.0]
    assert torch.cdist(x[:1], x[1:]).item() == torch.tensor(27.0).sqrt().item()
    assert torch.tensordot(x, x, dims=([1], [1])).tolist() == [[14.0, 32.0], [32.0, 77.0]]
    assert torch.kron(torch.eye(2), torch.ones(1, 2)).tolist() == [[1, 1, 0, 0], [0, 0, 1, 1]]
    assert torch.linalg.det(x[:, :2]).item() == 6.0
    assert torch.linalg.solve(torch.eye(2) * 2, x).tolist() == [[1.5, 0.5, 1.0], [3.0, 2.0, 2.5]]
    assert torch.diag_embed(x[:, 0]).tolist() == [[3.0, 0.0], [0.0, 6.0]]
    assert x.diagonal(1).tolist() == [1.0, 5.0]
    assert torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6])).tolist() == [1, 3]
    assert torch.bucketize(torch.tensor([3]), torch.tensor([1, 3, 5]), right=True).tolist() == [2]
    assert torch.bincount(torch.tensor([0, 2, 2]), minlength=4).tolist() == [1, 0, 2, 0]
    assert [len(part) for part in torch.tensor_split(torch.arange(5), 2)] == [3, 2]
    assert torch.rot90(x).tolist() == [[2.0, 5.0], [1.0, 4.0], [3.0, 6.0]]
    assert torch.combinations(torch.tensor([1, 2, 3])).tolist() == [[1, 2], [1, 3], [2, 3]]
    y = torch.zeros(3)
    y.unsqueeze_(0).add_(1.0)
    assert (y.shape, y.new_empty((2, 1)).shape) == ((1, 3), (2, 1))
    assert torch.var_mean(x, 1)[0].tolist() == [1.0, 1.0]
    nan = torch.tensor([1.0, float("nan"), 3.0])
    assert (torch.nansum(nan).item(), torch.nanmean(nan).item()) == (4.0, 2.0)
    assert torch.fmax(nan, nan.flip(0) - 1).tolist()[::2] == [2.0, 3.0]
    assert [part.tolist() for part in torch.mode(torch.tensor([2, 1, 2, 1, 3]))] == [1, 3]
    assert torch.einsum("ii->i", x[:, :2]).tolist() == [3.0, 4.0]
    assert torch.einsum("ii", x[:, :2]).item() == 7.0
    assert torch.movedim(torch.zeros(2, 3, 4), (0, 1), (1, 0)).shape == (3, 2, 4)
    at = (torch.tensor([0, 0, 2]),)
    put = torch.zeros(3).index_put_(at, torch.tensor([1.0, 2.0, 3.0]), accumulate=True)
    assert put.tolist() == [3.0, 0.0, 3.0]
    assert torch.isin(torch.arange(3), torch.tensor([0, 2])).tolist() == [True, False, True]
    assert isinstance(put, torch.FloatTensor)
    assert not isinstance(put, torch.LongTensor)
    assert isinstance(put.dtype, torch.dtype)
    assert torch.__version__.startswith("2.")
    history = torch.ones(2, requires_grad=True) * 2
    assert not history.detach_().requires_grad
    assert torch.nn.functional.softshrink(put - 1).tolist() == [1.5, -0.5, 1.5]


def more_layers():
    nn, F = torch.nn, torch.nn.functional
    x = torch.arange(24.0).view(1, 2, 3, 4) - 10
    modes = "reflect", "replicate", "circular"
    same("frames", {mode: F.pad(x, (2, 1, 1, 0), mode=mode)[0, 0, 0].tolist() for mode in modes})
    assert nn.ReflectionPad2d(1)(x).shape == nn.ZeroPad2d((1, 1, 1, 1))(x).shape == (1, 2, 5, 6)
    y = nn.InstanceNorm2d(2, affine=True)(x)
    assert [round(n, 4) for n in y[0, 1, 0].tolist()] == [-1.5933, -1.3036, -1.0139, -0.7242]
    y = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert y[0, 0, 1].tolist() == [-9.0, -8.75, -8.25, -7.75, -7.25, -6.75, -6.25, -6.0]
    assert F.max_pool2d(x, 2, ceil_mode=True)[0, 0].tolist() == [[-5.0, -3.0], [-1.0, 1.0]]
    assert F.avg_pool2d(x, 2, ceil_mode=True)[0, 0, 1].tolist() == [-1.5, 0.5]
    assert F.avg_pool2d(x, 2, padding=1, count_include_pad=False)[0, 0, 0].tolist() == [
        -10.0, -8.5, -7.0,
    ]  # fmt: skip
    columns = F.unfold(x, (2, 2), stride=(1, 2))
    assert columns[0, :, 1].tolist() == [-8.0, -7.0, -4.0, -3.0, 4.0, 5.0, 8.0, 9.0]
    assert F.fold(columns, (3, 4), (2, 2), stride=(1, 2))[0, 0].tolist()[1] == [-12, -10, -8, -6]
    grid = F.affine_grid(torch.tensor([[[0.5, 0.0, 0.1], [0.0, 0.5, 0.0]]]), (1, 2, 2, 2), False)
    same("sampled", F.grid_sample(x, grid, align_corners=False)[0, 0].flatten().tolist())
    names = "hardswish", "hardsigmoid", "mish", "selu", "celu", "softsign"
    same("activations", {f: getattr(F, f)(x[0, 0, 2, ::2] / 3).tolist() for f in names})
    assert nn.PReLU(2)(x)[0, 0, 0, 0].item() == -2.5
    table = nn.Embedding.from_pretrained(torch.eye(3))
    assert not table.weight.requires_grad
    ids, starts = torch.tensor([0, 2, 1]), torch.tensor([0, 2])
    assert F.embedding_bag(ids, table.weight, starts).tolist() == [
        [0.5, 0.0, 0.5], [0.0, 1.0, 0.0],
    ]  # fmt: skip
    assert nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular", device="cpu")(x).shape[1:] == (
        3,
        3,
        4,
    )
    assert nn.LayerNorm(4, dtype=torch.float64).weight.dtype == torch.float64
    assert nn.Embedding(3, 2, sparse=True, device="cpu").weight.shape == (3, 2)
    drawn = F.gumbel_softmax(torch.zeros(5, 3, requires_grad=True), hard=True, dim=1)
    assert drawn.sum(1).tolist() == [1.0] * 5
    assert drawn.requires_grad


def losses_that_compare():
    nn = torch.nn
    a = torch.tensor([[1.0, 0.0], [0.5, 2.0]], requires_grad=True)
    b, c = torch.tensor([[0.0, 1.0], [1.0, 1.5]]), torch.tensor([[2.0, 1.0], [0.0, 1.0]])
    sign, classes = torch.tensor([1.0, -1.0]), torch.tensor([1, 0])
    losses = {
        "triplet": nn.TripletMarginLoss(margin=1.0, swap=True)(a, b, c),
        "cosine": nn.CosineEmbeddingLoss(margin=0.1)(a, b, sign),
        "ranking": nn.MarginRankingLoss(0.5)(a[:, 0], b[:, 0], sign),
        "hinge": nn.HingeEmbeddingLoss()(a[:, 0], sign),
        "soft": nn.SoftMarginLoss()(a[:, 0], sign),
        "multi": nn.MultiMarginLoss()(a, classes),
        "labels": nn.MultiLabelSoftMarginLoss()(a, b.clamp(max=1.0)),
        "poisson": nn.PoissonNLLLoss(full=True)(a, c),
        "gauss": nn.GaussianNLLLoss()(a, b, c + 0.1),
    }
    same("losses", {name: loss.item() for name, loss in losses.items()})
    sum(losses.values()).backward()
    same("slopes", a.grad.flatten().tolist())
    assert nn.CosineSimilarity()(a, b).shape == nn.PairwiseDistance()(a, b).shape == (2,)


def optimizers_and_schedules():
    def after(make, **how):
        w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
        optimizer = make([w], lr=0.1, **how)
        for step in range(8):
            optimizer.zero_grad()
            ((w - torch.tensor([3.0, 0.5])) ** 2 * (step % 3)).sum().backward()
            optimizer.step()
        return w.tolist()

    optim = torch.optim
    found = {
        "amsgrad": after(optim.Adam, amsgrad=True, fused=False, foreach=None),
        "adamw": after(optim.AdamW, amsgrad=True, maximize=True),
        "nadam": after(optim.NAdam), "radam": after(optim.RAdam), "adamax": after(optim.Adamax),
    }  # fmt: skip
    same("optimized", found)

    w = torch.tensor([1.0], requires_grad=True)
    S = optim.lr_scheduler
    schedules = {
        "cycle": lambda o: S.OneCycleLR(o, max_lr=0.1, total_steps=8),
        "restarts": lambda o: S.CosineAnnealingWarmRestarts(o, T_0=2, T_mult=2),
        "cyclic": lambda o: S.CyclicLR(o, 0.01, 0.1, step_size_up=2, mode="triangular2"),
        "power": lambda o: S.PolynomialLR(o, total_iters=4, power=2.0),
        "sequence": lambda o: S.SequentialLR(
            o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], milestones=[2]
        ),
        "times": lambda o: S.MultiplicativeLR(o, lambda epoch: 0.95),
        "chained": lambda o: S.ChainedScheduler([S.ConstantLR(o), S.ExponentialLR(o, 0.9)]),
    }
    rates = {}
    for name, make in schedules.items():
        optimizer = optim.SGD([w], lr=0.05, momentum=0.9)
        scheduler, rates[name] = make(optimizer), []
        for _ in range(6):
            optimizer.step()
            scheduler.step()
            rates[name].append(optimizer.param_groups[0]["lr"])
        rates[name].append(optimizer.param_groups[0]["momentum"])
    same("rates", rates)
    optimizer = optim.SGD([w], lr=1.0)
    plateau = S.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    for number in (1.0, 0.9, 0.9, 0.9, 0.9, 0.9):
        plateau.step(number)
    assert optimizer.param_groups[0]["lr"] == 0.25


def weights_in_other_forms():
    from tinytorch.optim.swa_utils import AveragedModel, get_ema_avg_fn

    utils = torch.nn.utils
    net = torch.nn.Linear(2, 2)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[3.0, 4.0], [0.0, 2.0]]))
        net.bias.zero_()
    means = AveragedModel(net), AveragedModel(net, avg_fn=get_ema_avg_fn(0.9))
    for _ in range(3):
        for mean in means:
            mean.update_parameters(net)
        net.weight.detach().add_(1.0)
    found = [round(mean.module.weight[0, 0].item(), 4) for mean in means]
    assert found == [4.0, 3.29]
    net.weight.detach().sub_(3.0)
    utils.weight_norm(net)
    assert sorted(name for name, _ in net.named_parameters()) == ["bias", "weight_g", "weight_v"]
    net.weight_g.detach()[0] = 10.0
    out = net(torch.tensor([[1.0, 0.0]]))
    out.sum().backward()
    assert [round(n, 4) for n in out[0].tolist()] == [6.0, 0.0]
    assert [round(n, 4) for n in net.weight_g.grad.flatten().tolist()] == [0.6, 0.0]
    utils.remove_weight_norm(net)
    assert [name for name, _ in net.named_parameters()] == ["bias", "weight"]
    net.weight.grad = torch.tensor([[-5.0, 0.1], [5.0, 0.0]])
    utils.clip_grad_value_(net.parameters(), 1.0)
    assert net.weight.grad.tolist() == [[-1.0, 0.10000000149011612], [1.0, 0.0]]
    assert utils.parameters_to_vector(net.parameters()).shape == (6,)
    spectral = utils.spectral_norm(torch.nn.Linear(3, 3, bias=False))
    for _ in range(50):
        spectral(torch.eye(3))
    assert abs(torch.linalg.svdvals(spectral.weight.detach())[0].item() - 1) < 1e-2


def packed_sequences():
    from tinytorch.nn.utils import rnn

    torch.manual_seed(0)
    lengths = torch.tensor([2, 4, 1])
    rows = [torch.randn(n, 3) for n in lengths.tolist()]
    padded = rnn.pad_sequence(rows, batch_first=True, padding_value=9.0)
    assert (padded.shape, padded[2, 1].tolist()) == ((3, 4, 3), [9.0, 9.0, 9.0])
    packed = rnn.pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
    assert (packed.batch_sizes.tolist(), packed.sorted_indices.tolist()) == (
        [3, 2, 1, 1],
        [1, 0, 2],
    )
    net = torch.nn.LSTM(3, 2, 2, batch_first=True, bidirectional=True)
    out, (h, c) = net(packed)
    unpacked, found = rnn.pad_packed_sequence(out, batch_first=True)
    assert (unpacked.shape, found.tolist()) == ((3, 4, 4), [2, 4, 1])
    for i, row in enumerate(rows):
        alone, (h1, c1) = net(row.unsqueeze(0))
        assert torch.allclose(unpacked[i, : len(row)], alone[0], atol=1e-6)
        assert torch.allclose(h[:, i], h1[:, 0], atol=1e-6)
        assert torch.allclose(c[:, i], c1[:, 0], atol=1e-6)
    try:
        rnn.pack_padded_sequence(padded, lengths, batch_first=True)
    except RuntimeError as error:
        assert "decreasing" in str(error)  # noqa: PT017
    else:
        raise AssertionError("an order that is not as said")


def more_distributions():
    D, third = torch.distributions, torch.tensor(0.3)
    vector, matrix = torch.tensor([1.0, 2.0]), torch.tensor([[2.0, 0.5], [0.5, 1.0]])
    found = {
        "beta": D.Beta(2.0, 3.0).log_prob(third), "gamma": D.Gamma(2.0, 3.0).log_prob(third),
        "exponential": D.Exponential(2.0).log_prob(third),
        "laplace": D.Laplace(0.0, 2.0).log_prob(third),
        "lognormal": D.LogNormal(0.0, 1.0).log_prob(third),
        "poisson": D.Poisson(3.0).log_prob(torch.tensor(4.0)),
        "dirichlet": D.Dirichlet(torch.tensor([1.0, 2.0])).log_prob(torch.tensor([0.25, 0.75])),
        "normal": D.MultivariateNormal(vector, matrix).log_prob(torch.zeros(2)),
        "entropy": D.MultivariateNormal(vector, matrix).entropy(),
    }  # fmt: skip
    same("probabilities", {name: value.item() for name, value in found.items()})
    torch.manual_seed(0)
    for one in (D.Beta(2.0, 3.0), D.Gamma(2.0, 3.0), D.Exponential(2.0), D.Laplace(1.0, 2.0),
                D.LogNormal(0.0, 0.5), D.Poisson(3.0)):  # fmt: skip
        drawn = one.sample((20000,))
        assert abs(drawn.mean() - one.mean) < 0.06
        assert abs(drawn.var() - one.variance) < 0.05 * one.variance + 0.1
    drawn = D.MultivariateNormal(vector, matrix).sample((20000,))
    assert torch.allclose(torch.cov(drawn.T), matrix, atol=0.06)


CASES = [
    gradients_of_gradients, gradients_of_gradients_of_images, derivatives_of_functions,
    operations_with_two_results, hooks_see_and_change_what_passes, positions_have_gradients,
    more_functions_of_elements, more_reductions_and_shapes, more_layers, losses_that_compare,
    optimizers_and_schedules, weights_in_other_forms, packed_sequences, more_distributions,
]  # fmt: skip


def test_the_values_are_pytorch_s(solved, run, tmp_path):
    lines = ["import sys", f"sys.path.insert(0, {str(solved.root)!r})", "import tinytorch as torch"]
    lines += [f"EXPECTED = {EXPECTED!r}", inspect.getsource(same)]
    lines += [inspect.getsource(case) for case in CASES]
    lines += [f"{case.__name__}()" for case in CASES]
    done = run("-c", "\n".join(lines), cwd=tmp_path)
    assert done.returncode == 0, done.stderr

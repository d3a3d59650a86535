"""`tinytorch.distributions`: what is drawn, and what is said of it, by the definitions.

`bench.parity_distributions` compares what is said with PyTorch; this needs only NumPy.
"""

from __future__ import annotations

import inspect

import numpy as np

torch = None  # `tinytorch`, where the functions below run
said = None


def near(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def probabilities_of_classes():
    Categorical = torch.distributions.Categorical
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    for made in (
        Categorical(torch.tensor(4 * p)),
        Categorical(logits=torch.tensor(np.log(p + 1e-300) - 5)),
    ):
        assert (made.batch_shape, made.event_shape, made.param_shape) == ((2,), (), (2, 3))
        near(made.probs, p)
        near(made.log_prob(torch.tensor([2, 0])), np.log([0.7, 0.5]))
        assert made.log_prob(torch.zeros(4, 2)).shape == (4, 2)
        near(made.entropy(), [-(p[0] * np.log(p[0])).sum(), np.log(2)])
        assert made.mode[0].item() == 2
        assert made.enumerate_support().tolist() == [[0, 0], [1, 1], [2, 2]]
    scores = torch.tensor([0.0, np.log(3.0)], requires_grad=True)
    Categorical(logits=scores).log_prob(torch.tensor(1)).backward()
    near(scores.grad, [-0.25, 0.25])


def coins_and_curves():
    d, x = torch.distributions, torch.tensor([0.0, 1.0])
    for coin in (d.Bernoulli(0.25), d.Bernoulli(logits=-np.log(3.0))):
        near(coin.log_prob(x), np.log([0.75, 0.25]))
        near(coin.entropy(), -0.75 * np.log(0.75) - 0.25 * np.log(0.25))
        near(coin.variance, 0.1875)
    bell = d.Normal(1.0, torch.tensor([2.0, 0.5]))
    near(bell.log_prob(x), -np.log([2, 0.5]) - [0.125, 0] - np.log(2 * np.pi) / 2)
    near(bell.entropy(), np.log([2, 0.5]) + 0.5 * np.log(2 * np.pi * np.e))
    flat = d.Uniform(-1.0, torch.tensor([3.0, 1.0]))
    assert flat.log_prob(x).tolist()[1] == -np.inf
    near(flat.log_prob(x)[0], -np.log(4))
    near(flat.entropy(), np.log([4, 2]))
    near(flat.stddev, np.array([4, 2]) / np.sqrt(12))
    rows = d.Independent(d.Normal(torch.zeros(2, 3), 1.0), 1)
    assert (rows.batch_shape, rows.event_shape) == ((2,), (3,))
    near(rows.log_prob(torch.ones(3)), [-1.5 - 1.5 * np.log(2 * np.pi)] * 2)
    assert rows.entropy().shape == (2,)


def draws_come_from_the_one_generator():
    d = torch.distributions
    makers = [
        d.Categorical(torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])),
        d.Bernoulli(torch.tensor([0.2, 0.9])),
        d.Normal(torch.tensor([1.0, -3.0]), torch.tensor([0.1, 2.0])),
        d.Uniform(torch.tensor([1.0, -3.0]), 5.0),
    ]
    for made in makers:
        drawn = []
        for _ in range(2):
            torch.manual_seed(3)
            drawn.append(made.sample((5, 1000)))
        assert drawn[0].tolist() == drawn[1].tolist(), made
        assert made.sample().shape == (2,), made
        assert drawn[0].shape == (5, 1000, 2), made
        made.log_prob(drawn[0])  # all are possible
    counts = [(makers[0].sample((20_000,)).numpy() == n).mean(0) for n in range(3)]
    np.testing.assert_allclose(np.transpose(counts), makers[0].probs.numpy(), atol=0.02)
    for made in makers[1:]:
        many = made.sample((20_000,)).numpy()
        np.testing.assert_allclose(many.mean(0), made.mean.numpy(), atol=0.06)
        np.testing.assert_allclose(many.std(0), made.stddev.numpy(), atol=0.04)
    assert makers[0].sample().dtype == torch.int64


def slopes_go_through_rsample():
    d = torch.distributions
    for kind, slopes in ((d.Normal, lambda x: x), (d.Uniform, lambda x: x)):
        a, b = (torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in (1.0, 3.0))
        assert not kind(a, b).sample().requires_grad
        drawn = kind(a, b).rsample((4,))
        drawn.sum().backward()
        noise = (drawn.detach() - 1) / (3 if kind is d.Normal else 2)
        near(b.grad, [slopes(noise.sum()).item()])
        near(a.grad, [4.0 if kind is d.Normal else 4 - noise.sum().item()])
    deep = d.Independent(d.Normal(torch.zeros(3, requires_grad=True), 1.0), 1)
    assert deep.has_rsample
    assert deep.rsample().requires_grad


def divergences():
    d, kl = torch.distributions, torch.distributions.kl_divergence
    near(kl(d.Normal(0.0, 1.0), d.Normal(1.0, 2.0)), np.log(2) + 2 / 8 - 0.5)
    p, q = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.25, 0.25, 0.5])
    near(kl(d.Categorical(p), d.Categorical(q)), np.log(2))
    assert kl(d.Categorical(q), d.Categorical(p)).item() == np.inf
    near(kl(d.Bernoulli(0.0), d.Bernoulli(0.5)), np.log(2))
    assert kl(d.Bernoulli(0.5), d.Bernoulli(1.0)).item() == np.inf
    near(kl(d.Uniform(0.0, 1.0), d.Uniform(0.0, 4.0)), np.log(4))
    assert kl(d.Uniform(0.0, 4.0), d.Uniform(0.0, 1.0)).item() == np.inf
    rows = [d.Independent(d.Normal(torch.full((2,), m), 1.0), 1) for m in (0.0, 2.0)]
    near(kl(*rows), 4.0)


def errors_are_pytorch_s():
    d, x = torch.distributions, torch.tensor
    three, pair = d.Categorical(torch.ones(3)), d.Normal(torch.zeros(2), 1.0)
    said(ValueError, "constraint Simplex()", lambda: d.Categorical(x([-1.0, 2.0])))
    said(ValueError, "constraint Simplex()", lambda: d.Categorical(torch.zeros(2)))
    said(ValueError, "but not both", lambda: d.Categorical())
    said(ValueError, "but not both", lambda: d.Bernoulli(0.5, 0.0))
    said(ValueError, "one-dimensional", lambda: d.Categorical(x(1.0)))
    said(TypeError, "tensor, not list", lambda: d.Categorical([0.5, 0.5]))
    said(ValueError, "constraint Real()", lambda: d.Categorical(logits=x([np.nan, 1.0])))
    said(ValueError, "GreaterThan(lower_bound=0.0)", lambda: d.Normal(0.0, -1.0))
    said(ValueError, "upper_bound=1.0", lambda: d.Bernoulli(1.5))
    said(ValueError, "low>= high", lambda: d.Uniform(1.0, 0.0))
    said(RuntimeError, "do not fit", lambda: d.Normal(torch.zeros(2), torch.ones(3)))
    said(RuntimeError, "floats", lambda: d.Normal(x([1]), 1.0))
    said(ValueError, "IntegerInterval(lower_bound=0, upper_bound=2)", lambda: three.log_prob(x(3)))
    said(ValueError, "must be a Tensor", lambda: three.log_prob(1))
    said(ValueError, "Boolean()", lambda: d.Bernoulli(0.5).log_prob(x(2.0)))
    said(ValueError, "interval", lambda: d.Uniform(0.0, 1.0).log_prob(x(2.0)))
    said(ValueError, "not broadcastable", lambda: pair.log_prob(torch.zeros(3)))
    said(NotImplementedError, "no rsample", lambda: three.rsample())
    said(NotImplementedError, "Normal", lambda: d.kl_divergence(d.Normal(0.0, 1.0), three))
    said(ValueError, "actual 1 vs 0", lambda: d.Independent(d.Normal(0.0, 1.0), 1))
    assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    assert repr(d.Normal(0, torch.ones(2))) == "Normal(loc: (2,), scale: (2,))"


SAYS = """
def said(kind, words, call):
    try:
        call()
    except kind as error:
        assert words.lower() in str(error).lower(), error
    else:
        raise AssertionError(f"no error: {words}")
"""
CASES = [
    probabilities_of_classes, coins_and_curves, draws_come_from_the_one_generator,
    slopes_go_through_rsample, divergences, errors_are_pytorch_s,
]  # fmt: skip


def test_distributions(solved, run, tmp_path):
    lines = ["import sys", f"sys.path.insert(0, {str(solved.root)!r})", "import numpy as np"]
    lines += ["import tinytorch as torch", "assert 'tinytorch.distributions' not in sys.modules"]
    lines += [SAYS, *(inspect.getsource(case) for case in (near, *CASES))]
    lines += [f"{case.__name__}()" for case in CASES]
    done = run("-W", "error", "-c", "\n".join(lines), cwd=tmp_path)
    assert done.returncode == 0, done.stderr

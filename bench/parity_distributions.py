"""The cases of `bench.parity` for distributions: what they say of values that are given to them.

What they draw comes from two different generators, and is not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.parity_cases import Case, Rng, function, normal

# A function of PyTorch's `distributions`, and of x and y, normally distributed of shape (3, 4).
SAYS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "Categorical": lambda d, x, y: _of_classes(d.Categorical(logits=x), y),
    "Categorical_probs": lambda d, x, y: _of_classes(d.Categorical(x.exp()), y),
    "Bernoulli": lambda d, x, y: _of_coins(d.Bernoulli(logits=x), y),
    "Bernoulli_probs": lambda d, x, y: _of_coins(d.Bernoulli(x.sigmoid()), y),
    "Normal": lambda d, x, y: _all(d.Normal(x, y.exp()), y * 2),
    "Normal_numbers": lambda d, _, y: _all(d.Normal(0.5, 2), y),
    "Normal_broadcast": lambda d, x, y: _all(d.Normal(x[:, :1], y[0].exp()), y[0]),
    "Uniform": lambda d, x, y: _all(d.Uniform(x, x + y.exp()), x.detach() + 0.2 * y.exp()),
    "Uniform_outside": lambda d, x, y: d.Uniform(x, x + 1, validate_args=False).log_prob(y),
    "Independent": lambda d, x, y: _all(d.Independent(d.Normal(x, y.exp()), 1), y),
    "Independent_twice": lambda d, x, y: _all(
        d.Independent(d.Independent(d.Bernoulli(logits=x), 1), 1), (y.detach() > 0).to(y.dtype)
    ),
    "kl_divergence": lambda d, x, y: (
        d.kl_divergence(d.Categorical(logits=x), d.Categorical(y.exp())),
        d.kl_divergence(d.Bernoulli(x.sigmoid()), d.Bernoulli(logits=y)),
        d.kl_divergence(d.Normal(x, 0.3), d.Normal(0.0, y.exp())),
        d.kl_divergence(d.Uniform(x, x + 1), d.Uniform(x - y.exp(), x + 0.5 + y.exp())),
        d.kl_divergence(d.Independent(d.Normal(x, 1.0), 1), d.Independent(d.Normal(y, x.exp()), 1)),
    ),
}


def _all(distribution: Any, value: Any) -> tuple[Any, ...]:
    said = distribution.log_prob(value), distribution.entropy()
    return *said, distribution.mean, distribution.variance


def _of_classes(distribution: Any, y: Any) -> tuple[Any, ...]:
    """Values of two shapes: one for each row, and two."""
    best = y.detach().argmax(1)
    wide = y.detach().argsort(1).transpose(0, 1)[:2]
    said = distribution.log_prob(best), distribution.log_prob(wide), distribution.entropy()
    return *said, distribution.probs, distribution.logits


def _of_coins(distribution: Any, y: Any) -> tuple[Any, ...]:
    sides = (y.detach() > 0).to(y.dtype)
    return *_all(distribution, sides), distribution.probs, distribution.logits


def _cases() -> dict[str, Callable[[Rng], Case]]:
    cases: dict[str, Callable[[Rng], Case]] = {}
    for name, says in SAYS.items():
        cases[f"distribution_{name}"] = lambda rng, says=says: function(
            lambda lib, x, y: says(lib.tt.distributions, x, y),
            normal(rng, 3, 4),
            normal(rng, 3, 4),
        )
    return cases


CASES = _cases()

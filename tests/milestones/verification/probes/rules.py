"""The update rules of the optimizers in NumPy, and what each common mistake would make of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray
Rule = Callable[[Array, list[Array]], Array]  # the parameter after steps with these gradients
Pair = tuple[float, float]


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum (Polyak, 1964) and weight decay, as PyTorch defines them."""

    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    first: float = 1.0  # the share of the first gradient in the velocity, and of the others
    share: float = 1.0
    first_kept: bool = True
    nesterov: bool = False

    def __call__(self, value: Array, gradients: list[Array]) -> Array:
        velocity = np.zeros_like(value)
        for t, given in enumerate(gradients, 1):
            g = given + self.weight_decay * value
            velocity = self.momentum * velocity + (self.share if t > 1 else self.first) * g
            value = value - self.lr * (g + self.momentum * velocity if self.nesterov else velocity)
            velocity = velocity * (self.first_kept or t > 1)
        return value


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma, Ba 2015), and AdamW (Loshchilov, Hutter 2019) with a decoupled decay."""

    lr: float
    weight_decay: float = 0.0
    decoupled: float = 0.0
    betas: Pair = (0.9, 0.999)
    share: Pair = (0.1, 0.001)
    corrected: Pair = (0.9, 0.999)
    count: Callable[[int], tuple[int, int]] = lambda t: (t, t)
    eps: float = 1e-8
    eps_inside: bool = False
    power: float = 0.5
    square: float = 2.0
    decay_last: bool = False

    def __call__(self, value: Array, gradients: list[Array]) -> Array:
        m = v = np.zeros_like(value)
        shrink = 1 - self.lr * self.decoupled
        for t, given in enumerate(gradients, 1):
            g = given + self.weight_decay * value
            m = self.betas[0] * m + self.share[0] * g
            v = self.betas[1] * v + self.share[1] * np.abs(g) ** self.square
            step = self.lr * self.direction(m, v, self.count(t))
            value = (value - step) * shrink if self.decay_last else value * shrink - step
        return value

    def direction(self, m: Array, v: Array, t: tuple[int, int]) -> Array:
        m_hat, v_hat = m / (1 - self.corrected[0] ** t[0]), v / (1 - self.corrected[1] ** t[1])
        if self.eps_inside:
            return np.asarray(m_hat / (v_hat + self.eps) ** self.power)
        return np.asarray(m_hat / (v_hat**self.power + self.eps))


def by_signs(rule: Rule) -> Rule:
    return lambda value, gradients: rule(value, [np.sign(g) for g in gradients])


def overwritten(rule: Rule) -> Rule:
    return lambda value, gradients: rule(value, gradients[-1:]) - value


def mistakes(rule: SGD | Adam) -> dict[str, Rule]:
    """The question that each common mistake asks, with the rule that it makes."""
    changes: dict[str, dict[str, Any]] = {
        "does it step with the gradient (uphill, the wrong sign)?": {"lr": -rule.lr},
        "is the step multiplied by the learning rate?": {"lr": 1.0},
    }
    if rule.weight_decay:
        changes |= {
            "is weight_decay used?": {"weight_decay": 0.0},
            "does the decay push away from zero (the wrong sign)?": {
                "weight_decay": -rule.weight_decay
            },
        }
    changes |= sgd_mistakes(rule) if isinstance(rule, SGD) else adam_mistakes(rule)
    found: dict[str, Rule] = {
        "is it `-=`, and not `=` (the old value is lost)?": overwritten(rule),
        "is the gradient used, not its sign alone?": by_signs(rule),
    }
    return found | {question: replace(rule, **change) for question, change in changes.items()}


def sgd_mistakes(right: SGD) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        "is the decay computed from the gradient instead of the parameter?": {
            "lr": right.lr * (1 + right.weight_decay), "weight_decay": 0.0,
        },
    } if right.weight_decay else {}  # fmt: skip
    if right.momentum:
        found |= {
            "is momentum used?": {"momentum": 0.0},
            "does the first velocity begin with the gradient?": {"first": 0.0},
            "is the first velocity kept for the next step?": {"first_kept": False},
            "is the velocity a sum, not a mean (the factor 1 - momentum)?": {
                "share": 1 - right.momentum
            },
            "is the new gradient added as it is, not multiplied by momentum?": {
                "share": right.momentum
            },
            "is the old velocity multiplied by momentum?": {"momentum": 1.0},
            "is it Nesterov's variant, though nesterov is False?": {"nesterov": True},
        }
    return found


def adam_mistakes(right: Adam) -> dict[str, dict[str, Any]]:
    if not right.decoupled:
        return IN_ADAM
    return IN_ADAM | {
        "is weight_decay used?": {"decoupled": 0.0},
        "is the decay multiplied by the learning rate?": {
            "decoupled": right.decoupled / right.lr
        },
        "is the decay kept out of the gradient (only Adam adds it there)?": {
            "decoupled": 0.0, "weight_decay": right.decoupled,
        },
        "does the decay let the weight grow (the wrong sign)?": {"decoupled": -right.decoupled},
        "is the decay applied after the step?": {"decay_last": True},
    }  # fmt: skip


IN_ADAM: dict[str, dict[str, Any]] = {
    "are beta1 and beta2 exchanged?": {
        "betas": (0.999, 0.9), "share": (0.001, 0.1), "corrected": (0.999, 0.9),
    },
    "is m corrected, m / (1 - beta1**t)?": {"corrected": (0.0, 0.999)},
    "is v corrected, v / (1 - beta2**t)?": {"corrected": (0.9, 0.0)},
    "are m and v corrected?": {"corrected": (0.0, 0.0)},
    "is v corrected by beta1 in place of beta2?": {"corrected": (0.9, 0.9)},
    "is the root of v taken?": {"power": 1.0},
    "is v the mean of the squares?": {"square": 1.0},
    "is eps added to the root of v, not to v under the root?": {"eps_inside": True},
    "is eps added?": {"eps": 0.0},
    "is eps added before v is corrected?": {"eps": 1e-8 * 0.001**-0.5},
    "is the new gradient multiplied by 1 - beta, not by beta?": {"share": (0.9, 0.999)},
    "is the new gradient multiplied by 1 - beta1, not by beta1?": {"share": (0.9, 0.001)},
    "is m multiplied by beta2 (or v by beta1)?": {"betas": (0.999, 0.999)},
    "is m kept for the next step?": {"betas": (0.0, 0.999)},
    "is the gradient itself used in place of its mean m?": {
        "betas": (0.0, 0.999), "share": (1.0, 0.001),
    },
    "are the steps counted, not each as the first?": {"count": lambda t: (1, 1)},
    "is the number of the step one too high?": {"count": lambda t: (t + 1, t + 1)},
    "is the step's number one too high in the correction of m?": {"count": lambda t: (t + 1, t)},
    "is the step's number one too high in the correction of v?": {"count": lambda t: (t, t + 1)},
    "is the number of the step one too low?": {"count": lambda t: (max(t - 1, 1),) * 2},
    "is the step's number one too low in the correction of m?": {
        "count": lambda t: (max(t - 1, 1), t)
    },
    "is the step's number one too low in the correction of v?": {
        "count": lambda t: (t, max(t - 1, 1))
    },
}  # fmt: skip

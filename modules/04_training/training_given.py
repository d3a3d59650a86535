# %% [markdown]
# # Given in module 04: Training
#
# Optimizers that are variations of what you write in `training.py`. They need the lesson's
# `Optimizer`, so they stand in a file of their own. Do not edit it; `tito doctor --fix` puts it
# back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## Root mean squares

# %%
#| default_exp optim.more
#| export
import numpy as np

from tinytorch.optim.optimizers import Optimizer, decayed
from tinytorch.tensor import Tensor

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


def _kept(state, name, p, value=0.0):
    """The array that is remembered under `name`, filled with `value` at first."""
    if name not in state:
        state[name] = Tensor(np.full_like(p.data, value))
    return state[name].data


class _Scaled(Optimizer):
    """What they share: the sign, the weight decay, and a count of the steps."""

    def update(self, p, grad, group):
        state = self.state[p]
        state["step"] = state.get("step", 0) + 1
        grad = -grad if group["maximize"] else grad
        if group["weight_decay"]:
            grad = decayed(p, grad, group["weight_decay"])
        self.scaled_step(p, grad, group, state)


class RMSprop(_Scaled):
    """Gradients over the root of their mean square (Tieleman, Hinton 2012).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: learning rate.
        alpha: how slowly the mean square moves.
        eps: added to the root.
        weight_decay: as in SGD.
        momentum: how much of the last velocity is kept.
        centered: take the square of the mean gradient off the mean square.
        maximize: climb instead.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        *,
        maximize=False,
    ):
        options = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        options |= {"momentum": momentum, "centered": centered, "maximize": maximize}
        super().__init__(params, options)

    def scaled_step(self, p, grad, group, state):
        alpha, square = group["alpha"], _kept(state, "square_avg", p)
        square += (1 - alpha) * (grad * grad - square)
        variance = square
        if group["centered"]:
            mean = _kept(state, "grad_avg", p)
            mean += (1 - alpha) * (grad - mean)
            variance = square - mean * mean
        step = grad / (np.sqrt(variance) + group["eps"])
        if group["momentum"]:
            velocity = _kept(state, "momentum_buffer", p)
            velocity *= group["momentum"]
            velocity += step
            step = velocity
        p.data -= group["lr"] * step


class Adagrad(_Scaled):
    """Gradients over the root of the sum of their squares so far (Duchi et al. 2011).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: learning rate; lr_decay: it falls as 1 / (1 + steps * lr_decay).
        weight_decay: as in SGD.
        initial_accumulator_value: what the sum begins with.
        eps: added to the root.
        maximize: climb instead.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        *,
        maximize=False,
    ):
        options = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        options |= {"initial_accumulator_value": initial_accumulator_value, "maximize": maximize}
        super().__init__(params, options)

    def scaled_step(self, p, grad, group, state):
        total = _kept(state, "sum", p, group["initial_accumulator_value"])
        total += grad * grad
        rate = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        p.data -= rate * grad / (np.sqrt(total) + group["eps"])


class Adadelta(_Scaled):
    """Steps in the unit of the weights, from the last steps' mean square (Zeiler 2012).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: what each step is multiplied with.
        rho: how slowly the mean squares move.
        eps: added below the roots.
        weight_decay: as in SGD.
        maximize: climb instead.
    """

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, *, maximize=False):
        options = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def scaled_step(self, p, grad, group, state):
        rho, eps = group["rho"], group["eps"]
        square, steps = _kept(state, "square_avg", p), _kept(state, "acc_delta", p)
        square += (1 - rho) * (grad * grad - square)
        step = np.sqrt(steps + eps) / np.sqrt(square + eps) * grad
        steps += (1 - rho) * (step * step - steps)
        p.data -= group["lr"] * step

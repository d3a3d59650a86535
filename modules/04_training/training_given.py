# %% [markdown]
# # Given in module 04: Training
#
# Optimizers that are variations of what you write in `training.py`, and one of another kind. They
# need the lesson's `Optimizer`, so they stand in files of their own. At the end, distributions to
# draw from. Do not edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## Root mean squares

# %%
#| default_exp optim.more
#| export
import functools

import numpy as np

from tinytorch.nn import utils_more
from tinytorch.optim import lr_scheduler_more
from tinytorch.optim.lbfgs import LBFGS
from tinytorch.optim.optimizers import SGD, Adam, AdamW, Optimizer, decayed
from tinytorch.tensor import Tensor

__all__ = ["LBFGS", "Adadelta", "Adagrad", "Adamax", "NAdam", "RAdam", "RMSprop"]


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


class _LikeAdam(_Scaled):
    """What the relatives of Adam share: the two averages, and decay beside the gradient."""

    def update(self, p, grad, group):
        if group.get("decoupled_weight_decay"):
            p.data *= 1 - group["lr"] * group["weight_decay"]
            group = {**group, "weight_decay": 0}
        super().update(p, grad, group)

    def averages(self, p, grad, group, state):
        """The running means of the gradient and of its square, without their correction."""
        (beta1, beta2), mean = group["betas"], _kept(state, "exp_avg", p)
        square = _kept(state, "exp_avg_sq", p)
        mean += (1 - beta1) * (grad - mean)
        square += (1 - beta2) * (grad * grad - square)
        return mean, square


class Adamax(_LikeAdam):
    """Adam over the largest gradient so far instead of the mean square (Kingma, Ba 2015).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr, betas, eps, weight_decay, maximize: as in Adam.
    """

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, *, maximize=False
    ):
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def scaled_step(self, p, grad, group, state):
        (beta1, beta2), mean = group["betas"], _kept(state, "exp_avg", p)
        mean += (1 - beta1) * (grad - mean)
        largest = _kept(state, "exp_inf", p)
        np.maximum(largest * beta2, np.abs(grad) + group["eps"], out=largest)
        p.data -= group["lr"] / (1 - beta1 ** state["step"]) * mean / largest


class NAdam(_LikeAdam):
    """Adam that looks ahead, as Nesterov's momentum does (Dozat 2016).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr, betas, eps, weight_decay, maximize: as in Adam.
        momentum_decay: how slowly the momentum grows.
        decoupled_weight_decay: shrink the weights as AdamW does.
    """

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
        decoupled_weight_decay=False,
        *,
        maximize=False,
    ):
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        options |= {"momentum_decay": momentum_decay, "maximize": maximize}
        options |= {"decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, options)

    def scaled_step(self, p, grad, group, state):
        mean, square = self.averages(p, grad, group, state)
        (beta1, beta2), t, slow = group["betas"], state["step"], group["momentum_decay"]
        now, ahead = (beta1 * (1 - 0.5 * 0.96 ** (s * slow)) for s in (t, t + 1))
        product = _kept(state, "mu_product", p, 1.0).flat[0] * now
        state["mu_product"].data[...] = product
        root = np.sqrt(square / (1 - beta2**t)) + group["eps"]
        p.data -= group["lr"] * (1 - now) / (1 - product) * grad / root
        p.data -= group["lr"] * ahead / (1 - product * ahead) * mean / root


class RAdam(_LikeAdam):
    """Adam whose step sizes wait until there are gradients enough (Liu et al. 2020).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr, betas, eps, weight_decay, maximize: as in Adam.
        decoupled_weight_decay: shrink the weights as AdamW does.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        maximize=False,
    ):
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        options |= {"decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize}
        super().__init__(params, options)

    def scaled_step(self, p, grad, group, state):
        mean, square = self.averages(p, grad, group, state)
        (beta1, beta2), t = group["betas"], state["step"]
        step = group["lr"] * mean / (1 - beta1**t)
        most = 2 / (1 - beta2) - 1
        length = most - 2 * t * beta2**t / (1 - beta2**t)
        if length > 5:
            factor = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
            root = np.sqrt(square) + group["eps"]
            step = step * (np.sqrt(factor * (1 - beta2**t)) / root)
        p.data -= step


# %% [markdown]
# ## PyTorch's other arguments
#
# Several of them say how the numbers are computed, and change none; `amsgrad` does change them.


# %%
#| export
SWITCHES = ("foreach", "fused", "capturable", "differentiable")


def _taking_switches(cls):
    """Let an optimizer take the arguments that only say how PyTorch computes."""
    make = cls.__init__

    @functools.wraps(make)
    def __init__(self, *args, **kwargs):
        for name in SWITCHES:
            kwargs.pop(name, None)
        make(self, *args, **kwargs)

    cls.__init__ = __init__


def _taking_amsgrad(cls, decouples):
    """Let Adam take `amsgrad`, and AdamW `maximize`; without them it is the lesson's own."""
    make, update = cls.__init__, cls.update

    @functools.wraps(make)
    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2 if decouples else 0,
        amsgrad=False,
        *,
        maximize=False,
    ):
        if type(self) is not cls and cls is Adam:  # AdamW calls this one with its own arguments
            make(self, params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
            return
        make(self, params, lr, betas, eps, weight_decay)
        self.defaults |= {"amsgrad": amsgrad, "maximize": maximize}
        for group in self.param_groups:
            group["amsgrad"] = group.get("amsgrad", amsgrad)
            group["maximize"] = group.get("maximize", False) or maximize

    def new_update(self, p, grad, group):
        if decouples and group.get("maximize"):
            grad = -grad
        if group.get("amsgrad"):
            _amsgrad_step(p, grad, group, self.state[p], decouples)
        else:
            update(self, p, grad, group)

    cls.__init__, cls.update = __init__, new_update


def _amsgrad_step(p, grad, group, state, decouples):
    """Adam over the largest mean square so far (Reddi et al. 2018)."""
    if decouples:
        p.data *= 1 - group["lr"] * group["weight_decay"]
    else:
        grad = -grad if group["maximize"] else grad
        grad = decayed(p, grad, group["weight_decay"]) if group["weight_decay"] else grad
    (beta1, beta2), t = group["betas"], state.get("step", 0) + 1
    state["step"] = t
    mean, square = _kept(state, "exp_avg", p), _kept(state, "exp_avg_sq", p)
    mean += (1 - beta1) * (grad - mean)
    square += (1 - beta2) * (grad * grad - square)
    largest = _kept(state, "max_exp_avg_sq", p)
    np.maximum(largest, square, out=largest)
    root = np.sqrt(largest / (1 - beta2**t)) + group["eps"]
    p.data -= group["lr"] / (1 - beta1**t) * mean / root


def _shown(self):
    """As PyTorch shows it: the class, and the options of each group."""
    lines = [f"{type(self).__name__} ("]
    for number, group in enumerate(self.param_groups):
        lines.append(f"Parameter Group {number}")
        lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
    return "\n".join([*lines, ")"])


Optimizer.__repr__ = _shown

_taking_amsgrad(Adam, False)
_taking_amsgrad(AdamW, True)
for _optimizer in (SGD, Adam, AdamW, Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop):
    _taking_switches(_optimizer)


# %% [markdown]
# ## More schedules
#
# They follow the learning rate of the step before, or other schedules.


# %%
#| export optim.lr_scheduler_more
import math

from tinytorch.optim import lr_scheduler
from tinytorch.optim.lr_scheduler import LRScheduler

__all__ = []


class ConstantLR(LRScheduler):
    """`factor` times the base, until epoch `total_iters`; then the base itself."""

    def __init__(self, optimizer, factor=1 / 3, total_iters=5, last_epoch=-1):
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: factor={factor} must be from 0 to 1")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        factor = self.factor if self.last_epoch < self.total_iters else 1.0
        return [base * factor for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Down to 0 in `total_iters` epochs, as a power of what is left."""

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1):
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        left = 1 - min(self.last_epoch, self.total_iters) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]


class MultiplicativeLR(LRScheduler):
    """The present learning rate times a function of the epoch."""

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        count = len(optimizer.param_groups)
        many = isinstance(lr_lambda, (list, tuple))
        self.lr_lambdas = list(lr_lambda) if many else [lr_lambda] * count
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.last_epoch == 0:
            return list(self.base_lrs)
        groups = zip(self.optimizer.param_groups, self.lr_lambdas)
        return [group["lr"] * function(self.last_epoch) for group, function in groups]

    def _rescaled(self, base, present, last):
        return base


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine wave down to `eta_min`, again and again (Loshchilov, Hutter 2017).

    T_0: epochs of the first wave; T_mult: how many times longer each next one is.
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1):
        if T_0 < 1 or T_mult < 1:
            raise ValueError(f"T_0={T_0} and T_mult={T_mult} must be whole numbers from 1 on")
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        part = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]

    def step(self, epoch=None):
        """Go on to the next epoch, or to this one; it may have decimals."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self.T_cur, self.T_i = self.last_epoch, self.T_0
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        self.last_epoch = math.floor(self.last_epoch)
        self._last_lr = [float(lr) for lr in self.get_lr()]
        for group, lr in zip(self.optimizer.param_groups, self._last_lr):
            group["lr"] = lr


class _MovesMomentumToo(LRScheduler):
    """Schedules that lower the momentum while they raise the learning rate."""

    def step(self):
        super().step()
        if self.cycle_momentum:
            for group, value in zip(self.optimizer.param_groups, self.momenta()):
                if "betas" in group:
                    group["betas"] = (value, *group["betas"][1:])
                else:
                    group["momentum"] = value

    def _check_momentum(self, optimizer):
        first = optimizer.param_groups[0]
        if self.cycle_momentum and not ("betas" in first or first.get("momentum")):
            raise ValueError("cycle_momentum=True needs an optimizer with momentum or betas")

    def _rescaled(self, base, present, last):
        return base


def _each(value, optimizer):
    """One number for each group."""
    groups = optimizer.param_groups
    return list(value) if isinstance(value, (list, tuple)) else [value] * len(groups)


class OneCycleLR(_MovesMomentumToo):
    """Up to `max_lr`, then down to almost nothing, in one cycle (Smith, Topin 2018).

    Args:
        optimizer: whose learning rates to change; max_lr: the highest, one or one for each group.
        total_steps: of the cycle; or epochs times steps_per_epoch.
        pct_start: the part that goes up; anneal_strategy: "cos" or "linear".
        cycle_momentum: move the momentum from max_momentum to base_momentum and back.
        div_factor: how many times lower it starts; final_div_factor: lower than that at the end.
        three_phase: down to the start first, and then to the end.
    """

    def __init__(
        self,
        optimizer,
        max_lr,
        total_steps=None,
        epochs=None,
        steps_per_epoch=None,
        pct_start=0.3,
        anneal_strategy="cos",
        cycle_momentum=True,
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=25.0,
        final_div_factor=1e4,
        three_phase=False,
        last_epoch=-1,
    ):
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("OneCycleLR: total_steps, or both epochs and steps_per_epoch")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', not {anneal_strategy!r}")
        self.total_steps = epochs * steps_per_epoch if total_steps is None else total_steps
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        self._check_momentum(optimizer)
        up = float(pct_start * self.total_steps) - 1
        ends = [up, 2 * up, self.total_steps - 1] if three_phase else [up, self.total_steps - 1]
        self.max_lrs = _each(max_lr, optimizer)
        self.rates = []
        for top in self.max_lrs:
            low = top / div_factor
            heights = [low, top, low] if three_phase else [low, top]
            self.rates.append([*heights, low / final_div_factor])
        most, least = max_momentum, base_momentum
        self.momenta_of = [most, least, most, most] if three_phase else [most, least, most]
        self.ends = ends
        if last_epoch == -1:
            for group, heights in zip(optimizer.param_groups, self.rates):
                group["initial_lr"] = heights[0]
        super().__init__(optimizer, last_epoch)

    def _at(self, heights):
        """Where the present step is on the way from height to height."""
        if self.last_epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: step {self.last_epoch} of {self.total_steps}")
        start = 0.0
        for number, end in enumerate(self.ends):
            if self.last_epoch <= end or number == len(self.ends) - 1:
                part = (self.last_epoch - start) / (end - start)
                break
            start = end
        a, b = heights[number : number + 2]
        if self.anneal_strategy == "linear":
            return a + (b - a) * part
        return b + (a - b) / 2 * (1 + math.cos(math.pi * part))

    def get_lr(self):
        return [self._at(heights) for heights in self.rates]

    def momenta(self):
        return [self._at(self.momenta_of)] * len(self.rates)


class CyclicLR(_MovesMomentumToo):
    """Up and down between two learning rates (Smith 2017).

    Args:
        optimizer: whose learning rates to change; base_lr, max_lr: the ends.
        step_size_up, step_size_down: steps on the way up and down.
        mode: "triangular", "triangular2" (half as high each time) or "exp_range" (gamma**step).
        scale_fn, scale_mode: a function of the "cycle" or of the step ("iterations") instead.
        cycle_momentum, base_momentum, max_momentum: as in OneCycleLR.
    """

    def __init__(
        self,
        optimizer,
        base_lr,
        max_lr,
        step_size_up=2000,
        step_size_down=None,
        mode="triangular",
        gamma=1.0,
        scale_fn=None,
        scale_mode="cycle",
        cycle_momentum=True,
        base_momentum=0.8,
        max_momentum=0.9,
        last_epoch=-1,
    ):
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError("mode is invalid and scale_fn is None")
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self.scale_fn, self.scale_mode = mode, gamma, scale_fn, scale_mode
        self.max_lrs, self.cycle_momentum = _each(max_lr, optimizer), cycle_momentum
        self.base_momentum, self.max_momentum = base_momentum, max_momentum
        self._check_momentum(optimizer)
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, _each(base_lr, optimizer)):
                group["initial_lr"] = group["lr"] = low
        super().__init__(optimizer, last_epoch)

    def _height(self):
        """How far up the present step is, from 0 to 1."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        part = 1 + self.last_epoch / self.total_size - cycle
        if part <= self.step_ratio:
            height = part / self.step_ratio
        else:
            height = (part - 1) / (self.step_ratio - 1)
        if self.scale_fn is not None:
            return height * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        scales = {"triangular": 1.0, "triangular2": 2.0 ** (1 - cycle)}
        return height * scales.get(self.mode, self.gamma**self.last_epoch)

    def get_lr(self):
        pairs = zip(self.base_lrs, self.max_lrs)
        return [low + (high - low) * self._height() for low, high in pairs]

    def momenta(self):
        moved = (self.max_momentum - self.base_momentum) * self._height()
        return [self.max_momentum - moved] * len(self.base_lrs)


class SequentialLR(LRScheduler):
    """One schedule after the other; the next begins at each of the `milestones`."""

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        if len(milestones) != len(schedulers) - 1:
            raise ValueError("SequentialLR: one milestone less than schedulers")
        self._schedulers, self._milestones = list(schedulers), list(milestones)
        self.optimizer, self.last_epoch = optimizer, last_epoch + 1
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in self._schedulers:  # undo the step that each has taken when it was made
            scheduler.last_epoch -= 1
            scheduler._last_lr = [group["lr"] for group in optimizer.param_groups]
            scheduler.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self._schedulers[0].step()
        self._last_lr = self._schedulers[0].get_last_lr()

    def step(self):
        self.last_epoch += 1
        number = sum(self.last_epoch >= milestone for milestone in self._milestones)
        scheduler = self._schedulers[number]
        if number and self.last_epoch == self._milestones[number - 1]:
            scheduler.last_epoch = -1
            scheduler._last_lr = [group["lr"] for group in self.optimizer.param_groups]
        scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def state_dict(self):
        kept = {"last_epoch": self.last_epoch, "_milestones": self._milestones}
        return {**kept, "_schedulers": [each.state_dict() for each in self._schedulers]}

    def load_state_dict(self, state_dict):
        self.last_epoch = state_dict["last_epoch"]
        for scheduler, kept in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(kept)


class ChainedScheduler(LRScheduler):
    """Several schedules at once: each goes on from what the others have made of it."""

    def __init__(self, schedulers, optimizer=None):
        self._schedulers = list(schedulers)
        self.optimizer = optimizer or self._schedulers[0].optimizer
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def step(self):
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        return {"_schedulers": [each.state_dict() for each in self._schedulers]}

    def load_state_dict(self, state_dict):
        for scheduler, kept in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(kept)


class ReduceLROnPlateau:
    """Multiply the learning rate by `factor` when a number has stopped to get better.

    Args:
        optimizer: whose learning rates to change.
        mode: "min" if lower is better, "max" if higher is.
        factor: below 1; patience: epochs without progress that are forgiven.
        threshold, threshold_mode: how much is progress, a part ("rel") or an amount ("abs").
        cooldown: epochs after a change that do not count; min_lr: not lower than this.
        eps: a change that is smaller is not made.
    """

    def __init__(
        self,
        optimizer,
        mode="min",
        factor=0.1,
        patience=10,
        threshold=1e-4,
        threshold_mode="rel",
        cooldown=0,
        min_lr=0,
        eps=1e-8,
    ):
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(f"mode {mode!r} or threshold_mode {threshold_mode!r} is unknown")
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown = threshold, threshold_mode, cooldown
        self.min_lrs, self.eps = _each(min_lr, optimizer), eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    def step(self, metrics):
        """Look at the number of another epoch."""
        current = float(metrics)
        self.last_epoch += 1
        if self._is_better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _is_better(self, current):
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            bar = self.best * (1 - sign * self.threshold)
        else:
            bar = self.best - sign * self.threshold
        return current < bar if self.mode == "min" else current > bar

    def _reduce(self):
        for group, least in zip(self.optimizer.param_groups, self.min_lrs):
            new = max(float(group["lr"]) * self.factor, least)
            if group["lr"] - new > self.eps:
                group["lr"] = new

    def get_last_lr(self):
        return self._last_lr

    def state_dict(self):
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict):
        vars(self).update(state_dict)


for _schedule in (
    ChainedScheduler, ConstantLR, CosineAnnealingWarmRestarts, CyclicLR, MultiplicativeLR,
    OneCycleLR, PolynomialLR, ReduceLROnPlateau, SequentialLR,
):  # fmt: skip
    setattr(lr_scheduler, _schedule.__name__, _schedule)
    lr_scheduler.__all__.append(_schedule.__name__)


# %% [markdown]
# ## All parameters at once, and weights in another form


# %%
#| export nn.utils_more
import numpy as np

from tinytorch.nn import functional as F
from tinytorch.nn import utils
from tinytorch.nn.modules import Parameter
from tinytorch.tensor import Tensor, cat, wrap

__all__ = []


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Cut off every gradient at -clip_value and clip_value, in place."""
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    for p in parameters:
        if p.grad is not None:
            np.clip(p.grad.data, -clip_value, clip_value, out=p.grad.data)


def parameters_to_vector(parameters):
    """All parameters, one after the other, in one vector."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec, parameters):
    """Fill the parameters with the numbers of one vector."""
    at = 0
    for p in parameters:
        p.data = vec.data[at : at + p.data.size].reshape(p.data.shape).copy()
        at += p.data.size


def _norm_of_rows(weight, dim):
    """The norm over all dimensions but `dim`, of the same number of dimensions."""
    others = tuple(d for d in range(weight.ndim) if d != dim)
    return weight.norm(2, others, keepdim=True) if others else weight.abs()


class _Recomputed:
    """A hook that computes a weight anew before each `forward`."""

    def __init__(self, module, name, compute):
        self.name, self.compute = name, compute
        del module._parameters[name]
        self(module, ())
        self.handle = module.register_forward_pre_hook(self)

    def __call__(self, module, inputs):
        object.__setattr__(module, self.name, self.compute(module))

    def undo(self, module, weight):
        """Let the weight be an ordinary parameter again."""
        self.handle.remove()
        object.__delattr__(module, self.name)
        module.register_parameter(self.name, Parameter(weight.detach()))


def weight_norm(module, name="weight", dim=0):
    """A weight as a length `weight_g` times a direction `weight_v` (Salimans, Kingma 2016).

    dim: one length for each entry along it; None: one for all.
    """
    weight = getattr(module, name)
    dim = -1 if dim is None else dim
    length, direction = f"{name}_g", f"{name}_v"
    module.register_parameter(length, Parameter(_norm_of_rows(weight, dim).detach()))
    module.register_parameter(direction, Parameter(weight.detach().clone()))

    def compute(module):
        v = getattr(module, direction)
        return v * (getattr(module, length) / _norm_of_rows(v, dim))

    module.__dict__.setdefault("_recomputed", {})[name] = _Recomputed(module, name, compute)
    return module


def remove_weight_norm(module, name="weight"):
    """The weight as an ordinary parameter, with the numbers it has now."""
    recomputed = module.__dict__["_recomputed"].pop(name)
    weight = recomputed.compute(module)
    for part in ("_g", "_v"):
        delattr(module, name + part)
    recomputed.undo(module, weight)
    return module


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=0):
    """A weight over its largest singular value (Miyato et al. 2018), found step by step."""
    weight, kept = getattr(module, name), f"{name}_orig"
    module.register_parameter(kept, Parameter(weight.detach().clone()))
    rows = weight.shape[dim]
    for part, size in (("_u", rows), ("_v", weight.numel() // rows)):
        start = wrap(np.zeros(size, weight.dtype)).normal_(0, 1)
        module.register_buffer(name + part, F.normalize(start, dim=0, eps=eps))

    def compute(module):
        full = getattr(module, kept)
        matrix = full.movedim(dim, 0).reshape(rows, -1)
        u, v = getattr(module, f"{name}_u"), getattr(module, f"{name}_v")
        if module.training:
            for _ in range(n_power_iterations):
                v.data = F.normalize(matrix.detach().T @ u, dim=0, eps=eps).data
                u.data = F.normalize(matrix.detach() @ v, dim=0, eps=eps).data
        return full / (u.clone() @ (matrix @ v.clone()))

    _Recomputed(module, name, compute)
    return module


for _function in (
    clip_grad_value_, parameters_to_vector, remove_weight_norm, spectral_norm,
    vector_to_parameters, weight_norm,
):  # fmt: skip
    setattr(utils, _function.__name__, _function)


# %% [markdown]
# ## Averages of weights


# %%
#| export optim.swa_utils
import copy
import math

from tinytorch.autograd import no_grad
from tinytorch.nn.modules import Module
from tinytorch.optim.lr_scheduler import LRScheduler
from tinytorch.tensor import Tensor, tensor

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "update_bn"]


def get_ema_avg_fn(decay=0.999):
    """The function for `avg_fn` of a mean that forgets: decay * mean + (1 - decay) * new."""
    return lambda mean, new, count: decay * mean + (1 - decay) * new


def get_ema_multi_avg_fn(decay=0.999):
    """The same for `multi_avg_fn`: lists of tensors, the first of which is changed."""

    def update(means, news, count):
        for mean, new in zip(means, news):
            mean.data[...] = decay * mean.data + (1 - decay) * new.data

    return update


class AveragedModel(Module):
    """A copy of a model whose parameters are means (Izmailov et al. 2018).

    Args:
        model: the one that learns.
        device: "cpu" or None.
        avg_fn: from mean, new value and how many there were to the new mean; None: all alike.
        multi_avg_fn: the same for lists, the first of which is changed.
        use_buffers: take means of the buffers too; else they are copied.
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        self.module = copy.deepcopy(model).to(device=device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    def update_parameters(self, model):
        """Let the parameters of `model`, as they are now, take part in the means."""
        pairs = list(zip(self.module.parameters(), model.parameters()))
        buffers = list(zip(self.module.buffers(), model.buffers()))
        pairs += buffers if self.use_buffers else []
        count = self.n_averaged.item()
        with no_grad():
            if count == 0:
                for mean, new in pairs:
                    mean.data[...] = new.data
            elif self.multi_avg_fn is not None:
                self.multi_avg_fn(*map(list, zip(*pairs)), count)
            else:
                average = self.avg_fn or (lambda mean, new, n: mean + (new - mean) / (n + 1))
                for mean, new in pairs:
                    mean.data[...] = average(mean.detach(), new.detach(), count).data
        for own, theirs in () if self.use_buffers else buffers:
            own.data[...] = theirs.data
        self.n_averaged.data += 1


def update_bn(loader, model, device=None):
    """Let the running statistics of batch normalization be those of `loader`'s batches."""
    layers = [m for m in model.modules() if getattr(m, "running_mean", None) is not None]
    momenta = [layer.momentum for layer in layers]
    if not layers:
        return
    was_training = model.training
    model.train()
    for layer in layers:
        layer.running_mean.data[...], layer.running_var.data[...] = 0, 1
        layer.num_batches_tracked.data[...] = 0
        layer.momentum = None
    with no_grad():
        for batch in loader:
            model(batch if isinstance(batch, Tensor) else batch[0])
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """To `swa_lr` in `anneal_epochs` epochs, and then on with it; anneal_strategy: cos, linear."""

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        groups = optimizer.param_groups
        many = isinstance(swa_lr, (list, tuple))
        self.swa_lrs = list(swa_lr) if many else [swa_lr] * len(groups)
        self.anneal_epochs = anneal_epochs
        self.anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        done = min(1.0, self.last_epoch / max(1, self.anneal_epochs))
        part = (1 - math.cos(math.pi * done)) / 2 if self.anneal_strategy == "cos" else done
        return [base + (end - base) * part for base, end in zip(self.base_lrs, self.swa_lrs)]

    def _rescaled(self, base, present, last):
        return base


# %% [markdown]
# ## Curvature from the last steps
#
# An optimizer that asks for the loss as often as it needs it, so that it can look along a line.

# %%
#| export optim.lbfgs
import math
from typing import NamedTuple

import numpy as np

from tinytorch.autograd import enable_grad
from tinytorch.optim.optimizers import Optimizer
from tinytorch.tensor import Tensor, wrap

__all__ = ["LBFGS"]

FALLS_ENOUGH, FLATTENS_ENOUGH = 1e-4, 0.9  # c1 and c2 of the Wolfe conditions
LEAST_CURVATURE = 1e-10  # steps with less are not remembered: the estimate would not be convex
VECTORS, LISTS = ("d", "prev_flat_grad"), ("old_dirs", "old_stps")  # of tensors, in the state


class _At(NamedTuple):
    """What is known of one place on the line: its step, and there the loss, with its slopes."""

    step: float
    loss: float
    grad: np.ndarray
    slope: float  # along the line


class LBFGS(Optimizer):
    """Newton's method with the curvature of the last steps in place of a matrix.

    One step calls the closure many times: at most `max_eval` times. There is one parameter group.

    Args:
        params: an iterable of parameters.
        lr: the length of a step in units of Newton's; with a line search where it begins.
        max_iter: how many directions one call of `step` follows at most.
        max_eval: how often it may call the closure; None for max_iter * 5 // 4.
        tolerance_grad: stop where no slope is larger.
        tolerance_change: stop where neither the loss nor a parameter changes more.
        history_size: how many steps are remembered.
        line_search_fn: None, or "strong_wolfe".

    Raises:
        ValueError: a negative option, no parameters, or more than one group.

    Source: Liu, Nocedal (1989); the line search: Nocedal, Wright (2006), algorithms 3.5 and 3.6.

    Example:
        >>> w = tensor([5.0], requires_grad=True)
        >>> optimizer = LBFGS([w], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((w - 2) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(9., grad_fn=<Sum>)
        >>> w
        tensor([2.], requires_grad=True)
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        options = {"lr": lr, "max_iter": max_iter, "max_eval": max_eval}
        options |= {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        options |= {"history_size": history_size, "line_search_fn": line_search_fn}
        super().__init__(params, options)

    def add_param_group(self, param_group):
        """Refuses a second group: all parameters are one vector here."""
        if self.param_groups:
            raise ValueError("LBFGS has one parameter group, without options for single parameters")
        super().add_param_group(param_group)

    @property
    def _parameters(self):
        return self.param_groups[0]["params"]

    @property
    def _memory(self):
        """What is remembered; it stands with the first parameter, as in PyTorch."""
        return self.state[self._parameters[0]]

    def step(self, closure):
        """Follow up to `max_iter` directions downhill.

        Args:
            closure: clears the gradients, computes the loss and its gradients, returns the loss.

        Returns:
            What the closure returned first.

        Raises:
            RuntimeError: `line_search_fn` is another name.
            TypeError: the closure returned no loss.
        """
        group, memory = self.param_groups[0], self._memory
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported: {group['line_search_fn']!r}")
        closure = enable_grad()(closure)
        counts = {"func_evals": memory.get("func_evals", 0), "n_iter": memory.get("n_iter", 0)}
        memory.update(counts)
        first = closure()
        loss, grad = self._seen(first)
        if np.abs(grad).max() > group["tolerance_grad"]:
            allowed = counts["func_evals"] + group["max_eval"]
            self._descend(closure, loss, grad, group, allowed)
        return first

    def _descend(self, closure, loss, grad, group, allowed):
        """Direction after direction, until one of the reasons to stop is there.

        Args:
            loss, grad: at the present parameters; grad is one array of all slopes.
            allowed: stop when the count of the closure's calls is here.
        """
        memory = self._memory
        for left in reversed(range(group["max_iter"])):
            memory["n_iter"] += 1
            direction = self._direction(grad, group["history_size"])
            start = _At(0.0, loss, grad, float(grad @ direction))
            step = group["lr"]
            if memory["n_iter"] == 1:
                step *= min(1.0, 1.0 / float(np.abs(grad).sum()))
            memory.update(d=wrap(direction), t=step, prev_flat_grad=wrap(grad), prev_loss=loss)
            if start.slope > -group["tolerance_change"]:
                return
            if group["line_search_fn"] is not None:
                most = allowed - memory["func_evals"]
                line = self._along(closure, direction)
                step, loss, grad, _ = _search(line, start, step, direction, most, group)
                memory["t"] = step
            self._move(step, direction)
            if left == 0:  # nobody would look at what the closure says here
                return
            if group["line_search_fn"] is None:
                loss, grad = self._seen(closure())
            if memory["func_evals"] >= allowed or _is_still(start, loss, grad, step, group, memory):
                return

    def _direction(self, grad, history_size):
        """Minus the estimated inverse of the curvature times `grad` (Nocedal 1980)."""
        memory = self._memory
        if memory["n_iter"] == 1:
            memory.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -grad
        self._remember(grad - memory["prev_flat_grad"].data, history_size)
        changes, steps = ([x.data for x in memory[name]] for name in LISTS)
        pairs = list(zip(changes, steps, memory["ro"]))
        q, parts = -grad, []
        for change, step, ro in reversed(pairs):
            parts.append(float(step @ q) * ro)
            q -= parts[-1] * change
        q *= memory["H_diag"]
        for change, step, ro in pairs:
            q += (parts.pop() - float(change @ q) * ro) * step
        return q

    def _remember(self, change, history_size):
        """Keep the last step, and by how much the slopes changed on it."""
        memory = self._memory
        step = memory["d"].data * memory["t"]
        curvature = float(change @ step)
        if curvature <= LEAST_CURVATURE:
            return
        for name, new in (("old_dirs", wrap(change)), ("old_stps", wrap(step))):
            memory[name] = [*memory[name], new][-history_size:]
        memory["ro"] = [*memory["ro"], 1.0 / curvature][-history_size:]
        memory["H_diag"] = curvature / float(change @ change)

    def _seen(self, loss):
        """The loss as a number, and all slopes as one array, after a call of the closure."""
        if loss is None:
            raise TypeError("LBFGS: the closure returned None: let it return the loss")
        self._memory["func_evals"] += 1
        parameters = self._parameters
        slopes = [np.zeros_like(p.data) if p.grad is None else p.grad.data for p in parameters]
        return float(loss), np.concatenate([np.ravel(part) for part in slopes])

    def _move(self, step, direction):
        """Go on by `step` times `direction`."""
        at = 0
        for p in self._parameters:
            part = direction[at : at + p.data.size]
            p.data += step * part.reshape(p.data.shape)
            at += p.data.size

    def _along(self, closure, direction):
        """A function that looks at a place on the line and comes back to where it was."""
        here = [p.data.copy() for p in self._parameters]

        def at(step):
            self._move(step, direction)
            loss, grad = self._seen(closure())
            for p, before in zip(self._parameters, here):
                p.data[...] = before
            return _At(step, loss, grad, float(grad @ direction))

        return at

    def load_state_dict(self, state_dict):
        """Go on from the `state_dict()` of an LBFGS with the same parameters, in this order.

        Raises:
            ValueError: it does not fit these parameters; nothing has changed then.
        """
        kept = dict(next(iter(state_dict["state"].values()), {}))
        size = sum(p.data.size for p in self._parameters)
        for vector in [*(kept.get(name) for name in VECTORS), *kept.get("old_dirs", ())]:
            if vector is not None and vector.shape != (size,):
                raise ValueError(f"the state is of {vector.shape} numbers, the optimizer of {size}")
        super().load_state_dict({**state_dict, "state": {}})
        dtype = self._parameters[0].dtype
        for name in VECTORS:
            kept |= {name: Tensor(kept[name], dtype=dtype)} if name in kept else {}
        for name in LISTS:
            kept |= {name: [Tensor(x, dtype=dtype) for x in kept[name]]} if name in kept else {}
        self._memory.update(kept)


def _is_still(start, loss, grad, step, group, memory):
    """Whether the slopes are nearly 0, or the last step has changed nearly nothing."""
    least = group["tolerance_change"]
    return (
        np.abs(grad).max() <= group["tolerance_grad"]
        or np.abs(memory["d"].data * step).max() <= least
        or abs(loss - start.loss) < least
    )


def _search(line, start, step, direction, most, group):
    """A place that is low and flat enough (the strong Wolfe conditions), or the lowest one seen.

    Args:
        line: gives an `_At` for a step; start: that of step 0; step: the first to try.
        most: how many more may be tried after it.
    """
    bracket, found, tried = _bracket(line, start, line(step), most)
    width = float(np.abs(direction).max())
    hesitated = False
    while not found and tried < most:
        if abs(bracket[1].step - bracket[0].step) * width < group["tolerance_change"]:
            break
        step, hesitated = _kept_inside(_lowest_of_cubic(*bracket), bracket, hesitated)
        new = line(step)
        tried += 1
        found = _narrow(bracket, new, start)
    return bracket[_lower(bracket)]


def _is_too_high(place, start):
    return place.loss > start.loss + FALLS_ENOUGH * place.step * start.slope


def _is_flat(place, start):
    return abs(place.slope) <= -FLATTENS_ENOUGH * start.slope


def _lower(bracket):
    return 0 if bracket[0].loss <= bracket[-1].loss else 1


def _bracket(line, start, new, most):
    """Two places with a good one between them, or a good one itself; further and further out.

    Returns:
        list of `_At`, whether its only one is good, and how many were tried after `new`.
    """
    before = start
    for tried in range(most):
        if _is_too_high(new, start) or (tried > 1 and new.loss >= before.loss):
            return [before, new], False, tried
        if _is_flat(new, start):
            return [new], True, tried
        if new.slope >= 0:
            return [before, new], False, tried
        ends = new.step + 0.01 * (new.step - before.step), new.step * 10
        step = _lowest_of_cubic(before, new, ends)
        before, new = new, line(step)
    return [start, new], False, most


def _narrow(bracket, new, start):
    """Let `new` be an end of the bracket; return whether it is good."""
    low = _lower(bracket)
    high = 1 - low
    if _is_too_high(new, start) or new.loss >= bracket[low].loss:
        bracket[high] = new
        return False
    good = _is_flat(new, start)
    if not good and new.slope * (bracket[high].step - bracket[low].step) >= 0:
        bracket[high] = bracket[low]
    bracket[low] = new
    return good


def _kept_inside(step, bracket, hesitated):
    """`step`, or a place a tenth from an end if it is at one, or near one for the second time."""
    low, high = sorted(place.step for place in bracket)
    margin = 0.1 * (high - low)
    if min(high - step, step - low) >= margin:
        return step, False
    if not hesitated and low < step < high:
        return step, True
    return (high - margin if abs(step - high) < abs(step - low) else low + margin), False


def _lowest_of_cubic(a, b, ends=None):
    """Where the cubic through two places is lowest (Nocedal, Wright 2006, 3.59), within `ends`."""
    a, b = sorted((a, b), key=lambda place: place.step)
    low, high = (a.step, b.step) if ends is None else ends
    middle = (low + high) / 2
    if a.step == b.step:
        return middle
    mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = mean * mean - a.slope * b.slope
    if not square >= 0:
        return middle
    root = math.sqrt(square)
    below = b.slope - a.slope + 2 * root
    if below == 0:
        return middle
    return min(max(b.step - (b.step - a.step) * ((b.slope + root - mean) / below), low), high)


# %% [markdown]
# ## Distributions
#
# What is drawn, and how probable it was: what a network that decides by chance is trained with.

# %%
#| export distributions
import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

import tinytorch as tt
from tinytorch.autograd import enable_grad, no_grad
from tinytorch.tensor import ShapeError, Size, Tensor, drawn_from

__all__ = [
    "Bernoulli", "Beta", "Categorical", "Dirichlet", "Distribution", "Exponential", "Gamma",
    "Independent", "Laplace", "LogNormal", "MultivariateNormal", "Normal", "Poisson", "Uniform",
    "kl_divergence",
]  # fmt: skip


class _Constraint(NamedTuple):
    """What the numbers of an array have to be: PyTorch's name for it, and where they are."""

    name: str
    holds: object

    def check(self, array, what, wanted):
        """ValueError if `array` does not satisfy it; `what` it is, and what is `wanted` of it."""
        if not np.all(self.holds(array)):
            raise ValueError(
                f"Expected {what} (Tensor of shape {array.shape}) {wanted}, but found invalid "
                f"values:\n{array}"
            )


def _is_simplex(x):
    return (x >= 0).all(-1) & (np.abs(x.sum(-1) - 1) < 1e-6 * x.shape[-1])


REAL = _Constraint("Real()", lambda x: ~np.isnan(x))
POSITIVE = _Constraint("GreaterThan(lower_bound=0.0)", lambda x: x > 0)
NOT_NEGATIVE = _Constraint("GreaterThanEq(lower_bound=0.0)", lambda x: x >= 0)
UNIT = _Constraint("Interval(lower_bound=0.0, upper_bound=1.0)", lambda x: (x >= 0) & (x <= 1))
BOOLEAN = _Constraint("Boolean()", lambda x: (x == 0) | (x == 1))
SIMPLEX = _Constraint("Simplex()", _is_simplex)


def _together(*values):
    """Numbers and tensors as tensors of one shape; numbers take on the tensors' dtype."""
    dtype = next((v.dtype for v in values if isinstance(v, Tensor)), None)
    if dtype is not None and dtype.kind != "f":
        raise RuntimeError(f"a parameter of a distribution is of floats, not {dtype}: x.float()")
    tensors = [v if isinstance(v, Tensor) else tt.tensor(float(v), dtype=dtype) for v in values]
    try:
        shape = np.broadcast_shapes(*(x.shape for x in tensors))
    except ValueError:
        shapes = " and ".join(str(tuple(x.shape)) for x in tensors)
        raise ShapeError(f"parameters of a distribution: shapes {shapes} do not fit") from None
    return [x.expand(shape) for x in tensors]


def _one_of(probs, logits):
    """The name of the parameter that is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return "logits" if probs is None else "probs"


def _not_quite_certain(probs):
    """Probabilities that have a finite logarithm, as have those of their opposites."""
    tiny = float(np.finfo(probs.dtype).eps)
    return probs.clamp(tiny, 1 - tiny)


def _softplus(x):
    """log(1 + exp(x)), without overflow and with a slope everywhere."""
    return tt.stack([tt.zeros_like(x), x]).logsumexp(0)


class Distribution:
    """The base of all: shapes, checks, and what can be said of `rsample` and `variance`.

    A sample has the shape sample_shape + batch_shape + event_shape: `batch_shape` for parameters
    that are tensors, `event_shape` for what is one draw.

    Args:
        batch_shape, event_shape: tuples.
        validate_args: whether parameters and values are checked; None for yes.

    Raises:
        ValueError: a parameter does not satisfy its constraint.
    """

    _constrained = ()  # names of parameters, and what they have to be
    has_rsample = False

    def __init__(self, batch_shape=(), event_shape=(), validate_args=None):
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        self._validate = validate_args is not False
        for name, constraint in self._constrained:
            if self._validate and name in vars(self):
                wanted = f"of distribution {self!r} to satisfy the constraint {constraint.name}"
                constraint.check(vars(self)[name].data, f"parameter {name}", wanted)

    @property
    def batch_shape(self):
        """The shape of the parameters: as many distributions."""
        return self._batch_shape

    @property
    def event_shape(self):
        """The shape of a single draw."""
        return self._event_shape

    @property
    def stddev(self):
        """The square root of the variance."""
        return self.variance.sqrt()

    def _extended_shape(self, sample_shape=()):
        return (*sample_shape, *self._batch_shape, *self._event_shape)

    def sample(self, sample_shape=()):
        """Draw from the one generator, without a gradient: sample_shape + batch + event."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=()):
        """Draw so that the parameters get a gradient, where the distribution allows it."""
        raise NotImplementedError(f"{type(self).__name__} has no rsample: its draws have no slope")

    def _check_value(self, value):
        """ValueError for a value that cannot have been drawn."""
        if not self._validate:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        wanted = self._extended_shape()
        pairs = zip(reversed(value.shape), reversed(wanted))
        if not all(a == b or 1 in (a, b) for a, b in pairs):
            raise ValueError(
                "Value is not broadcastable with batch_shape+event_shape: "
                f"{tuple(value.shape)} vs {wanted}."
            )
        support = self._support()
        wanted = f"to be within the support ({support.name}) of the distribution {self!r}"
        support.check(value.data, "value argument", wanted)

    def _support(self):
        return REAL

    def __repr__(self):
        known = [(name, vars(self)[name]) for name, _ in self._constrained if name in vars(self)]
        shown = [f"{n}: {x.item() if x.numel() == 1 else tuple(x.shape)}" for n, x in known]
        return f"{type(self).__name__}({', '.join(shown)})"


class Categorical(Distribution):
    """One of the numbers 0 to C - 1.

    Args:
        probs: Tensor (..., C) of numbers of at least 0, in proportion to the probabilities; or
        logits: Tensor (..., C), the logarithms of such numbers.

    Raises:
        ValueError: neither or both, no dimension, or a number that is negative, NaN or infinite.
        TypeError: no tensor.
    """

    _constrained = (("probs", SIMPLEX), ("logits", REAL))

    def __init__(self, probs=None, logits=None, validate_args=None):
        name = _one_of(probs, logits)
        given = logits if probs is None else probs
        if not isinstance(given, Tensor):
            raise TypeError(f"`{name}` must be a tensor, not {type(given).__name__}")
        if given.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is None:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
        else:
            with np.errstate(invalid="ignore"):  # nothing but zeros: NaN is refused below
                self.probs = probs / probs.sum(-1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @cached_property
    def probs(self):
        """Probabilities, which sum to 1."""
        with enable_grad():
            return self.logits.softmax(-1)

    @cached_property
    def logits(self):
        """Their logarithms."""
        with enable_grad():
            return _not_quite_certain(self.probs).log()

    @property
    def param_shape(self):
        """The shape of `probs` and `logits`."""
        return Size((*self._batch_shape, self._num_events))

    @property
    def mode(self):
        """The most probable number."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape=()):
        """Numbers from 0 on: int64, sample_shape + batch_shape."""
        shape = self._extended_shape(sample_shape)
        flat = self.probs.detach().reshape(-1, self._num_events)
        drawn = tt.multinomial(flat, math.prod(sample_shape), replacement=True)
        return drawn.T.reshape(shape)

    def log_prob(self, value):
        """The logarithm of the probability of each number in `value`."""
        self._check_value(value)
        shape = np.broadcast_shapes(value.shape, self._batch_shape)
        logits = self.logits.expand((*shape, self._num_events))
        return logits.gather(-1, value.long().expand(shape).unsqueeze(-1)).squeeze(-1)

    def entropy(self):
        """-sum(p log p), in nats."""
        least = float(np.finfo(self.logits.dtype).min)
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    def enumerate_support(self, expand=True):
        """All numbers, along a new first dimension."""
        shape = (self._num_events, *(1 for _ in self._batch_shape))
        numbers = tt.arange(self._num_events).reshape(shape)
        return numbers.expand((self._num_events, *self._batch_shape)) if expand else numbers

    def _support(self):
        top = self._num_events - 1
        name = f"IntegerInterval(lower_bound=0, upper_bound={top})"
        return _Constraint(name, lambda x: (x % 1 == 0) & (x >= 0) & (x <= top))


class Bernoulli(Distribution):
    """1 with a probability, else 0.

    Args:
        probs: that probability, a tensor or a number; or
        logits: log(p / (1 - p)).

    Raises:
        ValueError: neither or both, or a probability that is none.
    """

    _constrained = (("probs", UNIT), ("logits", REAL))

    def __init__(self, probs=None, logits=None, validate_args=None):
        name = _one_of(probs, logits)
        (given,) = _together(logits if probs is None else probs)
        setattr(self, name, given)
        super().__init__(given.shape, validate_args=validate_args)

    @cached_property
    def probs(self):
        """The probability of 1."""
        with enable_grad():
            return self.logits.sigmoid()

    @cached_property
    def logits(self):
        """log(p / (1 - p))."""
        with enable_grad():
            probs = _not_quite_certain(self.probs)
            return probs.log() - (-probs).log1p()

    @property
    def mean(self):
        return self.probs

    @property
    def variance(self):
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        """Ones and zeros, of the dtype of the parameter: sample_shape + batch_shape."""
        return tt.bernoulli(self.probs.detach().expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        """The logarithm of the probability of each 0 or 1 in `value`."""
        self._check_value(value)
        return value * self.logits - _softplus(self.logits)

    def entropy(self):
        """-p log p - (1 - p) log(1 - p), in nats."""
        return _softplus(self.logits) - self.probs * self.logits

    def _support(self):
        return BOOLEAN


class Normal(Distribution):
    """The normal distribution (Gauss 1809).

    Args:
        loc: its mean, a tensor or a number.
        scale: its standard deviation.

    Raises:
        ValueError: a `scale` that is not above 0, or NaN.
    """

    _constrained = (("loc", REAL), ("scale", POSITIVE))
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = _together(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.loc

    mode = mean

    @property
    def stddev(self):
        return self.scale

    @property
    def variance(self):
        return self.scale**2

    def rsample(self, sample_shape=()):
        """loc + scale * noise: both get a gradient (Kingma, Welling 2014)."""
        noise = tt.randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + self.scale * noise

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`."""
        self._check_value(value)
        away = (value - self.loc) / self.scale
        return -(away**2) / 2 - self.scale.log() - math.log(2 * math.pi) / 2

    def entropy(self):
        """In nats."""
        return self.scale.log() + 0.5 + math.log(2 * math.pi) / 2


class Uniform(Distribution):
    """Every number from `low` to `high` is as probable as any other.

    Args:
        low, high: tensors or numbers.

    Raises:
        ValueError: a `low` that is not below `high`.
    """

    _constrained = (("low", REAL), ("high", REAL))
    has_rsample = True

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = _together(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate and not (self.low.data < self.high.data).all():
            raise ValueError("Uniform is not defined when low>= high")

    @property
    def mean(self):
        return (self.high + self.low) / 2

    @property
    def variance(self):
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape=()):
        """low + (high - low) * noise: both get a gradient."""
        noise = tt.rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + noise * (self.high - self.low)

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`; -inf at `high` itself."""
        self._check_value(value)
        inside = ((value >= self.low) & (value < self.high)).to(self.low.dtype)
        with np.errstate(divide="ignore"):
            return inside.log() - (self.high - self.low).log()

    def entropy(self):
        """In nats."""
        return (self.high - self.low).log()

    def _support(self):
        low, high = self.low.data, self.high.data
        return _Constraint("Interval(low, high)", lambda x: (x >= low) & (x <= high))


class LogNormal(Distribution):
    """exp of a normally distributed number.

    Args:
        loc, scale: mean and standard deviation of its logarithm, tensors or numbers.
    """

    _constrained = (("loc", REAL), ("scale", POSITIVE))
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = _together(loc, scale)
        self.base_dist = Normal(self.loc, self.scale, validate_args)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self):
        return (self.loc + self.scale**2 / 2).exp()

    @property
    def variance(self):
        return ((self.scale**2).exp() - 1) * (2 * self.loc + self.scale**2).exp()

    def rsample(self, sample_shape=()):
        """exp(loc + scale * noise)."""
        return self.base_dist.rsample(sample_shape).exp()

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`."""
        self._check_value(value)
        return self.base_dist.log_prob(value.log()) - value.log()

    def entropy(self):
        """In nats."""
        return self.base_dist.entropy() + self.loc

    def _support(self):
        return POSITIVE


class Laplace(Distribution):
    """The double exponential distribution (Laplace 1774).

    Args:
        loc: its mean, a tensor or a number; scale: the mean distance from it.
    """

    _constrained = (("loc", REAL), ("scale", POSITIVE))
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = _together(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.loc

    mode = mean

    @property
    def variance(self):
        return 2 * self.scale**2

    def rsample(self, sample_shape=()):
        """From numbers spread evenly; both parameters get a gradient."""
        eps = float(np.finfo(self.loc.dtype).eps)
        u = tt.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype) * (2 - eps) - 1 + eps
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`."""
        self._check_value(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def entropy(self):
        """In nats."""
        return 1 + (2 * self.scale).log()


class Exponential(Distribution):
    """Waiting times.

    rate: how many events there are in one unit of time, a tensor or a number.
    """

    _constrained = (("rate", POSITIVE),)
    has_rsample = True

    def __init__(self, rate, validate_args=None):
        (self.rate,) = _together(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self):
        return 1 / self.rate

    @property
    def variance(self):
        return self.rate**-2

    def rsample(self, sample_shape=()):
        """Waiting times of mean 1, over the rate."""
        waits = tt.empty(*self._extended_shape(sample_shape), dtype=self.rate.dtype)
        return waits.exponential_() / self.rate

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`."""
        self._check_value(value)
        return self.rate.log() - self.rate * value

    def entropy(self):
        """In nats."""
        return 1 - self.rate.log()

    def _support(self):
        return NOT_NEGATIVE


class Poisson(Distribution):
    """How many events there are in one unit of time.

    rate: how many there are on average, a tensor or a number.
    """

    _constrained = (("rate", _Constraint("GreaterThanEq(lower_bound=0.0)", lambda x: x >= 0)),)

    def __init__(self, rate, validate_args=None):
        (self.rate,) = _together(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.rate

    variance = mean

    def sample(self, sample_shape=()):
        """Counts, of the dtype of the parameter."""
        rate = self.rate.detach().expand(self._extended_shape(sample_shape))
        return tt.as_tensor(np.asarray(drawn_from(None).poisson(rate.data), rate.dtype))

    def log_prob(self, value):
        """The logarithm of the probability of each count in `value`."""
        self._check_value(value)
        return value * self.rate.log() - self.rate - (value + 1).lgamma()

    def _support(self):
        return _Constraint("IntegerGreaterThan(lower_bound=0)", lambda x: (x % 1 == 0) & (x >= 0))


class Gamma(Distribution):
    """Waiting times for several events.

    Args:
        concentration: how many events, a tensor or a number; rate: of them in one unit of time.
    """

    _constrained = (("concentration", POSITIVE), ("rate", POSITIVE))

    def __init__(self, concentration, rate, validate_args=None):
        self.concentration, self.rate = _together(concentration, rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.concentration / self.rate

    @property
    def variance(self):
        return self.concentration / self.rate**2

    def sample(self, sample_shape=()):
        """Times, without a gradient."""
        shape = self._extended_shape(sample_shape)
        found = drawn_from(None).gamma(self.concentration.data, 1 / self.rate.data, shape)
        return tt.as_tensor(np.asarray(found, self.rate.dtype))

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`."""
        self._check_value(value)
        a, b = self.concentration, self.rate
        return a * b.log() + (a - 1) * value.log() - b * value - a.lgamma()

    def entropy(self):
        """In nats (no gradient reaches `concentration` through its digamma)."""
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1 - a) * a.digamma()

    def _support(self):
        return NOT_NEGATIVE


class Dirichlet(Distribution):
    """Probabilities of C classes.

    concentration: Tensor (..., C) of numbers above 0.
    """

    _constrained = (("concentration", POSITIVE),)

    def __init__(self, concentration, validate_args=None):
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args)

    @property
    def mean(self):
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    def sample(self, sample_shape=()):
        """Probabilities, without a gradient."""
        shape = self._extended_shape(sample_shape)
        found = drawn_from(None).gamma(self.concentration.data, 1.0, shape)
        return tt.as_tensor(np.asarray(found / found.sum(-1, keepdims=True), tt.float32))

    def log_prob(self, value):
        """The logarithm of the density at each row of `value`."""
        self._check_value(value)
        a = self.concentration
        return ((a - 1) * value.log()).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    def _support(self):
        return SIMPLEX


class Beta(Distribution):
    """A probability.

    Args:
        concentration1, concentration0: the larger the first, the nearer to 1; tensors or numbers.
    """

    _constrained = (("concentration1", POSITIVE), ("concentration0", POSITIVE))

    def __init__(self, concentration1, concentration0, validate_args=None):
        self.concentration1, self.concentration0 = _together(concentration1, concentration0)
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self):
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total**2 * (total + 1))

    def sample(self, sample_shape=()):
        """Probabilities, without a gradient."""
        a, b = self.concentration1.data, self.concentration0.data
        found = drawn_from(None).beta(a, b, self._extended_shape(sample_shape))
        return tt.as_tensor(np.asarray(found, self.concentration1.dtype))

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`."""
        self._check_value(value)
        a, b = self.concentration1, self.concentration0
        constant = (a + b).lgamma() - a.lgamma() - b.lgamma()
        return (a - 1) * value.log() + (b - 1) * (-value).log1p() + constant

    def _support(self):
        return UNIT


class MultivariateNormal(Distribution):
    """The normal distribution of vectors.

    Args:
        loc: Tensor (..., D), the mean.
        covariance_matrix: Tensor (..., D, D); or
        precision_matrix: its inverse; or
        scale_tril: lower, with scale_tril @ scale_tril.T the covariance.

    Raises:
        ValueError: not one of the three.
    """

    _constrained = (("loc", REAL),)
    has_rsample = True

    def __init__(
        self,
        loc,
        covariance_matrix=None,
        precision_matrix=None,
        scale_tril=None,
        validate_args=None,
    ):
        if sum(x is not None for x in (covariance_matrix, precision_matrix, scale_tril)) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        if precision_matrix is not None:
            covariance_matrix = tt.linalg.inv(precision_matrix)
        self.scale_tril = scale_tril
        if scale_tril is None:
            self.scale_tril = tt.linalg.cholesky(covariance_matrix)
        size = loc.shape[-1]
        batch = np.broadcast_shapes(loc.shape[:-1], self.scale_tril.shape[:-2])
        self.loc = loc.expand((*batch, size))
        super().__init__(batch, (size,), validate_args)

    @property
    def mean(self):
        return self.loc

    mode = mean

    @property
    def covariance_matrix(self):
        return self.scale_tril @ self.scale_tril.mT

    @property
    def variance(self):
        return (self.scale_tril**2).sum(-1).expand(self.loc.shape)

    def rsample(self, sample_shape=()):
        """loc + scale_tril @ noise."""
        noise = tt.randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + (self.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value):
        """The logarithm of the density at each vector of `value`."""
        self._check_value(value)
        away = tt.linalg.inv(self.scale_tril) @ (value - self.loc).unsqueeze(-1)
        size = self.loc.shape[-1]
        squares = (away**2).sum((-2, -1))
        return -(squares + size * math.log(2 * math.pi)) / 2 - self._log_size()

    def entropy(self):
        """In nats."""
        size = self.loc.shape[-1]
        found = size / 2 * (1 + math.log(2 * math.pi)) + self._log_size()
        return found.expand(self._batch_shape)

    def _log_size(self):
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class Independent(Distribution):
    """The last dimensions of a batch as one draw: `log_prob` is their sum.

    Args:
        base_distribution: the one whose batch it is.
        reinterpreted_batch_ndims: how many of its last dimensions.

    Raises:
        ValueError: it has not so many.
    """

    def __init__(self, base_distribution, reinterpreted_batch_ndims, validate_args=None):
        shape, count = base_distribution.batch_shape, reinterpreted_batch_ndims
        if count > len(shape):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), "
                f"actual {count} vs {len(shape)}"
            )
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, count
        kept = len(shape) - count
        event = (*shape[kept:], *base_distribution.event_shape)
        super().__init__(shape[:kept], event, validate_args)

    @property
    def has_rsample(self):
        return self.base_dist.has_rsample

    @property
    def mean(self):
        return self.base_dist.mean

    @property
    def variance(self):
        return self.base_dist.variance

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        """The logarithm of the density of each draw: sums over its dimensions."""
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self):
        """In nats."""
        return self._summed(self.base_dist.entropy())

    def _summed(self, x):
        count = self.reinterpreted_batch_ndims
        return x.sum(tuple(range(-count, 0))) if count else x

    def __repr__(self):
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"


def kl_divergence(p, q):
    """How many nats it costs to take `q` for `p` (Kullback, Leibler 1951): shape batch_shape.

    Raises:
        NotImplementedError: the two are not of one kind.
    """
    kind = type(p)
    if kind is not type(q) or kind not in DIVERGENCES:
        raise NotImplementedError(f"kl_divergence of {kind.__name__} and {type(q).__name__}")
    return DIVERGENCES[kind](p, q)


def _infinite_or_none(term, infinite, none):
    """`term`, but infinite where `q` says never, and 0 where `p` does."""
    term = tt.where(infinite, tt.full_like(term, math.inf), term)
    return tt.where(none, tt.zeros_like(term), term)


def _of_categoricals(p, q):
    term = p.probs * (p.logits - q.logits)
    return _infinite_or_none(term, q.probs.detach() == 0, p.probs.detach() == 0).sum(-1)


def _of_bernoullis(p, q):
    a, b = p.probs.detach(), q.probs.detach()
    ones = p.probs * (_softplus(-q.logits) - _softplus(-p.logits))
    zeros = (1 - p.probs) * (_softplus(q.logits) - _softplus(p.logits))
    return _infinite_or_none(ones, b == 0, a == 0) + _infinite_or_none(zeros, b == 1, a == 1)


def _of_normals(p, q):
    ratio = (p.scale / q.scale) ** 2
    return (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log()) / 2


def _of_uniforms(p, q):
    found = ((q.high - q.low) / (p.high - p.low)).log()
    outside = (q.low > p.low) | (q.high < p.high)
    return tt.where(outside, tt.full_like(found, math.inf), found)


def _of_independents(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("kl_divergence of draws with different numbers of dimensions")
    return p._summed(kl_divergence(p.base_dist, q.base_dist))


DIVERGENCES = {
    Bernoulli: _of_bernoullis,
    Categorical: _of_categoricals,
    Independent: _of_independents,
    Normal: _of_normals,
    Uniform: _of_uniforms,
}

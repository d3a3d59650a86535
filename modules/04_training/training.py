# %% [markdown]
# # Module 04: Training
#
# Optimizers, learning-rate schedules, gradient clipping, minibatches, and a Trainer that reports.
#
# About 50 minutes of reading and 2 hours of writing.
#
# ## The question
#
# Module 02 finds the gradient of a loss, module 03 builds networks out of thousands of weights. So
# learning should be one line now, repeated: move every weight a little against its gradient. How
# little? Let us try, on the smallest loss that shows the trouble. It has two weights and looks like
# a valley: steep walls in one direction, a gentle floor in the other.
#
# ```
#   loss = (1 * w1^2 + 50 * w2^2) / 2           seen from above: lines of equal loss
#
#             .-----------------------------.
#        w2  (  .-----------------------.    )    the gradient points to the walls,
#         ^  ( (           X             )   )    the minimum X lies along the floor
#         |  (  '-----------------------'    )
#         |   '-----------------------------'     start: w = (10, 1)
#         +-----> w1
# ```

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time
from itertools import pairwise

import numpy as np

from tinytorch import manual_seed, nn, no_grad, randn, tensor, zeros


def valley(w):
    return (tensor([1.0, 50.0]) * w**2).sum() / 2


for lr in (0.001, 0.01, 0.039, 0.041):
    w = tensor([10.0, 1.0], requires_grad=True)
    for _ in range(100):
        valley(w).backward()
        with no_grad():
            w -= lr * w.grad
        w.grad = None
    print(f"step size {lr:5}: after 100 steps w = ({w[0].item():7.4f}, {w[1].item():7.4f})")

# %% [markdown]
# The small step sizes crawl along the floor. At 0.041 the second weight, which started at 1, is
# thrown from wall to wall, further each time. The best we can do lies just below that, and still
# has not arrived. The steep direction dictates the step, and the gentle one has to wait. A real
# network has such a valley in thousands of directions.
#
# That is the first question of this module: **how far, and in which direction?** Two more follow.
# The loss of 60,000 images takes a long time to compute: must we look at all of them before each
# step? And when the loss on those images has become small, **has the network learned, or has it
# learned by heart?**
#
# ## Where this stands
#
# Going downhill along the gradient is Augustin-Louis Cauchy's idea, *Méthode générale pour la
# résolution des systèmes d'équations simultanées* (1847). Herbert Robbins and Sutton Monro proved
# that a noisy gradient will do, *A Stochastic Approximation Method* (1951). Boris Polyak gave the
# walker momentum (1964), and Yurii Nesterov a look ahead (1983). Diederik Kingma and Jimmy Ba's
# *Adam: A Method for Stochastic Optimization* (2015) gives every weight a step size of its own;
# Ilya Loshchilov and Frank Hutter's *Decoupled Weight Decay Regularization* (2019) made it AdamW,
# with which most language models are trained.
#
# PyTorch keeps these in `torch.optim`, and so do we: `optim.SGD`, `optim.Adam`, `optim.AdamW`, and
# `optim.lr_scheduler`. Clipping is `nn.utils.clip_grad_norm_`. A `Trainer` is not part of PyTorch.
# Keras, Lightning and others have one, and their shape (`fit`, `evaluate`, callbacks) is ours.
#
# ## Parameters in groups
#
# An **optimizer** is an object that knows a list of parameters and changes them once their
# gradients are there. In PyTorch the parameters come in **groups**, each a dictionary with options
# of its own, so that a part of a network can learn at another pace:
#
# ```
#   SGD([w, b], lr=0.1)      param_groups = [{"params": [w, b], "lr": 0.1, ...}]
#
#   SGD([{"params": [w]},                   [{"params": [w], "lr": 0.1, ...},
#        {"params": [b], "lr": 0.5}],        {"params": [b], "lr": 0.5, ...}]
#       lr=0.1)
# ```
#
# `lr` is the **learning rate**, the step size of above. The class below puts the groups together
# and turns nonsense away. It is bookkeeping, so it is given. `self.state` is a notebook with a page
# for each parameter: the clever optimizers remember something from step to step.

# %%
#| default_exp optim.optimizers
#| export
import warnings
from collections import defaultdict

import numpy as np

from tinytorch.tensor import Tensor, methods_of

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]


class _Groups:
    """What an optimizer works on: parameters in groups, each group with options of its own."""

    def __init__(self, params, defaults):
        if isinstance(params, Tensor):
            raise TypeError("an optimizer takes a list of parameters, not one tensor: write [w]")
        params = list(params)  # model.parameters() is a generator: it can be read only once
        if not params:
            raise ValueError("optimizer got an empty parameter list")
        self.defaults = defaults
        self.param_groups = []
        self.state = defaultdict(dict)
        for group in params if isinstance(params[0], dict) else [{"params": params}]:
            self.add_param_group(group)

    def add_param_group(self, param_group):
        """Take on more parameters: a dictionary with "params", and options that differ."""
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        named = [pair for pair in params if isinstance(pair, tuple)]
        if named:  # model.named_parameters()
            param_group = {**param_group, "param_names": [name for name, _ in named]}
            params = [p for _, p in named]
        group = {**self.defaults, **param_group, "params": params}
        if isinstance(group.get("lr"), Tensor):  # PyTorch allows one; steps are taken with arrays
            group["lr"] = group["lr"].item()
        self._check_parameters(params)
        self._check_options(group)
        self.param_groups.append(group)

    def _check_parameters(self, params):
        seen = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                kind = type(p).__name__
                raise TypeError(f"an optimizer updates tensors, not {kind}: model.parameters()?")
            if not p.is_leaf:
                raise ValueError(f"can't optimize a result: this {p.shape} tensor was computed")
            if id(p) in seen:
                raise ValueError(
                    f"a parameter of shape {p.shape} appears in more than one parameter group: it "
                    "would be updated twice in each step"
                )
        if len({id(p) for p in params}) < len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters: they are updated "
                "twice in each step",
                stacklevel=5,
            )

    def _check_options(self, group):
        for name in ("lr", "momentum", "weight_decay", "eps"):
            if not group.get(name, 0) >= 0:  # written so that nan is refused too
                raise ValueError(f"{name} must not be negative: {name}={group[name]!r}")
        for beta in group.get("betas", ()):
            if not 0 <= beta < 1:
                raise ValueError(f"betas must be at least 0 and below 1: {group['betas']!r}")
        if group.get("nesterov") and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")


# %% [markdown]
# ## Task 4.1: the optimizer
#
# What do all optimizers have in common? Two errands that lead to every parameter:
#
# ```
#   zero_grad()   for each parameter of each group:  throw its gradient away
#   step()        for each parameter of each group:  if it has a gradient, update it
# ```
#
# `step` leaves the *how* to the method `update`, which each kind of optimizer writes for itself. A
# parameter without a gradient took no part in the loss (or is frozen on purpose): leave it as it
# is, and leave no trace of it.
#
# Why throw gradients away? Because `backward` **adds** to what is there, as you built it in module
# 02: a shared weight needs that. So the gradients of the last step must go before the next
# `backward`. Setting them to `None` is cheaper than filling them with zeros, and says more: there
# is no gradient, which is not the same as a gradient of 0.
#
# `update` gets arrays, not tensors: what happens inside an optimizer must not be recorded.


# %%
#| export
class Optimizer(_Groups):
    """The base of all optimizers: leads `update` to every parameter that has a gradient."""

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters.

        Args:
            set_to_none: True sets each `p.grad` to None. False fills those that are there with
                zeros (a tensor of `p`'s shape and dtype), and leaves those that are None.

        Example:
            >>> optimizer.zero_grad()
            >>> w.grad is None
            True
        """
        ### BEGIN SOLUTION
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                else:
                    p.grad = Tensor(np.zeros_like(p.data))
        ### END SOLUTION

    def step(self, closure=None):
        """Update every parameter that has a gradient, group by group.

        Calls `self.update(p, grad, group)` with the parameter (a tensor), its gradient (an array)
        and the group it belongs to (a dictionary). Skips parameters whose `grad` is None.

        Args:
            closure: a function that computes the loss and its gradients; called first, if given.

        Returns:
            What `closure` returned, or None.

        Example:
            >>> loss.backward()
            >>> optimizer.step()
        """
        loss = None if closure is None else closure()
        ### BEGIN SOLUTION
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad.data, group)
        ### END SOLUTION
        return loss

    def update(self, p, grad, group):
        """Change `p.data` in place. `grad` belongs to `p.grad`: read it, do not change it."""
        raise NotImplementedError(f"{type(self).__name__} has no update")


# %% [markdown]
# An optimizer that only tells what it would do:


# %%
class Tell(Optimizer):
    def update(self, p, grad, group):
        print(f"parameter {p.tolist()} has gradient {grad.tolist()}, learning rate {group['lr']}")


a = tensor([1.0, 2.0], requires_grad=True)
b = tensor(5.0, requires_grad=True)
idle = tensor([3.0], requires_grad=True)
teller = Tell([{"params": [a, idle]}, {"params": b, "lr": 0.5}], {"lr": 0.1})

(a * b).sum().backward()
teller.step()
teller.zero_grad()
print("afterwards:", a.grad, b.grad, idle.grad)

# %% [markdown]
# ## Task 4.2: gradient descent
#
# The first optimizer is one line, Cauchy's:
#
# ```
#   p  <-  p - lr * grad          p = 2.0, grad = 3.0, lr = 0.1:    2.0 - 0.3 = 1.7
# ```
#
# PyTorch calls it `SGD`, *stochastic* gradient descent, because the gradient will soon come from a
# few random examples. Write it **in place**: `p.data -= ...` changes the array that is there.
# `p.data = p.data - ...` would make a new one: one more large array, and whoever shares the old one
# (two layers that use one weight, a view) would be left behind.
#
# One addition before the step: **weight decay**. Among many networks that fit the data, those with
# small weights tend to be the calmer ones. So we add `weight_decay / 2 * p^2` to the loss. Its
# gradient is `weight_decay * p`, and nothing needs to be recorded for it:
#
# ```
#   grad <- grad + weight_decay * p       weight_decay = 0.5:   3.0 + 0.5 * 2.0 = 4.0
#   p    <- p - lr * grad                                       2.0 - 0.4       = 1.6
# ```
#
# Each step also pulls the weight a little toward 0, as long as the data do not object. Mind that
# `grad` is the array inside `p.grad`: make a new one, do not add to it.
#
# Two blanks: `decayed`, which Adam will use too, and the step itself. The line with `velocity` is
# the next task. With `momentum=0`, the default, it does not run.


# %%
#| export
def decayed(p, grad, weight_decay):
    """The gradient of `loss + weight_decay / 2 * p^2`, where `grad` is that of the loss.

    Args:
        p: the parameter, a Tensor of any shape.
        grad: its gradient, an array of the same shape; not to be changed.
        weight_decay: a number.

    Returns:
        np.ndarray: a new array of the same shape and dtype.

    Example:
        >>> decayed(tensor([2.0]), np.array([3.0], "float32"), 0.5)
        array([4.], dtype=float32)
    """
    ### BEGIN SOLUTION
    return grad + weight_decay * p.data
    ### END SOLUTION


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Cauchy 1847; Robbins, Monro 1951; Polyak 1964).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: learning rate, the size of a step.
        momentum: how much of the last velocity is kept, 0 for none.
        dampening: how much of the new gradient is held back from the velocity.
        weight_decay: strength of the pull toward 0.
        nesterov: look ahead along the velocity (Nesterov 1983).
        maximize: climb instead: every gradient counts with the other sign.

    Raises:
        ValueError: an option that is negative or NaN, nesterov without momentum or with dampening,
            no parameters, or one that is in two groups.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
    ):
        options = {"lr": lr, "momentum": momentum, "dampening": dampening}
        options |= {"weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize}
        super().__init__(params, options)

    def update(self, p, grad, group):
        """One step for one parameter, in place.

        Args:
            p: the parameter; `p.data` is its array, of any shape.
            grad: its gradient, an array of the same shape; not to be changed.
            group: options; this needs group["lr"].

        Example:
            >>> w = tensor([2.0], requires_grad=True)
            >>> w.grad = tensor([3.0])
            >>> SGD([w], lr=0.1, weight_decay=0.5).step()
            >>> w
            tensor([1.6000], requires_grad=True)
        """
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"]:
            grad = decayed(p, grad, group["weight_decay"])
        if group["momentum"]:
            options = group["momentum"], group["dampening"], group["nesterov"]
            grad = velocity(self.state[p], grad, *options)
        ### BEGIN SOLUTION
        p.data -= group["lr"] * grad
        ### END SOLUTION


# %% [markdown]
# Back to the valley. `follow` walks down with any optimizer and returns the places it came through.
# Watch the learning rate: each step multiplies `w1` by `1 - lr` and `w2` by `1 - 50 lr`. Once
# `50 lr` is above 2, that second factor is below -1, and every step jumps across the valley to a
# place higher than the last. Too large a learning rate does not learn fast. It **diverges**.


# %%
def follow(make_optimizer, steps=100):
    w = tensor([10.0, 1.0], requires_grad=True)
    optimizer = make_optimizer([w])
    path = [w.tolist()]
    for _ in range(steps):
        optimizer.zero_grad()
        valley(w).backward()
        optimizer.step()
        path.append(w.tolist())
    return np.array(path)


for lr in (0.01, 0.03, 0.039, 0.041, 0.05):
    path = follow(lambda params, lr=lr: SGD(params, lr=lr))
    (w1, w2), start = path[-1], path[:6, 1].round(2)
    print(f"lr {lr:5}: w2 {start} ... {w2:.3g}, w1 ends at {w1:.2f}")

# %% [markdown]
# ## Task 4.3: momentum
#
# A ball that rolls down this valley would not zigzag. It has **momentum**: what it did a moment ago
# carries on. Keep a velocity `v` for each parameter, and step along `v` instead of the gradient:
#
# ```
#   v <- momentum * v + (1 - dampening) * grad         (the first time: v is the gradient itself)
#   p <- p - lr * v
#
#   momentum 0.9, gradients that agree:        1     1     1     1       v: 1, 1.9, 2.71, 3.44 ...
#   momentum 0.9, gradients that alternate:    1    -1     1    -1       v: 1, -0.1, 0.91, -0.18 ...
# ```
#
# Where gradients agree, the velocity grows, in the end to `1 / (1 - 0.9) = 10` times the gradient.
# Where they alternate, it stays small. That is the valley: fast along the floor, calm between the
# walls. `dampening` is 0 nearly always; PyTorch has it, and does not apply it the first time.
#
# **Nesterov's** version looks ahead: the velocity will carry me on in the next step anyway, so take
# that into account now. The step is along `grad + momentum * v`, with the new `v`. When the
# gradient turns around, it brakes one step earlier. With much momentum, which likes to overshoot,
# that helps.
#
# The velocity has to survive until the next step. `state` is this parameter's page in the notebook,
# an empty dictionary at first. Keep `v` under PyTorch's name `"momentum_buffer"`, as a `Tensor`.
# `Tensor(grad)` copies, and a copy is needed: change `v` in place from the second step on, and
# `p.grad` must not change with it.


# %%
#| export
def velocity(state, grad, momentum, dampening=0, nesterov=False):
    """The direction in which SGD with momentum steps (Polyak 1964; Nesterov 1983).

    Args:
        state: a dictionary that lives as long as the parameter: {} at first, afterwards
            {"momentum_buffer": v} with v a Tensor, updated in place by this function.
        grad: the gradient, an array; not to be changed.
        momentum, dampening, nesterov: as in `SGD`.

    Returns:
        np.ndarray: shape and dtype of `grad`; v, or `grad + momentum * v` with Nesterov.

    Example:
        >>> state = {}
        >>> [velocity(state, np.array([1.0]), 0.9).item() for _ in range(3)]
        [1.0, 1.9, 2.71]
    """
    ### BEGIN SOLUTION
    if "momentum_buffer" not in state:
        state["momentum_buffer"] = Tensor(grad)
        v = state["momentum_buffer"].data
    else:
        v = state["momentum_buffer"].data
        v *= momentum
        v += (1 - dampening) * grad
    return grad + momentum * v if nesterov else v
    ### END SOLUTION


# %%
def steps_until_near(path, distance=0.05):
    near = np.abs(path).max(axis=1) < distance
    return next((i for i in range(len(near)) if near[i:].all()), None)


for gradients in ([1, 1, 1, 1, 1], [1, -1, 1, -1, 1]):
    state = {}
    speeds = [velocity(state, np.array([float(g)]), 0.9).item() for g in gradients]
    print("gradients", gradients, "-> velocity", [round(v, 2) for v in speeds])

for momentum, nesterov in ((0, False), (0.8, False), (0.95, False), (0.95, True)):
    options = {"lr": 0.02, "momentum": momentum, "nesterov": nesterov}
    path = follow(lambda params, options=options: SGD(params, **options), steps=300)
    text = f"momentum {momentum}{' with Nesterov' if nesterov else ''}"
    print(f"{text:27} within 0.05 of the minimum after {steps_until_near(path)} steps")

# %% [markdown]
# ## Task 4.4: Adam
#
# Momentum still has one learning rate for all. In the valley the two weights would like learning
# rates that differ by a factor of 50, and nobody tells us the factor. But the gradients do: the
# steep weight has gradients 50 times as large. Adam divides by the size that a weight's own
# gradients usually have. For each weight it keeps two running averages:
#
# ```
#   m <- m + (1 - beta1) * (grad   - m)     "exp_avg"      where do my gradients point?  beta1 0.9
#   v <- v + (1 - beta2) * (grad^2 - v)     "exp_avg_sq"   how large are their squares?  beta2 0.999
# ```
#
# Both start at 0, so in the first steps they are too small: after one step with gradient 3, `m` is
# 0.3 and `v` is 0.009. How much too small is known exactly. After `t` steps, an average of
# constant gradients has reached the part `1 - beta^t` of its value. So divide by that:
#
# ```
#   m_hat = m / (1 - beta1^t)         t = 1:   0.3   / 0.1   = 3
#   v_hat = v / (1 - beta2^t)                  0.009 / 0.001 = 9
#   p <- p - lr * m_hat / (sqrt(v_hat) + eps)                      3 / sqrt(9) = 1
# ```
#
# The first step of every weight is `lr`, whether its gradient is 3 or 0.0003. The tiny `eps`, added
# after the root, keeps a weight whose gradient is always 0 from dividing 0 by 0.
#
# Update `m` and `v` in place (`m += ...`), because they are what is remembered. And mind the cost:
# each operation on arrays is a walk through memory, while the corrections are plain numbers. So put
# `lr / (1 - beta1^t)` together before it meets an array.


# %%
#| export
def adam_step(p, grad, state, lr, betas, eps):
    """One step of Adam for one parameter, in place (Kingma, Ba 2015, algorithm 1).

    Args:
        p: the parameter, a Tensor of any shape.
        grad: its gradient, an array of the same shape; not to be changed.
        state: a dictionary, {} at first; keeps "step" (how many steps so far, this one
            included), "exp_avg" and "exp_avg_sq" (Tensors of p's shape, updated in place).
        lr: learning rate.
        betas: (beta1, beta2), how slowly the averages of grad and of grad^2 move.
        eps: added to the root.

    Example:
        >>> w = tensor([2.0, 2.0], requires_grad=True)
        >>> adam_step(w, np.array([3.0, -0.0003]), {}, lr=0.1, betas=(0.9, 0.999), eps=1e-8)
        >>> w
        tensor([1.9000, 2.1000], requires_grad=True)
    """
    if not state:
        state["step"] = 0
        state["exp_avg"] = Tensor(np.zeros_like(p.data))
        state["exp_avg_sq"] = Tensor(np.zeros_like(p.data))
    state["step"] += 1
    t, m, v = state["step"], state["exp_avg"].data, state["exp_avg_sq"].data
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    m += (1 - beta1) * (grad - m)
    v += (1 - beta2) * (grad * grad - v)
    rate = lr / (1 - beta1**t)
    p.data -= rate * m / (np.sqrt(v / (1 - beta2**t)) + eps)
    ### END SOLUTION


class Adam(Optimizer):
    """Adam: every weight with a step size of its own (Kingma, Ba 2015).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: learning rate; the first step of each weight is this long.
        betas: how slowly the averages of the gradient and of its square move.
        eps: keeps the division from going wrong where gradients are 0.
        weight_decay: added to the gradient as `weight_decay * p`, as in SGD.

    Raises:
        ValueError: an option out of range, no parameters, or a parameter that appears twice.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        maximize=False,
    ):
        if amsgrad:
            raise ValueError("amsgrad is not offered: use amsgrad=False")
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def update(self, p, grad, group):
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"]:
            grad = decayed(p, grad, group["weight_decay"])
        adam_step(p, grad, self.state[p], group["lr"], group["betas"], group["eps"])


# %%
w, state = tensor([2.0, 2.0], requires_grad=True), {}
for step in range(1, 4):
    adam_step(w, np.array([3.0, -0.0003], "float32"), state, 0.1, (0.9, 0.999), 1e-8)
    print(f"step {step}: gradients 3 and -0.0003, weights {w.detach()}")

path = follow(lambda params: Adam(params, lr=0.5, betas=(0.8, 0.99)), steps=300)
print(f"valley: within 0.05 of the minimum after {steps_until_near(path)} steps")

# %% [markdown]
# What does it cost? Adam remembers two numbers for each weight. A step reads and writes more
# memory than a step of SGD. Here with a million weights:

# %%
big = tensor(np.zeros(1_000_000, "float32"), requires_grad=True)
big.grad = tensor(np.ones(1_000_000, "float32"))
for optimizer in (SGD([big]), SGD([big], momentum=0.9), Adam([big])):
    optimizer.step()  # the first step makes the state
    times = []
    for _ in range(5):
        start = time.perf_counter()
        optimizer.step()
        times.append(time.perf_counter() - start)
    kept = sum(v.data.nbytes for v in optimizer.state[big].values() if not isinstance(v, int))
    name, momentum = type(optimizer).__name__, optimizer.defaults.get("momentum", "-")
    print(
        f"{name:5} momentum {momentum!s:4} {1e3 * min(times):6.2f} ms a step, "
        f"{kept / big.data.nbytes:.0f} numbers remembered for each weight"
    )

# %% [markdown]
# ## Task 4.5: AdamW
#
# Put weight decay into the gradient, as SGD does, and Adam divides it by the usual size of the
# gradients along with everything else. A weight with large gradients is then hardly pulled toward
# 0, a weight with small ones very much. Nobody wanted that. Loshchilov and Hutter took the decay
# out of the gradient: shrink the weight first, then do a plain Adam step.
#
# ```
#   p <- p * (1 - lr * weight_decay)       p = 2, lr = 0.1, weight_decay = 0.5:   2 * 0.95 = 1.9
#   p <- Adam's step, with the gradient alone                                      1.9 - 0.1 = 1.8
# ```
#
# They call this *decoupled*. For plain SGD the two ways are the same (try it on paper), which is
# why the difference went unseen for years.


# %%
#| export
class AdamW(Adam):
    """Adam with weight decay decoupled from the gradient (Loshchilov, Hutter 2019).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr, betas, eps: as in `Adam`.
        weight_decay: each step shrinks the weights by the part `lr * weight_decay`.
        amsgrad, maximize: not offered.

    Raises:
        ValueError: an option out of range, no parameters, or a parameter that appears twice.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
    ):
        if maximize:
            raise ValueError("AdamW with maximize is not offered: minimize -loss instead")
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def update(self, p, grad, group):
        """Shrink `p.data` in place, then take Adam's step with the gradient as it is.

        Args:
            p: the parameter, a Tensor of any shape.
            grad: its gradient, an array of the same shape; not to be changed.
            group: options: "lr", "betas", "eps", "weight_decay".

        Example:
            >>> w = tensor([2.0], requires_grad=True)
            >>> w.grad = tensor([3.0])
            >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
            >>> w
            tensor([1.8000], requires_grad=True)
        """
        ### BEGIN SOLUTION
        p.data *= 1 - group["lr"] * group["weight_decay"]
        adam_step(p, grad, self.state[p], group["lr"], group["betas"], group["eps"])
        ### END SOLUTION


# %% [markdown]
# Two weights start at 1. Their gradients are pure noise, large for the first and small for the
# second, so only the weight decay has anything to say. It should treat both the same.

# %%
for kind in (Adam, AdamW):
    noise = np.random.default_rng(0)
    w = tensor([1.0, 1.0], requires_grad=True)
    optimizer = kind([w], lr=0.001, weight_decay=1.0)
    for _ in range(500):
        w.grad = tensor(noise.standard_normal(2) * [10.0, 0.1], dtype="float32")
        optimizer.step()
    print(f"{kind.__name__:6} large gradients: {w[0].item():.2f}, small ones: {w[1].item():.2f}")
print(f"500 times 1 - 0.001 * 1.0 makes {(1 - 0.001) ** 500:.2f}")

# %% [markdown]
# ## Stop and go on
#
# A training run may take days, and machines stop. To go on as if nothing had happened, you need the
# weights **and** what the optimizer remembers: velocities, averages, how many steps. `state_dict()`
# gives all of it as plain dictionaries. Parameters are numbered there, in order, because a tensor
# that is loaded in another process is another object. The tensors in it go on changing while you
# train: `copy.deepcopy` keeps a moment. This is given; module 09 writes it to files.


# %%
#| export
@methods_of(Optimizer)
class _Checkpoints:
    def state_dict(self):
        """All that the optimizer remembers: {"state": {...}, "param_groups": [...]}.

        The tensors in it are the optimizer's own: copy.deepcopy what you want to keep.
        """
        numbers = {p: i for i, p in enumerate(_all_parameters(self))}
        return {
            "state": {numbers[p]: dict(kept) for p, kept in self.state.items()},
            "param_groups": [
                {**group, "params": [numbers[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict):
        """Go on from the `state_dict()` of an optimizer with the same parameters, in this order.

        Raises:
            ValueError: it does not fit these parameters; nothing has changed then.
        """
        saved, groups = state_dict["param_groups"], self.param_groups
        found, wanted = ([len(group["params"]) for group in part] for part in (saved, groups))
        if found != wanted:
            raise ValueError(f"the state has groups of {found} parameters, the optimizer {wanted}")
        numbers = [number for group in saved for number in group["params"]]
        parameters = dict(zip(numbers, _all_parameters(self)))
        state = defaultdict(dict)
        for number, kept in state_dict["state"].items():
            p = parameters[int(number)]
            state[p] = {name: _fitted(name, value, p) for name, value in kept.items()}
        self.state = state
        for group, old in zip(groups, saved):
            group.update({**old, "params": group["params"]})


def _all_parameters(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def _fitted(name, value, p):
    """A copy of what was remembered about `p`, checked, in p's dtype."""
    if name == "step":
        return int(value)
    if not isinstance(value, (Tensor, np.ndarray)):
        return value
    if value.shape != p.shape:
        raise ValueError(f"{name} has shape {value.shape}, its parameter has shape {p.shape}")
    return Tensor(value, dtype=p.dtype)


# %%
def walk(optimizer, w, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        valley(w).backward()
        optimizer.step()


import copy

w = tensor([10.0, 1.0], requires_grad=True)
optimizer = Adam([w], lr=0.5)
walk(optimizer, w, 10)
weights, checkpoint = w.tolist(), copy.deepcopy(optimizer.state_dict())
walk(optimizer, w, 10)

again = tensor(weights, requires_grad=True)  # another day, another process
resumed = Adam([again], lr=0.5)
resumed.load_state_dict(checkpoint)
walk(resumed, again, 10)
forgetful = tensor(weights, requires_grad=True)
walk(Adam([forgetful], lr=0.5), forgetful, 10)
print("20 steps:               ", w.detach())
print("10, checkpoint, 10 more:", again.detach(), "equal:", w.tolist() == again.tolist())
print("weights alone:          ", forgetful.detach())
print("the checkpoint holds:", checkpoint["state"][0])

# %% [markdown]
# ## Task 4.6: a learning rate that changes
#
# Large steps are good at first, when everything is far away; small steps at the end, to settle. A
# **scheduler** changes `group["lr"]` while you train: call its `step()` once after each epoch (an
# **epoch** is one pass over all examples), or after each step; that is your choice.
#
# The base class below is given. It keeps `base_lrs`, the learning rate that each group had at the
# start, and `last_epoch`, which counts the calls: 0 once it is made, then 1, 2, ... A schedule only
# says, in `get_lr`, what the learning rates are *now*, one for each group. `StepLR` shows the
# pattern: after every `step_size` epochs, multiply by `gamma`.

# %%
#| export optim.lr_scheduler
import bisect
import math

import numpy as np


class LRScheduler:
    """The base of all schedules: sets the learning rate of each group to what `get_lr` says.

    Each learning rate is computed from the one at the start. Where somebody else has changed it, by
    hand or with a second scheduler, the schedule goes on from there: it is scaled to fit.
    """

    def __init__(self, optimizer, last_epoch=-1):
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(f"a scheduler needs an optimizer, not a {type(optimizer).__name__}")
        for group in optimizer.param_groups:
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError("initial_lr: load the optimizer's state before going on with it")
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        if last_epoch == -1:
            self._last_lr = list(self.base_lrs)  # another schedule may have changed it already
        self.last_epoch = last_epoch
        self.step()

    def get_lr(self):
        """The learning rates for `self.last_epoch`: a list with one for each group."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr")

    def get_last_lr(self):
        """The learning rates that were set last, one for each group."""
        return self._last_lr

    def step(self):
        """Go on to the next epoch, and set the learning rates for it."""
        self._go_on_from_here()
        self.last_epoch += 1
        self._last_lr = [float(lr) for lr in self.get_lr()]
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def _go_on_from_here(self):
        """Scale the base of each group whose learning rate is not the one that was set last."""
        groups = self.optimizer.param_groups
        for i, last in enumerate(getattr(self, "_last_lr", ())):
            present = groups[i]["lr"]
            if present != last:
                self.base_lrs[i] = self._rescaled(self.base_lrs[i], float(present), last)

    def _rescaled(self, base, present, last):
        """The base with which the schedule would have `present` now, where it had `last`."""
        return base * present / last if last else base

    def state_dict(self):
        """What a checkpoint needs: everything but the optimizer, and functions."""
        left_out = ("optimizer", "lr_lambdas")
        return {name: value for name, value in vars(self).items() if name not in left_out}

    def load_state_dict(self, state_dict):
        """Go on from a `state_dict()`; the optimizer's own state holds its learning rates."""
        vars(self).update(state_dict)


class StepLR(LRScheduler):
    """Multiply the learning rate by `gamma` after every `step_size` epochs."""

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        if step_size < 1:
            raise ValueError(f"step_size must be at least 1, not {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        drops = self.last_epoch // self.step_size
        return [base * self.gamma**drops for base in self.base_lrs]


# %% [markdown]
# The schedule that most large models use is half a cosine wave (Loshchilov and Hutter, *SGDR:
# Stochastic Gradient Descent with Warm Restarts*, 2017). It falls gently, then quickly, then gently
# again, from the base learning rate to `eta_min` in `T_max` epochs:
#
# ```
#   lr = eta_min + (base - eta_min) * (1 + cos(pi * epoch / T_max)) / 2
#
#   base 1, eta_min 0, T_max 4     epoch   0      1      2      3      4
#                                  lr      1    0.854   0.5   0.146    0
# ```
#
# Each group has its own base, and all go down together. After `T_max` the cosine rises again, in
# PyTorch as here: stop there, or enjoy the restart.


# %%
#| export optim.lr_scheduler
class CosineAnnealingLR(LRScheduler):
    """Half a cosine wave from the base learning rate to `eta_min` (Loshchilov, Hutter 2017).

    Args:
        optimizer: whose learning rates to change.
        T_max: how many epochs the way down takes.
        eta_min: the learning rate at the end.
        last_epoch: -1 to start, or the epoch to go on from.

    Raises:
        ValueError: T_max is below 1.
    """

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        if T_max < 1:
            raise ValueError(f"T_max must be at least 1, not {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """The learning rates for `self.last_epoch`.

        Returns:
            list of float: one for each entry of `self.base_lrs`.

        Example:
            >>> scheduler = CosineAnnealingLR(SGD([w], lr=1.0), T_max=4)
            >>> scheduler.step()
            >>> scheduler.get_last_lr()
            [0.8535533905932737]
        """
        ### BEGIN SOLUTION
        part = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]
        ### END SOLUTION

    def _rescaled(self, base, present, last):
        low = self.eta_min
        return low + super()._rescaled(base - low, present - low, last - low)


class ExponentialLR(LRScheduler):
    """Multiply the learning rate by `gamma` after every epoch."""

    def __init__(self, optimizer, gamma, last_epoch=-1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiply the learning rate by `gamma` at each epoch in the list `milestones`."""

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        drops = bisect.bisect_right(self.milestones, self.last_epoch)
        return [base * self.gamma**drops for base in self.base_lrs]


# %% [markdown]
# Two more, given, because the transformers will want them. At the very start, Adam's averages rest
# on a handful of gradients, and a full step on such ground can do lasting harm. **Warming up**
# means to begin with a small learning rate and raise it in a straight line: `LinearLR`. And
# `LambdaLR` takes any function of the epoch as a factor, so whatever you can write down is a
# schedule.


# %%
#| export optim.lr_scheduler
class LinearLR(LRScheduler):
    """From `start_factor` to `end_factor` times the base, in a straight line."""

    def __init__(self, optimizer, start_factor=1 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1 or total_iters < 1:
            raise ValueError(
                "LinearLR goes from 0 < start_factor <= 1 to 0 <= end_factor <= 1 in at least one "
                f"epoch, not from {start_factor} to {end_factor} in {total_iters}"
            )
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        done = min(self.last_epoch, self.total_iters) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * done
        return [base * factor for base in self.base_lrs]


class LambdaLR(LRScheduler):
    """The base learning rate times a function of the epoch; one function, or one for each group."""

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        count = len(optimizer.param_groups)
        functions = lr_lambda if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
        if len(functions) != count:
            raise ValueError(f"{len(functions)} functions for {count} parameter groups")
        self.lr_lambdas = list(functions)
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas)]

    def _rescaled(self, base, present, last):
        return base  # as in PyTorch: the function alone decides


# %%
def learning_rates(make_scheduler, epochs=41):
    optimizer = SGD([tensor([0.0], requires_grad=True)], lr=1.0)
    scheduler = make_scheduler(optimizer)
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    return rates


def draw(curves, height=9):
    """Draw curves, {sign: values}, with the largest and smallest value at the left."""
    low, high = (f(f(values) for values in curves.values()) for f in (min, max))
    width = max(len(values) for values in curves.values())
    rows = [[" "] * width for _ in range(height)]
    for sign, values in curves.items():
        for x, value in enumerate(values):
            rows[round((height - 1) * (high - value) / ((high - low) or 1))][x] = sign
    for row, label in zip(rows, [f"{high:.3g}", *[""] * (height - 2), f"{low:.3g}"]):
        print(f"{label:>8} |{''.join(row)}")


def warm_up_then_cosine(epoch, warm=8, total=40):
    if epoch < warm:
        return (epoch + 1) / warm
    return (1 + np.cos(np.pi * (epoch - warm) / (total - warm))) / 2


print("c: CosineAnnealingLR(T_max=40)   s: StepLR(10, gamma=0.5)   w: LambdaLR, warm-up and cosine")
draw(
    {
        "s": learning_rates(lambda optimizer: StepLR(optimizer, 10, gamma=0.5)),
        "c": learning_rates(lambda optimizer: CosineAnnealingLR(optimizer, T_max=40)),
        "w": learning_rates(lambda optimizer: LambdaLR(optimizer, warm_up_then_cosine)),
    }
)

# %% [markdown]
# ## Task 4.7: clipping, clip_grad_norm_
#
# Some losses have cliffs. Multiply something by the same weight 30 times, as a recurrent network
# does with its state: `w^30` is small for `w` below 1 and enormous above. At the edge, a gradient
# can be a million times its usual size, and one step with it throws away all that was learned.
# Razvan Pascanu, Tomas Mikolov and Yoshua Bengio, *On the Difficulty of Training Recurrent Neural
# Networks* (2013), gave the simple cure: if the gradient is longer than `max_norm`, shorten it to
# that length. Keep its direction.
#
# *The* gradient is all parameters' gradients taken together, as one long vector. Its length, the
# **norm**, is the root of the sum of all squares:
#
# ```
#   gradients  [3, 0]  and  [[0], [4]]       norm = sqrt(9 + 16) = 5
#   max_norm = 1                             scale = 1 / 5
#   clipped    [0.6, 0] and [[0], [0.8]]     norm 1, same direction
# ```
#
# Clip each tensor by itself, and the direction would change: `[1, 0]` and `[[0], [1]]`.
#
# In general the p-norm is `(sum of |x|^p)^(1/p)`, with PyTorch's `norm_type` for p; p = 2 is the
# length. PyTorch adds 1e-6 to the norm before it divides, so that a norm of 0 does no harm. We do
# the same.

# %%
#| export nn.utils
import math

import numpy as np

from tinytorch.tensor import Tensor


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False):
    """The norm of several tensors, taken together as one long vector.

    Args:
        tensors: a tensor, or an iterable of tensors, of any shapes.
        norm_type: p of the p-norm; `math.inf` or "inf" for the largest absolute value.
        error_if_nonfinite: raise if the result is inf or nan.

    Returns:
        Tensor: one number, shape (); 0 if there are no tensors.

    Raises:
        RuntimeError: the norm is not finite, and `error_if_nonfinite` is True.
        ValueError: `norm_type` is 0 or minus infinity, which are not offered; the message says so.

    Example:
        >>> get_total_norm([tensor([3.0, 0.0]), tensor([[0.0], [4.0]])])
        tensor(5.)
    """
    arrays = [t.data for t in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    if not arrays:
        return Tensor(0.0)
    norm_type = float(norm_type)
    if norm_type in (0, -math.inf):
        raise ValueError(f"norm_type {norm_type} is not offered: 1, 2, ... or math.inf")
    if norm_type == math.inf:
        total = max(np.abs(a).max(initial=0.0) for a in arrays)
    else:
        ### BEGIN SOLUTION
        total = sum((np.abs(a) ** norm_type).sum().item() for a in arrays) ** (1 / norm_type)
        ### END SOLUTION
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(f"the {norm_type}-norm of the gradients is {total}: nothing was clipped")
    return Tensor(total, dtype=arrays[0].dtype)


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Shorten the gradient of all parameters together, in place (Pascanu et al. 2013).

    Multiplies each gradient by `max_norm / (total + 1e-6)` if that is below 1; else changes
    nothing. Parameters whose `grad` is None take no part.

    Args:
        parameters: a parameter, or an iterable of them.
        max_norm: the length allowed.
        norm_type: p of the p-norm; `math.inf` for the largest absolute value.
        error_if_nonfinite: raise if the norm is inf or nan, before anything is changed.

    Returns:
        Tensor: the total norm before clipping, shape ().

    Example:
        >>> a.grad, b.grad = tensor([3.0, 0.0]), tensor([[0.0], [4.0]])
        >>> clip_grad_norm_([a, b], max_norm=1.0), a.grad
        (tensor(5.), tensor([0.6000, 0.0000]))
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    ### BEGIN SOLUTION
    grads = [p.grad for p in parameters if p.grad is not None]
    total = get_total_norm(grads, norm_type, error_if_nonfinite)
    scale = max_norm / (total.item() + 1e-6)
    if scale < 1:
        for grad in grads:
            grad.data *= scale
    return total
    ### END SOLUTION


# %% [markdown]
# The cliff: `loss = (w^30 - 1)^2`, with its minimum at `w = 1`. We start a little above, at 1.2.


# %%
def cliff(w):
    x = tensor(1.0)
    for _ in range(30):
        x = x * w
    return (x - 1) ** 2


for max_norm in (None, 10.0):
    w = tensor(1.2, requires_grad=True)
    optimizer = SGD([w], lr=0.0005)
    steps = 1 if max_norm is None else 60
    for _ in range(steps):
        optimizer.zero_grad()
        cliff(w).backward()
        if max_norm is None:
            print(f"the gradient is {w.grad.item():.3g}")
        else:
            clip_grad_norm_(w, max_norm)
        optimizer.step()
    print(f"max_norm {max_norm}: after {steps:2} steps w = {w.item():.4g}")

# %% [markdown]
# ## Task 4.8: minibatches
#
# Second question: must we look at all examples before each step? Robbins and Monro say no. The mean
# over a few random examples, a **minibatch**, is a noisy estimate of the gradient over all, and
# right on average. Twice as many steps, each after half a look, is a good bargain, as long as the
# estimate is not too bad. How bad is it? The noise shrinks with the root of the batch's size: 100
# times the work for a tenth of the noise.
#
# In each epoch, put the examples into a new random order and cut it into pieces:
#
# ```
#   7 examples, batch_size 3         order      4 1 6 | 0 2 5 | 3
#                                    batches      3   |   3   | 1     the rest is a batch too
# ```
#
# Every example comes exactly once in each epoch, and none is lost at the end. The random order has
# to come from the one generator of module 00, so that `manual_seed` repeats it: shuffle with
# `default_generator.permutation(count)`. What you return are positions. Inputs and targets are then
# picked by the *same* positions (given), and stay together.

# %%
#| export training
import math
from collections import namedtuple
from contextlib import contextmanager

import numpy as np

from tinytorch.autograd import no_grad
from tinytorch.random import default_generator, manual_seed
from tinytorch.tensor import Tensor

if __name__ == "tinytorch.training":  # in the package; in this lesson the name is there already
    from tinytorch.nn.utils import clip_grad_norm_


def batch_indices(count, batch_size, shuffle=True):
    """Cut the positions 0 ... count - 1 into batches.

    Args:
        count: how many examples there are.
        batch_size: how many of them make a batch; the last batch has what is left.
        shuffle: draw a new random order (from `default_generator`), or keep 0, 1, 2, ... and draw
            nothing.

    Returns:
        list of np.ndarray: integer arrays; together they hold every position once.

    Example:
        >>> batch_indices(7, 3, shuffle=False)
        [array([0, 1, 2]), array([3, 4, 5]), array([6])]
    """
    ### BEGIN SOLUTION
    order = default_generator.permutation(count) if shuffle else np.arange(count)
    return [order[start : start + batch_size] for start in range(0, count, batch_size)]
    ### END SOLUTION


def minibatches(X, y, batch_size, shuffle=True):
    """Go once over the data in minibatches; call it again for the next epoch.

    Args:
        X, y: inputs and targets, tensors or arrays with the same length.
        batch_size: how many examples make a batch; the last one has what is left.
        shuffle: in a new random order each time (see `manual_seed`), or as they stand.

    Returns:
        An iterator over pairs of tensors (x, y).

    Raises:
        ValueError: no data, lengths that differ, or a batch size below 1.

    Example:
        >>> [len(x) for x, y in minibatches(randn(7, 2), randn(7), batch_size=3)]
        [3, 3, 1]
    """
    X, y = (part if isinstance(part, Tensor) else Tensor(part) for part in (X, y))
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y):
        raise ValueError(f"minibatches: each input needs a target: shapes {X.shape} and {y.shape}")
    if not len(X):
        raise ValueError(f"minibatches: there is no data: X has shape {X.shape}")
    if batch_size < 1:
        raise ValueError(f"minibatches: a batch needs at least one example, not {batch_size}")
    return ((X[i], y[i]) for i in batch_indices(len(X), batch_size, shuffle))


# %%
manual_seed(0)
print("two epochs of positions:", *(batch_indices(7, 3) for _ in range(2)), sep="\n  ")

X = randn(10_000, 1)
y = 3 * X + randn(10_000, 1)
for size in (1, 100, 10_000):
    estimates = []
    for x, target in list(minibatches(X, y, size))[:50]:
        w = tensor([[0.0]], requires_grad=True)
        ((x @ w - target) ** 2).mean().backward()
        estimates.append(w.grad.item())
    mean, noise = np.mean(estimates), np.std(estimates)
    print(f"batch size {size:6}: gradient {mean:6.2f}, noise {noise:5.2f}")

# %% [markdown]
# ## Task 4.9: one step of training
#
# Here is the line that everything has led to. It takes five lines, in this order:
#
# ```
#   1. forget      gradients of the step before
#   2. forward     x -> model -> outputs
#   3. compare     outputs, y -> loss_fn -> one number
#   4. backward    one gradient for each parameter
#   5. step        the optimizer moves the parameters
# ```
#
# Between 4 and 5 there is a moment in which the gradients stand there and have not been used yet:
# the place to clip them, if somebody asked for it.
#
# The loss goes back as a Python number, and the outputs detached. A tensor with a record would keep
# all that led to it in memory, for as long as somebody collects losses in a list.


# %%
#| export training
def train_step(model, loss_fn, optimizer, x, y, max_norm=None):
    """Learn from one minibatch.

    Args:
        model: called with `x`, gives the outputs.
        loss_fn: called with (outputs, y), gives the loss, a tensor with one number.
        optimizer: holds the model's parameters.
        x, y: inputs and targets, tensors.
        max_norm: how long the gradient of `model.parameters()` may be; None for no clipping.

    Returns:
        (loss, outputs): a Python float, and the outputs as a tensor without history.

    Example:
        >>> loss, outputs = train_step(model, nn.MSELoss(), optimizer, x, y)
    """
    ### BEGIN SOLUTION
    optimizer.zero_grad()
    outputs = model(x)
    loss = loss_fn(outputs, y)
    loss.backward()
    if max_norm is not None:
        clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item(), outputs.detach()
    ### END SOLUTION


# %%
manual_seed(1)
inputs = tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
targets = tensor([[0.0], [1.0], [1.0], [0.0]])
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = Adam(model.parameters(), lr=0.05)
for step in range(201):
    loss, outputs = train_step(model, nn.MSELoss(), optimizer, inputs, targets)
    if step % 50 == 0:
        print(f"step {step:3}: loss {loss:.4f}, outputs", outputs.flatten().numpy().round(2))

# %% [markdown]
# ## Task 4.10: accuracy
#
# A loss is made for gradients. People ask how often the network is right. For a classifier the
# outputs hold one score for each class, and the prediction is the class with the largest score:
#
# ```
#   outputs (3, 4)                     largest at    y
#   [[ 2.0, -1.0,  0.5,  0.1],             0         0     right
#    [ 0.3,  0.2,  0.9,  0.4],             2         1     wrong         accuracy 2/3
#    [-5.0, -4.0, -9.0, -6.0]]             1         1     right
# ```
#
# No softmax is needed: it would not change which score is the largest. Targets that are not whole
# numbers (a temperature, a price) have no accuracy, and the answer is None.


# %%
#| export training
def accuracy(outputs, y):
    """How often the largest score is at the right class.

    Args:
        outputs: scores, a tensor of shape (N, C).
        y: the right classes, an integer tensor of shape (N,).

    Returns:
        float between 0 and 1; None if there are no classes: `y` does not hold integers, or has
        the shape of the outputs.

    Raises:
        ValueError: the shapes do not fit together.

    Example:
        >>> accuracy(tensor([[2.0, -1.0], [0.3, 0.9]]), tensor([0, 0]))
        0.5
    """
    if y.dtype.kind not in "iu" or y.shape == outputs.shape:
        return None
    if outputs.ndim != 2 or y.shape != outputs.shape[:1]:
        raise ValueError(f"accuracy: outputs {outputs.shape} do not fit targets {y.shape}")
    ### BEGIN SOLUTION
    return float((outputs.data.argmax(axis=1) == y.data).mean())
    ### END SOLUTION


# %%
scores = tensor([[2.0, -1.0, 0.5, 0.1], [0.3, 0.2, 0.9, 0.4], [-5.0, -4.0, -9.0, -6.0]])
print("accuracy", accuracy(scores, tensor([0, 1, 1])), "| no classes:", accuracy(scores, scores))

# %% [markdown]
# ## Task 4.11: evaluate
#
# The third question was: learned, or learned by heart? There is one honest way to find out. **Hold
# out** a part of the data, never train on it, and measure there. Three things to mind:
#
# - Some layers behave differently in training (module 06 has two), so switch to `model.eval()`. And
#   switch back afterwards, even if something goes wrong in between.
# - No gradients are needed, so record nothing: `no_grad` saves the time and the memory.
# - The last batch may be smaller. The mean over all examples counts each batch by its size:
#
# ```
#   batch    size   mean loss      mean of means  (0.2 + 0.2 + 0.8) / 3           = 0.4    not it
#     1        3       0.2         by size        (3*0.2 + 3*0.2 + 1*0.8) / 7     = 0.286
#     2        3       0.2
#     3        1       0.8
# ```
#
# The first two are done by `with evaluating(model):`, and the third by `summary`. Both are given,
# and short enough to read. Yours is the loop.

# %%
#| export training
Evaluation = namedtuple("Evaluation", ["loss", "accuracy"])


@contextmanager
def evaluating(model):
    """Inside, the model is in eval mode and nothing is recorded; the modes are put back after."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def summary(losses, accuracies, sizes):
    """The means over all examples: three lists, with one entry for each batch."""
    if not sizes:
        raise ValueError("there was no minibatch: is the data empty, or a generator used up?")
    loss = float(np.average(losses, weights=sizes))
    known = None not in accuracies
    return Evaluation(loss, float(np.average(accuracies, weights=sizes)) if known else None)


def evaluate(model, loss_fn, batches):
    """Measure a model without changing it.

    Args:
        model: called with x, gives the outputs.
        loss_fn: called with (outputs, y), gives the mean loss of the batch.
        batches: an iterable of pairs (x, y) of tensors, such as `minibatches(...)`.

    Returns:
        Evaluation(loss, accuracy): floats, means over all examples; accuracy is None where there
        are no classes.

    Raises:
        ValueError: there is no batch.

    Example:
        >>> loss, right = evaluate(model, nn.CrossEntropyLoss(), minibatches(X, y, 100, False))
    """
    losses, accuracies, sizes = [], [], []
    ### BEGIN SOLUTION
    with evaluating(model):
        for x, y in batches:
            outputs = model(x)
            losses.append(loss_fn(outputs, y).item())
            accuracies.append(accuracy(outputs, y))
            sizes.append(len(y))
    ### END SOLUTION
    return summary(losses, accuracies, sizes)


# %%
manual_seed(0)
model, X, y = nn.Linear(2, 3), randn(7, 2), tensor([0, 1, 2, 0, 1, 2, 0])
for size in (1, 3, 7):
    print(f"batch size {size}:", evaluate(model, nn.CrossEntropyLoss(), minibatches(X, y, size)))
print("still in training mode:", model.training)

# %% [markdown]
# ## The Trainer
#
# All the parts are here. The `Trainer` below is given. It only puts your functions in order: epochs
# around minibatches around `train_step`, an evaluation after each epoch, and a history of it all.
# **Callbacks** are told what happens while it happens. One that prints is given, and one that stops
# early comes below. A loss that is no longer a finite number ends the run with a message: such a
# model has nothing left to learn with.


# %%
#| export training
class Callback:
    """Is told what happens during training. A subclass writes the methods it needs.

    `trainer.should_stop = True` ends the training after the epoch.
    """

    def on_step(self, trainer, step, total, loss):
        """After each step: its number from 1, how many there will be (None: unknown), its loss."""

    def on_epoch(self, trainer, record):
        """After each epoch: its line of the history, see `Trainer.fit`, as a dictionary."""


class Progress(Callback):
    """Prints a line after every `every` epochs."""

    def __init__(self, every=1):
        self.every = every

    def on_epoch(self, trainer, record):
        if record["epoch"] % self.every == 0:
            numbers = [f"{name} {value:.4f}" for name, value in record.items() if name != "epoch"]
            print(f"epoch {record['epoch']:3}", *numbers, sep="  ")


# %%
#| export training
def as_batches(data, batch_size, shuffle):
    """(batches, how many): a pair (X, y) is cut up, anything else holds minibatches already."""
    pair = isinstance(data, (tuple, list)) and len(data) == 2
    if pair and all(isinstance(part, (Tensor, np.ndarray)) for part in data):
        batches = minibatches(*data, batch_size, shuffle)
        return batches, math.ceil(len(data[0]) / batch_size)
    return data, len(data) if hasattr(data, "__len__") else None


class Trainer:
    """Trains a model, and keeps book.

    Args:
        model, loss_fn, optimizer: what `train_step` needs.
        scheduler: its `step()` is called after each epoch, if given.
        max_norm: how long the gradient may be in each step; None for no clipping.
    """

    def __init__(self, model, loss_fn, optimizer, scheduler=None, max_norm=None):
        self.model, self.loss_fn, self.optimizer = model, loss_fn, optimizer
        self.scheduler, self.max_norm = scheduler, max_norm
        self.history, self.steps, self.should_stop = {}, 0, False

    def fit(
        self, train, epochs, validation=None, batch_size=32, shuffle=True, seed=None, callbacks=()
    ):
        """Train for some epochs.

        Args:
            train: a pair (X, y) of tensors or arrays, or minibatches (x, y) that can be gone
                through again in each epoch: a list, a loader.
            epochs: how often to go through all of it.
            validation: held-out data in either form, evaluated after each epoch.
            batch_size, shuffle: how to cut pairs into minibatches.
            seed: restart the random numbers with it first, so that the run can be repeated.
            callbacks: objects with `on_step` and `on_epoch`, see `Callback`.

        Returns:
            The history, a dictionary of lists with one entry for each epoch: "epoch", "lr",
            "loss", "accuracy" (while training), "val_loss", "val_accuracy" (held out). What does
            not exist is left out, such as the accuracy where there are no classes.

        Raises:
            ValueError: there is no data.
            FloatingPointError: the loss has become inf or nan.
        """
        if seed is not None:
            manual_seed(seed)
        self.history, self.steps, self.should_stop = {}, 0, False
        for epoch in range(1, epochs + 1):
            record = {"epoch": epoch, "lr": self.optimizer.param_groups[0]["lr"]}
            batches, count = as_batches(train, batch_size, shuffle)
            total = None if count is None else count * epochs
            record["loss"], record["accuracy"] = self._train(batches, total, callbacks)
            if validation is not None:
                measured = self.evaluate(validation)
                record["val_loss"], record["val_accuracy"] = measured
            if self.scheduler is not None:
                self.scheduler.step()
            self._report(record, callbacks)
            if self.should_stop:
                break
        return self.history

    def evaluate(self, data, batch_size=256):
        """Loss and accuracy on a pair (X, y) or on minibatches, as an `Evaluation`."""
        return evaluate(self.model, self.loss_fn, as_batches(data, batch_size, False)[0])

    def _train(self, batches, total, callbacks):
        """One epoch. Each loss is the one before its step, so the mean lags a little behind."""
        self.model.train()
        losses, accuracies, sizes = [], [], []
        for x, y in batches:
            loss, outputs = train_step(
                self.model, self.loss_fn, self.optimizer, x, y, self.max_norm
            )
            self.steps += 1
            if not math.isfinite(loss):
                raise FloatingPointError(
                    f"the loss is {loss} in step {self.steps}: "
                    "try a smaller learning rate, or clip the gradients"
                )
            losses.append(loss)
            accuracies.append(accuracy(outputs, y))
            sizes.append(len(y))
            for callback in callbacks:
                callback.on_step(self, self.steps, total, loss)
        return summary(losses, accuracies, sizes)

    def _report(self, record, callbacks):
        record = {name: value for name, value in record.items() if value is not None}
        for name, value in record.items():
            self.history.setdefault(name, []).append(value)
        for callback in callbacks:
            callback.on_epoch(self, record)


# %% [markdown]
# ## Learned, or learned by heart
#
# Two half moons, one for each class. One label in seven is wrong, as labels in life are. There are
# 40 points to learn from, 500 are held out, and the network has 17,000 weights: more than enough to
# remember every point, the wrong ones too.


# %%
def moons(count, wrong=1 / 7):
    """Noisy points (count, 2) on two half moons, and their classes (count,), some of them wrong."""
    noise = np.random.default_rng(count)
    y = np.arange(count) % 2
    angle = noise.uniform(0, np.pi, count)
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X[y == 1] = [1.0, 0.4] - X[y == 1]
    X += noise.normal(0, 0.15, X.shape)
    y[noise.random(count) < wrong] ^= 1
    return X.astype("float32"), y


def network(*sizes, seed=0):
    """Linear layers with ReLU between them."""
    manual_seed(seed)
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def learn_moons(count, epochs, callbacks=(), kind=Adam, **options):
    model = network(2, 128, 128, 2)
    trainer = Trainer(model, nn.CrossEntropyLoss(), kind(model.parameters(), lr=0.02, **options))
    trainer.fit(moons(count), epochs, held_out, batch_size=40, seed=0, callbacks=callbacks)
    return trainer


held_out = moons(500)
plain = learn_moons(40, epochs=100)
print("loss over 100 epochs   t: training   h: held out")
draw({"t": plain.history["loss"][::2], "h": plain.history["val_loss"][::2]}, height=12)
for epoch in (10, 100):
    t, h = (plain.history[name][epoch - 1] for name in ("accuracy", "val_accuracy"))
    print(f"epoch {epoch:3}: accuracy {t:.1%} in training, {h:.1%} held out")

# %% [markdown]
# Both losses fall together at first: that is learning. Then the training loss goes on falling, and
# the other one turns and rises. From there on the network learns the 40 points by heart, with
# whatever was wrong about them. This is **overfitting**. The training loss cannot show it, which is
# why nobody should trust a training loss alone.
#
# What helps? More data, before anything else. Pulling the weights toward 0. And stopping in time:
# keep the weights of the epoch in which the held-out loss was lowest (Lutz Prechelt, *Early
# Stopping: But When?*, 1998). As a callback that takes a few lines:

# %%
import copy


class EarlyStopping(Callback):
    def __init__(self, patience=10):
        self.patience, self.best, self.epoch = patience, float("inf"), 0

    def on_epoch(self, trainer, record):
        if record["val_loss"] < self.best:
            self.best, self.epoch = record["val_loss"], record["epoch"]
            self.weights = copy.deepcopy(trainer.model.state_dict())
        elif record["epoch"] >= self.epoch + self.patience:
            trainer.should_stop = True
            trainer.model.load_state_dict(self.weights)


def report(text, count, trainer):
    seen, unseen = trainer.evaluate(moons(count)), trainer.evaluate(held_out)
    numbers = f"{seen.accuracy:8.1%} {unseen.accuracy:8.1%} {unseen.loss:8.2f}"
    print(f"{text:21} {trainer.steps:6} {numbers}")


print(f"{'':21} {'steps':>6} {'seen':>8} {'unseen':>8} {'loss':>8}")
report("40 points", 40, plain)
report("40, weight decay", 40, learn_moons(40, 100, kind=AdamW, weight_decay=2.0))
report("40, early stopping", 40, learn_moons(40, 100, [EarlyStopping()]))
report("800 points", 800, learn_moons(800, 5))

# %% [markdown]
# With one label in seven wrong, nobody can agree with more than about 86 % of the held-out labels.
# The network that learned by heart is further from that than the others. Its loss is worse still:
# it is sure of itself where it is wrong. And with 800 points, as many steps leave hardly a gap
# between seen and unseen.
#
# One caution. Whoever chooses the best epoch by the held-out data has used that data, a little. For
# a final verdict there should be a third part that nobody has looked at: the **test set**. The
# milestones of this course draw theirs anew for each run.
#
# ## Put together
#
# Three spiral arms, wound into one another: no straight line separates them. Everything takes part:
# minibatches, AdamW, a cosine schedule, clipping, the Trainer, held-out data. Afterwards the plane
# is drawn as the network sees it, one letter for each class.


# %%
def spirals(count, seed):
    noise = np.random.default_rng(seed)
    y = np.arange(count) % 3
    radius = noise.uniform(0.1, 1.0, count)
    angle = 6 * radius + 2 * np.pi / 3 * y + noise.normal(0, 0.2, count)
    X = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return X.astype("float32"), y


model = network(2, 32, 32, 3, seed=1)
optimizer = AdamW(model.parameters(), lr=0.02, weight_decay=0.01)
trainer = Trainer(
    model,
    nn.CrossEntropyLoss(),
    optimizer,
    scheduler=CosineAnnealingLR(optimizer, T_max=20),
    max_norm=1.0,
)
start = time.perf_counter()
trainer.fit(spirals(900, 0), 20, spirals(600, 1), seed=0, callbacks=[Progress(every=5)])
print(f"{trainer.steps} steps in {time.perf_counter() - start:.2f} s")

rows, columns = np.meshgrid(np.linspace(1, -1, 21), np.linspace(-1, 1, 51), indexing="ij")
with no_grad():
    scores = model(tensor(np.stack([columns, rows], axis=-1).reshape(-1, 2), dtype="float32"))
classes = scores.numpy().argmax(axis=1).reshape(rows.shape)
for row, line in zip(rows, classes):
    inside = row[0] ** 2 + columns[0] ** 2 <= 1.05
    print("".join("abc"[c] if i else " " for c, i in zip(line, inside)))

# %% [markdown]
# ## What you can do now
#
# Train. You can choose how a network walks downhill and say why, change its pace on the way,
# survive a cliff, feed it data of any amount in small portions, stop and go on, and tell whether it
# has learned. With the next command you unlock the milestone *mlp_digits*: real digits, written by
# real hands.
#
# ```
#   tito module complete 04
#   tito milestone run mlp_digits
# ```
#
# ## Experiments
#
# 1. In the spirals, set `lr` to 0.0002, then to 2. What in the numbers and the picture tells you
#    that the learning rate is wrong, and in which direction?
# 2. Train the spirals with `SGD(lr=0.1)`, then with `momentum=0.9`. How many epochs does each need
#    to get where AdamW was after 10?
# 3. Change the default of `wrong` in `moons` to 0.5: labels at random. How far does the accuracy
#    in training get in 300 epochs? How far on held-out data? What was learned, then?
#
# ## Three questions
#
# **1. Somebody forgets `zero_grad()`. The loss still falls for a while. Why, and what goes wrong?**
#
# <details><summary>Answer</summary>
#
# Each gradient is then the sum of all gradients so far. Early on they point roughly the same way,
# so it looks like momentum that never fades. Later the old gradients outweigh the new ones, the
# steps no longer belong to the place where the weights are, and the loss swings or explodes.
#
# </details>
#
# **2. Multiply the loss by 1,000. What changes for SGD, for SGD with clipping, and for Adam?**
#
# <details><summary>Answer</summary>
#
# SGD takes steps 1,000 times as long, and most likely diverges. With clipping, long gradients are
# cut to `max_norm`, so the steps have one length all the time, also near the minimum, where they
# should be short. Adam divides by the size of the gradients: the factor cancels, and nothing
# changes except the part that `eps` plays.
#
# </details>
#
# **3. A checkpoint holds the weights, but not the optimizer's state. For which optimizers does
# training go on as if nothing had happened?**
#
# <details><summary>Answer</summary>
#
# Only for plain SGD, which remembers nothing. SGD with momentum starts from a standstill. Adam
# starts with empty averages: its next step has the full length `lr` for every weight, however
# small the steps had become. (With shuffled minibatches, the state of the random generator counts
# too: `get_rng_state` in module 00.)
#
# </details>

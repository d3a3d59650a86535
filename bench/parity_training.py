"""The cases of `bench.parity` for module 04: optimizers over twenty steps, schedules, clipping.

The gradients of each step are drawn, not computed: so a difference is the optimizer's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.parity_cases import Case, Lib, Rng, function, normal

STEPS = 20
Draw = Callable[[Rng], dict[str, Any]]


def some(rng: Rng, *choices: Any) -> Any:
    """One of the choices; `rng.choice` would make NumPy's kinds of numbers of them."""
    return choices[rng.integers(len(choices))]


def decay(rng: Rng) -> dict[str, Any]:
    return {"weight_decay": some(rng, 0, 0.1), "maximize": some(rng, False, True)}


def sgd(rng: Rng) -> dict[str, Any]:
    momentum = some(rng, 0, 0.9)
    nesterov = bool(momentum) and some(rng, False, True)
    dampening = 0 if nesterov or not momentum else some(rng, 0, 0.3)
    return decay(rng) | {"momentum": momentum, "nesterov": nesterov, "dampening": dampening}


def adam(rng: Rng) -> dict[str, Any]:
    how = {"betas": some(rng, (0.9, 0.999), (0.5, 0.8)), "eps": some(rng, 1e-8, 1e-3)}
    return decay(rng) | how


def adamw(rng: Rng) -> dict[str, Any]:
    return adam(rng) | {"maximize": False}  # refused here, with a sentence


def rmsprop(rng: Rng) -> dict[str, Any]:
    how = {"alpha": some(rng, 0.99, 0.5), "momentum": some(rng, 0, 0.9)}
    return decay(rng) | how | {"centered": some(rng, False, True), "eps": 1e-3}


def adagrad(rng: Rng) -> dict[str, Any]:
    return decay(rng) | {"lr_decay": some(rng, 0, 0.1), "initial_accumulator_value": 0.5}


def adadelta(rng: Rng) -> dict[str, Any]:
    return decay(rng) | {"rho": some(rng, 0.9, 0.5), "eps": 1e-3}


OPTIMIZERS: dict[str, Draw] = {
    "SGD": sgd, "Adam": adam, "AdamW": adamw, "RMSprop": rmsprop, "Adagrad": adagrad,
    "Adadelta": adadelta,
}  # fmt: skip
SCHEDULES: dict[str, Draw] = {
    "StepLR": lambda rng: {"step_size": some(rng, 1, 3, 7), "gamma": some(rng, 0.1, 0.7)},
    "MultiStepLR": lambda rng: {"milestones": sorted(rng.integers(1, 15, 3).tolist())},
    "ExponentialLR": lambda rng: {"gamma": some(rng, 0.8, 0.99)},
    "CosineAnnealingLR": lambda rng: {"T_max": some(rng, 5, 20), "eta_min": some(rng, 0, 1e-3)},
    "LinearLR": lambda rng: {"start_factor": some(rng, 0.1, 1.0), "total_iters": some(rng, 3, 30)},
    "LambdaLR": lambda _: {"lr_lambda": lambda step: 1 / (1 + step)},
}


def trained(
    lib: Lib,
    start: list[Any],
    grads: list[Any],
    optimizer: tuple[str, dict[str, Any]],
    schedule: tuple[str, dict[str, Any]] | None,
) -> tuple[Any, ...]:
    """Twenty steps from `start`: the parameters, and the rates of all steps.

    Two groups, of which the second has a rate of its own. `grads` has (STEPS, *shape) for each.
    """
    name, how = optimizer
    parameters = [p.detach().clone().requires_grad_() for p in start]
    groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.03}]
    chosen = getattr(lib.optim, name)(groups, lr=0.05, **how)
    rates = None
    if schedule is not None:
        rates = getattr(lib.optim.lr_scheduler, schedule[0])(chosen, **schedule[1])
    used = []
    for step in range(STEPS):
        for p, grad in zip(parameters, grads, strict=True):
            p.grad = grad[step].detach().clone()
        chosen.step()
        used.append([group["lr"] for group in chosen.param_groups])
        if rates is not None:
            rates.step()
    return *(p.detach() for p in parameters), lib.tt.tensor(used, dtype=lib.tt.float64)


def drawn(
    rng: Rng, optimizer: str, schedule: str | None = None, how: dict[str, Any] | None = None
) -> Case:
    """Two parameters, and the gradients of twenty steps."""
    how = OPTIMIZERS[optimizer](rng) if how is None else how
    then = None if schedule is None else (schedule, SCHEDULES[schedule](rng))
    sizes = [(3, 4), (5,)]
    arrays = [normal(rng, *size) for size in sizes] + [normal(rng, STEPS, *size) for size in sizes]

    def call(lib: Lib, *tensors: Any) -> tuple[Any, ...]:
        return trained(lib, list(tensors[:2]), list(tensors[2:]), (optimizer, how), then)

    return function(call, *arrays, arguments=f"{optimizer}({how}), {then}")


def lbfgs(rng: Rng) -> dict[str, Any]:
    """Options of LBFGS with which twenty steps of it stay finite, and end before the search is one
    among rounding errors (those grow: PyTorch's own, from 1e-15 to 1e-6)."""
    how = {"max_iter": some(rng, 1, 2, 4), "history_size": some(rng, 2, 100)}
    how |= {"tolerance_change": 1e-5}
    if rng.integers(2):
        return how | {"line_search_fn": "strong_wolfe", "max_eval": some(rng, None, 5, 30)}
    return how | {"lr": some(rng, 0.05, 0.2)}


def by_lbfgs(lib: Lib, parameters: list[Any], how: dict[str, Any], loss: Any) -> tuple[Any, ...]:
    """The parameters after twenty steps down `loss`."""
    optimizer = lib.optim.LBFGS(parameters, **how)

    def closure() -> Any:
        optimizer.zero_grad()
        found = loss(*parameters)
        found.backward()
        return found

    for _ in range(STEPS):
        optimizer.step(closure)
    return tuple(p.detach() for p in parameters)


def case_lbfgs_rosenbrock(rng: Rng) -> Case:
    """In float64 in both columns: each step builds on the digits of the last."""
    how = lbfgs(rng) | {"max_iter": some(rng, 1, 2)}
    how |= {"lr": 1e-3} if "lr" in how else {}

    def call(lib: Lib, start: Any) -> tuple[Any, ...]:
        place = start.detach().double().requires_grad_()
        valley = lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2  # noqa: E731
        return by_lbfgs(lib, [place], how, valley)

    return function(call, rng.uniform(-2, 2, 2), arguments=str(how))


def case_lbfgs_network(rng: Rng) -> Case:
    """A network of two layers, in float64; its decay gives it one minimum."""
    how = lbfgs(rng)
    shapes = [(20, 3), (3, 2), (2,), (2, 2), (20, 2)]

    def call(lib: Lib, *drawn: Any) -> tuple[Any, ...]:
        x, *weights, y = (t.detach().double() for t in drawn)
        parameters = [w.requires_grad_() for w in weights]

        def error(a: Any, b: Any, c: Any) -> Any:
            decay = (a**2).sum() + (b**2).sum() + (c**2).sum()
            return ((((x @ a + b).tanh() @ c) - y) ** 2).mean() + 0.1 * decay

        return by_lbfgs(lib, parameters, how, error)

    return function(call, *(normal(rng, *shape) for shape in shapes), arguments=str(how))


def case_clip_grad_norm(rng: Rng) -> Case:
    kind, limit = some(rng, 1.0, 2.0, 3.0, float("inf")), some(rng, 0.1, 3.0, 100.0)

    def call(lib: Lib, *grads: Any) -> tuple[Any, ...]:
        parameters = [grad.detach().clone().requires_grad_() for grad in grads]
        for p, grad in zip(parameters, grads, strict=True):
            p.grad = grad.detach().clone()
        total = lib.nn.utils.clip_grad_norm_(parameters, limit, norm_type=kind)
        return total.detach(), *(p.grad for p in parameters)

    return function(call, normal(rng, 3, 4), normal(rng, 5), arguments=f"{limit}, norm {kind}")


def _cases() -> dict[str, Callable[[Rng], Case]]:
    cases: dict[str, Callable[[Rng], Case]] = {}
    for name in OPTIMIZERS:
        cases[name] = lambda rng, name=name: drawn(rng, name)
    for name in SCHEDULES:
        cases[name] = lambda rng, name=name: drawn(rng, "SGD", name, how={})
    return cases


CASES = _cases()

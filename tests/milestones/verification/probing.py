"""Course code for the probes that runs beside the framework: what would be many requests is one.

Like `there.py`: it does not judge, only the contract's names are used, and only NumPy is imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def tensors(tt: Any, arrays: list[np.ndarray], wanted: list[bool]) -> list[Any]:
    """A tensor of each array; those whose gradient is wanted require one."""
    pairs = zip(arrays, wanted, strict=True)
    return [tt.tensor(a, requires_grad=True) if grad else tt.tensor(a) for a, grad in pairs]


def contents(tensors: list[Any]) -> list[Any]:
    return [t.data for t in tensors]


def parameters(layer: Any) -> list[tuple[str, Any, Any]]:
    """Each parameter's name, the parameter and its shape."""
    named = dict(layer.named_parameters())
    return [(name, p, None if p.data is None else p.data.shape) for name, p in named.items()]


def go_back(tt: Any, result: Any, above: np.ndarray) -> None:
    """Backward from a result, given the gradient from above unless the result is one number."""
    result.backward(*([tt.tensor(above)] if above.shape else []))


def held(tensors: list[Any]) -> list[tuple[Any, Any]]:
    """The content of each, and its gradient as the tensor that it is."""
    return [(t.data, t.grad) for t in tensors]


def with_gradients(tensors: list[Any]) -> list[tuple[Any, Any]]:
    """The content and the gradient of each, which may be None."""
    return [(t.data, None if t.grad is None else t.grad.data) for t in tensors]


def subtract_in_place(t: Any, amount: float) -> None:
    t.data -= amount


def put_in_place(t: Any, index: Any, value: float) -> None:
    t.data[index] = value


def plain_module(nn: Any, values: Any) -> Any:
    """A module with one parameter and a number."""

    class Plain(nn.Module):  # type: ignore[misc]  # the framework's own
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(values)
            self.size = 2

    return Plain()


def registers(module: Any) -> dict[str, list[str] | None]:
    """The names in a module's registers; None where the framework keeps none of this name."""
    found = {
        name: getattr(module, "__dict__", {}).get(name) for name in ("_modules", "_parameters")
    }
    return {k: list(map(str, v)) if isinstance(v, dict) else None for k, v in found.items()}


def calls_of_step(step: Any, arguments: list[Any], limit: float | None) -> list[str]:
    """What a training step calls of its optimizer, and whether a gradient was there then."""
    model, _, optimizer = arguments[:3]
    calls: list[str] = []

    def noted(name: str) -> Any:
        real = getattr(optimizer, name)

        def call(*args: Any, **more: Any) -> Any:
            some = any(p.grad is not None and p.grad.data.any() for p in model.parameters())
            calls.append(f"{name} with gradients" if some else name)
            return real(*args, **more)

        return call

    for name in ("zero_grad", "step"):
        setattr(optimizer, name, noted(name))
    step(*arguments, limit)
    return calls


def scaled_module(nn: Any, values: Any) -> Any:
    """A module with a layer `inner` and a parameter `scale`."""

    class Scaled(nn.Module):  # type: ignore[misc]  # the framework's own
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 2)
            self.scale = nn.Parameter(values)

    return Scaled()


def replayed(tt: Any, seed: int) -> list[np.ndarray]:
    """Numbers after a state was taken, and twice the same after it was set."""
    tt.manual_seed(seed)
    tt.randn(3)
    state = tt.get_rng_state()
    found = [np.array(tt.randn(3).data)]
    for _ in range(2):
        tt.set_rng_state(state)
        found.append(np.array(tt.randn(3).data))
    return found

"""Cases of `bench.parity`: changes in place, of tensors and of views, that are recorded.

Each function gets a vector y (3,) and a matrix W (3, 3), and returns what it has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.parity_cases import Case, Lib, Rng, function, normal


def row_of_zeros(tt: Any, y: Any, _: Any) -> Any:
    z = tt.zeros(2, 3, dtype=y.dtype)
    z[1] = y
    return z


def element_of_zeros(tt: Any, y: Any, _: Any) -> Any:
    z = tt.zeros(3, dtype=y.dtype)
    z[0] += y[1]
    z[0] *= y[2]
    return z


def columns_of_ones(tt: Any, y: Any, _: Any) -> Any:
    z = tt.ones(2, 3, dtype=y.dtype)
    z[:, 1:] *= y[1:]
    z[..., 0] -= y[:2]
    return z


def rows_by_number(tt: Any, y: Any, W: Any) -> Any:
    """A gradient that is added up by hand, as for an embedding."""
    z = tt.zeros(3, 3, dtype=y.dtype)
    for i in (0, 2, 0):
        z[tt.tensor(i)] += W[i] * y
    return z


def lists_and_masks(tt: Any, y: Any, W: Any) -> Any:
    z = tt.ones(3, 3, dtype=y.dtype)
    z[[0, 2]] -= y
    z[1, tt.tensor([True, False, True])] /= y[:2] ** 2 + 1
    z[W.detach() > 1] = 0
    return z * W


def an_attribute(tt: Any, y: Any, W: Any) -> Any:
    holder = type("Holder", (), {"kept": tt.zeros(3, 3, dtype=y.dtype)})
    holder.kept[1] += y
    holder.kept[1] += W[0]
    return holder.kept


def reshaped_at_once(tt: Any, y: Any, _: Any) -> Any:
    z = tt.arange(6, dtype=y.dtype).view(2, 3)
    z += y
    return z


def column_by_method(tt: Any, y: Any, _: Any) -> Any:
    z = tt.ones(3, 3, dtype=y.dtype)
    z[:, 1].mul_(y).add_(y[0])
    return z


def row_by_name(tt: Any, y: Any, W: Any) -> Any:
    z = tt.ones(3, 3, dtype=y.dtype)
    row = z[0]
    row += y
    row *= W[1]
    return z * row


def view_of_a_view(tt: Any, y: Any, W: Any) -> Any:
    z = tt.ones(2, 3, 3, dtype=y.dtype)
    z[0][1] = y
    z[1][2][0] += W[0, 0]
    z[1][:, 1][:2].copy_(y[:2])
    return z


def result(_: Any, y: Any, W: Any) -> Any:
    z = y * 1
    z[0] += y[1]
    z.mul_(W[0])
    return z


def view_of_a_result(_: Any, y: Any, W: Any) -> Any:
    z = W * 2
    view = z[:2]
    view += y
    view[0] *= W[1]
    flat = z.view(-1)
    flat[2:5] += y
    flat *= W[2, 2]
    return z * flat.sum()


def views_side_by_side(_: Any, y: Any, W: Any) -> Any:
    """The later changes are of views whose tensor was changed through another one."""
    z = W * 2
    a, b, both = z[0], z[1:].T, z[:2]
    a += y
    b *= y[:2]
    both -= W[:2]
    return z


def nested_in_a_result(_: Any, y: Any, W: Any) -> Any:
    z = W * 3
    z[0][1] = y[2]
    z[1][0] += y[0]
    z[:, 2].mul_(y)
    return z


def reshaped_result(_: Any, y: Any, W: Any) -> Any:
    z = W * 3
    z.view(-1)[1:4] += y
    z.T[0] = y
    z.transpose(0, 1)[1].add_(y * y)
    return z


def unsqueezed_result(_: Any, y: Any, W: Any) -> Any:
    z = (W * 2).unsqueeze(0)
    z[0, 1] += y
    z.squeeze(0)[2] = y
    return z


def masked_result(_: Any, y: Any, W: Any) -> Any:
    z = W * y
    z[z.detach() > 0] = 0
    return z * W


CHANGES: tuple[Callable[[Any, Any, Any], Any], ...] = (
    row_of_zeros, element_of_zeros, columns_of_ones, rows_by_number, lists_and_masks, an_attribute,
    reshaped_at_once, column_by_method, row_by_name, view_of_a_view, result, view_of_a_result,
    views_side_by_side, nested_in_a_result, reshaped_result, unsqueezed_result, masked_result,
)  # fmt: skip


def _case(change: Callable[[Any, Any, Any], Any]) -> Callable[[Rng], Case]:
    def call(lib: Lib, y: Any, W: Any) -> Any:
        return change(lib.tt, y, W)

    return lambda rng: function(call, normal(rng, 3), normal(rng, 3, 3))


CASES = {f"in_place_{change.__name__}": _case(change) for change in CHANGES}

"""Probes of module 05: datasets, and a loader that neither loses nor repeats an example."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.inputs import Array
from verification.probes.probe import Kit, Probe, expect
from verification.wording import wrong_visits

MODULE = "05_data"
LOADER = "utils.data.DataLoader"
COUNT, SIZE = 23, 5
ORDER = np.arange(COUNT)


def examples(kit: Kit) -> tuple[Any, Array]:
    """(a TensorDataset of COUNT inputs (2,) with their positions as targets, the inputs)."""
    inputs = kit.rng.normal(size=(COUNT, 2)).astype("f4")
    tensors = kit.tt.tensor(inputs), kit.tt.tensor(ORDER)
    return kit.tt.utils.data.TensorDataset(*tensors), inputs


def batches(loader: Any) -> list[tuple[Array, Array]]:
    """All that a loader yields, as arrays."""
    return [(np.array(x.data), np.array(y.data)) for x, y in map(pair, loader)]


def pair(batch: Any) -> tuple[Any, Any]:
    """A batch, if it is inputs and targets."""
    if not isinstance(batch, (list, tuple)) or len(batch) != 2:
        gives = f"{len(batch)} parts" if isinstance(batch, (list, tuple)) else repr(batch)
        raise Failure(
            f"A `DataLoader` gives {gives} as a batch, not [inputs, targets]: are the examples "
            "put together (`default_collate`), and is the batch returned?"
        )
    x, y = batch
    return x, y


def positions(found: list[tuple[Array, Array]]) -> Array:
    return np.concatenate([y for _, y in found]) if found else np.empty(0, int)


def check_dataset(kit: Kit) -> None:
    """An example is one row of each tensor."""
    dataset, inputs = examples(kit)
    expect("`len(TensorDataset(x, y))`", len(dataset), COUNT)
    for place in (0, COUNT - 1):
        x, y = dataset[place]
        expect(
            f"The input of `TensorDataset(x, y)[{place}]`", np.array(x.data), inputs[place],
            suspects={
                "is it the row at this position, not the one after?": partial(
                    np.copy, inputs[(place + 1) % COUNT]
                ),
                "is it the row at this position, not the one before?": partial(
                    np.copy, inputs[place - 1]
                ),
            },
        )  # fmt: skip
        expect(f"The target of `TensorDataset(x, y)[{place}]`", np.array(y.data), place)
    check_rows(dataset)


def check_rows(dataset: Any) -> None:
    """Many rows at once, if the dataset has that: in the order of the positions, one twice."""
    rows, wanted = getattr(dataset, "batch", None), [3, 0, 3, 1]
    if rows is None:
        return
    expect(
        f"The targets of `TensorDataset(x, y).batch({wanted})`",
        np.array(rows(wanted)[1].data), wanted,
        suspects={"are the rows in the order of the positions, not sorted?": lambda: [0, 1, 3, 3]},
    )  # fmt: skip


def check_batch_sampler(kit: Kit) -> None:
    """Positions, cut into lists of their own; and how many lists that will be.

    A framework whose loader cuts its batches itself has none, and is not asked.
    """
    make = getattr(kit.tt.utils.data, "BatchSampler", None)
    if make is None:
        return
    for count, drop_last, right in (
        (7, False, [[0, 1, 2], [3, 4, 5], [6]]),
        (7, True, [[0, 1, 2], [3, 4, 5]]),
        (6, False, [[0, 1, 2], [3, 4, 5]]),
    ):
        call = f"BatchSampler(list(range({count})), 3, {drop_last})"
        sampler = make(list(range(count)), 3, drop_last)
        found = [list(map(int, batch)) for batch in sampler]
        if found != right:
            asked = ": is each batch a list of its own?" if same_lists(found) else "."
            raise Failure(f"The batches of `{call}` are {found}, not {right}{asked}")
        expect(
            f"`len({call})`", len(sampler), len(right),
            hint="Rounded up, or with drop_last down; a pass that comes out even has no rest.",
            suspects={
                "is there one more only where there is a rest?": partial(int, count // 3 + 1)
            },
        )  # fmt: skip


def same_lists(batches: list[list[int]]) -> bool:
    return len(batches) > 1 and all(batch == batches[0] for batch in batches)


def check_random_sampler(kit: Kit) -> None:
    """Every position once, in an order that is drawn anew; if the framework has samplers."""
    make = getattr(kit.tt.utils.data, "RandomSampler", None)
    if make is None:
        return
    sampler, call = make([0] * COUNT), f"`RandomSampler(dataset)` of {COUNT} examples"
    first, second = (np.array([int(at) for at in sampler]) for _ in range(2))
    for order in (first, second):
        check_complete(call, order)
    if np.array_equal(first, second):
        still = ": is it drawn at all?" if np.array_equal(first, ORDER) else ": draw anew in each."
        raise Failure(f"{call} gives the same order in two passes{still}")


def check_in_order(kit: Kit) -> None:
    """Without shuffling: all batches in order, each input with its target."""
    dataset, inputs = examples(kit)
    call = f"`DataLoader(dataset, batch_size={SIZE})` of {COUNT} examples"
    found = batches(kit.tt.utils.data.DataLoader(dataset, batch_size=SIZE))
    expect(f"The sizes of the batches of {call}", [len(y) for _, y in found], sizes())
    expect(f"The positions of the examples of {call}", positions(found), ORDER)
    check_pairs(call, found, inputs)
    short = batches(kit.tt.utils.data.DataLoader(dataset, batch_size=SIZE, drop_last=True))
    expect(
        f"The sizes of the batches of {call}, with drop_last=True,", [len(y) for _, y in short],
        sizes()[:-1], hint="drop_last leaves out the last batch if it is not full.",
    )  # fmt: skip


def sizes() -> list[int]:
    return [SIZE] * (COUNT // SIZE) + [COUNT % SIZE]


def check_pairs(call: str, found: list[tuple[Array, Array]], inputs: Array) -> None:
    """Each input comes with its own target, as float32 and int64."""
    for x, y in found:
        expect(
            f"With positions as targets, the inputs in a batch of {call}", x, inputs[y],
            hint="Inputs and targets are taken at the same positions.",
        )  # fmt: skip
        if (x.dtype, y.dtype) != (np.dtype("f4"), np.dtype("i8")):
            raise Failure(f"The batches of {call} hold {x.dtype} and {y.dtype}, not f4 and i8.")


def check_shuffled(kit: Kit) -> None:
    """With shuffling: every example once in each pass, mixed, in an order of its own."""
    dataset, inputs = examples(kit)
    call = f"`DataLoader(dataset, batch_size={SIZE}, shuffle=True)` of {COUNT} examples"
    loader = kit.tt.utils.data.DataLoader(dataset, batch_size=SIZE, shuffle=True)
    kit.tt.manual_seed(1)
    first, second = batches(loader), batches(loader)
    for found in (first, second):
        check_complete(call, positions(found))
        check_pairs(call, found, inputs)
    if np.array_equal(positions(first), positions(second)):
        raise Failure(f"{call} gives the same order in two passes.", hint="Draw anew in each.")
    check_mixed(call, positions(first))
    kit.tt.manual_seed(1)
    if not np.array_equal(positions(batches(loader)), positions(first)):
        raise Failure(
            f"{call} gives another order after the same `manual_seed`.",
            hint="All random numbers come from the one generator that manual_seed restarts.",
        )


def check_complete(call: str, order: Array) -> None:
    """Check that each position comes once."""
    if wrong := wrong_visits(order, COUNT):
        raise Failure(
            f"{call} {wrong}.",
            hint="In one pass each example comes once. The last batch has what is left.",
        )


def check_mixed(call: str, order: Array) -> None:
    """Check that the examples are mixed, and across the batches."""
    if (np.diff(order) == 1).mean() > 0.5:
        raise Failure(f"{call} keeps most examples next to each other: mix them one by one.")
    if all((np.diff(order[i : i + SIZE]) > 0).all() for i in range(0, COUNT - SIZE, SIZE)):
        raise Failure(f"{call} sorts the examples of each batch: leave them in the order drawn.")
    if all((np.sort(order)[i : i + SIZE] == np.sort(order[i : i + SIZE])).all()
           for i in range(0, COUNT, SIZE)):  # fmt: skip
        raise Failure(f"{call} mixes only inside each batch: mix first, then cut into batches.")


def check_workers(kit: Kit) -> None:
    """Reading ahead changes nothing of what comes, nor its order."""
    dataset, _ = examples(kit)
    orders = []
    for workers in (0, 2):
        kit.tt.manual_seed(3)
        loader = kit.tt.utils.data.DataLoader(
            dataset, batch_size=SIZE, shuffle=True, num_workers=workers
        )
        orders.append(positions(batches(loader)))
        how = f"batch_size={SIZE}, shuffle=True, num_workers={workers}"
        check_complete(f"`DataLoader(dataset, {how})` of {COUNT} examples", orders[-1])
    expect("The order with `num_workers=2`, compared with none,", orders[1], orders[0])


def check_plain_dataset(kit: Kit) -> None:
    """Any object with a length and positions is a dataset: here a list of pairs."""
    pairs = [(np.full(2, i, "f4"), i) for i in range(6)]
    found = batches(kit.tt.utils.data.DataLoader(pairs, batch_size=4))
    call = "`DataLoader(a list of (array (2,), int), batch_size=4)`"
    for (x, y), expected in zip(found, (ORDER[:4], ORDER[4:6]), strict=False):
        expect(f"The targets in a batch of {call}", y, expected)
        expect(f"The inputs in a batch of {call}", x, np.stack([expected, expected], 1))


PROBES = [
    Probe("utils.data.TensorDataset", MODULE, check_dataset),
    Probe("utils.data.BatchSampler", MODULE, check_batch_sampler),
    Probe("utils.data.RandomSampler", MODULE, check_random_sampler),
    Probe(LOADER, MODULE, check_in_order),
    Probe(LOADER, MODULE, check_shuffled),
    Probe(LOADER, MODULE, check_workers),
    Probe("utils.data.default_collate", MODULE, check_plain_dataset),
]

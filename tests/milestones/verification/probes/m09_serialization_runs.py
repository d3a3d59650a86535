"""Probes of module 09: a training that is stopped and resumed, and files that are whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from verification import checkpoints
from verification.failures import Failure
from verification.feed import resumed
from verification.probes.m09_serialization import MODULE, SAVE
from verification.probes.probe import Kit, Probe, expect

RESUME, RESUMABLE = "serialization.resume", "serialization.Resumable"
COUNT, STOP = 6, 2


def check_whole(kit: Kit) -> None:
    """A name has the old file or the new one, never a part; nothing is left beside it."""
    first, second = ({"x": kit.tt.tensor(np.full(3, value))} for value in (1.0, 2.0))
    whole, names = kit.there(checkpoints.saved_twice)(kit.tt, first, second)
    if not whole:
        raise Failure(
            "`save(value, path)` writes into the old file: if it is broken off, neither the old "
            "content nor the new one is there. Is a new file written, and then given the name?"
        )
    left = sorted({*names} - {"kept", "link", "taken"})
    if left:
        raise Failure(
            f"After a `save` that failed, {left[0]!r} is left in the folder: is the temporary file "
            "removed?"
        )


def parts(kit: Kit, seed: int) -> dict[str, Any]:
    """A small model and its optimizer."""
    kit.tt.manual_seed(seed)
    model = kit.tt.nn.Linear(2, 2)
    return {"model": model, "optimizer": kit.tt.optim.Adam(model.parameters(), lr=0.1)}


def one_step(of: dict[str, Any], gradient: float) -> None:
    """Step with this gradient everywhere: of equal ones, Adam's memory would not be seen."""
    for p in of["model"].parameters():
        p.grad = p * 0 + gradient
    of["optimizer"].step()


def weight(of: dict[str, Any]) -> np.ndarray:
    return np.array(of["model"].weight.data)


def check_resume(kit: Kit) -> None:
    """After `resume`: the same parameters, the same random numbers, the same next step."""
    old, new = parts(kit, 1), parts(kit, 2)
    one_step(old, 1.0)
    kit.there(resumed)(kit.tt, old, new)
    call = "`resume(load(save(capture(parts))), other_parts)`"
    expect(f"The model's weight after {call}", weight(new), weight(old))
    check_generator(kit, old)
    for each in (old, new):
        one_step(each, -3.0)
    expect(
        f"The model's weight one step of Adam after {call}", weight(new), weight(old),
        hint="The optimizer's memory is part of the checkpoint.",
    )  # fmt: skip


def check_generator(kit: Kit, of: dict[str, Any]) -> None:
    """Check that the random numbers go on where they were."""
    kit.tt.manual_seed(3)
    state = kit.tt.serialization.capture(of)
    after = np.array(kit.tt.randn(4).data)
    kit.tt.manual_seed(4)
    kit.tt.serialization.resume(state, of)
    if not np.array_equal(np.array(kit.tt.randn(4).data), after):
        raise Failure(
            "After `resume`, the generator does not go on where it was at `capture`: is its state "
            "in the checkpoint, and set?"
        )


def check_passes(kit: Kit) -> None:
    """A pass that is stopped and resumed goes on with the batches that were left."""
    if not hasattr(kit.tt.serialization, "Resumable"):
        return
    seed = int(kit.rng.integers(1000))
    whole, pieces = kit.there(checkpoints.passes)(kit.tt, seed, COUNT, STOP)
    call = f"A pass of {COUNT} batches that is resumed after {STOP}"
    batches = [[batch.tolist() for batch, _ in each] for each in (whole, pieces)]
    numbers = [[number for _, number in each] for each in (whole, pieces)]
    if batches[0][:COUNT] != batches[1][:COUNT]:
        raise Failure(f"{call} does not go on with the batches that were left{why(*batches)}")
    if numbers[0][:COUNT] != numbers[1][:COUNT]:
        raise Failure(
            f"{call} goes on with other random numbers: is the generator set to what it was at "
            "the checkpoint, once the order has been drawn again?"
        )
    if batches[0] != batches[1] or numbers[0] != numbers[1]:
        raise Failure(
            f"{call} is right, the pass after it is not: does it begin anew (`resumed` is False, "
            "the generator's state is noted, nothing is done)?"
        )


def why(whole: list[Any], found: list[Any]) -> str:
    """The question that fits the batches that came after the stop."""
    rest = found[STOP:]
    if rest[: COUNT - STOP + 1] == whole[STOP - 1 : COUNT]:
        return ": is a batch counted before it is given out? The last one comes twice."
    if rest[:COUNT] == whole[:COUNT]:
        return ": are those that are done skipped? It begins at the beginning."
    if rest[: COUNT - STOP - 1] == whole[STOP + 1 : COUNT]:
        return ": is one batch too many skipped?"
    return ": is the order drawn again from the state at the beginning of the pass?"


PROBES = [
    Probe(SAVE, MODULE, check_whole),
    Probe(RESUME, MODULE, check_resume),
    Probe(RESUMABLE, MODULE, check_passes),
]

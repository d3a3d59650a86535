"""The gradient of every parameter of a model against central differences, in float64.

The differences use NumPy's loss of the model's raw outputs, so nothing that the code under test
says about itself is trusted. A tensor is checked along random directions, to which every entry
contributes. If one is wrong, it is measured entry by entry, a large one at sampled entries: where
it is wrong says what is wrong.

ReLU and max-pooling have kinks, and a step across one gives a wrong quotient. An entry that
disagrees is measured again at smaller steps and from either side: a kink spoils one side only. The
tolerance does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.standins import beside

TOLERANCE = 1e-5
STEP = 1e-5
SMALLER_STEPS = (3e-6, 1e-6)
ALL_ENTRIES_UP_TO = 64
SAMPLES = 24
DIRECTIONS = 2
RANDOM = "a random direction"
JITTER = 0.02  # so that a bias that starts at zero is not checked exactly on a kink

Loss = Callable[[], float]


class Measured(NamedTuple):
    """One comparison: which parameter, along which direction, and both values."""

    name: str
    place: str
    backward: float
    difference: float
    error: float


class Checked(NamedTuple):
    """The outcome for a whole model."""

    worst: float
    wrong: dict[str, list[Measured]]
    right: list[str]
    missing: frozenset[str] = frozenset()  # no gradient at all; as zero it may even be right


def of_all(function: Callable[..., Any], named: dict[str, Any]) -> dict[str, Any]:
    """What a function of `probing.py` gives for each, by name, in one request."""
    values = list(named.values())
    return dict(zip(named, beside(values[0], function)(values), strict=True)) if values else {}


@contextmanager
def in_float64(
    named: dict[str, Any], rng: np.random.Generator, jitter: float = JITTER
) -> Iterator[None]:
    """Make every parameter float64 and change it a little; restore it afterwards."""
    old = of_all(probing.held, named)
    try:
        for name, p in named.items():
            data = old[name][0]
            p.data = data.astype(np.float64) + jitter * rng.normal(size=data.shape)
        yield
    finally:
        for name, p in named.items():
            p.data, p.grad = old[name]


def check_parameters(
    named: dict[str, Any],
    backward: Callable[[], None],
    loss: Loss,
    rng: np.random.Generator,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    samples: int = SAMPLES,
) -> Checked:
    """Compare each `.grad` after `backward` with central differences of `loss`.

    `samples` are the entries at which a large tensor is measured when it is wrong; with fewer than
    usual, small tensors are sampled too.
    """
    for p in named.values():
        p.grad = None
    backward()
    found, origins = gradient_arrays(named), of_all(probing.contents, named)
    missing = {n for n, g in found.items() if not g.any() and named[n].grad is None}
    largest = max(float(np.abs(g).max(initial=0.0)) for g in found.values())
    wrong: dict[str, list[Measured]] = {}
    right, worst = [], 0.0
    for done, (name, p) in enumerate(named.items(), 1):
        one = partial(
            measure, name, parameter=p, origin=origins[name], gradient=found[name],
            loss=loss, largest=largest,
        )  # fmt: skip
        measured = [one(place, direction=way) for place, way in directions(rng, found[name].shape)]
        if any(m.error > TOLERANCE for m in measured):
            ways = entries(rng, found[name].shape, samples)
            measured = [*(one(place, direction=way) for place, way in ways), *measured]
        worst = max([worst, *(m.error for m in measured)])
        if any(m.error > TOLERANCE for m in measured):
            wrong[name] = measured
        else:
            right.append(name)
        on_progress(done, len(named))
    return Checked(worst, wrong, right, frozenset(missing))


def check_found(
    named: dict[str, Any], loss: Loss, rng: np.random.Generator, tolerance: float
) -> dict[str, list[Measured]]:
    """Check the gradients now in each `.grad` along random directions; return the wrong ones.

    They may be float32. The differences are computed in float64, from the same weights.
    """
    found = {name: g.astype(np.float64) for name, g in gradient_arrays(named).items()}
    largest = max(float(np.abs(g).max(initial=0.0)) for g in found.values())
    measured: dict[str, list[Measured]] = {name: [] for name in named}
    with in_float64(named, rng, jitter=0.0):
        origins = of_all(probing.contents, named)
        for name, p in named.items():
            origin = origins[name]
            for _ in range(DIRECTIONS):
                way = rng.normal(size=origin.shape)
                way /= np.linalg.norm(way)
                one = measure(name, RANDOM, p, origin, way, found[name], loss, largest, tolerance)
                measured[name].append(one)
    return {name: of for name, of in measured.items() if any(m.error > tolerance for m in of)}


def fall_along(named: dict[str, Any], loss: Loss, rng: np.random.Generator) -> tuple[float, float]:
    """How fast the loss changes along all gradients together: as they say, and as it does."""
    found = {name: g.astype(np.float64) for name, g in gradient_arrays(named).items()}
    length = float(np.sqrt(sum((g**2).sum() for g in found.values())))
    if not length:
        return 0.0, 0.0
    with in_float64(named, rng, jitter=0.0):
        origin = of_all(probing.contents, named)

        def at(distance: float) -> float:
            for name, p in named.items():
                p.data = origin[name] + distance / length * found[name]
            return loss()

        return length, (at(STEP) - at(-STEP)) / (2 * STEP)


def gradient_array(name: str, parameter: Any) -> np.ndarray:
    """`.grad` as an array; a missing one counts as zero."""
    return gradient_arrays({name: parameter})[name]


def gradient_arrays(named: dict[str, Any]) -> dict[str, np.ndarray]:
    left = of_all(probing.with_gradients, named)
    return {name: checked(name, grad, np.shape(data)) for name, (data, grad) in left.items()}


def checked(name: str, found: Any, shape: tuple[int, ...]) -> np.ndarray:
    if found is None:
        return np.zeros(shape)
    grad = np.asarray(found)
    if grad.shape != shape:
        raise Failure(
            f"The gradient of `{name}` has shape {grad.shape}, not {shape}.",
            hint="Is it summed back over the dimensions that broadcasting added?",
        )
    if not np.isfinite(grad).all():
        raise Failure(f"The gradient of `{name}` is NaN or infinite in some entries.")
    return grad


def directions(
    rng: np.random.Generator, shape: tuple[int, ...]
) -> Iterator[tuple[str, np.ndarray]]:
    """Random directions, (name, direction of length one); for very few entries, each of them."""
    if np.prod(shape) <= DIRECTIONS:
        yield from entries(rng, shape)
        return
    for _ in range(DIRECTIONS):
        random = rng.normal(size=shape)
        yield RANDOM, random / np.linalg.norm(random)


def entries(
    rng: np.random.Generator, shape: tuple[int, ...], samples: int = SAMPLES
) -> Iterator[tuple[str, np.ndarray]]:
    """The directions of single entries: of all, or of `samples` of a large tensor."""
    size = int(np.prod(shape))
    whole = size <= (ALL_ENTRIES_UP_TO if samples == SAMPLES else samples)
    for index in np.arange(size) if whole else sampled(rng, size, samples):
        unit = np.zeros(size)
        unit[index] = 1.0
        place = list(map(int, np.unravel_index(index, shape)))
        yield str(place), unit.reshape(shape)


def sampled(rng: np.random.Generator, size: int, samples: int) -> np.ndarray:
    """One entry of each of equal stretches."""
    edges = np.linspace(0, size, samples + 1).astype(int)
    return rng.integers(edges[:-1], edges[1:])


def measure(
    name: str,
    place: str,
    parameter: Any,
    origin: np.ndarray,
    direction: np.ndarray,
    gradient: np.ndarray,
    loss: Loss,
    largest: float,
    tolerance: float = TOLERANCE,
) -> Measured:
    """Compare one difference quotient with backward; measure again where a kink may be."""
    said = float((gradient * direction).sum())
    scale = float(np.abs(gradient).max(initial=0.0)) * float(np.linalg.norm(direction))
    floor = max(0.1 * scale / np.sqrt(np.count_nonzero(direction)), 1e-3 * largest, 1e-9)
    best: tuple[float, float] | None = None
    with closing(quotients(parameter, origin, direction, loss)) as found:
        for quotient in found:
            error = abs(said - quotient) / max(abs(quotient), abs(said), floor)
            if best is None or error < best[0]:
                best = error, quotient
            if error <= tolerance:
                break
    assert best is not None
    return Measured(name, place, said, best[1], best[0])


def quotients(
    parameter: Any, origin: np.ndarray, direction: np.ndarray, loss: Loss
) -> Generator[float, None, None]:
    """The central difference, then smaller steps and one-sided differences of second order."""

    def at(distance: float) -> float:
        parameter.data = origin + distance * direction
        return loss()

    try:
        yield (at(STEP) - at(-STEP)) / (2 * STEP)
        for step in SMALLER_STEPS:
            yield (at(step) - at(-step)) / (2 * step)
            for side in (step, -step):
                yield (-3 * at(0.0) + 4 * at(side) - at(2 * side)) / (2 * side)
    finally:
        parameter.data = origin

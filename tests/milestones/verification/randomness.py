"""The framework's random numbers: saved while something is measured, and replayed.

Only public names are used: `get_rng_state` and `set_rng_state`, else `random.fork_rng`, else
`manual_seed` alone. A framework with `manual_seed` alone cannot save its state: a measurement
then leaves it at a new seed, the same one for the same `--seed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from verification import seeds
from verification.standins import do

Rewind = Callable[[], None]


class RandomNumbers:
    """The generator that `manual_seed` restarts; its state is saved if it can be read."""

    def __init__(self, tt: Any, seed: int) -> None:
        self._tt, self._source = tt, seeds.source(seed, "restarts")
        self._get, self._set = public(tt, "get_rng_state"), public(tt, "set_rng_state")
        self._fork = public(tt, "fork_rng")

    def fresh_seed(self) -> int:
        """A new seed, not drawn from the run's generators, so that no metric depends on it."""
        return int(self._source.integers(2**31))

    def seeding(self, seed: int) -> Rewind:
        return lambda: do(self._tt.manual_seed, seed)

    def bookmark(self) -> Rewind:
        """A function that restores the generator's current state.

        If the state cannot be read, the generator is seeded first, so that it can be restored.
        """
        if self._get is not None and self._set is not None:
            state, put_back = self._get(), self._set
            return lambda: do(put_back, state)
        rewind = self.seeding(self.fresh_seed())
        rewind()
        return rewind

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Restore the generator's state afterwards, whatever is drawn inside."""
        if self._fork is not None and (self._get is None or self._set is None):
            with self._fork():
                yield
            return
        rewind = self.bookmark()
        try:
            yield
        finally:
            rewind()


def public(tt: Any, name: str) -> Callable[..., Any] | None:
    """`tt.name` or `tt.random.name`, PyTorch's two places for it; None where there is neither."""
    for place in (tt, getattr(tt, "random", None)):
        found = getattr(place, name, None)
        if callable(found):
            return found  # type: ignore[no-any-return]  # whatever the framework has there
    return None

"""When the network at work is drawn: a few times in a training, at little cost.

Pictures are for the student to look at. They decide nothing, so none of them can fail a run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

PICTURES_PER_PHASE = 20
SHARE = 0.04  # of the time so far; the first and the last picture are always drawn

Draw = Callable[["int | None"], None]


class Drawings:
    """What is to be drawn in each phase, as `draw(step)`; the last picture has no step."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._began, self._spent = clock, clock(), 0.0
        self._draws: dict[str, Draw] = {}
        self._shown: dict[str, int] = {}

    def add(self, phase: str, draw: Draw) -> None:
        self._draws[phase] = draw

    def after(self, phase: str, step: int, total: int) -> None:
        """Draw, if this phase has something to draw and it is time."""
        if phase in self._draws and self._is_due(phase, step, total):
            self._shown[phase] = part_of(step, total)
            self.now(self._draws[phase], None if step >= total else step)

    def now(self, draw: Draw, step: int | None = None) -> None:
        """Draw at once. What goes wrong here shows again where the network is judged."""
        began = self._clock()
        with suppress(Exception):
            draw(step)
        self._spent += self._clock() - began

    def _is_due(self, phase: str, step: int, total: int) -> bool:
        if step >= total or phase not in self._shown:
            return True
        affordable = self._spent <= SHARE * (self._clock() - self._began)
        return affordable and part_of(step, total) > self._shown[phase]


def part_of(step: int, total: int) -> int:
    return step * PICTURES_PER_PHASE // total

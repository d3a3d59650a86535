"""The pictures of a training as a film: in order, each long enough to be seen.

A small network learns faster than the eye can follow; the film then ends a little after it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

Picture = Mapping[str, Any]

SECONDS_EACH = 0.12


class Frames:
    """Gives the picture to show now."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._since = clock, 0.0
        self._waiting: deque[Picture] = deque()
        self._shown: Picture | None = None

    def add(self, picture: Picture) -> None:
        self._waiting.append(picture)

    def now(self) -> Picture | None:
        """The next picture, once the last one was seen; None before the first."""
        long_enough = self._shown is None or self._clock() - self._since >= SECONDS_EACH
        if self._waiting and long_enough:
            self._shown, self._since = self._waiting.popleft(), self._clock()
        return self._shown

    def are_left(self) -> bool:
        """Whether pictures of the training are still to be shown; final ones do not count."""
        return any(picture.get("step") is not None for picture in self._waiting)

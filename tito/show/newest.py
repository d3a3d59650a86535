"""Slow work for a page: off the server's thread, one piece at a time, and only the newest."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from bokeh.document import Document

Work = Callable[[], Any]


class Newest:
    """Runs `work` in a thread and gives its result to `show`, back in the document's thread.

    While one piece runs, only the newest of the others waits: a pen moves faster than some
    networks read.
    """

    def __init__(self, doc: Document, show: Callable[[Any], None]) -> None:
        self._doc, self._show = doc, show
        self._pool = ThreadPoolExecutor(1)
        self._waiting: Work | None = None
        self._is_busy = False

    def do(self, work: Work) -> None:
        if self._is_busy:
            self._waiting = work
            return
        self._is_busy = True
        self._pool.submit(self._run, work)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, work: Work) -> None:
        result = work()
        self._doc.add_next_tick_callback(partial(self._done, result))

    def _done(self, result: Any) -> None:
        self._is_busy = False
        self._show(result)
        work, self._waiting = self._waiting, None
        if work is not None:
            self.do(work)

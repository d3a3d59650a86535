"""Single keys from a terminal, without Enter. Without a terminal there are none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

ReadKey = Callable[[float], str]  # waits up to so many seconds; "" if no key was pressed
INTERRUPT = "\x03"


@contextmanager
def single_keys(stream: TextIO) -> Iterator[ReadKey]:
    """Yield a function that reads one key. The terminal's settings are restored afterwards."""
    if not stream or not stream.isatty():
        yield wait_without_keys
    elif sys.platform == "win32":
        yield key_of_windows
    else:
        with _unbuffered(stream.fileno()):
            yield lambda seconds: _key_of(stream.fileno(), seconds)


def wait_without_keys(seconds: float) -> str:
    time.sleep(seconds)
    return ""


if sys.platform == "win32":

    def key_of_windows(seconds: float) -> str:
        import msvcrt

        end = time.monotonic() + seconds
        while not msvcrt.kbhit():
            if time.monotonic() > end:
                return ""
            time.sleep(0.01)
        key = msvcrt.getwch()
        if key == INTERRUPT:
            raise KeyboardInterrupt
        if key in "\x00\xe0":  # an arrow or a function key: its second half says which
            msvcrt.getwch()
            return ""
        return key

else:

    @contextmanager
    def _unbuffered(descriptor: int) -> Iterator[None]:
        import termios
        import tty

        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor)
            yield
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def _key_of(descriptor: int, seconds: float) -> str:
        import select

        if not select.select([descriptor], [], [], seconds)[0]:
            return ""
        pressed = os.read(descriptor, 32).decode("utf-8", errors="replace")
        if not pressed:
            raise EOFError  # the terminal is gone
        return pressed if len(pressed) == 1 else ""  # an arrow key sends several characters

"""The judge's side of the pipe for a module's tests.

Besides what `standins.py` does: objects of a test are lent to the framework, which calls them, and
in a test with the mark `shared` both processes have the same lists, dicts and arrays.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from verification import pipe
from verification.launch import launch
from verification.modules.errors import told, warn
from verification.modules.lent import Lent, uses_of
from verification.modules.objects import Class, Object
from verification.modules.sharing import Sharing
from verification.process import REQUEST_SECONDS
from verification.raised import MAX_TEXT
from verification.standins import Framework, Method, StandIn

LENT_TIMES = 3  # as long as a request may take, if it uses what it was lent again and again


class Modules(Framework):
    """The judged process of a module's tests."""

    def __init__(self, workspace: Path, limit: float = REQUEST_SECONDS) -> None:
        self.values = Sharing(self.refer, self.resolve, first=0)
        self._lent, self._errors = Lent(), list[BaseException]()
        self._extended, self._warned = False, list[Any]()
        self._has_kind: dict[tuple[type, int], bool] = {}
        super().__init__(workspace, launch(workspace), limit)
        self._extended = True
        self.ask("extend", "verification.modules.there")

    @property
    def is_over(self) -> bool:
        """Whether it gave no answer, or has ended by itself since the last one."""
        return self._over is not None or self._process.poll() is not None

    @property
    def home(self) -> Path:
        return self._launched.home

    def share(self, on: bool) -> None:
        """A new test begins. `on`: both sides have the same lists, dicts and arrays."""
        self.ask("share", on)
        self.values.forget()
        self.values.on = on

    def has_kind(self, value: Any, kind: Any) -> bool:
        """`isinstance` over there; one answer, asked for once, for all objects of a class."""
        known = (type(value), kind._handle)
        if known not in self._has_kind:
            self._has_kind[known] = bool(self.ask("function", "isinstance", value, kind))
        return self._has_kind[known]

    # ----------------------------------------------------------------------------------- values

    def stand_in(self, name: str) -> type[StandIn]:
        return Class if name == "type" or name.endswith("Meta") else Object

    def pack(self, value: Any, blobs: list[bytes]) -> Any:
        return self.values.pack(value, blobs)

    def unpack(self, node: Any, arrays: list[np.ndarray]) -> Any:
        return self.values.unpack(node, arrays)

    def refer(self, value: Any) -> list[Any]:
        if isinstance(value, ModuleType) and "_there" in vars(value):
            return super().refer(vars(value)["_there"])
        uses = None if issubclass(type(value), (StandIn, Method)) else uses_of(value)
        if uses is not None:
            name = str(getattr(value, "__name__", type(value).__name__))
            return ["c", self._lent.number_of(value), name, uses]
        return super().refer(value)

    def resolve(self, node: list[Any]) -> Any:
        if node[:1] == ["c"] and len(node) == 2:
            return self._lent[node[1]]
        return super().resolve(node)

    # --------------------------------------------------------------------------------- messages

    def learn(self, news: list[Any], arrays: list[np.ndarray]) -> None:
        if not self._extended:
            return super().learn(news, arrays)
        if len(news) != 3 or any(type(part) is not list for part in news):
            raise pipe.Malformed("invalid news")
        super().learn(news[0], arrays)
        self.values.apply(news[1], arrays)
        self._warned = news[2]
        return None

    def _send(self, number: int) -> None:
        requests, blobs = self._waiting
        changes = self.values.changes(blobs)
        if changes:
            requests.insert(0, ["changes", ["t", [pipe.ENCODE(changes)]]])
        super()._send(number)

    def _answer(self, seconds: float) -> tuple[list[Any], list[np.ndarray]]:
        """The answer; before it, the framework may use what it has been lent."""
        head, arrays = super()._answer(seconds)
        ends = time.monotonic() + LENT_TIMES * seconds
        while head[1:2] == ["call"]:
            self._used(head, arrays)
            self._deadline = min(time.monotonic() + seconds, ends)
            head, arrays = super()._answer(seconds)
        return head, arrays

    def _checked(
        self, head: list[Any], arrays: list[np.ndarray], number: int
    ) -> tuple[Any, BaseException | None]:
        self._warned = []
        found = super()._checked(head, arrays, number)
        warn(self._warned)
        return found

    def _used(self, head: list[Any], arrays: list[np.ndarray]) -> None:
        """Do with a lent object what the framework asks for; send what it gives or raises."""
        if len(head) != 4 or self._buffer:
            raise pipe.Malformed("an unexpected answer")
        number, _, content, news = head
        self.learn(news, arrays)
        how, arguments, options = self.unpack(content, arrays)
        if (type(how), type(arguments), type(options)) != (str, tuple, dict):
            raise pipe.Malformed("an invalid call")
        _ = self._lent[number]  # raises here if it is not lent, and not as an error of the test
        before = len(self._waiting[0])
        try:
            self._add("returned", (self._lent.use(number, how, arguments, options),))
        except Exception as error:
            del self._waiting[0][before:]
            self._errors.append(error)
            kind = next(k.__name__ for k in type(error).__mro__ if k.__module__ == "builtins")
            self._add("threw", (len(self._errors), kind, str(error)[:MAX_TEXT]))
        if self._over is not None:
            raise EOFError
        self._send(0)

    def error_of(self, said: Any) -> BaseException:
        """The framework's exception, or the test's own, if it has come back."""
        number = said.get("number", 0) if type(said) is dict else None
        if type(number) is not int:
            raise pipe.Malformed("an invalid error")
        return self._errors[number - 1] if 0 < number <= len(self._errors) else told(said)

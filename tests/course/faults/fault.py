"""What a fault of the catalogue is: one wrong answer to one task, as a change of the right one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

KINDS = (
    "sign",
    "factor",
    "transpose",
    "axis",
    "shape",
    "order",
    "off by one",
    "missing branch",
    "condition",
    "wrong operand",
    "not summed",
    "aliasing",
    "state",
    "stability",
    "dtype",
    "randomness",
    "forgotten return",
    "error not raised",
)


@dataclass(frozen=True)
class Fault:
    """A wrong answer: in the answers of `task`, `old` stands once and becomes `new`.

    `name` is the public name of `tinytorch` that it breaks, `kind` one of `KINDS`. `equivalent`
    says in one line why no test can tell it from the right answer; empty for a real fault.
    `accepted` says why a milestone may pass it: another correct framework may do the same.
    """

    title: str
    kind: str
    old: str
    new: str
    equivalent: str = ""
    accepted: str = ""
    name: str = ""
    task: str = ""
    module: str = ""

    @property
    def key(self) -> str:
        """A short hash: the same as long as the fault is the same."""
        parts = (self.module, self.task, self.title, self.old, self.new)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@dataclass
class Catalogue:
    """The faults of one module, task by task."""

    module: str
    faults: list[Fault] = field(default_factory=list)

    def task(self, number: str, name: str, *faults: Fault) -> None:
        """Add the wrong answers of a task; `name` is what they break where they do not say."""
        self.faults += [
            replace(fault, module=self.module, task=number, name=fault.name or name)
            for fault in faults
        ]

"""What a first message says of a wrong answer: does it name it, does it tell the mistake? Pure."""

from __future__ import annotations

import re
from typing import Any

from tests.course.faults.fault import Fault

OPERATORS = {
    "__add__": "+",
    "__sub__": "-",
    "__rsub__": "-",
    "__neg__": "-",
    "__mul__": "*",
    "__truediv__": "/",
    "__pow__": "**",
    "__matmul__": "@",
    "matmul": "@",
    "__getitem__": "[",
    "__iadd__": "+=",
}
ONLY_NUMBERS = re.compile(r"; the worst,| is (\S+) instead of \S+?\.?$")


def names_it(fault: Fault, result: dict[str, Any]) -> bool:
    """Whether the broken public name, or its operator, stands in the message or is its part."""
    last = fault.name.rpartition(".")[2]
    said = f"{result.get('part', '')} {result['message']}"
    return OPERATORS.get(last, "\0") in said or plain(last) in plain(said)


def plain(text: str) -> str:
    """`nn.functional.max_pool2d` and `nn.MaxPool2d` are one thing here."""
    return text.lower().replace("_", "")


def tells_the_mistake(result: dict[str, Any]) -> bool:
    """Whether it says more than which numbers differ, and by how much."""
    message = result["message"].partition("\n")[0].strip()
    return message.endswith("?") or not ONLY_NUMBERS.search(message)

"""What the results so far say: how many wrong answers are noticed, and which are not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.course.faults.fault import Fault

Tried = Sequence[tuple[Fault, dict[str, Any]]]


def summary_lines(stage: str, tried: Tried, untried: int) -> Iterator[str]:
    """One line for each module, then every fault that passed and is not argued away."""
    if not tried:
        return
    yield f"{stage}: wrong answers noticed, of those tried"
    for module in sorted({fault.module for fault, _ in tried}):
        yield f"  {module:<16} {counted([row for row in tried if row[0].module == module])}"
    yield f"  {'all':<16} {counted(tried)}" + (f"; {untried} not tried yet" if untried else "")
    for fault, result in tried:
        if result["outcome"] == "passed" and not fault.equivalent:
            yield f"  not noticed: {named(fault)}"
        elif result["outcome"] == "failed" and fault.equivalent:
            yield f"  noticed, so not equivalent: {named(fault)}"


def counted(tried: Tried) -> str:
    """`120 of 126 (2 equivalent), 119 first at their own task`."""
    noticed = [(fault, result) for fault, result in tried if result["outcome"] == "failed"]
    equivalent = sum(bool(fault.equivalent) for fault, _ in tried)
    own = [fault for fault, result in noticed if result.get("tasks", [])[:1] == [fault.task]]
    text = f"{len(noticed)} of {len(tried)} ({equivalent} equivalent)"
    return f"{text}, {len(own)} first at their own task" if "tasks" in tried[0][1] else text


def named(fault: Fault) -> str:
    return f"{fault.task} {fault.title} ({fault.name})"

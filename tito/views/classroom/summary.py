"""What was seen of a submission, as a checklist in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tito.core.outcome import Outcome

Seen = Mapping[str, Any]
MARKS = {
    Outcome.PASSED.value: "✅",
    Outcome.FAILED.value: "❌",
    Outcome.COULD_NOT_RUN.value: "⚠️",
}
OPEN = "⬜"  # blank, or not reached
ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>|#"})


def summary(seen: Seen) -> str:
    """The whole checklist. Texts of the student's code are shown as text, never as Markdown."""
    return "\n".join([*_lines(seen), ""])


def _lines(seen: Seen) -> Iterator[str]:
    tasks = [task for module in seen["modules"] for task in module["tasks"]]
    done = sum(task["state"] == Outcome.PASSED.value for task in tasks)
    yield f"## TinyTorch: {done} of {len(tasks)} tasks"
    for module in seen["modules"]:
        yield from ["", f"### {module['name']}", ""]
        if module["reason"]:
            where = f" ({_plain(module['where'])})" if module.get("where") else ""
            yield from [f"{_mark(module)} {_plain(module['reason'])}{where}", ""]
        for task in module["tasks"]:
            yield from _task(task)
    if seen["milestones"]:
        yield from ["", "### Milestones", ""]
    for milestone in seen["milestones"]:
        reason = f": {_plain(milestone['reason'])}" if milestone["reason"] else ""
        yield f"- {_mark(milestone)} {_plain(milestone['name'])}{reason}"
    yield from ["", f"Course {seen['course']}, {seen['seconds']:.0f} s."]


def _task(task: Seen) -> Iterator[str]:
    yield f"- {_mark(task)} **{task['number']}** {_plain(task['title'])}"
    if task["message"]:
        where = f"{_plain(task['where'])}: " if task["where"] else ""
        yield f"  <br>{where}{_plain(task['message'])}"
    if task["hint"]:
        yield f"  <br>Hint: {_plain(task['hint'])}"


def _mark(seen: Seen) -> str:
    return MARKS.get(seen["state"], OPEN)


def _plain(text: str) -> str:
    """One line; nothing in it is a link, a tag or a heading."""
    return " ".join(str(text).split()).translate(ESCAPED)

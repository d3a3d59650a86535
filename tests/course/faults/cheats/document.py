"""The section of `docs/VERIFICATION.md` on cheats: how many earned a tick, and which. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.course.faults.cheats.cheat import KINDS, Cheat
from tests.course.faults.document import table

HEADING = "## Cheats"
Row = tuple[Cheat, dict[str, Any]]
WHAT = {
    "milestone": "the milestone",
    "judged": "the module, `--judged`",
    "home": "the module, at home",
    "pytest": "plain pytest, for comparison",
}


def section(cheats: Sequence[Cheat], tried: Mapping[str, Sequence[Row]]) -> str:
    """The whole section, from its heading to its last line."""
    return "\n".join(_lines(cheats, tried))


def replaced(page: str, new: str) -> str:
    """The page with this section in place of the one it had; at the end if it had none."""
    before, found, after = page.partition(f"{HEADING}\n")
    _, heading, rest = after.partition("\n## ") if found else ("", "", "")
    return f"{before.rstrip()}\n\n{new.rstrip()}\n{heading}{rest}"


def kept(page: str, older: str) -> str:
    """A new page with the section that the older one had: the two are written by two commands."""
    _, found, after = older.partition(f"{HEADING}\n")
    mine = after.partition("\n## ")[0]
    return replaced(page, f"{HEADING}\n{mine}") if found else page


def _lines(cheats: Sequence[Cheat], tried: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    yield HEADING
    yield ""
    yield (
        f"`tests/course/faults/cheats/` holds {len(cheats)} cheats: a wrong gradient of a matrix "
        "product (Task 2.10) below a trick that should hide it. Each is tried at the first "
        "milestone, at the judged module and at the module at home, with the commands that a "
        "student runs, in a Landlock domain with a home of its own (Linux only)."
    )
    yield ""
    yield "    python -m tests.course.faults.cheats                # everything; it can be stopped"
    yield "    python -m tests.course.faults.cheats --stage home   # one stage"
    yield ""
    yield (
        "At home the lesson and the tests share a process, as the loop must be quick: who patches "
        "or uses the test runner, NumPy or Python itself can earn a tick there (*by patching*), and "
        "the result is a self-check. Milestones and judged modules run the framework in a process "
        "of its own. *Plain pytest* is a checker that trusts what it runs, its exit code or its "
        "report: what fools not even that is aimed at this course's own tools, such as its pipe, "
        "or is an idea that does not work anywhere."
    )
    yield ""
    stages = [stage for stage in WHAT if tried.get(stage)]
    yield from table(
        ["tried at", "cheats", "tried", "earned a tick", "of these, by patching"],
        [_counts(stage, cheats, tried[stage]) for stage in stages],
    )
    yield from table(
        ["kind", "cheats", *(f"earned: {WHAT[stage]}" for stage in stages)],
        [
            [kind, _of(kind, cheats), *(_earned_of(kind, tried[s]) for s in stages)]
            for kind in KINDS
        ],
    )
    for stage in (stage for stage in stages if stage != "pytest"):
        yield from _earned(stage, tried[stage])


def _counts(stage: str, cheats: Sequence[Cheat], rows: Sequence[Row]) -> list[object]:
    earned = [cheat for cheat, result in rows if result["earned"]]
    return [WHAT[stage], len(cheats), len(rows), len(earned), sum(c.patches for c in earned)]


def _of(kind: str, cheats: Sequence[Cheat]) -> int:
    return sum(cheat.kind == kind for cheat in cheats)


def _earned_of(kind: str, rows: Sequence[Row]) -> str:
    earned = [result["earned"] for cheat, result in rows if cheat.kind == kind]
    return f"{sum(earned)} of {len(earned)}" if earned else "not tried"


def _earned(stage: str, rows: Sequence[Row]) -> Iterator[str]:
    earned = [cheat for cheat, result in rows if result["earned"]]
    if earned:
        yield f"Earned at {WHAT[stage]}:"
        yield ""
        for cheat in earned:
            how = "by patching" if cheat.patches else "**without patching the test runner**"
            yield f"- {cheat.title} ({cheat.kind}, {how})"
        yield ""

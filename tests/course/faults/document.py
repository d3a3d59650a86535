"""`docs/VERIFICATION.md`: what the results say, with the commands that repeat them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

from tests.course.faults.fault import Fault
from tests.course.faults.reading import names_it, tells_the_mistake

Row = tuple[Fault, dict[str, Any]]
Section = Callable[["Found"], Iterator[str]]


class Found(NamedTuple):
    """The catalogue, and the results of a stage by its name."""

    faults: Sequence[Fault]
    stages: dict[str, Sequence[Row]]

    def real(self, stage: str) -> list[Row]:
        """The results of faults that a test can tell from the right answer."""
        return [row for row in self.stages.get(stage, ()) if not row[0].equivalent]


def document(found: Found) -> str:
    """The whole page. Another stage adds its section to `SECTIONS`."""
    return "\n".join([*opening(found), *(line for part in SECTIONS for line in part(found))]) + "\n"


def opening(found: Found) -> Iterator[str]:
    faults = found.faults
    yield "# Who notices a wrong answer"
    yield ""
    yield (
        f"`tests/course/faults/` holds {len(faults)} wrong answers to the tasks, as students write "
        f"them: each is one change of a right answer, with the public name that it breaks. "
        f"{sum(bool(f.equivalent) for f in faults)} of them turned out to do the same as the "
        "right answer. This page is written by"
    )
    yield ""
    yield "    make verify                                        # everything: hours"
    yield "    python -m tests.course.faults --stage home         # one stage"
    yield "    python -m tests.course.faults --only 04_ --jobs 1  # one module, on one processor"
    yield ""
    yield (
        "A run that was stopped goes on where it was. What has not been tried is counted as that, "
        "not as noticed; wrong answers are tried in a random order, so a part of them is a sample."
    )
    yield ""


# ---------------------------------------------------------------------------- a module's own tests


def home(found: Found) -> Iterator[str]:
    rows = found.real("home")
    yield "## By the module's own tests"
    yield ""
    yield "`python -m tests.course.faults --stage home`: what `tito module test NN` says."
    yield ""
    yield from table(
        ["module", "wrong answers", "tried", "noticed", "at its own task first", "seconds each"],
        [
            [name, asked, len(of), parts(caught, of), parts(own_task(caught), caught), pace(of)]
            for name, asked, of, caught in by_module(found, rows)
        ],
    )
    yield from listed("Not noticed:", [row for row in rows if row[1]["outcome"] == "passed"])


def own_task(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[1].get("tasks", [])[:1] == [row[0].task]]


# ----------------------------------------------------------------- the module's tests, by the judge


def judged(found: Found) -> Iterator[str]:
    rows = found.real("judged")
    if not rows:
        return
    command = "python -m tests.course.faults --stage judged --each-task"
    yield "## By the judge, as in grading"
    yield ""
    yield f"`{command}`: what `tito module test NN --judged` says of one wrong answer to each task."
    yield ""
    yield from table(
        ["module", "tasks", "noticed", "at its own task first", "seconds each"],
        [
            [name, tasks_of(of), parts(caught, of), parts(own_task(caught), caught), pace(of)]
            for name, _, of, caught in by_module(found, rows)
        ],
    )
    yield from listed("Not noticed:", [row for row in rows if row[1]["outcome"] == "passed"])


def tasks_of(rows: list[Row]) -> int:
    return len({(fault.module, fault.task) for fault, _ in rows})


# ------------------------------------------------------------------------------ the milestone alone


def milestone(found: Found) -> Iterator[str]:
    rows = found.real("milestone")
    yield "## By the milestone alone"
    yield ""
    yield (
        "`python -m tests.course.faults --stage milestone`: the wrong answer is exported without a "
        "test, and the first milestone that needs its module is run. A milestone asks for what it "
        "uses: a wrong answer that passes and leaves every number it measured as it was changes "
        "nothing there (*unused*). *Accepted* ones are listed below with the reason."
    )
    yield ""
    yield from table(
        [
            "module", "tried", "unused", "accepted", "noticed", "of those it can see",
            "right module", "right name", "mistake told", "seconds each",
        ],
        [milestone_row(name, of, caught) for name, _, of, caught in by_module(found, rows)],
    )  # fmt: skip
    yield (
        "*Right name*: the broken public name, or its operator, stands in the first sentence. "
        "*Mistake told*: that sentence says more than which numbers differ, and by how much."
    )
    yield ""
    yield from listed("Not noticed, though a number changed:", missed(rows))
    yield from listed("Accepted:", accepted(rows), lambda fault: fault.accepted)


def milestone_row(name: str, of: list[Row], caught: list[Row]) -> list[object]:
    seen = caught + missed(of)
    right = [row for row in caught if row[1].get("module") == row[0].module]
    named = [row for row in right if names_it(*row)]
    told = [row for row in caught if tells_the_mistake(row[1])]
    return [
        name, len(of), len(unused(of)), len(accepted(of)), len(caught), parts(caught, seen),
        parts(right, caught), parts(named, caught), parts(told, caught), pace(of),
    ]  # fmt: skip


def unused(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[1]["outcome"] == "passed" and row[1]["same"]]


def accepted(rows: list[Row]) -> list[Row]:
    return [row for row in passed_changed(rows) if row[0].accepted]


def missed(rows: list[Row]) -> list[Row]:
    return [row for row in passed_changed(rows) if not row[0].accepted]


def passed_changed(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[1]["outcome"] == "passed" and not row[1]["same"]]


# -------------------------------------------------------------------------------------- equivalent


def equivalent(found: Found) -> Iterator[str]:
    yield "## Not wrong after all"
    yield ""
    for fault in found.faults:
        if fault.equivalent:
            yield f"- {label(fault)}: {fault.equivalent}."
    yield ""


def otherwise(_: Found) -> Iterator[str]:
    yield "## Right answers, written otherwise"
    yield ""
    yield (
        "A verdict is worth as much as the right answers that it accepts. Frameworks that are "
        "quite unlike the reference pass: PyTorch behind a `tinytorch` face all milestones; "
        "closures as in micrograd, a tape, and plain loops those that they are made for."
    )
    yield ""
    yield "    make parity                                                   # PyTorch (large)"
    yield "    python -m pytest tests/course/test_verification_fairness.py   # the others"
    yield "    python -m pytest tests/course/test_other_answers.py           # a module's own tests"
    yield ""
    yield (
        "The reference on fresh seeds, and how far from each bar it stays: `python -m "
        "bench.seeds`, and the last part of `tests/milestones/PROGRESSION.md`."
    )
    yield ""


SECTIONS: list[Section] = [home, judged, milestone, equivalent, otherwise]

# ----------------------------------------------------------------------------------------- parts


def by_module(found: Found, rows: list[Row]) -> Iterator[tuple[str, int, list[Row], list[Row]]]:
    """(name, wrong answers in the catalogue, those tried, those noticed); at last all together."""
    names = sorted({fault.module for fault, _ in rows})
    asked = [fault for fault in found.faults if not fault.equivalent and fault.module in names]
    for name in names:
        of = [row for row in rows if row[0].module == name]
        yield name, sum(fault.module == name for fault in asked), of, noticed(of)
    yield "all", len(asked), rows, noticed(rows)


def noticed(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[1]["outcome"] == "failed"]


def parts(some: Sequence[object], of: Sequence[object]) -> str:
    """`120 of 126 (95.2 %)`."""
    return f"{len(some)} of {len(of)} ({100 * len(some) / len(of):.1f} %)" if of else "none"


def pace(rows: list[Row]) -> str:
    return f"{median(row[1]['seconds'] for row in rows):.1f}" if rows else ""


def table(head: list[str], lines: list[list[object]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" for _ in head) + "|"
    for line in lines:
        yield "| " + " | ".join(map(str, line)) + " |"
    yield ""


def listed(
    title: str, rows: list[Row], why: Callable[[Fault], str] = lambda fault: ""
) -> Iterator[str]:
    if rows:
        yield title
        yield ""
        for fault, _ in sorted(rows, key=lambda row: (row[0].module, row[0].task)):
            yield f"- {label(fault)}" + (f": {why(fault)}." if why(fault) else "")
        yield ""


def label(fault: Fault) -> str:
    return f"{fault.task} {fault.title} (`{fault.name}`)"

"""`python -m tests.course.faults [--jobs N] [--only TEXT] [--stage NAME] [--each-task]`."""

from __future__ import annotations

import argparse

from tests.course.faults.catalogue import FAULTS
from tests.course.faults.cheats.document import kept
from tests.course.faults.document import Found, document
from tests.course.faults.fault import Fault
from tests.course.faults.records import Records
from tests.course.faults.run import JUDGED, STAGES, asked, one_for_each_task, run
from tests.course.faults.summary import Tried, summary_lines
from tito.core.workspace.course import course_root


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.course.faults", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--only", default="", help="modules or titles that contain this text")
    parser.add_argument("--stage", choices=[*STAGES, JUDGED], help="one stage only")
    parser.add_argument("--each-task", action="store_true", help="one wrong answer for each task")
    chosen = parser.parse_args()
    faults = [f for f in FAULTS if chosen.only in f"{f.module} {f.task} {f.title}"]
    faults = one_for_each_task(faults) if chosen.each_task else faults
    records = Records(course_root() / ".verify" / "results.jsonl")
    stages = (chosen.stage,) if chosen.stage else STAGES
    try:
        run(faults, records, stages, chosen.jobs)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.")
    for stage in stages:
        tried = tried_of(faults, records, stage)
        untried = sum(asked(fault, stage) for fault in faults) - len(tried)
        print(*summary_lines(stage, tried, untried), sep="\n")
    if not chosen.only:  # a page on one module would hide what is known of the others
        write_document(records)


def tried_of(faults: list[Fault], records: Records, stage: str) -> Tried:
    found = [(fault, records.get(fault, stage)) for fault in faults]
    return [(fault, result) for fault, result in found if result is not None]


def write_document(records: Records) -> None:
    """All results that are known, whichever of them this run has added."""
    stages = (*STAGES, JUDGED)
    found = Found(FAULTS, {stage: tried_of(FAULTS, records, stage) for stage in stages})
    page = course_root() / "docs" / "VERIFICATION.md"
    page.parent.mkdir(exist_ok=True)
    older = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(kept(document(found), older), encoding="utf-8", newline="\n")
    print(f"Written: {page.relative_to(course_root()).as_posix()}")


if __name__ == "__main__":
    main()

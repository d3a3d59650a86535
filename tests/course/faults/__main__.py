"""`python -m tests.course.faults [--jobs N] [--only TEXT] [--stage home|milestone]`."""

from __future__ import annotations

import argparse

from tests.course.faults.catalogue import FAULTS
from tests.course.faults.records import Records
from tests.course.faults.run import STAGES, run
from tests.course.faults.summary import summary_lines
from tito.core.workspace.course import course_root


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.course.faults", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--only", default="", help="modules or titles that contain this text")
    parser.add_argument("--stage", choices=STAGES, help="one stage only")
    chosen = parser.parse_args()
    faults = [f for f in FAULTS if chosen.only in f"{f.module} {f.task} {f.title}"]
    records = Records(course_root() / ".verify" / "results.jsonl")
    stages = (chosen.stage,) if chosen.stage else STAGES
    try:
        run(faults, records, stages, chosen.jobs)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.")
    for stage in stages:
        found = [(fault, records.get(fault, stage)) for fault in faults]
        tried = [(fault, result) for fault, result in found if result is not None]
        print(*summary_lines(stage, tried, len(found) - len(tried)), sep="\n")


if __name__ == "__main__":
    main()

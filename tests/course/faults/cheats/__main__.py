"""`python -m tests.course.faults.cheats`: which cheats earn a tick. It can be stopped and goes on."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Mapping

from tests.course.faults.cheats.bench import STAGES, CheatBench
from tests.course.faults.cheats.catalogue import CHEATS
from tests.course.faults.cheats.cheat import Cheat
from tests.course.faults.cheats.document import replaced, section
from tests.course.faults.records import Records
from tests.course.faults.run import in_parallel
from tito.core.workspace.course import course_root

# What judges at each stage, besides the lessons and the module's tests.
JUDGES = {
    "milestone": ("tests/milestones", "tito/core/milestones"),
    "judged": ("tests/milestones/verification", "tito/core/testing"),
    "home": ("tito/core/testing",),
    "pytest": (),
}


def attempt(bench: CheatBench, cheat: Cheat, stage: str, records: Records) -> None:
    with bench.trying(cheat):
        found = bench.verdict(stage)
    records.add(cheat, stage, found)


def records_of(stage: str) -> Records:
    """A file of its own for each state of what judges: a change tries everything again."""
    digest = hashlib.sha256()
    for folder in JUDGES[stage]:
        for path in sorted((course_root() / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    name = f"cheats-{stage}-{digest.hexdigest()[:12]}.jsonl"
    return Records(course_root() / ".verify" / name)


def summary_lines(stage: str, cheats: list[Cheat], records: Records) -> Iterator[str]:
    """How many earned a tick, and which."""
    tried = [(cheat, records.get(cheat, stage)) for cheat in cheats]
    results = [(cheat, found) for cheat, found in tried if found is not None]
    earned = [cheat for cheat, found in results if found["earned"]]
    patching = sum(cheat.patches for cheat in earned)
    more = f" ({patching} of them patch the test runner)" if patching else ""
    yield f"{stage}: {len(earned)} of {len(results)} cheats earned a tick{more}"
    yield from (f"  earned: {cheat.kind}: {cheat.title}" for cheat in earned)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.course.faults.cheats")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--only", default="", help="kinds or titles that contain this text")
    parser.add_argument("--stage", choices=STAGES, help="one stage only")
    chosen = parser.parse_args()
    cheats = [cheat for cheat in CHEATS if chosen.only in f"{cheat.kind} {cheat.title}"]
    records = {stage: records_of(stage) for stage in STAGES}
    stages = (chosen.stage,) if chosen.stage else STAGES
    cheats.sort(key=lambda cheat: cheat.patches)  # those that must earn nothing anywhere first
    work = [(c, s) for s in stages for c in cheats if records[s].get(c, s) is None]

    def one(bench: CheatBench, item: tuple[Cheat, str]) -> None:
        attempt(bench, *item, records[item[1]])

    try:
        in_parallel(work, CheatBench, one, chosen.jobs)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.")
    for stage in stages:
        print(*summary_lines(stage, cheats, records[stage]), sep="\n")
    write_section(records)


def write_section(records: Mapping[str, Records]) -> None:
    """All results that are known; the rest of the page is another command's."""
    tried = {
        stage: [(c, found) for c in CHEATS if (found := results.get(c, stage)) is not None]
        for stage, results in records.items()
    }
    page = course_root() / "docs" / "VERIFICATION.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(replaced(text, section(CHEATS, tried)), encoding="utf-8", newline="\n")
    print(f"Written: {page.relative_to(course_root()).as_posix()}")


if __name__ == "__main__":
    main()

"""How long a lesson takes: measured on the solved lesson, told by a sentence in its head.

The sentence is what `tito module list` and `start` read, since a blank lesson has no answers to
count; a test of the course compares it with the measurement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson

# Adults read English non-fiction at about 240 words a minute (Brysbaert, 2019). A text with
# formulas, and code to run, takes longer.
WORDS_A_MINUTE = 200
GIVEN_LINES_A_MINUTE = 30
MINUTES_A_TASK = 5  # to understand the task, and to test the answer
MINUTES_A_LINE = 1  # of the reference answer, comments not counted

SENTENCE = re.compile(
    r"About (?P<reading>\d+) minutes of reading and (?P<writing>\d+(?:\.5)?) hours? of writing\."
)


class Workload(NamedTuple):
    """Minutes of reading, in steps of five, and hours of writing, in steps of a half."""

    reading: int
    writing: float

    @property
    def hours(self) -> float:
        """The whole time, to the nearest half hour."""
        return max(0.5, round(2 * (self.reading / 60 + self.writing)) / 2)

    @property
    def sentence(self) -> str:
        unit = "hour" if self.writing == 1 else "hours"
        return f"About {self.reading} minutes of reading and {self.writing:g} {unit} of writing."


def measured(lesson: Lesson) -> Workload:
    """Measure a solved lesson."""
    answers = [text for task in lesson.tasks for text in lesson.answer(task)]
    answered = code("\n".join(answers))
    given = [line for cell in lesson.cells if cell.kind == "code" for line in code(cell.source)]
    prose = [line for cell in lesson.cells if cell.kind == "markdown" for line in cell.prose]
    reading = len(" ".join(prose).split()) / WORDS_A_MINUTE
    reading += (len(given) - len(answered)) / GIVEN_LINES_A_MINUTE
    writing = len(answered) * MINUTES_A_LINE + len(lesson.tasks) * MINUTES_A_TASK
    return Workload(5 * max(1, round(reading / 5)), max(1, round(writing / 30)) / 2)


def told(head: str) -> Workload | None:
    """What a lesson's head says, if it says anything."""
    found = SENTENCE.search(" ".join(head.replace("\n#", " ").split()))
    return Workload(int(found["reading"]), float(found["writing"])) if found else None


def code(text: str) -> list[str]:
    """The lines of code in a text: neither empty nor a comment."""
    return [line for line in text.split("\n") if (bare := line.strip()) and bare[0] != "#"]

"""`tito class ...`: a class folder, from the roster to the grades.

`VERBS` lists the verbs; each is its own command in this folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tito.commands.base import Entry, Family

BASE = "tito.commands.classroom"
VERBS = {
    "init": Entry(f"{BASE}.init", "ClassInitCommand", "make a class folder with an example"),
    "collect": Entry(f"{BASE}.collect", "ClassCollectCommand", "bring in what was handed in"),
    "samples": Entry(f"{BASE}.samples", "ClassSamplesCommand", "five submissions to try it with"),
    "release": Entry(f"{BASE}.release", "ClassReleaseCommand", "make the students' starter"),
    "grade": Entry(f"{BASE}.grade", "ClassGradeCommand", "judge every submission"),
    "similar": Entry(f"{BASE}.similar", "ClassSimilarCommand", "own code, for JPlag and Dolos"),
    "workflow": Entry(f"{BASE}.workflow", "ClassWorkflowCommand", "a file for GitHub Actions"),
    "checklist": Entry(f"{BASE}.checklist", "ClassChecklistCommand", "judge the lessons here"),
    "judge": Entry(f"{BASE}.judge", "ClassJudgeCommand", "judge one submission, JSON in and out"),
    "report": Entry(f"{BASE}.report", "ClassReportCommand", "gradebooks, feedback, an overview"),
    "gradescope": Entry(f"{BASE}.gradescope", "ClassGradescopeCommand", "an autograder.zip for it"),
    "classroom50": Entry(f"{BASE}.classroom50", "ClassClassroom50Command", "an autograder for it"),
}


class ClassCommand(Family):
    """Runs a verb."""

    name: ClassVar[str] = "class"
    help: ClassVar[str] = (
        "Collect and grade the submissions of a class. Start with: tito class init"
    )
    verbs: ClassVar[Mapping[str, Entry]] = VERBS

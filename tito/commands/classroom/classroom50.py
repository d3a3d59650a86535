"""`tito class classroom50 ASSIGNMENT`: an autograder for Classroom 50, and what runs inside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_trust
from tito.core.errors import UsageError
from tito.core.words import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

# What Classroom 50's runner has in its environment, by the key of the result.
STAMPS = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "assignment_type": "ASSIGNMENT_TYPE",
    "owner": "OWNER",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


class ClassClassroom50Command(BaseCommand):
    """Write the files; with --run, grade the current folder. Exit code 3: no verdict."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("assignment", metavar="ASSIGNMENT", nargs="?", help="its id")
        parser.add_argument(
            "-o", "--out", metavar="DIR", default="classroom50", help="default: classroom50"
        )
        add_trust(parser)
        parser.add_argument(
            "--run", metavar="DIR", help="grade the current folder; autograder.py in DIR calls it"
        )

    def run(self, args: argparse.Namespace) -> int:
        if args.run is not None:
            return self._grade(self.world.cwd / args.run)
        if args.assignment is None:
            raise UsageError("Which assignment?", hint="tito class classroom50 a1")
        return self._build(args)

    def _build(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.autograder import classroom50_files, write_out

        files = classroom50_files(self.world, args.assignment, judged=not args.trust)
        for name, data in files.items():
            write_out(self.world.cwd / args.out / name, data)
        self.world.say_whole(
            f"{args.out}: {counted(len(files), 'file')}, without roster and secret"
        )
        self.world.say("  autograder.py  each task's points, with the course that is beside it")
        self.world.say("  tests.json     instead of it: a module passes as a whole, and pip must")
        self.world.say("                 find tinytorch-course")
        self.world.say("The course's answers are among the files: keep them from students.")
        self.world.next_step("Put them into your classroom's autograder folder for the assignment.")
        return 0

    def _grade(self, source: Path) -> int:
        from tito.views.classroom.feedback import feedback_markdown
        from tito.views.classroom.results_json import classroom50_json
        from tito.workflows.classroom.autograde import Times, autograde, committed_at
        from tito.workflows.classroom.autograder import write_out

        env, here = self.world.env, self.world.cwd
        found = autograde(self.world, source, here, Times(committed_at(here, env)), lambda _: None)
        entry = found.book.entries[0]
        result = classroom50_json(entry, found.book) | _stamps(env)
        write_out(here / "result.json", (json.dumps(result, indent=1) + "\n").encode())
        page = feedback_markdown(entry, found.book)
        write_out(here / "release-body.md", page.encode("utf-8", errors="replace"))
        self._tell_runner(result)
        self.world.say(f"{result['score']} of {result['max-score']} points")
        return 0

    def _tell_runner(self, result: Mapping[str, Any]) -> None:
        """The two lines that the runner of GitHub Actions takes over."""
        output = self.world.env.get("GITHUB_OUTPUT")
        if output:
            done = result["score"] == result["max-score"]
            lines = f"status={'success' if done else 'failure'}\n"
            lines += f"summary={result['score']}/{result['max-score']}\n"
            with Path(output).open("a", encoding="utf-8") as file:
                file.write(lines)


def _stamps(env: Mapping[str, str]) -> dict[str, str]:
    """What the runner says about this submission."""
    return {key: env[name] for key, name in STAMPS.items() if env.get(name)}

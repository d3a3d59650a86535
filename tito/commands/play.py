"""`tito play ID`: use the network that a milestone has trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tito.commands.base import BaseCommand, add_json
from tito.core.errors import TitoError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tito.core.milestones.player import Conversation
    from tito.workflows.play import Trained

DRAW = "draw"
HOW_TO_DRAW = "Draw with any letters, about 12 wide and 8 high; an empty line ends it."


class PlayCommand(BaseCommand):
    """Questions from the terminal, a pipe, `--input` or `--file`; the network's answers."""

    name: ClassVar[str] = "play"
    help: ClassVar[str] = (
        "Use the network of your newest passed milestone run: type a point, a sequence or a sum, "
        "or give it your own drawing of a digit. A pipe is read line by line."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("milestone", metavar="ID", help="xor, mlp_digits, gpt, ...")
        parser.add_argument(
            "--input", metavar="TEXT", action="append", help="ask this and end; may be repeated"
        )
        parser.add_argument(
            "--file", metavar="PNG", action="append", help="for digits: a drawing of any size"
        )
        parser.add_argument(
            "--temperature", type=float, metavar="T", help="gpt: 0 is certain, above 1 bold"
        )
        parser.add_argument(
            "--top-k", type=int, metavar="K", help="gpt: draw from the K likeliest letters"
        )
        parser.add_argument("--seed", type=int, metavar="N", help="gpt: the same letters again")
        parser.add_argument("--quiet", "-q", action="store_true", help="print the answers alone")
        add_json(parser)

    def run(self, args: argparse.Namespace) -> int:
        from tito.core.process import terminate_as_interrupt
        from tito.workflows.play import conversation, trained

        settings = settings_of(args)
        asked = self._given(args, settings)
        with self.world.tracker.translating_errors():
            found = trained(self.world, args.milestone)
        talks = asked is None
        with terminate_as_interrupt(), conversation(self.world, found) as (network, invites):
            if asked is None:
                asked = self._typed(found, invites, settings, quiet=args.quiet or args.json)
            self._talk(network, asked, args, may_go_on=talks)
        return 0

    def _given(
        self, args: argparse.Namespace, settings: dict[str, Any]
    ) -> Iterator[dict[str, Any]] | None:
        """The questions of the command line; None if there are none."""
        from tito.workflows.play import READ_DIGITS, drawing

        if args.file and args.milestone not in READ_DIGITS:
            known = ", ".join(READ_DIGITS)
            raise UsageError(f"--file is for the milestones that read digits: {known}.")
        pictures = [{"png": drawing(self.world, name)} for name in args.file or ()]
        texts = [{"input": text, **settings} for text in args.input or ()]
        return iter([*pictures, *texts]) if pictures or texts else None

    def _talk(
        self,
        network: Conversation,
        questions: Iterator[dict[str, Any]],
        args: argparse.Namespace,
        *,
        may_go_on: bool,
    ) -> None:
        """Ask each question and show its answer."""
        from tito.workflows.play import explained

        answers = []
        for question in questions:
            try:
                answer = network.ask(question)
            except TitoError as error:
                raise explained(self.world, error, "tito module list") from error
            if "problem" in answer and not may_go_on:
                raise UsageError(answer["problem"], hint=f"tito play {args.milestone}")
            answers.append(answer)
            if not args.json:
                self._show(answer, quiet=args.quiet)
        if args.json:
            self.world.emit_json({"milestone": args.milestone, "answers": answers})

    def _show(self, answer: dict[str, Any], *, quiet: bool) -> None:
        from tito.views.play import show_answer

        if quiet and "problem" not in answer:
            self.world.say_whole(answer["answer"])
        elif quiet:
            self.world.say_aside(answer["problem"])
        else:
            show_answer(self.world, answer)
        self.world.stdout.flush()

    # ----------------------------------------------------------------------------- what is typed

    def _typed(
        self, found: Trained, invites: str, settings: dict[str, Any], *, quiet: bool
    ) -> Iterator[dict[str, Any]]:
        """Questions line by line, until the end of the input."""
        from tito.views.play import show_opening
        from tito.workflows.play import READ_DIGITS, drawing

        if not quiet:
            show_opening(self.world, found, invites)
        digits = found.row["id"] in READ_DIGITS
        while (line := self._line("> ")) is not None:
            text = line.strip()
            if digits and text.lower() == DRAW:
                yield {"input": self._drawn()}
            elif digits and (self.world.cwd / text).is_file():
                yield {"png": drawing(self.world, text)}
            elif text:
                yield {"input": text, **settings}

    def _line(self, prompt: str) -> str | None:
        """One line; None at the end. The prompt is for a person only."""
        if self.world.is_interactive():
            self.console.print(prompt, end="", markup=False, highlight=False)
            self.world.stdout.flush()
        line = self.world.stdin.readline()
        if not line.endswith("\n") and self.world.is_interactive():
            self.console.print()
        return line.rstrip("\r\n") if line else None

    def _drawn(self) -> str:
        if self.world.is_interactive():
            self.world.say(HOW_TO_DRAW)
        lines = []
        while line := self._line(""):
            lines.append(line)
        return "\n".join(["", *lines, ""])


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """The options of the gpt that were given.

    Raises:
        UsageError: one has no meaning, or is given to another milestone.
    """
    from tito.workflows.play import WRITES_NAMES

    named = {"temperature": args.temperature, "top_k": args.top_k, "seed": args.seed}
    given = {name: value for name, value in named.items() if value is not None}
    option = next((f"--{name.replace('_', '-')}" for name in given), "")
    if given and args.milestone != WRITES_NAMES:
        raise UsageError(f"{option} is for {WRITES_NAMES} only: the others draw nothing.")
    if not 0 <= given.get("temperature", 1) < 1e6:
        raise UsageError("--temperature is a number, 0 or larger.")
    if given.get("top_k", 1) < 1:
        raise UsageError("--top-k is a whole number, 1 or larger.")
    if not 0 <= given.get("seed", 0) < 2**32:
        raise UsageError("--seed is a whole number, 0 or larger.")
    return given

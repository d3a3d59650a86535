"""The program behind `tito play`: a kept run's folder and a workspace; then one question a line.

Each line of its input is a JSON object with "input" (text) or "png" (base64), each line of its
output one too: an answer, or {"problem": ...} for what cannot be asked, or {"error": ...} for an
error in the framework.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if __name__ == "__main__":  # last, so that no file here hides a module of Python's
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from verification.failures import Failure
from verification.isolation.orphans import become_the_judge, end_orphans
from verification.playing.answers import Answer, NotAQuestion, Player
from verification.playing.digits import Digits
from verification.playing.kept import read_kept
from verification.playing.networks import trained
from verification.playing.points import Points
from verification.playing.sequences import Remembering, Reversing
from verification.playing.texts import Writing
from verification.raised import EndedFromOutside, Raised
from verification.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable

PLAYERS: dict[str, Callable[..., Player]] = {
    "perceptron": Points,
    "xor": Points,
    "mlp_digits": Digits,
    "cnn": Digits,
    "resnet": Digits,
    "transformer": Reversing,
    "lstm": Remembering,
    "gpt": Writing,
}


def main(folder: Path, workspace: Path) -> None:
    answers = apart_from_prints()
    become_the_judge()
    run = None
    try:
        kept = read_kept(folder)
        run = Run(kept.milestone, [], kept.seed, lambda *_: None, workspace=workspace)
        run.framework()
        player = PLAYERS[kept.milestone](trained(run, kept), kept)
        tell(answers, {"invites": player.invites})
        for line in sys.stdin:
            tell(answers, answer(player, json.loads(line)))
    except (OSError, ValueError, KeyError) as error:
        tell(answers, {"unusable": f"{type(error).__name__}: {error}"})
    except Exception as error:
        tell(answers, said_of(error))
    finally:
        if run is not None:
            run.end()
        end_orphans()


def apart_from_prints() -> TextIO:
    """The stream of the answers; what the framework prints goes to standard error."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stream


def tell(answers: TextIO, value: Answer) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def answer(player: Player, question: dict[str, Any]) -> Answer:
    try:
        return player.answer(question)
    except Exception as error:
        return said_of(error)


def said_of(error: Exception) -> Answer:
    """What to tell about an error; one of the course itself is not caught."""
    if isinstance(error, NotAQuestion):
        return {"problem": str(error)}
    if isinstance(error, Raised):
        return {"error": error.sentence(), "where": error.place}
    if isinstance(error, Failure):
        return {"error": error.text(""), "where": ""}
    if isinstance(error, EndedFromOutside):
        return {"unusable": str(error)}
    raise error


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))

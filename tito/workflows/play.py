"""What `tito play` does: find the trained network, open a conversation with it, read a drawing."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from tito.core.errors import MachineError, TitoError, UsageError, os_reason
from tito.core.export.source_map import in_lessons
from tito.core.milestones.player import Conversation
from tito.core.milestones.runs import KeptRun, kept_runs
from tito.core.outcome import Outcome
from tito.core.process import clean_environment
from tito.core.python import pip_install
from tito.workflows.run_milestone import refuse_if_not_exported, requires, row_of

if TYPE_CHECKING:
    from tito.world import World

PNG = b"\x89PNG\r\n\x1a\n"
LARGEST = 20_000_000  # bytes of a drawing's file
READ_DIGITS = ("mlp_digits", "cnn", "resnet")
WRITES_NAMES = "gpt"
ISOLATION = "TITO_ISOLATION"


class Trained(NamedTuple):
    """A milestone, and the kept run of it whose network is used."""

    row: dict[str, Any]
    run: KeptRun


def trained(world: World, milestone_id: str) -> Trained:
    """The newest run of this milestone that has passed and was kept.

    Raises:
        TitoError: the milestone is unknown, or there is no such run.
    """
    row = row_of(world, milestone_id)
    refuse_if_not_exported(world.workspace, row["name"], requires(world, milestone_id))
    for run in kept_runs(world.workspace, milestone_id):
        weights = run.path / "weights.safetensors"
        if run.data.get("outcome") == Outcome.PASSED and weights.is_file():
            return Trained(row, run)
    raise TitoError(
        f"No trained network of {row['name']} is kept in this workspace.",
        hint=f"tito milestone run {milestone_id}",
    )


@contextmanager
def conversation(world: World, found: Trained) -> Iterator[tuple[Conversation, str]]:
    """Start the network; yield the conversation with it, and what to type.

    Raises:
        TitoError: the framework fails, or no longer fits the weights.
    """
    again = f"tito milestone run {found.row['id']}"
    workspace = world.workspace
    env = clean_environment(world.env)
    env |= {name: world.env[name] for name in (ISOLATION,) if name in world.env}
    arguments = [str(found.run.path.absolute()), str(workspace.root.absolute())]
    folder, isolated = workspace.judge.milestones, world.tracker.required.ISOLATED
    try:
        opened = Conversation(folder, isolated, arguments, env)
    except OSError as error:
        raise MachineError(f"The network could not be started: {os_reason(error)}.") from error
    with opened:
        try:
            first = opened.opening()
        except TitoError as error:
            raise explained(world, error, again) from error
        if "problem" in first:
            raise TitoError(first["problem"], hint=again)
        yield opened, first["invites"]


def explained(world: World, error: TitoError, hint: str) -> TitoError:
    """The same error, with the line of the lesson and the next command."""
    root = world.workspace.root
    where = in_lessons(error.where, root) if error.where else None
    message = in_lessons(error.message, root)
    code = error.exit_code
    return TitoError(message, where=where, hint=error.hint or hint, exit_code=code)


def drawing(world: World, name: str) -> str:
    """A picture's file, as a PNG in base64.

    Raises:
        UsageError: it cannot be read as a picture.
    """
    path = world.cwd / name
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {os_reason(error)}.") from error
    if len(raw) > LARGEST:
        raise UsageError(f"{name} has more than {LARGEST // 1_000_000} MB: save it smaller.")
    return base64.b64encode(raw if raw.startswith(PNG) else as_png(raw, name)).decode()


def as_png(raw: bytes, name: str) -> bytes:
    """Another kind of picture as PNG, by Pillow."""
    try:
        pillow: Any = import_module("PIL.Image")
    except ImportError:
        raise UsageError(
            f"{name} is not a PNG file. With Pillow, other pictures can be read too.",
            hint=pip_install("pillow"),
        ) from None
    made = io.BytesIO()
    try:
        picture = pillow.open(io.BytesIO(raw)).convert("RGB")
        picture.thumbnail((1000, 1000))
        picture.save(made, "PNG")
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} is not a picture: {error}") from error
    return made.getvalue()

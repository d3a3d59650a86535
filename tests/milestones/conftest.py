"""How a milestone's test is run: the seed, the student's own `tinytorch`, and the failure shown.

The tests use `verification/`; their settings are in `pytest.ini`.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
WORKSPACE = Path(os.environ.get("TINYTORCH_WORKSPACE") or HERE.parents[1])
GRACE_SECONDS = 5.0  # so that the parent process ends the run first and can say why


if str(HERE) not in sys.path:  # last, so that no file here hides a module of Python's
    sys.path.append(str(HERE))

from verification.launch import Launched, launch  # noqa: E402  (found only now)

# With a progress stream, one milestone runs: its process starts while NumPy is imported here.
STREAM = os.environ.get("TINYTORCH_PROGRESS_STREAM")
EARLY: list[Launched] = [launch(WORKSPACE, Path(STREAM).parent)] if STREAM else []

from milestone_tracker import MILESTONES, VERIFICATION_TIMEOUT  # noqa: E402
from verification.failures import Failure  # noqa: E402
from verification.isolation.level import REFUSED  # noqa: E402
from verification.isolation.orphans import become_the_judge, end_orphans  # noqa: E402
from verification.raised import EndedFromOutside, Raised  # noqa: E402
from verification.run import (  # noqa: E402
    Run,
    experiment_from_environment,
    seen_from_environment,
    stream_from_environment,
)
from verification.wording import visible  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="replay the run with this seed")
    parser.addoption(
        "--without-parts",
        action="store_true",
        help="skip the checks of single parts, to see what training alone notices",
    )


@pytest.fixture
def run(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[Run]:
    """One run of the milestone whose test asks for it; it ends the framework's process."""
    test = request.function.__name__
    milestone = next(name for name, entry in MILESTONES.items() if entry["test"] == test)
    seed = request.config.getoption("--seed")
    if seed is None:
        seed = int.from_bytes(os.urandom(4), "little")
    if seed < 0:
        raise pytest.UsageError(f"--seed must be a whole number, 0 or larger, not {seed}")
    record_property("seed", seed)
    print(f"{milestone}: seed {seed}")
    without_parts = request.config.getoption("--without-parts")
    modules = [] if without_parts else MILESTONES[milestone]["requires"]
    stream = stream_from_environment()
    if stream is not None:
        end_late_runs(MILESTONES[milestone].get("timeout", VERIFICATION_TIMEOUT))
    become_the_judge()
    early = EARLY.pop() if EARLY else None
    run = Run(
        *(milestone, modules, seed, record_property, stream),
        workspace=WORKSPACE,
        launched=early,
        is_seen=seen_from_environment(),
    )
    run.experiment = experiment_from_environment()
    run.chosen = MILESTONES[milestone].get("chosen", {}) | run.experiment
    try:
        yield run
    finally:
        run.end()
        end_orphans()


def pytest_unconfigure() -> None:
    """End a process that no test has used."""
    while EARLY:
        EARLY.pop().end()


def end_late_runs(limit: float) -> None:
    """The parent process enforces the time limit. If it was killed, this ends the run."""
    assert sys.__stderr__ is not None
    faulthandler.dump_traceback_later(limit + GRACE_SECONDS, exit=True, file=sys.__stderr__)


def blame(item: pytest.Item, whom: str) -> None:
    """Report why a test fails: the tracker must not guess it from words that student code chose."""
    item.user_properties.append(("blamed", whom))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Show a Failure as its text alone, with the command that replays the run.

    An error in the framework is shown the same way, with its line in `tinytorch/`, which `tito`
    maps to a lesson. Errors in the course itself keep their traceback.
    """
    try:
        return (yield)
    except Failure as failure:
        blame(item, "framework")
        run = getattr(item, "funcargs", {}).get("run")
        said = failure.text(run.replay if run else "")
    except Raised as error:
        if (WORKSPACE / "tinytorch").exists():  # if not, that is what it says
            blame(item, "framework")
        raised_in = error.place.partition(": ")[0]
        raised_in += f", called from {error.callers}" if error.callers else ""
        said = error.sentence() + (f"\n\nRaised in {raised_in}." if raised_in else "")
        said += f"\n\n{REFUSED}" if error.kind == "PermissionError" else ""
    except EndedFromOutside as error:
        blame(item, "outside")
        said = str(error)
    # Out here, so that it is not an error during another error.
    raise pytest.fail.Exception(visible(said), pytrace=False)

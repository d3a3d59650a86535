"""How a milestone's test is run: the seed, the student's own `tinytorch`, and how a fault is shown.

The tests' material is in `verification/`, their settings in `pytest.ini`.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
WORKSPACE = HERE.parents[1]
GRACE_SECONDS = 5.0  # so that the parent process ends it first, and can say why


def put_on_path() -> None:
    """`verification`, and the workspace's package unless PYTHONPATH already names one."""
    named = [Path(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if not any((entry / "tinytorch").is_dir() for entry in named):
        sys.path.insert(0, str(WORKSPACE))
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))


put_on_path()

from milestone_tracker import MILESTONES, VERIFICATION_TIMEOUT  # noqa: E402  (found only now)
from verification.faults import Fault  # noqa: E402
from verification.run import Run, stream_from_environment  # noqa: E402

Failed = pytest.fail.Exception  # taken before a framework comes, which could replace pytest.fail


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="replay the run with this seed")
    parser.addoption(
        "--without-parts",
        action="store_true",
        help="leave the check of the single parts out, to see what training alone notices",
    )


@pytest.fixture
def run(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Run:
    """One run of the milestone whose test asks for it."""
    test = request.function.__name__
    milestone = next(name for name, entry in MILESTONES.items() if entry["test"] == test)
    seed = request.config.getoption("--seed")
    if seed is None:
        seed = int.from_bytes(os.urandom(4), "little")
    if seed < 0:
        raise pytest.UsageError(f"--seed is a number, 0 or larger, not {seed}")
    record_property("seed", seed)
    print(f"{milestone}: seed {seed}")
    without_parts = request.config.getoption("--without-parts")
    modules = [] if without_parts else MILESTONES[milestone]["requires"]
    stream = stream_from_environment()
    if stream is not None:
        end_late_runs(MILESTONES[milestone].get("timeout", VERIFICATION_TIMEOUT))
    return Run(milestone, modules, seed, record_property, stream)


def end_late_runs(limit: float) -> None:
    """The parent process enforces the time limit. If it was killed, this ends the run."""
    assert sys.__stderr__ is not None
    faulthandler.dump_traceback_later(limit + GRACE_SECONDS, exit=True, file=sys.__stderr__)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A fault is shown as its text alone, with the command that replays it.

    So is an attempt to leave early. Other errors keep their traceback: the tracker and `tito` find
    the student's line in it.
    """
    try:
        return (yield)
    except Fault as fault:
        run = getattr(item, "funcargs", {}).get("run")
        said = fault.text(run.replay if run else "")
    except SystemExit as error:
        said = f"Your code ended the test itself, by SystemExit({error.code})."
    except pytest.skip.Exception as error:
        said = f"Your code skipped the test ({error}): nothing was verified."
    raise Failed(said, pytrace=False)  # out here, so that it is not shown as an error in an error

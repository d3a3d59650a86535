"""When the machine is at fault: a read-only home, a full disk, a held lock, a missing package."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from filelock import FileLock, SoftFileLock

TRACKER = Path(__file__).resolve().parents[1] / "milestones" / "milestone_tracker.py"
Script = Callable[..., "subprocess.CompletedProcess[str]"]
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and limits")
NOBODY = 65534


@pytest.fixture
def home() -> Iterator[Path]:
    """A home in a folder that another user can walk into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "home").mkdir()
    yield folder / "home"
    (folder / "home").chmod(0o755)
    shutil.rmtree(folder)


# The superuser may write anywhere, so a test that runs as one steps down, after everything that is
# imported late has been imported: a user without rights may not read this Python's folder.
STEP_DOWN = f"""
import contextlib, io, os, sys
import milestone_tracker as m
if os.geteuid() == 0:
    with contextlib.redirect_stdout(io.StringIO()):
        for arguments in (["complete", "00_setup"], ["progress"]):
            m.main(arguments)
    os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
os.environ["TINYTORCH_HOME"] = sys.argv[1]
sys.exit(m.main(sys.argv[2:]))
"""


def as_someone_without_rights(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STEP_DOWN, str(home), *arguments],
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(TRACKER.parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def completed(*names: str) -> str:
    lists: dict[str, list[str]] = {"unlocked_milestones": [], "completed_milestones": []}
    return json.dumps({"completed_modules": list(names), **lists})


@posix_only
def test_a_read_only_home_still_shows_and_says_why_it_cannot_record(home: Path) -> None:
    file = home / "progress.json"
    file.write_text(completed("00_setup"))
    home.chmod(0o555)
    shown = as_someone_without_rights(home, "progress")
    assert shown.returncode == 0, shown.stderr
    assert "1/3 modules" in shown.stdout
    refused = as_someone_without_rights(home, "complete", "01_tensor")
    assert refused.returncode == 3
    assert "Traceback" not in refused.stderr
    assert "cannot be written" in refused.stderr
    assert "TINYTORCH_HOME" in refused.stderr
    assert file.read_text() == completed("00_setup")


@posix_only
def test_damage_in_a_read_only_home_shows_the_backup(home: Path) -> None:
    (home / "progress.json").write_bytes(b"damaged")
    (home / "progress.json.bak").write_text(completed("00_setup", "01_tensor"))
    home.chmod(0o555)
    shown = as_someone_without_rights(home, "progress")
    assert shown.returncode == 0, shown.stderr
    assert "2/3 modules" in shown.stdout
    assert "damaged" in shown.stderr
    assert "last good state" in shown.stderr
    assert (home / "progress.json").read_bytes() == b"damaged"


@posix_only
def test_a_file_that_may_not_be_read_is_not_taken_for_empty(home: Path) -> None:
    home.chmod(0o777)
    (home / "progress.json").write_text(completed("00_setup"))
    (home / "progress.json").chmod(0)
    if os.geteuid() != 0:
        pytest.skip("its owner could only be another user")
    for action in (("progress",), ("complete", "01_tensor")):
        refused = as_someone_without_rights(home, *action)
        assert refused.returncode == 3
        assert "cannot be read" in refused.stderr
    assert (home / "progress.json").read_text() == completed("00_setup")


def test_a_home_that_is_a_file_is_an_error_in_words(script: Script, tmp_path: Path) -> None:
    not_a_folder = tmp_path / "file"
    not_a_folder.write_text("")
    refused = script("complete", "00_setup", TINYTORCH_HOME=str(not_a_folder))
    assert refused.returncode == 3
    assert "cannot be written" in refused.stderr
    assert script("progress", TINYTORCH_HOME=str(not_a_folder)).returncode == 0


@posix_only
def test_a_full_disk_leaves_the_old_state(tracker: Any, progress_file: Path) -> None:
    """The kernel itself refuses the write: no file of this process may grow beyond 200 bytes."""
    tracker.mark_module_complete("00_setup")
    before = progress_file.read_bytes()
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200));"
        f"sys.argv = ['tracker', 'complete', '01_tensor']; sys.dont_write_bytecode = True;"
        f"runpy.run_path({str(TRACKER)!r}, run_name='__main__')"
    )
    refused = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 3
    assert "Traceback" not in refused.stderr
    assert "What was recorded before is safe." in refused.stderr
    assert progress_file.read_bytes() == before
    assert progress_file.with_name("progress.json.bak").read_bytes() == before
    assert not list(progress_file.parent.glob("*.tmp"))


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("links", [True, False])
def test_damage_on_a_full_disk_stays_as_it_is_until_there_is_room(
    mt: ModuleType,
    tracker: Any,
    progress_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    links: bool,
) -> None:
    """The damaged file is not lost, which would mean starting over, and copies do not pile up."""
    tracker.mark_module_complete("00_setup")
    progress_file.write_bytes(b"damaged")
    with monkeypatch.context() as disk:
        disk.setattr(mt.os, "fsync", refuse)
        if not links:
            disk.setattr(mt.os, "link", refuse)
        for _ in range(3):
            assert tracker.progress["completed_modules"] == ["00_setup"]
            with pytest.raises(mt.ProgressUnwritable):
                tracker.mark_module_complete("01_tensor")
        assert progress_file.read_bytes() == b"damaged"
        assert not list(progress_file.parent.glob("*.corrupt*"))
    assert tracker.progress["completed_modules"] == ["00_setup"]
    [kept] = progress_file.parent.glob("*.corrupt*")
    assert kept.read_bytes() == b"damaged"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_error_at_any_step_leaves_the_old_state(
    mt: ModuleType, tracker: Any, progress_file: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    tracker.mark_module_complete("00_setup")
    before = progress_file.read_bytes()
    monkeypatch.setattr(mt.os, step, refuse)
    with pytest.raises(mt.ProgressUnwritable, match="No space left on device"):
        tracker.mark_module_complete("01_tensor")
    monkeypatch.undo()
    assert progress_file.read_bytes() == before
    assert not list(progress_file.parent.glob("*.tmp"))


def test_an_error_between_the_two_swaps_leaves_the_old_state(
    mt: ModuleType, tracker: Any, progress_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.mark_module_complete("00_setup")
    before = progress_file.read_bytes()
    replace, calls = os.replace, []

    def only_once(*paths: Any) -> None:
        calls.append(paths)
        if len(calls) > 1:
            raise OSError(errno.EIO, "Input/output error")
        replace(*paths)

    monkeypatch.setattr(mt.os, "replace", only_once)
    with pytest.raises(mt.ProgressUnwritable, match="Input/output error"):
        tracker.mark_module_complete("01_tensor")
    assert progress_file.read_bytes() == before


@posix_only
def test_a_write_is_on_the_disk_before_it_takes_the_files_place_and_the_folder_after(
    mt: ModuleType, tracker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            steps.append(name)
            return call(*arguments)

        return step

    for name in ("fsync", "replace"):
        monkeypatch.setattr(mt.os, name, watched(name, getattr(os, name)))
    tracker.mark_module_complete("00_setup")
    assert steps == ["fsync", "fsync", "replace", "replace", "fsync"]


@posix_only
def test_a_folder_that_cannot_be_synced_is_no_failed_write(home: Path) -> None:
    """By then the file is in its place. Some network disks refuse, and a folder without reading."""
    home.chmod(0o333)
    done = as_someone_without_rights(home, "complete", "00_setup")
    assert done.returncode == 0, done.stderr
    assert json.loads((home / "progress.json").read_bytes())["completed_modules"] == ["00_setup"]


@posix_only
@pytest.mark.parametrize("name", ["progress.json.lock", "progress.json.bak"])
def test_what_stands_in_the_way_is_named(
    mt: ModuleType, tracker: Any, progress_file: Path, name: str
) -> None:
    progress_file.with_name(name).mkdir()
    with pytest.raises(mt.ProgressUnwritable) as caught:
        tracker.mark_module_complete("00_setup")
    assert f"{progress_file.with_name(name)} cannot be written" in str(caught.value)


def test_damage_that_cannot_be_repaired_is_said_once(
    mt: ModuleType,
    tracker: Any,
    told: list[str],
    progress_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker.mark_module_complete("00_setup")
    progress_file.write_bytes(b"damaged")
    monkeypatch.setattr(mt, "LOCK_SECONDS", 0.05)
    with FileLock(f"{progress_file}.lock"):
        for _ in range(2):
            assert tracker.progress["completed_modules"] == ["00_setup"]
    assert len(told) == 1
    assert "last good state" in told[0]


def test_a_lock_that_is_never_released_is_named(
    mt: ModuleType, tracker: Any, progress_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mt, "LOCK_SECONDS", 0.1)
    with FileLock(f"{progress_file}.lock"), pytest.raises(mt.ProgressUnwritable) as caught:
        tracker.mark_module_complete("00_setup")
    assert "progress.json.lock" in str(caught.value)


@pytest.mark.parametrize(
    ("package", "action"), [("filelock", ("complete", "00_setup")), ("rich", ("progress",))]
)
def test_a_missing_package_is_named(
    script: Script, tmp_path: Path, package: str, action: tuple[str, ...]
) -> None:
    (tmp_path / f"{package}.py").write_text(
        f"raise ModuleNotFoundError('No module named {package}', name={package!r})"
    )
    refused = script(*action, PYTHONPATH=str(tmp_path))
    assert refused.returncode == 3
    assert "Traceback" not in refused.stderr
    assert f"pip install {package}" in refused.stderr


@pytest.fixture(params=["ENOSYS", "EOPNOTSUPP", "ENOLCK"])
def disk_without_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some network disks are."""
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise OSError(getattr(errno, request.param), "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("disk_without_locks")
def test_a_disk_without_file_locks_is_written_at_once(
    mt: ModuleType, tracker: Any, progress_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if another disk or an older version has left a lock file."""
    monkeypatch.setattr(mt, "LOCK_SECONDS", 0.1)
    progress_file.parent.mkdir(exist_ok=True)
    Path(f"{progress_file}.lock").touch()
    for name in ("00_setup", "01_tensor"):
        tracker.mark_module_complete(name)
    assert tracker.progress["completed_modules"] == ["00_setup", "01_tensor"]


@pytest.mark.usefixtures("disk_without_locks")
def test_there_too_one_process_writes_at_a_time(
    mt: ModuleType, tracker: Any, progress_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mt, "LOCK_SECONDS", 0.1)
    progress_file.parent.mkdir(exist_ok=True)
    held = f"{progress_file}.lock.held"
    with SoftFileLock(held), pytest.raises(mt.ProgressUnwritable) as caught:
        tracker.mark_module_complete("00_setup")
    assert held in str(caught.value)
    assert caught.value.hint.endswith(f"If not, delete {held}.")
    tracker.mark_module_complete("00_setup")

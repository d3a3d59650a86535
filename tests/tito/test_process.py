"""A child that misbehaves is stopped with everything it started; its output is limited."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tito.core import process
from tito.core.child_output import BoundedOutput, Event
from tito.core.process import ProcessResult, run

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")


def child(code: str, tmp_path: Path, **options: Any) -> ProcessResult:
    settings: dict[str, Any] = {"timeout": 20.0, **options}
    return run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ, **settings)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (
        state.exists() and state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    )


def test_a_child_that_ends(tmp_path: Path) -> None:
    result = child("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)", tmp_path)
    assert (result.returncode, result.timed_out, result.flooded) == (7, False, False)
    assert "out" in result.output
    assert "err" in result.output


def test_the_time_limit(tmp_path: Path) -> None:
    result = child("while True: pass", tmp_path, timeout=0.3)
    assert (result.returncode, result.timed_out) == (None, True)
    assert result.seconds < 5


def test_a_child_that_closes_its_output_and_goes_on(tmp_path: Path) -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    result = child(code, tmp_path, timeout=0.5)
    assert (result.returncode, result.timed_out) == (None, True)


def test_a_flood_is_stopped_and_its_ends_are_kept(tmp_path: Path) -> None:
    code = "print('first')\nwhile True: print('x' * 9999)"
    result = child(code, tmp_path, output_limit=1_000_000)
    assert (result.returncode, result.flooded) == (None, True)
    assert result.output.startswith("first")
    assert "bytes left out" in result.output
    assert len(result.output) < 300_000


def test_bounded_output_keeps_both_ends() -> None:
    output = BoundedOutput(kept=10)
    for number in range(1000):
        output.add(b"%03d," % number)
    assert output.text() == "000,001,00\n[... 3980 bytes left out ...]\n7,998,999,"


def test_output_that_is_not_text(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes(range(256)))"
    assert "\ufffd" in child(code, tmp_path).output


@posix
@pytest.mark.parametrize("parent", ["pass", "time.sleep(60)", "os._exit(0)"])
def test_no_grandchild_survives(tmp_path: Path, parent: str) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"print(p.pid, flush=True)\n{parent}"
    )
    result = child(code, tmp_path, timeout=1.5)
    pid = int(result.output.split()[0])
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(pid)


def test_events_are_handed_on_while_it_runs(tmp_path: Path) -> None:
    stream = tmp_path / "events"
    code = (
        "import json, time\n"
        "f = open('events', 'a', buffering=1)\n"
        "f.write(json.dumps({'n': 1}) + '\\n'); f.write('no json\\n[1]\\n{\"n\":')\n"
        "f.flush(); time.sleep(0.4)\n"
        "f.write(' 2}\\n')\n"
    )
    heard: list[tuple[Event, float]] = []
    started = time.monotonic()
    result = child(
        code,
        tmp_path,
        progress_file=stream,
        on_event=lambda event: heard.append((event, time.monotonic() - started)),
    )
    assert [event for event, _ in heard] == [{"n": 1}, {"n": 2}]
    assert heard[0][1] < result.seconds - 0.2, "the first came only at the end"


def test_ticks(tmp_path: Path) -> None:
    ticks: list[float] = []
    child("import time; time.sleep(0.4)", tmp_path, on_tick=ticks.append)
    assert len(ticks) >= 3
    assert ticks == sorted(ticks)


@posix
def test_an_interrupt_here_stops_the_child_there(tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        raise KeyboardInterrupt

    code = (
        "import json, os, time\n"
        "open('pid', 'w').write(str(os.getpid()))\n"
        "open('events', 'w').write(json.dumps({}) + '\\n'); time.sleep(60)"
    )
    with pytest.raises(KeyboardInterrupt):
        child(code, tmp_path, progress_file=tmp_path / "events", on_event=interrupt)
    assert not is_alive(int((tmp_path / "pid").read_text()))


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_who_is_told_to_go_takes_the_child_along(tmp_path: Path, repo: Path, name: str) -> None:
    inner = "import os, time; open('pid', 'w').write(f'{os.getpid()};'); time.sleep(60)"
    outer = (
        "import os, pathlib, signal, sys\n"
        "from tito.core.process import run\n"
        f"signal.signal(signal.{name}, signal.SIG_DFL)\n"  # these tests may run under nohup
        f"command = [sys.executable, '-c', {inner!r}]\n"
        f"run(command, cwd=pathlib.Path({str(tmp_path)!r}), env=os.environ, timeout=60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", outer], cwd=repo, stderr=subprocess.PIPE)
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text().endswith(";")):
        assert parent.poll() is None
        time.sleep(0.02)
    parent.send_signal(getattr(signal, name))
    _, said = parent.communicate(timeout=20)
    assert b"KeyboardInterrupt" in said
    assert not is_alive(int(pid.read_text().rstrip(";")))


@posix
def test_a_child_that_was_just_being_started_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    original = process.start

    def start(*arguments: Any, **more: Any) -> Any:
        started.append(original(*arguments, **more))
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        return started[0]

    monkeypatch.setattr(process, "start", start)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's `&` ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            child("import time; time.sleep(60)", tmp_path)
        restored = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
        alive = is_alive(started[0].pid)
        started[0].kill()
    assert not alive
    assert restored


def test_a_signal_that_somebody_handles_stays_theirs(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        handlers: list[object] = []
        child(
            "import time; time.sleep(0.2)",
            tmp_path,
            on_tick=lambda _: handlers.append(signal.getsignal(signal.SIGTERM)),
        )
    finally:
        signal.signal(signal.SIGTERM, before)
    assert set(handlers) == {signal.SIG_IGN}


def test_a_long_event_stream(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"n": number}) + "\\n" for number in range(3))
    heard: list[Event] = []
    code = f"open('events', 'w').write('''{lines}''' * 2000)"
    child(code, tmp_path, progress_file=tmp_path / "events", on_event=heard.append)
    assert len(heard) == 6000


def test_a_relative_temporary_folder_stays_where_the_caller_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child may be started in another folder."""
    monkeypatch.chdir(tmp_path)
    kept = process.clean_environment({"TMPDIR": ".", "TEMP": "there", "TMP": ""})
    assert (kept["TMPDIR"], kept["TEMP"], kept["TMP"]) == (
        str(tmp_path),
        str(tmp_path / "there"),
        "",
    )

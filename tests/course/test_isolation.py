"""What a framework's process may not do, tried for real, at each level that this machine has."""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nested import CODE, DEEP, nested

COURSE = Path(__file__).resolve().parents[2]
sys.path.append(str(COURSE / "tests/milestones"))

from verification.isolation import job, seccomp  # noqa: E402
from verification.isolation.leftovers import PREFIX, new_home  # noqa: E402
from verification.isolation.level import REFUSED  # noqa: E402
from verification.isolation.limits import (  # noqa: E402
    FILE_BYTES,
    MEMORY_MET,
    MET,
    NO_PROCESSES,
    OPEN_FILES,
    PROCESSES_MET,
)
from verification.raised import Raised  # noqa: E402
from verification.standins import Framework  # noqa: E402

LEVEL = COURSE / "tests/milestones/verification/isolation/level.py"
COUNTED = pytest.mark.skipif(
    sys.platform != "linux", reason="the system does not count what is allocated"
)
POSIX = pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
HEAD = "import os, resource, signal, socket, ctypes, glob\nimport numpy as np\n"
Start = Callable[..., Any]


def probed(*before: str) -> dict[str, Any]:
    """What the probe says in a process of its own, after these statements."""
    code = "\n".join(
        [*before, f"import runpy; runpy.run_path({str(LEVEL)!r}, run_name='__main__')"]
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return dict(json.loads(run.stdout))


HAS_SANDBOX = probed()["level"] == "sandbox"
SANDBOX = pytest.mark.skipif(not HAS_SANDBOX, reason="this kernel has no Landlock and seccomp")


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    begun: list[Framework] = []

    def make(text: str, level: str = "auto") -> Framework:
        monkeypatch.setenv("TITO_ISOLATION", level)
        package = tmp_path / "work" / "tinytorch"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(HEAD + text, encoding="utf-8")
        begun.append(Framework(tmp_path / "work"))
        return begun[-1]

    yield make
    for framework in begun:
        framework.end()


@pytest.mark.parametrize("level", ["process", pytest.param("sandbox", marks=SANDBOX)])
def test_numpy_and_its_own_files_work_at_each_level(start: Start, level: str) -> None:
    framework = start(
        "import tempfile\n"
        "def work():\n"
        "    with tempfile.TemporaryFile() as file:\n"
        "        np.save(file, np.linalg.inv(np.eye(3) * 2)); file.seek(0)\n"
        "        return float(np.load(file).sum())\n",
        level,
    )
    assert framework.isolation["level"] == level
    assert framework.start().work() == 1.5


ATTACKS = {
    "write at home": "open({secret!r}, 'w')",
    "read a key": "open({secret!r}).read()",
    "list the home": "os.listdir({folder!r})",
    "delete": "os.unlink({secret!r})",
    "read the tests": "open({test!r}).read()",
    "read the answers": "open({answer!r}).read()",
    "read the judge's data": "open({data!r}).read()",
    "socket": "socket.socket()",
    "local socket": "socket.socket(socket.AF_UNIX)",
    "signal the judge": "os.kill(os.getppid(), signal.SIGUSR2)",
    "read the judge's memory": "open('/proc/%d/mem' % os.getppid(), 'rb').read(1)",
    # Each would give the judge what it has already, so that it is unharmed where this succeeds.
    "limit the judge": "resource.prlimit(os.getppid(), 3, resource.getrlimit(3))",
    "slow down the judge": "os.setpriority(0, os.getppid(), os.getpriority(0, os.getppid()))",
    "move the judge": "os.sched_setaffinity(os.getppid(), os.sched_getaffinity(os.getppid()))",
    "schedule the judge": "os.sched_setscheduler(os.getppid(), 0, os.sched_param(0))",
    "the judge's priority": "os.sched_setparam(os.getppid(), os.sched_param(0))",
}


@SANDBOX
@pytest.mark.parametrize("attack", ATTACKS)
def test_the_sandbox_refuses(start: Start, tmp_path: Path, attack: str) -> None:
    secret = tmp_path / ".ssh" / "id"
    secret.parent.mkdir()
    secret.write_text("secret", encoding="utf-8")
    code = ATTACKS[attack].format(
        secret=str(secret),
        folder=str(secret.parent),
        test=str(COURSE / "tests/milestones/test_learning_verification.py"),
        answer=str(next((COURSE / "modules/01_tensor").glob("*.py"))),
        data=str(COURSE / "tests/milestones/verification/data.py"),
    )
    tt = start(f"def attack():\n    {code}\n", "sandbox").start()
    with pytest.raises(Raised) as caught:
        tt.attack()
    assert caught.value.kind == "PermissionError"
    assert "without network" in REFUSED
    assert secret.read_text(encoding="utf-8") == "secret"


@SANDBOX
def test_the_sandbox_refuses_every_call_of_its_table(start: Start) -> None:
    """With arguments that change nothing: where such a call is not refused, it fails otherwise."""
    at = list(seccomp.MACHINES).index(platform.machine())
    calls = seccomp.BEYOND | seccomp.KEPT | seccomp.OF_A_PROCESS
    tt = start(
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def errors(numbers):\n"
        "    nothing = (0x7107, 0, 0, 0, 0)\n"
        "    return [libc.syscall(number, *nothing) and ctypes.get_errno() for number in numbers]\n"
    ).start()
    errors = tt.errors([numbers[at] for numbers in calls.values()])
    assert dict(zip(calls, errors, strict=True)) == dict.fromkeys(calls, errno.EPERM)


@SANDBOX
def test_the_sandbox_leaves_files_as_they_are(start: Start, tmp_path: Path) -> None:
    """Landlock does not ask who changes a mode, an owner or a time; a copy of its own succeeds."""
    mine = tmp_path / "mine"
    mine.write_text("", encoding="utf-8")
    before = mine.stat()
    tt = start(
        "import shutil, tempfile\n"
        "def work(path):\n"
        "    os.chmod(path, 0); os.chown(path, -1, os.getgid()); os.utime(path, (5, 5))\n"
        "    folder = tempfile.mkdtemp(); file = folder + '/a'; open(file, 'w').write('text')\n"
        "    return open(shutil.copy2(file, folder + '/b')).read()\n"
    ).start()
    assert tt.work(str(mine)) == "text"
    after = mine.stat()
    kept = ("st_mode", "st_mtime_ns", "st_ctime_ns")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


PROCESSES = {
    "fork": "os.fork() or os._exit(0)",
    "fork and exec": "subprocess.run(['true'])",
    "vfork and exec": "subprocess.Popen(['true'], close_fds=False).wait()",
    "spawn": "os.waitpid(os.posix_spawnp('true', ['true'], os.environ), 0)",
    "multiprocessing": "multiprocessing.get_context('fork').Process(target=int).start()",
}


@SANDBOX
@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_that_is_started_in_the_sandbox_is_named(start: Start, process: str) -> None:
    head = "import multiprocessing, subprocess\n"
    tt = start(f"{head}def begin():\n    {PROCESSES[process]}\n").start()
    with pytest.raises(Raised) as caught:
        tt.begin()
    assert NO_PROCESSES in str(caught.value)
    assert "tinytorch/__init__.py:5, in begin" in caught.value.place


@SANDBOX
def test_past_python_no_process_starts_either(start: Start) -> None:
    tt = start(
        "libc = ctypes.CDLL(None)\ndef begin(): return [libc.fork(), libc.vfork()]\n"
    ).start()
    assert tt.begin() == [-1, -1]


def test_threads_and_what_asks_for_a_process_and_can_do_without_go_on(start: Start) -> None:
    framework = start(
        "import ctypes.util, platform, threading, concurrent.futures\n"
        "def work():\n"
        "    with concurrent.futures.ThreadPoolExecutor(4) as pool:\n"
        "        found = list(pool.map(lambda n: float((np.eye(9) * n).sum()), range(4)))\n"
        "    thread = threading.Thread(target=lambda: found.append(platform.processor()))\n"
        "    thread.start(); thread.join()\n"
        "    return found[:4], type(found[4]) is str, len([ctypes.util.find_library('m')])\n"
    )
    assert framework.start().work() == ([0.0, 9.0, 18.0, 27.0], True, 1)


@SANDBOX
def test_a_process_still_sets_its_own_limits_and_processors(start: Start) -> None:
    tt = start(
        "def work():\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n"
        "    os.sched_setaffinity(0, os.sched_getaffinity(0))\n"
        "    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))\n"
        "    return resource.getrlimit(resource.RLIMIT_NOFILE)\n"
    ).start()
    assert tt.work() == (100, 100)


# Each sleeps, or ends, long after the test: what is counted is what the judge has not ended.
LEFT = {
    "each the parent of the next": (
        "for _ in range(60):\n"
        "    if os.fork(): time.sleep(20); os._exit(0)\n"
        "    os.setsid()\n"
        "os.write(2, b'.'); time.sleep(20)"
    ),
    "each ends when it has started the next": (
        "import ctypes; libc, ends = ctypes.CDLL(None), time.time() + 20\n"
        "for _ in range(8):\n"
        "    if os.fork(): continue\n"
        "    while time.time() < ends: libc.fork() and libc._exit(0); libc.setsid()\n"
        "os.write(2, b'.')"
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the judge finds no orphans")
@pytest.mark.parametrize("kind", LEFT)
def test_no_chain_of_processes_outlives_the_judge(kind: str) -> None:
    """Without a sandbox: a process of its own judges, and the chain begins in its child."""
    judge = (
        f"import os, sys, time; sys.path.insert(0, {str(LEVEL.parent)!r}); import orphans\n"
        "orphans.become_the_judge(); incoming, outgoing = os.pipe(); child = os.fork()\n"
        f"if child == 0: os.dup2(outgoing, 2); os.setsid(); exec({LEFT[kind]!r}); os._exit(0)\n"
        "os.read(incoming, 1); orphans.end_orphans()\n"
        "print(orphans.children_of(os.getpid()))\n"
    )
    run = subprocess.run([sys.executable, "-c", judge], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@POSIX
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = [open(os.devnull) for _ in range(100_000)]", MET["Too many open files"]),
        ("file = open('big', 'wb'); file.truncate(10_000_000_000)", MET["File too large"]),
        pytest.param("np.ones(50_000_000_000, np.uint8)", MEMORY_MET.format(0.5), marks=COUNTED),
        pytest.param(
            "x = []\n    while True: x.append(float(len(x)))", MEMORY_MET.format(0.5), marks=COUNTED
        ),
        pytest.param(
            "import mmap; mmap.mmap(-1, 5_000_000_000)", MEMORY_MET.format(0.5), marks=COUNTED
        ),
    ],
)
def test_a_limit_is_met_and_named(
    start: Start, code: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITO_TEST_GB", "0.5")
    tt = start(f"def attack():\n    {code}\n", "process").start()
    with pytest.raises(Raised) as caught:
        tt.attack()
    assert said in str(caught.value)


@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() == 0, reason="the system counts a user's, not root's"
)
@pytest.mark.parametrize(
    "begin",
    ["os.fork() or (time.sleep(20), os._exit(0))", "Thread(target=time.sleep, args=(5,)).start()"],
)
def test_processes_and_threads_meet_a_limit(start: Start, begin: str) -> None:
    head = "import time\nfrom threading import Thread\n"
    tt = start(f"{head}def attack():\n    for _ in range(200): {begin}\n", "process").start()
    with pytest.raises(Raised) as caught:
        tt.attack()
    assert PROCESSES_MET in str(caught.value)


def test_the_hints_name_the_limits() -> None:
    assert str(OPEN_FILES) in MET["Too many open files"]
    assert f"{FILE_BYTES // 1_000_000} MB" in MET["File too large"]


@pytest.mark.skipif(sys.maxsize < 2**32, reason="a 64-bit system's layout")
def test_a_job_s_limits_lie_where_windows_reads_them() -> None:
    """Sizes and offsets from winnt.h; the calls themselves only a Windows machine can try."""
    limits = job.limits_of(2**31, 64)
    places = ("flags", "active_processes", "io_counters", "process_memory", "job_memory")
    assert [getattr(job.Limits, name).offset for name in places] == [16, 40, 64, 112, 120]
    assert len(bytes(limits)) == 144
    assert (limits.flags, limits.active_processes, limits.job_memory) == (0x2208, 64, 2**31)


@pytest.mark.skipif(sys.platform == "win32", reason="there it puts pytest into a job")
def test_elsewhere_there_is_no_job() -> None:
    assert job.restrict(2**31, 64) == []


def test_a_level_that_does_not_exist_is_refused(start: Start) -> None:
    with pytest.raises(OSError, match="did not start"):
        start("", "bubble")


@SANDBOX
def test_the_probe_says_so_where_the_kernel_refuses_landlock() -> None:
    """A filter in the probe's own process refuses the call that makes Landlock's rules."""
    folder = str(LEVEL.parent)
    refuse = "import sys; sys.path.insert(0, {!r}); import seccomp, ctypes, platform"
    found = probed(
        refuse.format(folder),
        "number = seccomp.MACHINES[platform.machine()]",
        "code = seccomp.program(number, seccomp.refuse(444)); libc = ctypes.CDLL(None)",
        "libc.prctl(38, 1, 0, 0, 0)",
        "p = seccomp.Program(len(code) // 8, code)",
        "assert libc.prctl(22, 2, ctypes.byref(p), 0, 0) == 0",
    )
    assert found["level"] != "sandbox"
    assert found["means"] == ["seccomp"]


@SANDBOX
def test_the_probe_says_so_on_a_machine_whose_calls_are_not_known() -> None:
    found = probed("import platform; platform.machine = lambda: 'riscv64'")
    assert found["level"] != "sandbox"
    assert "seccomp" not in found["means"]


@POSIX
def test_its_home_is_deleted_however_deep(start: Start) -> None:
    framework = start(f"import os\n{CODE.format(levels=DEEP, name='d')}")
    framework.start()
    assert (framework._launched.home / "d").is_dir()
    framework.end()
    assert not framework._launched.home.exists()


@POSIX
def test_folders_of_judges_that_were_killed_are_swept(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, used = (tmp_path / f"{PREFIX}{pid}-x" for pid in (ended.pid, os.getpid()))
    left.mkdir()
    used.mkdir()
    (left / "file").write_text("", encoding="utf-8")
    nested(left)
    made = new_home(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([made, used])

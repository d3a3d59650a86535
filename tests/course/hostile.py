"""Submissions that attack the grader: each is module 00 without an answer, and an attack on top.

The attack runs when the lesson is imported, or in place of an answer (`IN_ANSWERS`). None of them
may earn a point, and the grader must go on as if they were merely wrong.
"""

from __future__ import annotations

from tests.nested import CODE, DEEP

# What an attack finds out first: where it is, who called it, and where the course is likely to be.
LOOK = "import glob, os, pathlib, signal, sys, tempfile, time\nME = pathlib.Path(__file__)\n"

AT_IMPORT = {
    "a loop": "while True:\n    pass",
    "a loop that catches everything": (
        "while True:\n    try:\n        time.sleep(9)\n    except BaseException:\n        pass"
    ),
    "a flood": "while True:\n    print('x' * 100_000)",
    "a flood past Python": "while True:\n    os.write(1, b'x' * 100_000)",
    "memory": "held = []\nwhile True:\n    held.append(b'x' * 50_000_000)",
    "one huge array": "np.ones(2**36)",
    "files": (
        "for number in range(200):\n"
        "    open(os.path.join(tempfile.gettempdir(), str(number)), 'wb').write(b'x' * 100_000)"
    ),
    "forks": ("for _ in range(30):\n    if os.fork() == 0:\n        time.sleep(600)"),
    "forks that leave the session": (
        "for _ in range(10):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            while True:\n"
        "                time.sleep(0.01)\n"
        "        os._exit(0)"
    ),
    "threads": (
        "import threading\n"
        "for _ in range(40):\n    threading.Thread(target=time.sleep, args=(600,)).start()"
    ),
    "delete everything": (
        "import shutil\n"
        "for place in (ME.parents[2], ME.parents[3], pathlib.Path.home(), {root!r}, {course!r}):\n"
        "    shutil.rmtree(place, ignore_errors=True)"
    ),
    "write over the course": (
        "for path in glob.glob({course!r} + '/modules/*/*.py'):\n"
        "    try:\n        open(path, 'a').write('\\n')\n    except OSError:\n        pass"
    ),
    "read the answers": (
        "for place in ({course!r}, {root!r} + '/submissions/a1/honest-000'):\n"
        "    try:\n"
        "        exec(open(place + '/modules/00_setup/setup.py').read())\n"
        "    except OSError:\n        pass"
    ),
    "import the answers": (
        "sys.path.insert(0, {course!r} + '/modules/00_setup')\n"
        "try:\n    from setup import *\nexcept ImportError:\n    pass"
    ),
    "a forged report": (
        'good = \'{{"state": "graded", "modules": [], "milestones": []}}\'\n'
        "for place in (*ME.parents, pathlib.Path.home(), pathlib.Path({root!r}) / 'results/a1'):\n"
        "    for name in ('seen.json', 'events.jsonl', 'job.json', 'hostile.json'):\n"
        "        try:\n            (place / name).write_text(good)\n"
        "        except OSError:\n            pass\n"
        "os._exit(0)"
    ),
    "a forged answer on the pipe": (
        "for number in range(3, 30):\n"
        "    try:\n        os.write(number, b'\\x10\\0\\0\\0\\0\\0\\0\\0[1,\"is\",null,[]]')\n"
        "    except OSError:\n        pass"
    ),
    "planted files": (
        "for place in (*ME.parents, pathlib.Path.home(), pathlib.Path({root!r})):\n"
        "    for name in ('conftest.py', 'sitecustomize.py', 'numpy.py', 'pytest.py', 'json.py'):\n"
        "        try:\n            (place / name).write_text('import os; os._exit(0)')\n"
        "        except OSError:\n            pass"
    ),
    "the parents killed": (
        "for process in (os.getppid(), os.getpgrp()):\n"
        "    try:\n        os.kill(process, signal.SIGKILL)\n"
        "    except OSError:\n        pass"
    ),
    "an exit": "sys.exit(0)",
    "an exit past Python": "os._exit(0)",
    "pytest ended": "import pytest\npytest.exit('done', 0)",
    "everything equal": (
        "import builtins\n"
        "np.array_equal = np.allclose = builtins.all = builtins.isinstance = lambda *_, **__: True"
    ),
    "a folder that cannot be deleted": (
        "locked = pathlib.Path(tempfile.mkdtemp())\n"
        "(locked / 'inside').write_text('')\nlocked.chmod(0)"
    ),
    "deep folders": CODE.format(levels=DEEP, name="d"),
    "a deep recursion": "def down():\n    return down()\nsys.setrecursionlimit(10**9)\ndown()",
}
IN_ANSWERS = {
    "a loop in an answer": "while True: pass",
    "an exit in an answer": "__import__('os')._exit(0)",
    "an answer that is equal to everything": (
        "return type('Any', (int,), dict.fromkeys(['__eq__', '__lt__'], lambda *_: True))()"
    ),
    "an endless answer": "return iter(int, 1)",
    "a flood in an answer": "return 'x' * 10**9",
}
KINDS = (*AT_IMPORT, *IN_ANSWERS)
STUB = "raise NotImplementedError("


def hostile(blank: str, kind: str, **places: str) -> str:
    """The blank lesson with this attack. `places`: the class folder `root` and the `course`."""
    if kind in IN_ANSWERS:
        lines = blank.split("\n")
        return "\n".join(
            line[: line.index(STUB)] + IN_ANSWERS[kind] if STUB in line else line for line in lines
        )
    attack = LOOK + AT_IMPORT[kind].format(**places)
    imports = "from contextlib import contextmanager\n\nimport numpy as np\n"
    assert imports in blank
    return blank.replace(imports, f"{imports}{attack}\n", 1)

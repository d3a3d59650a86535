"""The script's process: run it with `torch` standing for `tinytorch`, or look its names up.

Started by `command`. It holds the student's code and the script's: nothing here is a verdict.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import traceback
from pathlib import Path
from types import ModuleType

from tito.core.scripts.instead import STANDS_FOR, missing
from tito.core.scripts.names import (
    Use,
    functions_defined,
    methods_called,
    modules_imported,
    used_names,
)
from tito.core.scripts.source import run_as_main
from tito.core.scripts.stand_in import StandIn, stands_for

HERE = Path(__file__).parent
COMES_LATER = "comes with module"  # part of what tinytorch says of a name that it lacks so far
ENTRY = (
    "import sys; sys.path[0] = {course!r}; "
    "from tito.core.scripts.child import main; sys.path[0] = {workspace!r}; main()"
)


def command(workspace: Path, *arguments: str) -> list[str]:
    """The command line of the child: `run SCRIPT [args]` or `check SCRIPT RESULT`."""
    course = str(Path(__file__).resolve().parents[3])
    entry = ENTRY.format(course=course, workspace=str(workspace))
    return [sys.executable, "-c", entry, *arguments]


def main() -> None:
    """What the child does."""
    _, verb, script, *rest = sys.argv
    sys.meta_path.insert(0, StandIn())
    if verb == "check":
        result = Path(rest[0])
        result.write_text(json.dumps(check(Path(script))), encoding="utf-8")
    else:
        raise SystemExit(run(script, rest))


# ------------------------------------------------------------------------------------------- run


def run(script: str, arguments: list[str]) -> int:
    """Run the script as `python script args` would; after an error say what it lacked."""
    sys.argv[:] = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    try:
        run_as_main(script)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        sys.stdout.flush()
        sys.stderr.write(_traceback_of_the_script(error) + explanation(error))
        return 1
    return 0


def _traceback_of_the_script(error: Exception) -> str:
    """What Python would print, without the frames that started the script and found its imports."""
    shown = traceback.TracebackException.from_exception(error)
    kept = [frame for frame in shown.stack if not _is_machinery(frame.filename)]
    shown.stack = traceback.StackSummary.from_list(kept)
    return "".join(shown.format())


def _is_machinery(filename: str) -> bool:
    """Whether a frame is not the script's: how it was started, read, compiled, and found."""
    starts = filename.startswith(("<frozen ", "<string>"))
    return starts or filename == ast.__file__ or Path(filename).parent == HERE


def explanation(error: Exception) -> str:
    """One line on a name that is missing, and the command that lists all; else nothing."""
    lacking = _lacking(error)
    if not lacking:
        return ""
    return f"\n{lacking}\nNext: tito run --check {sys.argv[0]}\n"


def _lacking(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        root = (error.name or "").partition(".")[0]
        ours = root in STANDS_FOR or root in STANDS_FOR.values() or not root
        return "" if ours else f"The script needs the package {root}: pip install {root}"
    if isinstance(error, AttributeError) and error.name:
        return _lacking_attribute(error.obj, error.name)
    return ""


def _lacking_attribute(owner: object, name: str) -> str:
    of = owner if isinstance(owner, ModuleType | type) else type(owner)
    where = of.__name__ if isinstance(of, ModuleType) else of.__module__
    if where.partition(".")[0] != "tinytorch":
        return ""
    inside = where if isinstance(of, ModuleType) else f"tinytorch.{of.__name__}"
    return missing(_torch_name(f"{inside}.{name}"))


def _torch_name(own: str) -> str:
    for theirs, ours in reversed(STANDS_FOR.items()):  # vision, which lies in tinytorch, first
        if f"{own}.".startswith(f"{ours}."):
            return theirs + own[len(ours) :]
    return own


# ----------------------------------------------------------------------------------------- check


def check(script: Path) -> list[dict[str, object]]:
    """Every PyTorch name that `tinytorch` lacks, in the script and the modules beside it.

    A row is the name, its line, a sentence, the file if it is another one than the script, and
    whether the line may never be reached.
    """
    folder = script.resolve().parent
    rows: list[dict[str, object]] = []
    for path in _with_modules_beside(script, folder):
        file = "" if path == script else str(path.relative_to(folder))
        source = path.read_text(encoding="utf-8")
        found = [(use, _why_missing(use.name)) for use in used_names(source, str(path))]
        lacking = [pair for pair in found if pair[1]] + _methods(source)
        rows += [{**use._asdict(), "message": why, "file": file} for use, why in lacking]
    return rows


def _with_modules_beside(script: Path, folder: Path) -> list[Path]:
    """The script, and every Python file in its folder that it imports, or they import."""
    found = [script]
    for path in found:  # grows while it is walked through
        for name in modules_imported(path.read_text(encoding="utf-8")):
            place = folder.joinpath(*name.split("."))
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.is_file() and file not in (*found, script.resolve()):
                    found.append(file)
    return found


def _why_missing(name: str) -> str:
    """Empty if `tinytorch` has the name; what is inside of a class or a value is not looked at."""
    root, *rest = name.split(".")
    try:
        found: object = stands_for(root)
        path = root
        for part in rest:
            if not isinstance(found, ModuleType):
                return ""
            path = f"{path}.{part}"
            found = _member(found, path, part)
    except (ImportError, AttributeError) as error:
        return str(error)
    return ""


def _member(package: ModuleType, path: str, part: str) -> object:
    """The attribute, or the module of that name inside of the package."""
    try:
        return getattr(package, part)
    except AttributeError as error:
        if COMES_LATER in str(error):
            raise
    return stands_for(path)


def _methods(source: str) -> list[tuple[Use, str]]:
    """The calls of methods that a tensor of PyTorch has and one of `tinytorch` has not."""
    from tito.core.scripts.tensor_methods import ONLY_A_TENSOR_HAS

    tensor = getattr(importlib.import_module("tinytorch"), "Tensor", None)
    if tensor is None:  # module 01 is not exported yet: its names are in the list
        return []
    own = functions_defined(source)
    calls = [use for use in methods_called(source) if use.name in ONLY_A_TENSOR_HAS - own]
    found = [(use, _why_no_method(tensor, use.name)) for use in calls]
    return [(use, why) for use, why in found if why]


def _why_no_method(tensor: type, name: str) -> str:
    try:
        getattr(tensor, name)
    except AttributeError as error:
        said = str(error)
        return said if COMES_LATER in said else missing(f"x.{name}()")
    return ""

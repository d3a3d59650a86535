"""The milestone tracker: defines the milestones, unlocks them, and judges whether one is learned.

Only this file defines milestones and writes the progress file. It is self-contained: the standard
library, rich to show something, filelock to write something; `verification/files.py` is used where
it is there. It is not the command line tool (that is `tito`, which calls it) and it does not train
anything: that is in `test_learning_verification.py`.

The progress file, `~/.tinytorch/progress.json` (TINYTORCH_HOME moves the folder):

    schema_version         1
    completed_modules      ["00_setup", "01_tensor"]
    unlocked_milestones    milestones whose unlocking has been announced; what is unlocked now is
                           computed from the completed modules each time
    completed_milestones   ["perceptron"]
    modules                {"01_tensor": {"completed_at": ..., and the evidence given with it}}
    milestones             {"perceptron": {"completed_at": ..., "metrics": {...}, "seed": 7,
                           "sources": {"01_tensor": hash of its exported code, ...}}}

Only the three lists are required; unknown keys are kept. Each record has a `seal`, a checksum of
its name and content: one that was written or changed by hand does not fit. A completed milestone
without a seal that fits, without seed or sources, or judged by another course than this one, is
shown as recorded without evidence. The seal is no secret: only a run that is repeated proves
anything. Beside the file are `progress.json.bak` (a backup with the same state),
`progress.json.lock`, and perhaps `progress.json.corrupt-DATE` (a damaged file).

The order of this file: data, errors, store, tracker, verification, display, script.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

if TYPE_CHECKING:
    from datetime import datetime
    from xml.etree.ElementTree import Element

    from filelock import BaseFileLock
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

T = TypeVar("T")
State = dict[str, Any]
Environment = Mapping[str, str]
Clock = Callable[[], "datetime"]
Runner = Callable[..., "RunResult"]

# ------------------------------------------------------------------------------------------- data

# `metrics`: what the verification test must report with record_property for its pass to count. The
# progress table shows the first one. A milestone without the key needs only its one test to pass.
# `chosen` is how it trains: what `tito milestone run ID --lr 0.3` may change for an experiment.
# `timeout` (seconds, optional) replaces VERIFICATION_TIMEOUT. `history` (optional): what happened
# in that year, shown before a run.
MILESTONES: dict[str, dict[str, Any]] = {
    "perceptron": {
        "name": "1957 - The Perceptron",
        "requires": ["00_setup", "01_tensor", "02_autograd"],
        "test": "test_perceptron_learning",
        "description": "First learning algorithm with automatic weight updates",
        "history": (
            "Frank Rosenblatt, a psychologist at Cornell, showed a machine that finds its "
            "weights from examples, first as a program, then in hardware, the Mark I "
            "Perceptron. Marvin Minsky and Seymour Papert proved in 1969 what a single "
            "layer cannot learn, XOR among it, and interest faded for years."
        ),
        "unlock_message": "🎉 You can now verify that gradient descent actually works!",
        "chosen": {"lr": 1.0, "steps": 300},
        "metrics": ["accuracy", "gradient_error", "control_accuracy"],
    },
    "xor": {
        "name": "1986 - Backpropagation (XOR)",
        "requires": ["00_setup", "01_tensor", "02_autograd", "03_nn"],
        "test": "test_xor_learning",
        "description": "A hidden layer learns what no single line can separate",
        "history": (
            "David Rumelhart, Geoffrey Hinton and Ronald Williams showed in Nature that "
            "hidden layers learn useful features by themselves when errors are passed "
            "backward through them. The method was known (Linnainmaa 1970, Werbos 1974); "
            "that it worked so well brought the field back to life."
        ),
        "unlock_message": "🎉 You can now train the hidden layer that the perceptron lacked!",
        "chosen": {"width": 16, "lr": 0.5, "steps": 400},
        "metrics": ["accuracy", "gradient_error", "control_accuracy"],
    },
    "mlp_digits": {
        "name": "1989 - Handwritten Digits",
        "requires": ["00_setup", "01_tensor", "02_autograd", "03_nn", "04_training"],
        "test": "test_mlp_digits_learning",
        "description": "A multi-layer network reads digits that real people wrote",
        "history": (
            "Yann LeCun and others at Bell Labs trained a network on 7,291 zip-code "
            "digits from real mail, and it misread one in twenty of the digits that it "
            "had not seen. In the same year George Cybenko proved that one hidden layer "
            "is enough, in principle, for any continuous function."
        ),
        "unlock_message": "🎉 You can now teach your own framework to read!",
        "chosen": {"width": 32, "lr": 0.01, "steps": 1500},
        "metrics": ["accuracy", "gradient_error", "control_accuracy"],
    },
    "cnn": {
        "name": "1998 - Convolution (LeNet)",
        "requires": [
            "00_setup", "01_tensor", "02_autograd", "03_nn", "04_training", "07_spatial",
        ],
        "test": "test_cnn_learning",
        "description": "Shared filters see a digit wherever it is, with fewer parameters",
        "history": (
            "LeNet-5, by Yann LeCun, Leon Bottou, Yoshua Bengio and Patrick Haffner, read "
            "amounts on millions of bank checks a day. The idea then waited for data and "
            "graphics cards: in 2012 AlexNet, a larger network of the same kind, won the "
            "ImageNet contest by far, and deep learning took over."
        ),
        "unlock_message": "🎉 You can now train filters that learn what to look for!",
        "chosen": {"width": 8, "lr": 0.01, "steps": 700},
        "metrics": ["accuracy", "gradient_error", "control_accuracy"],
    },
    "transformer": {
        "name": "2017 - The Transformer",
        "requires": [
            "00_setup", "01_tensor", "02_autograd", "03_nn", "04_training",
            "11_embeddings", "12_attention",
        ],
        "test": "test_transformer_learning",
        "description": "Attention moves information by content and position",
        "history": (
            "Eight people at Google published Attention Is All You Need: no recurrence, "
            "every position looks at all others at once, so training runs in parallel. It "
            "translated better than anything before, after three and a half days on eight "
            "GPUs. Today's language models are all built from it."
        ),
        "unlock_message": "🎉 You can now train the architecture behind today's language models!",
        "chosen": {"lr": 0.01, "steps": 150},
        "metrics": ["exact_match", "gradient_error", "control_accuracy"],
    },
    "lstm": {
        "name": "1997 - Long Short-Term Memory",
        "requires": [
            "00_setup", "01_tensor", "02_autograd", "03_nn", "04_training", "05_data",
            "08_recurrent",
        ],
        "test": "test_lstm_learning",
        "description": "Gates keep a memory over a gap that plain recurrence cannot bridge",
        "history": (
            "Sepp Hochreiter and Juergen Schmidhuber gave a recurrent network a memory "
            "cell in which errors neither vanish nor explode; Felix Gers added the forget "
            "gate in 2000. For some twenty years it was the standard for speech and "
            "translation, on nearly every phone."
        ),
        "unlock_message": "🎉 You can now train a network that remembers!",
        "chosen": {"width": 40, "lr": 0.01},
        "metrics": ["accuracy", "gradient_error", "control_accuracy"],
    },
    "resnet": {
        "name": "2015 - Residual Networks",
        "requires": [
            "00_setup", "01_tensor", "02_autograd", "03_nn", "04_training", "05_data",
            "06_normalization", "07_spatial",
        ],
        "test": "test_resnet_learning",
        "description": "Shortcuts and normalization let a deep network learn",
        "history": (
            "Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun led a shortcut around "
            "every two layers, trained 152 layers, and won the ImageNet contest. Nearly "
            "every deep network since has such shortcuts, transformers among them."
        ),
        "unlock_message": "🎉 You can now train networks as deep as you like!",
        "chosen": {"lr": 0.05},
        "metrics": ["accuracy", "gradient_error", "control_accuracy"],
    },
    "gpt": {
        "name": "2020 - GPT",
        "requires": [
            "00_setup", "01_tensor", "02_autograd", "03_nn", "04_training", "05_data",
            "06_normalization", "09_serialization", "10_tokenization", "11_embeddings",
            "12_attention", "13_transformer",
        ],
        "test": "test_gpt_learning",
        "description": "A small GPT writes the answers to sums, and names nobody has",
        "history": (
            "OpenAI's GPT-3 (Tom Brown and others) kept the architecture of GPT-2 and "
            "grew it to 175 billion parameters. It solves tasks that it only sees a few "
            "examples of in its prompt. Two-digit addition was one of its tests; yours "
            "has a three-millionth of the parameters."
        ),
        "unlock_message": "🎉 You can now train a language model of your own!",
        "chosen": {"lr": 0.004},
        "metrics": ["exact_match", "gradient_error", "control_accuracy"],
    },
}  # fmt: skip

MILESTONE_ORDER = ["perceptron", "xor", "mlp_digits", "cnn", "transformer", "lstm", "resnet", "gpt"]

SCHEMA_VERSION = 1
INSTALLED = "installed"  # the course that has judged, as records name it; else a folder
SEAL = "seal"
LISTS = ("completed_modules", "unlocked_milestones", "completed_milestones")
RECORDS = ("modules", "milestones")
MODULE_NAME = re.compile(r"[0-9]{2}_[a-z0-9_]+")

MAX_BYTES = 16_000_000  # a progress file has a few thousand bytes; much larger ones are not read
MAX_DEPTH = 50  # deeper nesting could be read but not written again
LOCK_SECONDS = 60.0
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
VERIFICATION_TIMEOUT = 1200.0  # for slow frameworks; `process.py` notices an endless loop
OUTPUT_TAIL = 64_000  # bytes of a verification's output to keep
VERIFICATION_FILE = "test_learning_verification.py"
# Small matrix products are fastest on one thread, and results are reproducible.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
# The judge ignores PYTHONPATH and the current folder: a random.py in the workspace hides nothing, a
# sitecustomize.py is not run. (Python 3.10 has both only with -I, which also hides packages that
# are installed for one user.)
ISOLATED = ("-X", "utf8", *(("-E", "-P") if sys.version_info >= (3, 11) else ("-I",)))
# The student's package. A deeper path is something else: a checkout of that name, or its .venv.
FRAMEWORK_FILE = r"tinytorch[\\/](?:\w+[\\/])?\w+\.py"


class _StrEnum(str, Enum):
    """Like `enum.StrEnum`, which Python 3.10 does not have: prints and serializes as its value."""

    def __str__(self) -> str:
        return str(self.value)


class Outcome(_StrEnum):
    PASSED = "passed"
    FAILED = "failed"  # the student's code
    COULD_NOT_RUN = "could_not_run"  # the machine or the course


class MilestoneState(_StrEnum):
    COMPLETED = "completed"
    UNLOCKED = "unlocked"
    LOCKED = "locked"


class Evidence(_StrEnum):
    """What a completed milestone rests on."""

    RECORD = "record"  # a run that can be repeated: its seed, and the hashes of the code it judged
    NONE = "none"  # a name in a list, perhaps with figures: anybody could have written it


class _CaseOutcome(_StrEnum):
    """JUnit's outcomes; a test case without one of the last three has passed."""

    PASSED = "passed"
    ERROR = "error"
    FAILURE = "failure"
    SKIPPED = "skipped"


def ordered_milestones() -> list[str]:
    """The ids in historical order; ids missing from MILESTONE_ORDER come last."""
    known = [name for name in MILESTONE_ORDER if name in MILESTONES]
    return known + [name for name in MILESTONES if name not in known]


def milestone(milestone_id: str) -> dict[str, Any]:
    """The definition of one milestone, or an error that suggests the nearest name."""
    if milestone_id in MILESTONES:
        return MILESTONES[milestone_id]
    near = _nearest(milestone_id, MILESTONES)
    hint = (
        f"Did you mean {near}?"
        if near
        else f"The milestones are: {', '.join(ordered_milestones())}."
    )
    raise UnknownMilestone(f"There is no milestone {milestone_id!r}.", hint)


def missing_requirements(milestone_id: str, completed: list[str]) -> list[str]:
    return [name for name in milestone(milestone_id)["requires"] if name not in completed]


def unlocked_by(completed: list[str]) -> list[str]:
    done = set(completed)
    return [name for name in ordered_milestones() if done.issuperset(MILESTONES[name]["requires"])]


def _nearest(name: object, known: Mapping[str, object] | list[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(str(name), list(known), n=1, cutoff=0.5)), None)


# ----------------------------------------------------------------------------------------- errors


class TrackerError(Exception):
    """An error for the user: what happened, and in `hint` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnknownMilestone(TrackerError):
    """No milestone has this id."""


class MalformedModuleName(TrackerError):
    """The module name does not have the form NN_name."""

    exit_code = 2


class ProgressUnreadable(TrackerError):
    """The progress file exists but cannot be read."""

    exit_code = 3


class ProgressUnwritable(TrackerError):
    """The progress could not be written; what was recorded before is kept."""

    exit_code = 3


class NewerSchema(TrackerError):
    """The file was written by a newer TinyTorch: it can be shown but not rewritten."""

    exit_code = 3


class _Damaged(Exception):
    """The file does not contain valid progress; the text says why."""


# ------------------------------------------------------------------------------------------ store


def default_progress_file(env: Environment | None = None) -> Path:
    """The path of `progress.json`: in TINYTORCH_HOME, or else in `~/.tinytorch`."""
    env = os.environ if env is None else env
    named = env.get("TINYTORCH_HOME")
    folder = _expanded(named, env) if named else _home(env) / ".tinytorch"
    return folder.absolute() / "progress.json"


def _expanded(path: str, env: Environment) -> Path:
    first, *rest = Path(path).parts or (path,)
    return _home(env).joinpath(*rest) if first == "~" else Path(path)


def _home(env: Environment) -> Path:
    """The home folder from the environment, or else from the system."""
    named = env.get("USERPROFILE" if os.name == "nt" else "HOME")
    try:
        return Path(named) if named else Path.home()
    except RuntimeError as error:
        raise ProgressUnwritable(
            f"No home folder was found for your progress: {error}",
            "Set TINYTORCH_HOME to a folder you own.",
        ) from error


def _now() -> datetime:
    from datetime import datetime

    return datetime.now()


def fresh_state() -> State:
    return {
        "schema_version": SCHEMA_VERSION,
        **{key: [] for key in LISTS},
        **{key: {} for key in RECORDS},
    }


def decode_state(raw: bytes) -> State:
    """Parse a file's bytes; raise _Damaged if they are not a valid state."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):  # ValueError: not JSON, not text, a number too long
        raise _Damaged("it is empty" if not raw.strip() else "it is not JSON") from None
    if not isinstance(data, dict):
        raise _Damaged(f"it contains a {type(data).__name__}, not an object")
    version = data.get("schema_version", SCHEMA_VERSION)
    if type(version) is not int or version < 1:
        raise _Damaged("its schema_version is not a positive number")
    wrong = [key for key in LISTS if not _is_list_of_names(data.get(key))]
    wrong += [key for key in RECORDS if not _is_dict_of_dicts(data.get(key, {}))]
    if version > SCHEMA_VERSION:  # its format may have changed: take what can be understood
        data = {key: value for key, value in data.items() if key not in wrong}
    elif wrong:
        raise _Damaged(f"{wrong[0]} is missing or has the wrong type")
    elif _is_deeper_than(data, MAX_DEPTH):
        raise _Damaged("it is nested too deeply")
    for key in LISTS:
        data[key] = list(dict.fromkeys(data.get(key, [])))
    return {**fresh_state(), **data}


def encode_state(state: State) -> bytes:
    """Write one key per line: as readable as indented JSON, and ten times as fast."""
    lines = (
        f"  {json.dumps(k)}: {json.dumps(v, default=_as_plain_data)}" for k, v in state.items()
    )
    return "{{\n{}\n}}\n".format(",\n".join(lines)).encode("utf-8")


def _as_plain_data(value: Any) -> Any:
    """Convert values in evidence that JSON does not know, such as NumPy numbers and paths."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _check_readable(raw: bytes) -> None:
    """Check that the state can be read again, or everything recorded would be lost."""
    if len(raw) > MAX_BYTES:
        size = f"{len(raw) / 1e6:.0f} MB of progress, but the limit is {MAX_BYTES / 1e6:.0f} MB"
        raise ValueError(f"The evidence cannot be recorded: {size}.")
    try:
        decode_state(raw)
    except _Damaged as damage:
        raise ValueError(f"The evidence cannot be recorded: {damage}") from None


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_dict_of_dicts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, dict) for item in value.values())


def _is_deeper_than(data: object, limit: int) -> bool:
    level: list[Any] = [data]
    while level and limit:
        limit -= 1
        groups = [item.values() if isinstance(item, dict) else item for item in level]
        level = [item for group in groups for item in group if isinstance(item, (dict, list))]
    return bool(level)


class ProgressStore:
    """The progress file: read by anyone, changed by one process at a time, never half-written."""

    def __init__(self, path: Path, tell: Callable[[str], None], now: Clock = _now) -> None:
        # The real file behind a link, because os.replace would replace the link.
        self.path = Path(os.path.realpath(path))
        self.backup = self.path.with_name(self.path.name + ".bak")
        self._tell, self._now = tell, now
        self._told: set[str] = set()

    def read(self) -> State:
        """Read the state. A damaged file is repaired first, if possible."""
        with suppress(_Damaged):
            return self._load(self.path)
        try:
            with self._lock():
                return self._load_or_repair()
        except (ProgressUnwritable, NewerSchema) as error:
            state = self._last_good_state()
            shown = "What you see is your last good state." if state else "There is no good backup."
            self._tell_once(f"{self.path} is damaged. {shown} It was not repaired: {error}")
            return state or fresh_state()

    def update(self, change: Callable[[State], T]) -> T:
        """Read, change and write the state in one step, under the lock."""
        with self._lock():
            state = self._load_or_repair()
            if state["schema_version"] > SCHEMA_VERSION:
                self._refuse(state)
            before = encode_state(state)
            result = change(state)
            after = encode_state(state)
            if after != before:
                _check_readable(after)
                self._write(after)
            return result

    def _load(self, path: Path) -> State:
        try:
            if path.exists() and not path.is_file():
                raise _Damaged("it is not a regular file")
            if path.stat().st_size > MAX_BYTES:
                raise _Damaged("it is far too large for a progress file")
            raw = _patiently(path.read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return fresh_state()
        except OSError as error:
            raise ProgressUnreadable(
                f"{path} cannot be read: {error.strerror or error}",
                "Check who owns the file, or set TINYTORCH_HOME to a folder you own.",
            ) from error
        return decode_state(raw)

    def _load_or_repair(self) -> State:
        """Load or repair under the lock: another process may have repaired the file by now."""
        try:
            return self._load(self.path)
        except _Damaged as damage:
            reason = str(damage)
        state = self._last_good_state()
        if state and state["schema_version"] > SCHEMA_VERSION:
            self._refuse(state)
        kept = self._set_aside()
        try:
            self._write(encode_state(state or fresh_state()))
        except ProgressUnwritable:
            self._undo_set_aside(kept)
            raise
        outcome = (
            "Your last good state was restored"
            if state
            else "Your progress starts from the beginning"
        )
        count = len(state["completed_modules"]) if state else 0
        detail = f" (modules complete: {count})" if state else ": there was no good backup"
        self._tell_once(
            f"{self.path} was damaged ({reason}). {outcome}{detail}. "
            f"The damaged file is kept as {kept.name}."
        )
        return state or fresh_state()

    def _last_good_state(self) -> State | None:
        with suppress(_Damaged, ProgressUnreadable, OSError):
            if self.backup.exists():
                return self._load(self.backup)
        return None

    def _set_aside(self) -> Path:
        stamp = f"{self._now():%Y%m%d-%H%M%S}"
        kept = self.path.with_name(f"{self.path.name}.corrupt-{stamp}")
        number = 1
        while os.path.lexists(kept):
            number += 1
            kept = self.path.with_name(f"{self.path.name}.corrupt-{stamp}-{number}")
        try:
            try:
                # A hard link, so that there is a progress file at every moment.
                os.link(self.path, kept)
            except OSError:  # a folder, or a disk without links
                self.path.rename(kept)
        except OSError as error:
            self._unwritable(error)
        return kept

    def _undo_set_aside(self, kept: Path) -> None:
        """Move the damaged file back: it was not repaired, and the next attempt will try again."""
        with suppress(OSError):
            if not os.path.lexists(self.path):
                kept.rename(self.path)
            elif kept.samefile(self.path):
                kept.unlink()

    def _write(self, raw: bytes) -> None:
        """Write both files to temporary names, then swap them in: an error leaves the old state.

        The backup comes first. If the process dies in between, the progress file still has what was
        acknowledged. Temporary files have fixed names: the next write replaces leftover ones.
        """
        staged = [(path.with_name(path.name + ".tmp"), path) for path in (self.backup, self.path)]
        try:
            for temporary, _ in staged:
                _write_durably(temporary, raw)
            for temporary, target in staged:
                _patiently(partial(os.replace, temporary, target))
            _sync_folder(self.path.parent)
        except OSError as error:
            self._unwritable(error)
        finally:
            for temporary, _ in staged:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            from filelock import FileLock, SoftFileLock, Timeout
        except ModuleNotFoundError as error:
            raise ProgressUnwritable(
                "Progress cannot be recorded: the package filelock is not installed.",
                f"{Path(sys.executable).name} -m pip install filelock",
            ) from error
        name, hint = f"{self.path}.lock", "Is tito still running in another terminal?"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock: BaseFileLock = FileLock(name)
            if not _can_be_locked(name):  # lock by a file that exists as long as it is held
                name, hint = f"{name}.held", f"{hint} If not, delete {name}.held."
                lock = SoftFileLock(name)
            lock.acquire(timeout=LOCK_SECONDS, poll_interval=0.01)
        except Timeout as error:
            raise ProgressUnwritable(
                f"Another process has locked {name} for {LOCK_SECONDS:.0f} seconds.", hint
            ) from error
        except OSError as error:
            self._unwritable(error)
        try:
            yield
        finally:
            lock.release()

    def _unwritable(self, error: OSError) -> NoReturn:
        place = error.filename2 or error.filename or self.path  # perhaps the lock, or the backup
        raise ProgressUnwritable(
            f"{place} cannot be written: {error.strerror or error}. "
            "What was recorded before is safe.",
            "Free some disk space, fix the permissions, or set TINYTORCH_HOME to a folder you own.",
        ) from error

    def _refuse(self, state: State) -> NoReturn:
        raise NewerSchema(
            f"{self.path} was written by a newer TinyTorch (schema {state['schema_version']}, "
            f"this one knows {SCHEMA_VERSION}). It was not changed.",
            f"{Path(sys.executable).name} -m pip install --upgrade tinytorch-course",
        )

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)


def _can_be_locked(name: str) -> bool:
    """Whether this disk has file locks. Some network disks have none."""
    try:
        from fcntl import LOCK_UN, flock
    except ModuleNotFoundError:
        return True  # Windows, which always has them
    handle = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        flock(handle, LOCK_UN)  # takes nothing, so that nobody has to wait for it
    except OSError as error:
        return error.errno not in NO_LOCKS
    finally:
        os.close(handle)
    return True


def _write_durably(path: Path, raw: bytes) -> None:
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where possible. The file is already in place.

    Windows and some network disks cannot sync a folder, nor can it be done without read permission.
    """
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _patiently(action: Callable[[], T]) -> T:
    """Try again on Windows, which refuses while another process has the file open."""
    for _ in range(100 if os.name == "nt" else 0):
        with suppress(PermissionError):
            return action()
        time.sleep(0.01)
    return action()


def _tell_on_stderr(text: str) -> None:
    print(text, file=sys.stderr)


# ---------------------------------------------------------------------------------------- tracker


class MilestoneTracker:
    """One person's progress and milestones. Each call reads the file anew, so it is never stale."""

    def __init__(
        self,
        progress_file: str | os.PathLike[str] | None = None,
        *,
        tests_dir: Path | None = None,
        tell: Callable[[str], None] = _tell_on_stderr,
        env: Environment | None = None,
        now: Clock | None = None,
        to_lesson: Callable[[str], str] = str,
        course: str = INSTALLED,
    ) -> None:
        """`env` and `now` replace the environment and the clock; `to_lesson` maps places in
        `tinytorch/` to lines of the lessons. `course` is what judges, as records name it."""
        self.env = os.environ if env is None else env
        self._now = now or _now
        self.to_lesson, self.course = to_lesson, course
        path = Path(progress_file) if progress_file else default_progress_file(self.env)
        self.store = ProgressStore(path, tell, self._now)
        self.tests_dir = tests_dir or Path(__file__).resolve().parent

    @property
    def progress(self) -> State:
        """A copy of the state, with `unlocked_milestones` computed from the completed modules."""
        state = self.store.read()
        return {**state, "unlocked_milestones": unlocked_by(state["completed_modules"])}

    def mark_module_complete(
        self, module_name: str, evidence: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Record a module; return the milestones that it unlocks or that were not announced yet.

        What the file calls unlocked may be locked now: requirements change, people edit the file.
        """
        _check_module_name(module_name)

        def change(state: State) -> list[str]:
            announced = state["unlocked_milestones"]
            known = [m for m in unlocked_by(state["completed_modules"]) if m in announced]
            self._record(state, "completed_modules", "modules", module_name, evidence)
            new = [m for m in unlocked_by(state["completed_modules"]) if m not in known]
            announced.extend(m for m in new if m not in announced)
            return new

        return self.store.update(change)

    def mark_milestone_complete(
        self, milestone_id: str, evidence: Mapping[str, Any] | None = None
    ) -> None:
        milestone(milestone_id)
        self.store.update(
            lambda state: self._record(
                state, "completed_milestones", "milestones", milestone_id, evidence
            )
        )

    def _record(
        self,
        state: State,
        names: str,
        records: str,
        name: str,
        evidence: Mapping[str, Any] | None,
    ) -> None:
        """Add a name to its list, with evidence. Without new evidence the old record is kept."""
        if name not in state[names]:
            state[names].append(name)
        if evidence is not None or name not in state[records]:
            now = self._now().astimezone().isoformat(timespec="seconds")
            state[records][name] = sealed(name, {"completed_at": now, **(evidence or {})})

    def missing_modules(self, milestone_id: str) -> list[str]:
        return missing_requirements(milestone_id, self.store.read()["completed_modules"])

    def can_run_milestone(self, milestone_id: str) -> bool:
        return not self.missing_modules(milestone_id)

    def status(self) -> list[dict[str, Any]]:
        """One dict for each milestone: the basis of every display and of `--json`."""
        state = self.store.read()
        return [_status_of(name, state, self.course) for name in ordered_milestones()]

    def show_progress(self, console: Console | None = None) -> None:
        """Show the table of all milestones, and the next command to run."""
        rows = self.status()
        console = console or _new_console()
        _say("🎯 TinyTorch Milestone Progress", console, style="bold")
        console.print(_progress_table(rows, console))
        _say(next_step(rows), console)

    def list_unlocked_tests(self, console: Console | None = None) -> None:
        """List the tests that can be run now, with the command for each."""
        rows = self.status()
        console = console or _new_console()
        unlocked = [row for row in rows if not row["missing"]]
        for row in unlocked:
            done = DONE_TEXT[row["evidence"]]
            _say(f"{row['name']}{done}", console, style="bold")
            _say(f"  {row['description']}", console)
            _say(f"  {row['test']}: tito milestone run {row['id']}\n", console)
        if not unlocked:
            _say("No milestone is unlocked yet.", console)
            _say(next_step(rows), console)

    def verification_command(
        self, milestone_id: str, *, report: Path, seed: int | None = None
    ) -> list[str]:
        """The pytest command that runs the milestone's one test and writes a JUnit report."""
        test = milestone(milestone_id)["test"]
        command = [sys.executable, *ISOLATED, "-m", "pytest", f"{VERIFICATION_FILE}::{test}"]
        command += ["-c", "pytest.ini", f"--rootdir={self.tests_dir}", "-p", "no:cacheprovider"]
        command += ["-p", "no:unraisableexception"]  # it collects garbage five times at the end
        command += ["--import-mode=append"]  # no file here hides a module of Python's
        # A test that returns its verdict cannot fail. Output is not captured but passed on to the
        # runner, which bounds it: pytest would keep a gigabyte of it in memory.
        command += ["-W", "error::pytest.PytestReturnNotNoneWarning", "--capture=no"]
        command += ["-q", "--no-header", "--no-summary", "--tb=short", f"--junitxml={report}"]
        return command if seed is None else [*command, "--seed", str(seed)]

    def run_milestone(
        self,
        milestone_id: str,
        *,
        seed: int | None = None,
        runner: Runner | None = None,
        workspace: Path | None = None,
    ) -> Verdict:
        """Run the verification test against the workspace's `tinytorch` and judge its report.

        Nothing is recorded: the caller marks the milestone when the verdict is "passed".
        """
        definition = milestone(milestone_id)
        for needed in (VERIFICATION_FILE, "pytest.ini"):
            if not (self.tests_dir / needed).is_file():
                return Verdict(Outcome.COULD_NOT_RUN, f"{self.tests_dir / needed} is missing.")
        workspace = (workspace or self.tests_dir.parents[1]).absolute()
        return _verify(self, milestone_id, definition, seed, runner or run_and_wait, workspace)


def check_module_export(
    module_name: str,
    console: Console | None = None,
    *,
    evidence: Mapping[str, Any] | None = None,
    progress_file: str | os.PathLike[str] | None = None,
    tracker: MilestoneTracker | None = None,
) -> dict[str, list[str]]:
    """Record an exported module and return the milestones that it unlocks."""
    tracker = tracker or MilestoneTracker(progress_file)
    unlocked = tracker.mark_module_complete(module_name, evidence)
    messages = [unlock_text(name) for name in unlocked]
    if console is not None:
        show_messages(messages, console)
    return {"newly_unlocked": unlocked, "messages": messages}


def show_progress(console: Console | None = None) -> None:
    MilestoneTracker().show_progress(console)


def list_tests(console: Console | None = None) -> None:
    MilestoneTracker().list_unlocked_tests(console)


def _check_module_name(name: object) -> None:
    if isinstance(name, str) and MODULE_NAME.fullmatch(name):
        return
    near = _nearest(name, [module for m in MILESTONES.values() for module in m["requires"]])
    hint = f"Did you mean {near}?" if near else "A module's name looks like 01_tensor."
    raise MalformedModuleName(f"{name!r} is not the name of a module (NN_name).", hint)


def sealed(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as JSON will have it, with its seal."""
    text = json.dumps(dict(record), default=_as_plain_data)
    plain: dict[str, Any] = json.loads(text)
    return {**plain, SEAL: _seal_of(name, plain)}


def is_sealed(name: str, record: Mapping[str, Any]) -> bool:
    """Whether nobody has changed this record of a module or a milestone by hand."""
    return record.get(SEAL) == _seal_of(name, record)


def _seal_of(name: str, record: Mapping[str, Any]) -> str:
    from hashlib import blake2b

    rest = {key: value for key, value in record.items() if key != SEAL}
    text = json.dumps([name, rest], sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def evidence_of(name: str, record: Mapping[str, Any], course: str = INSTALLED) -> Evidence:
    """Whether a milestone's record names a run that can be repeated, judged by this course."""
    seed, sources = record.get("seed"), record.get("sources")
    repeatable = type(seed) is int and isinstance(sources, dict) and bool(sources)
    ours = record.get("course", INSTALLED) == course
    return Evidence.RECORD if repeatable and ours and is_sealed(name, record) else Evidence.NONE


def _state(completed: bool, missing: list[str]) -> MilestoneState:
    if completed:
        return MilestoneState.COMPLETED
    return MilestoneState.LOCKED if missing else MilestoneState.UNLOCKED


def _status_of(milestone_id: str, state: State, course: str) -> dict[str, Any]:
    definition = MILESTONES[milestone_id]
    missing = missing_requirements(milestone_id, state["completed_modules"])
    completed = milestone_id in state["completed_milestones"]
    total = len(definition["requires"])
    record = state["milestones"].get(milestone_id, {})
    return {
        "id": milestone_id,
        "name": definition["name"],
        "description": definition["description"],
        "test": definition["test"],
        "state": _state(completed, missing),
        "done": total - len(missing),
        "total": total,
        "missing": missing,
        "headline": next(iter(definition.get("metrics", [])), None),
        "record": record,
        "evidence": evidence_of(milestone_id, record, course) if completed else None,
    }


# ----------------------------------------------------------------------------------- verification


class RunResult(NamedTuple):
    """What a runner returns (the first three are enough). No return code: it did not start."""

    returncode: int | None
    output: str = ""
    timed_out: bool = False
    flooded: bool = False  # stopped, because it printed more than the runner's limit
    output_limit: int = 0  # that limit, in bytes


NO_METRICS: Mapping[str, Any] = {}


class Verdict(NamedTuple):
    """The outcome of a run, why, and what was measured."""

    outcome: Outcome
    reason: str
    details: str = ""
    metrics: Mapping[str, Any] = NO_METRICS
    seed: int | None = None
    seconds: float = 0.0
    output: str = ""
    isolation: str = ""  # "sandbox + landlock 7 + seccomp": the level, and the means that held

    @property
    def evidence(self) -> dict[str, Any]:
        """The evidence to record for a completed milestone."""
        found = {
            "metrics": dict(self.metrics),
            "seed": self.seed,
            "seconds": round(self.seconds, 2),
        }
        return found | ({"isolation": self.isolation} if self.isolation else {})


class _Case(NamedTuple):
    """One test case of a JUnit report."""

    name: str
    outcome: _CaseOutcome
    message: str
    traceback: str
    properties: dict[str, str]


def _verify(
    tracker: MilestoneTracker,
    milestone_id: str,
    definition: Mapping[str, Any],
    seed: int | None,
    runner: Runner,
    workspace: Path,
) -> Verdict:
    from tempfile import mkdtemp

    try:
        folder = Path(mkdtemp(prefix="tinytorch-")).absolute()
    except OSError as error:
        return Verdict(Outcome.COULD_NOT_RUN, f"No temporary folder can be written: {error}.")
    with _deleted_afterwards(folder) as scratch:
        report, stream = scratch / "report.xml", scratch / "progress.jsonl"
        started = time.perf_counter()
        result = runner(
            tracker.verification_command(milestone_id, report=report, seed=seed),
            cwd=tracker.tests_dir,
            env=verification_environment(workspace, stream, tracker.env),
            progress_file=stream,
            timeout=float(definition.get("timeout", VERIFICATION_TIMEOUT)),
        )
        seconds = time.perf_counter() - started
        cases = _read_report(report)
    verdict = _judge(result, cases, definition)
    properties = cases[0].properties if cases else {}
    played = properties.pop("seed", "" if seed is None else str(seed))
    isolation = properties.pop("isolation", "")
    properties.pop("blamed", None)
    return verdict._replace(
        reason=tracker.to_lesson(verdict.reason),
        details=tracker.to_lesson(verdict.details),
        metrics={name: _as_number(value) for name, value in properties.items()},
        seed=int(played) if re.fullmatch(r"-?\d{1,40}", played) else None,
        seconds=seconds,
        output=result.output,
        isolation=isolation,
    )


def verification_environment(
    workspace: Path, stream: Path, caller: Environment | None = None
) -> dict[str, str]:
    """The environment of a run: the student's `tinytorch`, one thread, no pytest settings."""
    caller = os.environ if caller is None else caller
    env = {name: value for name, value in caller.items() if not name.startswith("PYTEST_")}
    # The second changes the exit code. The third is for whoever starts an experiment to set.
    for setting in ("PYTHONWARNINGS", "PYTHONINSPECT", "TINYTORCH_EXPERIMENT"):
        env.pop(setting, None)
    for place in ("TMPDIR", "TEMP", "TMP"):  # the run is in another folder
        if env.get(place):
            env[place] = str(Path(env[place]).absolute())
    return (
        env
        | ONE_THREAD
        | {
            "TINYTORCH_WORKSPACE": str(workspace),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "TINYTORCH_PROGRESS_STREAM": str(stream),
        }
    )


def run_and_wait(
    command: list[str], *, cwd: Path, env: dict[str, str], progress_file: Path, timeout: float
) -> RunResult:
    """The default runner: wait, keep the end of the output, leave no process behind."""
    import subprocess
    import threading

    del progress_file  # `tito` passes a runner that shows the training from it
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        return RunResult(None, str(error))
    tail = bytearray()
    # A thread, because a grandchild that keeps the pipe open must not make us wait.
    reader = threading.Thread(target=_keep_tail, args=(process.stdout, tail), daemon=True)
    reader.start()
    timed_out = False
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        _end_group(process.pid)
        process.kill()
        process.wait()
    reader.join(timeout=2)
    return RunResult(process.returncode, bytes(tail).decode("utf-8", "replace"), timed_out)


def _keep_tail(pipe: IO[bytes], tail: bytearray) -> None:
    with suppress(OSError), pipe:
        while chunk := os.read(pipe.fileno(), 65_536):
            tail += chunk
            del tail[:-OUTPUT_TAIL]


def _end_group(group: int) -> None:
    if sys.platform != "win32":
        import signal

        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


@contextmanager
def _deleted_afterwards(folder: Path) -> Iterator[Path]:
    try:
        yield folder
    finally:
        _for_foreign_files()["delete"](folder)


def _for_foreign_files() -> dict[str, Any]:
    """The functions of `verification/files.py`, for what student code could have written.

    Beside another course's tests there may be none: then Python's own have to do.
    """
    import runpy
    import shutil

    path = Path(__file__).with_name("verification") / "files.py"
    if path.is_file():
        return runpy.run_path(str(path))
    return {
        "delete": partial(shutil.rmtree, ignore_errors=True),
        "read_regular": lambda path, limit: path.read_bytes()[:limit],
    }


def _read_report(path: Path) -> list[_Case] | None:
    """The cases of a JUnit report; None if there is no report or it cannot be parsed."""
    from xml.etree import ElementTree

    try:
        raw = _for_foreign_files()["read_regular"](path, MAX_BYTES + 1)
        raw = raw if len(raw) <= MAX_BYTES else b""
        if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:  # pytest writes none: an expansion attack
            return None
        return [_read_case(case) for case in ElementTree.fromstring(raw).iter("testcase")]
    except (OSError, ElementTree.ParseError, ValueError, LookupError):
        return None


def _read_case(case: Element) -> _Case:
    properties = {
        item.get("name", ""): item.get("value", "") for item in case.iterfind("properties/property")
    }
    name = case.get("name", "")
    for outcome in (_CaseOutcome.ERROR, _CaseOutcome.FAILURE, _CaseOutcome.SKIPPED):
        found = case.find(outcome.value)
        if found is not None:
            return _Case(name, outcome, found.get("message", ""), found.text or "", properties)
    return _Case(name, _CaseOutcome.PASSED, "", "", properties)


def _judge(result: RunResult, cases: list[_Case] | None, definition: Mapping[str, Any]) -> Verdict:
    """Judge a run: passed only if exactly one test ran, passed, and reported all its metrics."""
    if result.timed_out:
        return Verdict(
            Outcome.FAILED,
            f"It did not end within {definition.get('timeout', VERIFICATION_TIMEOUT):.0f} seconds.",
            "Is there a loop that never ends, or one over single numbers where NumPy could use "
            "the whole array?",
        )
    if getattr(result, "flooded", False):  # a plain runner has no such field
        return Verdict(
            Outcome.FAILED,
            f"It was stopped after it had printed {result.output_limit // 1_000_000} MB.",
            "Is there a print inside a loop in your modules?",
        )
    if result.returncode is None:
        return Verdict(Outcome.COULD_NOT_RUN, f"Python could not be started: {result.output}")
    if cases is None:
        return _judge_without_report(result)
    wrong = (_CaseOutcome.ERROR, _CaseOutcome.FAILURE)
    failed = [case for case in cases if case.outcome in wrong]
    if failed:
        return _judge_failure(failed[0])
    if len(cases) != 1:
        return Verdict(
            Outcome.COULD_NOT_RUN,
            f"{len(cases)} tests ran where exactly one was expected: {definition['test']}.",
            f"The course is at fault here. Does {VERIFICATION_FILE} define it once, without "
            f"parameters?\n\n{result.output[-2000:].strip()}",
        )
    return _judge_single(cases[0], result, definition)


def _judge_single(case: _Case, result: RunResult, definition: Mapping[str, Any]) -> Verdict:
    if case.outcome is _CaseOutcome.SKIPPED:
        return Verdict(Outcome.FAILED, "The test was skipped: nothing was verified.", case.message)
    if case.name.partition("[")[0] != definition["test"]:  # pytest.exit leaves a case without name
        return _judge_without_report(result)
    missing = [
        name
        for name in definition.get("metrics", [])
        if not isinstance(_as_number(case.properties.get(name, "")), float)
    ]
    if missing:
        return Verdict(
            Outcome.FAILED,
            f"The test ended before it measured {', '.join(missing)}.",
            "A pass counts only if all metrics are reported.",
        )
    if result.returncode != 0:
        return Verdict(
            Outcome.FAILED, f"The process ended with code {result.returncode} after the test."
        )
    return Verdict(Outcome.PASSED, "Really learned.")


def _judge_without_report(result: RunResult) -> Verdict:
    output = result.output[-2000:].strip()
    code = result.returncode or 0
    if re.search(r": No module named '?pytest", result.output):
        hint = f"{Path(sys.executable).name} -m pip install pytest"
        return Verdict(Outcome.COULD_NOT_RUN, "pytest is not installed in this environment.", hint)
    if code in (-2, -9, -15):
        why = "killed from outside; often this means that memory ran out"
        return Verdict(Outcome.COULD_NOT_RUN, f"The process was {why} (signal {-code}).", output)
    crashed = code == 1 and "Traceback (most recent call last)" in result.output
    if crashed or code in (3, 4):  # pytest's own codes for an internal error and for wrong usage
        return Verdict(Outcome.COULD_NOT_RUN, "pytest could not run the test.", output)
    return Verdict(
        Outcome.FAILED,
        f"The process ended early (code {code}), before the test gave its result.",
        "Does your code call sys.exit or os._exit?" + (f"\n\n{output}" if output else ""),
    )


def _judge_failure(case: _Case) -> Verdict:
    message, blamed = _error_message(case), case.properties.get("blamed")
    if blamed == "outside":
        return Verdict(Outcome.COULD_NOT_RUN, message)
    absent = re.match(r"(?:ModuleNotFoundError|ImportError): No module named '([\w.]+)'", message)
    if absent and absent[1] == "tinytorch" and not blamed:
        reason, hint = (
            "There is no tinytorch package in this workspace.",
            "Run tito export to write it.",
        )
        return Verdict(Outcome.COULD_NOT_RUN, reason, hint)
    of_framework = blamed or re.search(rf"{FRAMEWORK_FILE}|named 'tinytorch\.", case.traceback)
    if absent and "." not in absent[1] and absent[1] != "tinytorch":
        hint = f"{Path(sys.executable).name} -m pip install {absent[1]}"
        outcome = Outcome.FAILED if of_framework else Outcome.COULD_NOT_RUN
        return Verdict(outcome, f"The package {absent[1]} is not installed.", hint)
    details = "\n\n".join(filter(None, [message, _place_in_framework(case.traceback)]))
    blank = re.match(r"NotImplementedError: (Task [^\n]+)", message)
    if blank:
        return Verdict(Outcome.FAILED, f"{blank[1]} is still blank.", details)
    reason = message.partition("\n")[0] or "The test failed."
    # A test that could not start (pytest calls that an error), or a missing file.
    not_there = re.match(r"(OS|FileNotFound|ModuleNotFound|Permission)Error: ", message)
    if (case.outcome is _CaseOutcome.ERROR or not_there) and not of_framework:
        blamed = "The course or the machine is at fault here, not your code."
        return Verdict(Outcome.COULD_NOT_RUN, reason, f"{details}\n\n{blamed}")
    return Verdict(Outcome.FAILED, reason, details)


def _error_message(case: _Case) -> str:
    """The message of the exception, without pytest's explanation of the assertion."""
    message = case.message
    outside = not message or message == "collection failure" or message.startswith("failed on ")
    cut = message.endswith("full report in element text]")  # pytest 9.2 on: after 500 characters
    if outside or cut:
        # The exception is in the traceback's E lines; pytest.fail gives only its message.
        last = re.findall(r"(?:^E .*\n?)+", case.traceback, flags=re.MULTILINE)[-1:]
        whole = re.sub(r"^E {0,3}", "", "".join(last), flags=re.MULTILINE)
        message = whole or (f"Failed: {case.traceback}" if cut else message)
    said = re.sub(r"^(?:AssertionError|Failed): ", "", message.strip())
    said = re.split(r"\n(?:assert |\s*\+ +where )", said)[0].strip()
    if said.startswith("File "):  # a syntax error: the place comes first, the error at the end
        place, _, what = said.rpartition("\n")
        return f"{what}\n\n  {place}"
    indented = re.fullmatch(r".*(\n(  .*)?)*", said)
    if indented and not message.startswith("Failed: "):  # by pytest, all lines but the first
        said = said.replace("\n  ", "\n")
    return said


def _place_in_framework(traceback: str) -> str:
    places = re.findall(rf"^.*({FRAMEWORK_FILE}:\d+): in (\S+)", traceback, re.MULTILINE)
    return "Raised in {}, in {}.".format(*places[-1]) if places else ""


def _as_number(value: str) -> float | str:
    """Parse a finite number; leave any other text as it is, so that NaN is never a metric."""
    with suppress(ValueError):
        number = float(value)
        if abs(number) < float("inf"):
            return number
    return value


# ---------------------------------------------------------------------------------------- display

STATUS = {
    MilestoneState.COMPLETED: ("✅ Completed", "green"),
    MilestoneState.UNLOCKED: ("🔓 Unlocked", "yellow"),
    MilestoneState.LOCKED: ("🔒 Locked", "dim"),
}
NO_EVIDENCE = ("📝 Recorded\nwithout evidence", "yellow")  # in place of "Completed"
DONE_TEXT = {
    None: "",
    Evidence.RECORD: " (completed)",
    Evidence.NONE: " (recorded without evidence)",
}
EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff\ufe0f] ?")


def unlock_text(milestone_id: str) -> str:
    """The text shown when a milestone is unlocked."""
    definition = milestone(milestone_id)
    return (
        f"🔓 MILESTONE UNLOCKED!\n\n{definition['name']}\n{definition['description']}\n\n"
        f"{definition['unlock_message']}\n\nRun it: tito milestone run {milestone_id}"
    )


def next_step(rows: list[dict[str, Any]]) -> str:
    """The next command to run."""
    first = {row["state"]: row for row in reversed(rows)}
    if MilestoneState.UNLOCKED in first:
        return f"Next: tito milestone run {first[MilestoneState.UNLOCKED]['id']}"
    if MilestoneState.LOCKED in first:
        number = first[MilestoneState.LOCKED]["missing"][0].partition("_")[0]
        return f"Next: tito module start {number}"
    for row in rows:
        if row["evidence"] is Evidence.NONE:
            return f"Next: tito milestone run {row['id']}  (it is recorded without evidence)"
    return "All milestones are completed."


def _new_console() -> Console:
    from rich.console import Console

    console = Console()
    console.on_broken_pipe = _reader_has_gone  # type: ignore[method-assign]
    return console


def _reader_has_gone() -> NoReturn:
    """Exit quietly. rich would exit with code 1, which means locked or unknown."""
    raise BrokenPipeError


def _encodable(text: str, console: Console) -> str:
    """The text without emoji, unless this terminal is sure to have them."""
    encoding = console.encoding.lower()
    plain = console.no_color or console.legacy_windows or console.is_dumb_terminal
    if encoding.startswith("utf") and not plain:
        return text
    return EMOJI.sub("", text).encode(encoding, "replace").decode(encoding)


def _styled(text: str, console: Console, style: str = "") -> Text:
    """Text that rich prints unchanged: brackets in a milestone's name are not markup."""
    from rich.text import Text

    return Text(_encodable(text, console), style=style)


def _say(text: str, console: Console, style: str = "") -> None:
    console.print(_styled(text, console, style), soft_wrap=True)


def show_messages(messages: list[str], console: Console) -> None:
    """Show each unlock message in a frame."""
    from rich.panel import Panel

    for message in messages:
        console.print(Panel(_styled(message, console), border_style="green", expand=False))


def _progress_table(rows: list[dict[str, Any]], console: Console) -> Table:
    from rich import box
    from rich.table import Table

    # Folded, because not every terminal has the ellipsis for a cut word.
    table = Table(box=box.SQUARE)
    table.add_column("Milestone", overflow="fold")
    table.add_column("Status", justify="center", overflow="fold")
    table.add_column("Requirements", justify="center", overflow="fold")
    for row in rows:
        without = row["evidence"] is Evidence.NONE
        label, style = NO_EVIDENCE if without else STATUS[row["state"]]
        status = "\n".join(filter(None, [label, _result_line(row)]))
        table.add_row(
            _styled(row["name"], console),
            _styled(status, console, style),
            f"{row['done']}/{row['total']} modules",
        )
    return table


def _result_line(row: dict[str, Any]) -> str:
    """For a milestone with evidence "accuracy 97.2%, 2026-07-14", if its record has them."""
    if row["evidence"] is not Evidence.RECORD:
        return ""
    metrics, date = row["record"].get("metrics"), row["record"].get("completed_at")
    figure = metrics.get(row["headline"]) if isinstance(metrics, dict) else None
    known = isinstance(figure, (int, float)) and abs(figure) < 1e6  # not NaN, not 10**400
    parts = [f"{row['headline'].replace('_', ' ')} {figure:.1%}"] if known else []
    day = re.match(r"\d{4}-\d\d-\d\d", date, re.ASCII) if isinstance(date, str) else None
    return ", ".join([*parts, day[0]] if day else parts)


# ----------------------------------------------------------------------------------------- script


def _parse(arguments: list[str] | None) -> Any:
    from argparse import ArgumentParser

    parser = ArgumentParser(description="TinyTorch's milestones: progress, unlocks, tests.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    complete = actions.add_parser("complete", help="record a module as complete")
    complete.add_argument("module", metavar="NAME", help="for example 01_tensor")
    actions.add_parser("progress", help="show all milestones")
    actions.add_parser("list", help="list the tests that are unlocked")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """0 done, 1 locked or unknown, 2 wrong usage, 3 the machine failed, 130 interrupted."""
    code = _act(_parse(arguments))
    for stream in (sys.stdout, sys.stderr):
        _flush_or_discard(stream)
    return code


def _act(chosen: Any) -> int:
    try:
        if chosen.action == "progress":
            show_progress()
        elif chosen.action == "list":
            list_tests()
        else:
            console = _new_console()
            check_module_export(chosen.module, console)
            _say(f"{chosen.module} is recorded as complete.", console)
        sys.stdout.flush()
    except TrackerError as error:
        print(f"{error}\n{error.hint}".rstrip(), file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        print(f"The package {error.name} is not installed.", file=sys.stderr)
        print(f"{Path(sys.executable).name} -m pip install {error.name}", file=sys.stderr)
        return 3
    except BrokenPipeError:
        return 0  # `progress | head -1`: nobody reads the rest
    except OSError as error:  # not the progress file, so most likely the output
        print(f"The operating system reports: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


def _flush_or_discard(stream: IO[str]) -> None:
    """Drop what cannot be written: Python would try again at exit, and end with code 120."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    # Import it again, as a module, so that milestones added below these lines count too.
    sys.path.insert(0, str(Path(__file__).parent))
    import milestone_tracker

    sys.exit(milestone_tracker.main())

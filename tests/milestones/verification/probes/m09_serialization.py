"""Probes of module 09: a file as the format says, byte for byte, and what comes back of a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification import checkpoints, probing
from verification.failures import Failure
from verification.places import named as named_error
from verification.probes.inputs import Array
from verification.probes.probe import Kit, Probe, expect

MODULE = "09_serialization"
SAVE, LOAD = "serialization.save", "serialization.load"
Header = dict[str, Any]

SOME = {
    "bias": np.array([1.5, -2.0], "f4"),
    "größe": np.arange(6, dtype="f8").reshape(2, 3),
    "none": np.zeros((0, 3), "i8"),
    "alone": np.array(7, "i4"),
    "mask": np.array([True, False, True]),
}
CALL = "`save({" + ", ".join(map(repr, SOME)) + "}, file)`"
NAMES = {"f4": "F32", "f8": "F64", "i8": "I64", "i4": "I32", "b1": "BOOL"}


def named(kit: Kit, own: str, public: str) -> str:
    """The lesson's name for a step if the framework has it, else the contract's."""
    has = hasattr(kit.tt.serialization, own) if hasattr(kit.tt, "serialization") else False
    return f"serialization.{own}" if has else public


def places(arrays: dict[str, Array]) -> Header:
    """The header's table: dtype, shape, and from where to where the bytes go."""
    header, begin = {}, 0
    for name, array in arrays.items():
        end = begin + array.nbytes
        offsets = {"data_offsets": [begin, end]}
        header[name] = {"dtype": NAMES[array.dtype.str[1:]], "shape": [*array.shape], **offsets}
        begin = end
    return header


def file_of(header: Any, data: bytes, fill: int = 8) -> Array:
    """A file with this header."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % fill)
    return np.frombuffer(len(text).to_bytes(8, "little") + text + data, np.uint8)


def written(kit: Kit, arrays: dict[str, Array]) -> bytes:
    state = {name: kit.tt.tensor(array) for name, array in arrays.items()}
    return bytes(np.asarray(kit.there(checkpoints.saved)(kit.tt, state)).tobytes())


def check_filled(kit: Kit) -> None:
    """Whatever its length, a header is filled up to a multiple of 8 with spaces."""
    for more in ("", "x", "xxx"):  # one of two different lengths at least has to be filled up
        raw = written(kit, {f"weight{more}": SOME["bias"]})
        text = raw[8 : 8 + int.from_bytes(raw[:8], "little")]
        if text.rstrip(b" ")[-1:] != b"}":
            raise Failure(
                f"The header of the file that `save({{'weight{more}': x}}, file)` writes ends with "
                f"{text[-4:]!r}: is it filled up with spaces?",
                part=named(kit, "to_bytes", SAVE),
            )


def check_written(kit: Kit) -> None:
    """The bytes of a file: a length, a header, the arrays."""
    raw = written(kit, SOME)
    writing = partial(Failure, part=named(kit, "to_bytes", SAVE))
    length, turned = (int.from_bytes(raw[:8], order) for order in ("little", "big"))
    if length > len(raw) - 8:
        asked = turned <= len(raw) - 8
        raise writing(
            f"{CALL} writes {len(raw)} bytes, and the first 8 say that the header has {length:,}"
            + (": does the lowest byte come first (little-endian)?" if asked else "."),
        )
    check_table(kit, raw[8 : 8 + length])
    if length % 8:
        raise writing(
            f"The header of the file that {CALL} writes has {length} bytes, not a multiple of 8: "
            "is it filled up with spaces after it was encoded?"
        )
    right, data = b"".join(array.tobytes() for array in SOME.values()), raw[8 + length :]
    if data != right:
        raise writing(
            f"After the header, {CALL} writes {len(data)} bytes, not the {len(right)} of its "
            "arrays: are they written one after the other, row by row, without gaps?"
        )


def check_table(kit: Kit, text: bytes) -> None:
    """What the header says of each array."""
    layout = partial(Failure, part=named(kit, "layout", SAVE))
    try:
        header: Header = dict(json.loads(text))
    except ValueError as error:
        raise layout(f"The header of the file that {CALL} writes is no JSON: {error}.") from error
    header.pop("__metadata__", None)
    right = places(SOME)
    for name, wanted in right.items():
        found = header.get(name)
        if found != wanted:
            raise layout(
                f"The header of the file that {CALL} writes has {found} for {name!r}, not {wanted}"
                f"{question_of_places(header)}",
                hint="data_offsets are in bytes, from the beginning of the data; each array begins "
                "where the one before ended.",
            )


def question_of_places(header: Header) -> str:
    """Which common mistake gives these places."""
    for question, size in PLACES.items():
        begin = 0
        for name, array in SOME.items():
            end = begin + size(array)
            if header.get(name, {}).get("data_offsets") != [begin, end]:
                break
            begin = end
        else:
            return f": {question}"
    return "."


PLACES: dict[str, Callable[[Array], int]] = {
    "does it count numbers, not bytes?": lambda array: array.size,
    "is each place rounded up to 8 bytes?": lambda array: -(-array.nbytes // 8) * 8,
    "is each number counted as 4 bytes?": lambda array: 4 * array.size,
}


def check_read(kit: Kit) -> None:
    """A file that another program has written: its tensors in any order, and notes."""
    data = SOME["bias"].tobytes() + np.array(7, "<i8").tobytes()
    header = {
        "__metadata__": {"by": "another program"},
        "n": {"dtype": "I64", "shape": [], "data_offsets": [8, 16]},
        "bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    }
    check_plain_file(kit)
    call = "`load(a file in which 'bias' lies before 'n', and 'n' is named first)`"
    try:
        read = kit.there(checkpoints.loaded)(kit.tt, file_of(header, data))
    except Exception as error:
        raise Failure(
            f"{call} raised {named_error(error)}: are the tensors sorted by where they lie?",
            part=named(kit, "check_places", LOAD),
        ) from error
    if sorted(read) != ["bias", "n"]:
        raise Failure(f"{call} has the names {sorted(read)}, not ['bias', 'n'].")
    for name, right in (("bias", SOME["bias"]), ("n", np.array(7))):
        expect(f"'{name}' of {call}", np.asarray(read[name].data), right)
    check_empty(kit)


def check_plain_file(kit: Kit) -> None:
    """One array and nothing else: where its header begins, and how long it is."""
    array = SOME["bias"]
    try:
        kit.there(checkpoints.loaded)(kit.tt, file_of(places({"bias": array}), array.tobytes()))
    except Exception as error:
        raise Failure(
            f"`load(a file with one array)` raised {named_error(error)}: are the first 8 bytes the "
            "header's length, the lowest byte first, and does the header begin after them?",
            part=named(kit, "read_header", LOAD),
        ) from error


def check_empty(kit: Kit) -> None:
    """A file without tensors is a whole file: a checkpoint may hold numbers and texts only."""
    try:
        kit.there(checkpoints.loaded)(kit.tt, file_of({}, b""))
    except Exception as error:
        raise Failure(
            f"`load(a file with a header and no tensors)` raised {named_error(error)}: may the "
            "file end where its header does?",
            part=named(kit, "read_header", LOAD),
        ) from error


def check_value(kit: Kit) -> None:
    """Numbers, texts and containers come back as what they were."""
    value = {
        "betas": (0.9, 0.999), "step": 3, "bases": [0.1, None, True, "é"],
        "state": {0: {"exp_avg": kit.tt.tensor(SOME["bias"])}}, "generator": np.arange(4),
    }  # fmt: skip
    call = "`load(save(value))`"
    try:
        raw = kit.there(checkpoints.saved)(kit.tt, value)
    except Exception as error:
        raise Failure(
            f"`save(value)` of numbers, texts, containers and tensors raised {named_error(error)}",
            part=SAVE,
        ) from error
    read = kit.there(checkpoints.loaded)(kit.tt, np.asarray(raw))
    check_described(kit, np.asarray(raw).tobytes(), [*value], [*read])
    for name in ("betas", "step", "bases"):
        if type(read[name]) is not type(value[name]) or read[name] != value[name]:
            raise Failure(
                f"{call} gives {read[name]!r} for {value[name]!r}: is the kind of each container "
                "kept?",
                part=SAVE if type(read[name]) is list else LOAD,
            )
    keys = list(read["state"])
    if keys != [0]:
        raise Failure(
            f"{call} of a dictionary with the key 0 has the keys {keys}: does a key stay what it "
            "was? JSON's own tables have texts only.",
            part=SAVE,
        )
    if not isinstance(read["generator"], np.ndarray):
        raise Failure(f"{call} of an array gives a {type(read['generator']).__name__}.")
    moment = read["state"][0]["exp_avg"]
    expect(f"A tensor inside of {call}", np.asarray(moment.data), SOME["bias"])
    kit.there(probing.subtract_in_place)(moment, 0.5)
    expect(f"A tensor inside of {call}, after `-= 0.5`,", np.asarray(moment.data), [1.0, -2.5])


def check_described(kit: Kit, raw: bytes, names: list[str], read: list[str]) -> None:
    """Check that what `load` gives has the names of what was saved."""
    if [*map(str, read)] == names:
        return
    noted = "__metadata__" in json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    raise Failure(
        f"`load(save(value))` has the names {read}, not {names}: "
        + ("is the description read?" if noted else "is the description in the file's metadata?"),
        part=LOAD if noted else named(kit, "to_bytes", SAVE),
    )


PROBES = [
    Probe(SAVE, MODULE, check_written),
    Probe(SAVE, MODULE, check_filled),
    Probe(LOAD, MODULE, check_read),
    Probe(LOAD, MODULE, check_value),
]

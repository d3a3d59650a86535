"""Wrong answers of module 09: the file format, packing, atomic writing, resuming."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

SERIALIZATION = Catalogue("09_serialization")

SERIALIZATION.task(
    "9.1",
    "serialization.layout",
    Fault("numbers instead of bytes", "factor", "array.nbytes", "array.size"),
    Fault("a shape is a tuple", "shape", "list(array.shape)", "array.shape"),
    Fault("all begin at 0", "state", "begin = end\n", "pass\n"),
    Fault("places and lengths", "wrong operand", "[begin, end]", "[begin, array.nbytes]"),
    Fault("the last byte belongs to it", "off by one", "[begin, end]", "[begin, end - 1]"),
)
SERIALIZATION.task(
    "9.2",
    "serialization.to_bytes",
    Fault("big-endian length", "order", '"little"', '"big"'),
    Fault("nothing is filled up", "missing branch", 'text += b" " * (-len(text) % 8)', "pass"),
    Fault("eight spaces too many", "off by one", "(-len(text) % 8)", "(8 - len(text) % 8)"),
    Fault("filled up with zeros", "condition", 'b" " *', 'b"\\0" *'),
    Fault("the notes are lost", "state", "header |= layout(arrays)", "header = layout(arrays)"),
    Fault("as they lie in memory", "order", "_little_endian(array) for", 'array.tobytes("A") for'),
)
SERIALIZATION.task(
    "9.3",
    "serialization.read_header",
    Fault("pickles are not named", "missing branch", "if _foreign(raw):", "if raw is None:"),
    Fault("cut off", "error not raised", "if start > len(raw)", "if start < 8"),
    Fault("the start without the length", "off by one", "start = 8 + int", "start = int"),
    Fault("big-endian length", "order", '"little"', '"big"'),
    Fault("names twice", "error not raised", ", object_pairs_hook=_no_name_twice", ""),
    Fault("deep nesting", "missing branch", "(ValueError, RecursionError)", "ValueError"),
    Fault("a list", "error not raised", "not isinstance(header, dict)", "header is None"),
)
SERIALIZATION.task(
    "9.4",
    "serialization.load",
    Fault("not sorted", "order", "sorted(entries)", "entries"),
    Fault("gaps are allowed", "condition", "begin != here", "begin < here"),
    Fault("overlaps are allowed", "condition", "begin != here", "begin > here"),
    Fault("lengths are not compared", "error not raised", "end - begin != nbytes", "end < begin"),
    Fault("shorter is allowed", "condition", "end - begin != nbytes", "end - begin > nbytes"),
    Fault("a rest is allowed", "condition", "here != size", "here > size"),
    Fault("cut off is allowed", "condition", "here != size", "here < size"),
)
SERIALIZATION.task(
    "9.5",
    "serialization.load",
    Fault("converted", "dtype", '.view("float32")', '.astype("float32")'),
    Fault("moved by 8", "factor", "<< 16", "<< 8"),
    Fault(
        "moved too early", "order", '(bits.astype("uint32") << 16)', '(bits << 16).astype("uint32")'
    ),
    Fault("from the beginning of the file", "off by one", "start + begin)", "begin)"),
    Fault("the shape is lost", "shape", "array.reshape(shape).astype", "array.astype"),
    Fault(
        "not copied", "aliasing", '.astype(kind.newbyteorder("="))', '.view(kind.newbyteorder("="))'
    ),
    Fault("BF16 stays bits", "missing branch", "from_bfloat16(array) if dtype", "array if dtype"),
)
SERIALIZATION.task(
    "9.6",
    "serialization.save",
    Fault(
        "the tensor itself", "wrong operand", "tensors[name] = value.data", "tensors[name] = value"
    ),
    Fault(
        "names twice",
        "aliasing",
        "name = _free_name(path, tensors)",
        'name = path or "tensor"',
    ),
    Fault(
        "tuples become lists", "shape", '"tuple" if isinstance(value, tuple) else "list"', '"list"'
    ),
    Fault("keys become texts", "dtype", "_plain(key, path), part]", "str(key), part]"),
    Fault("lists have no positions", "state", "_joined(path, i), tensors", "path, tensors"),
    Fault("anything passes", "error not raised", "return _plain(value, path)", "return value"),
)
SERIALIZATION.task(
    "9.7",
    "serialization.load",
    Fault("tuples become lists", "shape", 'tuple(parts) if kind == "tuple" else parts', "parts"),
    Fault("arrays become tensors", "dtype", 'if kind == "tensor" else tensors[inside]', ""),
    Fault("tensors stay arrays", "dtype", 'Tensor(tensors[inside]) if kind == "tensor" else ', ""),
    Fault(
        "what is inside stays packed",
        "missing branch",
        "{key: unpack(part, tensors) for",
        "{key: part for",
    ),
)  # fmt: skip
SERIALIZATION.task(
    "9.8",
    "serialization.save",
    Fault("straight into the file", "state", 'temporary.open("wb")', 'path.open("wb")'),
    Fault("not flushed", "missing branch", "file.flush()", "pass"),
    Fault("not on the disk", "missing branch", "os.fsync(file.fileno())", "pass"),
    Fault("the rest is left", "missing branch", "temporary.unlink(missing_ok=True)", "pass"),
    Fault("Ctrl-C leaves a rest", "condition", "except BaseException:", "except Exception:"),
    Fault("the error is kept", "error not raised", "True)\n        raise", "True)"),
    Fault("text and no bytes", "dtype", "file.write(data)", "file.write(data + b'\\n')"),
)
SERIALIZATION.task(
    "9.9",
    "serialization.Resumable",
    Fault("always resumed", "state", "False\n        set", "self.resumed\n        set"),
    Fault("a new order", "randomness", "set_rng_state(self.start)", "pass"),
    Fault("what is done comes again", "missing branch", "next(batches)", "pass"),
    Fault("the generator is left behind", "randomness", "set_rng_state(now)", "pass"),
    Fault("a new pass goes on, too", "condition", "if self.done:", "if self.done is not None:"),
    Fault(
        "counted afterwards",
        "order",
        "self.done += 1\n            yield batch",
        "yield batch\n            self.done += 1",
    ),
    Fault("one batch too many", "off by one", "range(self.done)", "range(self.done + 1)"),
    Fault("the count goes on", "state", "get_rng_state(), 0\n", "get_rng_state(), self.done\n"),
)
SERIALIZATION.task(
    "9.10",
    "serialization.resume",
    Fault(
        "the generator is not captured",
        "randomness",
        '"generator": get_rng_state()',
        '"generator": None',
    ),
    Fault("the generator stays", "randomness", 'set_rng_state(state["generator"])', "pass"),
    Fault("the copy is none", "aliasing", "copy.deepcopy(part.state_dict())", "part.state_dict()"),
    Fault("nothing is put back", "state", "part.load_state_dict(before[name])", "pass"),
    Fault("the error is kept", "error not raised", "        raise\n", "        pass\n"),
    Fault("the notes are lost", "forgotten return", 'return state["notes"]', "return None"),
    Fault("only the model", "missing branch", "for name, part in parts.items()}\n    return",
          'for name, part in parts.items() if name == "model"}\n    return'),
)  # fmt: skip

# More of them, thought of from the lesson alone, without its tests.

SERIALIZATION.task(
    "9.1",
    "serialization.layout",
    Fault(
        "places rounded up to 8",
        "factor",
        "end = begin + array.nbytes",
        "end = begin + -(-array.nbytes // 8) * 8",
    ),
)

SERIALIZATION.task(
    "9.2",
    "serialization.to_bytes",
    Fault(
        "padding counted in characters",
        "wrong operand",
        'text = json.dumps(header, separators=(",", ":")).encode()\n'
        '    text += b" " * (-len(text) % 8)',
        'text = json.dumps(header, separators=(",", ":"), ensure_ascii=False)\n'
        '    text = (text + " " * (-len(text) % 8)).encode()',
    ),
)

SERIALIZATION.task(
    "9.3",
    "serialization.read_header",
    Fault(
        "a file without data refused",
        "off by one",
        "if start > len(raw):",
        "if start >= len(raw):",
    ),
    Fault(
        "a list as a header",
        "error not raised",
        "    if not isinstance(header, dict):\n"
        '        raise SafetensorError("the header is no table of tensors")\n',
        "",
    ),
)

SERIALIZATION.task(
    "9.5",
    "serialization.load",
    Fault(
        "arrays that cannot be written to",
        "aliasing",
        'array = array.reshape(shape).astype(kind.newbyteorder("="))',
        "array = array.reshape(shape)",
    ),
)

SERIALIZATION.task(
    "9.8",
    "serialization.save",
    Fault(
        "the temporary file is left behind",
        "missing branch",
        "        temporary.unlink(missing_ok=True)\n        raise",
        "        raise",
    ),
    Fault(
        "the content copied into the old file",
        "state",
        "        temporary.replace(path)",
        "        path.write_bytes(temporary.read_bytes())\n        temporary.unlink()",
    ),
    Fault(
        "synced before it is flushed",
        "missing branch",
        "            file.flush()\n",
        "",
    ),
)

SERIALIZATION.task(
    "9.9",
    "serialization.Resumable",
    Fault(
        "the generator left where the order was drawn",
        "randomness",
        "        if self.done:\n            set_rng_state(now)\n",
        "",
    ),
    Fault(
        "every later pass is a resumed one",
        "state",
        "now, self.resumed = get_rng_state(), False",
        "now = get_rng_state()",
    ),
)

SERIALIZATION.task(
    "9.10",
    "serialization.resume",
    Fault(
        "the generator forgotten",
        "state",
        '        set_rng_state(state["generator"])\n',
        "",
    ),
)

SERIALIZATION.task(
    "9.2",
    "serialization.to_bytes",
    Fault(
        "the notes stand after the tensors",
        "order",
        "    header |= layout(arrays)\n",
        "    header = layout(arrays) | header\n",
    ),
)

SERIALIZATION.task(
    "9.5",
    "serialization.load",
    Fault(
        "bfloat16 without its shape",
        "shape",
        'arrays[name] = from_bfloat16(array) if dtype == "BF16" else array',
        'arrays[name] = from_bfloat16(array.ravel()) if dtype == "BF16" else array',
    ),
)

SERIALIZATION.task(
    "9.6",
    "serialization.save",
    Fault(
        "an OrderedDict is no dict",
        "condition",
        "    if isinstance(value, dict):\n        parts",
        "    if type(value) is dict:\n        parts",
    ),
)

SERIALIZATION.task(
    "9.7",
    "serialization.load",
    Fault(
        "0, False and an empty text become None",
        "condition",
        "    if not isinstance(packed, dict):\n        return packed\n",
        "    if not isinstance(packed, dict):\n        return packed or None\n",
    ),
)

SERIALIZATION.task(
    "9.8",
    "serialization.save",
    Fault(
        "the old file is removed first",
        "order",
        "        temporary.replace(path)\n",
        "        path.unlink(missing_ok=True)\n        temporary.rename(path)\n",
    ),
)

SERIALIZATION.task(
    "9.9",
    "serialization.Resumable",
    Fault(
        "a resumed pass counts from 0",
        "state",
        "        if self.done:\n            set_rng_state(now)\n",
        "        if self.done:\n            set_rng_state(now)\n            self.done = 0\n",
    ),
)

SERIALIZATION.task(
    "9.10",
    "serialization.capture",
    Fault(
        "no notes are None",
        "condition",
        'get_rng_state(), "notes": notes}',
        'get_rng_state(), "notes": notes or None}',
    ),
)

SERIALIZATION.task(
    "9.10",
    "serialization.resume",
    Fault(
        "the generator comes first",
        "order",
        "        for name, part in parts.items():\n"
        '            part.load_state_dict(state["parts"][name])\n'
        '        set_rng_state(state["generator"])\n',
        '        set_rng_state(state["generator"])\n'
        "        for name, part in parts.items():\n"
        '            part.load_state_dict(state["parts"][name])\n',
    ),
    Fault(
        "Ctrl-C leaves half a checkpoint",
        "condition",
        "    except BaseException:\n        for name, part",
        "    except Exception:\n        for name, part",
    ),
)

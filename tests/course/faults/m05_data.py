"""Wrong answers of module 05: datasets, samplers, the loader, transforms, files."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

DATA = Catalogue("05_data")

DATA.task(
    "5.1",
    "utils.data.TensorDataset",
    Fault("the number of tensors", "wrong operand", "len(self.tensors[0])", "len(self.tensors)"),
    Fault("all numbers counted", "shape", "len(self.tensors[0])", "self.tensors[0].numel()"),
    Fault(
        "an example is a list",
        "shape",
        "tuple(part[index] for part in self.tensors)",
        "[part[index] for part in self.tensors]",
    ),
    Fault("one row too far", "off by one", "part[index]", "part[index + 1]"),
    Fault(
        "only the first tensor",
        "missing branch",
        "[part[positions] for part in self.tensors]",
        "[self.tensors[0][positions]]",
    ),
    Fault(
        "a batch row by row",
        "shape",
        "part[positions] for part in self.tensors",
        "[part[i] for i in positions] for part in self.tensors",
    ),
    Fault(
        "a batch in the order of the rows", "order", "part[positions]", "part[sorted(positions)]"
    ),
    Fault(
        "a batch is a tuple",
        "shape",
        "[part[positions] for part in self.tensors]",
        "tuple(part[positions] for part in self.tensors)",
    ),
    Fault(
        "the length is not returned",
        "forgotten return",
        "return len(self.tensors[0])",
        "len(self.tensors[0])",
    ),
)
DATA.task(
    "5.2",
    "utils.data.random_split",
    Fault(
        "rounded to the nearest",
        "condition",
        "math.floor(count * fraction)",
        "round(count * fraction)",
    ),
    Fault("the rest is lost", "missing branch", "lengths[extra % len(lengths)] += 1", "pass"),
    Fault(
        "the rest for the first part",
        "condition",
        "lengths[extra % len(lengths)] += 1",
        "lengths[0] += 1",
    ),
    Fault(
        "the rest for the last part",
        "order",
        "lengths[extra % len(lengths)] += 1",
        "lengths[-1 - extra % len(lengths)] += 1",
    ),
    Fault(
        "not shuffled",
        "randomness",
        "generator.permutation(len(dataset)).tolist()",
        "list(range(len(dataset)))",
    ),
    Fault(
        "always the same deal",
        "randomness",
        "generator.permutation(",
        "np.random.default_rng(0).permutation(",
    ),
    Fault(
        "the default generator in any case",
        "randomness",
        "generator.permutation(",
        "default_generator.permutation(",
    ),
    Fault(
        "the parts overlap",
        "off by one",
        "start : start + length]",
        "max(start - 1, 0) : start + length]",
    ),
    Fault("every part from the beginning", "state", "        start += length\n", ""),
    Fault(
        "draws with repetition",
        "randomness",
        "generator.permutation(len(dataset)).tolist()",
        "generator.integers(len(dataset), size=len(dataset)).tolist()",
    ),
    Fault("the parts are not returned", "forgotten return", "    return parts", ""),
)
DATA.task(
    "5.3",
    "utils.data.ConcatDataset",
    Fault("nothing taken off", "missing branch", "index - before", "index"),
    Fault(
        "the sum of its own dataset taken off",
        "off by one",
        "self.cumulative_sizes[part - 1] if part else 0",
        "self.cumulative_sizes[part]",
    ),
    Fault(
        "the last sum before the first dataset",
        "condition",
        "self.cumulative_sizes[part - 1] if part else 0",
        "self.cumulative_sizes[part - 1]",
    ),
    Fault(
        "a sum that is as large",
        "condition",
        "bisect_right(self.cumulative_sizes, index)",
        "next(i for i, s in enumerate(self.cumulative_sizes) if s >= index)",
    ),
    Fault("always the first dataset", "missing branch", "self.datasets[part]", "self.datasets[0]"),
    Fault(
        "nothing is returned",
        "forgotten return",
        "return self.datasets[part][index - before]",
        "self.datasets[part][index - before]",
    ),
)
DATA.task(
    "5.4",
    "utils.data.RandomSampler",
    Fault(
        "NumPy's ints", "dtype", "permutation(count)[:left].tolist()", "permutation(count)[:left]"
    ),
    Fault(
        "the last position never drawn",
        "off by one",
        "generator.integers(count, size=min(left, 4096))",
        "generator.integers(count - 1, size=min(left, 4096))",
    ),
    Fault("replacement ignored", "missing branch", "if self.replacement:", "if False:"),
    Fault("always with replacement", "condition", "if self.replacement:", "if True:"),
    Fault("one permutation at most", "missing branch", "left -= len(order)", "left = 0"),
    Fault(
        "whole permutations only", "off by one", "permutation(count)[:left]", "permutation(count)"
    ),
    Fault(
        "in order",
        "randomness",
        "generator.permutation(count)[:left].tolist()",
        "list(range(count))[:left]",
    ),
    Fault(
        "a generator of its own",
        "randomness",
        "generator.permutation(count)",
        "np.random.default_rng().permutation(count)",
    ),
    Fault(
        "the same order in each pass",
        "state",
        "generator.permutation(count)",
        "np.random.default_rng(0).permutation(count)",
    ),
)
DATA.task(
    "5.5",
    "utils.data.WeightedRandomSampler",
    Fault(
        "weights ignored",
        "missing branch",
        "np.cumsum(weights)",
        "np.cumsum(np.ones(len(weights)))",
    ),
    Fault(
        "darts from 0 to 1",
        "factor",
        "generator.random(count) * ends[-1]",
        "generator.random(count)",
    ),
    Fault("an edge belongs to the piece before it", "condition", 'side="right"', 'side="left"'),
    Fault(
        "the longest wait first", "order", "np.argsort(times)[:count]", "np.argsort(-times)[:count]"
    ),
    Fault(
        "times multiplied", "factor", "size=len(weights)) / weights", "size=len(weights)) * weights"
    ),
    Fault("all of them drawn", "missing branch", "np.argsort(times)[:count]", "np.argsort(times)"),
    Fault(
        "even waiting times",
        "wrong operand",
        "generator.exponential(size=len(weights))",
        "generator.random(len(weights))",
    ),
    Fault("always with replacement", "condition", "if self.replacement:", "if True:"),
)
DATA.task(
    "5.6",
    "utils.data.BatchSampler",
    Fault("the rest is lost", "missing branch", "if batch and not self.drop_last:", "if False:"),
    Fault(
        "an empty batch at the end",
        "condition",
        "if batch and not self.drop_last:",
        "if not self.drop_last:",
    ),
    Fault("drop_last ignored", "condition", "if batch and not self.drop_last:", "if batch:"),
    Fault(
        "the handed-out list emptied",
        "aliasing",
        "                batch = []",
        "                batch.clear()",
    ),
    Fault("never emptied", "state", "                batch = []", "                batch = batch"),
    Fault(
        "one too many",
        "off by one",
        "len(batch) == self.batch_size",
        "len(batch) > self.batch_size",
    ),
    Fault("the length rounded down", "off by one", "(count + size - 1) // size", "count // size"),
    Fault(
        "the length has one too many",
        "off by one",
        "(count + size - 1) // size",
        "count // size + 1",
    ),
    Fault("all positions taken first", "order", "in self.sampler:", "in list(self.sampler):"),
)
DATA.task(
    "5.7",
    "utils.data.default_collate",
    Fault("not turned inside out", "transpose", "zip(*batch)", "batch"),
    Fault(
        "parts are not collated",
        "missing branch",
        "[default_collate(list(part)) for part in zip(*batch)]",
        "[list(part) for part in zip(*batch)]",
    ),
    Fault(
        "values of a dict are not collated",
        "missing branch",
        "default_collate([example[key] for example in batch])",
        "[example[key] for example in batch]",
    ),
    Fault(
        "dictionaries by place",
        "wrong operand",
        "[example[key] for example in batch]",
        "[list(example.values())[list(first).index(key)] for example in batch]",
    ),
    Fault(
        "the first example only",
        "wrong operand",
        "[example[key] for example in batch]",
        "[first[key]]",
    ),
    Fault(
        "the dict is not returned",
        "forgotten return",
        "return {key: default_collate",
        "{key: default_collate",
    ),
)
DATA.task(
    "5.8",
    "utils.data.DataLoader",
    Fault(
        "never the short way", "condition", "if collate_fn is default_collate and", "if False and"
    ),
    Fault(
        "the short way for any collate_fn", "condition", "collate_fn is default_collate and ", ""
    ),
    Fault(
        "the short way wherever there is one",
        "condition",
        "_reads_batches(dataset)",
        'hasattr(dataset, "batch")',
    ),
    Fault(
        "not collated",
        "missing branch",
        "collate_fn([dataset[position] for position in positions])",
        "[dataset[position] for position in positions]",
    ),
    Fault(
        "always default_collate", "wrong operand", "return collate_fn([", "return default_collate(["
    ),
    Fault(
        "positions sorted",
        "order",
        "for position in positions",
        "for position in sorted(positions)",
    ),
    Fault("the batch is not returned", "forgotten return", "return collate_fn([", "collate_fn(["),
)
DATA.task(
    "5.9",
    "utils.data.DataLoader",
    Fault(
        "the newest first",
        "order",
        "yield _result(waiting.popleft(), timeout)\n            waiting",
        "yield _result(waiting.pop(), timeout)\n            waiting",
    ),
    Fault("the queue is not emptied", "missing branch", "while waiting:", "while False:"),
    Fault(
        "one job after the other",
        "missing branch",
        "for job in islice(jobs, ahead):",
        "for job in islice(jobs, 0):",
    ),
    Fault("everything at once", "missing branch", "islice(jobs, ahead)", "jobs"),
    Fault(
        "the rest backwards",
        "order",
        "while waiting:\n            yield _result(waiting.popleft(), timeout)",
        "while waiting:\n            yield _result(waiting.pop(), timeout)",
    ),
    Fault(
        "a result is lost",
        "off by one",
        "yield _result(waiting.popleft(), timeout)\n            waiting",
        "_result(waiting.popleft(), timeout)\n            waiting",
    ),
    Fault(
        "one more at a time than said",
        "off by one",
        "islice(jobs, ahead)",
        "islice(jobs, 2 * ahead)",
    ),
    Fault(
        "futures instead of results",
        "wrong operand",
        "while waiting:\n            yield _result(waiting.popleft(), timeout)",
        "while waiting:\n            yield waiting.popleft()",
    ),
)
DATA.task(
    "5.10",
    "vision.transforms.ToTensor",
    Fault(
        "channels by reshape",
        "transpose",
        "image.transpose(2, 0, 1)",
        "image.reshape(image.shape[2], *image.shape[:2])",
    ),
    Fault(
        "width before height", "transpose", "image.transpose(2, 0, 1)", "image.transpose(2, 1, 0)"
    ),
    Fault("not divided", "factor", 'image.astype("float32") / 255', 'image.astype("float32")'),
    Fault("divided by 256", "factor", "/ 255", "/ 256"),
    Fault("everything is divided", "condition", "if image.dtype == np.uint8:", "if True:"),
    Fault("float64", "dtype", 'image.astype("float32") / 255', "image / 255"),
    Fault("the std forgotten", "missing branch", " / self.std.view(-1, 1, 1)", ""),
    Fault(
        "mean by column", "axis", "self.mean.view(-1, 1, 1)", "self.mean.view(1, 1, -1)[..., :1]"
    ),
    Fault("mean added", "sign", "(image - self.mean", "(image + self.mean"),
    Fault("multiplied by the std", "factor", ") / self.std", ") * self.std"),
)
DATA.task(
    "5.11",
    "vision.transforms.RandomCrop",
    Fault("the last place never", "off by one", "height - h + 1", "max(height - h, 1)"),
    Fault(
        "only the middle",
        "randomness",
        "int(generator.integers(height - h + 1))",
        "(height - h) // 2",
    ),
    Fault(
        "one draw for both",
        "wrong operand",
        "int(generator.integers(width - w + 1))",
        "min(top, width - w)",
    ),
    Fault(
        "height and width exchanged",
        "axis",
        "_crop(image, top, left, h, w)",
        "_crop(image, top, left, w, h)",
    ),
    Fault(
        "top and left exchanged",
        "order",
        "_crop(image, top, left, h, w)",
        "_crop(image, left, top, h, w)",
    ),
    Fault(
        "the default generator",
        "randomness",
        "generator = batch_generator()",
        "from tinytorch.random import default_generator as generator",
    ),
    Fault("nothing is returned", "forgotten return", "return _crop(", "_crop("),
)
DATA.task(
    "5.12",
    "vision.datasets.MNIST",
    Fault("the processor's byte order for sizes", "dtype", '">u4"', '"<u4"'),
    Fault(
        "the data in the file's byte order", "dtype", '.astype(dtype.newbyteorder("="))', ".copy()"
    ),
    Fault(
        "the data read as bytes",
        "dtype",
        "np.frombuffer(raw, dtype, offset=start)",
        "np.frombuffer(raw, '>u1', math.prod(shape), start)",
    ),
    Fault(
        "read-only",
        "aliasing",
        '.astype(dtype.newbyteorder("="))',
        '.astype(dtype.newbyteorder("="), copy=False)',
    ),
    Fault(
        "a file that was cut off is taken",
        "error not raised",
        "if len(raw) - start != size:",
        "if False:",
        equivalent="reshape refuses another length with a ValueError too",
    ),
    Fault(
        "too much data is taken",
        "error not raised",
        "len(raw) - start != size",
        "len(raw) - start < size",
        equivalent="reshape refuses another length with a ValueError too",
    ),
    Fault("any type is taken", "error not raised", " or raw[2] not in IDX_TYPES", ""),
    Fault("any beginning is taken", "error not raised", ' or raw[:2] != b"\\0\\0"', ""),
    Fault(
        "the header's sizes from the wrong place",
        "off by one",
        "raw[3], 4).tolist()",
        "raw[3], 0).tolist()",
    ),
    Fault(
        "the itemsize forgotten", "factor", "math.prod(shape) * dtype.itemsize", "math.prod(shape)"
    ),
    Fault("the array is not returned", "forgotten return", "return data.reshape", "data.reshape"),
)

# More of them, thought of from the lesson alone, without its tests.

DATA.task(
    "5.2",
    "utils.data.random_split",
    Fault(
        "the start is the last length only",
        "state",
        "start += length",
        "start = length",
    ),
)

DATA.task(
    "5.3",
    "utils.data.ConcatDataset",
    Fault(
        "the first of the next dataset sought in the one before",
        "off by one",
        "part = bisect_right(",
        "part = __import__('bisect').bisect_left(",
    ),
)

DATA.task(
    "5.7",
    "utils.data.default_collate",
    Fault(
        "keys sorted",
        "order",
        "for key in first}",
        "for key in sorted(first)}",
    ),
)

DATA.task(
    "5.12",
    "vision.datasets.MNIST",
    Fault(
        "big-endian numbers stay as they are",
        "dtype",
        'data.reshape(shape).astype(dtype.newbyteorder("="))',
        "data.reshape(shape)",
    ),
)

DATA.task(
    "5.1",
    "utils.data.TensorDataset",
    Fault(
        "positions in a row are a view of the data",
        "aliasing",
        "return [part[positions] for part in self.tensors]",
        "if positions and positions == list(range(positions[0], positions[0] + len(positions))):\n"
        "            return [part[positions[0] : positions[-1] + 1] for part in self.tensors]\n"
        "        return [part[positions] for part in self.tensors]",
    ),
)

DATA.task(
    "5.2",
    "utils.data.random_split",
    Fault(
        "what is left goes to the largest remainder",
        "condition",
        "    for extra in range(count - sum(lengths)):\n"
        "        lengths[extra % len(lengths)] += 1\n",
        "    rest = [count * fraction - length for fraction, length in zip(fractions, lengths)]\n"
        "    order = sorted(range(len(lengths)), key=lambda i: -rest[i])\n"
        "    for extra in range(count - sum(lengths)):\n"
        "        lengths[order[extra % len(lengths)]] += 1\n",
    ),
    Fault(
        "the positions of a part are sorted",
        "order",
        "parts.append(Subset(dataset, order[start : start + length]))",
        "parts.append(Subset(dataset, sorted(order[start : start + length])))",
    ),
)

DATA.task(
    "5.5",
    "utils.data.WeightedRandomSampler",
    Fault(
        "the running sum in float32",
        "dtype",
        "ends = np.cumsum(weights)",
        'ends = np.cumsum(weights.astype("float32"))',
    ),
    Fault(
        "the default generator without replacement",
        "randomness",
        "times = generator.exponential(",
        "times = default_generator.exponential(",
    ),
)

DATA.task(
    "5.6",
    "utils.data.BatchSampler",
    Fault(
        "the sampler is asked for its length",
        "condition",
        "if batch and not self.drop_last:\n            yield batch",
        "if len(self.sampler) % self.batch_size and not self.drop_last:\n            yield batch",
    ),
)

DATA.task(
    "5.11",
    "vision.transforms.RandomCrop",
    Fault(
        "left is drawn before top",
        "order",
        "        top = int(generator.integers(height - h + 1))\n"
        "        left = int(generator.integers(width - w + 1))\n",
        "        left = int(generator.integers(width - w + 1))\n"
        "        top = int(generator.integers(height - h + 1))\n",
    ),
    Fault(
        "drawn from the generator of all threads",
        "randomness",
        "        generator = batch_generator()\n        top",
        "        from tinytorch.random import default_generator as generator\n\n        top",
    ),
)

DATA.task(
    "5.9",
    "utils.data.DataLoader",
    Fault(
        "no timeout for the last results",
        "missing branch",
        "        while waiting:\n            yield _result(waiting.popleft(), timeout)",
        "        while waiting:\n            yield waiting.popleft().result()",
    ),
)

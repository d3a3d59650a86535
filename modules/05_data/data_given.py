# %% [markdown]
# # Given in module 05: Data
#
# What the lesson `data.py` uses and nobody need write: what a dataset is, where a thread of a
# loader stands, arguments that do not fit, small transforms, and downloads. It is exported before
# the lesson's own cells, into the same files. Do not edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## What a dataset is

# %%
#| export utils.data
import threading
from collections import namedtuple

import numpy as np

from tinytorch.random import default_generator
from tinytorch.tensor import DRAWN_FROM, Tensor, stack


class Dataset:
    """Examples by position. A subclass writes `__getitem__(index)` and `__len__()`."""

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__(index)")

    def __add__(self, other):
        """Both, one after the other."""
        return _concat(self, other)


class IterableDataset(Dataset):
    """Examples one after the other, as they come. A subclass writes `__iter__()`."""

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} has no __iter__()")


def _concat(*datasets):
    if __name__ != "tinytorch.utils.data":  # beside the lesson: the class is not in this file
        from tinytorch.utils.data import ConcatDataset as concat
    else:
        concat = globals()["ConcatDataset"]
    return concat(datasets)


def _check_same_length(tensors):
    if not tensors:
        raise ValueError("TensorDataset takes one tensor or more, each with a row per example")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"TensorDataset holds tensors, not {type(tensor).__name__}")
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if () in shapes or len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"TensorDataset: size mismatch between tensors: {shapes}")


def _checked_position(index, length, name):
    """`index` counted from the front: a negative one counts from the end."""
    if not -length <= index < length:
        raise IndexError(f"{name}: position {index} is outside: there are {length} examples")
    return index + length if index < 0 else index


def _check_lengths(lengths, count):
    if any(length < 0 for length in lengths):
        raise ValueError(f"random_split: no part can have a negative length: {lengths}")
    if sum(lengths) != count:
        raise ValueError(
            f"random_split: the lengths {lengths} have the sum {sum(lengths)}, "
            f"the dataset has {count} examples"
        )


def _check_datasets(datasets):
    if not datasets:
        raise ValueError("ConcatDataset takes one dataset or more, in a list")
    for dataset in datasets:
        if isinstance(dataset, IterableDataset):
            raise TypeError("ConcatDataset needs positions, which an IterableDataset has not")


def _check_count(name, count, least=1):
    """A whole number, `least` or more; True is none."""
    whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
    if not whole or count < least:
        raise ValueError(f"{name} should be a whole number, {least} or more, not {count!r}")


def _checked_weights(weights, num_samples, replacement):
    weights = np.array(weights.data if isinstance(weights, Tensor) else list(weights), "float64")
    if weights.ndim != 1:
        raise ValueError(f"weights should be 1-dimensional, not of shape {weights.shape}")
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.sum() > 0:
        raise ValueError("weights should be finite, none negative, and not all 0")
    drawable = int((weights > 0).sum())
    if not replacement and num_samples > drawable:
        raise ValueError(
            f"cannot draw {num_samples} examples without replacement: {drawable} have a weight > 0"
        )
    return weights


# %% [markdown]
# ## Batches of examples


# %%
#| export utils.data
def _stacked(parts):
    """Arrays or tensors of one shape as one tensor, with a new first dimension."""
    shapes = sorted({tuple(np.shape(part)) for part in parts})
    if len(shapes) > 1:
        raise RuntimeError(
            f"default_collate: the examples of a batch must have one shape; here are {shapes}. "
            "Pad them, crop them, or write a collate_fn"
        )
    return stack([part if isinstance(part, Tensor) else Tensor(part) for part in parts])


def _check_alike(batch):
    """Lists must be equally long, and dictionaries have the same keys, to be collated."""
    if isinstance(batch[0], dict):
        for example in batch:
            if set(example) != set(batch[0]):
                keys = f"{sorted(map(str, batch[0]))} and {sorted(map(str, example))}"
                raise KeyError(f"default_collate: the examples have different keys: {keys}")
    elif len(lengths := {len(example) for example in batch}) > 1:
        raise RuntimeError(
            "default_collate: each element in list of batch should be of equal size, "
            f"here are {sorted(lengths)}"
        )


def _not_collatable(example):
    hint = ""
    if example is None:
        hint = ". Is a `return` missing in the dataset's __getitem__, or in a transform?"
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, strings, dicts or "
        f"lists; found {type(example).__name__}{hint}"
    )


def default_convert(data):
    """One example without a batch: arrays become tensors, everything else stays."""
    if isinstance(data, (np.ndarray, np.generic)):
        return Tensor(data)
    if isinstance(data, dict):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else parts
    return [default_convert(part) for part in data] if isinstance(data, list) else data


def _reads_batches(dataset):
    """Whether `dataset.batch(positions)` gives what its `__getitem__` would, stacked.

    A subclass that has its own `__getitem__` and none of its own `batch` says something else.
    """
    for kind in type(dataset).__mro__:
        if "batch" in vars(kind):
            inner = getattr(dataset, "dataset", None)
            return inner is None or _reads_batches(inner)
        if "__getitem__" in vars(kind):
            break
    return False


# %% [markdown]
# ## Where a thread of a loader stands
#
# Threads that crop images at random must not share a generator: who draws first would be chance. So
# each batch has one of its own, which depends on the seed of the pass and the number of the batch.
# It is made when something draws, and `tinytorch.rand` and its like draw from it too. The examples
# of an iterable dataset have one together, since they come one after the other.

# %%
#| export utils.data
_here = threading.local()

WorkerInfo = namedtuple("WorkerInfo", "id num_workers seed dataset")


def get_worker_info():
    """In a worker of a DataLoader: its id, num_workers, seed and dataset. Elsewhere None."""
    return getattr(_here, "info", None)


def batch_generator():
    """The generator a random transform should draw from.

    Returns:
        np.random.Generator: while a DataLoader reads a batch, one that belongs to that batch, the
        same for any number of workers; elsewhere `tinytorch.random.default_generator`.
    """
    key = getattr(_here, "key", None)
    if key is None:
        return default_generator
    if _here.generator is None:
        _here.generator = np.random.default_rng(key)
    return _here.generator


DRAWN_FROM[0] = batch_generator


class _Drawing:
    """A `with` block in which `batch_generator()` gives the generator that belongs to `key`."""

    def __init__(self, *key):
        self.place = key, None

    def __enter__(self):
        self.before = getattr(_here, "key", None), getattr(_here, "generator", None)
        _here.key, _here.generator = self.place

    def __exit__(self, *error):
        self.place = self.place[0], _here.generator
        _here.key, _here.generator = self.before


def _draw_seed(generator):
    return int((default_generator if generator is None else generator).integers(2**63))


class _Worker:
    """What reads the batches of one pass over a loader, in the main thread or in many.

    It is called with (number of the batch, positions). Of an iterable dataset it is called with
    (number, examples): only one thread at a time can ask an iterator for what comes next.
    """

    def __init__(self, loader, read):
        self.loader, self.read = loader, read
        self.base_seed = _draw_seed(loader.generator)
        self.started, self.lock = 0, threading.Lock()

    def __call__(self, job):
        number, positions = job
        if self.loader.num_workers and getattr(_here, "worker", None) is not self:
            self._start()
        with _Drawing(self.base_seed, number):
            try:
                return self.read(self.loader.dataset, positions, self.loader.collate_fn)
            except IndexError as error:
                _explain_lie(self.loader.dataset, positions, error)
                raise

    def numbered(self, jobs):
        """Pairs (number, job)."""
        return _as_one_draws(jobs, self.base_seed) if self.read is _read_stream else enumerate(jobs)

    def _start(self):
        with self.lock:
            number, self.started = self.started, self.started + 1
        _here.worker, loader = self, self.loader
        seed = self.base_seed + number
        _here.info = WorkerInfo(number, loader.num_workers, seed, loader.dataset)
        if loader.worker_init_fn is not None:
            loader.worker_init_fn(number)


def _as_one_draws(examples, seed):
    """Pairs (number, example); an iterable dataset makes them with one generator of their own."""
    drawing, numbered = _Drawing(seed), enumerate(examples)
    while True:
        with drawing:
            pair = next(numbered, None)
        if pair is None:
            return
        yield pair


def _explain_lie(dataset, positions, error):
    """A position that the dataset's own length allows, and its `__getitem__` does not."""
    length = len(dataset) if hasattr(dataset, "__len__") else 0
    positions = positions if isinstance(positions, (list, tuple)) else [positions]
    numbers = [p for p in positions if isinstance(p, (int, np.integer))]
    if numbers and all(0 <= p < length for p in numbers):
        raise IndexError(
            f"{type(dataset).__name__} says that it has {length} examples, but reading positions "
            f"{numbers} ended in IndexError: {error}"
        ) from error
    if outside := [p for p in numbers if not -length <= p < length]:
        raise IndexError(
            f"the sampler gave position {outside[0]}, but {type(dataset).__name__} has "
            f"{length} examples"
        ) from error


def _grouped(examples, batch_size, drop_last):
    """The examples of an iterable dataset in lists of `batch_size`, the rest at the end."""
    group = []
    for example in examples:
        group.append(example)
        if len(group) == batch_size:
            yield group
            group = []
    if group and not drop_last:
        yield group


def _read_stream(dataset, examples, collate_fn):
    return collate_fn(examples)


# %% [markdown]
# ## Arguments of a loader that do not fit together


# %%
#| export utils.data
def _check_numbers(num_workers, timeout, prefetch_factor, persistent_workers):
    _check_count("DataLoader: num_workers", num_workers, least=0)
    if not timeout >= 0:
        raise ValueError(f"DataLoader: timeout should not be negative: {timeout}")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError("DataLoader: prefetch_factor needs num_workers > 0")
    if prefetch_factor is not None:
        _check_count("DataLoader: prefetch_factor", prefetch_factor)
    if num_workers == 0 and persistent_workers:
        raise ValueError("DataLoader: persistent_workers needs num_workers > 0")


def _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last):
    if isinstance(dataset, IterableDataset):
        given = shuffle or sampler is not None or batch_sampler is not None
        if given:
            raise ValueError(
                "DataLoader: an IterableDataset decides its own order: no shuffle, no sampler"
            )
    elif not hasattr(dataset, "__getitem__"):
        raise TypeError(
            f"DataLoader: {type(dataset).__name__} is no dataset: it has no __getitem__. "
            "Is it an IterableDataset?"
        )
    elif sampler is None and batch_sampler is None and not hasattr(dataset, "__len__"):
        raise TypeError(f"DataLoader: {type(dataset).__name__} has no __len__")
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler or drop_last):
        raise ValueError(
            "DataLoader: batch_sampler option is mutually exclusive with batch_size, shuffle, "
            "sampler, and drop_last"
        )
    if batch_size is None and drop_last:
        raise ValueError("DataLoader: without batches (batch_size=None) there is no last one")
    if batch_size is not None:
        _check_count("DataLoader: batch_size", batch_size)


# %% [markdown]
# ## Images
#
# An image is an array, (height, width) or (height, width, channels), as files have it; or a tensor,
# (channels, height, width), as networks want it.

# %%
#| export vision.transforms
import numpy as np

from tinytorch.tensor import Tensor

if __name__ == "tinytorch.vision.transforms":  # beside the lesson the name is there already
    from tinytorch.utils.data import batch_generator


def _axes(image):
    """Which axes of an image are its height and its width."""
    if not isinstance(image, (Tensor, np.ndarray)):
        raise TypeError(f"an image is an array or a tensor, not {type(image).__name__}")
    if image.ndim < 2:
        raise ValueError(f"an image has a height and a width; this has shape {tuple(image.shape)}")
    return (image.ndim - 2, image.ndim - 1) if isinstance(image, Tensor) else (0, 1)


def _height_width(image):
    rows, columns = _axes(image)
    return image.shape[rows], image.shape[columns]


def _pair(size):
    return (size, size) if isinstance(size, (int, np.integer)) else tuple(size)


def _crop(image, top, left, height, width):
    """The part of an image that begins at (top, left)."""
    index = [slice(None)] * image.ndim
    rows, columns = _axes(image)
    index[rows], index[columns] = slice(top, top + height), slice(left, left + width)
    return image[tuple(index)]


def _take(image, index, axis):
    """Chosen rows or columns of an image."""
    array = np.take(image.data if isinstance(image, Tensor) else image, index, axis)
    return Tensor(array) if isinstance(image, Tensor) else array


class Compose:
    """Transforms one after the other."""

    def __init__(self, transforms):
        self.transforms = list(transforms)

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


class Lambda:
    """A function of yours as a transform."""

    def __init__(self, lambd):
        self.lambd = lambd

    def __call__(self, image):
        return self.lambd(image)


class Pad:
    """`padding` pixels of value `fill` around the image.

    Args:
        padding: one number for all sides, (left and right, top and bottom), or
            (left, top, right, bottom).
        fill: the value.
    """

    def __init__(self, padding, fill=0):
        sides = _pair(padding)
        self.left, self.top, self.right, self.bottom = sides if len(sides) == 4 else sides * 2
        self.fill = fill

    def __call__(self, image):
        widths = [(0, 0)] * image.ndim
        rows, columns = _axes(image)
        widths[rows], widths[columns] = (self.top, self.bottom), (self.left, self.right)
        array = image.data if isinstance(image, Tensor) else image
        padded = np.pad(array, widths, constant_values=self.fill)
        return Tensor(padded) if isinstance(image, Tensor) else padded


class Resize:
    """The image in another size, each new pixel the nearest old one.

    Args:
        size: (height, width), or the length of the shorter side; the other one follows.
    """

    def __init__(self, size):
        self.size = size

    def __call__(self, image):
        old = _height_width(image)
        size = self.size
        if isinstance(size, (int, np.integer)):
            size = [max(1, size * side // min(old)) for side in old]
        for axis, before, after in zip(_axes(image), old, size):
            image = _take(image, np.arange(after) * before // after, axis)
        return image


class CenterCrop:
    """The middle of the image: `size` is (height, width), or one number for both."""

    def __init__(self, size):
        self.size = _pair(size)

    def __call__(self, image):
        (height, width), (h, w) = _height_width(image), self.size
        if h > height or w > width:
            raise ValueError(f"CenterCrop: {(h, w)} is larger than the image, {(height, width)}")
        return _crop(image, (height - h) // 2, (width - w) // 2, h, w)


class RandomHorizontalFlip:
    """Left and right exchanged, with probability `p`."""

    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, image):
        columns = _axes(image)[1]
        if batch_generator().random() >= self.p:
            return image
        return _take(image, np.arange(image.shape[columns])[::-1], columns)


# %% [markdown]
# ## Datasets of images, and where their files come from

# %%
#| export vision.datasets
import gzip
import io
import math
from pathlib import Path

import numpy as np

from tinytorch.tensor import Tensor

if __name__ == "tinytorch.vision.datasets":  # beside the lesson the name is there already
    from tinytorch.utils.data import Dataset

_ATTEMPTS = 3  # at each mirror; each goes on where the one before broke off
_SECONDS = 30.0  # without a byte


class _Images(Dataset):
    """Images with labels: `data` (N, H, W) and `targets` (N,), two tensors."""

    def __init__(self, images, labels, transform=None, target_transform=None):
        self.data, self.targets = Tensor(images), Tensor(np.asarray(labels, "int64"))
        self._images, self._labels = images, [int(label) for label in labels]
        self.transform, self.target_transform = transform, target_transform

    train_data = test_data = property(lambda self: self.data)  # older names
    train_labels = test_labels = property(lambda self: self.targets)

    def __len__(self):
        return len(self._labels)

    def __getitem__(self, index):
        image, target = self._images[index], self._labels[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


class Digits(_Images):
    """The 1,797 handwritten digits of 8 × 8 pixels that come with the course (UCI, 1998).

    Args:
        root: not needed; it is there because the other datasets have it.
        train: True for the first 1,500, False for the other 297.
        transform, target_transform: called with each image and each label.
        download: nothing to download.

    An image is a float32 array (8, 8) from 0 to 1, a label an int from 0 to 9.
    """

    classes = tuple("0123456789")

    def __init__(
        self, root=None, train=True, transform=None, target_transform=None, download=False
    ):
        with np.load(_digits_file(), allow_pickle=False) as stored:
            images, labels = stored["images"].astype("float32") / 16, stored["labels"]
        part = slice(None, 1500) if train else slice(1500, None)
        super().__init__(images[part], labels[part], transform, target_transform)


def _digits_file():
    """The milestones' copy, in the workspace that this file belongs to."""
    for folder in Path(__file__).resolve().parents:
        path = folder / "tests" / "milestones" / "data" / "digits.npz"
        if path.is_file():
            return path
    raise FileNotFoundError(
        "tests/milestones/data/digits.npz is missing in this workspace: tito doctor --fix"
    )


def _unpacked(path):
    """The bytes of a file, or of the file that is packed in a `.gz`."""
    raw = Path(path).read_bytes()
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError) as error:
        raise ValueError(f"{path} is damaged: {error}. Delete it and download it again") from None


def _find(folder, name):
    """The file in `folder`, packed or not; None if there is neither."""
    for path in (folder / name.removesuffix(".gz"), folder / name):
        if path.is_file():
            return path
    return None


def _pooch():
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "download=True needs pooch: pip install 'tinytorch-course[data]'"
        ) from error
    return pooch


def _download(folder, name, md5, mirrors):
    """Fetch `name` into `folder` from the first mirror that gives the right file."""
    pooch, reasons = _pooch(), []
    for mirror in mirrors:
        for _ in range(_ATTEMPTS):
            try:
                return pooch.retrieve(
                    mirror + name, f"md5:{md5}", name, folder, downloader=_Resuming(folder / name)
                )
            except (OSError, ValueError) as error:  # pooch: ValueError for a wrong checksum
                reasons.append(f"{mirror}: {_reason(error)}")
            if not _partial(folder / name).exists():
                break  # nothing to go on with: no connection, no such file, a wrong file
    raise RuntimeError(f"Error downloading {name}:\n  " + "\n  ".join(dict.fromkeys(reasons)))


def _reason(error):
    if isinstance(error, ValueError):
        return "the file has a wrong checksum"
    return f"{type(error).__name__}: {error}"


def _partial(path):
    return path.with_name(path.name + ".part")


class _Resuming:
    """Downloads for pooch, with a progress bar; what has arrived stays for the next attempt."""

    def __init__(self, path):
        self.name, self.part = path.name, _partial(path)

    def __call__(self, url, output_file, pooch):
        import requests  # pooch brings it

        start = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
        with requests.get(url, headers=headers, stream=True, timeout=_SECONDS) as response:
            if response.status_code == 416:  # the rest of something that has no rest
                self.part.unlink()
            response.raise_for_status()
            if response.status_code != 206:  # the whole file, whatever was asked for
                start = 0
            self._write(response, start)
        self.part.replace(output_file)

    def _write(self, response, start):
        from rich.progress import Progress

        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        with self.part.open("ab" if start else "wb") as file, Progress() as progress:
            bar = progress.add_task(self.name, total=total, completed=start)
            for chunk in response.iter_content(1 << 16):
                file.write(chunk)
                progress.advance(bar, len(chunk))
        # urllib3 notices this itself only from version 2 on.
        if total is not None and self.part.stat().st_size < total:
            raise ConnectionError(f"broke off after {self.part.stat().st_size} of {total} bytes")


class CIFAR10(_Images):
    """60,000 photos of 32 × 32 pixels in 10 classes (Krizhevsky 2009), from their binary files.

    Args:
        root: a folder; the files are in `root/cifar-10-batches-bin`. Those of the Python version
            are pickled, and are not read: a pickled file can run code.
        train: True for the 50,000 to learn from, False for the 10,000 to test with.
        transform, target_transform: called with each image and each label.
        download: fetch the files if they are not there (162 MB). Needs pooch:
            pip install 'tinytorch-course[data]'

    An image is a uint8 array (32, 32, 3), a label an int from 0 to 9; `data` is the array of all
    images (N, 32, 32, 3), `targets` the list of labels.

    Raises:
        RuntimeError: the files are not there, or could not be downloaded.
        ValueError: a file is damaged.
    """

    mirrors = ("https://www.cs.toronto.edu/~kriz/",)
    archive, md5 = "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"
    classes = (
        "airplane", "automobile", "bird", "cat", "deer",
        "dog", "frog", "horse", "ship", "truck",
    )  # fmt: skip

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        self.root = Path(root).expanduser()
        self.folder = self.root / "cifar-10-batches-bin"
        if download and not (self.folder / "test_batch.bin").is_file():
            self.download()
        names = [f"data_batch_{i}.bin" for i in range(1, 6)] if train else ["test_batch.bin"]
        rows = np.concatenate([self._read(self.folder / name) for name in names])
        images = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        super().__init__(images, rows[:, 0], transform, target_transform)
        self.data, self.targets = images, self._labels

    def download(self):
        """Fetch the archive, and unpack the files in it."""
        import tarfile

        _download(self.root, self.archive, self.md5, self.mirrors)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(self.root / self.archive) as packed:
            for member in packed:
                if member.isfile():
                    content = packed.extractfile(member).read()
                    (self.folder / Path(member.name).name).write_bytes(content)

    def _read(self, path):
        if not path.is_file():
            raise RuntimeError(
                f"Dataset not found: there is no {path.name} in {self.folder}. "
                "You can use download=True to download it"
            )
        rows = np.fromfile(path, "uint8")
        if not rows.size or rows.size % 3073:
            raise ValueError(f"{path} is damaged: {rows.size} bytes are no images of 3,073 each")
        return rows.reshape(-1, 3073)


# %% [markdown]
# ## Many images in one, and images in files

# %%
#| export vision.utils
import struct
import zlib
from pathlib import Path

import numpy as np

from tinytorch.tensor import Tensor, stack, wrap


def make_grid(tensor, nrow=8, padding=2, normalize=False, value_range=None, pad_value=0.0):
    """Many images in one.

    Args:
        tensor: (N, C, H, W), a list of images (C, H, W), or one image (C, H, W) or (H, W). Images
            of one channel become gray ones of three.
        nrow: how many stand in a row.
        padding: pixels between them, and around all.
        normalize: shift and scale `value_range`, or all values there are, to 0 ... 1.
        value_range: (low, high); what lies outside is set to these.
        pad_value: the value between the images.

    Returns:
        Tensor (3, height, width). A single image has no padding.
    """
    images = stack(list(tensor)) if isinstance(tensor, (list, tuple)) else tensor
    array = images.data
    array = array.reshape((1,) * (4 - array.ndim) + array.shape)
    if array.shape[1] == 1:
        array = array.repeat(3, axis=1)
    if normalize:
        low, high = value_range or (array.min(), array.max())
        array = (array.clip(low, high) - low) / max(high - low, 1e-5)
    if len(array) == 1:
        return wrap(array[0])
    columns = min(nrow, len(array))
    rows = -(-len(array) // columns)
    height, width = array.shape[2] + padding, array.shape[3] + padding
    grid_shape = (array.shape[1], height * rows + padding, width * columns + padding)
    grid = np.full(grid_shape, pad_value, array.dtype)
    for number, image in enumerate(array):
        top, left = number // columns * height + padding, number % columns * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = image
    return wrap(grid)


def save_image(tensor, fp, format=None, **grid):
    """Write images from 0 to 1 into a PNG file: see `make_grid`.

    Raises:
        ValueError: the name ends as that of another format.
    """
    kind = format or Path(fp).suffix.lstrip(".")
    if kind.lower() != "png":
        raise ValueError(f"save_image writes PNG files, not {kind!r}: end the name in .png")
    colors = make_grid(tensor, **grid).data * 255 + 0.5
    Path(fp).write_bytes(_png(colors.clip(0, 255).astype("uint8").transpose(1, 2, 0)))


def _png(pixels):
    """The bytes of a PNG file with these (height, width, 3) bytes (ISO/IEC 15948)."""
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, three colors
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)  # 0: no filter
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name, content):
    sealed = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", sealed)

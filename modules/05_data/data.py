# %% [markdown]
# # Module 05: Data
#
# Datasets, samplers, a loader that shuffles, collates and reads ahead, transforms, real files.
#
# About 40 minutes of reading and 2 hours of writing.
#
# ## The question
#
# In module 04 all examples were one tensor, and a minibatch was a few of its rows. That works as
# long as all of them fit into memory, have the same shape, and are ready. Here is an album that is
# neither. Its pictures lie in files, reading one takes a while, and we would like each of them a
# little different in every epoch.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time

import numpy as np

from tinytorch import manual_seed, nn, tensor


def read_picture(number):
    """A picture that comes from a slow disk: a number as its gray, 3 ms per file."""
    time.sleep(0.003)
    return np.full((28, 28), number % 256, "uint8")


start = time.perf_counter()
everything = np.stack([read_picture(number) for number in range(100)])
print(f"100 pictures: {everything.nbytes:,} bytes, {time.perf_counter() - start:.1f} s of waiting")
print(f"1,200,000 color pictures of 224 x 224: {1_200_000 * 224 * 224 * 3 / 1e9:.0f} GB")

# %% [markdown]
# The second line is ImageNet. Nobody loads that before the first step. So the training loop should
# not hold the data. It should *ask* for it: how many examples are there, and what is example 17?
# Whoever can answer these two questions is a **dataset**, be it a tensor, a folder, or a program
# that invents its examples.
#
# All else can then be written once. In which order do we ask (a **sampler**)? How do examples
# become one tensor (**collating**)? Who asks, so that the next batch is there when the network has
# finished with this one (a **data loader** with **workers**)?
#
# ```
#   sampler            4 1 6 0 2 5 3            an order of positions
#   batch sampler     [4 1 6] [0 2 5] [3]       cut into batches
#   dataset           d[4], d[1], d[6]          examples: (image, label)
#   collate           (3, 28, 28), (3,)         one tensor of each
# ```
#
# ## Where this stands
#
# The images of this module's files are Yann LeCun, Corinna Cortes and Christopher Burges's
# *MNIST database of handwritten digits* (1998), 70,000 of them, on which a generation of networks
# was tried out; *Fashion-MNIST* (Han Xiao, Kashif Rasul, Roland Vollgraf, 2017) has the same format
# and is harder. The interface is PyTorch's `torch.utils.data`, and what deals with images is its
# companion `torchvision`. Ours are `tinytorch.utils.data` and `tinytorch.vision`.
#
# What teaches nothing stands in `data_given.py` beside this file: arguments that do not fit, small
# transforms, downloads. Two small classes there are the beginning. `Dataset` has `__getitem__` and
# no more; `IterableDataset` is for streams, which have no positions, only a next one.

# %%
from data_given import (
    Compose,
    Dataset,
    Digits,
    IterableDataset,
    RandomHorizontalFlip,
    _axes,
    _check_alike,
    _check_count,
    _check_datasets,
    _check_lengths,
    _check_numbers,
    _check_order,
    _check_same_length,
    _checked_position,
    _checked_weights,
    _crop,
    _download,
    _find,
    _grouped,
    _height_width,
    _Images,
    _not_collatable,
    _pair,
    _read_stream,
    _reads_batches,
    _stacked,
    _unpacked,
    _Worker,
    Pad,
    WorkerInfo,
    batch_generator,
    default_convert,
    get_worker_info,
)

# %%
#| default_exp utils.data
#| export
import math
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from itertools import islice

import numpy as np

from tinytorch.random import default_generator
from tinytorch.tensor import Tensor, tensor

__all__ = [
    "BatchSampler",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "WorkerInfo",
    "batch_generator",
    "default_collate",
    "default_convert",
    "fetch",
    "get_worker_info",
    "prefetch",
    "random_split",
    "whole_lengths",
]

if __name__ == "tinytorch.utils.data":  # PyTorch spreads these names over files; here it is one
    for _part in ("dataloader", "dataset", "sampler"):
        sys.modules[f"{__name__}.{_part}"] = globals()[_part] = sys.modules[__name__]

# %% [markdown]
# # Part one: examples
#
# ## Task 5.1: TensorDataset
#
# The plainest dataset holds tensors whose rows belong together. Example 2 is row 2 of each:
#
# ```
#   X  (4, 2)          y  (4,)
#   0  [ 0.  1. ]      0   7         len(dataset)    4
#   1  [ 2.  3. ]      1   8
#   2  [ 4.  5. ] <--- 2   9 <---    dataset[2]      (tensor([4., 5.]), tensor(9))
#   3  [ 6.  7. ]      3   6
# ```
#
# An example is a tuple, also when there is only one tensor. `x[index]` of module 01 knows negative
# positions and refuses those outside, so nothing else is to check.
#
# The third method is one that PyTorch has not. To collect a batch of 64 examples row by row and to
# stack them again means 128 small tensors for nothing: indexing with a *list* of positions brings
# all rows at once. Our loader asks for `batch(positions)` where there is one. What it returns must
# be what the long way would give: a list, with one tensor for each of the dataset's.


# %%
#| export
class TensorDataset(Dataset):
    """Tensors whose rows belong together; an example is one row of each.

    Args:
        tensors: one or more, of the same length.

    Raises:
        TypeError, ValueError: no tensors, or lengths that differ.
    """

    def __init__(self, *tensors):
        _check_same_length(tensors)
        self.tensors = tensors

    def __len__(self):
        """How many examples there are, an int."""
        ### BEGIN SOLUTION
        return len(self.tensors[0])
        ### END SOLUTION

    def __getitem__(self, index):
        """One example.

        Args:
            index: int, from -len to len - 1.

        Returns:
            tuple: row `index` of each tensor.

        Raises:
            IndexError: `index` is outside.

        Example:
            >>> TensorDataset(tensor([[0.0], [1.0]]), tensor([7, 8]))[1]
            (tensor([1.]), tensor(8))
        """
        ### BEGIN SOLUTION
        return tuple(part[index] for part in self.tensors)
        ### END SOLUTION

    def batch(self, positions):
        """Many examples at once.

        Args:
            positions: a list of ints, in any order; one may come twice. It may be empty.

        Returns:
            list: for each tensor the rows at `positions`, in that order, copied.

        Example:
            >>> TensorDataset(tensor([5, 6, 7])).batch([2, 0])
            [tensor([7, 5])]
        """
        ### BEGIN SOLUTION
        return [part[positions] for part in self.tensors]
        ### END SOLUTION


# %%
X, y = tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]), tensor([7, 8, 9, 6])
pairs = TensorDataset(X, y)
print(len(pairs), "examples; number 2 is", pairs[2])
print("numbers 3 and 0 at once:", *pairs.batch([3, 0]))

many = TensorDataset(tensor(np.zeros((2000, 28, 28), "float32")))
for name, read in (
    ("one by one", lambda: np.stack([many[i][0].data for i in range(2000)])),
    ("at once", lambda: many.batch(list(range(2000)))),
):
    read()
    start = time.perf_counter()
    read()
    print(f"2,000 images {name:10}: {(time.perf_counter() - start) * 1e3:6.1f} ms")

# %% [markdown]
# ## Task 5.2: a part of a dataset
#
# A `Subset` is a dataset and a list of positions in it. It copies nothing: its example 0 is the
# other's example `indices[0]`. It is given, and stands below, after your function.
#
# To hold out a part of the data, `random_split` deals the positions out at random, each to exactly
# one part. Lengths may be fractions, `random_split(dataset, [0.8, 0.2])`. Then there is a question
# that is easy to get wrong: 0.8 of 7 is 5.6. PyTorch rounds every length *down* and hands out what
# is left one by one, to the first part, the second, and so on:
#
# ```
#   count 7, fractions 0.5 0.3 0.2       3.5   2.1   1.4
#                          rounded down   3     2     1       6 of 7 are dealt
#                          one is left    4     2     1       the first part gets it
# ```
#
# Two blanks: the lengths, and the deal. For the deal draw *one* permutation of all positions (from
# `generator`, which the lines above your blank have settled) and cut it. No example is lost, and
# none is in two parts: else the network would be examined on what it has learned from.


# %%
#| export
def whole_lengths(fractions, count):
    """How many of `count` examples each part gets.

    Args:
        fractions: numbers of at least 0 with the sum 1.
        count: how many examples there are.

    Returns:
        list of int: their sum is `count`. Each is rounded down; what is left is handed out, one
        for each part from the first on (and again from the first, should there be more).

    Example:
        >>> whole_lengths([0.5, 0.3, 0.2], 7)
        [4, 2, 1]
    """
    ### BEGIN SOLUTION
    lengths = [math.floor(count * fraction) for fraction in fractions]
    for extra in range(count - sum(lengths)):
        lengths[extra % len(lengths)] += 1
    return lengths
    ### END SOLUTION


def random_split(dataset, lengths, generator=None):
    """Deal a dataset out to parts, at random.

    Args:
        dataset: anything with a length and positions.
        lengths: ints with the sum `len(dataset)`, or fractions with the sum 1.
        generator: draws the permutation; `default_generator` if None.

    Returns:
        list of Subset: one for each length. Every position is in exactly one of them.

    Raises:
        ValueError: the lengths do not add up, or one is negative.

    Example:
        >>> [len(part) for part in random_split(pairs, [3, 1])]
        [3, 1]
    """
    lengths = list(lengths)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 and min(lengths) >= 0:
        lengths = whole_lengths(lengths, len(dataset))
    _check_lengths(lengths, len(dataset))
    generator = default_generator if generator is None else generator
    ### BEGIN SOLUTION
    order = generator.permutation(len(dataset)).tolist()
    parts, start = [], 0
    for length in lengths:
        parts.append(Subset(dataset, order[start : start + length]))
        start += length
    return parts
    ### END SOLUTION


class Subset(Dataset):
    """The examples of `dataset` at the positions `indices`, in that order."""

    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, indices

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        return self.dataset[self.indices[index]]

    def batch(self, positions):
        """Many examples at once, if the dataset has `batch`."""
        return self.dataset.batch([self.indices[position] for position in positions])


# %%
print(whole_lengths([0.5, 0.3, 0.2], 7), whole_lengths([0.8, 0.2], 1797))
manual_seed(0)
for part in random_split(pairs, [0.75, 0.25]):
    print("positions", part.indices, "labels", [label.item() for _, label in part])

# %% [markdown]
# ## Task 5.3: several datasets as one
#
# `a + b` of two datasets, or `ConcatDataset([a, b, c])`, is all of them one after the other.
# Example 6 is then which example of which dataset? Add the lengths up, as a running sum. The
# dataset is the first whose sum is *larger* than the position; within it, count from the sum
# before.
#
# ```
#   lengths      4        2        5
#   sums         4        6       11
#   positions  0 1 2 3 | 4 5 | 6 7 8 9 10
#                              ^
#                              position 6: sums 4 and 6 are not larger, 11 is: dataset 2, example 0
# ```
#
# To find that place in a sorted list, Python has `bisect_right(sums, position)`: how many entries
# are not larger than `position`. It halves the list again and again, so that a thousand datasets
# take ten steps. An empty dataset adds a sum that comes twice; `bisect_right` passes over it.


# %%
#| export
class ConcatDataset(Dataset):
    """Datasets one after the other.

    Args:
        datasets: one or more; none of them iterable-only.

    Attributes:
        cumulative_sizes: list of int, the running sum of their lengths.
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        _check_datasets(self.datasets)
        self.cumulative_sizes = np.cumsum([len(part) for part in self.datasets]).tolist()

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, index):
        """The example at `index`, counted over all datasets.

        Args:
            index: int, from -len to len - 1.

        Returns:
            What that dataset has there.

        Raises:
            IndexError: `index` is outside (the given line sees to it, and to negative ones).

        Example:
            >>> (pairs + pairs)[5] == pairs[1]
            True
        """
        index = _checked_position(index, len(self), "ConcatDataset")
        ### BEGIN SOLUTION
        part = bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[part - 1] if part else 0
        return self.datasets[part][index - before]
        ### END SOLUTION


# %%
letters, figures = list("abcd"), list("12")
chain = ConcatDataset([letters, figures, [], "vwxyz"])
print(chain.cumulative_sizes, [chain[i] for i in range(len(chain))], chain[-1])

# %% [markdown]
# # Part two: in which order
#
# ## Task 5.4: RandomSampler
#
# A **sampler** yields positions. It never sees an example, so shuffling 60,000 images moves 60,000
# small numbers. The first one is `SequentialSampler`, 0, 1, 2, ..., given. `RandomSampler` draws in
# one of two ways:
#
# ```
#   replacement=False    4 1 6 0 2 5 3       a permutation: every position once
#   replacement=True     4 4 1 6 0 1 4       each draw from all positions: some twice, some never
# ```
#
# `num_samples` says how many to draw, as many as there are examples unless you say otherwise. More
# than that, without replacement, means one permutation after the other, each a new one, and a part
# of the last. All numbers come from `generator`: `permutation(count)` and
# `integers(count, size=n)`. A script may ask for 10,000,000,000 draws, and stop when it has enough:
# draw some thousands at a time. The numbers are the same as if all were drawn at once.
#
# Yield Python ints, not NumPy's: a dataset may use a position as a key, or print it (`.tolist()`).
# A new order for each epoch follows by itself, since `__iter__` runs at the beginning of each.


# %%
#| export
class Sampler:
    """Positions in some order. A subclass writes `__iter__` and, if it can, `__len__`."""

    def __init__(self, data_source=None):
        pass

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} has no __iter__()")


class SequentialSampler(Sampler):
    """0, 1, 2, ..., as many as `data_source` has."""

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler):
    """Positions in a random order, a new one for each pass.

    Args:
        data_source: a dataset; only its length counts.
        replacement: whether a position may come again before all others have come.
        num_samples: how many positions to draw; `len(data_source)` if None.
        generator: draws; `default_generator` if None.
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator
        _check_count("RandomSampler: num_samples", self.num_samples, least=0)
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement is True or False, not {replacement!r}")

    @property
    def num_samples(self):
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __len__(self):
        return self.num_samples

    def __iter__(self):
        """Draw `num_samples` positions from 0 ... len(data_source) - 1.

        Returns:
            An iterator over Python ints. There are none if the dataset is empty.

        Example:
            >>> sorted(RandomSampler("abcd"))
            [0, 1, 2, 3]
        """
        count, left = len(self.data_source), self.num_samples
        generator = default_generator if self.generator is None else self.generator
        if count == 0:
            return
        ### BEGIN SOLUTION
        while left > 0:
            if self.replacement:  # a part at a time: there may be more than fit into memory
                order = generator.integers(count, size=min(left, 4096)).tolist()
            else:
                order = generator.permutation(count)[:left].tolist()
            yield from order
            left -= len(order)
        ### END SOLUTION


# %%
manual_seed(1)
for options in ({}, {"replacement": True}, {"num_samples": 3}, {"num_samples": 17}):
    print(f"{options!s:22}", *RandomSampler(range(7), **options))

# %% [markdown]
# ## Task 5.5: WeightedRandomSampler
#
# 990 pictures of healthy leaves and 10 of sick ones: a network that always says "healthy" is right
# 99 times of 100, and learns to say just that. Draw the rare ones more often, each with a
# **weight**.
#
# *With* replacement, picture a line on which example i has a piece as long as its weight. Throw a
# dart at the line; the piece it hits is the draw. The ends of the pieces are the running sum, and
# to find the piece is what you did in 5.3, for a whole array of darts at once:
# `np.searchsorted(ends, darts, side="right")`.
#
# ```
#   weights     1     2       0     3          a dart at 3.2 hits piece 3; piece 2 has no length
#            |-----|-----------||-----------------|
#   ends           1           3 3                6
#            0                   ^ 3.2
# ```
#
# *Without* replacement the line would have to be drawn anew after each dart. There is a short cut
# (Pavlos Efraimidis, Paul Spirakis, *Weighted random sampling with a reservoir*, 2006): every
# example draws a waiting time, exponentially distributed and divided by its weight. Who waits
# shortest comes first. An example of weight 0 waits forever.
#
# ```
#   times  =  generator.exponential(size=count) / weights        (a weight of 0: inf)
#   order  =  the positions by time, the shortest first: np.argsort
# ```


# %%
#| export
class WeightedRandomSampler(Sampler):
    """Positions at random, each as probable as its weight.

    Args:
        weights: a list, array or tensor of numbers of at least 0; their sum need not be 1.
        num_samples: how many positions to draw.
        replacement: whether a position may be drawn again.
        generator: draws; `default_generator` if None.

    Raises:
        ValueError: weights that are negative or all 0, or too few for `num_samples`.
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        _check_count("WeightedRandomSampler: num_samples", num_samples)
        self.weights = _checked_weights(weights, num_samples, replacement)
        self.num_samples, self.replacement = num_samples, replacement
        self.generator = generator

    def __len__(self):
        return self.num_samples

    def __iter__(self):
        """Draw `num_samples` positions.

        Returns:
            An iterator over Python ints. A position of weight 0 is never drawn.

        Example:
            >>> list(WeightedRandomSampler([0.0, 1.0, 0.0], 4))
            [1, 1, 1, 1]

        Source: without replacement, Efraimidis and Spirakis, Information Processing Letters 97
        (2006), no. 5.
        """
        generator = default_generator if self.generator is None else self.generator
        weights, count = self.weights, self.num_samples  # weights: a float64 array
        ### BEGIN SOLUTION
        if self.replacement:
            ends = np.cumsum(weights)
            darts = generator.random(count) * ends[-1]
            drawn = np.searchsorted(ends, darts, side="right")
        else:
            with np.errstate(divide="ignore"):
                times = generator.exponential(size=len(weights)) / weights
            drawn = np.argsort(times)[:count]
        ### END SOLUTION
        return iter(drawn.tolist())


class SubsetRandomSampler(Sampler):
    """The positions `indices`, each once, in a random order."""

    def __init__(self, indices, generator=None):
        self.indices, self.generator = indices, generator

    def __len__(self):
        return len(self.indices)

    def __iter__(self):
        generator = default_generator if self.generator is None else self.generator
        return (self.indices[i] for i in generator.permutation(len(self.indices)).tolist())


# %%
manual_seed(0)
labels = np.array([0] * 990 + [1] * 10)
fair = np.where(labels == 1, 1 / 10, 1 / 990)
drawn = labels[list(WeightedRandomSampler(fair, 1000))]
print("of 1,000 draws:", (drawn == 0).sum(), "healthy,", (drawn == 1).sum(), "sick")
firsts = [list(WeightedRandomSampler([1, 2, 0, 3], 3, False)) for _ in range(6000)]
print("first without replacement:", np.bincount([f[0] for f in firsts], minlength=4))

# %% [markdown]
# ## Task 5.6: BatchSampler
#
# Positions in, lists of positions out. The sampler below may be endless, so take from it only what
# the next list needs: fill a list, yield it when it is full, begin a *new* one. (Whoever empties
# the old list instead also empties the one that somebody has just received.) At the end there may
# be a rest. It is a batch too, unless `drop_last` says that all batches must be equally large.


# %%
#| export
class BatchSampler(Sampler):
    """The positions of another sampler in lists of `batch_size`.

    Args:
        sampler: anything that yields positions.
        batch_size: how many make a batch.
        drop_last: leave the last batch out if it is smaller than the others.
    """

    def __init__(self, sampler, batch_size, drop_last=False):
        _check_count("BatchSampler: batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last is True or False, not {drop_last!r}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self):
        """Cut into batches.

        Returns:
            An iterator over new lists, none of them empty.

        Example:
            >>> list(BatchSampler(range(7), 3))
            [[0, 1, 2], [3, 4, 5], [6]]
        """
        ### BEGIN SOLUTION
        batch = []
        for position in self.sampler:
            batch.append(position)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch
        ### END SOLUTION

    def __len__(self):
        """How many batches there will be.

        Example:
            >>> len(BatchSampler(range(7), 3)), len(BatchSampler(range(7), 3, drop_last=True))
            (3, 2)
        """
        count, size = len(self.sampler), self.batch_size
        ### BEGIN SOLUTION
        return count // size if self.drop_last else (count + size - 1) // size
        ### END SOLUTION


# %%
for drop_last in (False, True):
    batches = BatchSampler(SequentialSampler(range(8)), 3, drop_last)
    print(f"drop_last {drop_last!s:5}: {len(batches)} batches {list(batches)}")

# %% [markdown]
# # Part three: the loader
#
# ## Task 5.7: default_collate
#
# The examples of a batch arrive as a list. The network wants one tensor with a new first dimension.
# An example may have parts, and parts may have parts. **Collating** turns the nesting inside out:
#
# ```
#   [(image, 7), (image, 8), (image, 9)]        a list of pairs
#
#   [tensor (3, 28, 28), tensor([7, 8, 9])]     a pair of batches (a list, as in PyTorch)
# ```
#
# It is a function that calls itself. What the first example is decides; all others are like it:
#
# ```
#   tensor, array, NumPy number    _stacked(batch), given: one tensor, the dtype stays
#   int, bool                      tensor(batch): int64, bool
#   float                          tensor(batch, dtype="float64"), as in PyTorch
#   str, bytes                     the list as it is: there are no tensors of text
#   dict                           a dict: for each key, collate its values
#   tuple, list                    a list: for each place, collate what stands there
# ```
#
# Two of these are in the given lines, and so are named tuples, and a complaint about all else. Your
# blank is the heart, the two that go inside. For a list of tuples, `zip(*batch)` gives the first
# parts of all examples, then the second parts.


# %%
#| export
def default_collate(batch):
    """Make one batch of a list of examples.

    Args:
        batch: list of examples of one kind: tensors, arrays, numbers, text, or tuples, lists and
            dictionaries of them.

    Returns:
        A tensor with a new first dimension; for a tuple or list of parts a list of such batches,
        for a dictionary one with the same keys, in the same order, for text the list itself.

    Raises:
        RuntimeError: shapes or lengths that differ.
        KeyError: dictionaries with different keys.
        TypeError: something that does not become a tensor.
        ValueError: no examples.

    Example:
        >>> default_collate([(1, {"x": 2.0}), (3, {"x": 4.0})])
        [tensor([1, 3]), {'x': tensor([2., 4.], dtype=float64)}]
    """
    batch = list(batch)
    if not batch:
        raise ValueError("default_collate: there are no examples in this batch")
    first = batch[0]
    if isinstance(first, (Tensor, np.ndarray, np.generic)):
        return _stacked(batch)
    if isinstance(first, (int, float)):
        return tensor(batch, dtype="float64" if isinstance(first, float) else None)
    if isinstance(first, (str, bytes)):
        return batch
    if not isinstance(first, (Mapping, Sequence)):
        _not_collatable(first)
    _check_alike(batch)
    ### BEGIN SOLUTION
    if isinstance(first, Mapping):
        return {key: default_collate([example[key] for example in batch]) for key in first}
    parts = [default_collate(list(part)) for part in zip(*batch)]
    ### END SOLUTION
    return type(first)(*parts) if hasattr(first, "_fields") else parts


# %%
album = [
    {"image": np.full((2, 2), i, "uint8"), "size": (i, 0.5), "name": f"leaf {i}"} for i in (1, 2, 3)
]
for key, value in default_collate(album).items():
    print(f"{key:6}", value.shape if key == "image" else value)
try:
    default_collate([tensor([1, 2]), tensor([1, 2, 3])])
except RuntimeError as error:
    print(error)

# %% [markdown]
# ## Task 5.8: fetch
#
# Now the middle of the loader: a dataset and positions in, a batch out. There are two ways. The
# long one always works: ask for each example, then collate them all. The short one is `batch` of
# 5.1, and much faster. Take it if both of these are so, and only then:
#
# - the caller wants the usual collating: `collate_fn is default_collate`, and
# - the dataset has a `batch` that agrees with its examples: `_reads_batches(dataset)`, given. (A
#   subclass of `TensorDataset` with a `__getitem__` of its own, which adds noise, say, must not be
#   passed over.)
#
# The class `DataLoader` below it is given. Read how it puts together what you have written:
# samplers from 5.4 and 5.6, and in `__iter__` your `fetch`, batch by batch.


# %%
#| export
def fetch(dataset, positions, collate_fn):
    """Read one batch.

    Args:
        dataset: has examples by position, and perhaps `batch`.
        positions: list of positions; `collate_fn` gets the examples in this order.
        collate_fn: makes a batch of a list of examples.

    Returns:
        What `collate_fn` returns for the examples, or the same from `dataset.batch`.

    Example:
        >>> fetch([5, 6, 7], [2, 0], default_collate)
        tensor([7, 5])
    """
    ### BEGIN SOLUTION
    if collate_fn is default_collate and _reads_batches(dataset):
        return dataset.batch(positions)
    return collate_fn([dataset[position] for position in positions])
    ### END SOLUTION


def _fetch_one(dataset, position, convert):
    return convert(dataset[position])


class DataLoader:
    """Goes over a dataset in batches, as PyTorch's `DataLoader` does.

    Args:
        dataset: has `__getitem__` and `__len__`, or is an IterableDataset.
        batch_size: how many examples make a batch; None for single examples, not collated.
        shuffle: a new random order for each pass, from `generator`.
        sampler, batch_sampler: another order, or other batches; instead of the arguments above.
        num_workers: how many threads read ahead; 0 reads when asked. The batches and their
            order are the same for any number. An IterableDataset is read by one of them.
        collate_fn: makes a batch of a list of examples; `default_collate` if None.
        drop_last: leave out a smaller last batch.
        timeout: seconds to wait for a batch of a worker; 0 for as long as it takes.
        worker_init_fn: called with its number in each worker, first of all.
        generator: draws order and seeds; `default_generator` if None.
        prefetch_factor: how many batches per worker to read ahead; 2 if None.
        pin_memory, multiprocessing_context, persistent_workers, pin_memory_device, in_order:
            accepted and without effect: there is one memory, and threads begin quickly.

    Raises:
        TypeError, ValueError: arguments that do not fit together.
        RuntimeError: a batch took longer than `timeout`.
    """

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ):
        _check_numbers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset, self.generator, self.drop_last = dataset, generator, drop_last
        self.num_workers, self.prefetch_factor = num_workers, prefetch_factor
        self.timeout, self.worker_init_fn = timeout, worker_init_fn
        self.pin_memory, self.persistent_workers = pin_memory, persistent_workers
        self.batch_size = batch_size if batch_sampler is None else None
        single = batch_size is None and batch_sampler is None
        self.collate_fn = collate_fn or (default_convert if single else default_collate)
        self.sampler, self.batch_sampler = sampler, batch_sampler
        if isinstance(dataset, IterableDataset):
            return
        if sampler is None and batch_sampler is None:
            self.sampler = (
                RandomSampler(dataset, generator=generator)
                if shuffle
                else SequentialSampler(dataset)
            )
        if batch_sampler is None and not single:
            self.batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)

    def _jobs(self):
        """(what to read one by one, how to read it): lists of positions, or lists of examples."""
        if isinstance(self.dataset, IterableDataset):
            if self.batch_size is None:
                return iter(self.dataset), _read_stream
            return _grouped(self.dataset, self.batch_size, self.drop_last), _read_stream
        if self.batch_sampler is None:
            return iter(self.sampler), _fetch_one
        return iter(self.batch_sampler), fetch

    def __iter__(self):
        jobs, read = self._jobs()
        work = _Worker(self, read)
        if self.num_workers == 0:
            return map(work, work.numbered(jobs))
        ahead = self.num_workers * (self.prefetch_factor or 2)
        return prefetch(work.numbered(jobs), work, self.num_workers, ahead, self.timeout)

    def __len__(self):
        """How many batches one pass has."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        if self.batch_size is None:
            return len(self.dataset)
        return len(BatchSampler(range(len(self.dataset)), self.batch_size, self.drop_last))


# %%
manual_seed(2)
loader = DataLoader(pairs, batch_size=3, shuffle=True)
for epoch in (1, 2):
    for x, y in loader:
        print(f"epoch {epoch}: x {tuple(x.shape)}, y {y.tolist()}")

large = TensorDataset(tensor(np.zeros((60_000, 28, 28), "float32")), tensor(np.arange(60_000)))
seen, start = np.zeros(60_000, int), time.perf_counter()
for _, y in DataLoader(large, batch_size=64, shuffle=True):
    seen[y.numpy()] += 1
print(f"60,000 images in {time.perf_counter() - start:.2f} s, each seen once: {(seen == 1).all()}")

# %% [markdown]
# ## Task 5.9: prefetch
#
# Back to the slow album. While the network computes, nobody reads; while somebody reads, the
# network waits. **Prefetching** does both at once: workers read the batches that will be needed
# next. A worker can be a process (PyTorch) or a thread (here): NumPy and the disk do not hold
# Python's lock while they work, so threads are enough.
#
# ```
#   one thread      read 0 | train 0 | read 1 | train 1 | read 2 | train 2
#
#   two workers     read 0 | read 2 | read 4 ...
#                   read 1 | read 3 | read 5 ...
#                            train 0 | train 1 | train 2 | train 3 ...
# ```
#
# Two things must not depend on luck. The *order*: batch 1 may be ready before batch 0, and must
# still come after it. And the *errors*: what goes wrong in a worker has to arrive here, not vanish
# with it.
#
# A `ThreadPoolExecutor` helps with both. `pool.submit(work, job)` returns a **future** at once: a
# receipt for a result that is not there yet. `future.result()` waits for it, or raises what the
# worker raised, with the traceback of the place where it happened. So keep the futures in a queue,
# in the order of the jobs: `waiting.append(...)` at its end, `waiting.popleft()` at its front.
#
# How many? At least one for each worker, and not all: sixty thousand images would pile up in
# memory. The queue holds `ahead` of them: take that many jobs first (`islice(jobs, ahead)`), then
# one more for each result. The result goes to `_result(future, timeout)`, given, which waits.
# Python's `for ... in jobs` over the same iterator goes on where `islice` stopped.
#
# The surrounding `try` and `finally` are given: when the caller breaks off, what is not begun is
# canceled.


# %%
#| export
def prefetch(jobs, work, num_workers, ahead, timeout=0):
    """Compute `work(job)` for each job in `num_workers` threads, and yield the results in order.

    Args:
        jobs: an iterator, perhaps endless; asked only for what is needed next.
        work: a function of one job.
        num_workers: how many threads.
        ahead: how many jobs may be submitted beyond those whose results were yielded.
        timeout: seconds to wait for one result; 0 for as long as it takes.

    Returns:
        An iterator over the results, in the order of the jobs.

    Raises:
        What `work` raised, when its result would be due.

    Example:
        >>> list(prefetch(iter([1, 2, 3]), lambda x: x * x, num_workers=2, ahead=4))
        [1, 4, 9]
    """
    pool, waiting = ThreadPoolExecutor(num_workers), deque()
    try:
        ### BEGIN SOLUTION
        for job in islice(jobs, ahead):
            waiting.append(pool.submit(work, job))
        for job in jobs:
            yield _result(waiting.popleft(), timeout)
            waiting.append(pool.submit(work, job))
        while waiting:
            yield _result(waiting.popleft(), timeout)
        ### END SOLUTION
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _result(future, timeout):
    try:
        return future.result(timeout or None)
    except FutureTimeout as error:
        if future.done():  # the worker's own
            raise
        raise RuntimeError(f"DataLoader timed out after {timeout} seconds") from error


# %%
class Album(Dataset):
    def __len__(self):
        return 200

    def __getitem__(self, index):
        return read_picture(index), index


for workers in (0, 4):
    start, order = time.perf_counter(), []
    for _, numbers in DataLoader(Album(), batch_size=10, num_workers=workers):
        order += numbers.tolist()
    seconds = time.perf_counter() - start
    print(f"{workers} workers: {seconds:.2f} s, in order: {order == list(range(200))}")

# %% [markdown]
# # Part four: images
#
# ## Task 5.10: ToTensor and Normalize
#
# A **transform** is a function from image to image, and a dataset applies it to each example as it
# is read. Files hold bytes, row by row, the three colors of a pixel together. Networks want floats
# around 0, and the channels first, as in module 07:
#
# ```
#   (height, width, channels), uint8, 0 ... 255      ->  (channels, height, width), float32, 0 ... 1
#   (height, width)                                  ->  (1, height, width)
# ```
#
# Only bytes are divided by 255. Floats keep their values and their dtype: they have been divided by
# somebody already.
#
# `Normalize(mean, std)` then subtracts and divides, with one number for each *channel*, so that a
# channel has mean 0 and standard deviation 1 over the training data. The numbers have shape (C,),
# the image (C, H, W): bring them to (C, 1, 1) with `.view(-1, 1, 1)`, and broadcasting does the
# rest.


# %%
#| export vision.transforms
class ToTensor:
    """An array as an image file has it, as a tensor as a network wants it."""

    def __call__(self, image):
        """Move the channels forward; bytes become floats from 0 to 1.

        Args:
            image: array (H, W) or (H, W, C).

        Returns:
            Tensor (1, H, W) or (C, H, W): float32 if `image` is uint8, else of its dtype. It
            shares no memory with `image`.

        Example:
            >>> ToTensor()(np.array([[0, 255]], "uint8"))
            tensor([[[0., 1.]]])
        """
        _axes(image)
        if isinstance(image, Tensor):
            raise TypeError("ToTensor takes an array (H, W) or (H, W, C); this is a tensor already")
        ### BEGIN SOLUTION
        if image.ndim == 2:
            image = image[:, :, None]
        if image.dtype == np.uint8:
            image = image.astype("float32") / 255
        return Tensor(np.ascontiguousarray(image.transpose(2, 0, 1)))
        ### END SOLUTION


class Normalize:
    """(image - mean) / std, channel by channel.

    Args:
        mean, std: one number for each channel.

    Raises:
        ValueError: a std of 0.
    """

    def __init__(self, mean, std):
        self.mean, self.std = Tensor(mean, dtype="float32"), Tensor(std, dtype="float32")
        if (self.std.data == 0).any():
            raise ValueError(f"Normalize: std {std} would divide by 0")

    def __call__(self, image):
        """Normalize an image.

        Args:
            image: tensor (C, H, W) of floats.

        Returns:
            A new tensor of the same shape and dtype.

        Example:
            >>> Normalize([0.5], [0.25])(tensor([[[0.0, 1.0]]]))
            tensor([[[-2.,  2.]]])
        """
        if not isinstance(image, Tensor) or image.dtype.kind != "f":
            raise TypeError("Normalize takes a tensor of floats: put ToTensor before it")
        ### BEGIN SOLUTION
        return (image - self.mean.view(-1, 1, 1)) / self.std.view(-1, 1, 1)
        ### END SOLUTION


# %%
picture = np.arange(12, dtype="uint8").reshape(2, 2, 3) * 20
as_tensor = ToTensor()(picture)
print(picture.shape, "->", tuple(as_tensor.shape), "red:", as_tensor[0].tolist())
print("normalized red:", Normalize([0.5] * 3, [0.25] * 3)(as_tensor)[0].tolist())

# %% [markdown]
# ## Task 5.11: RandomCrop
#
# A 7 is a 7 also two pixels further left. A network has to learn that, from many 7s at many places;
# or from one that we move ourselves. **Data augmentation** makes new examples out of old ones, by
# changes that leave the label true. The best known one: pad the image, then cut out a part of the
# old size at a random place.
#
# ```
#   padding 1      . . . . .       crop 3 x 3       . . .     . . .
#                  . a b c .       at (top, left)   . a b     a b c     ...
#                  . d e f .                        . d e     d e f
#                  . g h i .                        (0, 0)    (0, 1)
#                  . . . . .
# ```
#
# `top` may be 0, ..., height - h, **both ends included**; `integers(n)` draws 0 ... n - 1. An image
# as large as the crop has one place, (0, 0). Draw first `top`, then `left`, from
# `batch_generator()`: within a loader that generator belongs to the batch, so that two workers and
# none crop alike. `_crop(image, top, left, h, w)` is given.
#
# Within a loader `tinytorch.rand`, `randn`, `randperm` and their like draw from that generator too.
# So a dataset that draws in its `__getitem__` gives the same examples with any number of workers,
# and `manual_seed` repeats them.


# %%
#| export vision.transforms
class RandomCrop:
    """A part of the image, at a random place.

    Args:
        size: (height, width) of the part, or one number for both.
        padding: pixels to put around the image first, see `Pad`; None for none.
        fill: their value.
    """

    def __init__(self, size, padding=None, fill=0):
        self.size = _pair(size)
        self.pad = None if padding is None else Pad(padding, fill)

    def __call__(self, image):
        """Cut a part out of the (padded) image.

        Args:
            image: array (H, W) or (H, W, C), or tensor (C, H, W).

        Returns:
            The part, of the same kind; every place is equally probable.

        Raises:
            ValueError: the image is smaller than the part.
        """
        image = image if self.pad is None else self.pad(image)
        (height, width), (h, w) = _height_width(image), self.size
        if h > height or w > width:
            raise ValueError(f"RandomCrop: {(h, w)} is larger than the image, {(height, width)}")
        ### BEGIN SOLUTION
        generator = batch_generator()
        top = int(generator.integers(height - h + 1))
        left = int(generator.integers(width - w + 1))
        return _crop(image, top, left, h, w)
        ### END SOLUTION


# %%
manual_seed(3)
image = np.array([list("abc"), list("def"), list("ghi")]).view("int32").reshape(3, 3)
crop = RandomCrop(3, padding=1, fill=ord("."))
parts = [crop(image) for _ in range(6)]
for row in range(3):
    print("    ".join("".join(map(chr, part[row])) for part in parts))

# %% [markdown]
# ## Task 5.12: the files of MNIST
#
# MNIST comes in a format of 1998 that a dozen lines read, **IDX**: a header, then the numbers. All
# of the header is **big-endian**: the most significant byte comes first (your processor most likely
# has it last).
#
# ```
#   byte     0    1    2     3     4 5 6 7        8 9 10 11      ...
#            0    0   type  ndim   size of dim 0   size of dim 1  ...   then the data, row by row
#
#   00 00 08 03 | 00 00 00 02 | 00 00 00 1C | 00 00 00 1C | 1,568 bytes
#         uint8, 3 dims:   2   x         28   x         28
# ```
#
# `np.frombuffer(raw, ">u4", count, offset)` reads big-endian numbers of four bytes from the middle
# of a `bytes` object. The table `IDX_TYPES` has the dtype of the data for each type byte, also
# big-endian. Your array should be in the processor's own order:
# `.astype(x.dtype.newbyteorder("="))` converts it, and makes the copy that lets the array be
# changed.
#
# A file that was cut off has too few bytes, and must not be taken for a smaller data set. A file of
# another kind does not begin with two zeros and a known type. Raise `ValueError` for both, also if
# there is something *after* the data. The sentence should help whoever has that file.

# %%
#| export vision.datasets
from pathlib import Path

IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(raw):
    """The array in an IDX file.

    Args:
        raw: bytes, the content of the file.

    Returns:
        np.ndarray: of the shape and dtype that the header says, writable, in native byte order.

    Raises:
        ValueError: not an IDX file, or the data has another length than the header says.

    Example:
        >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 7]))
        array([5, 7], dtype=uint8)

    Source: LeCun, Cortes and Burges, The MNIST database (1998).
    """
    ### BEGIN SOLUTION
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in IDX_TYPES:
        raise ValueError(f"this is no IDX file: it begins with {raw[:4]!r}")
    dtype, start = np.dtype(IDX_TYPES[raw[2]]), 4 + 4 * raw[3]
    if len(raw) < start:
        raise ValueError("this IDX file ends within its header")
    shape = np.frombuffer(raw, ">u4", raw[3], 4).tolist()
    size = math.prod(shape) * dtype.itemsize
    if len(raw) - start != size:
        raise ValueError(f"this IDX file has {len(raw) - start} bytes of data, its header: {size}")
    data = np.frombuffer(raw, dtype, offset=start)
    return data.reshape(shape).astype(dtype.newbyteorder("="))
    ### END SOLUTION


class MNIST(_Images):
    """The 70,000 handwritten digits of LeCun, Cortes and Burges (1998), 28 × 28 pixels.

    Args:
        root: a folder; the files are in `root/MNIST/raw`, packed (`.gz`) or not.
        train: True for the 60,000 to learn from, False for the 10,000 to test with.
        transform, target_transform: called with each image and each label.
        download: fetch the files that are not there. Needs pooch:
            pip install 'tinytorch-course[data]'

    An image is a uint8 array (28, 28), a label an int from 0 to 9.

    Raises:
        RuntimeError: the files are not there, or could not be downloaded.
        ValueError: a file is damaged.
    """

    mirrors = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    )
    files = (  # name, MD5
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    )
    classes = tuple("0123456789")

    def __init__(self, root, train=True, transform=None, target_transform=None, download=False):
        self.raw_folder = Path(root).expanduser() / type(self).__name__ / "raw"
        if download:
            self.download()
        files = self.files[:2] if train else self.files[2:]
        images, labels = (self._read(name) for name, _ in files)
        super().__init__(images, labels, transform, target_transform)

    def download(self):
        """Fetch the files that are not there yet."""
        for name, md5 in self.files:
            if _find(self.raw_folder, name) is None:
                _download(self.raw_folder, name, md5, self.mirrors)

    def _read(self, name):
        path = _find(self.raw_folder, name)
        if path is None:
            raise RuntimeError(
                f"Dataset not found: there is no {name} in {self.raw_folder}. "
                "You can use download=True to download it"
            )
        try:
            return read_idx(_unpacked(path))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


class FashionMNIST(MNIST):
    """70,000 pieces of clothing (Xiao, Rasul, Vollgraf 2017), in the format of `MNIST`."""

    mirrors = (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    )
    files = (
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    )
    classes = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip


# %%
small = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
print(read_idx(small).tolist())
for broken in (small[:-1], b"GIF89a"):
    try:
        read_idx(broken)
    except ValueError as error:
        print(error)

# %% [markdown]
# `MNIST("data", download=True)` would now fetch eleven megabytes. For this course the 1,797 digits
# of 8 × 8 pixels that come with it are enough. They are a dataset of the same kind, `Digits`.
#
# ## Put together
#
# A network with 64 inputs learns 300 of the digits, and is examined on the 297 of the other part.
# It is trained twice: with the images as they are, and with images moved by up to one pixel, which
# are other images in every epoch. Then somebody holds the page a little askew: the held-out digits
# are moved as well.

# %%
from tinytorch.optim import Adam
from tinytorch.training import Trainer

moves = Compose([RandomCrop(8, padding=1), ToTensor()])


def learn(transform):
    manual_seed(0)
    few, _ = random_split(Digits(train=True, transform=transform), [300, 1200])
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    trainer = Trainer(model, nn.CrossEntropyLoss(), Adam(model.parameters(), lr=0.003))
    trainer.fit(DataLoader(few, batch_size=20, shuffle=True, num_workers=2), epochs=60)
    return trainer


print(f"{'':24} held out: straight    moved")
for name, transform in (("learned straight ones", ToTensor()), ("learned moved ones", moves)):
    trainer = learn(transform)
    straight, askew = (
        trainer.evaluate(DataLoader(Digits(train=False, transform=way), batch_size=297)).accuracy
        for way in (ToTensor(), moves)
    )
    print(f"{name:24} {straight:18.1%} {askew:8.1%}")

# %% [markdown]
# ## What you can do now
#
# Feed a network from anything: tensors, folders, streams. You decide in which order, how rare
# examples get their say, who reads, and what a batch looks like. And you can repeat all of it,
# random images included, for any number of workers.
#
# ```
#   tito module complete 05
# ```
#
# ## Experiments
#
# 1. In `moves`, move by up to two pixels (`padding=2`), or flip the images with
#    `RandomHorizontalFlip`. Which of these changes leave a digit's label true?
# 2. Let `Album` raise an error at position 57, with four workers. Which batches still arrive, and
#    what does the traceback show?
# 3. Sort the 300 images by their label, and train with `shuffle=False`. What becomes of the
#    accuracy, and why?
#
# ## Three questions
#
# **1. A loader with `shuffle=True` and `drop_last=True` never shows the last few examples. Which?**
#
# <details><summary>Answer</summary>
#
# Others in each epoch: the order is drawn anew, and what happens to stand at its end is left out.
# Over many epochs every example gets its turn. Without shuffling it would always be the same ones,
# and they would never be learned from.
#
# </details>
#
# **2. Why does a random transform not draw from the one generator of module 00?**
#
# <details><summary>Answer</summary>
#
# With two threads it would be chance which of them draws first, so the same seed could give other
# images. Each batch has a generator of its own, made from the seed of the pass and the number of
# the batch. That seed comes from the one generator, so `manual_seed` still repeats everything.
#
# </details>
#
# **3. Somebody normalizes the test images with the mean and deviation of the test images. What is
# wrong with it?**
#
# <details><summary>Answer</summary>
#
# The network learned with other numbers, so the same gray now means something else. And a single
# image in use has no test set around it to take a mean of. The numbers belong to the training data,
# and are kept with the weights.
#
# </details>

# %% [markdown]
# # Module 11: Embeddings and positions
#
# Words as vectors that are learned, and three ways to say where in a sentence a word stands.
#
# About 20 minutes of reading and 1.5 hours of writing.
#
# This module needs modules 00 to 04. Nothing from 05 to 10 is needed; take those before or after.
#
# ## The question
#
# A network computes with numbers, and text is not made of numbers. The first idea is to number the
# words: cat 0, dog 1, bites 2, and so on; the number of a word is called its **id**. The second
# idea, to feed the ids in as they are, is bad: nothing about "bites" is twice as large as about
# "dog". So each word gets an input of its own that is 1 when the word is there, a **one-hot** row.
# The cell below does that, and looks at two things that hurt.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time

import numpy as np

from tinytorch import Tensor, manual_seed, no_grad, randn, tensor
from tinytorch.nn import CrossEntropyLoss, Linear, Module, ReLU, Sequential
from tinytorch.optim import Adam

manual_seed(0)
words = ["cat", "dog", "bites", "sees", "the"]


def one_hot(ids, vocabulary):
    """(L,) ids to (L, vocabulary): row i is 1 at ids[i], 0 elsewhere."""
    return Tensor((np.array(ids)[:, None] == np.arange(vocabulary)).astype(np.float32))


layer = Linear(len(words), 4, bias=False)
first = layer(one_hot([0, 2, 1], 5)).sum(0)
second = layer(one_hot([1, 2, 0], 5)).sum(0)
print("'cat bites dog':", first.data.round(3))
print("'dog bites cat':", second.data.round(3), "<- the same")

vocabulary, width, ids = 20_000, 64, np.arange(256)
rows, table = one_hot(ids, vocabulary), randn(vocabulary, width)
start = time.perf_counter()
by_product = rows @ table
middle = time.perf_counter()
by_lookup = table[ids]
end = time.perf_counter()
print(f"256 of 20,000 words: {256 * vocabulary * width / 1e6:.0f} million multiplications", end=" ")
print(f"take {(middle - start) * 1e3:.1f} ms; looking the rows up {(end - middle) * 1e3:.2f} ms")
print("and the results are equal:", np.array_equal(by_product.data, by_lookup.data))

# %% [markdown]
# The first: nearly all of these multiplications were by zero. A one-hot row times a matrix picks
# one row of the matrix, and picking needs no arithmetic. The row that is picked, a few dozen
# numbers that stand for the word, is called its **embedding**. It is a weight like any other, and
# learned.
#
# The second: adding up words forgets their order, and a dog that bites a cat is not a cat that
# bites a dog. What the sum (and later, attention) does not see must be put into the vectors
# themselves: each word gets something added that says *where* it stands.
#
# ## Where this stands
#
# Learned vectors for words: Bengio, Ducharme, Vincent and Jauvin, *A Neural Probabilistic Language
# Model* (2003); made famous by Mikolov and others, *Efficient Estimation of Word Representations in
# Vector Space* (word2vec, 2013). Positions made of sines and cosines: Vaswani and others,
# *Attention Is All You Need* (2017). Learned positions: Gehring and others, *Convolutional Sequence
# to Sequence Learning* (2017). Rotary positions: Su and others, *RoFormer* (2021), used in most
# language models since. PyTorch has `nn.Embedding` and `nn.functional.embedding`; for positions it
# has no layer of its own, so the names here are ours.
#
# Shapes in this module: ids are `(N, L)`, N sequences of L words; their embeddings are `(N, L, D)`,
# D numbers for each word, the **width**.

# %% [markdown]
# ## Task 11.1: look it up: embedding
#
# ```
#   weight (V=4, D=3)              ids (2, 2)            result (2, 2, 3)
#
#   0   [ .1  .2  .3 ]             [[ 3, 0 ],            [[[ 1. 1. 1. ], [ .1 .2 .3 ]],
#   1   [ .4  .5  .6 ]              [ 1, 1 ]]             [[ .4 .5 .6 ], [ .4 .5 .6 ]]]
#   2   [ .7  .8  .9 ]
#   3   [ 1.  1.  1. ]
# ```
#
# NumPy does this by indexing with an array. Two mistakes must not go through silently. Ids that are
# not whole numbers are a mistake. And ids out of range are one: an id of V or more NumPy refuses by
# itself, but a *negative* one it takes as "from the end", and the program goes on with the wrong
# word. Check both before the lookup. An empty array of ids is fine.

# %%
#| export nn.functional
import numpy as np

from tinytorch.tensor import DtypeError, Function, Tensor, unwrap


def look_up(weight, ids):
    """Row ids[...] of the table, for each id.

    Args:
        weight: np.ndarray (V, D), one row for each word of the vocabulary.
        ids: np.ndarray of whole numbers from 0 to V - 1, any shape.

    Returns:
        np.ndarray (*ids.shape, D).

    Raises:
        DtypeError: the ids are not whole numbers (their `dtype.kind` is not "i" or "u"); it is a
            TypeError, and PyTorch's RuntimeError too.
        IndexError: an id is below 0, or V or more; the message has the id and V.

    Example:
        >>> look_up(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 1, 0])).tolist()
        [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    ### BEGIN SOLUTION
    if ids.dtype.kind not in "iu":
        raise DtypeError(f"embedding: ids must be whole numbers, not {ids.dtype}")
    wrong = ids[(ids < 0) | (ids >= len(weight))]
    if wrong.size:
        raise IndexError(
            f"embedding: id {wrong[0]} is out of range: the table of shape {weight.shape} has "
            f"rows 0 to {len(weight) - 1}"
        )
    return weight[ids]
    ### END SOLUTION


# %%
table = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [1.0, 1.0, 1.0]])
print(look_up(table, np.array([[3, 0], [1, 1]])))
for wrong in (np.array([0, -1]), np.array([1.0, 2.0])):
    try:
        look_up(table, wrong)
    except (IndexError, TypeError) as error:
        print(type(error).__name__, "-", error)

# %% [markdown]
# ## Task 11.2: the gradient of a table
#
# A row that was not looked up had no influence: its gradient is zero. A row that was looked up gets
# the gradient of the place it went to. And a row that was looked up *three times* gets the sum of
# three. This is where a quick `out[ids] = grad` goes wrong, and `out[ids] += grad` just as much:
# NumPy reads, adds and writes once for each row, so of three additions one is left.
#
# ```
#   ids   [ 2, 0, 2 ]        grad   [ a, b, c ]        gradient of the table:   0   b
#                                                                               1   0
#                                                                               2   a + c
# ```
#
# `np.add.at(out, ids, grad)` does add every time, one element after the other. Faster for long
# texts, and the way to take here: sort the ids, so that equal ones stand together, and let
# `np.add.reduceat(rows, starts)` sum the runs. It sums rows[starts[0]:starts[1]],
# rows[starts[1]:starts[2]], and so on to the end.
#
# ```
#   order = argsort(ids)   [ 1, 0, 2 ]
#   ids[order]             [ 0, 2, 2 ]
#   starts of runs         [ 0, 1 ]          runs: rows 0..0 (id 0), rows 1..2 (id 2)
# ```
#
# A run starts where a sorted id differs from the one before it. `np.diff` gives the differences,
# `np.flatnonzero` the positions where they are not zero; the first id has none before it, so let
# diff put a number in front that is no id (`prepend=-1`).
#
# Either way is right; the check below measures both.


# %%
#| export nn.functional
def sum_rows_by_id(ids, rows, size):
    """For each id the sum of all rows that belong to it.

    Args:
        ids: np.ndarray (M,), whole numbers from 0 to size - 1, possibly none.
        rows: np.ndarray (M, D).
        size: V, the number of rows of the result.

    Returns:
        np.ndarray (V, D) of rows' dtype; zero for an id that does not occur.

    Example:
        >>> sum_rows_by_id(np.array([2, 0, 2]), np.array([[1.0], [10.0], [100.0]]), 3).tolist()
        [[10.0], [0.0], [101.0]]
    """
    out = np.zeros((size, rows.shape[1]), rows.dtype)
    ### BEGIN SOLUTION
    if len(ids):
        order = np.argsort(ids, kind="stable")
        ids = ids[order]
        starts = np.flatnonzero(np.diff(ids, prepend=-1))
        out[ids[starts]] = np.add.reduceat(rows[order], starts)
    return out
    ### END SOLUTION


# %%
print(sum_rows_by_id(np.array([2, 0, 2]), np.array([[1.0], [10.0], [100.0]]), 4).tolist())
rng = np.random.default_rng(0)
ids, rows = rng.integers(0, 1000, 4096), rng.standard_normal((4096, 64)).astype(np.float32)
yours, theirs = [], []
for _ in range(5):
    start = time.perf_counter()
    fast = sum_rows_by_id(ids, rows, 1000)
    middle = time.perf_counter()
    slow = np.zeros_like(fast)
    np.add.at(slow, ids, rows)
    yours.append(middle - start)
    theirs.append(time.perf_counter() - middle)
print(f"4096 rows, best of five: yours {min(yours) * 1e3:.1f} ms,", end=" ")
print(f"np.add.at {min(theirs) * 1e3:.1f} ms, equal: {np.allclose(fast, slow, atol=1e-4)}")

# %% [markdown]
# ## Task 11.3: a word that is no word: padding
#
# Sequences in a batch must have one length, so short ones are filled up with a special id, the
# **padding**. Its row should stay what it is (zeros, usually): padding must never learn. PyTorch
# calls the argument `padding_idx`; None means there is none, and a negative one counts from the end
# of the table. With it, the gradient of that row is zero, however often it was looked up.
#
# Write the operation's two directions with what you have. `self.args` in `backward` is what forward
# was called with. The gradient arrives in the shape (*ids.shape, D); `sum_rows_by_id` wants ids
# (M,) and rows (M, D). Ids need no gradient: return None for them.


# %%
#| export nn.functional
class EmbeddingOp(Function):
    """Rows of a table by id: (V, D) and (...) to (..., D)."""

    def forward(self, weight, ids, padding_idx):
        return look_up(weight, ids)

    def backward(self, grad):
        """From the gradient (..., D) to that of the table (V, D); row `padding_idx` is zero.

        Returns:
            (np.ndarray (V, D), None): the ids have no gradient.
        """
        weight, ids, padding_idx = self.args
        ### BEGIN SOLUTION
        rows = grad.reshape(-1, weight.shape[1])
        out = sum_rows_by_id(ids.reshape(-1), rows, len(weight))
        if padding_idx is not None:
            out[padding_idx] = 0
        return out, None
        ### END SOLUTION


def embedding(input, weight, padding_idx=None):
    """Look up the rows of `weight` (V, D) for the ids in `input` (...): (..., D).

    Args:
        input: Tensor (or array) of whole numbers from 0 to V - 1.
        weight: Tensor (V, D).
        padding_idx: a row that gets no gradient, or None.

    Raises:
        TypeError, IndexError: ids that are not whole numbers, or out of range.
    """
    if padding_idx is not None and not -len(weight) <= padding_idx < len(weight):
        raise IndexError(f"padding_idx {padding_idx} is out of range for {weight.shape}")
    return EmbeddingOp.apply(weight, np.asarray(unwrap(input)), padding_idx)


# %%
weight = Tensor(table, requires_grad=True)
embedding(tensor([[2, 0, 2], [1, 1, 1]]), weight, padding_idx=1).sum().backward()
print("row 2 was used twice, row 3 never, row 1 is padding:")
print(weight.grad.data)

# %% [markdown]
# ## Task 11.4: the layer, Embedding
#
# `Embedding(num_embeddings, embedding_dim, padding_idx=None)` owns its table. As in PyTorch the
# first values are drawn from a normal distribution (`nn.init.normal_`), and the padding row starts
# as zeros. `padding_idx` may be negative; keep it as a number from 0 on.

# %%
#| default_exp nn.embeddings
#| export
import numpy as np

from tinytorch.nn.init import normal_
from tinytorch.nn.modules import Module, Parameter
from tinytorch.tensor import Tensor, float32

if __name__ == "tinytorch.nn.embeddings":  # in the package; this lesson has the names already
    from tinytorch.nn.functional import embedding, rotary, sinusoidal_positions

__all__ = [
    "Embedding",
    "LearnedPositionalEmbedding",
    "RotaryPositionalEmbedding",
    "SinusoidalPositionalEncoding",
]


class Embedding(Module):
    """A learned vector for each id: (...) whole numbers to (..., embedding_dim)."""

    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        """Make the table.

        Args:
            num_embeddings: V, the size of the vocabulary; ids go from 0 to V - 1.
            embedding_dim: D, numbers for each id.
            padding_idx: the id of the padding, or None; its row is zero and never learns.

        `self.weight` is a Parameter (V, D), float32.

        Example:
            >>> Embedding(10, 4)(tensor([[1, 2, 3]])).shape
            (1, 3, 4)
        """
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx {padding_idx} must be within {num_embeddings} rows")
        ### BEGIN SOLUTION
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = Parameter(np.empty((num_embeddings, embedding_dim), float32))
        normal_(self.weight)
        if padding_idx is not None:
            self.weight.data[self.padding_idx] = 0
        ### END SOLUTION

    def forward(self, input):
        return embedding(input, self.weight, self.padding_idx)

    def extra_repr(self):
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


# %%
manual_seed(0)
layer = Embedding(5, 4, padding_idx=-1)
print(layer)
print(layer(tensor([[0, 1, 4]])).data.round(2))

# %% [markdown]
# ## Task 11.5: positions as waves: sinusoidal
#
# Now to the order. Every position needs a vector of its own, of the same width D as the embeddings,
# so that the two can be added. Counting 0, 1, 2, ... in one of the numbers would grow without
# limit. A clock does it better: several hands, each slower than the one before.
#
# ```
#   position    fast hand        slower hand       still slower
#      0        |                |                 |
#      1        /                |                 |
#      2        -                /                 |
#      3        \                /                 |
# ```
#
# Vaswani and others take D / 2 hands, and for each hand its sine and its cosine. Hand i (from 0) of
# position p stands at the angle
#
# ```
#   p / 10000^(2 i / D)
# ```
#
# so the first one moves by one radian per position, and the wider the vectors, the nearer the last
# one comes to being ten thousand times slower.
# In the result sine and cosine alternate: columns 0, 2, 4, ... are sines of hands 0, 1, 2, ...;
# columns 1, 3, 5, ... their cosines. A slice with step 2 writes every second column.


# %%
#| export nn.functional
def hand_angles(length, dim, base=10000.0):
    """The angles of dim / 2 clock hands at positions 0 to length - 1.

    Args:
        length: L, number of positions. dim: D, even. base: how much slower the slowest hand is.

    Returns:
        np.ndarray (L, D / 2), float64; element [p, i] is p / base ** (2 * i / dim).

    Raises:
        ValueError: `dim` is odd.
    """
    if dim % 2:
        raise ValueError(f"positions need an even width (sine and cosine come in pairs), not {dim}")
    speeds = base ** (-np.arange(0, dim, 2) / dim)
    return np.arange(length)[:, None] * speeds


def sinusoidal_positions(length, dim):
    """The position vectors of "Attention Is All You Need" (Vaswani et al., 2017).

    Args:
        length: L, number of positions. dim: D, even.

    Returns:
        np.ndarray (L, D), float32; even columns are sines, odd columns cosines of `hand_angles`,
        rounded at the end: large angles need float64.

    Raises:
        ValueError: `dim` is odd.

    Example:
        >>> sinusoidal_positions(2, 4).round(2).tolist()[0]
        [0.0, 1.0, 0.0, 1.0]
    """
    ### BEGIN SOLUTION
    angles = hand_angles(length, dim)
    out = np.empty((length, dim), np.float32)
    out[:, 0::2] = np.sin(angles)
    out[:, 1::2] = np.cos(angles)
    return out
    ### END SOLUTION


# %%
waves = sinusoidal_positions(24, 16)
print("24 positions down, 16 columns right; # is above 0.5, . below -0.5")
for row in waves[::2]:
    print("  ", "".join("#" if value > 0.5 else "." if value < -0.5 else " " for value in row))
likeness = waves @ waves.T
print("likeness of position 8 to 6, 7, 8, 9, 10:", likeness[8, 6:11].round(2))

# %% [markdown]
# The nearest positions are the most alike, and to both sides in the same way: only the distance
# counts. Nobody had to say so. Slow hands barely move from one position to the next.
#
# ## Task 11.6: add them
#
# Two layers that add a position vector to each word of (N, L, D). One has the waves and nothing to
# learn. The other has a table, one learned row for each position, as in the language model GPT-2
# (2019): it can learn whatever it likes, but it has no row for a position beyond its table.
#
# Both take sequences up to `max_len` long. Each adds the first L rows of its table to the input;
# broadcasting does the N sequences. `register_buffer` (module 03) keeps an array that belongs to
# the layer but is not learned: `self.table` is then a Tensor. It is float32. Added to a smaller
# input (float16) it would make the sum float32 too, so `table` below has the dtype of the input.


# %%
#| export
def checked_length(layer, input):
    """The L of (N, L, D); an error when it is more than the layer has positions, or D differs."""
    if input.ndim < 2 or input.shape[-1] != layer.dim:
        raise ValueError(f"{layer}: input of shape {input.shape} does not end in (L, {layer.dim})")
    if input.shape[-2] > layer.max_len:
        raise ValueError(
            f"{layer}: input of shape {input.shape} has {input.shape[-2]} positions, "
            f"there are {layer.max_len}"
        )
    return input.shape[-2]


class SinusoidalPositionalEncoding(Module):
    """Add sine and cosine waves: (..., L, dim) to the same shape. Nothing is learned."""

    def __init__(self, max_len, dim):
        super().__init__()
        self.max_len, self.dim = max_len, dim
        self.register_buffer("table", Tensor(sinusoidal_positions(max_len, dim)))

    def forward(self, input):
        """Add row p of the table to position p.

        Raises:
            ValueError: more than `max_len` positions, or a width other than `dim`.
        """
        length = checked_length(self, input)
        table = self.table.to(input.dtype)
        ### BEGIN SOLUTION
        return input + table[:length]
        ### END SOLUTION

    def extra_repr(self):
        return f"{self.max_len}, {self.dim}"


class LearnedPositionalEmbedding(Module):
    """Add a learned vector for each position: (..., L, dim) to the same shape."""

    def __init__(self, max_len, dim):
        """Make the table: `self.weight`, Parameter (max_len, dim), float32, normal, std 0.02."""
        super().__init__()
        self.max_len, self.dim = max_len, dim
        ### BEGIN SOLUTION
        self.weight = Parameter(np.empty((max_len, dim), float32))
        normal_(self.weight, std=0.02)
        ### END SOLUTION

    def forward(self, input):
        """Add row p of the table to position p.

        Raises:
            ValueError: more than `max_len` positions, or a width other than `dim`.
        """
        length = checked_length(self, input)
        ### BEGIN SOLUTION
        return input + self.weight[:length]
        ### END SOLUTION

    def extra_repr(self):
        return f"{self.max_len}, {self.dim}"


# %%
sentence = Tensor(np.zeros((1, 3, 4), np.float32))
print(SinusoidalPositionalEncoding(10, 4)(sentence).data[0].round(2))
learned = LearnedPositionalEmbedding(10, 4)
learned(sentence).sum().backward()
print("rows with a gradient:", learned.weight.grad.data.any(axis=1).astype(int).tolist())

# %% [markdown]
# ## Task 11.7: turn instead of add: rotary
#
# Adding mixes what a word is with where it stands. Su and others (2021) had another idea: *turn*
# the vector. Take its numbers in pairs, (x0, x1), (x2, x3), ..., each pair a point in the plane,
# and turn pair i of position p by the angle of hand i at position p.
#
# ```
#                                     x0' = x0 cos a - x1 sin a
#        . (x0', x1')                 x1' = x1 cos a + x0 sin a
#       /
#      /  a    . (x0, x1)
#     /    . '
#    / . '
#    +-------------
# ```
#
# Why this is clever: attention (module 12) compares two words by the dot product of their vectors.
# If one was turned by angle a and the other by b, the dot product depends only on a - b, and so
# only on *how far apart* the words are. That "two words back" means the same at the beginning and
# at the end of a text, no longer has to be learned.
#
# Here it pays to stay with tensors: slices, products and `stack` are operations that autograd
# knows, so there is no backward to write. `x[..., 0::2]` is the first number of each pair, (..., L,
# D / 2). Stack the two results along a new last axis, (..., L, D / 2, 2), then flatten the last two
# axes.

# %%
#| export nn.functional
from tinytorch.tensor import stack


def rotary(x, cos, sin):
    """Turn the pairs (x0, x1), (x2, x3), ... of each position (Su et al., 2021).

    Args:
        x: Tensor (..., L, D), D even.
        cos, sin: Tensor (L, D / 2), of the angle of each position and pair.

    Returns:
        Tensor (..., L, D).

    Example:
        >>> quarter = tensor([[0.0]]), tensor([[1.0]])   # cos and sin of 90 degrees
        >>> rotary(tensor([[3.0, 1.0]]), *quarter).tolist()
        [[-1.0, 3.0]]
    """
    ### BEGIN SOLUTION
    first, second = x[..., 0::2], x[..., 1::2]
    turned = stack([first * cos - second * sin, second * cos + first * sin], dim=-1)
    return turned.flatten(-2)
    ### END SOLUTION


# %%
quarter = tensor([[0.0]]), tensor([[1.0]])
point = tensor([[3.0, 1.0]])
print("a quarter turn, four times:", end=" ")
for _ in range(4):
    point = rotary(point, *quarter)
    print(point.tolist()[0], end=" ")
print()

# %% [markdown]
# ## Task 11.8: the rotary layer
#
# The layer makes the cosines and sines once, for `max_len` positions, from `hand_angles` with the
# width `dim` and the given `base`, and keeps them as buffers `cos` and `sin` of shape (max_len,
# dim / 2), float32. Forward turns an input (..., L, dim) with the first L rows of both, converted
# to the dtype of the input as in task 11.6.

# %%
#| export
if __name__ == "tinytorch.nn.embeddings":
    from tinytorch.nn.functional import hand_angles


class RotaryPositionalEmbedding(Module):
    """Turn each position by its own angles: (..., L, dim) to the same shape. Nothing is learned."""

    def __init__(self, dim, max_len=2048, base=10000.0):
        """Make the tables: sines and cosines of float64 angles, rounded at the end.

        Args:
            dim: the width, even. max_len: number of positions. base: of `hand_angles`.

        Raises:
            ValueError: `dim` is odd.
        """
        super().__init__()
        self.max_len, self.dim, self.base = max_len, dim, base
        ### BEGIN SOLUTION
        angles = hand_angles(max_len, dim, base)
        self.register_buffer("cos", Tensor(np.cos(angles).astype(float32)))
        self.register_buffer("sin", Tensor(np.sin(angles).astype(float32)))
        ### END SOLUTION

    def forward(self, input):
        """Turn position p by the angles of row p; the result has the dtype of the input.

        Raises:
            ValueError: more than `max_len` positions, or a width other than `dim`.
        """
        length = checked_length(self, input)
        ### BEGIN SOLUTION
        cos, sin = self.cos.to(input.dtype), self.sin.to(input.dtype)
        return rotary(input, cos[:length], sin[:length])
        ### END SOLUTION

    def extra_repr(self):
        return f"{self.dim}, max_len={self.max_len}, base={self.base}"


# %%
manual_seed(3)
query, key = randn(16), randn(16)
rope = RotaryPositionalEmbedding(16, max_len=100)
queries, keys = rope(query.expand(100, 16)), rope(key.expand(100, 16))
products = (queries @ keys.T).data
print("the same two words, three positions apart:", products[[3, 20, 90], [0, 17, 87]].round(4))
print("ten positions apart:                      ", products[[10, 20, 90], [0, 10, 80]].round(4))

# %% [markdown]
# Three positions apart is three positions apart, wherever it is.
#
# ## Put together
#
# Two words, A and B, stand somewhere among others. Which comes first? The model looks words up,
# sends each through the same small network, and averages. Without positions the average cannot
# know. With waves added to the embeddings, it can.


# %%
class WhichFirst(Module):
    def __init__(self, positions):
        super().__init__()
        self.words = Embedding(20, 16)
        self.positions = SinusoidalPositionalEncoding(10, 16) if positions else None
        self.each = Sequential(Linear(16, 32), ReLU())
        self.decide = Linear(32, 2)

    def forward(self, ids):
        x = self.words(ids)
        if self.positions is not None:
            x = self.positions(x)
        return self.decide(self.each(x).mean(1))


def sentences(count, seed):
    """(count, 10) ids of 20 words; A is 0, B is 1, each once; label 1 if A comes first."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(2, 20, (count, 10))
    for row in ids:
        row[rng.choice(10, 2, replace=False)] = rng.permutation(2)
    return tensor(ids), tensor((ids.argmin(1) < (ids == 1).argmax(1)).astype(np.int64))


(train_ids, train_labels), (test_ids, test_labels) = sentences(500, 1), sentences(500, 2)
for positions in (False, True):
    manual_seed(1)
    model = WhichFirst(positions)
    optimizer, loss_fn = Adam(model.parameters(), lr=0.02), CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss_fn(model(train_ids), train_labels).backward()
        optimizer.step()
    with no_grad():
        right = (model(test_ids).argmax(1) == test_labels).float().mean().item()
    print(f"positions {positions!s:5}: {right:.0%} of new sentences right")

# %% [markdown]
# Half right is what a coin gets.
#
# ## What you can do now
#
# You can turn ids into vectors that learn, and tell a network about order in three ways: waves that
# are added, rows that are learned, angles that turn. `tito module test 11` runs the tests, `tito
# module complete 11` puts your code into `tinytorch`. With module 12, attention, the milestone of
# 2017 unlocks.
#
# ## Experiments
#
# - In `WhichFirst`, exchange the waves for `LearnedPositionalEmbedding(10, 16)`. Train on sentences
#   in which A and B stand only in the first five places, and test on all. Which of the two does
#   better, and why?
# - Print `likeness` for position 8 and all others with width 4, 16, 64. What does more width buy?
# - Train `Embedding(20, 2)` in the model above and print the vectors of A and B beside the others.
#
# ## Questions
#
# **1.** A table of 50,000 words with width 768 has how many bytes in float32? In one step 4,096
# words are looked up. How many bytes of the gradient can be other than zero?
#
# <details><summary>Answer</summary>
#
# 50,000 * 768 * 4, about 154 megabytes. At most 4,096 rows were used, 12.6 megabytes; the other 92
# percent of the gradient are zeros, which an optimizer like Adam still reads and writes. PyTorch
# has `sparse=True` for that.
#
# </details>
#
# **2.** Why does `WhichFirst` need the ReLU between the embedding and the average? What would the
# model compute without it?
#
# <details><summary>Answer</summary>
#
# Without it everything up to the average is linear, and the average of (word + position) is the
# average word plus the average position. The average position is the same for all sentences. The
# bend is what lets a word and its position act together.
#
# </details>
#
# **3.** Turning does not change the length of a vector. Why is that good for what comes after?
#
# <details><summary>Answer</summary>
#
# The embedding keeps its size, and with it the sizes that the following layers were initialized
# for. Adding a position makes vectors longer, and by a different amount for different words.
#
# </details>

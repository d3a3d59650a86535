# %% [markdown]
# # Module 12: Attention
#
# Queries, keys and values: a layer in which each position decides for itself where to look.
#
# About 25 minutes of reading and 1.5 hours of writing.
#
# This module needs modules 00 to 04. Module 11 (embeddings) is used by the milestone, not here.
#
# ## The question
#
# A Python dictionary answers a question by content: `ages["ana"]` finds the entry whose *key*
# equals "ana", wherever it stands, and returns its *value*. Networks need this all the time. In
# "the dog that bit Ana ran away, and she ..." the word "she" asks: who was that? A linear layer
# cannot look something up: its weights belong to places, and the answer may be anywhere.
#
# Could a dictionary be trained? The cell asks for a key that is nearly there.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time

import numpy as np

from tinytorch import Tensor, manual_seed, no_grad, randn, tensor
from tinytorch.nn import CrossEntropyLoss, Flatten, Linear, Module, ReLU, Sequential
from tinytorch.optim import Adam

hard = {(1.0, 0.0): 10.0, (0.0, 1.0): 20.0, (-1.0, 0.0): 30.0}
print("dictionary, exact key: ", hard.get((0.0, 1.0)))
print("dictionary, nearly it: ", hard.get((0.1, 1.0)))

keys = np.array(list(hard))
values = np.array(list(hard.values()))
for query in ([0.0, 1.0], [0.1, 1.0], [0.7, 0.7]):
    scores = keys @ np.array(query) * 6
    weights = np.exp(scores) / np.exp(scores).sum()
    print(f"soft dictionary, {query}: weights {weights.round(2)} answer {weights @ values:.2f}")

# %% [markdown]
# A dictionary knows "equal" and "not equal", nothing between, so it has no slope to train on. The
# soft one compares the query with *every* key by a dot product, turns the likenesses into weights
# that sum to 1 (softmax), and answers with the weighted average of all values. Near keys count
# much, far ones little. Every step has a gradient: keys, values and queries can all be learned.
# That is **attention**, and this is all of it. The rest of the module makes it fast and puts it in
# a layer.
#
# ## Where this stands
#
# Bahdanau, Cho and Bengio, *Neural Machine Translation by Jointly Learning to Align and Translate*
# (2015), let a translator look back at the sentence it translates. Vaswani and others, *Attention
# Is All You Need* (2017), threw out everything else, and named the result the Transformer. In
# PyTorch: `nn.functional.scaled_dot_product_attention` and `nn.MultiheadAttention`.
#
# Shapes in this module:
#
# ```
#   query (..., L, E)     L questions, each a vector of E numbers
#   key   (..., S, E)     S entries, each with a key of E numbers ...
#   value (..., S, Ev)    ... and a value of Ev numbers
#   weights (..., L, S)   how much question i looks at entry j; each row sums to 1
#   result (..., L, Ev)   the answers
# ```
#
# The dots stand for any number of leading axes (sequences, heads): everything happens for each of
# them separately, and NumPy's `@` does that by itself. For a transposed key use `k.mT`, which swaps
# the last two axes.

# %% [markdown]
# ## Task 12.1: how alike: the scores
#
# The scores: each query times each key, all dot products at once, times `scale`.
#
# ```
#   q (2, 3)               k (4, 3)           scores (2, 4)
#
#   [ query 0 ]            [ key 0 ]          [ q0.k0  q0.k1  q0.k2  q0.k3 ]
#   [ query 1 ]            [ key 1 ]          [ q1.k0  q1.k1  q1.k2  q1.k3 ]
#                          [ key 2 ]
#                          [ key 3 ]
# ```
#
# Why scale? The dot product of two random vectors of E numbers has a spread of about sqrt(E). For E
# = 64 scores of 8 and -8 are common, and softmax of such numbers is nearly 1 for one key and 0 for
# the others: a hard dictionary again, with hardly any slope. Vaswani and others multiply by 1 /
# sqrt(E), which keeps the spread at 1 for every E. Multiply q rather than the scores: usually it is
# the smaller array.

# %%
#| export nn.functional
import math

import numpy as np

from tinytorch.tensor import Function, Tensor, unwrap, wrap


def attention_scores(q, k, scale):
    """The scaled dot product of every query with every key.

    Args:
        q: np.ndarray (..., L, E). k: np.ndarray (..., S, E). scale: a number, 0 included.

    Returns:
        np.ndarray (..., L, S).

    Example:
        >>> attention_scores(np.array([[1.0, 2.0]]), np.array([[3.0, 0.0], [0.0, 1.0]]), 0.5)
        array([[1.5, 1. ]])
    """
    ### BEGIN SOLUTION
    return (q * scale) @ k.mT
    ### END SOLUTION


# %%
rng = np.random.default_rng(0)
for E in (4, 64, 1024):
    q, k = rng.standard_normal((100, E)), rng.standard_normal((100, E))
    plain, scaled = attention_scores(q, k, 1.0), attention_scores(q, k, 1 / math.sqrt(E))
    print(f"E = {E:4}: spread of the scores {plain.std():5.1f}, scaled {scaled.std():.2f}")

# %% [markdown]
# ## Task 12.2: weights: softmax with a mask
#
# Softmax over the keys, the last axis, as in module 03: subtract the largest score of each row, so
# that nothing overflows, then `exp`, then divide by the sum. `scores` was made for us alone, so
# work in it: `-=`, `np.exp(scores, out=scores)`, `/=`. No new large array is needed, and for long
# sequences this is the largest array of all.
#
# First comes the **mask**, if there is one: an array that is added to the scores. Where it is minus
# infinity, the weight becomes exactly 0: this query must not look at that key. One special case: a
# query that may look at nothing at all. Its largest score is minus infinity, and its sum would be
# 0. PyTorch answers with zeros, and so do we: take 0 for such a largest score and 1 for such a sum.
# (`np.isneginf` and a comparison with 0 find them; both arrays have shape (..., L, 1).) And when
# there are no keys at all, S = 0, `max` has nothing to choose from: `initial=-np.inf` helps.


# %%
#| export nn.functional
def attention_weights(scores, mask=None):
    """Softmax over the last axis of scores + mask. Overwrites `scores`.

    Args:
        scores: np.ndarray (..., L, S).
        mask: np.ndarray that broadcasts to (..., L, S), added to the scores before their largest
            is taken, or None.

    Returns:
        np.ndarray (..., L, S): rows that sum to 1, or all zeros where the mask allows no key.

    Example:
        >>> attention_weights(np.array([[5.0, 5.0, 1.0]]), np.array([0.0, 0.0, -np.inf]))
        array([[0.5, 0.5, 0. ]])
    """
    ### BEGIN SOLUTION
    if mask is not None:
        scores += mask
    largest = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    largest[np.isneginf(largest)] = 0
    scores -= largest
    np.exp(scores, out=scores)
    total = np.add.reduce(scores, axis=-1, keepdims=True)
    total[total == 0] = 1
    scores /= total
    return scores
    ### END SOLUTION


# %%
print(attention_weights(np.array([[1.0, 2.0, 3.0], [1000.0, 1000.0, 0.0]])).round(3))
future = np.triu(np.full((3, 3), -np.inf), 1)
print("with the future masked:")
print(attention_weights(np.zeros((3, 3)), future).round(3))

# %% [markdown]
# ## Task 12.3: attention, backward
#
# Forward was
#
# ```
#   scores = scale * q @ k.T      weights = softmax(scores)      out = weights @ v
# ```
#
# Go back through it, one step at a time, with `grad` the gradient of `out`. Two matrix products, of
# which you know the rules, and one softmax, of which you know the rule too (module 03):
#
# ```
#   out = weights @ v            grad_v       = weights.T @ grad
#                                grad_weights = grad @ v.T
#   weights = softmax(scores)    grad_scores  = weights * grad_weights - weights * row_sum
#                                row_sum      = sum over keys of (weights * grad_weights)
#   scores = scale * q @ k.T     grad_q       = scale * grad_scores @ k
#                                grad_k       = scale * grad_scores.T @ q
# ```
#
# The mask needs no line: where a weight is 0, so is everything that comes out of it. As a single
# operation this keeps one array (..., L, S) for the way back; put together from `@`, `*`, `+` and
# `softmax` it would keep the result of each, four. One caution: `weights` is needed for all three
# gradients. Work in place in an array of your own, not in `weights`.


# %%
#| export nn.functional
def attention_gradients(grad, q, k, v, weights, scale):
    """The gradients of attention for queries, keys and values.

    Args:
        grad: np.ndarray (..., L, Ev), the gradient of the result.
        q: (..., L, E). k: (..., S, E). v: (..., S, Ev). weights: (..., L, S). scale: a number.

    Returns:
        (gradient of q, gradient of k, gradient of v), np.ndarrays of the shapes of q, k and v.
    """
    ### BEGIN SOLUTION
    scores = grad @ v.mT
    scores *= weights
    scores -= weights * np.add.reduce(scores, axis=-1, keepdims=True)
    scores *= scale
    return scores @ k, scores.mT @ q, weights.mT @ grad
    ### END SOLUTION


class AttentionOp(Function):
    """softmax(scale * q @ k.T + mask) @ v as one operation."""

    def forward(self, q, k, v, mask, scale):
        self.weights = attention_weights(attention_scores(q, k, scale), mask)
        return self.weights @ v

    def backward(self, grad):
        q, k, v, _, scale = self.args
        return attention_gradients(grad, q, k, v, self.weights, scale)


# %%
rng = np.random.default_rng(1)
q, k, v = (Tensor(rng.standard_normal((4, 3)), requires_grad=True) for _ in range(3))
AttentionOp.apply(q, k, v, None, 0.5).sum().backward()
before = q.grad.data[1, 2]
moved = []
for step in (1e-6, -1e-6):
    q.data[1, 2] += step
    moved.append(AttentionOp.apply(q, k, v, None, 0.5).sum().item())
    q.data[1, 2] -= step
print(f"gradient of one query number: {before:.8f}")
print(f"by central difference:        {(moved[0] - moved[1]) / 2e-6:.8f}")

# %% [markdown]
# ## Task 12.4: who may look where: the mask
#
# Two kinds of masks are asked for in PyTorch's function. A **bool** mask says where looking is
# allowed: True means yes. It must become numbers to add: 0 where True, minus infinity where False.
# A **float** mask is added as it is. Anything else (whole numbers, say) is refused, because nobody
# can know what a 1 would mean.
#
# And one mask is so common that it has a name. When a network writes a text word by word, position
# i must not see what comes after it. The **causal** mask, (L, S), has 0 where key j <= query i and
# minus infinity where j > i:
#
# ```
#            key 0   1    2    3
#   query 0    0   -inf -inf -inf
#   query 1    0    0   -inf -inf
#   query 2    0    0    0   -inf
#   query 3    0    0    0    0
# ```
#
# `np.where` makes the first, `np.triu(array, 1)` helps with the second: it keeps what is above the
# diagonal and sets the rest to 0.


# %%
#| export nn.functional
def additive_mask(allowed, dtype):
    """A mask to add to scores.

    Args:
        allowed: np.ndarray of bools (True: may look) or of floats (added as they are).
        dtype: the dtype of the scores, for the result.

    Returns:
        np.ndarray of the same shape and of `dtype`.

    Raises:
        TypeError: neither bools nor floats; the message has the dtype.

    Example:
        >>> additive_mask(np.array([True, False]), np.float32)
        array([  0., -inf], dtype=float32)
    """
    ### BEGIN SOLUTION
    if allowed.dtype == bool:
        return np.where(allowed, 0, -np.inf).astype(dtype)
    if allowed.dtype.kind != "f":
        raise TypeError(f"attn_mask must be of bools or floats, not {allowed.dtype}")
    return allowed.astype(dtype, copy=False)
    ### END SOLUTION


def causal_mask(queries, keys, dtype):
    """The mask that hides the future: query i sees keys 0 to i.

    Args:
        queries: L. keys: S. dtype: of the result.

    Returns:
        np.ndarray (L, S) of `dtype`: 0 where key j <= query i, -inf where j > i.
    """
    ### BEGIN SOLUTION
    return np.triu(np.full((queries, keys), -np.inf, dtype), 1)
    ### END SOLUTION


# %%
print(additive_mask(np.array([[True, False], [True, True]]), np.float32))
print(causal_mask(4, 4, np.float32))

# %% [markdown]
# ## Task 12.5: scaled_dot_product_attention
#
# Everything together, with PyTorch's arguments. `scale=None` means 1 / sqrt(E). With `is_causal`
# the mask is the causal one; PyTorch does not allow both, and `check_attention`, given, refuses it,
# together with shapes that do not fit. What is left: choose the scale, make the mask, apply the
# operation. (`dropout_p` sets some weights to 0 at random while training; that is given too, and
# needs module 06 if it is not 0.)


# %%
#| export nn.functional
def check_attention(query, key, value, mask, is_causal):
    """Refuse shapes and masks that do not fit, and say which."""
    shapes = f"query {query.shape}, key {key.shape}, value {value.shape}"
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ValueError(f"attention needs (..., length, width): {shapes}")
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(f"queries and keys must have the same width (last dimension): {shapes}")
    if key.shape[-2] != value.shape[-2]:
        raise ValueError(f"there must be one value for each key: {shapes}")
    if mask is None:
        return
    if is_causal:
        raise ValueError("give attn_mask or is_causal=True, not both")
    scores = (*query.shape[:-1], key.shape[-2])
    fits = len(mask.shape) <= len(scores) and all(
        m in (1, s) for m, s in zip(reversed(mask.shape), reversed(scores))
    )
    if not fits:
        raise ValueError(f"attn_mask of shape {mask.shape} does not fit scores of shape {scores}")


def dropout_of_module_06(argument):
    """Its dropout, or an error that names the module and the argument that asks for it."""
    from tinytorch.nn import functional

    if not hasattr(functional, "dropout"):
        raise ValueError(f"attention dropout needs module 06_normalization: use {argument}=0.0")
    return functional.dropout


def attention_with_dropout(query, key, value, p, **how):
    """Attention of which some weights are dropped; with the identity as values one sees them."""
    dropout = dropout_of_module_06("dropout_p")
    identity = wrap(np.eye(key.shape[-2], dtype=query.dtype))
    return dropout(scaled_dot_product_attention(query, key, identity, **how), p) @ value


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None
):
    """softmax(query @ key.T * scale + mask) @ value (Vaswani et al., 2017).

    Args:
        query: Tensor (..., L, E). key: Tensor (..., S, E). value: Tensor (..., S, Ev).
        attn_mask: Tensor that broadcasts to (..., L, S); bools (True: may look) or floats (added).
        dropout_p: the probability to drop a weight; more than 0 needs module 06.
        is_causal: query i sees keys 0 to i.
        scale: None means 1 / sqrt(E).

    Returns:
        Tensor (..., L, Ev).

    Raises:
        ValueError: shapes that do not fit. TypeError: a mask of neither bools nor floats.
    """
    check_attention(query, key, value, attn_mask, is_causal)
    if dropout_p:
        how = {"attn_mask": attn_mask, "is_causal": is_causal, "scale": scale}
        return attention_with_dropout(query, key, value, dropout_p, **how)
    ### BEGIN SOLUTION
    mask = None
    if is_causal:
        mask = causal_mask(query.shape[-2], key.shape[-2], query.dtype)
    elif attn_mask is not None:
        mask = additive_mask(unwrap(attn_mask), query.dtype)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    return AttentionOp.apply(query, key, value, mask, scale)
    ### END SOLUTION


# %%
rows = Tensor(np.eye(4, dtype=np.float32) * 8)
numbers = tensor([[1.0], [2.0], [3.0], [4.0]])
found = scaled_dot_product_attention(rows, rows, numbers)
print("each finds itself:   ", found.data.ravel().round(2))
same = Tensor(np.zeros((4, 4), np.float32))
seen = scaled_dot_product_attention(same, same, numbers, is_causal=True)
print("mean of all so far:  ", seen.data.ravel())

manual_seed(0)
q, k, v = (randn(8, 4, 128, 32) for _ in range(3))
start = time.perf_counter()
scaled_dot_product_attention(q, k, v)
took = time.perf_counter() - start
print(f"8 sequences of 128, 4 heads: {took * 1e3:.0f} ms; the weights are", end=" ")
print(f"{8 * 4 * 128 * 128 * 4 / 1e6:.1f} MB, four times that for twice the length")

# %% [markdown]
# ## Task 12.6: several heads
#
# One softmax can look at one thing well. But a word may need two: "she" wants to know *who*, and
# also *when*. So the width E is cut into H parts, the **heads**, each with its own queries, keys
# and values of E / H numbers, its own weights, its own answer; at the end the parts are put side by
# side again.
#
# ```
#   (N, L, E)      reshape        (N, L, H, E/H)     transpose      (N, H, L, E/H)
#
#   a word:  [ a b c d e f ]  ->  [ a b c | d e f ]  ->  head 0: all words' [a b c]
#                                                        head 1: all words' [d e f]
# ```
#
# Only shapes change, and `transpose(1, 2)` does not copy anything. It has to be a transpose: a
# direct reshape to (N, H, L, E / H) has the right shape too, and mixes words up.


# %%
#| export nn.functional
def split_heads(x, heads):
    """Cut the width into heads: Tensor (N, L, E) to Tensor (N, heads, L, E / heads)."""
    ### BEGIN SOLUTION
    n, length, width = x.shape
    return x.reshape(n, length, heads, width // heads).transpose(1, 2)
    ### END SOLUTION


def merge_heads(x):
    """Put heads side by side again: Tensor (N, H, L, D) to Tensor (N, L, H * D)."""
    ### BEGIN SOLUTION
    n, heads, length, width = x.shape
    return x.transpose(1, 2).reshape(n, length, heads * width)
    ### END SOLUTION


# %%
words = Tensor(np.array([[[11, 12, 13, 14], [21, 22, 23, 24], [31, 32, 33, 34]]]))
print("head 0:", split_heads(words, 2).tolist()[0][0])
print("head 1:", split_heads(words, 2).tolist()[0][1])
print("merged:", merge_heads(split_heads(words, 2)).tolist()[0])

# %% [markdown]
# ## Task 12.7: the parameters
#
# Where do queries, keys and values come from? From the same words, through three linear layers, all
# learned: what does this word ask (query), what does it offer to be found by (key), what does it
# say when found (value). A fourth one mixes the heads' answers.
#
# PyTorch keeps the first three in one parameter, `in_proj_weight` (3E, E): rows 0 to E - 1 for the
# queries, E to 2E - 1 for the keys, the rest for the values; `in_proj_bias` (3E,) likewise. The
# fourth is a `Linear(E, E)` named `out_proj` ("proj" is for **projection**, a linear layer that
# takes a vector into another space). First values as in PyTorch: `xavier_uniform_` for
# `in_proj_weight`, zeros for `in_proj_bias` and for the bias of `out_proj`. Without bias
# `in_proj_bias` is None, and `out_proj` has none.
#
# The class grows through the next tasks, with `methods_of` from module 01.

# %%
#| default_exp nn.attention
#| export
import math

import numpy as np

from tinytorch.nn.functional import linear, softmax
from tinytorch.nn.init import xavier_uniform_, zeros_
from tinytorch.nn.modules import Linear, Module, Parameter
from tinytorch.tensor import Tensor, float32, methods_of, unwrap, wrap

if __name__ == "tinytorch.nn.attention":  # in the package; this lesson has the names already
    from tinytorch.nn.functional import (
        AttentionOp,
        additive_mask,
        causal_mask,
        dropout_of_module_06,
        merge_heads,
        scaled_dot_product_attention,
        split_heads,
    )

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Attention with several heads and learned projections (Vaswani et al., 2017).

    `in_proj_weight` (3E, E), `in_proj_bias` (3E,), `out_proj` Linear(E, E), as in PyTorch, float32.
    """

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, batch_first=False):
        """Make the parameters.

        Args:
            embed_dim: E, the width of queries, keys, values and results.
            num_heads: H; divides E.
            dropout: in training, the probability to drop a weight; more than 0 needs module 06.
            bias: False for projections without.
            batch_first: True for (N, L, E), False for (L, N, E).

        Raises:
            ValueError: `num_heads` does not divide `embed_dim`.
        """
        super().__init__()
        if num_heads < 1 or embed_dim % num_heads:
            raise ValueError(f"num_heads={num_heads} must divide embed_dim={embed_dim}")
        if dropout:
            dropout_of_module_06("dropout")
        self.embed_dim, self.num_heads, self.batch_first = embed_dim, num_heads, batch_first
        self.head_dim, self.dropout = embed_dim // num_heads, dropout
        ### BEGIN SOLUTION
        self.in_proj_weight = Parameter(np.empty((3 * embed_dim, embed_dim), float32))
        xavier_uniform_(self.in_proj_weight)
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, float32)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias)
        if bias:
            zeros_(self.out_proj.bias)
        ### END SOLUTION


# %%
manual_seed(0)
for name, parameter in MultiheadAttention(8, 2).named_parameters():
    print(f"{name:16} {parameter.shape!s:8} largest {np.abs(parameter.data).max():.2f}")

# %% [markdown]
# ## Task 12.8: queries, keys and values
#
# Part 0 is the queries, 1 the keys, 2 the values. Take the part's rows out of `in_proj_weight` and
# `in_proj_bias` (slices: autograd knows them, and brings the gradients back into the right rows),
# apply `linear`, split into heads.


# %%
#| export
@methods_of(MultiheadAttention)
class _Projecting:
    def project(self, x, part):
        """Queries (part 0), keys (1) or values (2) of the words, for each head.

        Args:
            x: Tensor (N, L, E). part: 0, 1 or 2.

        Returns:
            Tensor (N, H, L, E / H).
        """
        ### BEGIN SOLUTION
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        bias = None if self.in_proj_bias is None else self.in_proj_bias[rows]
        return split_heads(linear(x, self.in_proj_weight[rows], bias), self.num_heads)
        ### END SOLUTION


# %%
manual_seed(0)
layer = MultiheadAttention(4, 2)
layer.project(randn(1, 3, 4), 1).sum().backward()
touched = layer.in_proj_weight.grad.data.any(axis=1).astype(int)
print("rows with a gradient after projecting the keys:", touched.tolist())

# %% [markdown]
# ## Task 12.9: the masks of the layer
#
# `nn.MultiheadAttention` is older than the function, and its bool masks mean the *opposite*: True
# means **may not look**. There are two of them:
#
# - `attn_mask`, (L, S) for all sequences alike, or (N * H, L, S), one for each sequence and head
#   (heads of one sequence stand together);
# - `key_padding_mask`, (N, S): True for the words of each sequence that are only padding.
#
# Both become numbers to add, and are added to each other if both are there. The result must
# broadcast to (N, H, L, S). So the one of shape (N * H, L, S) is reshaped to (N, H, L, S), and the
# one of shape (N, S) gets axes of length 1 for heads and queries. `as_additive`, given, turns a
# mask into numbers.


# %%
#| export
def as_additive(name, mask, shapes, dtype):
    """A layer's mask as numbers to add: bools (True: may not look) or floats, of a shape listed."""
    mask = unwrap(mask)
    if mask.shape not in shapes:
        expected = " or ".join(map(str, shapes))
        raise ValueError(f"{name} has shape {mask.shape}, expected {expected}")
    if mask.dtype != bool and mask.dtype.kind != "f":
        raise TypeError(f"{name} must be of bools or floats, not {mask.dtype}")
    return additive_mask(~mask if mask.dtype == bool else mask, dtype)


@methods_of(MultiheadAttention)
class _Masking:
    def merged_mask(self, attn_mask, key_padding_mask, shape, dtype):
        """Both masks in one.

        Args:
            attn_mask: Tensor (L, S) or (N * H, L, S), or None.
            key_padding_mask: Tensor (N, S), or None.
            shape: (N, L, S). dtype: of the result.

        Returns:
            np.ndarray to add to scores (N, H, L, S), or None without any mask.
        """
        (n, length, keys), heads, total = shape, self.num_heads, None
        if attn_mask is not None:
            allowed = (length, keys), (n * heads, length, keys)
            total = as_additive("attn_mask", attn_mask, allowed, dtype)
        if key_padding_mask is not None:
            padding = as_additive("key_padding_mask", key_padding_mask, ((n, keys),), dtype)
        ### BEGIN SOLUTION
        if total is not None and total.ndim == 3:
            total = total.reshape(n, heads, length, keys)
        if key_padding_mask is not None:
            padding = padding[:, None, None, :]
            total = padding if total is None else total + padding
        return total
        ### END SOLUTION


# %%
padding = tensor([[False, False, False], [False, False, True]])
future = Tensor(np.triu(np.ones((3, 3), bool), 1))
both = MultiheadAttention(4, 2).merged_mask(future, padding, (2, 3, 3), np.float32)
print("shape", both.shape, "- the second sequence, whose last word is padding:")
print(both[1, 0])

# %% [markdown]
# ## Task 12.10: MultiheadAttention
#
# The whole way, for inputs (N, L, E) and (N, S, E), four lines:
#
# 1. project query, key and value (parts 0, 1, 2);
# 2. attention in every head, with the mask and the scale 1 / sqrt(E / H): `self.attend`, given,
#    which returns the heads' answers and, if asked for, the weights;
# 3. merge the heads;
# 4. `out_proj`.
#
# `forward`, given, does what PyTorch's does around it: order of axes, single sequences, checks,
# averaged weights. Weights are returned unless `need_weights=False`, as in PyTorch; without them
# the fast single operation is used.


# %%
#| export
@methods_of(MultiheadAttention)
class _Attending:
    def compute(self, query, key, value, mask, need_weights):
        """Project, attend, merge, project.

        Args:
            query: Tensor (N, L, E). key, value: Tensor (N, S, E).
            mask: np.ndarray to add to scores (N, H, L, S), or None. need_weights: bool.

        Returns:
            (Tensor (N, L, E), weights (N, H, L, S) or None).
        """
        ### BEGIN SOLUTION
        q, k, v = self.project(query, 0), self.project(key, 1), self.project(value, 2)
        answers, weights = self.attend(q, k, v, mask, need_weights)
        return self.out_proj(merge_heads(answers)), weights
        ### END SOLUTION

    def attend(self, q, k, v, mask, need_weights):
        """Attention in every head: (N, H, L, D) and, if wanted, the weights (N, H, L, S)."""
        scale, p = 1 / math.sqrt(self.head_dim), self.dropout if self.training else 0.0
        if not need_weights:
            if p:
                mask = mask if mask is None else wrap(mask)
                return scaled_dot_product_attention(q, k, v, mask, p, scale=scale), None
            return AttentionOp.apply(q, k, v, mask, scale), None
        scores = (q * scale) @ k.transpose(-2, -1)
        weights = softmax(scores if mask is None else scores + wrap(mask), dim=-1)
        if p:
            weights = dropout_of_module_06("dropout")(weights, p)
        return weights @ v, weights

    def forward(
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
    ):
        """Let each query look at all keys.

        Args:
            query: Tensor (L, N, E), or (N, L, E) with batch_first, or (L, E) for one sequence.
            key, value: Tensor (S, N, E), or (N, S, E), or (S, E).
            key_padding_mask: Tensor (N, S); bools (True: padding, do not look) or floats (added).
            need_weights: also return the weights (slower).
            attn_mask: Tensor (L, S) or (N * H, L, S); bools (True: do not look) or floats (added).
            average_attn_weights: return the mean weights of all heads, not each head's own.
            is_causal: query i sees keys 0 to i, also when no attn_mask is given.

        Returns:
            (Tensor like query, weights (N, L, S) or (N, H, L, S) or None).
        """
        self.check(query, key, value)
        alone = query.ndim == 2
        if alone:
            query, key, value = (x.unsqueeze(0) for x in (query, key, value))
            if key_padding_mask is not None:
                key_padding_mask = key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            query, key, value = self.turned(query, key, value)
        shape = (query.shape[0], query.shape[1], key.shape[1])
        if is_causal and attn_mask is None:
            attn_mask = wrap(causal_mask(*shape[1:], query.dtype))
        mask = self.merged_mask(attn_mask, key_padding_mask, shape, query.dtype)
        out, weights = self.compute(query, key, value, mask, need_weights)
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if alone:
            return out.squeeze(0), weights if weights is None else weights.squeeze(0)
        return out if self.batch_first else out.transpose(0, 1), weights

    def turned(self, query, key, value):
        """(L, N, E) to (N, L, E); one tensor that is all three stays one."""
        first = query.transpose(0, 1)
        second = first if key is query else key.transpose(0, 1)
        third = second if value is key else value.transpose(0, 1)
        return first, second, third

    def check(self, query, key, value):
        """Refuse inputs that do not fit together or to this layer."""
        name = f"MultiheadAttention({self.extra_repr()})"
        shapes = f"query {query.shape}, key {key.shape}, value {value.shape}"
        ranks = {query.ndim, key.ndim, value.ndim}
        if ranks not in ({2}, {3}):
            raise ValueError(f"{name}: needs three tensors of 3 dimensions (or of 2): {shapes}")
        if {query.shape[-1], key.shape[-1], value.shape[-1]} != {self.embed_dim}:
            raise ValueError(f"{name}: the last dimension must be {self.embed_dim}: {shapes}")
        batch = 0 if self.batch_first else 1
        if key.shape != value.shape:
            raise ValueError(f"{name}: there must be one value for each key: {shapes}")
        if query.ndim == 3 and query.shape[batch] != key.shape[batch]:
            raise ValueError(f"{name}: different numbers of sequences: {shapes}")

    def extra_repr(self):
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}"


# %%
manual_seed(1)
layer = MultiheadAttention(8, 2, batch_first=True)
words = randn(1, 4, 8)
out, weights = layer(words, words, words, is_causal=True)
print("result", out.shape, "and where each word looked, the mean of both heads:")
print(weights.data[0].round(2))
try:
    layer(words, randn(1, 4, 6), words)
except ValueError as error:
    print(error)

# %% [markdown]
# ## Put together
#
# The dictionary, learned. Each sequence has six entries, a key (one of 8) with a value (one of 8),
# in random order, and one question: a key. The answer is the value of that entry. Every sequence is
# new. A network of two linear layers gets the same data and, with eight times the parameters, the
# same number of steps.


# %%
def entries(count, seed):
    """(count, 7, 16): six rows of [key one-hot | value one-hot], then the question [key | 0]."""
    rng = np.random.default_rng(seed)
    x, answers = np.zeros((count, 7, 16), np.float32), np.zeros(count, np.int64)
    for row, sequence in enumerate(x):
        keys, values = rng.permutation(8)[:6], rng.integers(0, 8, 6)
        sequence[np.arange(6), keys] = 1
        sequence[np.arange(6), 8 + values] = 1
        asked = rng.integers(6)
        sequence[6, keys[asked]] = 1
        answers[row] = values[asked]
    return Tensor(x), tensor(answers)


class Dictionary(Module):
    def __init__(self):
        super().__init__()
        self.attention = MultiheadAttention(16, 1, batch_first=True)
        self.decide = Linear(16, 8)

    def forward(self, x):
        question, known = x[:, 6:], x[:, :6]
        answer, _ = self.attention(question, known, known, need_weights=False)
        return self.decide(answer.squeeze(1))


(train_x, train_y), (test_x, test_y) = entries(512, 1), entries(512, 2)


def two_layers():
    return Sequential(Flatten(), Linear(112, 80), ReLU(), Linear(80, 8))


for name, make in (("two linear layers", two_layers), ("attention", Dictionary)):
    manual_seed(1)
    model = make()
    optimizer, loss_fn = Adam(model.parameters(), lr=0.02), CrossEntropyLoss()
    for _ in range(150):
        optimizer.zero_grad()
        loss_fn(model(train_x), train_y).backward()
        optimizer.step()
    with no_grad():
        right = [(model(x).argmax(1) == y).float().mean().item()
                 for x, y in ((train_x, train_y), (test_x, test_y))]  # fmt: skip
    print(f"{name:17}: {sum(p.numel() for p in model.parameters()):5} parameters,", end=" ")
    print(f"{right[0]:.0%} of the training sequences, {right[1]:.0%} of new ones")

question, known = test_x[:1, 6:], test_x[:1, :6]
_, weights = model.attention(question, known, known)
print("keys stored", known.data[0, :, :8].argmax(1).tolist(), end=" ")
print("asked for", question.data[0, 0, :8].argmax(), "- weights", weights.data[0, 0].round(2))

# %% [markdown]
# The two layers learn their training sequences by heart. On new ones they are about as good as
# someone who names any of the six values: that is right in one case of six, and by luck in one of
# eight of the rest, 27% together. Attention learned what looking up *is*.
#
# ## What you can do now
#
# You have the operation that today's language models are made of, with masks, heads and
# projections, and with a way back of its own. `tito module test 12` runs the tests, `tito module
# complete 12` puts your code into `tinytorch`. Together with module 11 it
# unlocks the milestone of 2017: a transformer of your own that reverses sequences it has never
# seen.
#
# ## Experiments
#
# - In `Dictionary`, add `self.attention.head_dim = 1e8` below the attention and train again:
#   `attend` takes the scale from it. All scores are nearly 0 then, all weights one sixth, and of
#   the new sequences about 40% are answered: the layer sees which values are stored, but not under
#   which key. Then 1e-6: scores are huge, and from the first step each question looks at one entry
#   only, right or wrong. Why is that harder to unlearn? (Look at the gradient of softmax where a
#   weight is 1.)
# - Give it 4 heads. Is it better? Print the weights of each head (`average_attn_weights=False`).
# - Time `scaled_dot_product_attention` for lengths 128, 256, 512. Which power of the length is it?
#
# ## Questions
#
# **1.** The bias of the keys, rows E to 2E - 1 of `in_proj_bias`, has a gradient of exactly zero,
# whatever the loss. Why?
#
# <details><summary>Answer</summary>
#
# It adds the same vector b to every key, and so q . b to all scores of a query alike. Softmax does
# not change when all its inputs move by the same amount. So nothing depends on this bias, and it
# never learns. (That is also why many newer models leave it out.)
#
# </details>
#
# **2.** Attention itself has no idea of order: shuffle keys and values in the same way, and the
# answer is the same. Is that still true with the causal mask?
#
# <details><summary>Answer</summary>
#
# No. With the mask it matters which words come before. But among those, order is still unknown:
# "dog bites cat" and "cat bites dog" look the same to a word that follows. Hence positions
# (module 11).
#
# </details>
#
# **3.** Reading a text of L words costs how many scores? What does that mean for a book?
#
# <details><summary>Answer</summary>
#
# L * L for each head. For a book of 100,000 words that is 10 billion, 40 gigabytes in float32. Much
# work since 2017 goes into not keeping them all at once (Dao and others, *FlashAttention*, 2022) or
# not computing most of them.
#
# </details>

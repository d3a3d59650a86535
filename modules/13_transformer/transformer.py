# %% [markdown]
# # Module 13: The transformer
#
# Layers of attention with shortcuts, stacked into a GPT that writes, and reads OpenAI's weights.
#
# About 25 minutes of reading and 2.5 hours of writing.
#
# This module needs modules 00 to 04, 06 (layer norm, dropout), 09 (files of weights), 11
# (embeddings) and 12 (attention).
#
# ## The question
#
# Attention lets a position look anywhere. One layer of it is one look: find something, fetch it.
# Many questions need several. In "the key to the cabinets by the door *is* on the table", what
# comes before "is" takes finding the subject, then its number, then the right form. So let us stack
# ten attention layers, one on the other, and see how far a small difference in the input comes.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import numpy as np

from tinytorch import Tensor, manual_seed, randn, tensor
from tinytorch.nn import MultiheadAttention
from tinytorch.optim import AdamW

manual_seed(0)
tower = [MultiheadAttention(32, 4, batch_first=True) for _ in range(10)]
x = randn(1, 6, 32)
for number, layer in enumerate(tower, 1):
    x, _ = layer(x, x, x)
    apart = x.data[0].std(axis=0).mean()
    if number in (1, 2, 5, 10):
        print(f"after {number:2} layers the six positions differ by {apart:.1e}")

# %% [markdown]
# Each layer answers with averages, and averages of averages are all alike. After ten layers the six
# words are one and the same vector; nothing can be learned from that. (Dong, Cordonnier and Loukas,
# *Attention is Not All You Need*, 2021, prove that it always goes like this.)
#
# The transformer is the arrangement that makes attention stackable, by three additions. A
# **shortcut**, x + attention(x): the layer only *adds* to what is there. **Layer norm**, which
# keeps the sizes in order. And between two attentions a small network of two linear layers, the
# same for each position: attention fetches, the network works on what was fetched.
#
# ## Where this stands
#
# Vaswani and others, *Attention Is All You Need* (2017), had an encoder that reads a sentence and a
# decoder that writes its translation. Devlin and others, *BERT* (2018), kept the encoder. Radford
# and others at OpenAI kept a decoder that only continues a text: *Improving Language Understanding
# by Generative Pre-Training* (2018), GPT; *Language Models are Unsupervised Multitask Learners*
# (2019), GPT-2, whose weights you can read by the end of this module; Brown and others, *Language
# Models are Few-Shot Learners* (2020), GPT-3, the same network with 175 billion parameters. In
# PyTorch: `nn.TransformerEncoderLayer` and `nn.TransformerEncoder`. A GPT is an encoder with a
# causal mask. PyTorch has none, so `models.GPT` is ours.
#
# What teaches nothing stands in `transformer_given.py` beside this file: the settings of a GPT
# (`GPTConfig`), inputs that do not fit, the names in GPT-2's files.

# %%
from transformer_given import (
    GPTConfig,
    _activation,
    _check_ids,
    _check_sampling,
    _check_width,
    _prompt,
    is_conv1d,
    our_name,
    probabilities,
    read_config,
)

# %% [markdown]
# # Part one: the layer
#
# ## Task 13.1: what a layer owns: TransformerEncoderLayer
#
# ```
#                  attention half                        feed-forward half
#
#   (N, L, E)   self_attn  dropout1  norm1    linear1  activation  dropout  linear2  dropout2  norm2
#                                             E -> F                        F -> E
# ```
#
# Width E is `d_model`, width F is `dim_feedforward`, usually four times E. The second half, the
# **feed-forward network**, has two thirds of the layer's parameters. PyTorch's names, which are in
# the `state_dict` and so in every file: `self_attn` (a MultiheadAttention with `dropout`),
# `linear1`, `dropout`, `linear2`, `norm1`, `norm2`, `dropout1`, `dropout2`. Make them in this
# order: it is the order in which first values are drawn, and the same seed should give the same
# layer as everyone else's. With `bias=False` neither the attention nor the linear layers nor
# the norms have one. The norms take `eps=layer_norm_eps`.

# %%
#| default_exp nn.transformer
#| export
import copy

from tinytorch.nn import functional
from tinytorch.nn.attention import MultiheadAttention
from tinytorch.nn.modules import Linear, Module, ModuleList
from tinytorch.nn.normalization import Dropout, LayerNorm
from tinytorch.tensor import methods_of

__all__ = ["TransformerEncoder", "TransformerEncoderLayer"]


class TransformerEncoderLayer(Module):
    """Self-attention and a feed-forward network, each with a shortcut (Vaswani et al., 2017)."""

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation=functional.relu,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
    ):
        """Make the parts.

        Args:
            d_model: E, the width of input and output.
            nhead: heads of the attention; divides E.
            dim_feedforward: F, the width between the two linear layers.
            dropout: the probability of each of the layer's dropouts.
            activation: "relu", "gelu" or a function from Tensor to Tensor.
            layer_norm_eps: `eps` of the two norms.
            batch_first: True for (N, L, E), False for (L, N, E).
            norm_first: True normalizes before each half, False after it.
            bias: False for parts without.

        Example:
            >>> TransformerEncoderLayer(8, 2, dim_feedforward=16).linear1.weight.shape
            (16, 8)
        """
        super().__init__()
        self.d_model, self.norm_first = d_model, norm_first
        self.activation = _activation(activation)
        ### BEGIN SOLUTION
        how = {"dropout": dropout, "bias": bias, "batch_first": batch_first}
        self.self_attn = MultiheadAttention(d_model, nhead, **how)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        ### END SOLUTION

    def extra_repr(self):
        return f"norm_first={self.norm_first}"


# %%
manual_seed(0)
layer = TransformerEncoderLayer(64, 4, dim_feedforward=256)
sizes = {}
for name, parameter in layer.named_parameters():
    part = name.partition(".")[0]
    sizes[part] = sizes.get(part, 0) + parameter.numel()
print(sizes, "sum", sum(sizes.values()))

# %% [markdown]
# ## Task 13.2: the two halves
#
# `_sa_block` is attention of a sequence with itself: query, key and value are all `x`. The weights
# are not asked for (`need_weights=False`), which is much faster. The layer returns two things, and
# we need the first. Its masks are the ones of module 12, where True hides. Then `dropout1`.
#
# `_ff_block` is `linear1`, the activation, `dropout`, `linear2`, `dropout2`. It sees each position
# for itself: nothing moves from one to another here.


# %%
#| export
@methods_of(TransformerEncoderLayer)
class _Halves:
    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
        """The attention half, without its shortcut.

        Args:
            x: Tensor (N, L, E), or as `batch_first` says.
            attn_mask: Tensor (L, L) or (N * H, L, L), or None.
            key_padding_mask: Tensor (N, L), or None. is_causal: position i sees 0 to i.

        Returns:
            Tensor of x's shape.
        """
        ### BEGIN SOLUTION
        masks = {"attn_mask": attn_mask, "key_padding_mask": key_padding_mask}
        out, _ = self.self_attn(x, x, x, need_weights=False, is_causal=is_causal, **masks)
        return self.dropout1(out)
        ### END SOLUTION

    def _ff_block(self, x):
        """The feed-forward half, without its shortcut: Tensor (..., E) to the same shape."""
        ### BEGIN SOLUTION
        inner = self.dropout(self.activation(self.linear1(x)))
        return self.dropout2(self.linear2(inner))
        ### END SOLUTION


# %%
manual_seed(0)
layer = TransformerEncoderLayer(8, 2, 32, dropout=0.0, batch_first=True)
x = randn(1, 4, 8)
moved = Tensor(x.data.copy())
moved.data[0, 2] += 1
for name, half in (("attention", lambda x: layer._sa_block(x, None, None)),
                   ("feed-forward", layer._ff_block)):  # fmt: skip
    changed = np.abs(half(x).data - half(moved).data).max(axis=2)[0] > 1e-6
    print(f"position 2 was changed; after the {name} half changed: {changed.astype(int)}")

# %% [markdown]
# ## Task 13.3: shortcuts, and where the norm stands
#
# ```
#   2017, norm last (post-norm)            since GPT-2, norm first (pre-norm)
#
#   x = norm1(x + attention(x))            x = x + attention(norm1(x))
#   x = norm2(x + feed_forward(x))         x = x + feed_forward(norm2(x))
# ```
#
# On the right there is an unbroken line of additions from the first layer to the last, and the
# gradient comes back on the same line. On the left a norm stands in the way twice per layer, and
# what the first layer saw fades with every one of them. The left kind needs a careful start of
# training, with small steps at first, the right kind does not (Xiong and others, *On Layer
# Normalization in the Transformer Architecture*, 2020). PyTorch has both; so write both. The cell
# below stacks 48 untrained layers of each kind.


# %%
#| export
@methods_of(TransformerEncoderLayer)
class _Layer:
    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        """Look, then think, at every position.

        Args:
            src: Tensor (L, N, E), or (N, L, E) with batch_first, or (L, E) for one sequence.
            src_mask: Tensor (L, L) or (N * H, L, L); bools (True: do not look) or floats (added).
            src_key_padding_mask: Tensor (N, L); bools (True: padding, do not look) or floats.
            is_causal: position i sees 0 to i, also when no src_mask is given.

        Returns:
            Tensor of src's shape.

        Raises:
            ValueError: the last dimension is not d_model, or a mask does not fit.
        """
        _check_width("TransformerEncoderLayer", src, self.d_model)
        x, masks = src, (src_mask, src_key_padding_mask, is_causal)
        ### BEGIN SOLUTION
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *masks)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, *masks))
        return self.norm2(x + self._ff_block(x))
        ### END SOLUTION


# %%
for norm_first in (False, True):
    manual_seed(0)
    x = start = randn(6, 1, 32)
    for _ in range(48):
        x = TransformerEncoderLayer(32, 4, 64, 0.0, norm_first=norm_first)(x)
    if norm_first:
        x = LayerNorm(32)(x)
    kept = np.corrcoef(start.data.ravel(), x.data.ravel())[0, 1]
    print(f"norm_first={norm_first!s:5} after 48 layers the positions differ by", end=" ")
    print(f"{x.data.std(axis=0).mean():.2f}; likeness of input and output {kept:.2f}")

# %% [markdown]
# ## Task 13.4: the stack: TransformerEncoder
#
# An encoder is made from one layer as a pattern, and a number. Each of its layers is a **copy** of
# the pattern with parameters of its own (`copy.deepcopy`). `[layer] * 6` would be six times the
# same layer, which shares all of its weights. `layers` is a ModuleList: in a plain list the
# parameters would not be found. `norm` is one more norm for the end, or None; a stack with
# `norm_first` needs it, because nothing has normalized its last sum.
#
# All layers get the same masks.


# %%
#| export
class TransformerEncoder(Module):
    """`num_layers` copies of a layer, one after the other."""

    def __init__(
        self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True
    ):
        """Copy the layer.

        Args:
            encoder_layer: the pattern, a TransformerEncoderLayer; it is not part of the stack.
            num_layers: how many copies.
            norm: a module for the end, or None.
            enable_nested_tensor, mask_check: accepted as in PyTorch; there they are for speed.
        """
        super().__init__()
        self.num_layers = num_layers
        ### BEGIN SOLUTION
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.norm = norm
        ### END SOLUTION

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=False):
        """All layers, then the norm.

        Args:
            src: Tensor (L, N, E), or (N, L, E) if the layers are `batch_first`.
            mask: Tensor (L, L) or (N * H, L, L), or None. src_key_padding_mask: Tensor (N, L).
            is_causal: position i sees 0 to i; None counts as False.

        Returns:
            Tensor of src's shape.
        """
        masks = (mask, src_key_padding_mask, bool(is_causal))
        ### BEGIN SOLUTION
        for layer in self.layers:
            src = layer(src, *masks)
        return src if self.norm is None else self.norm(src)
        ### END SOLUTION


# %%
manual_seed(0)
pattern = TransformerEncoderLayer(16, 2, 64, batch_first=True, norm_first=True)
encoder = TransformerEncoder(pattern, 3, norm=LayerNorm(16)).eval()
x = randn(2, 5, 16)
print("parameters of the layer", sum(p.numel() for p in pattern.parameters()), end=", ")
print("of the encoder", sum(p.numel() for p in encoder.parameters()))
seen = encoder(x, is_causal=True).data
x.data[:, 3] = 0
differ = np.abs(encoder(x, is_causal=True).data - seen).max(axis=(0, 2)) > 1e-6
print("causal; position 3 was changed, and these outputs changed:", differ.astype(int))

# %% [markdown]
# # Part two: GPT
#
# ## Task 13.5: a language model: GPT
#
# A **token** is an id: of a letter, a word, or something between (module 10). A **language model**
# says for each position how likely each token is to come next. That is a classification with as
# many classes as there are tokens, and nobody needs to label anything: the text itself has the
# answers.
#
# ```
#   ids         (N, L)       t h e _ c a
#   wte + wpe   (N, L, E)    a row of the table of tokens + a row of the table of positions
#   drop                     dropout
#   blocks      (N, L, E)    TransformerEncoder, norm_first, causal, LayerNorm at its end
#   lm_head     (N, L, V)    logits: one score for each token that may come next
#                            h e _ c a t    is what should come out
# ```
#
# GPT-2's sizes and names come in a `GPTConfig`. Make
#
# - `wte` and `wpe`, Embeddings (vocab_size, n_embd) and (n_positions, n_embd);
# - `drop`, a Dropout;
# - `blocks`, a TransformerEncoder of n_layer layers with n_head heads, n_inner, dropout and
#   layer_norm_epsilon from the config, `batch_first`, `norm_first`, GPT-2's activation `gelu_new`
#   (given), and a LayerNorm with the same epsilon as its `norm`;
# - `lm_head`, a Linear from n_embd to vocab_size without bias.
#
# And one surprise: `lm_head.weight` and `wte.weight` have the same shape, (V, E), and the same
# meaning, a vector for each token. So they are made to *be* the same parameter: **weight tying**
# (Press and Wolf, *Using the Output Embedding to Improve Language Models*, 2017). Assign the
# table's Parameter to the head. It then gets two gradients, which autograd adds up, and for GPT-2
# it saves 38 million parameters of 163. (A copy of the numbers would be equal for one step.)

# %%
#| export models
import math
from functools import partial
from pathlib import Path

import numpy as np

from tinytorch.autograd import no_grad
from tinytorch.nn import functional
from tinytorch.nn.embeddings import Embedding
from tinytorch.nn.init import normal_, zeros_
from tinytorch.nn.modules import Linear, Module
from tinytorch.nn.normalization import Dropout, LayerNorm
from tinytorch.random import default_generator
from tinytorch.serialization import load
from tinytorch.tensor import Tensor, methods_of, unwrap

if __name__ == "tinytorch.models":  # in the package; this lesson has the names already
    from tinytorch.nn.transformer import TransformerEncoder, TransformerEncoderLayer

__all__ = ["GPT", "GPTConfig", "next_token_loss"]

gelu_new = partial(functional.gelu, approximate="tanh")


class GPT(Module):
    """A language model: which token comes next (Radford et al., 2019).

    `config` is the GPTConfig it was made from.
    """

    def __init__(self, config):
        """Make the parts, tie head and table, and draw the first values.

        Args:
            config: a GPTConfig.
        """
        super().__init__()
        self.config = config
        width, eps = config.n_embd, config.layer_norm_epsilon
        ### BEGIN SOLUTION
        self.wte = Embedding(config.vocab_size, width)
        self.wpe = Embedding(config.n_positions, width)
        self.drop = Dropout(config.dropout)
        layer = TransformerEncoderLayer(
            width, config.n_head, config.n_inner, config.dropout, gelu_new, eps,
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.blocks = TransformerEncoder(layer, config.n_layer, LayerNorm(width, eps=eps))
        self.lm_head = Linear(width, config.vocab_size, bias=False)
        self.lm_head.weight = self.wte.weight
        ### END SOLUTION
        self.reset_parameters()

    @classmethod
    def from_pretrained(cls, folder):
        """A GPT with the weights in a folder of GPT-2, in evaluation mode.

        Args:
            folder: holds GPT-2's `config.json` and `model.safetensors`; nothing is downloaded.

        Returns:
            GPT.

        Raises:
            FileNotFoundError: one of the files is missing.
            ValueError: settings of another network. SafetensorError: a damaged file of weights.
            RuntimeError: weights that are missing, unknown, or of another shape.
        """
        folder = Path(folder)
        model = cls(read_config(folder / "config.json"))
        weights = load(folder / "model.safetensors")
        model.load_state_dict(from_gpt2({name: unwrap(t) for name, t in weights.items()}))
        return model.eval()

    def reset_parameters(self):
        """Draw new first values: task 13.6 replaces this."""


# %%
small = GPTConfig(vocab_size=100, n_positions=32, n_embd=48, n_layer=2, n_head=4)
model = GPT(small)
print(f"{sum(p.numel() for p in model.parameters()):,} parameters;", end=" ")
print("tied:", model.lm_head.weight is model.wte.weight)

# %% [markdown]
# ## Task 13.6: first values
#
# An Embedding begins with numbers of size 1, which is far too much for a head: the first guesses
# would be wild, and wrong. GPT-2 draws *all* matrices from a normal distribution with the standard
# deviation 0.02 (`initializer_range`), sets all biases to 0 and leaves the norms as they are
# (weight 1). So the first logits are nearly equal, and the first loss is about log(V): no opinion
# yet.
#
# One more detail. Each layer adds two things to the line of additions. The sum of 2 n terms of one
# size has sqrt(2 n) times their spread, so the matrices whose results are added, `out_proj.weight`
# and `linear2.weight` of each layer, get 1 / sqrt(2 n_layer) of the standard deviation.
#
# `named_parameters()` gives names like `blocks.layers.0.self_attn.out_proj.weight`, and a matrix
# has `ndim` 2. Both `endswith` and `normal_`, `zeros_` of module 03 help.


# %%
#| export models
@methods_of(GPT)
class _First:
    def reset_parameters(self):
        """Draw new first values in place, as GPT-2 does.

        Matrices: normal with the standard deviation `config.initializer_range`, divided by
        sqrt(2 n_layer) for `out_proj.weight` and `linear2.weight`. Biases: 0. The weights of norms
        stay.
        """
        std = self.config.initializer_range
        ### BEGIN SOLUTION
        small = std / math.sqrt(2 * self.config.n_layer)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                zeros_(parameter)
            elif parameter.ndim == 2:
                added = name.endswith(("out_proj.weight", "linear2.weight"))
                normal_(parameter, std=small if added else std)
        ### END SOLUTION


# %%
manual_seed(0)
model = GPT(small)
for name, parameter in model.named_parameters():
    if name.startswith(("wte", "blocks.layers.0")):
        print(f"{name:42} {parameter.shape!s:10} spread {parameter.data.std():.4f}")

# %% [markdown]
# ## Task 13.7: logits
#
# Add the rows of tokens and positions. Positions are 0 to L - 1 (a Tensor of whole numbers, from
# `np.arange`), the same for all sequences: (L, E) is added to (N, L, E). Then `drop`, `blocks` with
# `is_causal=True`, `lm_head`.
#
# Why causal? In training all L positions are asked at once: position 5 should say token 6. If it
# could look at position 6, it would copy the answer, and learn nothing else.


# %%
#| export models
@methods_of(GPT)
class _Reading:
    def forward(self, ids):
        """Scores for what comes next, at every position.

        Args:
            ids: Tensor (N, L) of whole numbers from 0 to vocab_size - 1; L is 1 to n_positions.

        Returns:
            Tensor (N, L, vocab_size): logits; [:, i] depends on ids[:, : i + 1] alone.

        Raises:
            ValueError: another shape, or a sequence that is too long. IndexError: no such id.
        """
        _check_ids("GPT", ids, self.config)
        ### BEGIN SOLUTION
        places = Tensor(np.arange(ids.shape[1]))
        x = self.drop(self.wte(ids) + self.wpe(places))
        return self.lm_head(self.blocks(x, is_causal=True))
        ### END SOLUTION


# %%
model.eval()
ids = tensor([[7, 3, 99, 3]])
other = tensor([[7, 3, 99, 8]])
logits = model(ids)
print("logits", logits.shape, "- largest:", round(float(np.abs(logits.data).max()), 2))
differ = np.abs(model(other).data - logits.data).max(axis=(0, 2)) > 1e-6
print("the last token was changed; these positions noticed:", differ.astype(int))

# %% [markdown]
# ## Task 13.8: what should have come: next_token_loss
#
# Position i says what comes at i + 1. So the last position's logits have no answer, and the first
# token was nobody's answer: cut one off each, on opposite sides.
#
# ```
#   ids                 t   h   e   _
#   logits at           t   h   e   _
#   compared with       h   e   _          logits[:, :-1] with ids[:, 1:]
# ```
#
# `cross_entropy` wants rows (M, V) and ids (M,): reshape. Some answers may not count, those of
# padding: `ignore_index` is an id that is never asked for, and goes on to `cross_entropy`.


# %%
#| export models
def next_token_loss(logits, ids, ignore_index=-100):
    """The mean cross-entropy of each next token.

    Args:
        logits: Tensor (N, L, V), L of at least 2.
        ids: Tensor (N, L) of whole numbers, what the logits were computed from.
        ignore_index: an id that is no answer, such as padding.

    Returns:
        Tensor (): about log(V) for a model without an opinion.

    Raises:
        ValueError: shapes that do not fit, or nothing that comes next.

    Example:
        >>> next_token_loss(Tensor(np.zeros((1, 3, 4))), tensor([[0, 1, 2]])).item()
        1.3862943611198906
    """
    if tuple(logits.shape[:2]) != tuple(ids.shape) or logits.ndim != 3 or ids.shape[1] < 2:
        raise ValueError(
            f"next_token_loss: logits of shape {tuple(logits.shape)} do not fit ids of shape "
            f"{tuple(ids.shape)}: (N, L, V) and (N, L), L of at least 2"
        )
    ### BEGIN SOLUTION
    said = logits[:, :-1].reshape(-1, logits.shape[2])
    came = ids[:, 1:].reshape(-1)
    return functional.cross_entropy(said, came, ignore_index=ignore_index)
    ### END SOLUTION


# %%
print(f"untrained: {next_token_loss(logits, ids).item():.3f}, log(100) = {np.log(100):.3f}")
learn = tensor(np.tile(np.arange(10), (8, 3))[:, :25])
optimizer = AdamW(model.parameters(), lr=0.003)
model.train()
for step in range(61):
    optimizer.zero_grad()
    loss = next_token_loss(model(learn), learn)
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(f"step {step:2}: counting from 0 to 9, again and again, costs {loss.item():.3f}")

# %% [markdown]
# # Part three: writing
#
# ## Task 13.9: which tokens may come: top_k and top_p
#
# The model gives probabilities; a text needs a decision. Always the most likely token (**greedy**)
# gets caught in loops. Drawing by the probabilities (**sampling**) now and then picks something
# silly: thousands of tokens with a probability of 0.0001 each add up. So the unlikely ones are left
# out first. Their logits become minus infinity, which softmax makes a probability of 0. There are
# two rules.
#
# **top_k** keeps the k largest logits (Fan, Lewis and Dauphin, *Hierarchical Neural Story
# Generation*, 2018). What is equal to the k-th largest stays too, and with fewer than k tokens all
# stay. `np.partition(logits, -k)` puts the k-th largest number of each row at place -k, without
# sorting everything.
#
# But a fixed k is too many where one token is certain, and too few where hundreds would do.
# **top_p**, or nucleus sampling (Holtzman and others, *The Curious Case of Neural Text
# Degeneration*, 2020), counts probability in place of tokens: it keeps the smallest number of most
# likely tokens that together have at least p.
#
# ```
#   probability, sorted      .5    .3    .15   .05
#   sum before each         0      .5    .8    .95
#   p = 0.7                 kept   kept  -     -        the sum before it is below 0.7
#   p = 0.4                 kept   -     -     -        the first is always kept
# ```
#
# So: sort each row from large to small (`np.argsort(-logits, kind="stable")`), take the logits in
# that order (`np.take_along_axis`), compute the `probabilities` of these (given: softmax of an
# array) and the sum *before* each: `cumsum(axis=-1)` includes it, so subtract. Then
# everything goes back to its place: `np.put_along_axis(array, order, values, axis=-1)` writes
# sorted values into `array` where they came from.
#
# From here to task 13.10 everything is NumPy: nothing is learned in sampling.


# %%
#| export models
def keep_top_k(logits, k):
    """Minus infinity for all but the k largest of each row.

    Args:
        logits: np.ndarray (N, V). k: 1 or more.

    Returns:
        np.ndarray (N, V), a new array; those equal to the k-th largest stay too, and with k of V
        or more all stay.

    Example:
        >>> keep_top_k(np.array([[2.0, 1.0, 0.0]]), 2)
        array([[  2.,   1., -inf]])
    """
    ### BEGIN SOLUTION
    k = min(k, logits.shape[-1])
    smallest = np.partition(logits, -k, axis=-1)[:, -k, None]
    return np.where(logits < smallest, -np.inf, logits)
    ### END SOLUTION


def keep_top_p(logits, p):
    """Minus infinity for all but the most likely tokens that together have probability p.

    Args:
        logits: np.ndarray (N, V). p: above 0, at most 1.

    Returns:
        np.ndarray (N, V), a new array; at least one of each row stays.

    Example:
        >>> keep_top_p(np.log([[0.15, 0.5, 0.3, 0.05]]), 0.7).round(1)
        array([[-inf, -0.7, -1.2, -inf]])
    """
    out = np.empty_like(logits)
    ### BEGIN SOLUTION
    order = np.argsort(-logits, axis=-1, kind="stable")
    falling = np.take_along_axis(logits, order, axis=-1)
    likely = probabilities(falling)
    before = likely.cumsum(axis=-1) - likely
    np.put_along_axis(out, order, np.where(before < p, falling, -np.inf), axis=-1)
    return out
    ### END SOLUTION


# %%
for name, row in (("certain", [0.9, 0.05, 0.03, 0.02]), ("open", [0.3, 0.28, 0.22, 0.2])):
    logits = np.log([row])
    print(f"{name:7} top_k 2:  ", probabilities(keep_top_k(logits, 2)).round(2)[0], end="  ")
    print("top_p 0.7:", probabilities(keep_top_p(logits, 0.7)).round(2)[0])

# %% [markdown]
# ## Task 13.10: how bold: temperature, and a draw
#
# The **temperature** divides the *logits*. Below 1 the differences grow, and likely tokens get
# likelier; above 1 all become more alike. (The name is from physics: in the cold everything falls
# into its best place.) At 0 there is nothing to divide by; it means greedy, the largest logit.
#
# ```
#   logits           [ 2.0   1.0   0.0  -1.0 ]       probabilities  .64 .24 .09 .03
#   temperature 0.5  [ 4.0   2.0   0.0  -2.0 ]                      .86 .12 .02 .00
#   temperature 2    [ 1.0   0.5   0.0  -0.5 ]                      .46 .28 .17 .10
# ```
#
# How does one draw by probabilities with a number u between 0 and 1? Lay the probabilities side by
# side on a line from 0 to 1. Where u falls, that token it is.
#
# ```
#   probabilities    .5      .3    .2
#   ends             .5      .8    1.0
#                |-------|-----|----|
#                         ^ u = .62: past one end, so token 1
# ```
#
# The number of ends that are at most u is the token. Two things to mind. Rounding may leave the
# last end at 0.9999999, and u above it: divide the ends by the last one. And u must come from the
# given `generator`, one number for each row (`generator.random((N, 1))`): whoever gives the same
# seed wants the same text.
#
# `pick` is the whole decision, in this order: temperature, top_k, top_p, `probabilities`, `draw`.


# %%
#| export models
def draw(chances, generator):
    """One token for each row, by its probabilities.

    Args:
        chances: np.ndarray (N, V), rows of probabilities.
        generator: np.random.Generator, of which N numbers are drawn at once.

    Returns:
        np.ndarray (N,) of whole numbers; never a token with probability 0.
    """
    ### BEGIN SOLUTION
    ends = chances.cumsum(axis=-1)
    ends /= ends[:, -1:]
    u = generator.random((len(chances), 1))
    return (ends <= u).sum(axis=-1)
    ### END SOLUTION


def pick(logits, temperature, top_k, top_p, generator):
    """A token for each row of logits, as the settings say.

    Args:
        logits: np.ndarray (N, V).
        temperature: 0 takes the largest logit, and nothing is drawn; others divide the logits.
        top_k, top_p: numbers, or None to keep all.
        generator: np.random.Generator.

    Returns:
        np.ndarray (N,) of whole numbers.
    """
    ### BEGIN SOLUTION
    if temperature == 0:
        return logits.argmax(axis=-1)
    logits = logits / temperature
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p)
    return draw(probabilities(logits), generator)
    ### END SOLUTION


# %%
logits = np.tile([2.0, 1.0, 0.0, -1.0], (10_000, 1))
for temperature in (0, 0.5, 1.0, 2.0):
    tokens = pick(logits, temperature, None, None, np.random.default_rng(0))
    print(f"temperature {temperature}: of 10,000", np.bincount(tokens, minlength=4))

# %% [markdown]
# ## Task 13.11: a text: generate
#
# Writing is a loop: logits of what is there so far, of its last `n_positions` tokens if it is
# longer; from those of the last position one token for each sequence; append it. `self(...)` wants
# a Tensor of ids; `pick` takes an array, and its last four arguments come in `how`.
#
# `generate`, given, does what belongs around it: no gradients, no dropout, and the mode afterwards
# is the one before.


# %%
#| export models
@methods_of(GPT)
class _Writing:
    def generate(
        self, ids, max_new_tokens, temperature=1.0, top_k=None, top_p=None, generator=None
    ):
        """Continue texts, token by token.

        Args:
            ids: Tensor (N, L) of whole numbers, what the texts begin with.
            max_new_tokens: how many tokens are added.
            temperature: 1 as the model says, below 1 more certain, above 1 bolder; 0 always takes
                the most likely token.
            top_k: draw from the k most likely tokens only. top_p: from those that together have
                probability p. Both: first the k, then p of these.
            generator: np.random.Generator; None: the one that `manual_seed` seeds.

        Returns:
            Tensor (N, L + max_new_tokens). The model is in the mode it was in before.

        Raises:
            ValueError: settings without a meaning, or a text without a first token.
        """
        _check_sampling(max_new_tokens, temperature, top_k, top_p)
        ids, trained = _prompt(ids), self.training
        how = temperature, top_k, top_p, default_generator if generator is None else generator
        self.eval()
        try:
            with no_grad():
                return Tensor(self._continued(ids, max_new_tokens, how))
        finally:
            self.train(trained)

    def _continued(self, ids, count, how):
        """The loop of `generate`.

        Args:
            ids: np.ndarray (N, L). count: how many tokens are added.
            how: (temperature, top_k, top_p, generator).

        Returns:
            np.ndarray (N, L + count), a new array unless count is 0.
        """
        ### BEGIN SOLUTION
        for _ in range(count):
            logits = self(Tensor(ids[:, -self.config.n_positions :])).data
            chosen = pick(logits[:, -1], *how)
            ids = np.concatenate([ids, chosen[:, None]], axis=1)
        return ids
        ### END SOLUTION


# %%
print("greedy:          ", model.generate(tensor([[4, 5]]), 10, temperature=0).tolist()[0])
for seed in (1, 1, 2):
    rng = np.random.default_rng(seed)
    found = model.generate(tensor([[4, 5]]), 10, temperature=3.0, generator=rng)
    print(f"hot, with seed {seed}:", found.tolist()[0])

# %% [markdown]
# # Part four: a trained one
#
# ## Task 13.12: GPT-2's weights
#
# OpenAI's file has the same numbers under other names, and four matrices of each layer the other
# way round. Their linear layer (called Conv1D there) computes x @ weight + bias with a weight of
# shape (in, out); ours is x @ weight.T + bias with (out, in).
#
# ```
#   h.0.attn.c_attn.weight  (E, 3E), q | k | v    blocks.layers.0.self_attn.in_proj_weight
#   h.0.attn.c_proj.weight  (E, E)                blocks.layers.0.self_attn.out_proj.weight
#   h.0.mlp.c_fc.weight     (E, 4E)               blocks.layers.0.linear1.weight
#   h.0.mlp.c_proj.weight   (4E, E)               blocks.layers.0.linear2.weight
# ```
#
# Columns q, k, v side by side become rows q, k, v one below the other: that is exactly how
# `in_proj_weight` of module 12 keeps them, so transposing is all. Two helpers are given:
# `our_name(name)` is the name here, or None for something that we do not need; `is_conv1d(name)`
# says whether a weight is of the four kinds. The file has no `lm_head.weight`, because it is tied;
# our `state_dict` has both names. `GPT.from_pretrained(folder)`, given in the class above, reads
# the two files of a folder and calls what you write here.


# %%
#| export models
def from_gpt2(weights):
    """The state of a GPT from the weights of GPT-2.

    Args:
        weights: a dictionary from GPT-2's name to np.ndarray.

    Returns:
        a dictionary from our name to np.ndarray, with both names of the tied table.

    Example:
        >>> sorted(from_gpt2({"wte.weight": np.zeros((3, 2)), "h.0.attn.bias": np.ones(1)}))
        ['lm_head.weight', 'wte.weight']
    """
    ### BEGIN SOLUTION
    state = {}
    for name, array in weights.items():
        if our_name(name) is not None:
            state[our_name(name)] = array.T if is_conv1d(name) else array
    state["lm_head.weight"] = state["wte.weight"]
    return state
    ### END SOLUTION


# %%
rng = np.random.default_rng(0)
file = {"transformer.wte.weight": (9, 4), "transformer.h.0.attn.c_attn.weight": (4, 12),
        "transformer.h.0.attn.bias": (1, 1, 8, 8), "transformer.ln_f.weight": (4,)}  # fmt: skip
for name, array in from_gpt2({name: rng.random(shape) for name, shape in file.items()}).items():
    print(f"{name:42} {array.shape}")

# %% [markdown]
# ## Put together
#
# "The House That Jack Built" is a rhyme from 1755 in which every verse repeats all earlier ones:
# what comes next depends on a word far back. A GPT of two layers learns it by letters, from pieces
# of 64 letters at random places. Then it writes, at four temperatures. A verse is right if all its
# lines follow each other as in the rhyme.

# %%
THINGS = ["house that Jack built", "malt that lay in", "rat that ate", "cat that killed",
          "dog that worried", "cow that tossed", "maid that milked"]  # fmt: skip
verses = ["This is the " + " the ".join(THINGS[n::-1]) + ".\n" for n in range(len(THINGS))]
text = "".join(verses) * 3
letters = sorted(set(text))
number = {letter: place for place, letter in enumerate(letters)}
encoded = np.array([number[letter] for letter in text])

manual_seed(0)
config = GPTConfig(len(letters), n_positions=64, n_embd=48, n_layer=2, n_head=4, dropout=0.0)
model, rng = GPT(config), np.random.default_rng(0)
optimizer = AdamW(model.parameters(), lr=0.005)
for step in range(361):
    starts = rng.integers(0, len(text) // 3, 12)
    batch = tensor(np.stack([encoded[start : start + 64] for start in starts]))
    optimizer.zero_grad()
    loss = next_token_loss(model(batch), batch)
    loss.backward()
    optimizer.step()
    if step % 90 == 0:
        print(f"step {step:3}: loss {loss.item():.2f}")

begin = tensor([[number[letter] for letter in "This is the "]] * 4)
for temperature in (0, 0.7, 1.5, 4.0):
    seed = np.random.default_rng(1)
    found = model.generate(begin, 52, temperature=temperature, generator=seed)
    print(f"temperature {temperature}:", repr("".join(letters[i] for i in found.data[0])))

# %% [markdown]
# ## What you can do now
#
# You have written the network behind today's language models, and how it writes. What is left to
# them is size: GPT-2 has this very code with 12 layers of width 768, and `GPT.from_pretrained`
# reads its weights from a folder. `tito module test 13` runs the tests, `tito module complete 13`
# puts your code into `tinytorch`.
#
# ## Experiments
#
# - Take `norm_first=True` out of the GPT's layer and train the rhyme again. And with 8 layers?
# - Untie the head (leave that one line out). How many parameters more are there, and does the loss
#   fall faster?
# - Let it write 400 letters with temperature 0. Where does it go wrong, and why there?
#
# ## Questions
#
# **1.** Writing a text of L tokens calls the model L times, with 1, 2, ... L tokens. Which part of
# that work is done again and again?
#
# <details><summary>Answer</summary>
#
# Because of the causal mask nothing at an earlier position changes when a token is appended: its
# keys and values are the same as before. Keeping them (a key-value cache) makes each step cost one
# position in place of all of them.
#
# </details>
#
# **2.** Why must temperature divide the logits, and not the probabilities?
#
# <details><summary>Answer</summary>
#
# Probabilities divided by a number and brought back to the sum 1 are the same probabilities as
# before. In the logits, differences are multiplied, so ratios of probabilities become powers of
# themselves: p ** (1 / temperature), brought back to the sum 1.
#
# </details>
#
# **3.** `top_p` comes after temperature. Would the other order give the same?
#
# <details><summary>Answer</summary>
#
# No. A high temperature makes probabilities more alike, so more tokens are needed for the sum p.
# The other order chooses the set by what the model really said, and only then flattens it. Both
# exist.
#
# </details>

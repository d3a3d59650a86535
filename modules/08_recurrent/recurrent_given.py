# %% [markdown]
# # Given in module 08: Recurrent networks
#
# What the lesson `recurrent.py` uses and nobody need write: the GRU over a whole sequence as one
# operation (written as you write the LSTM's), views and sums that all operations share, and inputs
# that do not fit. It is exported before the lesson's own cells, into the same file. Do not edit
# it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## What the operations share

# %%
#| export nn.recurrent
import warnings

import numpy as np

from tinytorch.nn import functional
from tinytorch.nn.functional import as_rows
from tinytorch.tensor import Function, ShapeError, Tensor, stack, zeros


def _parts(z, count):
    """The gates of `z`, (..., count * H), as `count` views of shape (..., H)."""
    width = z.shape[-1] // count
    return [z[..., k * width : (k + 1) * width] for k in range(count)]


def _scale(z, *scales):
    """One scale for each column of `z`, whose gates have these scales, in order."""
    return np.repeat(np.array(scales, z.dtype), z.shape[-1] // len(scales))


def _product_of_steps(grads, inputs):
    """The sum over all steps of `grads[t].T @ inputs[t]`, as one matrix product."""
    return as_rows(grads).T.dot(as_rows(inputs))


# %% [markdown]
# ## The GRU over a whole sequence
#
# `gates` is what the inputs contribute to the gates, for all steps, and is ready. The state's part,
# `h @ w_hh.T + b_hh`, comes step by step. Both are kept apart, because the reset gate multiplies
# only the state's part of the candidate. So there are two gradients: of the inputs' part, and of
# the state's.


# %%
#| export nn.recurrent
class GRUOp(Function):
    """All steps of a GRU (Cho et al., 2014) in one direction, and the way back through them."""

    def forward(self, gates, h0, w_hh, b_hh):
        """(T, N, 3H), (N, H), (3H, H), (3H,) to the states (T, N, H)."""
        steps, n, width = len(gates), *h0.shape
        self.h = np.empty((steps + 1, n, width), gates.dtype)
        self.gates, self.candidate = np.empty_like(gates), np.empty_like(self.h[1:])
        self.h[0], turned = h0, np.ascontiguousarray(w_hh.T)
        for t, z in enumerate(self.gates):
            self.step(gates[t], self.h[t].dot(turned) + b_hh, z, t)
        return self.h[1:]

    def step(self, from_input, from_state, z, t):
        """One step: fill z with r, u and n, and h[t + 1] with the next state."""
        both, width = 2 * self.h.shape[2], self.h.shape[2]
        open_, fresh = z[:, :both], z[:, both:]
        np.add(from_input[:, :both], from_state[:, :both], out=open_)
        open_ *= 0.5  # sigmoid(x) is (1 + tanh(x / 2)) / 2, and tanh never overflows
        np.tanh(open_, out=open_)
        open_ += 1
        open_ *= 0.5
        self.candidate[t] = from_state[:, both:]
        np.multiply(open_[:, :width], self.candidate[t], out=fresh)
        fresh += from_input[:, both:]
        np.tanh(fresh, out=fresh)
        self.h[t + 1] = fresh + open_[:, width:] * (self.h[t] - fresh)

    def backward(self, grad):
        _, h0, w_hh, _ = self.args
        from_input, from_state = np.empty_like(self.gates), np.empty_like(self.gates)
        grad_h = np.zeros_like(h0)
        for t in reversed(range(len(grad))):
            grad_h = grad_h + grad[t]
            self.step_back(grad_h, from_input[t], from_state[t], t)
            kept = grad_h * _parts(self.gates[t], 3)[1]
            grad_h = kept + from_state[t].dot(w_hh)
        grad_w = _product_of_steps(from_state, self.h[:-1])
        return from_input, grad_h, grad_w, as_rows(from_state).sum(axis=0)

    def step_back(self, grad_h, from_input, from_state, t):
        """The gradients of what input and state contributed to the gates of step t."""
        r, u, n = _parts(self.gates[t], 3)
        grad_r, grad_u, grad_n = _parts(from_input, 3)
        np.multiply(grad_h * (1 - u), 1 - n * n, out=grad_n)
        np.multiply(grad_h * (self.h[t] - n), u * (1 - u), out=grad_u)
        np.multiply(grad_n * self.candidate[t], r * (1 - r), out=grad_r)
        from_state[...] = from_input
        _parts(from_state, 3)[2][...] = grad_n * r


# %% [markdown]
# ## Arguments, inputs and states that do not fit


# %%
#| export nn.recurrent
def _check_sizes(name, **sizes):
    for what, size in sizes.items():
        if not isinstance(size, (int, np.integer)):
            kind = type(size).__name__
            raise TypeError(f"{name}: {what} should be of type int, got: {kind}")
        if size < 1:
            raise ValueError(f"{name}: {what} must be greater than zero, got {size}")


def _check_dropout(name, dropout, num_layers):
    """Dropout stands between layers, and module 06 brings it."""
    if isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ValueError(f"{name}: dropout should be a number in range [0, 1], got {dropout}")
    if dropout and num_layers == 1:
        warnings.warn(
            f"{name}: dropout stands after each layer but the last, so non-zero dropout expects "
            f"num_layers greater than 1, but got dropout={dropout} and num_layers=1",
            stacklevel=4,
        )
    elif dropout and not hasattr(functional, "dropout"):
        raise ValueError(
            f"{name}: dropout={dropout} needs module 06_normalization: use dropout=0.0"
        )


def _check_input(layer, input):
    """Refuse an input that this layer or cell cannot read."""
    weight = next(layer.parameters())
    if input.shape[-1] != layer.input_size:
        raise ShapeError(
            f"{layer}: input.size(-1) must be equal to input_size. Expected {layer.input_size}, "
            f"got {input.shape[-1]} (input of shape {tuple(input.shape)})"
        )
    if input.dtype != weight.dtype:
        raise ValueError(
            f"{layer}: input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
            f"Convert input: input.to({weight.dtype}), or convert model: model.to({input.dtype})"
        )


def _check_state(layer, name, state, shape):
    """Refuse an initial state of another shape or dtype."""
    if not isinstance(state, Tensor):
        kind = type(state).__name__
        raise TypeError(f"{layer}: {name} must be a Tensor of shape {shape}, not a {kind}")
    if tuple(state.shape) != shape:
        raise ShapeError(f"{layer}: Expected {name} size {shape}, got {tuple(state.shape)}")
    dtype = next(layer.parameters()).dtype
    if state.dtype != dtype:
        raise ValueError(f"{layer}: {name} is {state.dtype}, the weights are {dtype}")


def _pair_of_states(layer, hx):
    """(h_0, c_0), or an error that says that two are needed."""
    if not isinstance(hx, (tuple, list)) or len(hx) != 2:
        found = f"a tensor of shape {tuple(hx.shape)}" if isinstance(hx, Tensor) else repr(hx)
        raise TypeError(f"{layer}: the state must be a pair (h_0, c_0), not {found}")
    return tuple(hx)


def _cell_input(cell, input, states):
    """A cell's input and states with an axis for the batch; zeros where there is no state."""
    if input.ndim not in (1, 2):
        kind = type(cell).__name__
        raise ShapeError(f"{kind}: Expected input to be 1D or 2D, got {input.ndim}D instead")
    _check_input(cell, input)
    shape = (*input.shape[:-1], cell.hidden_size)
    if states is None:
        count = 2 if cell.gates == 4 else 1
        return [zeros(*shape, dtype=input.dtype) for _ in range(count)]
    for name, state in zip(("hx", "cx"), states):
        _check_state(cell, name, state, shape)
    return states


def _sequence(layer, input):
    """The input as (T, N, I), whatever the order of its axes, and whether it had no batch."""
    if input.ndim not in (2, 3):
        kind = type(layer).__name__
        raise ShapeError(
            f"{kind}: Expected input to be 2D or 3D, got {input.ndim}D instead (shape "
            f"{tuple(input.shape)})"
        )
    _check_input(layer, input)
    if input.ndim == 2:
        input = input.unsqueeze(1)
    elif layer.batch_first:
        input = input.transpose(0, 1)
    if not len(input):
        raise ShapeError(f"{layer}: Expected sequence length to be larger than 0")
    return input


def _first_states(layer, input, states, alone):
    """One state (N, H) of each kind for each layer and direction, in a list of tuples.

    Args:
        input: Tensor (T, N, I). alone: the caller's input had no batch.
        states: Tensors (D * layers, N, H), or (D * layers, H) if `alone`; None for zeros.
    """
    count, n = layer.num_layers * layer.directions, input.shape[1]
    if states is None:
        kinds = 2 if layer.gates == 4 else 1
        zero = zeros(n, layer.hidden_size, dtype=input.dtype)
        return [(zero,) * kinds] * count
    shape = (count, layer.hidden_size) if alone else (count, n, layer.hidden_size)
    for k, state in enumerate(states):
        name = f"hidden[{k}]" if len(states) > 1 else "hidden"
        _check_state(layer, name, state, shape)
    states = [state.unsqueeze(1) if alone else state for state in states]
    return [tuple(state[k] for state in states) for k in range(count)]


def _packed(layer, output, last, alone):
    """What the layer returns: output and states in the caller's order of axes."""
    states = tuple(stack(kind) for kind in zip(*last))
    if alone:
        output, states = output.squeeze(1), tuple(state.squeeze(1) for state in states)
    elif layer.batch_first:
        output = output.transpose(0, 1)
    return output, states if len(states) > 1 else states[0]


def _shown(layer):
    """The arguments of a layer, as PyTorch shows them: those that are not the usual ones."""
    text = f"{layer.input_size}, {layer.hidden_size}"
    usual = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
    for name, value in (usual | {"bidirectional": False, "nonlinearity": "tanh"}).items():
        mine = getattr(layer, name, value)
        if mine != value and not (name == "nonlinearity" and hasattr(layer, "num_layers")):
            text += f", {name}={mine}"
    return text


# %% [markdown]
# ## Sequences of different lengths
#
# PyTorch's `nn.utils.rnn`: filled up to one length, or packed without what fills them up. A network
# reads packed sequences of equal lengths together.

# %%
#| export nn.rnn_utils
import sys
from collections import namedtuple
from types import ModuleType

import numpy as np

from tinytorch.nn import utils
from tinytorch.nn.recurrent import GRU, LSTM, RNN
from tinytorch.tensor import Tensor, cat, stack, tensor, unwrap, wrap

__all__ = []

_Packed = namedtuple(
    "PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"]
)


class PackedSequence(_Packed):
    """Sequences of different lengths, step by step, the longest first.

    data: Tensor (all steps, ...); batch_sizes: how many sequences have a first step, a second, ...
    sorted_indices, unsorted_indices: the order of the sequences, and the way back; or None.
    """

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if sorted_indices is not None and unsorted_indices is None:
            unsorted_indices = wrap(np.argsort(sorted_indices.data))
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        return self._replace(data=self.data.to(*args, **kwargs))


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Tensors (length, ...) as one, (longest, N, ...); with batch_first (N, longest, ...)."""
    longest, rows = max(len(x) for x in sequences), []
    for x in sequences:
        shape = (longest - len(x), *x.shape[1:])
        padding = wrap(np.full(shape, padding_value, x.dtype))
        rows.append(cat([x, padding] if padding_side == "right" else [padding, x]))
    return stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The way back from `pad_sequence`: a list."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:n] for row, n in zip(rows, np.asarray(unwrap(lengths)).tolist())]


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """Take the padding out of (T, N, ...), or (N, T, ...) with batch_first.

    Args:
        input: Tensor; lengths: of the sequences, numbers or a tensor.
        enforce_sorted: they come with the longest first; False: they are sorted here.

    Raises:
        RuntimeError: a length that is not above 0, or an order that is not as said.
    """
    lengths = np.asarray(unwrap(lengths)).astype(int)
    if (lengths < 1).any():
        raise RuntimeError("pack_padded_sequence: lengths must be above 0")
    steps = input.transpose(0, 1) if batch_first else input
    order = None
    if not enforce_sorted:
        order = np.argsort(-lengths, kind="stable")
        steps, lengths = steps.index_select(1, wrap(order)), lengths[order]
    elif (np.diff(lengths) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True."
        )
    sizes = (lengths > np.arange(lengths.max())[:, None]).sum(axis=1)
    data = cat([steps[step, :size] for step, size in enumerate(sizes.tolist())])
    return PackedSequence(data, wrap(sizes), None if order is None else wrap(order))


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """(sequences filled up to one length, their lengths): the way back."""
    rows, lengths = _as_list(sequence)
    padded = pad_sequence(rows, batch_first, padding_value)
    if total_length is not None and total_length > lengths.max():
        dim = 1 if batch_first else 0
        shape = list(padded.shape)
        shape[dim] = total_length - shape[dim]
        padded = cat([padded, wrap(np.full(shape, padding_value, padded.dtype))], dim)
    return padded, wrap(lengths)


def pack_sequence(sequences, enforce_sorted=True):
    """Pack a list of tensors (length, ...)."""
    lengths = tensor([len(x) for x in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """The list of tensors (length, ...)."""
    return _as_list(packed_sequences)[0]


def _as_list(sequence):
    """The packed sequences in their first order, and their lengths."""
    sizes = sequence.batch_sizes.data
    starts = np.cumsum([0, *sizes[:-1]])
    lengths = (sizes > np.arange(sizes[0])[:, None]).sum(axis=1)
    rows = [sequence.data[wrap(starts[:n] + i)] for i, n in enumerate(lengths)]
    if sequence.unsorted_indices is not None:
        order = sequence.unsorted_indices.data
        rows, lengths = [rows[i] for i in order], lengths[order]
    return rows, lengths


def _reading_packed(forward):
    """`forward` of a recurrent network, which also takes a PackedSequence and returns one."""

    def read(self, input, hx=None):
        if not isinstance(input, PackedSequence):
            return forward(self, input, hx)
        rows, lengths = _as_list(input)
        outputs, states = [None] * len(rows), [None] * len(rows)
        for length in sorted(set(lengths.tolist())):
            group = np.flatnonzero(lengths == length)
            batch = stack([rows[i] for i in group], 0 if self.batch_first else 1)
            out, last = forward(self, batch, _of_group(hx, group))
            for place, i in enumerate(group):
                outputs[i] = out.select(0 if self.batch_first else 1, place)
                states[i] = _of_group(last, [place])
        again = pack_padded_sequence(
            pad_sequence(outputs), lengths, enforce_sorted=input.sorted_indices is None
        )
        return again, _joined(states)

    read.__doc__ = forward.__doc__
    return read


def _of_group(states, group):
    """The states of these sequences: a tensor (layers, N, H), a pair of them, or None."""
    if states is None or isinstance(states, Tensor):
        return None if states is None else states.index_select(1, wrap(np.asarray(group)))
    return tuple(_of_group(part, group) for part in states)


def _joined(states):
    if isinstance(states[0], Tensor):
        return cat(states, 1)
    return tuple(cat(part, 1) for part in zip(*states))


for _network in (RNN, LSTM, GRU):
    _network.forward = _reading_packed(_network.forward)

rnn = ModuleType("tinytorch.nn.utils.rnn", "Sequences of different lengths.")
for _part in (
    PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence,
    unpack_sequence, unpad_sequence,
):  # fmt: skip
    setattr(rnn, _part.__name__, _part)
utils.rnn = sys.modules["tinytorch.nn.utils.rnn"] = rnn  # `utils` is a file, no package


# %%
#| default_exp nn.recurrent_more
#| export
from tinytorch.nn import rnn_utils as _rnn_utils
from tinytorch.nn import utils

__all__ = ["utils"]  # nothing new: it only adds to what is there

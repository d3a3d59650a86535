# %% [markdown]
# # Module 08: Recurrent networks
#
# Networks that read step by step and remember: RNN, LSTM and GRU, and gradients through time.
#
# About 35 minutes of reading and 2 hours of writing.
#
# This module needs modules 00 to 04. It does not need 05 to 07. Only `dropout` between the layers,
# an option that you need not use, asks for module 06.
#
# ## The question
#
# Somebody reads out a row of symbols, each one of four. At the end we ask: which was the *first*?
# A linear layer can learn that for rows of eight, for example. Here it does, and then gets a row of
# nine.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time

import numpy as np

from tinytorch import Tensor, manual_seed, no_grad, randn, tensor, zeros
from tinytorch.nn import CrossEntropyLoss, Flatten, Linear, Module, Sequential
from tinytorch.nn.utils import clip_grad_norm_
from tinytorch.optim import Adam


def rows_of_symbols(count, length, seed):
    """(T, N, 4): `count` rows of one-hot symbols, step by step, and the first symbol of each."""
    symbols = np.random.default_rng(seed).integers(0, 4, (length, count))
    return Tensor(np.eye(4, dtype=np.float32)[symbols]), tensor(symbols[0])


def share_right(scores, answers):
    return (scores.argmax(1) == answers).float().mean().item()


manual_seed(0)
model = Sequential(Flatten(), Linear(8 * 4, 4))
optimizer, loss_fn = Adam(model.parameters(), lr=0.05), CrossEntropyLoss()
for step in range(100):
    x, first = rows_of_symbols(64, 8, seed=step)
    optimizer.zero_grad()
    loss_fn(model(x.transpose(0, 1)), first).backward()
    optimizer.step()

x, first = rows_of_symbols(1000, 8, seed=1000)
print(f"rows of eight: {share_right(model(x.transpose(0, 1)), first):.0%} right")
x, first = rows_of_symbols(1000, 9, seed=1000)
try:
    model(x.transpose(0, 1))
except ValueError as error:
    print("rows of nine: ", error)
print(f"their last eight: {share_right(model(x[1:].transpose(0, 1)), first):.0%} right")

# %% [markdown]
# The layer has one weight for each place in the row. It has no ninth place, and if we cut the row
# it takes the second symbol for the first. Text, speech, music and the weather do not come in rows
# of eight.
#
# You would do it differently. You read one symbol at a time, and keep something in mind: here, the
# first symbol. What you keep is your **state**. After each symbol there is a new state, made of the
# old one and of the symbol, always by the same rule. A network that works like this is called
# **recurrent**: its own result comes back as an input.
#
# ```
#            x[0]        x[1]        x[2]              T steps, as many as there are
#             |           |           |
#    h ---> [cell] ----> [cell] ----> [cell] ---> h    one cell, the same weights at each step
#    zeros         h           h                  the last state knows something of all
# ```
#
# ## Where this stands
#
# Jeffrey Elman, *Finding Structure in Time* (1990), trained such networks to predict the next word.
# Paul Werbos, *Backpropagation Through Time* (1990), wrote down how gradients go back through the
# steps. Sepp Hochreiter (1991) and Bengio, Simard and Frasconi, *Learning Long-Term Dependencies
# with Gradient Descent Is Difficult* (1994), found out why they forget so soon. Hochreiter and
# Schmidhuber's answer, *Long Short-Term Memory* (1997), was the network behind speech recognition
# and translation on every telephone until the Transformer came. Cho and others (2014) made a
# simpler one, the GRU. In PyTorch: `nn.RNN`, `nn.LSTM`, `nn.GRU`, and `nn.RNNCell`, `nn.LSTMCell`,
# `nn.GRUCell` for a single step.
#
# Shapes in this module, with time *first*, as in PyTorch:
#
# ```
#   input   (T, N, I)     T steps; N sequences, read side by side; I numbers at each step
#   state   (N, H)        H numbers that each sequence keeps in mind, the hidden state
#   output  (T, N, H)     the states after each step
# ```

# %%
from recurrent_given import (
    GRUOp,
    _cell_input,
    _check_dropout,
    _check_sizes,
    _first_states,
    _packed,
    _pair_of_states,
    _parts,
    _product_of_steps,
    _scale,
    _sequence,
    _shown,
)

# %% [markdown]
# # Part one: one step
#
# ## Task 8.1: the cell of an RNN
#
# The rule of the plain recurrent network: a weighted sum of the input, a weighted sum of the old
# state, a bend.
#
# ```
#    new state  =  tanh( input @ w_ih.T + b_ih   +   state @ w_hh.T + b_hh )
#      (N, H)            (N, I)   (I, H)             (N, H)   (H, H)
#
#    w_ih  (H, I)   from input to hidden             w_hh  (H, H)   from hidden to hidden
# ```
#
# Two biases are one too many, since only their sum counts. PyTorch has both, and so do we, for then
# the parameters of either can be read by the other. `linear` from module 03 computes each half, and
# takes None for a bias.

# %%
#| default_exp nn.recurrent
#| export
import math

import numpy as np

from tinytorch.nn import functional
from tinytorch.nn.functional import linear, relu, sigmoid, tanh
from tinytorch.nn.init import uniform_
from tinytorch.nn.modules import Module, Parameter
from tinytorch.tensor import Function, Tensor, cat, dtype_asked, float32, methods_of, stack, zeros

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]


def rnn_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None, bend=tanh):
    """One step of a plain recurrent network (Elman, 1990).

    Args:
        input: Tensor (N, I). hx: Tensor (N, H), the state before.
        w_ih: Tensor (H, I). w_hh: Tensor (H, H). b_ih, b_hh: Tensors (H,), or None.
        bend: the activation function, from tensor to tensor.

    Returns:
        Tensor (N, H): the state after.

    Example:
        >>> one = tensor([[1.0]])
        >>> rnn_cell(one, 2 * one, 3 * one, 5 * one, bend=relu)
        tensor([[13.]])
    """
    ### BEGIN SOLUTION
    return bend(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))
    ### END SOLUTION


# %%
state, remember, listen = zeros(1, 1), tensor([[0.9]]), tensor([[1.0]])
states = []
for symbol in (1.0, 0.0, 0.0, 0.0, -1.0, 0.0):
    state = rnn_cell(tensor([[symbol]]), state, listen, remember)
    states.append(f"{symbol:+.0f} -> {state.item():+.2f}")
print("a state of one number, after each symbol:  ", "   ".join(states))

# %% [markdown]
# The 1 echoes for a while, then the -1 overrules it. That is a memory, if a poor one.
#
# ## Task 8.2: through time, unroll
#
# Now the loop that reads a whole sequence. The state is **carried**: what comes out of one step
# goes into the next. All states are kept as well, because a network may want to answer after every
# step.
#
# `cell` is any function from (input of one step, state) to the next state. For an LSTM, in task
# 8.4, the state will be a pair (h, c), of which h is what others see. So: if the state is a tuple,
# its first part is the output of the step.
#
# ```
#   input (T, N, I)    x[0]     x[1]     x[2]         x[t] is (N, I)
#   state     s0  -->  s1  -->  s2  -->  s3           s3 is returned
#   outputs            s1       s2       s3           stacked: (T, N, H)
# ```


# %%
#| export
def unroll(cell, input, state):
    """Read a sequence, one step after the other.

    Args:
        cell: called as cell(x, state) with x of shape (N, I); returns the next state.
        input: Tensor (T, N, I), T at least 1.
        state: the first state: a Tensor (N, H), or a tuple of them, as the cell wants it.

    Returns:
        (Tensor (T, N, H), state): the outputs of all steps, and the last state. The output of a
        step is the state after it; of a tuple, the first part.

    Example:
        >>> add = lambda x, state: x + state
        >>> unroll(add, tensor([[[1.0]], [[2.0]], [[3.0]]]), tensor([[10.0]]))[0].tolist()
        [[[11.0]], [[13.0]], [[16.0]]]
    """
    ### BEGIN SOLUTION
    outputs = []
    for x in input:
        state = cell(x, state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    return stack(outputs), state
    ### END SOLUTION


# %%
def add(x, state):
    return x + state


outputs, last = unroll(add, tensor([[[1.0]], [[2.0]], [[3.0]]]), tensor([[10.0]]))
print("a running sum:", outputs.flatten().tolist(), "and the last state", last.tolist())

# %% [markdown]
# ## Task 8.3: how far back, gradient_reach
#
# Autograd knows what to do with the loop: to it, T steps are a network of T layers, which happen to
# share their weights. The gradient of a weight is the sum over all steps. This is
# **backpropagation through time**, and you have it already.
#
# But does it reach far enough? For the network to learn that the *first* symbol matters at the end,
# the gradient of the last output must arrive at the first input. Measure it: let the last output,
# summed to one number, go backward, and look at the gradient of the input. It has shape (T, N, I).
# For each step take its length (**norm**, the root of the sum of its squares).
#
# `input.grad` may still hold the gradients of an earlier measurement, and `backward` adds to them.


# %%
#| export
def gradient_reach(output, input):
    """How strongly the last output depends on the input of each step.

    Args:
        output: Tensor (T, N, H), computed from `input`.
        input: Tensor (T, N, I) that requires a gradient. Its `grad` is overwritten.

    Returns:
        list of T floats: the norm of the gradient of output[-1].sum() for input[t], t = 0 ... T-1.

    Example:
        >>> x = tensor([[[1.0, 0.0]], [[0.0, 0.0]]], requires_grad=True)
        >>> gradient_reach(x * tensor([[[9.0, 9.0]], [[3.0, 4.0]]]), x)
        [0.0, 5.0]
    """
    ### BEGIN SOLUTION
    input.grad = None
    output[-1].sum().backward()
    return [float(np.linalg.norm(grad)) for grad in input.grad.data]
    ### END SOLUTION


# %%
def picture(reach, every=5):
    """One row for every fifth step: how far back it is, the gradient there, and a bar."""
    for back in range(0, len(reach), every):
        size = reach[len(reach) - 1 - back]
        bar = "#" * int(max(0, 4 * (np.log10(max(size, 1e-12)) + 8)))
        print(f"   {back:3} steps back  {size:8.1e}  {bar}")


rng = np.random.default_rng(0)
turn, _ = np.linalg.qr(rng.standard_normal((16, 16)))  # a rotation: lengths stay as they are
x = Tensor(rng.normal(0, 1e-6, (31, 1, 16)), requires_grad=True)  # tanh is nearly straight here
start, w_ih = Tensor(np.zeros((1, 16))), Tensor(np.eye(16))
for factor in (0.6, 1.0, 1.4):
    w_hh = Tensor(factor * turn)
    outputs, _ = unroll(lambda x, h, w=w_hh: rnn_cell(x, h, w_ih, w), x, start)
    print(f"weights of {factor} times a rotation")
    picture(gradient_reach(outputs, x))

# %% [markdown]
# Each bar is a logarithm: every four characters are a factor of ten. At each step back the gradient
# is multiplied by the same matrix, and by the slopes of tanh, which are at most 1. With 0.6 a step
# back costs 40 %, and thirty steps leave 0.6 to the power of 30, which is 0.0000002. Nothing
# that far back can be learned: **vanishing gradients**. With 1.4 the same thirty steps multiply it
# by thousands: **exploding gradients**. These can be clipped, with `clip_grad_norm_` of module 04
# (Pascanu, Mikolov and Bengio, 2013). A gradient that is gone cannot be brought back. The value in
# the middle does not help either: the weights have to do something besides not losing gradients.
#
# ## Task 8.4: the cell of an LSTM
#
# Hochreiter and Schmidhuber's idea: keep a second state, the **cell state** c, that is not pushed
# through a matrix and a bend at each step. It is a note in a notebook. Three **gates**, numbers
# from 0 to 1 made by sigmoids, decide what happens to it:
#
# ```
#     c before ------ * f ------- + -------------------> c after      f  forget gate: keep it?
#                                 |              |                    i  input gate: write?
#                               i * g           tanh                  g  candidate: what?
#                                 |              |                    o  output gate: show it?
#     h before --.                |            * o ----> h after
#     x ---------+--> i f g o ----'
# ```
#
# With f = 1 and i = 0 the note stays as it is, for a thousand steps, and so does its gradient: it
# is multiplied by f, not by a matrix. (The forget gate itself is by Gers, Schmidhuber and
# Cummins, 2000. The network of 1997 could only add.)
#
# All four, gates and candidate, are computed as a plain cell computes its sum, and lie in *one*
# matrix w_ih (4H, I), in PyTorch's order: **i, f, g, o**. So the sum has shape (N, 4H), and
# `z.chunk(4, dim=-1)` cuts it into four tensors of shape (N, H). Then
#
# ```
#     i, f, o  through sigmoid,  g  through tanh
#     c after = f * c before + i * g
#     h after = o * tanh(c after)
# ```


# %%
#| export
def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """One step of an LSTM (Hochreiter & Schmidhuber, 1997; Gers et al., 2000).

    Args:
        input: Tensor (N, I). hx: a tuple (h, c) of Tensors (N, H), the states before.
        w_ih: Tensor (4H, I), rows in the order i, f, g, o. w_hh: Tensor (4H, H), likewise.
        b_ih, b_hh: Tensors (4H,), or None.

    Returns:
        (h, c): a tuple of Tensors (N, H), the states after.

    Example:
        >>> one, w = tensor([[1.0]]), tensor([[100.0], [100.0], [100.0], [100.0]])
        >>> lstm_cell(one, (0 * one, 5 * one), w, w)[1]        # keeps 5, and adds 1
        tensor([[6.]])
    """
    h, c = hx
    ### BEGIN SOLUTION
    z = linear(input, w_ih, b_ih) + linear(h, w_hh, b_hh)
    i, f, g, o = z.chunk(4, dim=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c
    ### END SOLUTION


# %%
def notebook(write, keep, show):
    """A cell of one number whose gates do not look at anything: biases of +10 open, -10 close."""
    bias = tensor([10.0 if write else -10.0, 10.0 if keep else -10.0, 1.0, 10.0 if show else -10.0])
    nothing = tensor([[0.0]] * 4)
    return lambda x, state: lstm_cell(x, state, nothing, nothing, bias)


state = tensor([[0.0]]), tensor([[0.0]])
for name, cell in (
    ("write", notebook(True, True, False)),
    ("keep", notebook(False, True, False)),
    ("show", notebook(False, True, True)),
    ("forget", notebook(False, False, True)),
):
    outputs, state = unroll(cell, zeros(100, 1, 1) if name == "keep" else zeros(1, 1, 1), state)
    steps = f"{len(outputs)} step{'s' if len(outputs) > 1 else ''}"
    print(f"{name:7} {steps:9}  c {state[1].item():6.3f}   h {state[0].item():6.3f}")

# %% [markdown]
# Written down, kept for a hundred steps nearly unchanged, shown, and gone.
#
# ## Task 8.5: the cell of a GRU
#
# Cho and others (2014) asked what of this one can do without, and came to a cell with a single
# state and two gates: the **gated recurrent unit**. One gate, z (**update**), does the work of f
# and i: what is kept of the old is not taken from the new. The other, r (**reset**), says how much
# of the old state the candidate n may see.
#
# ```
#     r = sigmoid(x's part + h's part)              rows in the order r, z, n
#     z = sigmoid(x's part + h's part)
#     n = tanh(x's part + r * h's part)             r multiplies h's part only, its bias included
#     h after = (1 - z) * n + z * h before
# ```
#
# Here the two halves of the sum must stay apart, because r comes between them. Cut each into three.


# %%
#| export
def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """One step of a gated recurrent unit (Cho et al., 2014).

    Args:
        input: Tensor (N, I). hx: Tensor (N, H), the state before.
        w_ih: Tensor (3H, I), rows in the order r, z, n. w_hh: Tensor (3H, H), likewise.
        b_ih, b_hh: Tensors (3H,), or None.

    Returns:
        Tensor (N, H): the state after.

    Example:
        >>> one, w = tensor([[1.0]]), tensor([[0.0], [100.0], [0.0]])
        >>> gru_cell(one, 5 * one, w, w)                       # z = 1 keeps the state
        tensor([[5.]])
    """
    ### BEGIN SOLUTION
    x_r, x_z, x_n = linear(input, w_ih, b_ih).chunk(3, dim=-1)
    h_r, h_z, h_n = linear(hx, w_hh, b_hh).chunk(3, dim=-1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = tanh(x_n + r * h_n)
    return (1 - z) * n + z * hx
    ### END SOLUTION


# %%
manual_seed(0)
for name, cell, rows in (("RNN", rnn_cell, 16), ("LSTM", lstm_cell, 64), ("GRU", gru_cell, 48)):
    w_ih, w_hh, h = randn(rows, 4) / 4, randn(rows, 16) / 4, zeros(2, 16)
    outputs, _ = unroll(
        lambda x, state, cell=cell, w=(w_ih, w_hh): cell(x, state, *w),
        randn(7, 2, 4), (h, h) if name == "LSTM" else h,
    )  # fmt: skip
    print(f"{name:4}: {w_ih.numel() + w_hh.numel():5} weights, outputs {tuple(outputs.shape)}")

# %% [markdown]
# # Part two: layers
#
# ## Task 8.6: the parameters
#
# A cell owns four parameters, `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`. A layer owns four
# for each **layer** and each **direction**, with the number at the end: `weight_ih_l0`,
# `weight_ih_l1`, and with `_reverse` for the direction from the end to the beginning:
# `weight_ih_l0_reverse`. The names are attributes, so `setattr(module, name, Parameter(...))` does
# what `module.weight_ih_l0 = Parameter(...)` does, with a name that is put together.
#
# ```
#   rows = gates * H:     RNN H     GRU 3H     LSTM 4H
#
#   weight_ih{suffix}  (rows, inputs)      bias_ih{suffix}  (rows,)     only with bias=True
#   weight_hh{suffix}  (rows, H)           bias_hh{suffix}  (rows,)
# ```
#
# First values, as in PyTorch: all of them, biases too, spread evenly from -1 / sqrt(H) to
# 1 / sqrt(H), by `uniform_` of module 03.


# %%
#| export
def add_weights(module, rows, inputs, bias, suffix, dtype):
    """Make the parameters of one cell, or of one layer in one direction.

    Args:
        module: a Module with `hidden_size`, H; gets the parameters as attributes.
        rows: the number of gates times H. inputs: numbers that come in at each step.
        bias: False for none of the two biases. suffix: the end of the names, such as "_l0".
        dtype: of the parameters.

    The parameters, in this order: `weight_ih` (rows, inputs), `weight_hh` (rows, H), `bias_ih`
    (rows,), `bias_hh` (rows,), each name followed by `suffix`. Their values may be anything.

    Returns:
        None.
    """
    ### BEGIN SOLUTION
    shapes = {"weight_ih": (rows, inputs), "weight_hh": (rows, module.hidden_size)}
    if bias:
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    for name, shape in shapes.items():
        setattr(module, name + suffix, Parameter(np.empty(shape, dtype)))
    ### END SOLUTION


def first_values(module):
    """Spread all parameters of `module` evenly from -1 / sqrt(H) to 1 / sqrt(H), in place.

    Args:
        module: a Module with `hidden_size`, H.

    Returns:
        None.
    """
    ### BEGIN SOLUTION
    bound = 1 / math.sqrt(module.hidden_size)
    for parameter in module.parameters():
        uniform_(parameter, -bound, bound)
    ### END SOLUTION


# %% [markdown]
# The cells as modules are now quickly made, and given: `gates` is what differs, and the function of
# task 8.1, 8.4 or 8.5. They also take a single input (I,), without a batch.


# %%
#| export
class _Cell(Module):
    """What the three cells share: arguments and parameters."""

    gates = 1

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__()
        _check_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        dtype = dtype_asked((), dtype or float32, device)
        add_weights(self, self.gates * hidden_size, input_size, bias, "", dtype)
        if not bias:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Give all parameters new first values."""
        first_values(self)

    def weights(self):
        """The four parameters in the order in which the functions take them."""
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def extra_repr(self):
        return _shown(self)


class RNNCell(_Cell):
    """One step of an RNN: (N, input_size) and a state (N, hidden_size) to the next state."""

    def __init__(
        self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None
    ):
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity, self.bend = nonlinearity, _bend(nonlinearity)

    def forward(self, input, hx=None):
        (hx,) = _cell_input(self, input, None if hx is None else [hx])
        return rnn_cell(input, hx, *self.weights(), self.bend)


class LSTMCell(_Cell):
    """One step of an LSTM: (N, input_size) and states (h, c), each (N, hidden_size), to (h, c)."""

    gates = 4

    def forward(self, input, hx=None):
        states = None if hx is None else _pair_of_states(self, hx)
        return lstm_cell(input, tuple(_cell_input(self, input, states)), *self.weights())


class GRUCell(_Cell):
    """One step of a GRU: (N, input_size) and a state (N, hidden_size) to the next state."""

    gates = 3

    def forward(self, input, hx=None):
        (hx,) = _cell_input(self, input, None if hx is None else [hx])
        return gru_cell(input, hx, *self.weights())


def _bend(nonlinearity):
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}")
    return tanh if nonlinearity == "tanh" else relu


# %%
manual_seed(0)
for name, parameter in LSTMCell(3, 16).named_parameters():
    print(f"{name:10} {parameter.shape!s:9} largest {parameter.abs().max().item():.3f}")
step_by_step = LSTMCell(3, 16)
outputs, (h, c) = unroll(step_by_step, randn(5, 2, 3), None)
print("unrolled:", tuple(outputs.shape), "last h", tuple(h.shape), "last c", tuple(c.shape))

# %% [markdown]
# ## Task 8.7: all steps as one operation, RNNOp
#
# The unrolled loop is right, and slow. Each step is a handful of tensor operations on small arrays,
# and most of the time goes into recording them. An operation of our own that does *all* steps, in
# NumPy, is several times faster. For that you write the way back through time by hand, once.
#
# Two observations first. The input's part of the sum does not depend on the state. So it can be
# computed for all steps at once, as one large matrix product, before the loop: `gates`, with both
# biases in it. And the states go into one array h with a place more than there are steps: h[0] is
# the state before the first step, h[t + 1] the one after step t.
#
# ```
#   forward                                 t = 0, 1, 2, ...
#      h[t+1] = bend(gates[t] + h[t] @ w_hh.T)
#
#   backward                                t = T-1, ..., 1, 0
#      the gradient of h[t+1]: what comes from outside, grad[t], for h[t+1] is the output of step t,
#                              plus what step t + 1 has sent back, grad_h (zeros at the end)
#      grads[t] = that * slope(h[t+1])      the gradient of the sum, and of gates[t]
#      grad_h   = grads[t] @ w_hh           what this step sends back to h[t]
#
#   after the loop
#      grad_w   = sum over t of  grads[t].T @ h[t]
# ```
#
# The last line is one product as well, if all steps are put below each other: that is
# `_product_of_steps(grads, h)`, given, with the states *before* each step, one for each t. And what
# is left in `grad_h` after the loop is the gradient of the first state.
#
# `_BENDS` has bend and slope on arrays; the slope is computed from the result. One detail of speed:
# `turned` is w_hh.T *copied* into the order of its axes. With small matrices NumPy is up to three
# times slower with a transposed view.

# %%
#| export
_BENDS = {
    "tanh": (np.tanh, lambda out: 1 - out * out),
    "relu": (lambda z: np.maximum(z, 0), lambda out: out > 0),
}


class RNNOp(Function):
    """All steps of an RNN in one direction, and the way back through them (Werbos, 1990)."""

    def forward(self, gates, h0, w_hh, nonlinearity):
        """Compute the states.

        Args:
            gates: np.ndarray (T, N, H), the input's part of the sum, biases included.
            h0: np.ndarray (N, H). w_hh: np.ndarray (H, H). nonlinearity: a key of `_BENDS`.

        Returns:
            np.ndarray (T, N, H): the state after each step.
        """
        bend, _ = _BENDS[nonlinearity]
        self.h = h = np.empty((len(gates) + 1, *h0.shape), gates.dtype)
        h[0], turned = h0, np.ascontiguousarray(w_hh.T)
        ### BEGIN SOLUTION
        for t in range(len(gates)):
            h[t + 1] = bend(gates[t] + h[t].dot(turned))
        ### END SOLUTION
        return h[1:]

    def backward(self, grad):
        """Go back through time.

        Args:
            grad: np.ndarray (T, N, H), the gradient of the result.

        Returns:
            tuple: the gradients of gates, h0 and w_hh.
        """
        _, h0, w_hh, nonlinearity = self.args
        _, slope = _BENDS[nonlinearity]
        h, grads, grad_h = self.h, np.empty_like(grad), np.zeros_like(h0)
        ### BEGIN SOLUTION
        for t in reversed(range(len(grad))):
            grads[t] = (grad[t] + grad_h) * slope(h[t + 1])
            grad_h = grads[t].dot(w_hh)
        return grads, grad_h, _product_of_steps(grads, h[:-1])
        ### END SOLUTION


# %%
manual_seed(0)
cell, x, start = RNNCell(8, 32), randn(60, 16, 8), zeros(16, 32)


def by_cell():
    return unroll(cell, x, start)[0]


def by_operation():
    gates = linear(x, cell.weight_ih, cell.bias_ih + cell.bias_hh)
    return RNNOp.apply(gates, start, cell.weight_hh, "tanh")


found = {}
for name, way in (("the cell, unrolled", by_cell), ("one operation", by_operation)):
    times = []
    for _ in range(7):
        cell.zero_grad()
        begin = time.perf_counter()
        (way() ** 2).mean().backward()
        times.append(time.perf_counter() - begin)
    found[name] = cell.weight_hh.grad.data
    print(f"{name:18}: {sorted(times)[3] * 1e3:6.1f} ms, forward and back")
print(f"largest difference of the gradients: {np.abs(np.subtract(*found.values())).max():.0e}")

# %% [markdown]
# ## Task 8.8: the LSTM on arrays
#
# For the LSTM the loops are given below. What is yours is one step, forward and back, and what the
# steps have in common.
#
# The step gets `z`, the sum of all four gates, and may overwrite it. How do three gates go through
# a sigmoid and the fourth through tanh, without cutting first? The sigmoid is a tanh in disguise:
#
# ```
#   sigmoid(x) =  0.5 * tanh(0.5 * x) + 0.5              tanh(x) = 1 * tanh(1 * x) + 0
#
#   both are   scale * tanh(scale * x) + (1 - scale)     with scale 0.5, or 1
# ```
#
# So with one array `scale` (4H,), 0.5 in the columns of i, f and o, and 1 in those of g, the bends
# are four operations on all of z: `*=`, `np.tanh(z, out=z)`, `*=`, `+=`. Afterwards `_parts(z, 4)`
# gives the views i, f, g, o.
#
# Then the way back of one step. Two gradients arrive: `grad_h`, of h after, and `grad_c`, of c
# after. But c after also acts through h: h = o * bent with bent = tanh(c), so its whole gradient is
#
# ```
#   grad_c  +  grad_h * through_h            through_h = o * (1 - bent²)
# ```
#
# Call that grad_c from here on, and use the rules of products: c after = f * c before + i * g.
#
# ```
#   gradient of    i              f                  g              o                 c before
#                  grad_c * g     grad_c * c before  grad_c * i     grad_h * bent     grad_c * f
# ```
#
# The first four must still pass the bends. The slope, computed from the result a, is a * (1 - a)
# for a sigmoid and (1 + a) * (1 - a) for tanh; again one formula does for both:
#
# ```
#   slope = (1 - a) * (a + 2 * scale - 1)
# ```
#
# Look at what has to wait for the step after, and what has not. Only grad_c and grad_h have to. The
# rest of each product, `factors`, can be computed for *all steps at once*, before the loop:
#
# ```
#   columns of           i            f                   g            o
#   factors (..., 4H)    slope * g    slope * c before    slope * i    slope * bent
#   times                grad_c       grad_c              grad_c       grad_h
#   is the gradient of the sums
# ```
#
# A few operations on long arrays in place of many on short ones: NumPy needs about a microsecond
# for each call, however little there is to do. `_parts` cuts the last axis, of arrays of any rank.


# %%
#| export
def lstm_step(z, c, scale):
    """One step of an LSTM on arrays.

    Args:
        z: np.ndarray (N, 4H), the sums of i, f, g, o before their bends; overwritten with what
            they are after.
        c: np.ndarray (N, H), the cell state before; stays as it is.
        scale: np.ndarray (4H,), or repeated for each row, (N, 4H): 0.5 for the columns of a
            sigmoid, 1 for those of a tanh.

    Returns:
        (h, c, bent): np.ndarrays (N, H): the states after, and tanh(c) of that c.
    """
    ### BEGIN SOLUTION
    z *= scale
    np.tanh(z, out=z)
    z *= scale
    z += 1 - scale
    i, f, g, o = _parts(z, 4)
    c = f * c + i * g
    bent = np.tanh(c)
    return o * bent, c, bent
    ### END SOLUTION


def lstm_factors(gates, c, bent, scale):
    """What the way back needs of all steps, and can be computed before it begins.

    Args:
        gates: np.ndarray (..., 4H): i, f, g, o after their bends. c: (..., H), *before* each step.
        bent: np.ndarray (..., H), tanh of c after each step. scale: as in `lstm_step`.

    Returns:
        (factors, through_h): np.ndarrays (..., 4H) and (..., H). No argument is changed.
    """
    ### BEGIN SOLUTION
    i, _, g, o = _parts(gates, 4)
    factors = (1 - gates) * (gates + (2 * scale - 1))
    for part, other in zip(_parts(factors, 4), (g, c, i, bent)):
        part *= other
    return factors, o * (1 - bent * bent)
    ### END SOLUTION


def lstm_step_back(grad_h, grad_c, factors, through_h, f):
    """The way back through one step of an LSTM.

    Args:
        grad_h, grad_c: np.ndarrays (N, H), the gradients of h and c after the step.
        factors: np.ndarray (N, 4H). through_h: (N, H). Both from `lstm_factors`.
        f: np.ndarray (N, H), the forget gate.

    Returns:
        (grad_z, grad_c): the gradient of the sums before the bends, (N, 4H), and of c before the
        step, (N, H). No argument is changed.
    """
    ### BEGIN SOLUTION
    grad_c = grad_c + grad_h * through_h
    grad_z = factors * np.concatenate([grad_c, grad_c, grad_c, grad_h], axis=1)
    return grad_z, grad_c * f
    ### END SOLUTION


class LSTMOp(Function):
    """All steps of an LSTM in one direction, and the way back through them."""

    def forward(self, gates, h0, c0, w_hh):
        """(T, N, 4H), (N, H), (N, H), (4H, H) to (T + 1, N, H): h after each step, and the last c.

        The scale is as large as z: NumPy is slow where it has to repeat a short row.
        """
        self.h = np.empty((len(gates) + 2, *h0.shape), gates.dtype)
        self.c = np.empty_like(self.h[1:])
        self.h[0], self.c[0], turned = h0, c0, np.ascontiguousarray(w_hh.T)
        self.gates, self.bent = np.empty_like(gates), np.empty_like(self.c[1:])
        self.scale = np.tile(_scale(gates, 0.5, 0.5, 1, 0.5), (len(h0), 1))
        for t, z in enumerate(self.gates):
            np.dot(self.h[t], turned, out=z)
            z += gates[t]
            self.h[t + 1], self.c[t + 1], self.bent[t] = lstm_step(z, self.c[t], self.scale)
        self.h[-1] = self.c[-1]
        return self.h[1:]

    def backward(self, grad):
        w_hh, grads = self.args[3], np.empty_like(self.gates)
        grad_h, grad_c = np.zeros_like(grad[0]), grad[-1]
        factors, through_h = lstm_factors(self.gates, self.c[:-1], self.bent, self.scale)
        f = _parts(self.gates, 4)[1]
        for t in reversed(range(len(grads))):
            grad_h = grad_h + grad[t]
            grads[t], grad_c = lstm_step_back(grad_h, grad_c, factors[t], through_h[t], f[t])
            grad_h = grads[t].dot(w_hh)
        return grads, grad_h, grad_c, _product_of_steps(grads, self.h[:-2])


# %%
manual_seed(0)
cell, state = LSTMCell(3, 2), (randn(1, 2), randn(1, 2))
x = randn(1, 3)
z = (linear(x, cell.weight_ih, cell.bias_ih) + linear(state[0], cell.weight_hh, cell.bias_hh)).data
h, c, _ = lstm_step(z.copy(), state[1].data, _scale(z, 0.5, 0.5, 1, 0.5))
print("on arrays: h", h.round(5), "c", c.round(5))
h, c = cell(x, state)
print("the cell:  h", h.data.round(5), "c", c.data.round(5))

# %% [markdown]
# The GRU's operation is written in the same way. It stands in `recurrent_given.py`, worth reading
# now.
#
# ## Task 8.9: several layers, two directions
#
# A layer can read the outputs of another layer as *its* sequence: **stacked** layers,
# `num_layers=2`. And sometimes the end of a sequence is known when its beginning is to be
# understood: in "the bank of the river" the third word says what the first one means. So a second
# set of weights reads from the end to the beginning, and both outputs are put side by side:
# `bidirectional=True` (Schuster and Paliwal, 1997).
#
# ```
#                            x[0]   x[1]   x[2]
#   _l0           ------->   a0     a1     a2                output of layer 0, (T, N, 2H):
#   _l0_reverse   <-------   b0     b1     b2                [a0 b0]  [a1 b1]  [a2 b2]
#                                                                |        |        |
#   _l1, _l1_reverse                                         read that as their x
# ```
#
# Reading backward needs no new loop. Flip the input along time, read it, and flip the output again,
# so that b1 stands beside a1. The last state of that direction is the state after x[0].
#
# Two blanks. `read` is one layer in one direction. `read_all` goes through layers and directions;
# states are counted in this order: layer 0, layer 0 reverse, layer 1, ... So the one that comes
# next is `first[len(last)]`. Between two layers comes dropout, if there is any: given.
#
# `scan`, given in the classes below, is input product and operation: it returns the outputs and a
# tuple of the last states, (h,) or (h, c).


# %%
#| export
class _Recurrent(Module):
    """What RNN, LSTM and GRU share. A subclass has `gates` and `scan`."""

    gates = 1

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        device=None,
        dtype=None,
    ):
        super().__init__()
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        _check_sizes(type(self).__name__, **sizes)
        _check_dropout(type(self).__name__, dropout, num_layers)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.directions = bidirectional, 2 if bidirectional else 1
        dtype, inputs = dtype_asked((), dtype or float32, device), input_size
        for layer in range(num_layers):
            for suffix in self.suffixes(layer):
                add_weights(self, self.gates * hidden_size, inputs, bias, suffix, dtype)
            inputs = hidden_size * self.directions
        self.reset_parameters()

    def reset_parameters(self):
        """Give all parameters new first values."""
        first_values(self)

    def flatten_parameters(self):
        """PyTorch rearranges its memory here for a GPU; there is nothing to do."""

    def suffixes(self, layer):
        """How the names of this layer's parameters end: one for each direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: self.directions]

    def weights(self, suffix):
        """weight_ih, weight_hh, bias_ih, bias_hh of one layer in one direction; None for none."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [getattr(self, name + suffix, None) for name in names]

    def dropped(self, output):
        """What one layer hands to the next."""
        if self.dropout and self.training:
            return functional.dropout(output, self.dropout, True)
        return output

    def forward(self, input, hx=None):
        """Read sequences.

        Args:
            input: Tensor (T, N, I), or (N, T, I) with batch_first, or (T, I) for one sequence.
            hx: the first states (D * num_layers, N, H), D directions; for an LSTM a pair
                (h_0, c_0) of them; None means zeros. Without the axis N for one sequence.

        Returns:
            (output, last states): output (T, N, D * H), of the last layer after each step (with
            batch_first (N, T, D * H)); the last states like hx.

        Raises:
            RuntimeError, ValueError: shapes or dtypes that do not fit, or a sequence of no steps.
            TypeError: the states of an LSTM are no pair.
        """
        alone, sequence = input.ndim == 2, _sequence(self, input)
        first = _first_states(self, sequence, self.unpacked(hx), alone)
        return _packed(self, *self.read_all(sequence, first), alone)

    def unpacked(self, hx):
        """The first states as a tuple, or None."""
        return None if hx is None else (hx,)

    def extra_repr(self):
        return _shown(self)


@methods_of(_Recurrent)
class _Reading:
    def read(self, input, suffix, states):
        """One layer in one direction.

        Args:
            input: Tensor (T, N, I), in the order of time. suffix: such as "_l0" or "_l1_reverse".
            states: a tuple of Tensors (N, H), before the first step that is read.

        Returns:
            (Tensor (T, N, H), tuple): the outputs in the order of time, and the states after the
            last step that was read.
        """
        reverse = suffix.endswith("_reverse")
        ### BEGIN SOLUTION
        if reverse:
            input = input.flip(0)
        output, last = self.scan(input, states, *self.weights(suffix))
        return output.flip(0) if reverse else output, last
        ### END SOLUTION

    def read_all(self, input, first):
        """All layers, each in all its directions.

        Args:
            input: Tensor (T, N, I). first: list with a tuple of Tensors (N, H) for each layer and
                direction.

        Returns:
            (Tensor (T, N, D * H), list): the output of the last layer, and the last states, a list
            like `first`.
        """
        last = []
        for layer in range(self.num_layers):
            if layer:
                input = self.dropped(input)
            ### BEGIN SOLUTION
            outputs = []
            for suffix in self.suffixes(layer):
                output, states = self.read(input, suffix, first[len(last)])
                outputs.append(output)
                last.append(states)
            input = cat(outputs, dim=2) if len(outputs) > 1 else output
            ### END SOLUTION
        return input, last


class RNN(_Recurrent):
    """Layers of plain recurrent networks (Elman, 1990); nonlinearity "tanh" or "relu"."""

    def __init__(
        self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, *args, **kwargs
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, *args, **kwargs)
        _bend(nonlinearity)
        self.nonlinearity = nonlinearity

    def scan(self, input, states, w_ih, w_hh, b_ih, b_hh):
        gates = linear(input, w_ih, None if b_ih is None else b_ih + b_hh)
        output = RNNOp.apply(gates, states[0], w_hh, self.nonlinearity)
        return output, (output[-1],)


class LSTM(_Recurrent):
    """Layers of long short-term memory (Hochreiter & Schmidhuber, 1997; Gers et al., 2000)."""

    gates = 4

    def __init__(self, *args, proj_size=0, **kwargs):
        if proj_size:
            raise ValueError("LSTM: proj_size is not in this course: put a Linear after the LSTM")
        super().__init__(*args, **kwargs)

    def unpacked(self, hx):
        """The first states (h_0, c_0), or None."""
        return None if hx is None else _pair_of_states(self, hx)

    def scan(self, input, states, w_ih, w_hh, b_ih, b_hh):
        gates = linear(input, w_ih, None if b_ih is None else b_ih + b_hh)
        read = LSTMOp.apply(gates, *states, w_hh)
        output = read[:-1]
        return output, (output[-1], read[-1])


class GRU(_Recurrent):
    """Layers of gated recurrent units (Cho et al., 2014)."""

    gates = 3

    def scan(self, input, states, w_ih, w_hh, b_ih, b_hh):
        b_hh = zeros(len(w_hh), dtype=w_hh.dtype) if b_hh is None else b_hh
        output = GRUOp.apply(linear(input, w_ih, b_ih), states[0], w_hh, b_hh)
        return output, (output[-1],)


# %%
manual_seed(0)
layer = LSTM(4, 8, num_layers=2, bidirectional=True)
output, (h, c) = layer(randn(5, 3, 4))
print(layer, "\noutput", tuple(output.shape), " h", tuple(h.shape), " c", tuple(c.shape))
for name, parameter in layer.named_parameters():
    if name.startswith("weight_ih"):
        print(f"{name:22} {tuple(parameter.shape)}")
print("the first output of the way back is its last state:",
      np.allclose(output.data[0, :, 8:], h.data[3]))  # fmt: skip
try:
    layer(randn(5, 3, 7))
except ValueError as error:
    print(error)

# %% [markdown]
# ## Task 8.10: begin by remembering, the forget bias
#
# With its first values around 0, the forget gate begins at sigmoid(0) = 0.5. A note is then halved
# at each step, and so is its gradient: after thirty steps 0.5 to the power of 30 is left, and the
# LSTM is no better than the plain network until it has learned to keep. But for learning to keep
# it would need that gradient.
#
# The remedy is one number: begin with the forget gate *open*, by a bias of 1 or more (Gers and
# others, 2000; Jozefowicz, Zaremba and Sutskever, 2015, found that it matters more than most
# improvements of the cell). Where is that bias? In the rows of f, the second of i, f, g, o: H to
# 2H - 1. Both biases are added, so set one of them and put 0 into the other, in every layer and
# direction. Change the arrays in place, `parameter.data[rows] = ...`.


# %%
#| export
def open_forget_gates_(lstm, bias=1.0):
    """Set the bias of the forget gates, in all layers and directions, in place.

    Args:
        lstm: an LSTM or an LSTMCell, with biases.
        bias: the new sum of both biases of each forget gate: `bias_ih...` gets it, `bias_hh...` 0.

    Returns:
        lstm. All other parameters stay as they are.

    Raises:
        ValueError: it has no biases.

    Source: Gers, Schmidhuber & Cummins (2000).
    """
    if not lstm.bias:
        raise ValueError(f"open_forget_gates_: {lstm} has no biases")
    ### BEGIN SOLUTION
    rows = slice(lstm.hidden_size, 2 * lstm.hidden_size)
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_ih"):
            parameter.data[rows] = bias
        elif name.startswith("bias_hh"):
            parameter.data[rows] = 0
    return lstm
    ### END SOLUTION


# %%
x = Tensor(np.random.default_rng(1).standard_normal((41, 4, 8)).astype("float32"))
x.requires_grad_()
manual_seed(3)
for name, layer in (
    ("RNN", RNN(8, 32)),
    ("LSTM, forget bias around 0", LSTM(8, 32)),
    ("LSTM, forget bias 3", open_forget_gates_(LSTM(8, 32), 3.0)),
):
    print(name)
    picture(gradient_reach(layer(x)[0], x), every=10)

# %% [markdown]
# Forty steps back the gradient of the first two is gone, and the third one's is nearly what it was.
# The notebook is open from the first day on. When to write into it and when to show it, is left to
# learn.
#
# ## Task 8.11: a long sequence in pieces
#
# A novel is one sequence of a million characters. Backward through all of it would need all its
# states in memory, and a thousand steps are as good as infinitely many. So it is read in pieces of,
# say, 50 steps, with a step of the optimizer after each. The state is **carried** over: the reader
# does not forget the novel at the end of the page. But the gradient stops there: the state is
# **detached** from the piece that made it. (*Truncated* backpropagation through time; Williams and
# Peng, 1990.)
#
# ```
#    piece 0            piece 1            piece 2
#   [cell][cell] --h-> [cell][cell] --h-> [cell][cell]      forward: the state goes on
#   <---------- |      <---------- |      <----------       backward: each piece alone
#               detach             detach
# ```
#
# `tensor.detach()` has the same numbers and no record. Forget it, and `backward` of the second
# piece walks on into the first, whose record is freed: RuntimeError. Forget to carry the state, and
# no error tells you; the network only never knows what came before the piece.
#
# Write a generator: it `yield`s each piece, waits while the caller learns from it, and goes on with
# the state. `layer` returns (output, state), and a state may be a pair.


# %%
#| export
def in_pieces(layer, input, length, state=None):
    """Read a long sequence in pieces; the state goes on from piece to piece, the gradient does not.

    Args:
        layer: called as layer(piece, state); returns (output, state), as RNN, LSTM and GRU do.
        input: Tensor (T, N, I).
        length: steps in a piece; the last one has what is left.
        state: before the first step; None for zeros.

    Yields:
        (slice, output, state) for each piece: which steps it has, so that input[slice] is the
        piece; the output of the layer; the state after it, detached.

    Source: Williams & Peng (1990).
    """
    ### BEGIN SOLUTION
    for start in range(0, len(input), length):
        steps = slice(start, min(start + length, len(input)))
        output, state = layer(input[steps], state)
        if isinstance(state, tuple):
            state = tuple(part.detach() for part in state)
        else:
            state = state.detach()
        yield steps, output, state
    ### END SOLUTION


# %%
manual_seed(0)
layer, x = LSTM(4, 16), randn(10, 2, 4)
whole, _ = layer(x)
for steps, output, (h, _) in in_pieces(layer, x, 4):
    same = np.allclose(output.data, whole.data[steps], atol=1e-6)
    print(f"steps {steps.start} to {steps.stop - 1}: as in one go {same}, record {h.requires_grad}")

# %% [markdown]
# ## Put together
#
# The question from the beginning, in a noisy room. In the first step one of four names is called,
# loudly, in a channel of its own; after that there is only noise, in four other channels. Which
# name was it? Three networks of the same width, each trained on rows of 5 steps and on rows of 100.
# The third begins with its forget gates open, and its input gates nearly closed, so that noise is
# not written down (Hochreiter and Schmidhuber, 1997, did that with a negative bias).


# %%
def names_in_noise(count, length, seed):
    """(T, N, 8): a name in the first step, noise ever after; and which of the four it was."""
    rng = np.random.default_rng(seed)
    x, names = rng.normal(0, 0.5, (length, count, 8)), rng.integers(0, 4, count)
    x[:, :, :4] = 0
    x[0, np.arange(count), names] = 4
    return Tensor(x.astype("float32")), tensor(names)


class Reader(Module):
    """A recurrent layer, and an answer from its last output."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.decide = layer, Linear(layer.hidden_size, 4)

    def forward(self, x):
        output, _ = self.layer(x)
        return self.decide(output[-1])


def learn(layer, length, steps=150):
    model, loss_fn = Reader(layer), CrossEntropyLoss()
    optimizer = Adam(model.parameters(), lr=0.02)
    for step in range(steps):
        x, names = names_in_noise(32, length, seed=step)
        optimizer.zero_grad()
        loss_fn(model(x), names).backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model


def examine(model, length):
    with no_grad():
        x, names = names_in_noise(500, length, seed=100_000)
        return share_right(model(x), names)


def prepared():
    layer = open_forget_gates_(LSTM(8, 24), 5.0)
    layer.bias_ih_l0.data[:24] = -2.0  # the input gates, the first of i, f, g, o
    return layer


layers = {"RNN": lambda: RNN(8, 24), "LSTM": lambda: LSTM(8, 24), "LSTM, prepared": prepared}
for name, make in layers.items():
    manual_seed(1)
    short, model = learn(make(), 5), learn(make(), 100)
    right = examine(short, 5), examine(model, 100)
    print(f"{name:15} rows of 5: {right[0]:4.0%}   rows of 100: {right[1]:4.0%}")
print(f"the last one, rows of 120: {examine(model, 120):.0%}")

# %% [markdown]
# Rows of five are easy for all three. Over a hundred steps the first two are about as good as
# somebody who guesses, right one time in four: no gradient tells them what to keep. The third one
# remembers, also for rows longer than any it has seen.
#
# ## What you can do now
#
# You can read sequences of any length, in either direction, in layers or in pieces, and you know
# what it takes to learn from what was long ago. `tito module test 08` runs the tests, `tito module
# complete 08` puts your code into `tinytorch`.
#
# ## Experiments
#
# - In "Put together", try `GRU(8, 24)`. Its update gate has a bias too: rows H to 2H - 1 of `r, z,
#   n`. What does it need?
# - Start the RNN with `weight_hh_l0` as the identity matrix, `weight_ih_l0` small, biases 0, and
#   `nonlinearity="relu"` (Le, Jaitly and Hinton, 2015). How long are the rows that it learns?
# - Leave out the `detach` in your `in_pieces`, and train on the second piece. What does the message
#   say? And with `backward(retain_graph=True)`, what happens to the time for each piece?
#
# ## Questions
#
# **1.** An LSTM layer with I inputs and H hidden units has how many parameters? A `Linear(I, H)`?
#
# <details><summary>Answer</summary>
#
# 4 * H * (I + H + 2) with both biases: four times a sum over input and state. The linear layer has
# H * (I + 1).
#
# </details>
#
# **2.** The steps of a sequence cannot be computed at the same time, those of a convolution can.
# Where in the operations of this module do you see it, and what could be done for all steps at
# once?
#
# <details><summary>Answer</summary>
#
# In the loop over t: h[t + 1] needs h[t]. What does not need the state is outside the loop: the
# product of the inputs with `weight_ih`, and the gradient of `weight_hh`. That loop is what the
# Transformer did away with.
#
# </details>
#
# **3.** Somebody trains on pieces of 50 steps, with the state carried and detached. Can the network
# learn something that takes 80 steps to see?
#
# <details><summary>Answer</summary>
#
# Only by luck. No gradient goes back further than the beginning of the piece. The network *uses*
# what is older, since the state is carried, but it is never told that keeping it was right. What it
# learns to keep for 40 steps it may well keep for 80.
#
# </details>

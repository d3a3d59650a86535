"""Mistakes of module 08, and of what trains its network: cells, layers, long sequences."""

from __future__ import annotations

from tests.course.broken import Broken

DATA = "modules/05_data/data.py"
RECURRENT = "modules/08_recurrent/recurrent.py"

BROKEN = [
    Broken(
        "LSTM: i and f exchanged in the cell", "lstm",
        "i, f, g, o = z.chunk(4, dim=-1)", "f, i, g, o = z.chunk(4, dim=-1)",
        ("nn.LSTMCell", "are the gates taken in the order f, i, g, o", RECURRENT),
    ),
    Broken(
        "LSTM: g and o exchanged in the cell", "lstm",
        "i, f, g, o = z.chunk(4, dim=-1)", "i, f, o, g = z.chunk(4, dim=-1)",
        ("nn.LSTMCell", "are the gates taken in the order i, f, o, g", RECURRENT),
    ),
    Broken(
        "LSTM: i and f exchanged in the layer", "lstm",
        "i, f, g, o = _parts(z, 4)", "f, i, g, o = _parts(z, 4)",
        ("nn.LSTM", "are the gates taken in the order f, i, g, o", RECURRENT),
    ),
    Broken(
        "LSTM: no forget gate", "lstm",
        "c = sigmoid(f) * c + sigmoid(i) * tanh(g)", "c = c + sigmoid(i) * tanh(g)",
        ("nn.LSTMCell", "is the forget gate used", RECURRENT),
    ),
    Broken(
        "LSTM: the layer's forget gate is not used", "lstm",
        "    c = f * c + i * g\n    bent", "    c = c + i * g\n    bent",
        ("nn.LSTM", "is the forget gate used", RECURRENT),
    ),
    Broken(
        "LSTM: the candidate through a sigmoid", "lstm",
        "np.tile(_scale(gates, 0.5, 0.5, 1, 0.5)",
        "np.tile(_scale(gates, 0.5, 0.5, 0.5, 0.5)",
        ("nn.LSTM", "go through a sigmoid, where tanh belongs", RECURRENT),
    ),
    Broken(
        "LSTM: the state that is given is ignored", "lstm",
        "self.h[0], self.c[0], turned = h0, c0, np.ascontiguousarray(w_hh.T)",
        "self.h[0], self.c[0], turned = 0, 0, np.ascontiguousarray(w_hh.T)",
        ("nn.LSTM", "is the first state that is given used?", RECURRENT),
    ),
    Broken(
        "LSTM: the state that is returned is the first", "lstm",
        "return output, (output[-1], read[-1])", "return output, states",
        ("nn.LSTM", RECURRENT),
    ),
    Broken(
        "LSTM: the state that is returned has no record", "lstm",
        "return output, (output[-1], read[-1])",
        "return output, (output[-1].detach(), read[-1].detach())",
        ("nn.LSTM", RECURRENT),
    ),
    Broken(
        "RNN: the state is not carried", "lstm",
        "h[t + 1] = bend(gates[t] + h[t].dot(turned))",
        "h[t + 1] = bend(gates[t] + h[0].dot(turned))",
        ("nn.RNN", "is the state carried from step to step?", RECURRENT),
    ),
    Broken(
        "unroll: the state is not carried", "lstm",
        "        state = cell(x, state)\n        outputs.append(state[0] if",
        "        state = [state][0]\n        outputs.append(cell(x, state) if not",
        ("nn.recurrent.unroll", "is the state carried from step to step?", RECURRENT),
    ),
    Broken(
        "in_pieces: the state is not carried", "lstm",
        "output, state = layer(input[steps], state)", "output, state = layer(input[steps], None)",
        ("nn.recurrent.in_pieces", "is the state carried from piece to piece?", RECURRENT),
    ),
    Broken(
        "in_pieces: the state is not detached", "lstm",
        "state = tuple(part.detach() for part in state)", "pass",
        ("nn.recurrent.in_pieces", "Detach h and c", RECURRENT),
    ),
    Broken(
        "the forget bias in the rows of the input gate", "lstm",
        "rows = slice(lstm.hidden_size, 2 * lstm.hidden_size)",
        "rows = slice(0, lstm.hidden_size)",
        ("nn.recurrent.open_forget_gates_", "is it the second of the gates i, f, g, o", RECURRENT),
    ),
    Broken(
        "the forget bias twice", "lstm",
        "parameter.data[rows] = 0", "parameter.data[rows] = bias",
        ("nn.recurrent.open_forget_gates_", "`bias_hh_l0`", RECURRENT),
    ),
    Broken(
        "through time: nothing from the step after", "lstm",
        "grads[t] = (grad[t] + grad_h) * slope(h[t + 1])", "grads[t] = grad[t] * slope(h[t + 1])",
        ("The gradient of", "nn.RNN", RECURRENT),
    ),
    Broken(
        "LSTM: nothing arrives at c through h", "lstm",
        "grad_c = grad_c + grad_h * through_h", "grad_c = grad_c + 0 * grad_h",
        ("The gradient of", "nn.LSTM", RECURRENT),
    ),
    Broken(
        "LSTM: the forget gate's gradient missing on the way back of c", "lstm",
        "return grad_z, grad_c * f", "return grad_z, grad_c",
        ("The gradient of", "nn.LSTM", RECURRENT),
    ),
    Broken(
        "GRU: z and 1 - z exchanged", "lstm",
        "return (1 - z) * n + z * hx", "return z * n + (1 - z) * hx",
        ("nn.GRUCell", "are z and 1 - z exchanged", RECURRENT),
    ),
    Broken(
        "GRU: no reset gate", "lstm",
        "n = tanh(x_n + r * h_n)", "n = tanh(x_n + h_n)",
        ("nn.GRUCell", "is the reset gate used", RECURRENT),
    ),
    Broken(
        "the way back is not turned around again", "lstm",
        "return output.flip(0) if reverse else output, last", "return output, last",
        ("turned around again?", RECURRENT),
    ),
    Broken(
        "all recurrent weights alike", "lstm",
        "uniform_(parameter, -bound, bound)", "parameter.data[...] = bound",
        ("different numbers in", RECURRENT), where="nn/recurrent.py",
    ),
    Broken(
        "a loader that draws with repetition, for the lstm", "lstm",
        "order = generator.permutation(count)[:left].tolist()",
        "order = generator.integers(count, size=left).tolist()",
        ("utils.data.RandomSampler", DATA),
    ),
    Broken(
        "gradients that are not clipped in the lstm's training", "lstm",
        "            grad.data *= scale", "            pass",
        ("nn.utils.clip_grad_norm_", "modules/04_training/training.py"),
    ),
]  # fmt: skip

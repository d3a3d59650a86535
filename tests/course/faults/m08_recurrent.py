"""Wrong answers of module 08: cells, steps through time, layers, long sequences in pieces."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

RECURRENT = Catalogue("08_recurrent")

RECURRENT.task(
    "8.1",
    "nn.RNNCell",
    Fault(
        "no bend",
        "missing branch",
        "bend(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))",
        "linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh)",
    ),
    Fault("always tanh", "missing branch", "bend(linear(", "tanh(linear("),
    Fault(
        "each half bent by itself",
        "order",
        "bend(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))",
        "bend(linear(input, w_ih, b_ih)) + bend(linear(hx, w_hh, b_hh))",
    ),
    Fault("without the state", "missing branch", " + linear(hx, w_hh, b_hh)", ""),
    Fault(
        "the biases forgotten",
        "missing branch",
        "linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh)",
        "linear(input, w_ih) + linear(hx, w_hh)",
    ),
    Fault(
        "the same bias twice", "wrong operand", "linear(hx, w_hh, b_hh)", "linear(hx, w_hh, b_ih)"
    ),
    Fault(
        "no transpose for the state",
        "transpose",
        "linear(hx, w_hh, b_hh)",
        "(hx @ w_hh + (0 if b_hh is None else b_hh))",
    ),
    Fault(
        "the state detached", "state", "linear(hx, w_hh, b_hh)", "linear(hx.detach(), w_hh, b_hh)"
    ),
    Fault("nothing is returned", "forgotten return", "return bend(", "bend("),
)
RECURRENT.task(
    "8.2",
    "nn.recurrent.unroll",
    Fault(
        "the state is not carried",
        "state",
        "state = cell(x, state)",
        "new = cell(x, state)\n"
        "        outputs.append(new[0] if isinstance(new, tuple) else new)\n"
        "        continue",
    ),
    Fault(
        "the states before each step",
        "order",
        "        state = cell(x, state)\n"
        "        outputs.append(state[0] if isinstance(state, tuple) else state)",
        "        outputs.append(state[0] if isinstance(state, tuple) else state)\n"
        "        state = cell(x, state)",
    ),
    Fault("the second part is the output", "wrong operand", "state[0] if", "state[1] if"),
    Fault(
        "the whole tuple is the output",
        "missing branch",
        "outputs.append(state[0] if isinstance(state, tuple) else state)",
        "outputs.append(state)",
    ),
    Fault("from the end", "order", "for x in input:", "for x in input.flip(0):"),
    Fault(
        "the last output instead of the last state",
        "wrong operand",
        "return stack(outputs), state",
        "return stack(outputs), outputs[-1]",
    ),
    Fault("joined, not stacked", "shape", "stack(outputs)", "cat(outputs)"),
    Fault(
        "each step detached",
        "state",
        "state = cell(x, state)",
        "state = cell(x, state)\n"
        "        state = state.detach() if isinstance(state, Tensor) else state",
    ),
    Fault(
        "only the outputs",
        "forgotten return",
        "return stack(outputs), state",
        "return stack(outputs)",
    ),
)
RECURRENT.task(
    "8.3",
    "nn.RNN",
    Fault("all outputs", "not summed", "output[-1].sum()", "output.sum()"),
    Fault("the first output", "off by one", "output[-1].sum()", "output[0].sum()"),
    Fault("the old gradient stays", "state", "    input.grad = None\n", ""),
    Fault("the mean of the output", "factor", "output[-1].sum()", "output[-1].mean()"),
    Fault("from the end", "order", "in input.grad.data]", "in input.grad.data[::-1]]"),
    Fault(
        "the largest entry",
        "wrong operand",
        "float(np.linalg.norm(grad))",
        "float(np.abs(grad).max())",
    ),
    Fault("squares", "missing branch", "float(np.linalg.norm(grad))", "float((grad * grad).sum())"),
    Fault(
        "one norm for all",
        "axis",
        "[float(np.linalg.norm(grad)) for grad in input.grad.data]",
        "float(np.linalg.norm(input.grad.data))",
    ),
)
RECURRENT.task(
    "8.4",
    "nn.LSTMCell",
    Fault("i and f exchanged", "order", "i, f, g, o = z", "f, i, g, o = z"),
    Fault("g and o exchanged", "order", "i, f, g, o = z", "i, f, o, g = z"),
    Fault("the order of another library", "order", "i, f, g, o = z", "i, g, f, o = z"),
    Fault("a sigmoid for the candidate", "wrong operand", "tanh(g)", "sigmoid(g)"),
    Fault("the forget gate forgotten", "missing branch", "sigmoid(f) * c", "c"),
    Fault("the input gate forgotten", "missing branch", "sigmoid(i) * tanh(g)", "tanh(g)"),
    Fault("the output gate forgotten", "missing branch", "sigmoid(o) * tanh(c)", "tanh(c)"),
    Fault(
        "no tanh for what is shown",
        "missing branch",
        "sigmoid(o) * tanh(c), c",
        "sigmoid(o) * c, c",
    ),
    Fault(
        "h shows the old cell state",
        "state",
        "    c = sigmoid(f) * c + sigmoid(i) * tanh(g)\n    return sigmoid(o) * tanh(c), c",
        "    new = sigmoid(f) * c + sigmoid(i) * tanh(g)\n    return sigmoid(o) * tanh(c), new",
    ),
    Fault("h in place of c", "wrong operand", "sigmoid(f) * c +", "sigmoid(f) * h +"),
    Fault(
        "gates without a bend",
        "missing branch",
        "sigmoid(f) * c + sigmoid(i) * tanh(g)",
        "f * c + i * tanh(g)",
    ),
    Fault(
        "c and h exchanged",
        "order",
        "return sigmoid(o) * tanh(c), c",
        "return c, sigmoid(o) * tanh(c)",
    ),
    Fault("chunks along the batch", "axis", "z.chunk(4, dim=-1)", "z.chunk(4, dim=0)"),
    Fault(
        "the state's bias forgotten", "missing branch", "linear(h, w_hh, b_hh)", "linear(h, w_hh)"
    ),
    Fault(
        "a coupled input gate",
        "wrong operand",
        "sigmoid(i) * tanh(g)",
        "(1 - sigmoid(f)) * tanh(g)",
    ),
)
RECURRENT.task(
    "8.5",
    "nn.GRUCell",
    Fault("z and 1 - z exchanged", "order", "(1 - z) * n + z * hx", "z * n + (1 - z) * hx"),
    Fault(
        "r and z exchanged",
        "order",
        "sigmoid(x_r + h_r), sigmoid(x_z + h_z)",
        "sigmoid(x_z + h_z), sigmoid(x_r + h_r)",
    ),
    Fault("r on the whole sum", "wrong operand", "tanh(x_n + r * h_n)", "tanh(r * (x_n + h_n))"),
    Fault("r on the input's part", "wrong operand", "tanh(x_n + r * h_n)", "tanh(r * x_n + h_n)"),
    Fault("no reset gate", "missing branch", "r * h_n", "h_n"),
    Fault("the candidate added whole", "missing branch", "(1 - z) * n", "n"),
    Fault("no tanh for the candidate", "missing branch", "tanh(x_n + r * h_n)", "x_n + r * h_n"),
    Fault("the state added whole", "missing branch", "z * hx", "hx"),
    Fault(
        "the reset state before its product",
        "order",
        "n = tanh(x_n + r * h_n)",
        "w_n, b_n = w_hh.chunk(3)[2], b_hh if b_hh is None else b_hh.chunk(3)[2]\n"
        "    n = tanh(x_n + linear(r * hx, w_n, b_n))",
    ),
)
RECURRENT.task(
    "8.6",
    "nn.LSTM",
    Fault(
        "the input's width for the state", "shape", "(rows, module.hidden_size)", "(rows, inputs)"
    ),
    Fault(
        "weights turned around",
        "transpose",
        '"weight_ih": (rows, inputs)',
        '"weight_ih": (inputs, rows)',
    ),
    Fault("the suffix forgotten", "missing branch", "name + suffix", "name", name="nn.RNN"),
    Fault("biases in any case", "condition", "    if bias:\n", "    if True:\n"),
    Fault("one bias only", "missing branch", ', "bias_hh": (rows,)', ""),
    Fault(
        "plain tensors",
        "wrong operand",
        "Parameter(np.empty(shape, dtype))",
        "Tensor(np.empty(shape, dtype))",
    ),
    Fault("always float32", "dtype", "np.empty(shape, dtype)", 'np.empty(shape, "float32")'),
    Fault(
        "the bound without its root",
        "missing branch",
        "math.sqrt(module.hidden_size)",
        "module.hidden_size",
        accepted="another start, from which it learns as well",
    ),
    Fault(
        "biases begin at 0",
        "missing branch",
        "        uniform_(parameter, -bound, bound)",
        "        uniform_(parameter, -bound * (parameter.ndim > 1), bound * (parameter.ndim > 1))",
        accepted="another start, from which it learns as well",
    ),
    Fault(
        "from 0 up",
        "sign",
        "uniform_(parameter, -bound, bound)",
        "uniform_(parameter, 0, bound)",
        accepted="another start, from which it learns as well",
    ),
    Fault(
        "the fan of each weight",
        "wrong operand",
        "        uniform_(parameter, -bound, bound)",
        "        bound = 1 / math.sqrt(parameter.shape[-1])\n"
        "        uniform_(parameter, -bound, bound)",
        accepted="another start, from which it learns as well",
    ),
    Fault(
        "a new array",
        "aliasing",
        "        uniform_(parameter, -bound, bound)",
        "        parameter.data = parameter.data.copy()\n"
        "        uniform_(parameter, -bound, bound)",
    ),
)
RECURRENT.task(
    "8.7",
    "nn.RNN",
    Fault(
        "always from the first state",
        "state",
        "bend(gates[t] + h[t].dot(turned))",
        "bend(gates[t] + h0.dot(turned))",
    ),
    Fault("the weight not turned", "transpose", "h[t].dot(turned)", "h[t].dot(w_hh)"),
    Fault(
        "one place too early",
        "off by one",
        "            h[t + 1] = bend(",
        "            h[t] = bend(",
    ),
    Fault(
        "no bend",
        "missing branch",
        "bend(gates[t] + h[t].dot(turned))",
        "gates[t] + h[t].dot(turned)",
    ),
    Fault("forward through time", "order", "reversed(range(len(grad)))", "range(len(grad))"),
    Fault(
        "nothing from the step after", "not summed", "(grad[t] + grad_h) * slope", "grad[t] * slope"
    ),
    Fault("the slope one step too early", "off by one", "slope(h[t + 1])", "slope(h[t])"),
    Fault("no slope", "missing branch", " * slope(h[t + 1])", ""),
    Fault(
        "the way back with a transpose", "transpose", "grads[t].dot(w_hh)", "grads[t].dot(w_hh.T)"
    ),
    Fault(
        "the states after each step",
        "off by one",
        "_product_of_steps(grads, h[:-1])",
        "_product_of_steps(grads, h[1:])",
    ),
    Fault(
        "the product turned around",
        "transpose",
        "_product_of_steps(grads, h[:-1])",
        "_product_of_steps(h[:-1], grads)",
    ),
    Fault(
        "sent back before the slope",
        "wrong operand",
        "grad_h = grads[t].dot(w_hh)",
        "grad_h = (grad[t] + grad_h).dot(w_hh)",
    ),
    Fault(
        "grad changed in place",
        "aliasing",
        "grads[t] = (grad[t] + grad_h) * slope(h[t + 1])",
        "grad[t] += grad_h\n            grads[t] = grad[t] * slope(h[t + 1])",
    ),
    Fault(
        "no gradient for the first state",
        "missing branch",
        "return grads, grad_h, _product",
        "return grads, None, _product",
    ),
    Fault(
        "only the last step's weight gradient",
        "not summed",
        "_product_of_steps(grads, h[:-1])",
        "grads[-1].T.dot(h[-2])",
    ),
)
RECURRENT.task(
    "8.8",
    "nn.LSTM",
    Fault(
        "not scaled before tanh",
        "missing branch",
        "    z *= scale\n    np.tanh(z, out=z)\n    z *= scale",
        "    np.tanh(z, out=z)\n    z *= scale",
    ),
    Fault(
        "not scaled after tanh",
        "missing branch",
        "    np.tanh(z, out=z)\n    z *= scale\n",
        "    np.tanh(z, out=z)\n",
    ),
    Fault("not shifted", "missing branch", "    z += 1 - scale\n", ""),
    Fault("shifted by the scale", "wrong operand", "z += 1 - scale", "z += scale"),
    Fault(
        "gates in another order",
        "order",
        "    i, f, g, o = _parts(z, 4)",
        "    f, i, g, o = _parts(z, 4)",
    ),
    Fault(
        "the cell state overwritten",
        "aliasing",
        "    c = f * c + i * g\n",
        "    c *= f\n    c += i * g\n",
    ),
    Fault(
        "h from the cell state without tanh",
        "missing branch",
        "return o * bent, c, bent",
        "return o * c, c, bent",
    ),
    Fault(
        "z is left as it was",
        "aliasing",
        "    z *= scale\n    np.tanh(z, out=z)",
        "    z = z * scale\n    np.tanh(z, out=z)",
    ),
    Fault(
        "no slopes",
        "missing branch",
        "    factors = (1 - gates) * (gates + (2 * scale - 1))",
        "    factors = np.ones_like(gates)",
    ),
    Fault(
        "slopes of sigmoids for all",
        "missing branch",
        "(1 - gates) * (gates + (2 * scale - 1))",
        "(1 - gates) * gates",
    ),
    Fault("slopes of tanh for all", "missing branch", "(gates + (2 * scale - 1))", "(gates + 1)"),
    Fault(
        "the gates overwritten",
        "aliasing",
        "    factors = (1 - gates) * (gates + (2 * scale - 1))",
        "    slope = gates + (2 * scale - 1)\n"
        "    gates *= -1\n"
        "    gates += 1\n"
        "    factors = gates * slope",
    ),
    Fault("i and g exchanged in the factors", "order", "(g, c, i, bent)", "(i, c, g, bent)"),
    Fault("bent in place of c", "wrong operand", "(g, c, i, bent)", "(g, bent, i, bent)"),
    Fault(
        "the output gate without tanh",
        "wrong operand",
        "(g, c, i, bent)",
        "(g, c, i, np.arctanh(bent))",
    ),
    Fault(
        "without the slope of tanh",
        "missing branch",
        "return factors, o * (1 - bent * bent)",
        "return factors, o",
    ),
    Fault(
        "without the output gate",
        "missing branch",
        "return factors, o * (1 - bent * bent)",
        "return factors, 1 - bent * bent",
    ),
    Fault(
        "nothing arrives through h",
        "not summed",
        "grad_c = grad_c + grad_h * through_h",
        "grad_c = grad_c + 0 * grad_h",
    ),
    Fault(
        "nothing arrives from later",
        "not summed",
        "grad_c = grad_c + grad_h * through_h",
        "grad_c = grad_h * through_h",
    ),
    Fault(
        "grad_c changed in place",
        "aliasing",
        "grad_c = grad_c + grad_h * through_h",
        "grad_c += grad_h * through_h",
    ),
    Fault(
        "the output gate gets grad_c",
        "wrong operand",
        "[grad_c, grad_c, grad_c, grad_h]",
        "[grad_c, grad_c, grad_c, grad_c]",
    ),
    Fault(
        "the others get grad_h",
        "wrong operand",
        "[grad_c, grad_c, grad_c, grad_h]",
        "[grad_h, grad_h, grad_h, grad_h]",
    ),
    Fault("one below the other", "axis", "grad_h], axis=1)", "grad_h], axis=0)"),
    Fault(
        "kept without the forget gate",
        "missing branch",
        "return grad_z, grad_c * f",
        "return grad_z, grad_c",
    ),
)
RECURRENT.task(
    "8.9",
    "nn.LSTM",
    Fault(
        "the input is not flipped",
        "missing branch",
        "        if reverse:\n            input = input.flip(0)\n",
        "",
    ),
    Fault(
        "the output is not flipped back",
        "missing branch",
        "output.flip(0) if reverse else output, last",
        "output, last",
    ),
    Fault("flipped along the batch", "axis", "input = input.flip(0)", "input = input.flip(1)"),
    Fault(
        "the last state taken from the front",
        "wrong operand",
        "return output.flip(0) if reverse else output, last",
        "return output.flip(0) if reverse else output, (output[0], *last[1:]) if reverse else last",
    ),
    Fault(
        "zeros as first states",
        "state",
        "self.scan(input, states,",
        "self.scan(input, tuple(0 * s for s in states),",
        name="nn.RNN",
    ),
    Fault("everyone begins with the first state", "state", "first[len(last)]", "first[0]"),
    Fault("the states of the layer", "off by one", "first[len(last)]", "first[layer]"),
    Fault(
        "every layer reads the input",
        "state",
        "input = cat(outputs, dim=2) if",
        "result = cat(outputs, dim=2) if len(outputs) > 1 else output\n"
        "            input = input if layer + 1 < self.num_layers else result if",
    ),
    Fault("side by side in time", "axis", "cat(outputs, dim=2)", "cat(outputs, dim=0)"),
    Fault("directions in reverse", "order", "cat(outputs, dim=2)", "cat(outputs[::-1], dim=2)"),
    Fault("directions added", "wrong operand", "cat(outputs, dim=2)", "outputs[0] + outputs[1]"),
    Fault(
        "only the last direction",
        "missing branch",
        "cat(outputs, dim=2) if len(outputs) > 1 else output",
        "output",
    ),
    Fault("the last states in reverse", "order", "last.append(states)", "last.insert(0, states)"),
    Fault(
        "the weights of the first layer",
        "wrong operand",
        "self.weights(suffix)",
        "self.weights(self.suffixes(0)[reverse])",
    ),
)
RECURRENT.task(
    "8.10",
    "nn.LSTM",
    Fault(
        "the rows of the input gate",
        "off by one",
        "slice(lstm.hidden_size, 2 * lstm.hidden_size)",
        "slice(0, lstm.hidden_size)",
    ),
    Fault(
        "the rows of the candidate",
        "off by one",
        "slice(lstm.hidden_size, 2 * lstm.hidden_size)",
        "slice(2 * lstm.hidden_size, 3 * lstm.hidden_size)",
    ),
    Fault(
        "all gates opened", "axis", "slice(lstm.hidden_size, 2 * lstm.hidden_size)", "slice(None)"
    ),
    Fault("both biases set", "factor", "parameter.data[rows] = 0", "parameter.data[rows] = bias"),
    Fault("the other bias left", "missing branch", "parameter.data[rows] = 0", "pass"),
    Fault(
        "only the first layer",
        "missing branch",
        'if name.startswith("bias_ih"):',
        'if name == "bias_ih_l0":',
    ),
    Fault(
        "added to what is there",
        "aliasing",
        "parameter.data[rows] = bias",
        "parameter.data[rows] += bias",
    ),
    Fault(
        "a new array",
        "aliasing",
        "            parameter.data[rows] = bias",
        "            parameter.data = parameter.data.copy()\n"
        "            parameter.data[rows] = bias",
    ),
    Fault("nothing is returned", "forgotten return", "    return lstm", "    pass"),
    Fault("weights too", "condition", 'if name.startswith("bias_ih"):', 'if "ih" in name:'),
)
RECURRENT.task(
    "8.11",
    "nn.LSTM",
    Fault(
        "the state is not carried",
        "state",
        "output, state = layer(input[steps], state)",
        "output, state = layer(input[steps], None)",
    ),
    Fault(
        "the state is not detached",
        "state",
        "state = tuple(part.detach() for part in state)",
        "pass",
    ),
    Fault(
        "a single state is not detached",
        "state",
        "        else:\n            state = state.detach()\n",
        "",
    ),
    Fault(
        "only h is detached",
        "missing branch",
        "tuple(part.detach() for part in state)",
        "(state[0].detach(), *state[1:])",
    ),
    Fault(
        "the output is detached",
        "state",
        "yield steps, output, state",
        "yield steps, output.detach(), state",
    ),
    Fault(
        "the rest is lost",
        "off by one",
        "range(0, len(input), length)",
        "range(0, len(input) - length + 1, length)",
    ),
    Fault(
        "the pieces overlap",
        "off by one",
        "slice(start, min(start + length, len(input)))",
        "slice(start, min(start + length + 1, len(input)))",
    ),
    Fault(
        "only the first state is handed on",
        "wrong operand",
        "state = tuple(part.detach() for part in state)",
        "state = state[0].detach()",
    ),
    Fault(
        "all read before the first is used",
        "order",
        "        yield steps, output, state",
        "        found = locals().get('found', [])\n"
        "        found.append((steps, output, state))\n"
        "    yield from found",
    ),
)

# More of them, thought of from the lesson alone, without its tests.

RECURRENT.task(
    "8.2",
    "nn.recurrent.unroll",
    Fault(
        "the state cut off from its past",
        "state",
        "state = cell(x, state)",
        "state = cell(x, state if isinstance(state, tuple) else state.detach())",
    ),
)

RECURRENT.task(
    "8.5",
    "nn.GRUCell",
    Fault(
        "reset before the product, as in the paper",
        "order",
        "n = tanh(x_n + r * h_n)",
        "n = tanh(x_n + linear(r * hx, w_hh.chunk(3)[2], None if b_hh is None "
        "else b_hh.chunk(3)[2]))",
    ),
)

RECURRENT.task(
    "8.6",
    "nn.LSTM",
    Fault(
        "the bound by the inputs",
        "wrong operand",
        "math.sqrt(module.hidden_size)",
        "math.sqrt(module.input_size)",
        accepted="another start, from which it learns as well",
    ),
    Fault(
        "biases keep what was in memory",
        "condition",
        "        uniform_(parameter, -bound, bound)",
        "        if parameter.ndim > 1:\n"
        "            uniform_(parameter, -bound, bound)\n"
        "        else:\n"
        "            parameter.data[...] = 0",
        accepted="another start, from which it learns as well",
    ),
)

RECURRENT.task(
    "8.7",
    "nn.RNN",
    Fault(
        "the recurrent matrix not turned",
        "transpose",
        "h[t].dot(turned)",
        "h[t].dot(turned.T)",
    ),
)

RECURRENT.task(
    "8.9",
    "nn.LSTM",
    Fault(
        "only one direction goes to the next layer",
        "missing branch",
        "input = cat(outputs, dim=2) if len(outputs) > 1 else output",
        "input = outputs[0]",
    ),
)

RECURRENT.task(
    "8.10",
    "nn.LSTM",
    Fault(
        "the second bias stays",
        "missing branch",
        '        elif name.startswith("bias_hh"):\n            parameter.data[rows] = 0\n',
        "",
    ),
)

RECURRENT.task(
    "8.11",
    "nn.LSTM",
    Fault(
        "the memory is not cut off",
        "state",
        "tuple(part.detach() for part in state)",
        "(state[0].detach(), state[1])",
    ),
    Fault(
        "every piece begins anew",
        "state",
        "layer(input[steps], state)",
        "layer(input[steps])",
    ),
)
RECURRENT.task(
    "8.8",
    "nn.LSTM",
    Fault(
        "the gates taken in another order after their bends",
        "order",
        "i, f, g, o = _parts(z, 4)\n    c = f * c + i * g",
        "i, f, o, g = _parts(z, 4)\n    c = f * c + i * g",
    ),
    Fault(
        "tanh of c handed on in place of c",
        "wrong operand",
        "return o * bent, c, bent",
        "return o * bent, bent, bent",
    ),
)

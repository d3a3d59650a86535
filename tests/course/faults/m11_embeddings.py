"""Wrong answers of module 11: tables of embeddings and three kinds of positions."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

EMBEDDINGS = Catalogue("11_embeddings")

EMBEDDINGS.task(
    "11.1", "nn.functional.embedding",
    Fault("floats accepted", "error not raised", 'ids.dtype.kind not in "iu"', "False"),
    Fault("negative ids count from the end", "error not raised", "(ids < 0) | ", ""),
    Fault("one id too many", "off by one", "ids >= len(weight)", "ids > len(weight)",
          equivalent="NumPy's own IndexError for it names the id and the size"),
    Fault("id 0 refused", "off by one", "ids < 0", "ids <= 0"),
    Fault("another type of error", "error not raised", "raise IndexError(", "raise KeyError("),
    Fault("columns in place of rows", "axis", "return weight[ids]", "return weight.T[ids]"),
    Fault("unsigned ids refused", "condition", '"iu"', '"i"'),
    Fault("ids flattened", "shape", "return weight[ids]", "return weight[ids.reshape(-1)]"),
    Fault("nothing is returned", "forgotten return", "return weight[ids]", "weight[ids]"),
    Fault("wrong ids are wrapped", "error not raised", "    if wrong.size:", "    if False:"),
)  # fmt: skip
EMBEDDINGS.task(
    "11.2", "nn.functional.embedding",
    Fault("the last row of an id counts", "not summed",
          "out[ids[starts]] = np.add.reduceat(rows[order], starts)", "out[ids] = rows[order]"),
    Fault("ids sorted, rows not", "order", "rows[order], starts", "rows, starts"),
    Fault("the largest of an id", "wrong operand", "np.add.reduceat", "np.maximum.reduceat"),
    Fault("an empty batch fails", "missing branch", "    if len(ids):", "    if True:",
          equivalent="np.add.reduceat of no runs is empty: nothing is written"),
    Fault("the first id lost", "off by one", "np.diff(ids, prepend=-1)",
          "np.diff(ids, prepend=0)"),
    Fault("ids not sorted", "order", 'np.argsort(ids, kind="stable")', "np.arange(len(ids))"),
    Fault("an unstable order", "order", ', kind="stable"', "",
          equivalent="the order within an id changes the sum only by rounding"),
    Fault("only the first row of an id", "not summed", "np.add.reduceat(rows[order], starts)",
          "rows[order][starts]"),
    Fault("nothing is returned", "forgotten return", "    return out", ""),
)  # fmt: skip
EMBEDDINGS.task(
    "11.3", "nn.Embedding",
    Fault("the padding row learns", "missing branch",
          "        if padding_idx is not None:\n            out[padding_idx] = 0\n", ""),
    Fault("padding 0 learns", "condition", "if padding_idx is not None", "if padding_idx"),
    Fault("the padding's column", "axis", "out[padding_idx] = 0", "out[:, padding_idx] = 0"),
    Fault("all rows cleared", "axis", "out[padding_idx] = 0", "out[...] = 0"),
    Fault("all rows up to it", "off by one", "out[padding_idx] = 0", "out[: padding_idx + 1] = "
          "0"),
    Fault("the gradient of the ids first", "order", "return out, None", "return None, out"),
    Fault("the width of the gradient's first dimension", "shape",
          "grad.reshape(-1, weight.shape[1])", "grad.reshape(len(grad), -1)"),
    Fault("a row too many", "shape", "len(weight))", "len(weight) + 1)"),
    Fault("the incoming gradient cleared", "aliasing", "out[padding_idx] = 0",
          "out[padding_idx] = 0; rows[ids.reshape(-1) == padding_idx] = 0"),
)  # fmt: skip
EMBEDDINGS.task(
    "11.4", "nn.Embedding",
    Fault("a negative padding_idx kept", "missing branch", "padding_idx % num_embeddings",
          "padding_idx"),
    Fault("the padding row is random", "missing branch",
          "            self.weight.data[self.padding_idx] = 0", "            pass"),
    Fault("padding 0 is random", "condition", "        if padding_idx is not None:",
          "        if padding_idx:"),
    Fault("the table transposed", "transpose", "(num_embeddings, embedding_dim)",
          "(embedding_dim, num_embeddings)"),
    Fault("smaller numbers", "factor", "normal_(self.weight)", "normal_(self.weight, std=0.02)",
          accepted="another start, from which it learns as well"),
    Fault("uniform numbers", "randomness", "normal_(self.weight)",
          "self.weight.data[...] = default_generator.uniform(-1, 1, self.weight.shape)"),
    Fault("rows in pairs", "randomness", "        normal_(self.weight)\n",
          "        normal_(self.weight)\n"
          "        self.weight.data[1::2] = self.weight.data[: len(self.weight.data) // 2]\n"),
    Fault("float64", "dtype", "float32))", "'float64'))",
          accepted="float64 in place of float32: the same numbers but for rounding"),
    Fault("no parameter", "state",
          "Parameter(np.empty((num_embeddings, embedding_dim), float32))",
          "Tensor(np.empty((num_embeddings, embedding_dim), float32))"),
    Fault("cleared before it is drawn", "order",
          "        normal_(self.weight)\n        if padding_idx is not None:\n"
          "            self.weight.data[self.padding_idx] = 0",
          "        if padding_idx is not None:\n"
          "            self.weight.data[self.padding_idx] = 0\n        normal_(self.weight)"),
)  # fmt: skip
EMBEDDINGS.task(
    "11.5", "nn.functional.sinusoidal_positions",
    Fault("sine and cosine swapped", "order", "np.sin(angles)\n    out[:, 1::2] = np.cos(angles)",
          "np.cos(angles)\n    out[:, 1::2] = np.sin(angles)"),
    Fault("halves in place of pairs", "order",
          "    out[:, 0::2] = np.sin(angles)\n    out[:, 1::2] = np.cos(angles)\n",
          "    out[:, : dim // 2] = np.sin(angles)\n    out[:, dim // 2 :] = np.cos(angles)\n"),
    Fault("sine twice", "wrong operand", "np.cos(angles)", "np.sin(angles)"),
    Fault("positions from 1", "off by one", "    angles = hand_angles(length, dim)\n",
          "    angles = hand_angles(length + 1, dim)[1:]\n"),
    Fault("angles in float32", "dtype", "    angles = hand_angles(length, dim)\n",
          "    angles = hand_angles(length, dim).astype(np.float32)\n"),
    Fault("the table in float64", "dtype", "(length, dim), np.float32)", "(length, dim))"),
    Fault("the cosine negative", "sign", "np.cos(angles)", "-np.cos(angles)"),
    Fault("nothing is returned", "forgotten return", "    return out", ""),
    Fault("one rate for all", "missing branch", "    angles = hand_angles(length, dim)\n",
          "    angles = hand_angles(length, dim)[:, :1] + np.zeros(dim // 2)\n"),
)  # fmt: skip
EMBEDDINGS.task(
    "11.6", "nn.LearnedPositionalEmbedding",
    Fault("multiplied", "wrong operand", "input + self.weight[:length]",
          "input * self.weight[:length]"),
    Fault("the last rows", "order", "self.weight[:length]", "self.weight[-length:]"),
    Fault("all rows", "missing branch", "self.weight[:length]", "self.weight"),
    Fault("the first row for all", "axis", "self.weight[:length]", "self.weight[:1]"),
    Fault("the table is fixed", "state", "self.weight[:length]",
          "self.weight.detach()[:length]"),
    Fault("large numbers", "factor", ", std=0.02", "",
          accepted="another start, from which it learns as well"),
    Fault("zeros", "randomness", "        normal_(self.weight, std=0.02)",
          "        self.weight.data[...] = 0",
          accepted="another start, from which it learns as well"),
    Fault("the table transposed", "transpose", "(max_len, dim)", "(dim, max_len)"),
    Fault("waves subtracted", "sign", "input + table[:length]", "input - table[:length]",
          name="nn.SinusoidalPositionalEncoding"),
    Fault("waves not added", "missing branch", "return input + table[:length]",
          "return input", name="nn.SinusoidalPositionalEncoding"),
    Fault("waves backwards", "order", "input + table[:length]", "input + table[:length][::-1]",
          name="nn.SinusoidalPositionalEncoding"),
    Fault("the input changed in place", "aliasing", "return input + table[:length]",
          "input.data[...] += table.data[:length]\n        return input",
          name="nn.SinusoidalPositionalEncoding"),
    Fault("the position of the batch", "axis", "input + table[:length]",
          "input + table[: len(input)].unsqueeze(1)", name="nn.SinusoidalPositionalEncoding"),
)  # fmt: skip
EMBEDDINGS.task(
    "11.7", "nn.functional.rotary",
    Fault("turned the other way", "sign",
          "first * cos - second * sin, second * cos + first * sin",
          "first * cos + second * sin, second * cos - first * sin"),
    Fault("no minus", "sign", "first * cos - second * sin", "first * cos + second * sin"),
    Fault("sine and cosine swapped", "order",
          "first * cos - second * sin, second * cos + first * sin",
          "first * sin - second * cos, second * sin + first * cos"),
    Fault("halves in place of pairs", "order", "x[..., 0::2], x[..., 1::2]",
          "x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]"),
    Fault("pairs torn apart", "axis", "dim=-1)\n    return turned.flatten(-2)",
          "dim=-2)\n    return turned.flatten(-2)"),
    Fault("the second not turned", "missing branch", "second * cos + first * sin]", "second]"),
    Fault("first and second swapped", "order", "first, second = x", "second, first = x"),
    Fault("pairs stay pairs", "shape", "return turned.flatten(-2)", "return turned"),
    Fault("nothing is returned", "forgotten return", "return turned.flatten(-2)",
          "turned.flatten(-2)"),
)  # fmt: skip
EMBEDDINGS.task(
    "11.8", "nn.RotaryPositionalEmbedding",
    Fault("the base ignored", "missing branch", "hand_angles(max_len, dim, base)",
          "hand_angles(max_len, dim)"),
    Fault("angles in float32", "dtype", "hand_angles(max_len, dim, base)",
          "hand_angles(max_len, dim, base).astype(float32)"),
    Fault("sine twice", "wrong operand", '"cos", Tensor(np.cos(angles)',
          '"cos", Tensor(np.sin(angles)'),
    Fault("tables in float64", "dtype", "np.sin(angles).astype(float32)", "np.sin(angles)"),
    Fault("the dtype of the input ignored", "dtype",
          "self.cos.to(input.dtype), self.sin.to(input.dtype)", "self.cos, self.sin"),
    Fault("the last positions", "order", "cos[:length], sin[:length]",
          "cos[-length:], sin[-length:]"),
    Fault("one position for all", "axis", "cos[:length], sin[:length]", "cos[1:2], sin[1:2]"),
    Fault("swapped in the call", "order", "cos[:length], sin[:length]",
          "sin[:length], cos[:length]"),
    Fault("positions from 1", "off by one", "hand_angles(max_len, dim, base)",
          "hand_angles(max_len + 1, dim, base)[1:]"),
    Fault("turned twice", "factor", "return rotary(input, cos[:length], sin[:length])",
          "return rotary(rotary(input, cos[:length], sin[:length]), cos[:length], "
          "sin[:length])"),
    Fault("the input as it is", "missing branch", "return rotary(input, cos[:length], "
          "sin[:length])", "return input"),
)  # fmt: skip

# More of them, thought of from the lesson alone, without its tests.

EMBEDDINGS.task(
    "11.1",
    "nn.functional.embedding",
    Fault(
        "ids below zero count from the end",
        "error not raised",
        "(ids < 0) | (ids >= len(weight))",
        "ids >= len(weight)",
    ),
)

EMBEDDINGS.task(
    "11.7",
    "nn.functional.rotary",
    Fault(
        "halves instead of neighbors",
        "order",
        "return turned.flatten(-2)",
        "return turned.transpose(-1, -2).flatten(-2)",
    ),
)

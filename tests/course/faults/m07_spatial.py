"""Wrong answers of module 07: convolution and pooling."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

SPATIAL = Catalogue("07_spatial")

SPATIAL.task(
    "7.1", "nn.Conv2d",
    Fault("padding on one side", "factor", "size + 2 * padding", "size + padding"),
    Fault("the 1 forgotten", "off by one", "// stride + 1", "// stride"),
    Fault("dilation ignored", "missing branch", "dilation * (kernel - 1) + 1", "kernel"),
    Fault("the kernel dilated whole", "off by one", "dilation * (kernel - 1) + 1",
          "dilation * kernel"),
    Fault("rounded up", "off by one", "(size + 2 * padding - reach) // stride + 1",
          "-(-(size + 2 * padding - reach) // stride) + 1"),
    Fault("the stride ignored", "missing branch", " // stride + 1", " + 1"),
    Fault("a float", "dtype", "// stride + 1", "/ stride + 1"),
    Fault("the padding subtracted", "sign", "+ 2 * padding", "- 2 * padding"),
)  # fmt: skip
SPATIAL.task(
    "7.2", "nn.Conv2d",
    Fault("the memory stays as it was", "aliasing",
          "np.ascontiguousarray(x.transpose(0, 2, 3, 1))", "x.transpose(0, 2, 3, 1)"),
    Fault("no frame on one side alone", "condition", "not any(padding)", "not all(padding)"),
    Fault("the channels stay in front", "transpose", "x.transpose(0, 2, 3, 1)\n    return framed",
          "x.reshape(n, h, w, c)\n    return framed"),
    Fault("rows and columns swapped", "transpose",
          "framed[:, p : p + h, q : q + w] = x.transpose(0, 2, 3, 1)",
          "framed[:, p : p + h, q : q + w] = x.transpose(0, 3, 2, 1) if h == w else "
          "x.transpose(0, 2, 3, 1)"),
    Fault("always zeros", "wrong operand", "w + 2 * q, c), value,", "w + 2 * q, c), 0,",
          name="nn.MaxPool2d"),
    Fault("the image in the corner", "off by one", "p : p + h, q : q + w", ":h, :w"),
    Fault("float64", "dtype", "value, x.dtype)", "value, 'float64')",
          accepted="float64 in place of float32: the same numbers but for rounding"),
    Fault("the padding of rows on columns", "axis", "w + 2 * q, c)", "w + 2 * max(p, q), c)"),
    Fault("nothing is returned", "forgotten return", "    return framed", ""),
)  # fmt: skip
SPATIAL.task(
    "7.3", "nn.Conv2d",
    Fault("the stride ignored", "missing branch", "row * stride[0], pixel * stride[1]",
          "row, pixel"),
    Fault("the strides swapped", "axis", "row * stride[0], pixel * stride[1]",
          "row * stride[1], pixel * stride[0]"),
    Fault("dilation ignored", "missing branch", "row * dilation[0], pixel * dilation[1]",
          "row, pixel"),
    Fault("dilation's sides swapped", "axis", "row * dilation[0], pixel * dilation[1]",
          "row * dilation[1], pixel * dilation[0]"),
    Fault("rows and columns of the patch swapped", "transpose",
          "row * dilation[0], pixel * dilation[1]", "pixel * dilation[1], row * dilation[0]"),
    Fault("down and right swapped", "transpose", "(image, down, right,", "(image, right, down,"),
    Fault("a copy", "aliasing", "return np.ndarray(shape, framed.dtype, framed, 0, strides)",
          "return np.ndarray(shape, framed.dtype, framed, 0, strides).copy()"),
    Fault("the dilation also in the steps", "factor", "row * stride[0],",
          "row * stride[0] * dilation[0],"),
)  # fmt: skip
SPATIAL.task(
    "7.4", "nn.Conv2d",
    Fault("the column of ones forgotten", "missing branch", "    columns[:, :, cells] = 1\n", ""),
    Fault("zeros in the column of ones", "wrong operand", "columns[:, :, cells] = 1",
          "columns[:, :, cells] = 0"),
    Fault("the ones in front", "off by one", "columns[:, :, cells] = 1", "columns[:, :, 0] = 1"),
    Fault("groups ignored in the size", "factor", "kernel[1] * (c // groups)", "kernel[1] * c"),
    Fault("float64", "dtype", "cells + 1), framed.dtype)", "cells + 1))",
          accepted="float64 in place of float32: the same numbers but for rounding"),
    Fault("one row too few", "off by one", "n * size[0] * size[1],", "n * size[0] * size[1] - 1,"),
    Fault("nothing is returned", "forgotten return", "    return columns", ""),
)  # fmt: skip
SPATIAL.task(
    "7.5", "nn.functional.conv2d",
    Fault("padding ignored", "missing branch", "frame(x, padding)", "frame(x, (0, 0))"),
    Fault("the bias ignored", "missing branch", "pack(weight, bias, groups)",
          "pack(weight, None, groups)"),
    Fault("the channels stay last", "transpose", "return out.transpose(0, 3, 1, 2)",
          "return out.reshape(n, len(weight), *op.size)"),
    Fault("the groups stay in front", "transpose",
          "out.transpose(1, 0, 2).reshape(n, *op.size, len(weight))",
          "out.reshape(n, *op.size, len(weight))"),
    Fault("rows and columns swapped", "transpose", "out.transpose(0, 3, 1, 2)",
          "out.transpose(0, 3, 2, 1)"),
    Fault("a true convolution", "order", "pack(weight, bias, groups)",
          "pack(weight[:, :, ::-1, ::-1], bias, groups)"),
    Fault("the kernel transposed", "transpose", "pack(weight, bias, groups)",
          "pack(weight.mT if kernel[0] == kernel[1] else weight, bias, groups)"),
    Fault("one group", "missing branch", "dilation, op.size, groups)", "dilation, op.size, 1)"),
    Fault("nothing is returned", "forgotten return", "return out.transpose", "out.transpose"),
    Fault("the frame's shape without the frame", "state", "framed.shape\n", "x.shape\n"),
)  # fmt: skip
SPATIAL.task(
    "7.6", "nn.functional.conv2d",
    Fault("not transposed", "transpose", "columns.mT @ rows", "columns @ rows"),
    Fault("the other way round", "order", "columns.mT @ rows", "(rows.mT @ columns).mT.copy()",
          equivalent="(A' B)' transposed back is B' A: the same product"),
    Fault("averaged over the places", "factor", "columns.mT @ rows",
          "columns.mT @ rows / rows.shape[1]"),
    Fault("the sign", "sign", "columns.mT @ rows", "-columns.mT @ rows"),
    Fault("nothing is returned", "forgotten return", "return unpack", "unpack"),
)  # fmt: skip
SPATIAL.task(
    "7.7", "nn.functional.conv2d",
    Fault("replaced instead of added", "not summed", "framed[index] += sent",
          "framed[index] = sent"),
    Fault("the kernel's sides swapped", "transpose", "by_group[:, :, :, i, j]",
          "by_group[:, :, :, j, i]"),
    Fault("subtracted", "sign", "framed[index] += sent", "framed[index] -= sent"),
    Fault("the kernel's first cell for all", "wrong operand", "by_group[:, :, :, i, j]",
          "by_group[:, :, :, 0, 0]"),
    Fault("the groups stay in front", "transpose", "sent.transpose(1, 0, 2).reshape(",
          "sent.reshape("),
    Fault("the kernel turned around", "order", "by_group[:, :, :, i, j]",
          "by_group[:, :, :, -1 - i, -1 - j]"),
)  # fmt: skip
SPATIAL.task(
    "7.8", "nn.functional.max_pool2d",
    Fault("the first cell is written", "aliasing", "framed[indices[0]].copy()",
          "framed[indices[0]]"),
    Fault("the last cell left out", "off by one", "in indices[1:]", "in indices[1:-1]"),
    Fault("the second cell left out", "off by one", "in indices[1:]", "in indices[2:]"),
    Fault("the smallest", "sign", "np.maximum(", "np.minimum("),
    Fault("starts at 0", "wrong operand", "framed[indices[0]].copy()",
          "framed[indices[0]] * 0"),
    Fault("the result thrown away", "forgotten return", ", out=best)", ")"),
    Fault("NaN dropped", "stability", "np.maximum(", "np.fmax("),
    Fault("nothing is returned", "forgotten return", "    return best", ""),
)  # fmt: skip
SPATIAL.task(
    "7.9", "nn.functional.max_pool2d",
    Fault("all winners are paid", "missing branch", " & unclaimed", ""),
    Fault("nothing is claimed", "state", "        unclaimed ^= wins\n", ""),
    Fault("replaced instead of added", "not summed", "out[index] += grad * wins",
          "out[index] = grad * wins"),
    Fault("all cells are paid", "missing branch", "grad * wins", "grad"),
    Fault("losers are paid", "sign", "framed[index] == best", "framed[index] != best"),
    Fault("the share of one", "wrong operand", "grad * wins", "wins"),
    Fault("the claim forgotten in part", "condition", "unclaimed ^= wins",
          "unclaimed = ~wins"),
    Fault("the value in place of the gradient", "wrong operand", "grad * wins", "best * wins"),
)  # fmt: skip
SPATIAL.task(
    "7.10", "nn.functional.avg_pool2d",
    Fault("the first cell is written", "aliasing", "framed[self.indices[0]].copy()",
          "framed[self.indices[0]]"),
    Fault("not divided", "factor", "(total / pixels)", "total"),
    Fault("one cell twice", "off by one", "in self.indices[1:]", "in self.indices"),
    Fault("the last cell left out", "off by one", "in self.indices[1:]",
          "in self.indices[1:-1]"),
    Fault("the channels stay last", "transpose", ".transpose(0, 3, 1, 2)", ""),
    Fault("replaced instead of added", "not summed", "out[index] += share", "out[index] = share"),
    Fault("the first cell only is paid", "missing branch",
          "        for index in self.indices:\n", "        for index in self.indices[:1]:\n"),
    Fault("subtracted", "sign", "out[index] += share", "out[index] -= share"),
    Fault("rows and columns swapped", "transpose", "(0, 3, 1, 2)", "(0, 3, 2, 1)"),
)  # fmt: skip
SPATIAL.task(
    "7.11", "nn.AdaptiveAvgPool2d",
    Fault("the end rounded down", "off by one", "-((i + 1) * size // -out)",
          "(i + 1) * size // out"),
    Fault("the start rounded up", "off by one", "i * size // out,", "-(i * size // -out),"),
    Fault("equal pieces", "wrong operand", "i * size // out, -((i + 1) * size // -out)",
          "i * (size // out), (i + 1) * (size // out)"),
    Fault("a sum", "factor", "1 / (end - start)", "1"),
    Fault("the mean of equal pieces", "factor", "1 / (end - start)", "out / size"),
    Fault("one row too few", "off by one", "range(out)", "range(out - 1)"),
    Fault("the matrix transposed", "transpose", "    return matrix", "    return matrix.T"),
    Fault("nothing is returned", "forgotten return", "    return matrix", ""),
)  # fmt: skip
SPATIAL.task(
    "7.12", "nn.Conv2d",
    Fault("in and out swapped", "transpose", "(out_channels, in_channels // groups,",
          "(in_channels, out_channels // groups,"),
    Fault("groups ignored", "missing branch", "in_channels // groups", "in_channels"),
    Fault("all filters alike", "randomness", "kaiming_uniform_(self.weight, a=math.sqrt(5))",
          "kaiming_uniform_(self.weight, a=math.sqrt(5))\n"
          "        self.weight.data[...] = self.weight.data[0]"),
    Fault("all channels alike", "randomness", "kaiming_uniform_(self.weight, a=math.sqrt(5))",
          "kaiming_uniform_(self.weight, a=math.sqrt(5))\n"
          "        self.weight.data[...] = self.weight.data[:, :1]"),
    Fault("biases in pairs", "randomness", "            uniform_(self.bias, -bound, bound)",
          "            uniform_(self.bias, -bound, bound)\n"
          "            self.bias.data[1::2] = self.bias.data[: len(self.bias.data) // 2]",
          accepted="another start, from which it learns as well"),
    Fault("the weight with gain", "factor", "a=math.sqrt(5)", "a=0",
          accepted="another start, from which it learns as well"),
    Fault("the bound of the bias by the channels", "wrong operand",
          "math.sqrt(math.prod(shape[1:]))", "math.sqrt(shape[1])",
          accepted="another start, from which it learns as well"),
    Fault("the bound without root", "factor", "1 / math.sqrt(math.prod(shape[1:]))",
          "1 / math.prod(shape[1:])",
          accepted="another start, from which it learns as well"),
    Fault("biases start at 0", "randomness", "uniform_(self.bias, -bound, bound)",
          "self.bias.data[...] = 0",
          accepted="another start, from which it learns as well"),
    Fault("always a bias", "condition", "        if bias:", "        if True:"),
    Fault("never a bias", "condition", "        if bias:", "        if False:"),
    Fault("the bias float64", "dtype", "np.empty(out_channels, float32)",
          "np.empty(out_channels)",
          accepted="float64 in place of float32: the same numbers but for rounding"),
    Fault("the weight no parameter", "state", "self.weight = Parameter(np.empty(shape, "
          "float32))", "self.weight = Tensor(np.empty(shape, float32))"),
)  # fmt: skip

# More of them, thought of from the lesson alone, without its tests.

SPATIAL.task(
    "7.9",
    "nn.functional.max_pool2d",
    Fault(
        "all equal pixels win",
        "condition",
        "wins = (framed[index] == best) & unclaimed",
        "wins = framed[index] == best",
    ),
)
SPATIAL.task(
    "7.3", "nn.Conv2d",
    Fault("rows and columns of the stride exchanged", "axis",
          "down, right = row * stride[0], pixel * stride[1]",
          "down, right = row * stride[1], pixel * stride[0]"),
)  # fmt: skip
SPATIAL.task(
    "7.8", "nn.functional.max_pool2d",
    Fault("the search begins at 0", "condition", "best = framed[indices[0]].copy()",
          "best = np.zeros_like(framed[indices[0]])"),
)  # fmt: skip

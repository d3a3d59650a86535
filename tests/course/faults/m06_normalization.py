"""Wrong answers of module 06: normalizations, running statistics, dropout."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

NORMALIZATION = Catalogue("06_normalization")

NORMALIZATION.task(
    "6.1", "nn.LayerNorm",
    Fault("the unbiased variance", "factor", "_mean(centered * centered, axis)",
          "x.var(axis=axis, keepdims=True, ddof=1)"),
    Fault("the shortcut", "stability", "_mean(centered * centered, axis)",
          "(x * x).mean(axis=axis, keepdims=True) - mean * mean"),
    Fault("the deviation", "factor", "_mean(centered * centered, axis)",
          "x.std(axis=axis, keepdims=True)"),
    Fault("the mean of the squares", "wrong operand", "centered = x - mean", "centered = x"),
    Fault("the axis is dropped", "shape", "mean = _mean(x, axis)",
          "mean = x.mean(axis=axis)"),
    Fault("always along the rows", "axis", "mean = _mean(x, axis)",
          "mean = x.mean(axis=1, keepdims=True)", name="nn.BatchNorm1d"),
    Fault("one mean for all", "axis", "mean = _mean(x, axis)",
          "mean = x.mean(keepdims=True)"),
    Fault("the other axis", "axis", "mean = _mean(x, axis)",
          "mean = x.mean(axis=1 - axis, keepdims=True)"),
    Fault("the input changes", "aliasing", "centered = x - mean", "x -= mean; centered = x"),
    Fault("float64", "dtype", "mean = _mean(x, axis)",
          "mean = x.mean(axis=axis, keepdims=True, dtype='float64')",
          accepted="float64 in place of float32: the same numbers but for rounding"),
    Fault("nothing is returned", "forgotten return", "return mean", "mean"),
)  # fmt: skip
NORMALIZATION.task(
    "6.2", "nn.LayerNorm",
    Fault("eps outside the root", "order", "1 / np.sqrt(var + eps)", "1 / (np.sqrt(var) + eps)"),
    Fault("eps forgotten", "stability", "np.sqrt(var + eps)", "np.sqrt(var)"),
    Fault("divided by the variance", "factor", "1 / np.sqrt(var + eps)", "1 / (var + eps)"),
    Fault("multiplied by the deviation", "factor", "1 / np.sqrt(var + eps)", "np.sqrt(var + eps)"),
    Fault("the mean stays", "wrong operand", "(x - mean) * self.rate", "x * self.rate"),
    Fault("the mean is added", "sign", "(x - mean)", "(x + mean)"),
    Fault("no scale and shift", "missing branch", "_affine(self.normal, weight, bias)",
          "self.normal"),
    Fault("the bias is scaled too", "order", "return _affine(self.normal, weight, bias)",
          "return _affine(_affine(self.normal, None, bias), weight, None)"),
    Fault("kept after the scale", "state", "self.normal = (x - mean) * self.rate",
          "self.normal = _affine((x - mean) * self.rate, weight, None)"),
    Fault("the statistics are taken again", "wrong operand", "(x - mean)",
          "(x - x.mean(axis, keepdims=True))",
          accepted="the same numbers but for rounding"),
    Fault("float64", "dtype", "1 / np.sqrt(var + eps)", "1 / np.sqrt(var + np.full(1, eps))",
          accepted="float64 in place of float32: the same numbers but for rounding"),
    Fault("nothing is returned", "forgotten return", "return _affine", "_affine"),
)  # fmt: skip
NORMALIZATION.task(
    "6.3", "nn.LayerNorm",
    Fault("the statistics as constants", "missing branch",
          "rate * (grad - along_mean - normal * along_normal)", "rate * grad"),
    Fault("the variance as a constant", "missing branch",
          "grad - along_mean - normal * along_normal", "grad - along_mean"),
    Fault("the mean as a constant", "missing branch", "grad - along_mean - normal * along_normal",
          "grad - normal * along_normal"),
    Fault("the sign of the part along normal", "sign", "- normal * along_normal",
          "+ normal * along_normal"),
    Fault("the rate forgotten", "factor", "return rate * (", "return 1 * ("),
    Fault("divided by the rate", "factor", "return rate * (", "return 1 / rate * ("),
    Fault("along normal without normal", "wrong operand", "- normal * along_normal",
          "- along_normal"),
    Fault("sums for means", "factor", "_mean(product, axis)",
          "product.sum(axis=axis, keepdims=True)"),
    Fault("the weight forgotten", "missing branch", "    if weight is not None:\n"
          "        grad, product = grad * weight, product * weight\n", ""),
    Fault("the product without the weight", "wrong operand", "product * weight", "product"),
    Fault("always along the rows", "axis", "_mean(grad, axis)", "_mean(grad, 1)",
          name="nn.BatchNorm1d"),
    Fault("the weight's gradient averaged", "factor", "_column_sums(product), ",
          "product.mean(axis=0), "),
    Fault("the bias's gradient along the axis", "axis", "_column_sums(grad)",
          "grad.sum(axis=axis)"),
    Fault("the bias's gradient after the weight", "order", "    return rate",
          "    grad_bias = _column_sums(grad)\n    return rate"),
    Fault("the gradient is changed", "aliasing", "grad, product = grad * weight, product * weight",
          "grad *= weight; product *= weight"),
    Fault("the weight and the bias exchanged", "order", ", grad_weight, grad_bias",
          ", grad_bias, grad_weight"),
    Fault("nothing is returned", "forgotten return", "return rate", "rate"),
)  # fmt: skip
NORMALIZATION.task(
    "6.4", "nn.functional.layer_norm",
    Fault("the rows from the other end", "axis", "input.reshape(-1, size)",
          "input.reshape(size, -1)"),
    Fault("along the columns", "axis", "moments(rows.data, 1)", "moments(rows.data, 0)"),
    Fault("the operation's axis", "axis", "mean, var, 1, eps)", "mean, var, 0, eps)"),
    Fault("eps is not passed on", "wrong operand", "var, 1, eps)", "var, 1, 1e-5)"),
    Fault("weight and bias are not passed on", "missing branch", "weight, bias, mean",
          "None, None, mean"),
    Fault("the rows stay rows", "shape", ".reshape(*input.shape)", ""),
    Fault("outside of the graph", "state", "input.reshape(-1, size)",
          "Tensor(input.data.reshape(-1, size))"),
    Fault("nothing is returned", "forgotten return", "return NormalizeOp", "NormalizeOp"),
)  # fmt: skip
NORMALIZATION.task(
    "6.5", "nn.RMSNorm",
    Fault("the variance", "wrong operand", "_mean(x * x, 1) + eps",
          "x.var(axis=1, keepdims=True) + eps"),
    Fault("the root forgotten", "factor", "1 / np.sqrt(_mean(x * x, 1) + eps)",
          "1 / (_mean(x * x, 1) + eps)"),
    Fault("the sum of the squares", "factor", "_mean(x * x, 1)",
          "(x * x).sum(axis=1, keepdims=True)"),
    Fault("along the columns", "axis", "_mean(x * x, 1)", "_mean(x * x, 0)"),
    Fault("eps outside the root", "order", "1 / np.sqrt(_mean(x * x, 1) + eps)",
          "1 / (np.sqrt(_mean(x * x, 1)) + eps)"),
    Fault("the mean is subtracted", "wrong operand", "self.normal = x * self.rate",
          "self.normal = (x - x.mean(axis=1, keepdims=True)) * self.rate"),
    Fault("the weight forgotten", "missing branch", "_affine(self.normal, weight, None)",
          "self.normal"),
    Fault("the rate as a constant", "missing branch",
          "self.rate * (g - self.normal * along_normal)", "self.rate * g"),
    Fault("the mean of g is taken away", "wrong operand", "(g - self.normal * along_normal)",
          "(g - g.mean(axis=1, keepdims=True) - self.normal * along_normal)"),
    Fault("the sign", "sign", "(g - self.normal", "(g + self.normal"),
    Fault("the weight left out backward", "missing branch",
          "g = grad if weight is None else grad * weight", "g = grad"),
    Fault("the weight's gradient with the weight", "factor", "_column_sums(grad * self.normal)",
          "_column_sums(g * self.normal)"),
    Fault("the weight's gradient averaged", "factor", "_column_sums(grad * self.normal)",
          "(grad * self.normal).mean(axis=0)"),
)  # fmt: skip
NORMALIZATION.task(
    "6.6", "nn.GroupNorm",
    Fault("one group", "missing branch", "input.reshape(n * num_groups, size // num_groups)",
          "input.reshape(n, size)"),
    Fault("a group for each channel", "wrong operand",
          "input.reshape(n * num_groups, size // num_groups)",
          "input.reshape(n * channels, size // channels)"),
    Fault("the groups' size for their number", "order",
          "input.reshape(n * num_groups, size // num_groups)",
          "input.reshape(n * (channels // num_groups), -1)"),
    Fault("along the columns", "axis", "moments(rows.data, 1)", "moments(rows.data, 0)"),
    Fault("eps is not passed on", "wrong operand", "var, 1, eps)", "var, 1, 1e-5)"),
    Fault("no scale and shift", "missing branch", "_affine(by_channel, weight, bias)",
          "by_channel"),
    Fault("no shift", "missing branch", "_affine(by_channel, weight, bias)",
          "_affine(by_channel, weight, None)"),
    Fault("the scale along the places", "axis", "normal.reshape(n, channels, size // channels)",
          "normal.reshape(n, size // channels, channels).transpose(1, 2)"),
    Fault("outside of the graph", "state", "rows = input.reshape", "rows = input.detach().reshape"),
)  # fmt: skip
NORMALIZATION.task(
    "6.7", "nn.BatchNorm2d",
    Fault("only reshaped", "transpose", "x.transpose(0, *range(2, x.ndim), 1)", "x"),
    Fault("the channels first", "transpose", "x.transpose(0, *range(2, x.ndim), 1)",
          "x.transpose(*range(2, x.ndim), 0, 1)"),
    Fault("the places in another order", "order", "*range(2, x.ndim), 1)",
          "*reversed(range(2, x.ndim)), 1)"),
    Fault("the rows and columns exchanged", "shape", "reshape(-1, x.shape[1])",
          "reshape(x.shape[1], -1)", name="nn.BatchNorm1d"),
    Fault("always a copy", "aliasing", "x.transpose(0, *range(2, x.ndim), 1)",
          "x.transpose(0, *range(2, x.ndim), 1).copy()"),
    Fault("only reshaped back", "transpose", "columns.reshape(n, *rest, channels)",
          "columns.reshape(n, channels, *rest).transpose(0, *range(2, len(shape)), 1)"),
    Fault("the channels stay last", "transpose",
          "channels_last.transpose(0, len(shape) - 1, *range(1, len(shape) - 1))", "channels_last"),
    Fault("the forward order once more", "order",
          "transpose(0, len(shape) - 1, *range(1, len(shape) - 1))",
          "transpose(0, *range(2, len(shape)), 1)"),
)  # fmt: skip
NORMALIZATION.task(
    "6.8", "nn.BatchNorm1d",
    Fault("the biased variance", "factor", "var * (count / (count - 1))", "var"),
    Fault("the factor upside down", "factor", "count / (count - 1)", "(count - 1) / count"),
    Fault("the shares exchanged", "order", "    running_mean *= 1 - momentum\n"
          "    running_mean += momentum * mean\n", "    running_mean *= momentum\n"
          "    running_mean += (1 - momentum) * mean\n"),
    Fault("a new array", "aliasing", "    running_mean *= 1 - momentum\n"
          "    running_mean += momentum * mean\n",
          "    running_mean = (1 - momentum) * running_mean + momentum * mean\n"),
    Fault("the old is not made smaller", "missing branch", "    running_mean *= 1 - momentum\n",
          ""),
    Fault("the variance is not remembered", "missing branch",
          "    running_var *= 1 - momentum\n    running_var += momentum * unbiased", ""),
    Fault("the batch's variance changes", "aliasing", "unbiased = var * (count / (count - 1))",
          "var *= count / (count - 1); unbiased = var"),
    Fault("the deviation", "factor", "+= momentum * unbiased", "+= momentum * np.sqrt(unbiased)"),
    Fault("the last batch only", "state", "running_mean *= 1 - momentum", "running_mean *= 0"),
)  # fmt: skip
NORMALIZATION.task(
    "6.9", "nn.functional.batch_norm",
    Fault("the modes exchanged", "condition", "if training:", "if not training and running_mean "
          "is not None:"),
    Fault("always the batch's statistics", "condition", "if training:", "if True:"),
    Fault("nothing is remembered", "missing branch", "if running_mean is not None:", "if False:"),
    Fault("None is updated", "condition", "if running_mean is not None:", "if True:"),
    Fault("count of the examples", "wrong operand", "len(columns), momentum",
          "len(input), momentum"),
    Fault("count of all numbers", "wrong operand", "len(columns), momentum",
          "columns.size, momentum"),
    Fault("momentum is not passed on", "wrong operand", "len(columns), momentum",
          "len(columns), 0.1"),
    Fault("along the rows", "axis", "moments(columns, 0)", "moments(columns.T, 1)"),
    Fault("each example for itself", "axis", "moments(columns, 0)", "moments(columns, 1)"),
    Fault("eps is not passed on", "wrong operand", "mean, var, eps)", "mean, var, 1e-5)"),
    Fault("eps outside the root", "order", "(var + eps).sqrt()", "(var.sqrt() + eps)"),
    Fault("the root forgotten", "factor", "(var + eps).sqrt()", "(var + eps)"),
    Fault("no scale and shift in use", "missing branch",
          "_affine(normal, _spread(weight, input), _spread(bias, input))", "normal"),
    Fault("the scale not spread", "shape", "_spread(weight, input), _spread", "weight, _spread"),
    Fault("the statistics not spread", "shape", "_spread(running_mean, input), _spread",
          "running_mean, _spread"),
    Fault("the unbiased variance normalizes", "factor", "return BatchNormOp",
          "var = var * (len(columns) / (len(columns) - 1))\n        return BatchNormOp"),
    Fault("moved in use too", "condition", "    mean, var = _spread(",
          "    mean, var = moments(as_columns(input.data), 0)\n    update_running("
          "running_mean.data, running_var.data, mean[0], var[0], 9, momentum)\n"
          "    mean, var = _spread("),
    Fault("outside of the graph", "state", "BatchNormOp.apply(input,",
          "BatchNormOp.apply(input.detach(),"),
    Fault("nothing is returned", "forgotten return", "return BatchNormOp", "BatchNormOp"),
)  # fmt: skip
NORMALIZATION.task(
    "6.10", "nn.BatchNorm1d",
    Fault("an attribute, no buffer", "state",
          'self.register_buffer("running_mean", zeros(num_features) if tracked else None)',
          "self.running_mean = zeros(num_features) if tracked else None",
          name="nn.BatchNorm2d"),
    Fault("a variance of 0", "wrong operand", "ones(num_features) if", "zeros(num_features) if"),
    Fault("a mean of 1", "wrong operand", "zeros(num_features) if", "ones(num_features) if"),
    Fault("the count is a float", "dtype", "tensor(0)", "tensor(0.0)"),
    Fault("the count has a dimension", "shape", "tensor(0)", "tensor([0])"),
    Fault("always tracked", "missing branch", "tracked = track_running_stats", "tracked = True"),
    Fault("learned", "state", 'self.register_buffer("running_mean", zeros(num_features)',
          'self.register_parameter("running_mean", Parameter(zeros(num_features))'),
    Fault("in use with the batch's statistics", "condition",
          "batch = self.training or mean is None", "batch = True"),
    Fault("nothing remembered, nothing to use", "condition",
          "batch = self.training or mean is None", "batch = self.training"),
    Fault("counts in use too", "condition", "if self.training and mean is not None",
          "if mean is not None"),
    Fault("never counted", "missing branch", "self.num_batches_tracked.data += 1", "pass"),
    Fault("counted twice", "off by one", "num_batches_tracked.data += 1",
          "num_batches_tracked.data += 2"),
    Fault("the average lags behind", "off by one", "1 / self.num_batches_tracked.item()",
          "1 / (self.num_batches_tracked.item() + 1)"),
    Fault("no average", "missing branch", "momentum = 1 / self.num_batches_tracked.item()",
          "momentum = 0.1"),
    Fault("eps is not passed on", "wrong operand", "momentum, self.eps", "momentum"),
    Fault("momentum is not passed on", "wrong operand", "batch, momentum, self.eps",
          "batch, 0.1, self.eps"),
    Fault("weight and bias are not passed on", "missing branch", "self.weight, self.bias, batch",
          "None, None, batch"),
    Fault("nothing is returned", "forgotten return", "return self._named", "self._named"),
)  # fmt: skip
NORMALIZATION.task(
    "6.11", "nn.Dropout",
    Fault("does not rescale", "missing branch", "1 / (1 - p) if p < 1 else 0", "1"),
    Fault("rescales by p", "wrong operand", "1 / (1 - p) if", "1 / p if"),
    Fault("the kept are multiplied", "factor", "1 / (1 - p) if p < 1 else 0", "1 - p"),
    Fault("p is the share that is kept", "condition", ">= p", "< p"),
    Fault("stops for p = 1", "missing branch", "1 / (1 - p) if p < 1 else 0", "1 / (1 - p)"),
    Fault("a generator of its own", "randomness", "default_generator.random(shape)",
          "np.random.default_rng().random(shape)"),
    Fault("the same mask each time", "randomness", "default_generator.random(shape)",
          "np.random.default_rng(0).random(shape)"),
    Fault("whole rows", "randomness", "default_generator.random(shape)",
          "np.broadcast_to(default_generator.random((*shape[:-1], 1)), shape)"),
    Fault("float64", "dtype", "(kept * factor).astype(dtype)", "kept * factor"),
    Fault("stays on in use", "condition", "if not training or p == 0", "if p == 0"),
    Fault("the modes exchanged", "condition", "if not training or p == 0",
          "if training or p == 0"),
    Fault("draws for p = 0", "randomness", "if not training or p == 0", "if not training"),
    Fault("divided in use", "factor", "    return input\n", "    return input * (1 - p)\n"),
    Fault("outside of the graph", "state", "return input * Tensor(",
          "return input.detach() * Tensor("),
    Fault("a mask of its own backward", "state", "return input * Tensor(",
          "return input + (input * Tensor(dropout_mask(tuple(input.shape), p, input.dtype)) "
          "- input).detach() + 0 * Tensor("),
    Fault("nothing is returned", "forgotten return", "return input * Tensor(", "input * Tensor("),
)  # fmt: skip

# More of them, thought of from the lesson alone, without its tests.

NORMALIZATION.task(
    "6.1",
    "nn.LayerNorm",
    Fault(
        "mean of squares less square of the mean",
        "stability",
        "return mean, _mean(centered * centered, axis)",
        "return mean, _mean(x * x, axis) - mean * mean",
    ),
)

NORMALIZATION.task(
    "6.3",
    "nn.LayerNorm",
    Fault(
        "the bias's gradient times the weight",
        "wrong operand",
        "grad_weight, grad_bias = _column_sums(product), _column_sums(grad)",
        "grad_weight = _column_sums(product)\n"
        "    grad_bias = _column_sums(grad if weight is None else grad * weight)",
    ),
)

NORMALIZATION.task(
    "6.4",
    "nn.functional.layer_norm",
    Fault(
        "only the last dimension",
        "axis",
        "rows = input.reshape(-1, size)",
        "rows = input.reshape(-1, input.shape[-1])",
    ),
)

NORMALIZATION.task(
    "6.5",
    "nn.RMSNorm",
    Fault(
        "the variance instead of the mean square",
        "wrong operand",
        "_mean(x * x, 1) + eps",
        "_mean((x - _mean(x, 1)) ** 2, 1) + eps",
    ),
)

NORMALIZATION.task(
    "6.7",
    "nn.BatchNorm2d",
    Fault(
        "columns put back without moving the channels",
        "transpose",
        "return channels_last.transpose(0, len(shape) - 1, *range(1, len(shape) - 1))",
        "return channels_last.reshape(shape)",
    ),
)

NORMALIZATION.task(
    "6.8",
    "nn.BatchNorm1d",
    Fault(
        "the variance into a new array",
        "aliasing",
        "running_var *= 1 - momentum\n    running_var += momentum * unbiased",
        "running_var = (1 - momentum) * running_var + momentum * unbiased",
    ),
    Fault(
        "the biased variance is remembered",
        "factor",
        "var * (count / (count - 1))",
        "var * 1.0",
    ),
)

NORMALIZATION.task(
    "6.9",
    "nn.functional.batch_norm",
    Fault(
        "normalized with the unbiased variance",
        "factor",
        "BatchNormOp.apply(input, weight, bias, mean, var, eps)",
        "BatchNormOp.apply(input, weight, bias, mean, var * (len(columns) / "
        "(len(columns) - 1)), eps)",
    ),
)

NORMALIZATION.task(
    "6.11",
    "nn.Dropout",
    Fault(
        "NumPy's generator",
        "randomness",
        "default_generator.random(shape) >= p",
        "np.random.random(shape) >= p",
    ),
)

NORMALIZATION.task(
    "6.1",
    "nn.LayerNorm",
    Fault(
        "the squares in float32",
        "dtype",
        "return mean, _mean(centered * centered, axis)",
        'return mean, _mean((centered * centered).astype("float32"), axis).astype(x.dtype)',
    ),
)

NORMALIZATION.task(
    "6.10",
    "nn.BatchNorm1d",
    Fault(
        "the batches are counted beside the buffer",
        "state",
        "            self.num_batches_tracked.data += 1\n"
        "            if momentum is None:\n"
        "                momentum = 1 / self.num_batches_tracked.item()\n",
        '            self.count = getattr(self, "count", 0) + 1\n'
        "            self.num_batches_tracked.data[...] = self.count\n"
        "            if momentum is None:\n"
        "                momentum = 1 / self.count\n",
    ),
)

NORMALIZATION.task(
    "6.11",
    "nn.Dropout",
    Fault(
        "the factor in float32",
        "dtype",
        "    return (kept * factor).astype(dtype)",
        '    return (kept * np.float32(factor)).astype("float32").astype(dtype)',
    ),
    Fault(
        "exactly a share is dropped",
        "randomness",
        "    kept = default_generator.random(shape) >= p\n",
        "    size = math.prod(shape)\n"
        "    kept = (default_generator.permutation(size) >= round(p * size)).reshape(shape)\n",
    ),
)

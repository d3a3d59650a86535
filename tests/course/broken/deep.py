"""Mistakes of modules 05 and 06: the loader, normalization, what is remembered, dropout."""

from __future__ import annotations

from tests.course.broken import Broken

DATA = "modules/05_data/data.py"
NORMALIZATION = "modules/06_normalization/normalization.py"

BROKEN = [
    Broken(
        "running statistics updated in evaluation too", "resnet",
        "    normal = (input - mean) / (var + eps).sqrt()\n",
        "    normal = (input - mean) / (var + eps).sqrt()\n"
        "    columns = as_columns(input.data)\n"
        "    new = (each[0] for each in moments(columns, 0))\n"
        "    update_running(running_mean.data, running_var.data, *new, len(columns), momentum)\n",
        ("A forward in evaluation mode changed `running_mean`", "BatchNorm1d", NORMALIZATION),
    ),
    Broken(
        "running statistics not updated in training", "resnet",
        "update_running(*running, mean[0], var[0], len(columns), momentum)", "pass",
        ("`running_mean` of `nn.BatchNorm1d(3", NORMALIZATION),
    ),
    Broken(
        "the running variance not updated in training", "resnet",
        "    running_var *= 1 - momentum\n    running_var += momentum * unbiased", "    pass",
        ("`running_var` of `nn.BatchNorm1d(3", NORMALIZATION),
    ),
    Broken(
        "momentum is the share of the old", "resnet",
        "running_mean *= 1 - momentum\n    running_mean += momentum * mean",
        "running_mean *= momentum\n    running_mean += (1 - momentum) * mean",
        (
            "`running_mean` of `nn.BatchNorm1d(3",
            "is momentum the share of the new, not of the old?",
            NORMALIZATION,
        ),
    ),
    Broken(
        "the biased variance is remembered", "resnet",
        "unbiased = var * (count / (count - 1))", "unbiased = var",
        ("that is the biased variance", "nn.BatchNorm1d", NORMALIZATION),
    ),
    Broken(
        "the unbiased variance normalizes", "resnet",
        "        return BatchNormOp.apply(input, weight, bias, mean, var, eps)",
        "        var = var * (len(columns) / (len(columns) - 1))\n"
        "        return BatchNormOp.apply(input, weight, bias, mean, var, eps)",
        ("is the variance divided by n - 1?", "nn.BatchNorm1d", NORMALIZATION),
    ),
    Broken(
        "all variances are unbiased", "resnet",
        "return mean, _mean(centered * centered, axis)",
        "return mean, (centered * centered).sum(axis=axis, keepdims=True) / (x.shape[axis] - 1)",
        ("is the variance divided by n - 1?", "nn.LayerNorm", NORMALIZATION),
    ),
    Broken(
        "batch norm uses the batch in evaluation too", "resnet",
        "batch = self.training or mean is None", "batch = True",
        ("A forward in evaluation mode changed", "nn.BatchNorm1d", NORMALIZATION),
    ),
    Broken(
        "batch norm uses the running statistics in training", "resnet",
        "batch = self.training or mean is None", "batch = False",
        ("is it normalized with the running statistics?", "nn.BatchNorm1d", NORMALIZATION),
    ),
    Broken(
        "batch norm for each example", "resnet",
        "        mean, var = moments(columns, 0)\n"
        "        if running_mean is not None:",
        "        mean, var = moments(columns, 1)\n"
        "        if False:",
        ("over the wrong axes (each example for itself)?", "nn.BatchNorm1d", NORMALIZATION),
    ),
    Broken(
        "batch norm over the wrong axes of images", "resnet",
        "    channels_last = x.transpose(0, *range(2, x.ndim), 1)\n"
        "    return channels_last.reshape(-1, x.shape[1])",
        "    return x.reshape(-1, x.shape[1])",
        ("nn.BatchNorm2d", NORMALIZATION),
    ),
    Broken(
        "layer norm over the batch", "resnet",
        "    mean, var = moments(rows.data, 1)\n"
        "    return NormalizeOp.apply(rows, weight, bias, mean, var, 1, eps)",
        "    mean, var = moments(rows.data, 0)\n"
        "    return NormalizeOp.apply(rows, weight, bias, mean, var, 0, eps)",
        ("over the wrong axes (all but the last dimension)?", "nn.LayerNorm", NORMALIZATION),
    ),
    Broken(
        "eps outside of the root", "resnet",
        "self.rate = 1 / np.sqrt(var + eps)", "self.rate = 1 / (np.sqrt(var) + eps)",
        ("is eps added under the root, not outside of it?", "nn.LayerNorm", NORMALIZATION),
    ),
    Broken(
        "mean and variance as constants in backward", "resnet",
        "rate * (grad - along_mean - normal * along_normal)", "rate * grad",
        ("`nn.LayerNorm` for its input x", "are mean and variance treated as const", NORMALIZATION),
    ),
    Broken(
        "the variance as a constant in backward", "resnet",
        "rate * (grad - along_mean - normal * along_normal)", "rate * (grad - along_mean)",
        ("`nn.LayerNorm` for its input x", "is the variance treated as a const", NORMALIZATION),
    ),
    Broken(
        "the gradient of the scale averaged", "resnet",
        "grad_weight, grad_bias = _column_sums(product), _column_sums(grad)",
        "grad_weight, grad_bias = product.mean(axis=0), _column_sums(grad)",
        ("`nn.LayerNorm.weight`", NORMALIZATION),
    ),
    Broken(
        "RMS norm that subtracts the mean", "resnet",
        "        self.normal = x * self.rate\n",
        "        x = x - x.mean(axis=1, keepdims=True)\n"
        "        self.rate = 1 / np.sqrt((x * x).mean(axis=1, keepdims=True) + eps)\n"
        "        self.normal = x * self.rate\n",
        ("is the mean subtracted? RMSNorm leaves it.", NORMALIZATION),
    ),
    Broken(
        "group norm with one group", "resnet",
        "rows = input.reshape(n * num_groups, size // num_groups)", "rows = input.reshape(n, size)",
        ("is it several groups, not one for all channels?", "nn.GroupNorm", NORMALIZATION),
    ),
    Broken(
        "Dropout does not rescale", "resnet",
        "factor = 1 / (1 - p) if p < 1 else 0", "factor = 1",
        ("is what is kept divided by 1 - p?", "nn.Dropout", NORMALIZATION),
    ),
    Broken(
        "Dropout stays on in evaluation", "resnet",
        "    if not training or p == 0:\n"
        "        return input\n"
        "    return input * Tensor(dropout_mask(tuple(input.shape), p, input.dtype))",
        "    return input * Tensor(dropout_mask(tuple(input.shape), p, input.dtype))",
        ("`nn.Dropout(0.25)(x)` drops in evaluation mode too", NORMALIZATION),
    ),
    Broken(
        "Dropout keeps with probability p", "resnet",
        "kept = default_generator.random(shape) >= p", "kept = default_generator.random(shape) < p",
        ("is p the probability to be kept?", NORMALIZATION),
    ),
    Broken(
        "Dropout draws from a generator of its own", "resnet",
        "kept = default_generator.random(shape) >= p",
        "kept = np.random.default_rng().random(shape) >= p",
        ("`nn.Dropout(0.25)` drops other numbers after the same `manual_seed`", NORMALIZATION),
    ),
    Broken(
        "Dropout forgets its mask in backward", "resnet",
        "    return input * Tensor(dropout_mask(tuple(input.shape), p, input.dtype))",
        "    mask = Tensor(dropout_mask(tuple(input.shape), p, input.dtype))\n"
        "    return input + (input * mask - input).detach()",
        ("The gradient of x through `nn.Dropout", NORMALIZATION),
    ),
    Broken(
        "the shortcut's gradient dropped", "resnet",
        "    return grad, grad\n", "    return grad, 0 * grad\n",
        ("is zero", "modules/02_autograd/autograd.py"),
    ),
    Broken(
        "a loader that repeats examples", "resnet",
        "order = generator.permutation(count)[:left].tolist()",
        "order = generator.integers(count, size=count)[:left].tolist()",
        ("leaves out", "repeats", "utils.data.RandomSampler", DATA),
    ),
    Broken(
        "a loader that loses the last batch", "resnet",
        "if batch and not self.drop_last:", "if False:",
        ("The batches of `BatchSampler(", "utils.data.BatchSampler", DATA),
    ),
    Broken(
        "targets of other examples", "resnet",
        "return [part[positions] for part in self.tensors]",
        "return [part[positions[::-1]] if part.ndim == 1 else part[positions] "
        "for part in self.tensors]",
        ("The targets of `TensorDataset(x, y).batch(", "utils.data.TensorDataset", DATA),
    ),
]  # fmt: skip

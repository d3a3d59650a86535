"""The larger training loops by hand, in NumPy: an LSTM, a residual network, a GPT.

As in `by_hand`, every derivative is worked out on paper. The parameters stand in one list, in the
order of the network's `parameters()` in `networks`; each loop returns that list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.workloads import batches, digits, sequences, texts

Arrays = list[np.ndarray]
HandLoop = Callable[[], Arrays]
Back = Callable[[np.ndarray], np.ndarray]


def drawn(*shapes: tuple[int, ...]) -> Arrays:
    """First values: small, evenly drawn; ones for what is marked by a negative size."""
    rng = np.random.default_rng(0)
    return [
        np.ones(-shape[0], np.float32)
        if shape[0] < 0
        else (rng.uniform(-1, 1, shape) * shape[-1] ** -0.5).astype(np.float32)
        for shape in shapes
    ]


class Adam:
    """Adam (Kingma, Ba 2015) for a list of arrays, in place; if asked, with clipped gradients."""

    def __init__(self, parameters: Arrays, lr: float, longest: float | None) -> None:
        self.parameters, self.lr, self.longest, self.count = parameters, lr, longest, 0
        self.means = [np.zeros_like(p) for p in parameters]
        self.squares = [np.zeros_like(p) for p in parameters]

    def step(self, gradients: Arrays) -> None:
        self.count += 1
        if self.longest is not None:
            length = float(np.sqrt(sum(np.vdot(g, g) for g in gradients)))
            gradients = [g * min(1.0, self.longest / (length + 1e-6)) for g in gradients]
        rate, root = self.lr / (1 - 0.9**self.count), (1 - 0.999**self.count) ** 0.5
        for p, g, m, v in zip(self.parameters, gradients, self.means, self.squares, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= rate * m / (np.sqrt(v) / root + 1e-8)


def less_the_right_ones(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of the mean cross-entropy of rows of scores."""
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    grad = e / e.sum(axis=1, keepdims=True)
    grad[np.arange(len(grad)), targets] -= 1
    return grad / np.float32(len(grad))


# ---- the LSTM

HIDDEN = 40


def lstm() -> HandLoop:
    """40 hidden units over 100 steps of 8, batch 32, clipped, Adam."""
    inputs, keys = sequences()

    def loop() -> Arrays:
        parameters = lstm_start()
        adam = Adam(parameters, 0.01, 1.0)
        for x, y in batches(inputs, keys, 32, epochs=1):
            adam.step(lstm_gradients(parameters, x, y))
        return parameters

    return loop


def lstm_start() -> Arrays:
    four = 4 * HIDDEN
    return drawn((four, 8), (four, HIDDEN), (four,), (four,), (4, HIDDEN), (4,))


def lstm_gradients(parameters: Arrays, x: np.ndarray, y: np.ndarray) -> Arrays:
    """Forward and back through time, for one batch (N, T, 8)."""
    w_ih, w_hh, b_ih, b_hh, w, b = parameters
    n, steps, _ = x.shape
    rows = np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(steps * n, 8)
    gates = (rows @ w_ih.T + (b_ih + b_hh)).reshape(steps, n, 4 * HIDDEN)
    h, c = np.zeros((2, steps + 1, n, HIDDEN), np.float32)
    bent, turned = np.empty((steps, n, HIDDEN), np.float32), np.ascontiguousarray(w_hh.T)
    scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), HIDDEN)
    for t, z in enumerate(gates):
        z += h[t] @ turned
        z *= scale
        np.tanh(z, out=z)
        z *= scale
        z += 1 - scale
        i, f, g, o = (z[:, k : k + HIDDEN] for k in range(0, 4 * HIDDEN, HIDDEN))
        c[t + 1] = f * c[t] + i * g
        np.tanh(c[t + 1], out=bent[t])
        h[t + 1] = o * bent[t]
    grad = less_the_right_ones(h[-1] @ w.T + b, y)
    back, grad_h, grad_c = np.empty_like(gates), grad @ w, np.zeros_like(c[0])
    for t in range(steps - 1, -1, -1):
        i, f, g, o = (gates[t, :, k : k + HIDDEN] for k in range(0, 4 * HIDDEN, HIDDEN))
        grad_c = grad_c + grad_h * o * (1 - bent[t] * bent[t])
        parts = (
            grad_c * g * i * (1 - i), grad_c * c[t] * f * (1 - f),
            grad_c * i * (1 - g * g), grad_h * bent[t] * o * (1 - o),
        )  # fmt: skip
        np.concatenate(parts, axis=1, out=back[t])
        grad_c, grad_h = grad_c * f, back[t] @ w_hh
    flat = back.reshape(steps * n, -1)
    bias = flat.sum(axis=0)
    states = h[:-1].reshape(steps * n, HIDDEN)
    return [flat.T @ rows, flat.T @ states, bias, bias, grad.T @ h[-1], grad.sum(axis=0)]


# ---- the residual network, with the channels last: images are (N, H, W, C)

WIDTH, BLOCKS = 8, 6


def resnet() -> HandLoop:
    """14 layers with shortcuts and normalization, one epoch of Adam, batch 50."""
    images, labels = digits()

    def loop() -> Arrays:
        parameters, rng = resnet_start(), np.random.default_rng(0)
        adam = Adam(parameters, 0.003, None)
        for x, y in batches(images, labels, 50, epochs=1):
            kept = (rng.random((len(x), WIDTH), np.float32) >= 0.1) / np.float32(0.9)
            adam.step(resnet_gradients(parameters, x.transpose(0, 2, 3, 1), y, kept))
        return parameters

    return loop


def resnet_start() -> Arrays:
    conv, norm = (WIDTH, WIDTH, 3, 3), [(-WIDTH,), (WIDTH,)]
    block = [conv, conv, *norm, *norm]
    return drawn((WIDTH, 1, 3, 3), *norm, *(block * BLOCKS), (10, WIDTH), (10,))


def convolution(x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, Back, Back]:
    """3x3, with a frame of zeros: the result, and its gradients for the weight and for x."""
    n, height, width, c = x.shape
    framed = np.zeros((n, height + 2, width + 2, c), x.dtype)
    framed[:, 1:-1, 1:-1] = x
    seen = np.lib.stride_tricks.sliding_window_view(framed, (3, 3), axis=(1, 2))
    columns = seen.transpose(0, 1, 2, 4, 5, 3).reshape(n * height * width, 9 * c)
    filters = weight.transpose(2, 3, 1, 0).reshape(9 * c, -1)

    def of_weight(grad: np.ndarray) -> np.ndarray:
        found = columns.T @ grad.reshape(len(columns), -1)
        return found.reshape(3, 3, c, -1).transpose(3, 2, 0, 1)

    def of_x(grad: np.ndarray) -> np.ndarray:
        sent = (grad.reshape(len(columns), -1) @ filters.T).reshape(n, height, width, 3, 3, c)
        out = np.zeros_like(framed)
        for i in range(3):
            for j in range(3):
                out[:, i : i + height, j : j + width] += sent[:, :, :, i, j]
        return out[:, 1:-1, 1:-1]

    return (columns @ filters).reshape(n, height, width, -1), of_weight, of_x


def normalized(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], Arrays]]:
    """Each channel over the batch: the result, and its gradients for x, weight and bias."""
    rows = x.reshape(-1, x.shape[-1])
    centered = rows - rows.mean(axis=0)
    rate = 1 / np.sqrt((centered * centered).mean(axis=0) + np.float32(1e-5))
    normal = centered * rate

    def back(grad: np.ndarray) -> Arrays:
        g = grad.reshape(rows.shape)
        of_weight, of_bias = (g * normal).sum(axis=0), g.sum(axis=0)
        shares = (of_bias + normal * of_weight) / np.float32(len(rows))
        return [((g - shares) * (rate * weight)).reshape(x.shape), of_weight, of_bias]

    return (normal * weight + bias).reshape(x.shape), back


def pooled(x: np.ndarray) -> tuple[np.ndarray, Back]:
    """The largest of each 2x2 window, the first of equals; and the gradient of x."""
    n, height, width, c = x.shape
    windows = x.reshape(n, height // 2, 2, width // 2, 2, c).transpose(0, 1, 3, 5, 2, 4)
    cells = windows.reshape(n, height // 2, width // 2, c, 4)
    largest = cells.argmax(axis=-1)[..., None]

    def back(grad: np.ndarray) -> np.ndarray:
        out = np.zeros_like(cells)
        np.put_along_axis(out, largest, grad[..., None], axis=-1)
        return out.reshape(windows.shape).transpose(0, 1, 4, 2, 5, 3).reshape(x.shape)

    return np.take_along_axis(cells, largest, axis=-1)[..., 0], back


def resnet_gradients(parameters: Arrays, x: np.ndarray, y: np.ndarray, kept: Any) -> Arrays:
    """Forward and back, for one batch (N, 8, 8, 1); `kept` are the factors of dropout."""
    w, gamma, beta, *rest = parameters
    z, of_first, _ = convolution(x, w)
    z, of_norm = normalized(z, gamma, beta)
    firsts = z * (z > 0)
    a, of_pool = pooled(firsts)
    blocks = []
    for k in range(BLOCKS):
        w1, w2, g1, b1, g2, b2 = rest[6 * k : 6 * k + 6]
        y1, of_w1, of_x1 = convolution(a, w1)
        y1, of_n1 = normalized(y1, g1, b1)
        y2, of_w2, of_x2 = convolution(y1 * (y1 > 0), w2)
        y2, of_n2 = normalized(y2, g2, b2)
        a = y2 + a
        blocks.append((y1 > 0, a > 0, of_w1, of_x1, of_n1, of_w2, of_x2, of_n2))
        a = a * (a > 0)
    last, bias = rest[-2:]
    mean = a.mean(axis=(1, 2)) * kept
    grad = less_the_right_ones(mean @ last.T + bias, y)
    found = [grad.T @ mean, grad.sum(axis=0)]
    places = np.float32(a.shape[1] * a.shape[2])
    back = np.broadcast_to(((grad @ last) * kept / places)[:, None, None], a.shape)
    for open1, open2, of_w1, of_x1, of_n1, of_w2, of_x2, of_n2 in reversed(blocks):
        back = back * open2
        inner, *of_second = of_n2(back)
        w2_grad, inner = of_w2(inner), of_x2(inner) * open1
        inner, *of_first_norm = of_n1(inner)
        found = [of_w1(inner), w2_grad, *of_first_norm, *of_second, *found]
        back = back + of_x1(inner)
    inner, *norm = of_norm(of_pool(back) * (z > 0))
    return [of_first(inner), *norm, *found]


# ---- the GPT

VOCABULARY, LENGTH, EMBEDDED, LAYERS, HEADS = 12, 8, 48, 2, 4


def gpt() -> HandLoop:
    """Two layers of width 48 on 8 positions, batch 64, clipped, Adam."""
    asked, answers = texts()

    def loop() -> Arrays:
        parameters = gpt_start()
        adam = Adam(parameters, 0.004, 1.0)
        for x, y in batches(asked, answers, 64, epochs=1):
            adam.step(gpt_gradients(parameters, x, y))
        return parameters

    return loop


def gpt_start() -> Arrays:
    e, wide, norm = EMBEDDED, 4 * EMBEDDED, [(-EMBEDDED,), (EMBEDDED,)]
    layer = [(3 * e, e), (3 * e,), (e, e), (e,), (wide, e), (wide,), (e, wide), (e,), *norm, *norm]
    return drawn((VOCABULARY, e), (LENGTH, e), *(layer * LAYERS), *norm)


def layer_normalized(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], Arrays]]:
    """Each row (R, E) for itself: the result, and its gradients for x, weight and bias."""
    centered = x - x.mean(axis=1, keepdims=True)
    rate = 1 / np.sqrt((centered * centered).mean(axis=1, keepdims=True) + np.float32(1e-5))
    normal = centered * rate

    def back(grad: np.ndarray) -> Arrays:
        g = grad * weight
        along = (g * normal).mean(axis=1, keepdims=True)
        of_x = rate * (g - g.mean(axis=1, keepdims=True) - normal * along)
        return [of_x, (grad * normal).sum(axis=0), grad.sum(axis=0)]

    return normal * weight + bias, back


def attended(x: np.ndarray, n: int, p: Arrays) -> tuple[np.ndarray, Callable[[np.ndarray], Arrays]]:
    """Causal attention of rows (N * LENGTH, E) with themselves; gradients for x and `p`."""
    w_in, b_in, w_out, b_out = p
    head = EMBEDDED // HEADS
    split = (x @ w_in.T + b_in).reshape(n, LENGTH, 3, HEADS, head).transpose(2, 0, 3, 1, 4)
    q, k, v = split
    scores = q @ k.transpose(0, 1, 3, 2) * np.float32(head**-0.5)
    scores += np.triu(np.full((LENGTH, LENGTH), -np.inf, np.float32), 1)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    share = e / e.sum(axis=-1, keepdims=True)
    rows = (share @ v).transpose(0, 2, 1, 3).reshape(n * LENGTH, EMBEDDED)

    def back(grad: np.ndarray) -> Arrays:
        g = (grad @ w_out).reshape(n, LENGTH, HEADS, head).transpose(0, 2, 1, 3)
        g_share = g @ v.transpose(0, 1, 3, 2)
        inner = (g_share * share).sum(axis=-1, keepdims=True)
        g_scores = share * (g_share - inner) * np.float32(head**-0.5)
        parts = np.empty_like(split)
        parts[0], parts[1] = g_scores @ k, g_scores.transpose(0, 1, 3, 2) @ q
        parts[2] = share.transpose(0, 1, 3, 2) @ g
        flat = parts.transpose(1, 3, 0, 2, 4).reshape(n * LENGTH, 3 * EMBEDDED)
        return [
            flat @ w_in, flat.T @ x, flat.sum(axis=0), grad.T @ rows, grad.sum(axis=0),
        ]  # fmt: skip

    return rows @ w_out.T + b_out, back


def fed_forward(x: np.ndarray, p: Arrays) -> tuple[np.ndarray, Callable[[np.ndarray], Arrays]]:
    """Linear, GELU by tanh, linear; gradients for x and `p`."""
    w1, b1, w2, b2 = p
    z = x @ w1.T + b1
    bend = np.tanh(np.float32((2 / np.pi) ** 0.5) * (z + np.float32(0.044715) * z * z * z))
    a = np.float32(0.5) * z * (1 + bend)

    def back(grad: np.ndarray) -> Arrays:
        slope = np.float32((2 / np.pi) ** 0.5) * (1 + np.float32(3 * 0.044715) * z * z)
        inner = grad @ w2
        inner *= np.float32(0.5) * (1 + bend + z * (1 - bend * bend) * slope)
        return [inner @ w1, inner.T @ x, inner.sum(axis=0), grad.T @ a, grad.sum(axis=0)]

    return a @ w2.T + b2, back


def gpt_gradients(parameters: Arrays, ids: np.ndarray, y: np.ndarray) -> Arrays:
    """Forward and back, for one batch (N, LENGTH); the last three positions have answers (N, 3)."""
    wte, wpe, *rest = parameters
    n, backs = len(ids), []
    x = (wte[ids] + wpe).reshape(n * LENGTH, EMBEDDED)
    for k in range(LAYERS):
        p = rest[12 * k : 12 * k + 12]
        normal, norm1 = layer_normalized(x, *p[8:10])
        seen, attention = attended(normal, n, p[:4])
        x = x + seen
        normal, norm2 = layer_normalized(x, *p[10:12])
        more, feed = fed_forward(normal, p[4:8])
        x = x + more
        backs.append((norm1, attention, norm2, feed))
    said, last = layer_normalized(x, *rest[-2:])
    asked = said.reshape(n, LENGTH, EMBEDDED)[:, -3:].reshape(-1, EMBEDDED)
    grad = less_the_right_ones(asked @ wte.T, y.reshape(-1))
    of_wte, sent = grad.T @ asked, np.zeros((n, LENGTH, EMBEDDED), np.float32)
    sent[:, -3:] = (grad @ wte).reshape(n, 3, EMBEDDED)
    g, *found = last(sent.reshape(-1, EMBEDDED))
    for norm1, attention, norm2, feed in reversed(backs):
        inner, *of_feed = feed(g)
        inner, *of_norm2 = norm2(inner)
        g = g + inner
        inner, *of_attention = attention(g)
        inner, *of_norm1 = norm1(inner)
        g = g + inner
        found = [*of_attention, *of_feed, *of_norm1, *of_norm2, *found]
    np.add.at(of_wte, ids.reshape(-1), g)
    return [of_wte, g.reshape(n, LENGTH, EMBEDDED).sum(axis=0), *found]


BY_HAND: dict[str, Callable[[], HandLoop]] = {"lstm": lstm, "resnet": resnet, "gpt": gpt}

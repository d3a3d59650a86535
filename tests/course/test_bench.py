"""What `make bench` compares does the same work: the loops by hand are right."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.by_hand import BY_HAND
from tito.core.workspace.course import course_root

SAME_END = """
from types import SimpleNamespace
import numpy as np
import tinytorch as tt
from bench import by_hand, by_hand_deep, networks
from bench.workloads import batches, corners, digits, points, sequences, texts
from tinytorch import nn, optim


def apart(tensors, arrays):
    return max(np.abs(t.data - a).max() / np.abs(a).max() for t, a in zip(tensors, arrays))


def starting_as_by_hand(*layers):
    for layer in layers:
        weight, bias = by_hand.linear(layer.in_features, layer.out_features)
        layer.weight.data, layer.bias.data = weight.T.copy(), bias
    return layers


def weights(*layers):
    return [part for layer in layers for part in (layer.weight.detach().T, layer.bias)]


x, y = map(tt.tensor, points())
neuron = nn.Linear(2, 1)
neuron.weight.data[:] = neuron.bias.data[:] = 0
descent = optim.SGD(neuron.parameters(), lr=1.0)
for _ in range(300):
    descent.zero_grad()
    nn.BCEWithLogitsLoss()(neuron(x), (y + 1) / 2).backward()
    descent.step()
print("perceptron_layers", apart(weights(neuron), by_hand.perceptron()()))

w, b = tt.zeros(2, 1, requires_grad=True), tt.zeros(1, requires_grad=True)
for _ in range(300):
    w.grad = b.grad = None
    ((-((x @ w + b) * y)).exp() + 1).log().mean().backward()
    for p in (w, b):
        p.data -= 1.0 * p.grad.data
print("perceptron", apart([w, b], by_hand.perceptron()()))

x, y = map(tt.tensor, corners())
first, second = starting_as_by_hand(nn.Linear(2, 16), nn.Linear(16, 1))
descent = optim.SGD([*first.parameters(), *second.parameters()], lr=0.5)
for _ in range(400):
    descent.zero_grad()
    nn.BCEWithLogitsLoss()(second(first(x).tanh()), y).backward()
    descent.step()
print("xor", apart(weights(first, second), by_hand.xor()()))

images, labels = digits()
first, second = starting_as_by_hand(nn.Linear(64, 32), nn.Linear(32, 10))
adam = optim.Adam([*first.parameters(), *second.parameters()], lr=0.003)
for x, y in batches(images.reshape(1500, 64), labels, 50, epochs=10):
    adam.zero_grad()
    nn.CrossEntropyLoss()(second(nn.ReLU()(first(tt.tensor(x)))), tt.tensor(y)).backward()
    adam.step()
print("mlp_digits", apart(weights(first, second), by_hand.mlp_digits()()))

lib = SimpleNamespace(tt=tt, nn=nn, optim=optim)
chain = nn.CrossEntropyLoss()
last = lambda out, y: chain(out[:, -3:].reshape(-1, 12), y.reshape(-1))


def begun(model, start):
    for p, value in zip(model.parameters(), start, strict=True):
        p.data = value
    return list(model.parameters())


model = networks.reader(nn)
parameters = begun(model, by_hand_deep.lstm_start())
adam = optim.Adam(parameters, lr=0.01)
for x, y in batches(*sequences(), 32, epochs=1):
    adam.zero_grad()
    chain(model(tt.tensor(x)), tt.tensor(y)).backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    adam.step()
print("lstm", apart(parameters, by_hand_deep.lstm()()))


def gradients(name, model, loss, x, y, by_hand, start):
    # Over a whole training, rounding alone leads these two apart.
    parameters = begun(model, start)
    loss(model(tt.tensor(x)), tt.tensor(y)).backward()
    largest = max(np.abs(p.grad.data).max() for p in parameters)
    gaps = [np.abs(p.grad.data - g).max() for p, g in zip(parameters, by_hand, strict=True)]
    print(name, max(gaps) / largest)


x, y, start = images[:50], labels[:50], by_hand_deep.resnet_start()
found = by_hand_deep.resnet_gradients(start, x.transpose(0, 2, 3, 1), y, np.float32(1))
gradients("resnet", networks.residual(nn, dropout=0.0), chain, x, y, found, start)

(x, y), start = next(batches(*texts(), 64, epochs=1)), by_hand_deep.gpt_start()
found = by_hand_deep.gpt_gradients(start, x, y)
gradients("gpt", networks.gpt(lib, networks.SMALL), last, x, y, found, start)
"""


def test_the_loops_by_hand_do_what_the_framework_does(solved, run, repo) -> None:
    path = os.pathsep.join([str(solved.root), str(repo)])
    done = run("-c", SAME_END, cwd=solved.root, PYTHONPATH=path)
    assert not done.returncode, done.stderr
    ends = {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}
    assert set(ends) == set(BY_HAND)
    assert max(ends.values()) < 1e-3, ends


def test_a_seed_of_the_reference_passes_and_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.seeds", "perceptron", "--seeds", "1", "--first", "7"],
        capture_output=True, text=True, cwd=course_root(), timeout=120,
    )  # fmt: skip
    assert "0 of 1 seeds failed" in done.stdout
    assert "accuracy" in done.stdout
    assert done.returncode == 0

"""The process in which the student's framework reads a drawing or a text, or an expression.

Started by `reader.py` as `python -I child.py WORKSPACE MILESTONES`. A request is a line of JSON on
stdin, an answer one on what was stdout; whatever the student's code prints goes nowhere. Nothing
here judges. It knows nothing of tito.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

MODELS = {"mlp_digits": ("mlp", (1, 64)), "cnn": ("cnn", (1, 1, 8, 8))}
MOST_VALUES = 2_048  # of one layer
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1"}
METHODS = {"exp", "log", "tanh", "relu", "sigmoid", "sum", "mean", "sqrt", "abs"}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}
MOST_NODES = 24


def main() -> None:
    """Answer until stdin is closed."""
    workspace, milestones = sys.argv[1:3]
    sys.path[:0] = [workspace]
    sys.path.append(milestones)
    outgoing = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    child = Child()
    for line in sys.stdin:
        outgoing.write(json.dumps(child.answer(json.loads(line))) + "\n")
        outgoing.flush()


class Child:
    """The network that was loaded last, and the verbs."""

    def __init__(self) -> None:
        self.model: Any = None
        self.shape: tuple[int, ...] = ()
        self.attending: Any = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request, or what the student's code raised."""
        verbs: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "load": self.load,
            "read": self.read,
            "attend": self.attend,
            "graph": self.graph,
        }
        try:
            return verbs[request["do"]](request)
        except Exception as error:
            kind = type(error).__name__
            said = str(error) if kind == "NotAQuestion" else f"{kind}: {error}"
            return {"error": said[:500]}

    def load(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Build the milestone's network of the student's layers, and put the weights in."""
        import tinytorch  # type: ignore[import-not-found, unused-ignore]
        from verification import models
        from verification.playing.attending import Attending, filled

        weights = read_safetensors(Path(request["weights"]))
        if request["model"] in MODELS:
            name, self.shape = MODELS[request["model"]]
            self.model = filled(getattr(models, name)(tinytorch.nn), weights)
        else:
            self.attending = Attending(tinytorch, request["model"], weights)
        return {"loaded": request["model"]}

    def attend(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Where the network's attention looks while it reads a text, and what it writes."""
        found: dict[str, Any] = self.attending.attend(request["text"])
        return found

    def read(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The probabilities of the ten digits, and what each layer gave."""
        import tinytorch

        x = tinytorch.tensor(np.asarray(request["pixels"], "f4").reshape(self.shape))
        layers = []
        with tinytorch.no_grad():
            for layer in layers_of(self.model):
                x = layer(x)
                layers.append(shown(type(layer).__name__, np.asarray(x.data)))
        scores = np.asarray(x.data, "f8").reshape(-1)
        share = np.exp(scores - scores.max())
        return {"probabilities": (share / share.sum()).tolist(), "layers": layers}

    def graph(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Every part of the expression with its value and the gradient that reaches it."""
        tree = ast.parse(request["expression"], mode="eval").body
        parts = list(walk(tree))
        if len(parts) > MOST_NODES:
            raise ValueError(f"an expression of more than {MOST_NODES} parts")
        names = {name: float(value) for name, value in request["values"].items()}
        nodes = []
        for node in parts:
            value, gradient = value_and_gradient(tree, node, names)
            inputs = [parts.index(child) for child in operands(node)]
            nodes.append({"is": sign(node), "value": value, "grad": gradient, "inputs": inputs})
        return {"nodes": nodes}


# -------------------------------------------------------------------------------- the network


def layers_of(model: Any) -> Iterator[Any]:
    """The layers of a Sequential, in order."""
    index = 0
    while True:
        try:
            layer = model[index]
        except (IndexError, KeyError):
            return
        yield layer
        index += 1


def shown(name: str, value: np.ndarray) -> dict[str, Any]:
    """A layer's output: maps of a convolution as images, else one row."""
    value = value[0]
    if value.size > MOST_VALUES:
        return {"name": name, "maps": []}
    maps = value if value.ndim == 3 else value.reshape(1, 1, -1)
    return {"name": name, "maps": np.nan_to_num(maps.astype("f8")).tolist()}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file (github.com/huggingface/safetensors)."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    found = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name != "__metadata__" and entry["dtype"] in DTYPES:
            begin, end = entry["data_offsets"]
            flat = np.frombuffer(raw[start + begin : start + end], DTYPES[entry["dtype"]])
            found[name] = flat.reshape(entry["shape"])
    return found


# ----------------------------------------------------------------------------- the expression


def walk(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of the expression, operands first. Raises ValueError for anything else."""
    for child in operands(node):
        yield from walk(child)
    yield node


def operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [node.operand]
    if is_call(node):
        return [node.func.value]  # type: ignore[attr-defined]
    if isinstance(node, ast.Name) or is_number(node):
        return []
    raise ValueError(f"`{ast.unparse(node)}` cannot be drawn: use names, numbers, + - * / **, "
                     f"and .{'(), .'.join(sorted(METHODS))}()")  # fmt: skip


def is_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and not (node.args or node.keywords)
    )


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def sign(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return SIGNS[type(node.op)]
    if isinstance(node, ast.UnaryOp):
        return "-"
    if isinstance(node, ast.Call):
        return node.func.attr  # type: ignore[attr-defined, no-any-return]
    return ast.unparse(node)


def value_and_gradient(
    tree: ast.expr, part: ast.expr, names: Mapping[str, float]
) -> tuple[float, float | None]:
    """The part's value, and d(whole)/d(part): the part is made a leaf, the rest computed again."""
    import tinytorch

    value = number(evaluate(part, names, None, None))
    if is_number(part):
        return value, None
    leaf = tinytorch.tensor(value, requires_grad=True)
    evaluate(tree, names, part, leaf).backward()
    return value, None if leaf.grad is None else number(leaf.grad)


def number(tensor: Any) -> float:
    return float(np.asarray(getattr(tensor, "data", tensor)).reshape(-1)[0])


def evaluate(node: ast.expr, names: Mapping[str, float], part: ast.expr | None, leaf: Any) -> Any:
    """The expression by the student's operators; `leaf` stands for `part`."""
    import tinytorch

    if node is part:
        return leaf
    if is_number(node):
        return node.value  # type: ignore[attr-defined]
    if isinstance(node, ast.Name):
        return tinytorch.tensor(names.get(node.id, 1.0))
    values = [evaluate(child, names, part, leaf) for child in operands(node)]
    return apply(node, values)


def apply(node: ast.expr, values: list[Any]) -> Any:
    if isinstance(node, ast.UnaryOp):
        return -values[0]
    if isinstance(node, ast.Call):
        return getattr(values[0], sign(node))()
    left, right = values
    operators: dict[str, Callable[[], Any]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "**": lambda: left**right,
        "@": lambda: left @ right,
    }
    return operators[sign(node)]()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()

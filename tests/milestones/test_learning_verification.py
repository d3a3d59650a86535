"""Five moments of history, each relearned by the student's own framework.

Every test checks the single parts and every gradient against NumPy, trains on fresh data, looks at
the gradients once more on the way, judges by NumPy on data held out, sees every parameter move, and
runs a control that must not learn. What they are made of is in `verification/`. Bars and budgets
stand here, where they are used.
"""

from __future__ import annotations

from typing import Any

from verification import data, models
from verification.controls import (
    check_causal,
    exact_match,
    parameters_outside,
    require,
    require_control,
    require_more,
    zeroed,
)
from verification.metrics import (
    BINARY_METRICS,
    CLASS_METRICS,
    SEQUENCE_METRICS,
    SIGN_METRICS,
    evaluate,
)
from verification.model_gradients import check_model
from verification.models import PARAMETER_COUNTS
from verification.probes.parts import check_parts
from verification.run import Run
from verification.training import GradientDescent, check_moved, parameter_values, train


def test_perceptron_learning(run: Run) -> None:
    """1957: one neuron finds a line between two kinds of points. Tensors and autograd alone."""
    tt = run.framework()
    check_parts(run)
    points = data.separable_points(run.rng, 500)
    learn, held_out = data.split(run.rng, points, held_out=400)
    neuron, criterion = models.Perceptron(tt, 2), models.logistic_loss
    error = check_model(
        run, neuron, criterion, SIGN_METRICS.loss, learn, PARAMETER_COUNTS["perceptron"]
    )

    def train_neuron(model: Any, examples: data.Examples, phase: str) -> None:
        descent = GradientDescent((model.w, model.b), lr=1.0)
        train(
            run,
            model,
            criterion,
            examples,
            SIGN_METRICS,
            descent,
            steps=300,
            batch=100,
            phase=phase,
        )

    before = parameter_values(neuron)
    train_neuron(neuron, learn, "training")
    check_moved(before, neuron)
    accuracy, loss = evaluate(tt, neuron, held_out, SIGN_METRICS)
    require("accuracy on held-out points", accuracy, at_least=0.98)

    # Minsky and Papert, 1969: no line separates XOR, so no more than three corners of four.
    corners, other = data.xor_clouds(run.rng, 25), models.Perceptron(tt, 2)
    signs = data.Examples(corners.inputs, 2 * corners.targets - 1)
    train_neuron(other, signs, "control")
    control, _ = evaluate(tt, other, signs, SIGN_METRICS)
    require_control("one neuron on XOR", control, at_most=0.75)
    run.measured(accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control)


def test_xor_learning(run: Run) -> None:
    """1986: with a hidden layer, what no line separates is learned."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = data.xor_clouds(run.rng, 16), data.xor_clouds(run.rng, 100)
    network, criterion = models.xor(tt.nn), tt.nn.BCEWithLogitsLoss()
    error = check_model(
        run, network, criterion, BINARY_METRICS.loss, learn, PARAMETER_COUNTS["xor"]
    )

    def train_network(model: Any, phase: str) -> None:
        descent = GradientDescent(model.parameters(), lr=0.5)
        train(
            run, model, criterion, learn, BINARY_METRICS, descent, steps=400, batch=64, phase=phase
        )

    before = parameter_values(network)
    train_network(network, "training")
    check_moved(before, network)
    accuracy, loss = evaluate(tt, network, held_out, BINARY_METRICS)
    require("accuracy on held-out points", accuracy, at_least=1.0)

    line = models.without_hidden_layer(tt.nn)
    train_network(line, "control")
    control, _ = evaluate(tt, line, held_out, BINARY_METRICS)
    require_control("a network without a hidden layer", control, at_most=0.75)
    run.measured(accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control)


def test_mlp_digits_learning(run: Run) -> None:
    """1989: 64 pixels, 32 hidden units, ten digits that real people wrote."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = data.split(run.rng, data.flat(data.digits()), held_out=360)
    network, criterion = models.mlp(tt.nn), tt.nn.CrossEntropyLoss()
    few = learn.take(slice(16))
    error = check_model(run, network, criterion, CLASS_METRICS.loss, few, PARAMETER_COUNTS["mlp"])

    before = parameter_values(network)
    learn_classes(run, network, network.parameters(), learn, "training", steps=1500)
    check_moved(before, network)
    accuracy, loss = evaluate(tt, network, held_out, CLASS_METRICS)
    require("accuracy on held-out digits", accuracy, at_least=0.93)

    other, shuffled = models.mlp(tt.nn), data.shuffled_labels(run.rng, learn)
    learn_classes(run, other, other.parameters(), shuffled, "control", steps=300)
    control, _ = evaluate(tt, other, held_out, CLASS_METRICS)
    require_control("training on shuffled labels", control, at_most=0.4)
    run.measured(accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control)


def test_cnn_learning(run: Run) -> None:
    """1998: shared filters know a digit again one pixel further on, with fewer parameters."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = data.split(run.rng, data.digits(), held_out=360)
    off = data.one_pixel_off(held_out)
    network, criterion = models.cnn(tt.nn), tt.nn.CrossEntropyLoss()
    few = data.with_channel(learn.take(slice(4)))
    error = check_model(run, network, criterion, CLASS_METRICS.loss, few, PARAMETER_COUNTS["cnn"])

    def seen(model: Any, examples: data.Examples) -> tuple[float, float]:
        return evaluate(tt, model, data.with_channel(examples), CLASS_METRICS)

    def train_cnn(model: Any, learning: Any, examples: data.Examples, phase: str) -> None:
        learn_classes(run, model, learning, data.with_channel(examples), phase, steps=700)

    before = parameter_values(network)
    train_cnn(network, network.parameters(), learn, "training")
    check_moved(before, network)
    accuracy, loss = seen(network, held_out)
    require("accuracy on held-out digits", accuracy, at_least=0.95)
    shifted, _ = seen(network, off)

    mlp = models.mlp(tt.nn)
    learn_classes(run, mlp, mlp.parameters(), data.flat(learn), "mlp", steps=700)
    mlp_shifted, _ = evaluate(tt, mlp, data.flat(off), CLASS_METRICS)
    require_more("digits one pixel off", shifted, "the mlp", mlp_shifted, by=0.1)

    frozen = models.cnn(tt.nn)
    train_cnn(frozen, parameters_outside(frozen, *models.filters(frozen)), learn, "frozen filters")
    control, _ = seen(frozen, held_out)
    require_control("a network whose filters do not learn", control, at_most=0.93)
    other, order = models.cnn(tt.nn), data.pixel_order(run.rng)
    train_cnn(other, other.parameters(), data.scrambled(learn, order), "scrambled")
    lost, _ = seen(other, data.scrambled(off, order))
    require_control("digits one pixel off, all pixels in another order,", lost, at_most=0.65)
    run.measured(
        accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control,
        shifted_accuracy=shifted, mlp_shifted_accuracy=mlp_shifted,
        scrambled_shifted_accuracy=lost, parameters=PARAMETER_COUNTS["cnn"],
    )  # fmt: skip


def test_transformer_learning(run: Run) -> None:
    """2017: attention fetches what stands elsewhere, by position and by content: reversal."""
    tt = run.framework()
    check_parts(run)
    forward, new = data.sequences(run.rng, (4096, 512), length=8, symbols=models.SYMBOLS)
    learn = data.reversal(forward, models.SEPARATOR)
    network = models.transformer(tt, places=16)
    criterion = models.sequence_loss(tt.nn.CrossEntropyLoss())
    few = learn.take(slice(4))
    error = check_model(
        run, network, criterion, SEQUENCE_METRICS.loss, few, PARAMETER_COUNTS["transformer"]
    )
    check_causal(tt, network, few.inputs)

    def train_transformer(model: Any, learning: Any, phase: str) -> None:
        adam = tt.optim.Adam(learning, lr=0.01)
        train(
            run, model, criterion, learn, SEQUENCE_METRICS, adam, steps=150, batch=64, phase=phase
        )

    before = parameter_values(network)
    train_transformer(network, network.parameters(), "training")
    check_moved(before, network)
    check_causal(tt, network, few.inputs)
    match = exact_match(tt, network, new)
    _, loss = evaluate(tt, network, data.reversal(new, models.SEPARATOR), SEQUENCE_METRICS)
    require("exact match on held-out sequences", match, at_least=0.99)

    with zeroed(network.positions.weight):
        lost = exact_match(tt, network, new)
    require_control("the trained network without its positions", lost, at_most=0.05)
    with zeroed(*models.query_projection(network)):
        even = exact_match(tt, network, new)
    require_control("the trained network with uniform attention", even, at_most=0.05)

    other = models.transformer(tt, places=16)
    with zeroed(other.positions.weight):
        train_transformer(other, parameters_outside(other, other.positions), "no positions")
        control = exact_match(tt, other, new)
    require_control("a network trained without positions", control, at_most=0.2)
    run.measured(
        exact_match=match, loss=loss, gradient_error=error, control_accuracy=control,
        no_positions_exact_match=lost, uniform_exact_match=even,
        parameters=PARAMETER_COUNTS["transformer"],
    )  # fmt: skip


def learn_classes(
    run: Run, network: Any, learning: Any, examples: data.Examples, phase: str, steps: int
) -> None:
    """What the digits have in common: a little noise, and Adam with a step size that fades out."""
    optim, criterion = run.tt.optim, run.tt.nn.CrossEntropyLoss()
    adam = optim.Adam(learning, lr=0.01)
    fading = optim.lr_scheduler.CosineAnnealingLR(adam, T_max=steps)
    train(
        run, network, criterion, examples, CLASS_METRICS, adam,
        steps=steps, batch=32, noise=0.1, phase=phase, schedule=fading,
    )  # fmt: skip

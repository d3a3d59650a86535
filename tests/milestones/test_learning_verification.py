"""Moments in history, each learned again by the student's own framework.

Every test compares the single parts and every gradient with NumPy, trains on fresh data, checks the
gradients again during training, judges with NumPy on held-out data, checks that every parameter has
moved, and runs a control that must not learn. The building blocks are in `verification/`; the
required accuracies and step counts are here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verification import data, models, pictures, recomputed, there
from verification.controls import (
    begin_alike,
    begin_by_remembering,
    check_causal,
    check_pieces,
    exact_match,
    misremembering,
    parameters_outside,
    require,
    require_control,
    require_more,
    without_shortcuts,
    zeroed,
)
from verification.fed_training import train_from_loader
from verification.keeping import check_resumed
from verification.kept import keep_weights
from verification.looking import afterwards, watch
from verification.metrics import BINARY_METRICS, CLASS_METRICS, SEQUENCE_METRICS, SIGN_METRICS
from verification.model_gradients import check_model
from verification.model_under_test import ModelUnderTest
from verification.models import PARAMETER_COUNTS
from verification.modes import check_modes
from verification.probes.parts import check_parts
from verification.recomputed import check_recomputed
from verification.run import Run
from verification.there import GradientDescent
from verification.training import check_moved, train
from verification.writing import (
    Calculating,
    Naming,
    cost_by_frequency,
    cost_of_letters,
    sums_right,
    tokens_of,
)


def test_perceptron_learning(run: Run) -> None:
    """1957: one neuron finds a line between two kinds of points. Tensors and autograd alone."""
    tt = run.framework()
    check_parts(run)
    points = data.separable_points(run.rng, 500)
    learn, held_out = data.split(run.rng, points, held_out=400)
    count, criterion = PARAMETER_COUNTS["perceptron"], run.there(models.logistic_loss)
    perceptron = run.there(models.Perceptron)  # of the course, not of the framework
    neuron = ModelUnderTest(run, perceptron(tt, 2), criterion, SIGN_METRICS, count)
    error = check_model(neuron, learn)

    def train_neuron(neuron: ModelUnderTest, examples: data.Examples, phase: str) -> None:
        lr, steps = run.chosen["lr"], run.chosen["steps"]
        descent = run.there(GradientDescent)((neuron.model.w, neuron.model.b), lr=lr)
        train(neuron, examples, descent, steps=steps, batch=100, phase=phase, lr=lr)

    watch(neuron, held_out, pictures.plane)
    before = neuron.parameter_values()
    train_neuron(neuron, learn, "training")
    check_moved(neuron, before)
    keep_weights(neuron)
    accuracy, loss = neuron.evaluate(held_out)
    require(run, "accuracy on held-out points", accuracy, at_least=0.98)
    check_recomputed(neuron, held_out.inputs, recomputed.perceptron)

    # Minsky and Papert, 1969: no line separates XOR, so no more than three corners of four.
    corners, other = data.xor_clouds(run.rng, 25), neuron.another(perceptron(tt, 2))
    signs = data.Examples(corners.inputs, 2 * corners.targets - 1)
    train_neuron(other, signs, "control")
    control, _ = other.evaluate(signs)
    require_control(run, "one neuron on XOR", control, at_most=0.75)
    run.measured(accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control)


def test_xor_learning(run: Run) -> None:
    """1986: a hidden layer learns what no single line separates."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = data.xor_clouds(run.rng, 16), data.xor_clouds(run.rng, 100)
    count, criterion = PARAMETER_COUNTS["xor"], tt.nn.BCEWithLogitsLoss()
    network = ModelUnderTest(
        run, models.xor(tt.nn, run.chosen["width"]), criterion, BINARY_METRICS, count
    )
    error = check_model(network, learn)

    def train_network(network: ModelUnderTest, phase: str) -> None:
        lr, steps = run.chosen["lr"], run.chosen["steps"]
        descent = run.there(GradientDescent)(network.model.parameters(), lr=lr)
        train(network, learn, descent, steps=steps, batch=64, phase=phase, lr=lr)

    watch(network, held_out, pictures.plane)
    before = network.parameter_values()
    train_network(network, "training")
    check_moved(network, before)
    keep_weights(network)
    accuracy, loss = network.evaluate(held_out)
    require(run, "accuracy on held-out points", accuracy, at_least=1.0)
    check_recomputed(network, held_out.inputs, recomputed.xor)

    line = network.another(models.without_hidden_layer(tt.nn))
    train_network(line, "control")
    control, _ = line.evaluate(held_out)
    require_control(run, "a network without a hidden layer", control, at_most=0.75)
    run.measured(accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control)


def test_mlp_digits_learning(run: Run) -> None:
    """1989: 64 pixels, 32 hidden units, ten digits that real people wrote."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = data.split(run.rng, data.flat(data.digits()), held_out=360)
    count, criterion = PARAMETER_COUNTS["mlp"], tt.nn.CrossEntropyLoss()
    network = ModelUnderTest(
        run, models.mlp(tt.nn, run.chosen["width"]), criterion, CLASS_METRICS, count
    )
    error = check_model(network, learn.take(slice(16)))

    watch(network, held_out, pictures.images)
    before = network.parameter_values()
    learn_classes(network, learn, "training", steps=run.chosen["steps"])
    check_moved(network, before)
    keep_weights(network)
    accuracy, loss = network.evaluate(held_out)
    afterwards(network, held_out, pictures.confusion, pictures.wrong_images)
    require(run, "accuracy on held-out digits", accuracy, at_least=0.93)
    check_recomputed(network, held_out.inputs, recomputed.mlp)

    other, shuffled = network.another(models.mlp(tt.nn)), data.shuffled_labels(run.rng, learn)
    learn_classes(other, shuffled, "control", steps=300)
    control, _ = other.evaluate(held_out)
    require_control(run, "training on shuffled labels", control, at_most=0.4)
    run.measured(accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control)


def test_cnn_learning(run: Run) -> None:
    """1998: shared filters recognize a digit one pixel off, with fewer parameters."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = map(data.with_channel, data.split(run.rng, data.digits(), held_out=360))
    off = data.one_pixel_off(held_out)
    count, criterion = PARAMETER_COUNTS["cnn"], tt.nn.CrossEntropyLoss()
    cnn = models.cnn(tt.nn, run.chosen["width"])
    network = ModelUnderTest(run, cnn, criterion, CLASS_METRICS, count)
    error = check_model(network, learn.take(slice(4)))

    watch(network, held_out, pictures.images)
    before = network.parameter_values()
    learn_classes(network, learn, "training", steps=run.chosen["steps"])
    check_moved(network, before)
    keep_weights(network)
    accuracy, loss = network.evaluate(held_out)
    afterwards(network, held_out, pictures.confusion, pictures.filters)
    require(run, "accuracy on held-out digits", accuracy, at_least=0.94)
    check_recomputed(network, held_out.inputs, recomputed.cnn)
    shifted, _ = network.evaluate(off)
    mlp = network.another(models.mlp(tt.nn))
    learn_classes(mlp, data.flat(learn), "mlp", steps=700)
    mlp_shifted, _ = mlp.evaluate(data.flat(off))
    pictures.shifted_images(network, mlp, off)
    require_more(run, "digits one pixel off", shifted, "the mlp", mlp_shifted, by=0.1)
    frozen = network.another(models.cnn(tt.nn))
    learning = parameters_outside(frozen.model, *models.filters(frozen.model))
    learn_classes(frozen, learn, "frozen filters", steps=700, learning=learning)
    control, _ = frozen.evaluate(held_out)
    require_control(run, "a network whose filters do not learn", control, at_most=0.94)
    other, order = network.another(models.cnn(tt.nn)), data.pixel_order(run.rng)
    learn_classes(other, data.scrambled(learn, order), "scrambled", steps=700)
    lost, _ = other.evaluate(data.scrambled(off, order))
    require_control(run, "digits one pixel off, all pixels in another order,", lost, at_most=0.65)
    run.measured(
        accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control,
        shifted_accuracy=shifted, mlp_shifted_accuracy=mlp_shifted,
        scrambled_shifted_accuracy=lost, parameters=count,
    )  # fmt: skip


def test_resnet_learning(run: Run) -> None:
    """2015: with shortcuts and normalization a deep network learns what a plain one cannot."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = map(data.with_channel, data.split(run.rng, data.digits(), held_out=360))
    deep, start = run.there(models.deep), int(run.rng.integers(2**31))
    count, criterion = PARAMETER_COUNTS["resnet"], tt.nn.CrossEntropyLoss()
    network = ModelUnderTest(run, deep(tt, True), criterion, CLASS_METRICS, count)
    few = learn.take(slice(8))
    begin_alike(network, start)
    check_modes(network, few.inputs)
    error = check_model(network, few, samples=2)

    watch(network, held_out, pictures.images)
    before = network.parameter_values()
    learn_deep(network, learn, "training")
    check_moved(network, before)
    keep_weights(network)
    check_modes(network, few.inputs)
    accuracy, loss = network.evaluate(held_out)
    afterwards(network, held_out, pictures.confusion)
    require(run, "accuracy on held-out digits", accuracy, at_least=0.75)

    with without_shortcuts(network):
        cut, _ = network.evaluate(held_out)
    require_control(run, "the trained network without its shortcuts", cut, at_most=0.5)
    with misremembering(network):
        lost, _ = network.evaluate(held_out)
    require_control(run, "the trained network with other running statistics", lost, at_most=0.5)

    plain = network.another(deep(tt, False))
    begin_alike(plain, start)
    learn_deep(plain, learn, "plain")
    control, _ = plain.evaluate(held_out)
    pictures.depth(network, accuracy, control)
    require_control(run, "a plain network of the same depth", control, at_most=0.4)
    run.measured(
        accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control,
        no_shortcuts_accuracy=cut, other_statistics_accuracy=lost, parameters=count,
    )  # fmt: skip


def test_transformer_learning(run: Run) -> None:
    """2017: attention looks up other places, by position and content, to reverse a sequence."""
    tt = run.framework()
    check_parts(run)
    forward, new = data.sequences(run.rng, (4096, 512), length=8, symbols=models.SYMBOLS)
    learn = data.reversal(forward, models.SEPARATOR)
    count, criterion = PARAMETER_COUNTS["transformer"], tt.nn.CrossEntropyLoss()
    transformer = run.there(models.transformer)  # built over there, where nn.Module is
    network = ModelUnderTest(
        run, transformer(tt, places=16), run.there(models.sequence_loss)(criterion),
        SEQUENCE_METRICS, count, models.TRANSFORMER_PARTS,
    )  # fmt: skip
    few = learn.take(slice(4))
    error = check_model(network, few)
    check_causal(network, few.inputs)

    def train_network(network: ModelUnderTest, learning: Any, phase: str) -> None:
        # A rate that falls to zero: without it, the last steps of a few seeds undo some of it.
        steps = run.chosen["steps"]
        adam = tt.optim.Adam(learning, lr=run.chosen["lr"])
        fading = tt.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=steps)
        train(network, learn, adam, steps=steps, batch=64, phase=phase, schedule=fading)

    watch(network, data.reversal(new, models.SEPARATOR), pictures.reversal)
    before = network.parameter_values()
    train_network(network, network.model.parameters(), "training")
    check_moved(network, before)
    keep_weights(network)
    check_causal(network, few.inputs)
    match = exact_match(network, new)
    _, loss = network.evaluate(data.reversal(new, models.SEPARATOR))
    afterwards(network, data.reversal(new, models.SEPARATOR), pictures.attention)
    require(run, "exact match on held-out sequences", match, at_least=0.99)

    with zeroed(network.model.positions.weight):
        lost = exact_match(network, new)
    require_control(run, "the trained network without its positions", lost, at_most=0.05)
    with zeroed(*models.query_projection(network.model)):
        even = exact_match(network, new)
    require_control(run, "the trained network with uniform attention", even, at_most=0.05)

    other = network.another(transformer(tt, places=16))
    with zeroed(other.model.positions.weight):
        train_network(other, parameters_outside(other.model, other.model.positions), "no positions")
        control = exact_match(other, new)
    require_control(run, "a network trained without positions", control, at_most=0.2)
    run.measured(
        exact_match=match, loss=loss, gradient_error=error, control_accuracy=control,
        no_positions_exact_match=lost, uniform_exact_match=even, parameters=count,
    )  # fmt: skip


def test_gpt_learning(run: Run) -> None:
    """2020: a small GPT learns to add from sums written as text, and writes the answers."""
    run.framework()
    check_parts(run)
    learn, new = data.sums(run.rng, 1000, tokens_of(run, data.SUM_LETTERS))
    network, tokens = small_gpt(run, len(data.SUM_LETTERS), 8, "gpt"), len(data.SUM_LETTERS)
    few = learn.take(slice(4)).examples()
    error = check_model(network, few, samples=12)
    check_causal(network, few.inputs, tokens)

    before = network.parameter_values()
    parts = training_parts(network)
    passes = learn_until_found(network, learn, new, parts)
    check_moved(network, before)
    network, parts = from_checkpoint(network, parts, learn, passes)
    learn_sums(network, learn, new, parts, "resumed", 1)
    check_causal(network, few.inputs, tokens)
    keep_weights(network)
    match = sums_right(network, new)
    _, loss = network.evaluate(new.examples())
    require(run, "exact match on held-out sums", match, at_least=0.95)

    with zeroed(network.parameters()["wpe.weight"]):
        lost = sums_right(network, new)
    require_control(run, "the trained network without its positions", lost, at_most=0.1)
    other, shuffled = small_gpt(run, tokens, 8, "gpt"), data.shuffled_answers(run.rng, learn)
    parts = training_parts(other)
    feed_gpt(other, shuffled.examples(), parts, "control", 1)
    control = sums_right(other, new)
    require_control(run, "training on shuffled answers", control, at_most=0.1)
    run.measured(
        exact_match=match, loss=loss, gradient_error=error, control_accuracy=control,
        no_positions_exact_match=lost, parameters=network.parameter_count,
        **learn_names(run),
    )  # fmt: skip


def test_lstm_learning(run: Run) -> None:
    """1997: a cell with gates remembers one symbol over ninety steps of noise, an RNN does not."""
    tt = run.framework()
    check_parts(run)
    learn, held_out = data.split(run.rng, data.key_in_noise(run.rng, 2112, length=100), 512)
    count, criterion = PARAMETER_COUNTS["lstm"], tt.nn.CrossEntropyLoss()
    reader = run.there(models.reader)  # built over there, where nn.Module is
    network = ModelUnderTest(
        run, reader(tt, "LSTM", run.chosen["width"]), criterion, CLASS_METRICS, count
    )
    begin_by_remembering(network.model.layer)
    few = learn.take(slice(4))
    error = check_model(network, few)
    check_pieces(network, few.inputs)

    watch(network, held_out, pictures.confusion)
    before = network.parameter_values()
    learn_keys(network, learn, "training")
    check_moved(network, before)
    keep_weights(network)
    accuracy, loss = network.evaluate(held_out)
    afterwards(network, held_out, pictures.gates)
    require(run, "accuracy on held-out sequences", accuracy, at_least=0.95)

    late = data.Examples(held_out.inputs[:, 50:], held_out.targets)
    blind, _ = network.evaluate(late)
    require_control(run, "the trained network without the first half of each sequence", blind, 0.4)
    with zeroed(*models.gate_biases(network.model.layer, "f"), value=-5.0):
        forgetful, _ = network.evaluate(held_out)
    require_control(run, "the trained network with its forget gates closed", forgetful, 0.4)

    plain = network.another(reader(tt, "RNN", 84))  # 8,236 parameters, a few more than the LSTM
    learn_keys(plain, learn, "plain RNN")
    control, _ = plain.evaluate(held_out)
    require_control(run, "a plain RNN of the same size", control, at_most=0.5)
    run.measured(
        accuracy=accuracy, loss=loss, gradient_error=error, control_accuracy=control,
        first_half_hidden_accuracy=blind, forgetful_accuracy=forgetful, parameters=count,
    )  # fmt: skip


def learn_names(run: Run) -> dict[str, float]:
    """The second part of 2020: from names that people had, the same GPT learns to invent some."""
    letters, all_names = data.NAME_LETTERS, data.names()
    ids, order = tokens_of(run, letters), run.rng.permutation(len(all_names))
    shuffled = [all_names[i] for i in order]
    new, learn = (data.spelled_names(part, ids) for part in (shuffled[:60], shuffled[60:]))
    network = small_gpt(run, len(letters), data.LONGEST_NAME + 1, "gpt_names")
    check_model(network, learn.take(slice(4)), samples=2)
    naming, steps = Naming(network, letters, ids), 8 * -(-len(learn.targets) // 64)
    parts = training_parts(network, *warm_up(steps))
    feed_gpt(network, learn, parts, "names", 8, 64, naming)
    keep_weights(network, "names.")
    cost = cost_of_letters(network.outputs(new.inputs), new.targets, ids[0])
    simple = cost_by_frequency(learn.targets, new.targets, ids[0], len(letters))
    require(
        run, "of what letters alone cost, saved on held-out names", 1 - cost / simple, at_least=0.08
    )
    invented = naming.names(100)
    pictures.invented(run, invented)
    fresh = len(set(invented) - {"", *all_names}) / 100
    require(run, "written names that are different and new", fresh, at_least=0.5)
    return {"names_loss": cost, "names_by_frequency_loss": simple, "new_names": fresh}


def learn_classes(
    network: ModelUnderTest, examples: data.Examples, phase: str, steps: int, learning: Any = None
) -> None:
    """Train on digits: a little noise, and Adam with a learning rate that falls to zero.

    `learning` are the parameters to train; by default all of them.
    """
    optim = network.run.tt.optim
    adam = optim.Adam(
        network.model.parameters() if learning is None else learning, lr=network.run.chosen["lr"]
    )
    fading = optim.lr_scheduler.CosineAnnealingLR(adam, T_max=steps)
    train(
        network, examples, adam,
        steps=steps, batch=32, noise=0.1, phase=phase, schedule=fading,
    )  # fmt: skip


def learn_keys(network: ModelUnderTest, examples: data.Examples, phase: str) -> None:
    """Seven passes over the sequences, from the framework's own loader, with clipping.

    With smaller batches, a larger rate, or one that falls from the beginning, some networks end
    with two keys taken for each other.
    """
    run, epochs, batch = network.run, 7, 64
    adam = run.tt.optim.Adam(network.model.parameters(), lr=run.chosen["lr"])
    steps = epochs * len(examples.targets) // batch
    schedule = run.there(there.warmed_up)(run.tt, adam, *warm_up(steps))
    train_from_loader(
        network, examples, adam, epochs=epochs, batch=batch, schedule=schedule, phase=phase,
        max_norm=1.0,
    )  # fmt: skip


def learn_deep(network: ModelUnderTest, examples: data.Examples, phase: str) -> None:
    """Five passes over the digits, from the framework's own loader; gradient descent, fading."""
    optim, epochs, batch = network.run.tt.optim, 5, 32
    sgd = optim.SGD(network.model.parameters(), lr=network.run.chosen["lr"], momentum=0.9)
    steps = epochs * -(-len(examples.targets) // batch)
    fading = optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=steps)
    train_from_loader(
        network, examples, sgd, epochs=epochs, batch=batch, schedule=fading, phase=phase
    )


SUMS_A_STEP, PASSES, MOST_PASSES = 64, 3, 7  # of them; one more comes after a checkpoint


def small_gpt(run: Run, tokens: int, places: int, count: str) -> ModelUnderTest:
    """The framework's own GPT, judged at the last places of a text."""
    make, criterion = run.there(models.gpt), run.tt.nn.CrossEntropyLoss()
    return ModelUnderTest(
        run, make(run.tt, tokens, places), run.there(models.sequence_loss)(criterion),
        SEQUENCE_METRICS, PARAMETER_COUNTS[count], models.GPT_PARTS,
        made_by=("models.GPT", "13_transformer"),
    )  # fmt: skip


def warm_up(steps: int) -> tuple[int, float, float]:
    """When the rate of a training of so many steps rises and falls: see `there.warmed_up`."""
    return steps // 10, 0.6 * steps, 0.4 * steps


def training_parts(
    network: ModelUnderTest, rise: int = 50, start: float = 10_000, fall: float = 1
) -> dict[str, Any]:
    """What a checkpoint of this training has to keep. The rate falls from step `start` on."""
    run = network.run
    adam = run.tt.optim.Adam(network.model.parameters(), lr=run.chosen["lr"], betas=(0.9, 0.98))
    schedule = run.there(there.warmed_up)(run.tt, adam, rise, start, fall)
    return {"model": network.model, "optimizer": adam, "scheduler": schedule}


def learn_until_found(
    network: ModelUnderTest, learn: data.Sums, new: data.Sums, parts: dict[str, Any]
) -> int:
    """Passes until it has found the carry; their number.

    Nearly all have it in the third pass. One of a hundred has not, and no fixed number of passes
    would be enough for all: without the carry, about 70 % of the digits are right.
    """
    learn_sums(network, learn, new, parts, "training", PASSES)
    passes, some = PASSES, learn.take(slice(512)).examples()
    while passes < MOST_PASSES and network.evaluate(some)[0] < 0.97:
        learn_sums(network, learn, new, parts, "another pass", 1)
        passes += 1
    return passes


def from_checkpoint(
    old: ModelUnderTest, kept: dict[str, Any], learn: data.Sums, passes: int
) -> tuple[ModelUnderTest, dict[str, Any]]:
    """A new network with new parts, which go on where the old ones have stopped."""
    new, a_pass = small_gpt(old.run, len(data.SUM_LETTERS), 8, "gpt"), steps_a_pass(learn)
    into = training_parts(new, start=passes * a_pass, fall=a_pass)
    check_resumed(old, new, kept, into, learn.take(slice(SUMS_A_STEP)).examples())
    return new, into


def steps_a_pass(learn: data.Sums) -> int:
    return -(-len(learn.answers) // SUMS_A_STEP)


def learn_sums(
    network: ModelUnderTest,
    learn: data.Sums,
    new: data.Sums,
    parts: dict[str, Any],
    phase: str,
    epochs: int,
) -> None:
    """Passes over the sums, while it writes answers to new ones."""
    watch(network, new, pictures.sums)
    writing = Calculating(network, new)
    feed_gpt(network, learn.examples(), parts, phase, epochs, writing=writing)


def feed_gpt(
    network: ModelUnderTest,
    examples: data.Examples,
    parts: dict[str, Any],
    phase: str,
    epochs: int,
    batch: int = SUMS_A_STEP,
    writing: Callable[[], str] | None = None,
) -> None:
    """Passes over the examples, from the framework's own loader, with clipping."""
    train_from_loader(
        network, examples, parts["optimizer"], epochs=epochs, batch=batch,
        schedule=parts["scheduler"], phase=phase, max_norm=1.0, writing=writing,
    )  # fmt: skip

"""What the milestones' tests are made of. Not the tests themselves, and nothing a student edits.

    wording.py             from two arrays to a sentence: "is 32 times too large"
    faults.py              the one exception that a student reads
    pipe.py                what travels between the judge and the judged: frames, values, arrays
    runner.py              what the judged process answers
    judged.py              the judged process: the framework's own, with a pipe to the judge
    there.py               what of the course runs over there: a training step, recorded calls
    raised.py              what the framework raised, as the judge knows of it
    launch.py              the judged process's start, surroundings and end
    process.py             the judge's end: asked, checked, limited, ended
    orphans.py             what the framework has left running: found and ended with the run
    standins.py            what the judge holds of the framework's objects
    places.py              where in tinytorch/ an error was raised
    data.py                what is learned: separable points, XOR, the digits, sequences
    metrics.py             loss and accuracy, computed by NumPy from a model's raw outputs
    models.py              the networks, in PyTorch's names only, and what is known of them
    randomness.py          the framework's random numbers, kept and replayed
    run.py                 one run of one milestone: its seed, its random numbers, its report
    probes/                single public names, compared with NumPy: one file per module
    model_under_test.py    a model with its modes, buffers and chance, measured without a trace
    layers.py              whose a parameter is, and what each layer was called with
    modes.py               what training and evaluation mode promise
    gradients.py           gradients against central differences
    model_gradients.py     those of a whole model, in each mode, and a wrong one in words
    training_gradients.py  those of a step in training, as the optimizer will use them
    training.py            the training loop, its progress events, and what must have moved
    controls.py            the bars, and what must not work: frozen filters, no positions, ...

Each file imports from those above it only. A milestone whose network has modes, buffers or random
layers is judged like any other; `modes.check_modes` is one more line in its test.
Only names of the contract are used, so that any framework that honors them can be judged.
"""

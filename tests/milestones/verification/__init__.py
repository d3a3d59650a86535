"""What the milestones' tests are made of. Not the tests themselves, and nothing a student edits.

    data.py       what is learned: separable points, XOR, the digits, sequences
    models.py     the networks, written with PyTorch's names only
    judging.py    loss and accuracy, computed by NumPy from a model's raw outputs
    gradients.py  gradients against central differences; model_gradients.py: those of a whole model
    training.py   the training loop, its progress events, and whether every parameter moved
    controls.py   the bars, and what must not work: frozen filters, no positions, ...
    parts.py      the small probes of single public names, in `probes/`, one file per module
    probe.py      what a probe is, and how one is run; operation.py: probes that are data
    inputs.py     how a probe's arguments are drawn
    wording.py    from two arrays to a sentence: "is 32 times too large"
    places.py     from a traceback to the line of the lesson
    faults.py     the one exception that a student reads
    untouched.py  whether what measures was replaced by what is measured
    run.py        one run of one milestone: its seed, its random numbers, its report

Only names of the contract are used, so that any framework that honors them can be judged.
"""

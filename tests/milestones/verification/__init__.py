"""What the milestones' tests are made of. Not the tests themselves, and nothing a student edits.

    data.py       what is learned: separable points, XOR, the digits, sequences
    models.py     the networks, written with PyTorch's names only
    metrics.py    loss and accuracy, computed by NumPy from a model's raw outputs
    gradients.py  gradients against central differences; model_gradients.py: those of a whole model
    training.py   the training loop, its progress events, and whether every parameter moved
    controls.py   the bars, and what must not work: frozen filters, no positions, ...
    probes/       single public names, each called and compared with NumPy: one file per module
    wording.py    from two arrays to a sentence: "is 32 times too large"
    places.py     from a traceback to the line of the lesson
    faults.py     the one exception that a student reads
    untouched.py  whether the framework replaced something that measures it
    run.py        one run of one milestone: its seed, its random numbers, its report

Only names of the contract are used, so that any framework that honors them can be judged.
"""

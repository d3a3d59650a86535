"""The building blocks of the milestones' tests. Students do not edit these files.

    wording.py             from two arrays to a sentence: "is 32 times too large"
    relations.py           relations between arrays: equal, transposed, where one is wrong
    explain.py             which mistake makes one array of another
    failures.py            the exception whose message a student reads
    pipe.py                the messages between the two processes: frames, values, arrays
    described.py           what the judge is told of an exception in the framework
    runner.py              how the judged process answers requests
    judged.py              the judged process, in which the framework runs
    there.py               course code that runs in it: a training step, recorded calls
    probing.py             more of it: what would be many requests of a probe
    feed.py                more of it: its own loader, tokenizer and checkpoints
    checkpoints.py         and what it saves, loads and resumes
    files.py               what the judged process could write: read and deleted, whatever it is
    isolation/             limits and levels of isolation for the judged process, and its orphans
    raised.py              the framework's exceptions, as the judge sees them
    launch.py              the judged process's start, environment and end
    ended.py               why that process has ended, and where it was
    busy.py                more time for a process that had to wait for a processor
    process.py             the judge's side: requests, checks, limits
    standins.py            stand-ins for the framework's objects in the judge
    modules/               a module's tests through the judge: a pipe with more kinds of values
    places.py              where in tinytorch/ an error was raised
    data.py                the training data: separable points, XOR, the digits, sequences
    metrics.py             loss and accuracy, computed by NumPy from a model's raw outputs
    models.py              the networks, in PyTorch's names only, and facts about them
    seeds.py               the random numbers of a run, none to be found from another
    randomness.py          the framework's random numbers, saved and replayed
    run.py                 one run of one milestone: its seed, its random numbers, its report
    probes/                single public names, compared with NumPy: one file per module
    model_under_test.py    a model with modes, buffers and random numbers, measured unchanged
    kept.py                what is left of a run: its weights
    layers.py              which layer owns a parameter, and what each layer was called with
    modes.py               what training and evaluation mode must do
    gradients.py           gradients against central differences
    model_gradients.py     those of a whole model, in each mode, and messages for wrong ones
    training_gradients.py  those of a training step, as the optimizer will use them
    training.py            the training loop, its progress events, and what must have moved
    fed_training.py        the same loop, fed by the framework's loader
    recomputed.py          a trained network's answers, from its weights alone
    controls.py            required accuracies, and what must not work: frozen filters, ...
    keeping.py             whether a training goes on from its checkpoint
    writing.py             what a GPT writes: sums and names
    looking.py             when to look at a network: while it trains, and after it
    pictures.py            the network at work, to look at: a plane, digits, filters, attention
    playing/               what a trained network answers: `tito play`

Each file imports from those above it only. A milestone whose network has modes, buffers or random
layers is judged like any other; `modes.check_modes` is one more line in its test.
Only names of the contract are used, so that any framework that has them can be judged.
"""

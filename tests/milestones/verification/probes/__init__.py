"""Probes: single public names, each called and compared with NumPy.

    inputs.py     how a probe's arguments are drawn
    advice.py     what to try, by the kind of difference
    probe.py      what a probe is, and how one is run
    layers_in_numpy.py  activations and losses in NumPy, and common mistakes in them
    rules.py      the optimizers' update rules, and common mistakes in them
    attending.py  attention in NumPy, and common mistakes in it
    images.py     convolution and pooling in NumPy, and common mistakes in them
    normalizing.py  normalizations in NumPy, forward and back, and common mistakes in them
    recurring.py  recurrent cells in NumPy, and common mistakes in them
    recurring_back.py  their way back in NumPy, and common mistakes in it
    operation.py  public names as data: how to call one, the same in NumPy, what to suspect
    compared.py   these as probes: the result and each gradient beside NumPy's
    mNN_name.py   the probes of `modules/NN_name`; more of them in `mNN_name_part.py`
    parts.py      which probes a milestone needs, and running them all

Each file imports from those above it only; a module's probes may use those of earlier modules.
From outside, only `parts.py` is imported.
"""

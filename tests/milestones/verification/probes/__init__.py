"""Probes: single public names, each called and compared with NumPy.

    inputs.py     how a probe's arguments are drawn
    advice.py     what to try, by the kind of difference
    fitting.py    mistakes that are found by fitting: a number in a formula, a slope
    probe.py      what a probe is, and how one is run
    softmax_back.py  the way back through a softmax, and every slip in its formula
    layers_in_numpy.py  activations and losses in NumPy, and common mistakes in them
    rules.py      the optimizers' update rules, and common mistakes in them
    heads.py      how a width is cut into heads and joined, and each wrong order of the axes
    attending.py  attention in NumPy, and common mistakes in it
    projecting.py  common mistakes in the projections of attention
    images.py     convolution in NumPy, and common mistakes in it
    pooling.py    pooling in NumPy, and common mistakes in it
    normalizing.py  normalizations in NumPy, forward and back, and common mistakes in them
    bends.py      the bends of recurrent cells in NumPy, right and wrong ones
    recurring.py  recurrent cells in NumPy, and common mistakes in them
    recurring_back.py  their way back in NumPy, and common mistakes in it
    operation.py  public names as data: how to call one, the same in NumPy, what to suspect
    quotients.py  gradients of NumPy's version by central differences
    smaller.py    the same mistake in a smaller case, to recompute by hand
    compared.py   these as probes: the result and each gradient beside NumPy's
    modules.py    probes of `nn.Module`, for those of module 03
    mNN_name.py   the probes of `modules/NN_name`; more of them in `mNN_name_part.py`
    parts.py      which probes a milestone needs, and running them all

Each file imports from those above it only; a module's probes may use those of earlier modules.
From outside, only `parts.py` is imported.
"""

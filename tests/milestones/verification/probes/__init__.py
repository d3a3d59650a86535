"""Probes: single public names, each called and compared with NumPy.

    inputs.py     how a probe's arguments are drawn
    probe.py      what a probe is, and how one is run
    operation.py  probes that are data: how to call it, the same in NumPy, what to suspect
    mNN_name.py   the probes of `modules/NN_name`, one file per module of the course
    parts.py      which probes a milestone needs, and running them all

Each file imports from those above it only; a module's probes may use those of earlier modules.
From outside, only `parts.py` is imported.
"""

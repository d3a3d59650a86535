"""The probes: single public names, each called once or twice and compared with NumPy.

mNN_name.py   the probes of `modules/NN_name`, one file per module of the course
probe.py      what a probe is, and how one is run
operation.py  probes that are data: how to call it, the same in NumPy, what to suspect
inputs.py     how a probe's arguments are drawn
parts.py      which probes a milestone needs, and running them all
"""

"""The probes, one file per module of the course: `m03_nn.py` for `modules/03_nn`."""

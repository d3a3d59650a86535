"""The catalogue: wrong answers to every task, and cheats, with the run that counts who notices.

`python -m tests.course.faults` runs it (`make verify`) and writes `docs/VERIFICATION.md`.
"""

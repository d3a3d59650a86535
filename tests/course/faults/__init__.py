"""The catalogue: wrong answers to every task, with the run that counts who notices.

`python -m tests.course.faults` (`make verify`) runs it, and goes on where it was stopped.
"""

"""Limits and levels of isolation for a process that runs a student's code.

`judged.py` loads these files by their paths, so they import only the standard library, and not one
another.
"""

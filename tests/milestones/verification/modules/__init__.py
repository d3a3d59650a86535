"""A module's tests through the judge: `tinytorch` in a test file is another process's.

    values.py    more kinds of values than a milestone needs
    sharing.py   lists, dicts and arrays that both processes have
    operators.py Python's operators, as the judged process computes them
    there.py     the judged process's side; `runner.py` becomes it
    lent.py      objects of a test that the framework may use
    objects.py   the judge's stand-ins for objects and classes
    errors.py    the framework's exceptions as the built-in ones that they are
    process.py   the judge's side of the pipe
    imports.py   `import tinytorch` in the judge
    run.py       what a run of tests needs: a new process after a crash, folders, marks

`values`, `sharing`, `operators` and `there` are also loaded by the judged process.
"""

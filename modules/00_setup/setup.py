# %% [markdown]
# # Module 00: Setup
#
# How a lesson works, and the two things every experiment needs: a seed and a report of its machine.
#
# About 20 minutes of reading and 1 hour of writing.
#
# ## Welcome
#
# In this course you write a deep-learning framework. When you are through, you will have built the
# thing that most people only import, and you will know what it does because you did it. Each module
# is one file like this one, read from top to bottom. This first one is short, and it has two
# purposes: to make you at home with the tools, and to settle something that all later modules lean
# on, randomness.
#
# **What you are looking at.** The file is plain Python. The lines that begin with `# %%` cut it
# into cells; VS Code, PyCharm and JupyterLab show them as a notebook, and every other editor shows
# them as comments. Text cells like this one explain. Code cells come in two kinds:
#
# - Cells that begin with `#| export` are the framework. Their code is copied into the package
#   `tinytorch`, which the next modules import. So it can use only what such cells import or define.
# - All other cells are for you, to run and to look at. Change them as you like.
#
# Shift+Enter runs a cell and goes on to the next, in all three of them. In an editor without cells,
# run the file, `python modules/00_setup/setup.py`: it goes on up to the first task that is blank.
#
# **What you do.** Here and there stands a task: a function with everything but its inside. Between
# the two marker lines there is a `raise NotImplementedError(...)`. Replace that line by your
# answer. The marker lines stay.
#
# ```
#     def double(x):
#         """Twice as much as x."""
#         ### BEGIN SOLUTION
#         raise NotImplementedError("Task 0.0: double")      <- becomes:  return 2 * x
#         ### END SOLUTION
# ```
#
# **The commands**, all typed in a terminal, in the folder of the course:
#
# ```
#   tito module test 00        a checklist: each task done, wrong, or still blank;
#                              for the first wrong one, what was called and what came out
#   tito module hint 00        a nudge; ask again for the approach; again for nearly the code
#   tito module complete 00    all tests once more, then your code becomes part of tinytorch
#   tito milestone progress    which moments of history you have unlocked
# ```
#
# Blank is not wrong. Run `tito module test 00` now, and look at a checklist that is all blank. Then
# come back, run the next cell, and read on.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import sys

import numpy as np

print("Python", sys.version.split()[0], "and NumPy", np.__version__, "are here. Good.")

# %% [markdown]
# ## The question
#
# Random numbers are everywhere in learning: the first weights of a network, the order of the
# examples, which neurons rest. So the same program gives another result every time. That is a
# nuisance, and sometimes worse than one. Here two people test whether their coin is fair, with a
# hundred tosses each. It is the same coin.

# %%
first, second = np.random.default_rng(), np.random.default_rng()
print("two fresh generators draw the same number:", first.random() == second.random())

generator = np.random.default_rng(12)
tosses = generator.random((2, 100)) < 0.5
print("heads in 100 tosses:", tosses[0].sum(), "and", tosses[1].sum())

# %% [markdown]
# Was the first coin better? No, it was luck. And if your program has an error that shows in one run
# out of ten, how do you look at it twice? You need randomness that can be *repeated*: the same
# numbers again, whenever you say so. That sounds like a contradiction. It is not, because the
# random numbers of a computer are computed.
#
# ## Where this stands
#
# John von Neumann computed random digits in 1949 and joked that whoever does so is "in a state of
# sin" (*Various techniques used in connection with random digits*, 1951). D. H. Lehmer's method of
# 1949 (*Mathematical methods in large-scale computing units*, 1951) is the one you write first.
# Park and Miller chose good numbers for it (*Random number generators: good ones are hard to find*,
# 1988). Today NumPy uses PCG64 (M. E. O'Neill, *PCG: A family of simple fast space-efficient
# statistically good algorithms for random number generation*, 2014). In PyTorch the functions of
# this module live in `torch.random`, and most of them in `torch` itself: `torch.manual_seed` and
# the others. Ours have the same names.

# %%
#| default_exp random
#| export
import secrets
from contextlib import contextmanager

import numpy as np

__all__ = ["get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]

# %% [markdown]
# ## Task 0.1: a random number is computed
#
# A random generator is a number, its **state**, and a rule that makes the next state from it.
# Lehmer's rule: multiply by a constant, divide by another one, keep the remainder.
#
# ```
#   next state  =  48271 * state   modulo   2147483647
#
#   small, with 3 and 7:    1 -> 3 -> 2 -> 6 -> 4 -> 5 -> 1 -> 3 -> ...
#                               |    \
#                             3*1    3*3 = 9, 9 modulo 7 = 2
# ```
#
# In the small example all numbers from 1 to 6 come once, and then the same six again, forever. With
# the large constants (2147483647 is a prime number, 2^31 - 1) it takes two billion steps until they
# come again. Nobody who sees only the numbers would guess the rule.
#
# The first state is called the **seed**. It must not be 0: what would come after it?
#
# Write it, then run the check cell below it.


# %%
#| export
def lehmer(state):
    """The state that follows `state` in Lehmer's generator, with Park and Miller's later constants.

    Args:
        state: int, from 1 to 2**31 - 2.

    Returns:
        int: 48271 * state modulo 2**31 - 1.

    Raises:
        ValueError: `state` is outside that range.

    Example:
        >>> lehmer(1), lehmer(lehmer(1))
        (48271, 182605794)

    Source: Park, Miller and Stockmeyer, Communications of the ACM 36 (1993), no. 7.
    """
    modulus = 2**31 - 1
    ### BEGIN SOLUTION
    if not 1 <= state < modulus:
        raise ValueError(f"the state of lehmer is from 1 to {modulus - 1}, not {state}")
    return 48271 * state % modulus
    ### END SOLUTION


# %%
state = 2024
for _ in range(5):
    state = lehmer(state)
    print(f"state {state:>10}   as a number between 0 and 1: {state / (2**31 - 1):.6f}")

drawn = []
for _ in range(10_000):
    state = lehmer(state)
    drawn.append(state / (2**31 - 1))
for tenth, count in enumerate(np.histogram(drawn, bins=10, range=(0, 1))[0]):
    print(f"{tenth / 10:.1f} to {tenth / 10 + 0.1:.1f}  {'#' * (count // 25)} {count}")

# %% [markdown]
# Ten thousand numbers, about a thousand in each tenth: it looks random, and every one was computed.
# In the terminal, `tito module test 00` should now show Task 0.1 as done.
#
# That is how all the lessons go: read, write a few lines, run the cell, look. Should you be stuck,
# `tito module hint 00` helps in three steps. Now to the real generator.
#
# ## One generator for everything
#
# For the framework we use NumPy's PCG64. Its state is a number of 128 bits, and its sequence
# repeats after 2^128 steps, which is longer than anybody will wait. The whole framework draws from
# *one* generator, `default_generator`: then one seed is enough to repeat everything.
#
# Unless you choose a seed, the operating system does (`secrets` collects noise from the machine),
# so each program starts differently. The list `_first_seed` remembers the seed in use; it has one
# entry, and functions change that entry.

# %%
#| export
_first_seed = [secrets.randbits(64)]
default_generator = np.random.Generator(np.random.PCG64(_first_seed[0]))

# %% [markdown]
# ## Task 0.2: manual_seed
#
# `manual_seed(7)` starts the generator again at a place that depends on nothing but the 7.
#
# ```
#   manual_seed(7)   ->   0.625, 0.897, 0.776, ...
#   manual_seed(8)   ->   0.327, 0.987, 0.319, ...      another seed, another sequence
#   manual_seed(7)   ->   0.625, 0.897, 0.776, ...      the first one, from its beginning
# ```
#
# Two traps. First: other modules have imported `default_generator` already, so they hold *that
# object*. If you make a new generator, they go on with the old one. The object must stay and its
# inside must change: a new `np.random.PCG64(seed)` has the right `.state`, and
# `default_generator.bit_generator.state` can be set.
#
# Second: PyTorch takes seeds from -2^63 to 2^64 - 1, and PCG64 takes no negative ones. A negative
# seed is mapped by adding 2^64, so -1 means 2^64 - 1. Python's `%` does that too: `-1 % 2**64`.
#
# And write the seed into `_first_seed[0]`, as it is after that mapping. The next task reads it
# there.


# %%
#| export
def manual_seed(seed):
    """Start `default_generator` again, at the place that belongs to `seed`.

    Args:
        seed: int from -2**63 to 2**64 - 1; a negative one counts as seed + 2**64.

    Returns:
        np.random.Generator: `default_generator`, the same object as before.

    Raises:
        TypeError, ValueError: `seed` is no number, or outside that range.

    Example:
        >>> manual_seed(7) is default_generator
        True
    """
    seed = int(seed)
    if not -(2**63) <= seed < 2**64:
        raise ValueError(f"a seed is from -2**63 to 2**64 - 1, not {seed}")
    ### BEGIN SOLUTION
    seed %= 2**64
    _first_seed[0] = seed
    default_generator.bit_generator.state = np.random.PCG64(seed).state
    return default_generator
    ### END SOLUTION


# %%
for chosen in (7, 8, 7, -1, 2**64 - 1):
    manual_seed(chosen)
    print(f"seed {chosen:>20}:", default_generator.random(3).round(3))

# %% [markdown]
# ## Task 0.3: seed and initial_seed
#
# Sometimes you want the opposite: a fresh start that nobody can predict, but whose seed you can
# write down, so that a surprising run can be repeated afterwards. `seed()` takes 64 random bits
# from the operating system (`secrets.randbits(64)`), starts the generator with them, and returns
# them. `initial_seed()` tells which seed the generator started with, whoever chose it;
# `_first_seed` knows.


# %%
#| export
def seed():
    """Start `default_generator` with a seed from the operating system.

    Returns:
        int: that seed, from 0 to 2**64 - 1. `manual_seed` with it repeats the same numbers.

    Example:
        >>> chosen = seed()
        >>> chosen == initial_seed()
        True
    """
    ### BEGIN SOLUTION
    chosen = secrets.randbits(64)
    manual_seed(chosen)
    return chosen
    ### END SOLUTION


def initial_seed():
    """The seed that `default_generator` was last started with.

    Returns:
        int, from 0 to 2**64 - 1.

    Example:
        >>> manual_seed(7) and initial_seed()
        7
    """
    ### BEGIN SOLUTION
    return _first_seed[0]
    ### END SOLUTION


# %%
surprising = seed()
before = default_generator.random(2)
manual_seed(surprising)
again = default_generator.random(2)
print("repeated from the seed that was written down:", (again == before).all())
print("and it is remembered:", initial_seed() == surprising)

# %% [markdown]
# ## Task 0.4: take the state, put it back
#
# A seed brings you to the beginning of a sequence. To come back to the *middle* of one, you need
# the state itself: a bookmark. That is how a training run that was interrupted can go on as if
# nothing had happened.
#
# ```
#   manual_seed(7)     0.625   0.897   0.776   0.225   0.300   ...
#                                    ^
#                                    get_rng_state() here, set_rng_state(state) at any time later:
#                                    the next number is 0.776
# ```
#
# `default_generator.bit_generator.state` gives the state as a dict, a new one each time. We add the
# seed to it under the key `"seed"`, so that `initial_seed()` is right again after the return, as in
# PyTorch. NumPy accepts the dict with the additional key, and checks the rest. A bookmark can be
# used more than once, so do not change it.


# %%
#| export
def get_rng_state():
    """The present state of `default_generator`.

    Returns:
        dict: NumPy's state of the bit generator, with one more key, "seed": the initial seed.
        It does not change when numbers are drawn later.

    Example:
        >>> sorted(get_rng_state())
        ['bit_generator', 'has_uint32', 'seed', 'state', 'uinteger']
    """
    ### BEGIN SOLUTION
    return {**default_generator.bit_generator.state, "seed": _first_seed[0]}
    ### END SOLUTION


def set_rng_state(new_state):
    """Continue from a state that `get_rng_state` returned earlier, and with its initial seed.

    Args:
        new_state: the dict. It is not changed.

    Raises:
        KeyError, TypeError, ValueError: not such a dict; nothing has changed then.

    Example:
        >>> state = get_rng_state()
        >>> a = default_generator.random(); set_rng_state(state); b = default_generator.random()
        >>> a == b
        True
    """
    ### BEGIN SOLUTION
    first_seed = new_state["seed"]
    default_generator.bit_generator.state = new_state
    _first_seed[0] = first_seed
    ### END SOLUTION


# %%
manual_seed(7)
print("first two:", default_generator.random(2).round(3))
bookmark = get_rng_state()
print("then:     ", default_generator.random(2).round(3))
set_rng_state(bookmark)
print("again:    ", default_generator.random(2).round(3))

# %% [markdown]
# ## Task 0.5: a side path, fork_rng
#
# Suppose you look at ten random examples in the middle of training. Those draws move the generator,
# and all that follows becomes different: looking has changed the result. `fork_rng` makes a side
# path. Whatever is drawn inside the `with` block, afterwards the generator is where it was.
#
# ```
#   main road   0.625   0.897 ------------------------------>  0.776   0.225
#                          \                                   ^
#                           with fork_rng():   any draws,     /
#                                              any seeds ----+  back to the same place
# ```
#
# `@contextmanager` makes a `with` block out of a function with one `yield`: what stands before the
# `yield` runs on entering, what stands after it on leaving. If the block raises an error, that
# error comes out of the `yield`; only a `try: ... finally: ...` around it makes sure that the way
# back is taken even then. With `enabled=False` the block is an ordinary one, and there is no way
# back.


# %%
#| export
@contextmanager
def fork_rng(enabled=True):
    """Inside `with fork_rng():` draw and seed as you like; afterwards the generator is as before.

    Args:
        enabled: False makes it do nothing, so that a caller can decide.

    Example:
        >>> state = get_rng_state()
        >>> with fork_rng():
        ...     _ = manual_seed(1)
        >>> get_rng_state() == state
        True
    """
    ### BEGIN SOLUTION
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
    ### END SOLUTION


# %%
manual_seed(7)
default_generator.random(2)
with fork_rng():
    manual_seed(123)
    print("on the side path:", default_generator.random(2).round(3))
print("on the main road:", default_generator.random(2).round(3), "(0.776 and 0.225 come next)")

# %% [markdown]
# ## Task 0.6: what is installed here?
#
# The other half of "it does not do that on my machine" is the machine. When you ask somebody for
# help, they will want to know your versions; PyTorch has `torch.utils.collect_env` for it. Ours
# says less, and is quick.
#
# Quick means: to learn NumPy's version, do not import NumPy. Installed packages leave a note of
# their version on the disk, and `importlib.metadata.version("numpy")` reads it. If there is no such
# package, it raises `PackageNotFoundError`. This code goes to another file of the package,
# `tinytorch/utils/collect_env.py`, which is what `#| export utils.collect_env` means. The next cell
# measures the difference between importing and reading.

# %%
#| export utils.collect_env
import os
import platform
import sys
from collections import namedtuple


def package_version(name):
    """The version of an installed package, found without importing it.

    Args:
        name: the name that `pip install` knows, such as "numpy".

    Returns:
        str, such as "2.1.0"; None if the package is not installed.

    Example:
        >>> package_version("no-such-package") is None
        True
    """
    from importlib.metadata import PackageNotFoundError, version  # slow to load: only when asked

    ### BEGIN SOLUTION
    try:
        return version(name)
    except PackageNotFoundError:
        return None
    ### END SOLUTION


# %%
import subprocess
import time

print("numpy", package_version("numpy"), "| no-such-package", package_version("no-such-package"))

start = time.perf_counter()
package_version("numpy")
reading = time.perf_counter() - start
start = time.perf_counter()
subprocess.run([sys.executable, "-c", "import numpy"], check=True)
importing = time.perf_counter() - start
print(
    f"reading the version: {1e3 * reading:.1f} ms; a new Python that imports NumPy: "
    f"{1e3 * importing:.0f} ms"
)

# %% [markdown]
# ## Task 0.7: a report to paste
#
# `get_env_info` (given) collects the facts into a named tuple: a tuple whose entries have names.
# What is missing is the text, one line for each entry, the values one below the other:
#
# ```
#   tinytorch modules  random, utils.collect_env
#   python version     3.12.1
#   numpy version      2.1.0
#   omp num threads    not set
# ```
#
# The name of the field with spaces for underscores; then spaces up to the length of the longest
# name, and two more; then the value. `info._fields` has the names, `zip(info._fields, info)` the
# pairs, and `f"{text:<20}"` or `text.ljust(20)` fills up with spaces. A value of None is shown as
# `not set`.

# %%
#| export utils.collect_env
SystemEnv = namedtuple(
    "SystemEnv",
    [
        "tinytorch_modules",
        "course_version",
        "python_version",
        "numpy_version",
        "pytest_version",
        "system",
        "processors",
        "omp_num_threads",
    ],
)


def exported_modules():
    """What the package `tinytorch` next to this file has, as names such as "utils.collect_env"."""
    from pathlib import Path

    here = globals().get("__file__")
    if here is None or Path(here).parent.name != "utils":  # a lesson's cell, not the package
        return None
    root = Path(here).resolve().parents[1]
    exported = []
    for path in sorted(root.rglob("*.py")):
        if "\n# %% modules/" in path.read_text(encoding="utf-8"):  # has a lesson's cells in it
            exported.append(".".join(path.relative_to(root).with_suffix("").parts))
    return ", ".join(exported) or None


def get_env_info():
    """The facts about this machine that matter when results differ.

    Returns:
        SystemEnv: a named tuple of strings and ints; None for what is not there.
    """
    return SystemEnv(
        tinytorch_modules=exported_modules(),
        course_version=package_version("tinytorch-course"),
        python_version=platform.python_version(),
        numpy_version=package_version("numpy"),
        pytest_version=package_version("pytest"),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processors=os.cpu_count(),
        omp_num_threads=os.environ.get("OMP_NUM_THREADS"),
    )


def get_pretty_env_info(info=None):
    """The facts as text: one line for each field, all values starting in one column.

    Args:
        info: a named tuple; None for `get_env_info()`.

    Returns:
        str: lines joined by newlines, no newline at the end. A field `a_name` is shown as
        "a name", a value of None as "not set". Two spaces follow the longest name.

    Example:
        >>> print(get_pretty_env_info(namedtuple("Pair", "one, number_two")(1, None)))
        one         1
        number two  not set
    """
    if info is None:
        info = get_env_info()
    ### BEGIN SOLUTION
    width = len(sorted(info._fields, key=len)[-1]) + 2
    lines = []
    for name, value in zip(info._fields, info):
        shown = "not set" if value is None else value
        lines.append(f"{name.replace('_', ' '):<{width}}{shown}")
    return "\n".join(lines)
    ### END SOLUTION


def main():
    """Print the report."""
    print(get_pretty_env_info())


# True for `python -m tinytorch.utils.collect_env`; a lesson that is run has no __spec__.
if __name__ == "__main__" and globals().get("__spec__") is not None:
    main()

# %%
print(get_pretty_env_info())

# %% [markdown]
# When the module is complete, `python -m tinytorch.utils.collect_env` prints this in the terminal.
#
# ## Put together
#
# Back to the coin. One run proves little, so a careful person repeats the experiment with several
# seeds and looks at how far the results lie apart. Below, two coins: one is fair, the other falls
# on heads 56 times in 100. With one seed and 100 tosses you may well pick the wrong one as the
# better. With more tosses, or several seeds, the truth comes out. Remember this when you compare
# two networks.


# %%
def heads(chance, tosses):
    return (default_generator.random(tosses) < chance).mean()


for tosses in (100, 1000):
    print(f"{tosses} tosses        fair    other   which looks better")
    for chosen in range(6):
        manual_seed(chosen)
        fair, other = heads(0.50, tosses), heads(0.56, tosses)
        verdict = "other" if other > fair else "neither" if other == fair else "fair, by luck"
        print(f"  seed {initial_seed():<12} {fair:.3f}   {other:.3f}   {verdict}")

# %% [markdown]
# ## What you can do now
#
# You can repeat every experiment of this course exactly: `tinytorch.manual_seed(0)` at the top, and
# all weights, all shuffles, all samples come again. You can leave the road and return to it, and
# say on which machine it all happened. And you know the rhythm of a lesson.
#
# One thing is left: `tito module complete 00`. It runs all tests again, copies the exported cells
# into `tinytorch/`, and tells you what you have unlocked. Then `tito module start 01`.
#
# ## Experiments
#
# - Start `lehmer` at 1 and at 2, and compare the first five numbers. What would that do to two
#   programs that are seeded with 1 and with 2? Does `manual_seed` have that weakness?
# - Change the constant in `lehmer` to 65539 and the modulus to 2^31. That is RANDU, in wide use in
#   the 1960s. Start at an odd number, take three states in a row, a, b, c, as numbers between 0 and
#   1, and look at `(c - 6 * b + 9 * a) % 1`. Three in a row are never independent.
# - How many tosses does it take until the fair coin looks better in none of 100 seeds?
#
# ## Questions
#
# **1.** Why does `manual_seed` change the inside of `default_generator`, and does not replace it by
# a new generator?
#
# <details><summary>Answer</summary>
#
# A module that said `from tinytorch.random import default_generator` holds the object itself. A new
# object under the old name would be invisible to it: it would go on drawing from the old one.
#
# </details>
#
# **2.** Two programs use the same seed, draw the same numbers, and still train differently. Name
# two possible reasons.
#
# <details><summary>Answer</summary>
#
# They draw in another order (one looks at examples in between, without `fork_rng`); or the
# arithmetic differs: another number of threads or another version of NumPy may add in another
# order, and in floating point the order of a sum changes its last digits. The report of Task 0.7
# shows both.
#
# </details>
#
# **3.** Your new idea reaches 96.1 %, the old one 95.8 %, each with seed 0. Is the new one better?
#
# <details><summary>Answer</summary>
#
# Nobody knows yet. Run both with several seeds. If the results of one method already lie a percent
# apart, a difference of 0.3 between two runs means nothing.
#
# </details>

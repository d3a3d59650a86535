"""Tests of module 00: what `tito module test 00` runs against your own export.

PYTEST_DONT_REWRITE: every assert has a message of its own, which says it in plainer words.
"""

import sys
from importlib import metadata

import numpy as np
import pytest

from tinytorch import random
from tinytorch.random import (
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    lehmer,
    manual_seed,
    seed,
    set_rng_state,
)
from tinytorch.utils import collect_env

MODULUS = 2**31 - 1


def fresh(chosen):
    """NumPy's own generator, at the place where `manual_seed(chosen)` should start ours."""
    return np.random.Generator(np.random.PCG64(chosen))


PLAIN = (bool, int, float, str, np.ndarray, np.float64, np.int64, np.uint64)


def same(found, expected):
    """Whether plain values are equal. Any other object might call itself equal to everything."""
    return type(found) in PLAIN and bool(np.all(found == expected))


def error_of(call, *args):
    """The exception that a call raises, or None."""
    try:
        call(*args)
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    return None


def test_0_1_one_step():
    for state, expected in [(1, 48271), (2, 96542), (48271, 182605794), (MODULUS - 1, 2147435376)]:
        found = lehmer(state)
        assert same(found, expected), (
            f"lehmer({state}) gave {found!r}, expected {expected}: "
            "48271 times the state, then the remainder of dividing by 2**31 - 1 (the % operator)"
        )
    assert type(lehmer(1)) is int, (
        f"lehmer(1) is a {type(lehmer(1)).__name__}; it should be an int: use %, not / or math.fmod"
    )


def test_0_1_the_ten_thousandth():
    states = [1]
    for _ in range(10_000):
        states.append(48271 * states[-1] % MODULUS)
    assert states[-1] == 399268537  # what the C++ standard says for this generator
    before, after = states[-2::-2], states[-1:0:-2]  # from the last step on, every second one
    for state, found, expected in zip(before, map(lehmer, before), after):
        assert same(found, expected), (
            f"lehmer({state}) is {found}, expected {expected}: in 10,000 steps from 1, this state "
            "comes up"
        )


def test_0_1_refuses_states_it_would_never_leave():
    for state in (0, -1, MODULUS, MODULUS + 1):
        error = error_of(lehmer, state)
        assert isinstance(error, ValueError), (
            f"lehmer({state}) should raise ValueError, it "
            f"{'raised ' + type(error).__name__ if error else 'returned ' + repr(lehmer(state))}: "
            "only 1 to 2**31 - 2 are states (0 would be followed by 0 forever)"
        )
    assert lehmer(MODULUS - 1) > 0, "lehmer(2**31 - 2) is still allowed: it is the largest state"


def test_0_2_repeats():
    manual_seed(7)
    first = default_generator.random(3)
    manual_seed(7)
    again = default_generator.random(3)
    assert same(first, again), (
        f"manual_seed(7) gave {first}, the second manual_seed(7) gave {again}: the same seed must "
        "give the same numbers. Does the object `default_generator` itself start again, or did you "
        "make a new generator beside it?"
    )
    expected = fresh(7).random(3)
    assert same(first, expected), (
        f"after manual_seed(7) the numbers are {first}, PCG64 with seed 7 gives {expected}"
    )
    manual_seed(8)
    other = default_generator.random(3)
    assert (other != first).all(), (
        f"manual_seed(7) and manual_seed(8) give the same numbers, {other}: is the seed used?"
    )


def test_0_2_returns_the_one_generator():
    returned = manual_seed(3)
    assert returned is default_generator, (
        f"manual_seed(3) returned {returned!r}; it should return `default_generator`, the object "
        "that "
        "all modules have imported, with a new state inside"
    )


def test_0_2_forgets_half_used_numbers():
    manual_seed(5)
    default_generator.random(dtype=np.float32)  # takes 32 bits of 64, NumPy keeps the other half
    manual_seed(5)
    found, expected = (g.random(2, dtype=np.float32) for g in (default_generator, fresh(5)))
    assert same(found, expected), (
        f"after a float32 draw and manual_seed(5) the numbers are {found}, expected {expected}: "
        "set the whole state (`bit_generator.state = ...`), which also drops a half-used number"
    )


def test_0_2_negative_seeds():
    for chosen in (-1, -12345, -(2**63)):
        manual_seed(chosen)
        found, expected = default_generator.random(), fresh(chosen + 2**64).random()
        assert same(found, expected), (
            f"after manual_seed({chosen}) the first number is {found}, expected {expected}: a "
            "negative "
            f"seed counts as seed + 2**64, here {chosen + 2**64}"
        )


def test_0_2_writes_the_seed_down():
    for chosen, expected in [(7, 7), (-1, 2**64 - 1)]:
        manual_seed(chosen)
        assert random._first_seed == [expected], (
            f"after manual_seed({chosen}) the list _first_seed is {random._first_seed}, expected "
            f"[{expected}]: write the seed into its one entry, _first_seed[0] = ..., after the "
            "mapping of negative ones (`_first_seed = ...` would only make a local name)"
        )


def test_0_2_refuses_what_is_no_seed():
    for chosen in (2**64, -(2**63) - 1, "seven"):
        error = error_of(manual_seed, chosen)
        assert isinstance(error, ValueError), (
            f"manual_seed({chosen!r}) should raise ValueError, got {error!r}: keep the given check"
        )


def test_0_3_initial_seed():
    for chosen, expected in [(7, 7), (0, 0), (2**64 - 1, 2**64 - 1), (-1, 2**64 - 1)]:
        manual_seed(chosen)
        default_generator.random(10)
        assert same(initial_seed(), expected), (
            f"after manual_seed({chosen}) and ten draws, initial_seed() is {initial_seed()}, "
            "expected "
            f"{expected}: manual_seed must write the seed into _first_seed[0] (after the mapping "
            "of "
            "negative ones), initial_seed must return it"
        )


def test_0_3_seed_is_fresh_and_repeatable():
    chosen = {seed() for _ in range(20)}
    assert all(type(number) is int and 0 <= number < 2**64 for number in chosen), (
        f"seed() must return ints from 0 to 2**64 - 1, got {sorted(chosen, key=str)[:3]}"
    )
    assert len(chosen) == 20, (
        f"20 calls of seed() gave only {len(chosen)} different seeds: take secrets.randbits(64) "
        "each time"
    )
    assert sorted(chosen)[-1] >= 2**48, (
        f"the largest of 20 seeds is {sorted(chosen)[-1]}: take all 64 bits, secrets.randbits(64)"
    )
    returned = seed()
    numbers = default_generator.random(3)
    assert same(initial_seed(), returned), (
        f"seed() returned {returned}, but initial_seed() is {initial_seed()}: the returned "
        "number must "
        "be the one that the generator was started with"
    )
    expected = fresh(returned).random(3)
    assert same(numbers, expected), (
        f"seed() returned {returned}; the draws after it were {numbers}, but that seed gives "
        f"{expected}: "
        "seed() must start the generator with the number it returns (manual_seed does that)"
    )


def test_0_3_seed_does_not_follow_from_manual_seed():
    manual_seed(1)
    one = seed()
    manual_seed(1)
    two = seed()
    assert one != two, (
        "after manual_seed(1), seed() returned the same number twice: its bits must come from the "
        "operating system (secrets), not from default_generator"
    )


def test_0_4_bookmark():
    manual_seed(7)
    default_generator.random(5)
    state = get_rng_state()
    assert type(state) is dict and "seed" in state, (
        f'get_rng_state() returned {state!r}; expected NumPy\'s dict with one more key, "seed"'
    )
    kept = dict(state)
    first = default_generator.random(4)
    set_rng_state(state)
    second = default_generator.random(4)
    assert state == kept, (
        "set_rng_state(state) has changed the dict it was given (with `pop`?): a bookmark can be "
        'used more than once; read its key with new_state["seed"]'
    )
    set_rng_state(state)
    third = default_generator.random(4)
    assert same(first, second), (
        f"after get_rng_state() came {first}, after set_rng_state() came {second}: they should "
        "be equal"
    )
    assert same(first, third), (
        f"the second use of the same bookmark gave {third} instead of {first}: "
        "the dict must not change when it is used, or when numbers are drawn"
    )


def test_0_4_taking_a_bookmark_changes_nothing():
    manual_seed(11)
    get_rng_state()
    found, expected = default_generator.random(), fresh(11).random()
    assert same(found, expected), (
        f"after manual_seed(11) and get_rng_state() the first number is {found}, expected "
        f"{expected}: "
        "taking the state must not draw a number"
    )


def test_0_4_remembers_the_seed():
    manual_seed(7)
    state = get_rng_state()
    assert same(state.get("seed"), 7), (
        f'after manual_seed(7), get_rng_state()["seed"] is {state.get("seed")!r}, expected 7'
    )
    manual_seed(8)
    assert same(state["seed"], 7), "a bookmark must not change when manual_seed is called later"
    set_rng_state(state)
    assert same(initial_seed(), 7), (
        "a bookmark taken after manual_seed(7) was put back, but initial_seed() is "
        f"{initial_seed()}: "
        'set_rng_state must restore _first_seed[0] from new_state["seed"]'
    )


def test_0_4_a_broken_bookmark_changes_nothing():
    manual_seed(7)
    default_generator.random(2)
    good = get_rng_state()
    no_seed = {key: value for key, value in good.items() if key != "seed"}
    for broken in (no_seed, {"seed": 3}, {**good, "seed": 9, "bit_generator": "MT19937"}):
        manual_seed(7)
        error = error_of(set_rng_state, broken)
        assert isinstance(error, (KeyError, TypeError, ValueError)), (
            f"set_rng_state({broken}) should raise an error, got {error!r}"
        )
        assert same(initial_seed(), 7), (
            f"set_rng_state failed, yet initial_seed() is now {initial_seed()}: "
            "change _first_seed last, when nothing can fail any more"
        )
        assert same(default_generator.random(), fresh(7).random()), (
            "set_rng_state failed, yet the generator has moved: read the seed before you set the "
            "state"
        )


def test_0_5_the_way_back():
    manual_seed(7)
    default_generator.random(2)
    expected = fresh(7).random(4)[2:]
    try:
        with fork_rng():
            default_generator.random(100)
            manual_seed(99)
    except TypeError as error:
        if "not an iterator" not in str(error):
            raise
        raise AssertionError(
            f"`with fork_rng():` raised TypeError: {error}. Where does the block run? A function "
            "below @contextmanager needs a `yield` in that place"
        ) from None
    found = default_generator.random(2)
    assert same(found, expected), (
        f"after `with fork_rng():` the next numbers are {found}, without the block they are "
        f"{expected}: "
        "take the state before the yield and put it back after it"
    )
    assert same(initial_seed(), 7), (
        f"inside the block the seed was 99, outside 7; after it initial_seed() is {initial_seed()}"
    )


def test_0_5_inside_it_goes_on():
    manual_seed(7)
    with fork_rng():
        found = default_generator.random()
    assert same(found, fresh(7).random()), (
        f"inside `with fork_rng():` the first number is {found}, expected {fresh(7).random()}: "
        "the side path begins where the road is; only seeding inside changes that"
    )


def test_0_5_the_way_back_after_an_error():
    manual_seed(7)
    raised = None
    try:
        with fork_rng():
            default_generator.random(3)
            raise OSError("a test's own error")
    except OSError as error:
        raised = error
    assert raised is not None, (
        "an error inside `with fork_rng():` must come out of the block; do not catch it, use "
        "finally"
    )
    found, expected = default_generator.random(), fresh(7).random()
    assert same(found, expected), (
        f"the block ended with an error, and the next number is {found} instead of {expected}: "
        "put the state back in a `finally:`, which runs in both cases"
    )


def test_0_5_blocks_in_blocks():
    manual_seed(7)
    with fork_rng():
        default_generator.random()
        with fork_rng():
            manual_seed(1)
        inner = default_generator.random()
    outer = default_generator.random()
    expected = fresh(7).random(2)
    assert (outer, inner) == tuple(expected), (
        f"with one fork_rng inside another, the draws are {(outer, inner)}, expected "
        f"{tuple(expected)}: "
        "each block needs a state variable of its own"
    )


def test_0_5_switched_off():
    manual_seed(7)
    try:
        with fork_rng(enabled=False):
            default_generator.random(2)
    except RuntimeError as error:
        raise AssertionError(
            f"`with fork_rng(enabled=False):` raised RuntimeError: {error}. The `yield` has to be "
            "reached in every case; only the way back depends on `enabled`"
        ) from None
    found, expected = default_generator.random(), fresh(7).random(3)[2]
    assert same(found, expected), (
        f"after two draws in `with fork_rng(enabled=False):` the next number is {found}, expected "
        f"{expected}: without `enabled` there is no way back"
    )


def test_0_6_versions():
    found = collect_env.package_version("numpy")
    assert found == np.__version__, (
        f'package_version("numpy") is {found!r}, NumPy itself says {np.__version__!r}'
    )
    for missing in ("no-such-package", "tinytorch-no-such-package"):
        error = error_of(collect_env.package_version, missing)
        assert error is None, (
            f"package_version({missing!r}) raised {type(error).__name__}, expected None: catch "
            "PackageNotFoundError"
        )
        found = collect_env.package_version(missing)
        assert found is None, (
            f"package_version({missing!r}) is {found!r}, expected None: catch PackageNotFoundError"
        )


class MadeUp(metadata.DistributionFinder, metadata.Distribution):
    """A package that is installed and has a version, but no module that one could import."""

    def find_spec(self, *_):
        return None

    def find_distributions(self, context):
        return [self] if context.name == "made-up-package" else []

    def read_text(self, filename):
        return "Name: made-up-package\nVersion: 3.2.1\n" if filename == "METADATA" else None

    def locate_file(self, path):
        return path


@pytest.mark.in_process
def test_0_6_it_asks_the_installed_package():
    installed = MadeUp()
    sys.meta_path.append(installed)
    try:
        found = collect_env.package_version("made-up-package")
    finally:
        sys.meta_path.remove(installed)
    assert found == "3.2.1", (
        f'package_version("made-up-package") is {found!r}, expected "3.2.1": that is the version '
        "of an installed package without a module of its name (such as tinytorch-course, whose "
        "module is `tito`). Did you import the module and read its __version__? Ask "
        "importlib.metadata's `version(name)`"
    )


def test_0_6_other_errors_are_not_hidden():
    error = error_of(collect_env.package_version, 5)
    assert error is not None, (
        "package_version(5) is a mistake, and importlib raises TypeError for it; yours hid that: "
        "catch PackageNotFoundError only"
    )
    assert isinstance(error, TypeError), (
        f"package_version(5) raised {type(error).__name__}: {error}; `version(5)` of "
        "importlib.metadata raises TypeError, and all but PackageNotFoundError passes through"
    )


def pretty(**fields):
    """What the report says about a named tuple with these fields."""
    info = collect_env.namedtuple("Info", list(fields))(**fields)
    return collect_env.get_pretty_env_info(info)


def test_0_7_lines():
    found = pretty(one=1, number_two=None, c="three")
    expected = "one         1\nnumber two  not set\nc           three"
    assert same(found, expected), (
        f"get_pretty_env_info(Info(one=1, number_two=None, c='three')) gave\n{found}\n"
        f"expected\n{expected}\n"
        "each name with spaces for underscores, filled up to the longest name and two spaces more, "
        "then the value; no newline at the end"
    )


def test_0_7_every_underscore():
    found = pretty(omp_num_threads=4, a_b_c_d=None)
    expected = "omp num threads  4\na b c d          not set"
    assert same(found, expected), (
        f"get_pretty_env_info(Info(omp_num_threads=4, a_b_c_d=None)) gave\n{found}\n"
        f"expected\n{expected}\na name may have several underscores, and each becomes a space: "
        "name.replace('_', ' ') replaces all of them, unless it is told how many"
    )


def test_0_7_zero_is_a_value():
    found = pretty(processors=0, name="")
    assert found == "processors  0\nname        ", (
        f"Info(processors=0, name='') became\n{found}\nonly None is `not set`: compare with `is "
        "None`"
    )


def test_0_7_this_machine():
    report = collect_env.get_pretty_env_info()
    lines = report.splitlines()
    fields = collect_env.SystemEnv._fields
    assert len(lines) == len(fields), (
        f"the report of this machine has {len(lines)} lines, SystemEnv has {len(fields)} fields"
    )
    assert f"numpy version      {np.__version__}" in lines, (
        f"no line `numpy version      {np.__version__}` in\n{report}"
    )

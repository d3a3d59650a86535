"""Wrong answers of module 00: random numbers and the report on the environment."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

SETUP = Catalogue("00_setup")

SETUP.task(
    "0.1", "manual_seed",
    Fault("the remainder forgotten", "missing branch", "48271 * state % modulus", "48271 * state"),
    Fault("added instead of multiplied", "wrong operand", "48271 * state", "(48271 + state)"),
    Fault("modulus one too large", "off by one", "% modulus", "% (modulus + 1)"),
    Fault("the state 0 accepted", "condition", "not 1 <= state", "not 0 <= state"),
    Fault("the modulus itself accepted", "condition", "< modulus:", "<= modulus:"),
    Fault("a wrong state is another type of error", "error not raised", "ValueError", "TypeError"),
    Fault("nothing is returned", "forgotten return", "return 48271", "48271"),
    Fault("remainder taken too early", "order", "48271 * state % modulus",
          "48271 * (state % 2**16) % modulus"),
)  # fmt: skip
SETUP.task(
    "0.2", "manual_seed",
    Fault("a new generator that nobody else holds", "aliasing",
          "    default_generator.bit_generator.state = np.random.PCG64(seed).state\n"
          "    return default_generator",
          "    return np.random.Generator(np.random.PCG64(seed))"),
    Fault("the seed not brought into range", "missing branch", "    seed %= 2**64\n", ""),
    Fault("only 32 bits of the seed", "factor", "2**64", "2**32"),
    Fault("the first seed not remembered", "state", "    _first_seed[0] = seed\n", ""),
    Fault("the seed remembered before it is brought into range", "order",
          "    seed %= 2**64\n    _first_seed[0] = seed\n",
          "    _first_seed[0] = seed\n    seed %= 2**64\n"),
    Fault("the size of a negative seed", "sign", "seed %= 2**64", "seed = abs(seed)"),
    Fault("always the same seed", "randomness", "PCG64(seed)", "PCG64(0)"),
    Fault("another bit generator", "wrong operand", "np.random.PCG64(seed).state",
          "{**np.random.PCG64(seed + 1).state}"),
    Fault("nothing is returned", "forgotten return", "    return default_generator", ""),
)  # fmt: skip
SETUP.task(
    "0.3", "seed",
    Fault("a fixed seed", "randomness", "secrets.randbits(64)", "1234"),
    Fault("the seed drawn from the generator itself", "randomness", "secrets.randbits(64)",
          "int(default_generator.integers(2**62))"),
    Fault("only 8 bits", "factor", "randbits(64)", "randbits(8)"),
    Fault("the seed drawn but not set", "state", "    manual_seed(chosen)\n", ""),
    Fault("the generator is returned", "wrong operand", "    manual_seed(chosen)\n"
          "    return chosen", "    return manual_seed(chosen)"),
    Fault("initial_seed gives the list", "shape", "return _first_seed[0]", "return _first_seed",
          name="initial_seed"),
    Fault("initial_seed returns nothing", "forgotten return", "return _first_seed[0]",
          "_first_seed[0]", name="initial_seed"),
    Fault("another seed set than returned", "order", "manual_seed(chosen)",
          "manual_seed(secrets.randbits(64))"),
)  # fmt: skip
SETUP.task(
    "0.4", "get_rng_state",
    Fault("the seed left out", "state", '{**default_generator.bit_generator.state, "seed": '
          "_first_seed[0]}", "dict(default_generator.bit_generator.state)"),
    Fault("the live list as the seed", "aliasing", '"seed": _first_seed[0]}', '"seed": '
          "_first_seed}"),
    Fault("the generator not put back", "state",
          "    default_generator.bit_generator.state = new_state\n", "", name="set_rng_state"),
    Fault("the first seed not put back", "state", "    _first_seed[0] = first_seed", "",
          name="set_rng_state"),
    Fault("seeded again instead of put back", "wrong operand",
          "default_generator.bit_generator.state = new_state",
          "default_generator.bit_generator.state = np.random.PCG64(first_seed).state",
          name="set_rng_state"),
    Fault("the seed is taken out of the caller's state", "aliasing", 'new_state["seed"]',
          'new_state.pop("seed")', name="set_rng_state"),
    Fault("half done when the state is no state", "order",
          '    first_seed = new_state["seed"]\n', '    first_seed = _first_seed[0] = '
          'new_state["seed"]\n', name="set_rng_state"),
)  # fmt: skip
SETUP.task(
    "0.5", "fork_rng",
    Fault("not put back after an exception", "missing branch",
          "    try:\n        yield\n    finally:\n        if enabled:\n"
          "            set_rng_state(state)",
          "    yield\n    if enabled:\n        set_rng_state(state)"),
    Fault("put back even when not enabled", "condition", "if enabled:", "if True:"),
    Fault("put back only when not enabled", "sign", "if enabled:", "if not enabled:"),
    Fault("never put back", "state", "            set_rng_state(state)", "            pass"),
    Fault("an exception is swallowed", "error not raised", "    finally:\n",
          "    except Exception:\n        pass\n    finally:\n"),
    Fault("the state taken at the end", "order", "set_rng_state(state)",
          "set_rng_state(get_rng_state())"),
    Fault("the same seed again instead of the state", "wrong operand", "set_rng_state(state)",
          'manual_seed(state["seed"])'),
    Fault("another seed inside", "randomness", "    try:\n", "    manual_seed(0)\n    try:\n"),
)  # fmt: skip
SETUP.task(
    "0.6", "utils.collect_env",
    Fault("a missing package is an error", "error not raised", "        return None",
          "        raise"),
    Fault("a text for a missing package", "wrong operand", "return None", 'return "None"'),
    Fault("the name returned", "wrong operand", "return version(name)", "return name"),
    Fault("nothing is returned", "forgotten return", "return version(name)", "version(name)"),
    Fault("the version of the imported module", "wrong operand",
          "        return version(name)\n    except PackageNotFoundError:",
          "        return __import__(name).__version__\n    except ImportError:"),
    Fault("a tuple of numbers", "shape", "return version(name)",
          'return tuple(version(name).split("."))'),
)  # fmt: skip
SETUP.task(
    "0.7", "utils.collect_env.get_pretty_env_info",
    Fault("the first underscore only", "missing branch", "name.replace('_', ' ')",
          "name.replace('_', ' ', 1)"),
    Fault("underscores kept", "missing branch", "name.replace('_', ' ')", "name"),
    Fault("the width of the shortest name", "order", "[-1]", "[0]"),
    Fault("the columns touch", "off by one", ") + 2", ")"),
    Fault("one blank too many", "off by one", ") + 2", ") + 3"),
    Fault("None is printed", "missing branch", '"not set" if value is None else value', "value"),
    Fault("an empty value is not set", "condition", "if value is None", "if not value"),
    Fault("aligned to the right", "order", ":<{width}", ":>{width}"),
    Fault("the last line only", "off by one", '"\\n".join(lines)', "lines[-1]"),
    Fault("a list of lines", "shape", '"\\n".join(lines)', "lines"),
    Fault("the longest by the alphabet", "order", "key=len", "key=str"),
)  # fmt: skip

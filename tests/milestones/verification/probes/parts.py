"""The check of single parts: every probe of the modules that a milestone requires, in order.

The first probe that fails names the part to fix, because later modules build on earlier
ones. Add a probe in `mNN_name.py`, as data or as a function.
"""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

from verification import probes
from verification.probes.probe import Kit, Probe, run_probe
from verification.run import Run

FILE_OF_A_MODULE = re.compile(r"m(\d\d_\w+)")


def modules_with_probes() -> list[str]:
    """`00_setup`, `01_tensor`, ...: the names `mNN_name.py` of the files here, without the m."""
    names = (FILE_OF_A_MODULE.fullmatch(entry.name) for entry in iter_modules(probes.__path__))
    return sorted(name[1] for name in names if name)


def probes_for(modules: list[str]) -> list[Probe]:
    """The probes of these modules. A module without a file of probes has none.

    `12_attention` may have more files than its own, as `m12_attention_layer.py`.
    """
    found: list[Probe] = []
    for file in modules_with_probes():
        if any(f"{file}_".startswith(f"{module}_") for module in modules):
            found += import_module(f"verification.probes.m{file}").PROBES
    return found


def module_bringing(layer: str) -> str:
    """The module whose probes call `nn.<layer>`, or an empty string."""
    known = probes_for(modules_with_probes())
    return next((probe.module for probe in known if probe.part == f"nn.{layer}"), "")


def check_parts(run: Run) -> None:
    """Call every public name this milestone builds on, and compare with NumPy."""
    kit = Kit(run.tt, run.checks_rng, run.there)
    probes = probes_for(run.modules)
    for step, probe in enumerate(probes, 1):
        run_probe(probe, kit)
        if run.progress_is_due(step, len(probes)):
            run.progress("parts", step, len(probes))
    run.seed_framework()

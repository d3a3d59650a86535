"""The check of the single parts: every probe of the modules that a milestone requires, in order.

The first probe that fails names the fault, because what comes later is built on what comes
earlier. A probe is added in `probes/mNN_name.py`: data, or a function.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from verification.probe import Kit, Probe, run_probe
from verification.run import Run


def probes_for(modules: list[str]) -> list[Probe]:
    """The probes of these modules. A module without a file of probes has none."""
    found: list[Probe] = []
    for module in sorted(modules):
        name = f"verification.probes.m{module}"
        if find_spec(name) is not None:
            found += import_module(name).PROBES
    return found


def module_bringing(layer: str) -> str:
    """The module whose probes call `nn.<layer>`, or nothing."""
    folder = import_module("verification.probes").__path__
    modules = sorted(entry.name[1:] for entry in iter_modules(folder))
    return next((p.module for p in probes_for(modules) if p.part == f"nn.{layer}"), "")


def check_parts(run: Run) -> None:
    """Call every public name this milestone builds on, and compare with NumPy."""
    kit = Kit(run.tt, run.checks_rng)
    probes = probes_for(run.modules)
    for step, probe in enumerate(probes, 1):
        run_probe(probe, kit)
        if run.progress_is_due(step, len(probes)):
            run.progress("parts", step, len(probes))
    run.seed_framework()

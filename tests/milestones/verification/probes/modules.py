"""Probes of `nn.Module`: what a module finds of what is assigned to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.places import named, raised_in
from verification.probes.probe import Kit, Probe


def check_named(kit: Kit, module: Any, what: str, right: list[str]) -> None:
    """Check the names and the order of the modules in a module."""
    names = [name for name, _ in module.named_modules()]
    if names != right:
        check_registered(module, kit, right)
        raise Failure(
            f"`named_modules()` of {what} gives {names}, not {right}: the module itself first, "
            "then those inside, in order.",
            part="nn.Module.named_modules",
        )


def check_linear_is_made(nn: Any) -> None:
    """A Linear can be made: where it cannot, the modules around it are not at fault."""
    try:
        nn.Linear(3, 2)
    except NotImplementedError:
        raise  # a blank task
    except Exception as error:
        raise Failure(
            f"`nn.Linear(3, 2)` raised {named(error)}", part="nn.Linear", raised=raised_in(error)
        ) from error


def check_registered(module: Any, kit: Kit, names: list[str]) -> None:
    """Where something is not found: is it in the registers, if there are some as in PyTorch?"""
    registers = kit.there(probing.registers)(module)
    for kind, name, made in (
        ("_modules", "inner", "nn.Linear(3, 2)"), ("_parameters", "scale", "nn.Parameter(...)"),
    ):  # fmt: skip
        if "inner" in names and registers.get(kind) is not None and name not in registers[kind]:
            raise Failure(
                f"After `self.{name} = {made}`, the module has no `{name}` in `self.{kind}`: is "
                "the assignment noticed?",
                part="nn.Module.__setattr__",
                hint="Module.__setattr__ sorts what is assigned: a Parameter and a Module each "
                "have their own register.",
            )


def check_module(kit: Kit) -> None:
    """A module finds the parameters that are assigned to it, and those of its modules."""
    nn, values = kit.tt.nn, kit.tt.tensor(np.ones(2))
    plain = kit.there(probing.plain_module)(nn, values)
    for name, made in (("scale", "nn.Parameter(...)"), ("size", "2")):
        if getattr(plain, name, None) is None:
            raise Failure(
                f"After `self.{name} = {made}` in a module, `module.{name}` is not there.",
                part="nn.Module.__setattr__",
                hint="Whatever is assigned becomes an attribute, registered or not.",
            )
    check_linear_is_made(nn)
    module = kit.there(probing.scaled_module)(nn, values)
    if hasattr(module, "named_modules"):
        check_named(kit, module, "a module with a Linear `inner`", ["", "inner"])
        two = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
        check_named(kit, two, "a Sequential of two", ["", "0", "1"])
    found = sorted(name for name, _ in module.named_parameters())
    expected = ["inner.bias", "inner.weight", "scale"]
    if found != expected:
        check_registered(module, kit, ["inner"])
        raise Failure(
            f"A module with a Linear `inner` and a Parameter `scale` has {found}, not {expected}.",
            hint="Assigning to an attribute registers parameters and modules, and the walk goes "
            "into the modules.",
        )
    for call, listed in (
        ("named_parameters", [p for _, p in module.named_parameters()]),
        ("parameters", list(module.parameters())),
    ):
        inner = np.array(module.inner.bias.data)
        for p in listed:
            p.data = p.data + 1
        if np.array_equal(module.inner.bias.data, inner):
            raise Failure(
                f"Changing what `{call}()` yields does not change the module.",
                part=f"nn.Module.{call}",
                hint="It must yield the parameters themselves, not copies.",
            )


MODULES = [Probe("nn.Module.named_parameters", "03_nn", check_module)]

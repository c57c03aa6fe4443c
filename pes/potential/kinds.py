"""Surfaces as plain settings and back, so that a file needs no code inside."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from pes.potential.analytic import ANALYTIC
from pes.potential.corrected import CorrectedSurface
from pes.potential.dipole import DipoleSurface
from pes.potential.dipole_network import DipoleNetwork
from pes.potential.ensemble import Ensemble
from pes.potential.kernel import KernelSurface
from pes.potential.linear import LinearSurface
from pes.potential.named_function import NamedFunction
from pes.potential.neural import NeuralSurface

__all__ = ["FITTED", "SURFACES", "Functions", "references", "surface_from", "surface_settings"]

Functions = Mapping[str, Callable[[Tensor], Tensor]]

FITTED = {
    "corrected": CorrectedSurface,
    "dipole": DipoleSurface,
    "dipole_network": DipoleNetwork,
    "ensemble": Ensemble,
    "kernel": KernelSurface,
    "linear": LinearSurface,
    "neural": NeuralSurface,
}
"""Surfaces whose parameters come from points."""

SURFACES = {**FITTED, "function": NamedFunction, **ANALYTIC}
"""Every surface that a file can hold."""


def surface_settings(surface: nn.Module) -> dict[str, Any]:
    """Settings by which `surface_from` builds a surface of this kind, parameters apart.

    A surface provides them by its properties `settings` and, for surfaces inside it, `parts`.

    Raises:
        ValueError: for a surface or a baseline that is not one of `SURFACES`.
    """
    kind = next((name for name, cls in SURFACES.items() if type(surface) is cls), None)
    if kind is None:
        raise ValueError(
            f"a {type(surface).__name__} cannot be stored; "
            f"surfaces of these kinds can: {', '.join(sorted(SURFACES))}"
        )
    settings, parts = getattr(surface, "settings", {}), getattr(surface, "parts", {})
    return {"kind": kind, **settings, **{name: _stored(part) for name, part in parts.items()}}


def _stored(part: nn.Module | list[nn.Module] | None) -> Any:
    if isinstance(part, list):
        return [surface_settings(member) for member in part]
    return None if part is None else surface_settings(part)


def references(settings: Mapping[str, Any]) -> list[str]:
    """Names of the functions that a surface with these settings is built on."""
    if settings.get("kind") == "function":
        return [settings["reference"]]
    under = [settings.get(key) for key in ("baseline", "base", "correction")]
    parts = [*settings.get("members", ()), *under]
    return [name for part in parts if part is not None for name in references(part)]


def surface_from(settings: Mapping[str, Any], functions: Functions | None = None) -> nn.Module:
    """A surface with these settings, its parameters still to be filled in.

    Args:
        settings: settings from `surface_settings`.
        functions: functions that the surface is built on, by their references.

    Raises:
        ValueError: for an unknown kind.
        KeyError: for a function that is not given.

    Example:
        >>> type(surface_from({"kind": "water_pjt1996"})).__name__
        'WaterPJT'
    """
    kind, known = settings.get("kind"), functions or {}
    if kind not in SURFACES:
        raise ValueError(f"surface kind must be one of {sorted(SURFACES)}, got {kind!r}")
    if kind == "ensemble":
        members = [surface_from(member, known) for member in settings["members"]]
        return Ensemble(members, inflation=settings.get("inflation", 1.0))
    if kind == "corrected":
        base, correction = (surface_from(settings[k], known) for k in ("base", "correction"))
        return CorrectedSurface(base, correction)
    if kind in ("dipole", "dipole_network", "kernel"):
        return SURFACES[kind].from_settings(settings)
    if kind == "function":
        name = settings["reference"]
        return NamedFunction(name, known[name], differentiable=settings["differentiable"])
    if kind in ("linear", "neural"):
        under = settings.get("baseline")
        baseline = None if under is None else surface_from(under, known)
        return SURFACES[kind].from_settings(settings, baseline)
    return ANALYTIC[kind]()

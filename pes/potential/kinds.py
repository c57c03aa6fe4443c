"""From a surface to plain settings and back, so that a file needs no code inside."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from pes.potential.analytic import ANALYTIC
from pes.potential.corrected import CorrectedSurface
from pes.potential.ensemble import Ensemble
from pes.potential.linear import LinearSurface
from pes.potential.named_function import NamedFunction
from pes.potential.neural import NeuralSurface

__all__ = ["SURFACES", "Functions", "references", "surface_from", "surface_settings"]

Functions = Mapping[str, Callable[[Tensor], Tensor]]

SURFACES = {
    "corrected": CorrectedSurface,
    "ensemble": Ensemble,
    "function": NamedFunction,
    "linear": LinearSurface,
    "neural": NeuralSurface,
    **ANALYTIC,
}
"""Every surface that a file can hold."""


def surface_settings(surface: nn.Module) -> dict[str, Any]:
    """What `surface_from` needs to build a surface of this kind, numbers apart.

    Raises:
        ValueError: for a surface or a baseline that is not one of `SURFACES`.
    """
    kind = next((name for name, cls in SURFACES.items() if type(surface) is cls), None)
    if kind is None:
        raise ValueError(
            f"a {type(surface).__name__} cannot be stored; "
            f"surfaces of these kinds can: {', '.join(sorted(SURFACES))}"
        )
    if isinstance(surface, Ensemble):
        return {"kind": kind, "members": [surface_settings(m) for m in surface.members]}
    if isinstance(surface, CorrectedSurface):
        parts = {"base": surface.base, "correction": surface.correction}
        return {"kind": kind, **{name: surface_settings(part) for name, part in parts.items()}}
    if isinstance(surface, NeuralSurface | LinearSurface):
        baseline = surface.baseline
        stored = None if baseline is None else surface_settings(baseline)
        return {"kind": kind, **surface.settings, "baseline": stored}
    if isinstance(surface, NamedFunction):
        return {
            "kind": kind,
            "reference": surface.reference,
            "differentiable": surface.differentiable,
        }
    return {"kind": kind}


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
        settings: from `surface_settings`.
        functions: by its reference, each function that the surface is built on.

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
        return Ensemble([surface_from(member, known) for member in settings["members"]])
    if kind == "corrected":
        base, correction = (surface_from(settings[k], known) for k in ("base", "correction"))
        return CorrectedSurface(base, correction)
    if kind == "function":
        name = settings["reference"]
        return NamedFunction(name, known[name], differentiable=settings["differentiable"])
    if kind in ("linear", "neural"):
        under = settings.get("baseline")
        baseline = None if under is None else surface_from(under, known)
        return SURFACES[kind].from_settings(settings, baseline)
    return ANALYTIC[kind]()

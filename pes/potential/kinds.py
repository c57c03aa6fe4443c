"""From a surface to plain settings and back, so that a file needs no code inside."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from pes.potential.analytic import ANALYTIC
from pes.potential.corrected import CorrectedSurface
from pes.potential.ensemble import Ensemble
from pes.potential.linear import LinearSurface
from pes.potential.neural import NeuralSurface

__all__ = ["SURFACES", "surface_from", "surface_settings"]

SURFACES = {
    "corrected": CorrectedSurface,
    "ensemble": Ensemble,
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
    if isinstance(surface, NeuralSurface):
        baseline = surface.baseline
        stored = None if baseline is None else surface_settings(baseline)
        return {"kind": kind, **surface.settings, "baseline": stored}
    if isinstance(surface, LinearSurface):
        return {"kind": kind, **surface.settings}
    return {"kind": kind}


def surface_from(settings: Mapping[str, Any]) -> nn.Module:
    """A surface with these settings, its parameters still to be filled in.

    Raises:
        ValueError: for an unknown kind.

    Example:
        >>> type(surface_from({"kind": "water_pjt1996"})).__name__
        'WaterPJT'
    """
    kind = settings.get("kind")
    if kind not in SURFACES:
        raise ValueError(f"surface kind must be one of {sorted(SURFACES)}, got {kind!r}")
    if kind == "ensemble":
        return Ensemble([surface_from(member) for member in settings["members"]])
    if kind == "corrected":
        return CorrectedSurface(
            surface_from(settings["base"]), surface_from(settings["correction"])
        )
    if kind == "neural":
        baseline = settings["baseline"]
        return NeuralSurface.from_settings(
            settings, None if baseline is None else surface_from(baseline)
        )
    if kind == "linear":
        return LinearSurface.from_settings(settings)
    return ANALYTIC[kind]()

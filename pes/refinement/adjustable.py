"""Surfaces that a refinement may adjust: polynomials added to one, or its own weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import LinearSurface, Surface, SurfaceRecord
from pes.potential.corrected import CorrectedSurface
from pes.refinement.comparison import Isotopologue
from pes.refinement.observed import LevelSettings, ObservedLevels, isotopologue
from pes.setup.inputs.named_surface import storable
from pes.units import ANGSTROM

__all__ = ["Adjust", "AdjustableSurface", "Polynomial", "adjustable_surfaces"]

DEGREES = (1, 2, 3, 4, 5)
"""Degrees of the polynomial that are tried."""


@dataclass(frozen=True)
class Polynomial:
    """A polynomial of invariants added to the surface: few coefficients, smooth by nature.

    Attributes:
        degree: highest total degree; `auto` takes the one of 1 to 5 by which each fitted level
            is best predicted from the others.
        variable: `morse`, exp(−r/a), or `inverse`, 1/r, of each distance r.
        length: a, Å.
    """

    degree: int | Literal["auto"] = "auto"
    variable: str = "morse"
    length: float = 1.0


Adjust = Polynomial | Literal["weights"]
"""A polynomial that is added, or every weight of the surface itself."""


@dataclass(frozen=True, eq=False)
class AdjustableSurface:
    """A way to adjust the surface.

    Attributes:
        name: name for tables.
        surface: what is refined.
        parameters: what of it may change.
        isotopologues: isotopologues on this surface.
    """

    name: str
    surface: nn.Module
    parameters: list[nn.Parameter]
    isotopologues: list[Isotopologue]


def adjustable_surfaces(
    surface: Surface,
    record: SurfaceRecord,
    observed: Sequence[tuple[tuple[str, ...], ObservedLevels]],
    adjust: Adjust,
    settings: LevelSettings,
    geometry: Tensor,
) -> list[AdjustableSurface]:
    """One for each degree of the polynomial, or one with all weights of the surface.

    Args:
        surface: surface that is refined.
        record: its points, near which ranges end.
        observed: isotopes and levels of each molecule.
        adjust: what of the surface may change.
        settings: settings of the calculation of levels.
        geometry: any geometry of the molecule, (1, N, 3) in bohr, where it is to be computed.

    Raises:
        ValueError: if no level is to be fitted, the surface has no weights to adjust, or a file
            does not suit the surface.
    """
    trials = []
    for name, module, parameters in _adjustable(surface, adjust, geometry):
        adjusted = Surface(module.to(geometry.device), surface.symbols, record)
        beside = [
            isotopologue(m, levels, adjusted, settings, geometry.device) for m, levels in observed
        ]
        trials.append(AdjustableSurface(name, module, parameters, beside))
    if not any(bool(one.fitted.any()) for one in trials[0].isotopologues):
        raise ValueError("`isotopologues`: every level is held out; nothing is left to fit")
    return trials


def _adjustable(
    surface: Surface, adjust: Adjust, geometry: Tensor
) -> list[tuple[str, nn.Module, list[nn.Parameter]]]:
    """Name, surface to refine and what of it may change, for each way to adjust it."""
    if surface.symbols is None:
        raise ValueError("`surface`: it does not say what atoms it is for; use a surface file")
    if adjust == "weights":
        parameters = [p for p in surface.parameters() if p.requires_grad]
        if not parameters:
            raise ValueError("`adjust: weights`: the surface has none; use kind: polynomial")
        return [("weights", surface.potential, parameters)]
    module = storable(surface, geometry, "surface")
    degrees = DEGREES if adjust.degree == "auto" else (adjust.degree,)
    elements = Molecule(surface.symbols).elements
    return [_corrected(module, elements, degree, adjust) for degree in degrees]


def _corrected(
    module: nn.Module, elements: Sequence[str], degree: int, polynomial: Polynomial
) -> tuple[str, nn.Module, list[nn.Parameter]]:
    correction = LinearSurface(
        Invariants(
            elements, degree, length=polynomial.length * ANGSTROM, variable=polynomial.variable
        )
    )
    parameters = list(correction.parameters())
    return f"polynomial of degree {degree}", CorrectedSurface(module, correction), parameters

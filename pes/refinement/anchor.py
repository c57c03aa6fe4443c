"""Ab initio points that a refined surface stays near."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pes.data import Dataset
from pes.molecule import Molecule
from pes.potential import Surface
from pes.training.weights import ratio
from pes.units import CM1

__all__ = ["Anchor", "anchor_points", "check_zero"]

SHIFTED = 100 * CM1
"""Mean distance of points from a surface from which the two may count from different zeros,
hartree."""

ALIKE = 5
"""Mean distance over the scatter about it where they do."""


@dataclass(frozen=True)
class Anchor:
    """Ab initio points the surface must stay near.

    Attributes:
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        weights: w (B,), mean one.
    """

    positions: Tensor
    energies: Tensor
    weights: Tensor


def anchor_points(
    dataset: Dataset, surface: Surface, energy: float, device: torch.device, *, name: str
) -> Anchor:
    """Points with weights [Δ/(Δ + E)]², E being their height above the lowest.

    Args:
        dataset: labelled points.
        surface: surface that is refined.
        energy: Δ, cm⁻¹.
        device: where the surface is.
        name: name of the points, for messages.

    Raises:
        ValueError: if they are of other atoms than the surface.
    """
    known = surface.symbols or dataset.symbols
    required, given = (Molecule(s).elements for s in (known, dataset.symbols))
    if required != given:
        raise ValueError(
            f"{name}: the atoms are {' '.join(given)}, those of the surface "
            f"{' '.join(required)}; order and elements must agree"
        )
    weights = ratio(dataset.energies - dataset.energies.min(), offset=energy * CM1)
    weights = weights**2 / (weights**2).mean()
    return Anchor(*(t.to(device) for t in (dataset.positions, dataset.energies, weights)))


def check_zero(surface: Surface, anchor: Anchor, *, name: str) -> None:
    """Refuse points whose energies count from another zero than those of the surface.

    A polynomial would have to make up for the shift, and no calculated level would be near an
    observed one.

    Args:
        surface: surface that is refined.
        anchor: points.
        name: name of the points, for messages.

    Raises:
        ValueError: with the shift.
    """
    with torch.no_grad():
        apart = anchor.energies - surface.potential(anchor.positions)
    shift = float((anchor.weights * apart).mean())
    scatter = float((anchor.weights * (apart - shift) ** 2).mean().sqrt())
    if abs(shift) > max(SHIFTED, ALIKE * scatter):
        size, higher = f"{abs(shift):.6f} hartree", shift > 0
        raise ValueError(
            f"{name}: the points lie {size} {'above' if higher else 'below'} the surface, with a "
            f"scatter of {scatter / CM1:.3g} cm-1 about that: their energies count from another "
            f"zero; {f'add {size} to' if higher else f'subtract {size} from'} the energies of the "
            "surface"
        )

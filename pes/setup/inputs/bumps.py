"""Gaussian terms of one coordinate that a user adds to a surface."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.kinds import KINDS
from pes.vibration.system.perturbation import gaussian

__all__ = ["Bump", "shapes_of"]


@dataclass(frozen=True)
class Bump:
    """κ exp(−(q − centre)²/(2 width²)) of one coordinate, added to the surface.

    Attributes:
        coordinate: its name.
        centre: Å or degrees.
        width: Å or degrees.
        strength: κ, cm⁻¹.
    """

    coordinate: str
    centre: float
    width: float
    strength: float = 0.0


def shapes_of(bumps: Mapping[str, Bump], internal: Internal) -> list[Callable[[Tensor], Tensor]]:
    """Functions of q that terms add to V for κ = 1, in the order of their names.

    Raises:
        ValueError: for a coordinate that is not there.
    """
    shapes = []
    for name, bump in bumps.items():
        if bump.coordinate not in internal.names:
            raise ValueError(
                f"`sensitivities.perturbations.{name}.coordinate` must be one of "
                f"{', '.join(internal.names)}, got {bump.coordinate!r}"
            )
        k = internal.names.index(bump.coordinate)
        size = KINDS[internal.kinds[k]].size
        shapes.append(gaussian(k, bump.centre * size, bump.width * size))
    return shapes

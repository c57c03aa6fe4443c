"""Wells of three atoms in which like atoms have changed places, and whether levels reach them.

A surface of all arrangements has the well of H–O–O' twice, the second time with H at the other O.
Coordinates of three atoms hold both. Far below the pass between them, functions that cover both
give every level twice, and half as many levels.
"""

from typing import cast

import numpy as np
from scipy.ndimage import label
from torch import Tensor

from pes.setup.automatic.request import Target
from pes.units import CM1
from pes.vibration.system.region import Region, low_region

__all__ = ["surveyed_energy"]

PASSED = 1.3
"""Energy in that of the highest level above which a pass keeps wells apart."""

BELOW = 0.95
"""Energy of a region that ends before a pass, in that of the pass on a coarse grid."""

HALVINGS = 12
"""Steps in which the energy of a pass is found: to a part in a thousand."""


def surveyed_energy(target: Target, top: float, most: float) -> tuple[float, list[str]]:
    """Energy of the region where ranges are looked for: it ends before equivalent wells.

    Args:
        target: molecule, coordinates and levels.
        top: energy of the highest level above the minimum, hartree.
        most: energy of the region where there are no such wells, likewise.

    Returns:
        The energy, and what is to be said of such wells.
    """
    if target.images is None or not len(target.images) or target.ranges is not None:
        return most, []
    energy, words = most, []
    while True:
        region = low_region(target.system, target.wells, energy, target.limits)
        passes = [_pass(region, target.wells[0], q) for q in target.images if _is_inside(region, q)]
        if not passes:
            return energy, words
        height = f"{min(passes) / CM1:.0f} cm-1 above the minimum"
        if min(passes) < PASSED * top:
            return most, [
                "levels can pass to an equivalent well, in which like atoms have changed places, "
                f"at about {height}: each level is there once for each well, in pairs that "
                "tunnelling splits"
            ]
        energy = BELOW * min(passes)
        words = [
            "levels are those of one well; the pass to the equivalent one, in which like atoms "
            f"have changed places, lies at about {height}"
        ]


def _place(region: Region, q: Tensor) -> tuple[int, ...] | None:
    """Grid point next to a geometry (Q,); None beyond the grid."""
    for axis, x in zip(region.axes, q.tolist(), strict=True):
        if not float(axis[0]) <= x <= float(axis[-1]):
            return None
    return tuple(int((axis - x).abs().argmin()) for axis, x in zip(region.axes, q, strict=True))


def _is_inside(region: Region, q: Tensor) -> bool:
    place = _place(region, q)
    return place is not None and bool(region.inside[place])


def _pass(region: Region, well: Tensor, image: Tensor) -> float:
    """Least energy at which two points of the grid are connected, hartree."""
    one, other = _place(region, well), _place(region, image)
    low, high = 0.0, region.energy
    if one is None or other is None:
        return high
    energies = region.energies.numpy()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        parts, _ = cast("tuple[np.ndarray, int]", label(energies < middle))
        joined = parts[one] > 0 and parts[one] == parts[other]
        low, high = (low, middle) if joined else (middle, high)
    return high

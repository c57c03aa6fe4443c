"""Triatomics whose levels reach linear geometries.

There the least moment of inertia vanishes, ½ G_zz K² diverges, and functions with K = 0, which do
not vanish, have no finite integrals with it: a quadrature gives one all the same, too small by more
the fewer its points. States of each K of their own (`pes.rovibration.axial`) vanish there.
"""

from functools import partial
from math import pi

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.geometry import nearest_rotation
from pes.rovibration.fields import CHUNK
from pes.rovibration.reference import (
    FlexibleReference,
    centred_positions,
    flexible_reference,
    masses_of,
)
from pes.units import CM1
from pes.vibration.basis.associated import STRAIGHT
from pes.vibration.levels.result import Levels

__all__ = ["NEAR_LINE", "near_line_energies", "straight_end", "straight_reference"]

NEAR_LINE = 0.01 * CM1
"""Hartree: rotational energy from nearly linear geometries from which a level reaches these."""

NEARLY_LINEAR = 20.0
"""Rotational energy at a point from which it is nearly linear, in that of the mean moments of
inertia of the ground state."""

LEAST = 1e-6
"""Moment of inertia (atomic units) below which one is rounding."""


def straight_end(levels: Levels) -> tuple[int, float] | None:
    """Number of the angle and its value at linearity; None for others than such triatomics."""
    angles = [k for k, spec in enumerate(levels.bases) if spec.basis == "legendre"]
    product = levels.hamiltonian.basis.grid_shape is not None
    if levels.system.positions is None or len(levels.bases) != 3 or len(angles) != 1 or not product:
        return None
    spec = levels.bases[angles[0]]
    ends = [end for end, low in ((pi, spec.high - pi), (0.0, spec.low)) if abs(low) < STRAIGHT]
    density, q = next(levels.each_density()), levels.points[:, angles[0]]
    return min(
        ((angles[0], end) for end in ends), key=lambda k: float(density @ (q - k[1]).abs()),
        default=None,
    )  # fmt: skip


def near_line_energies(levels: Levels) -> Tensor:
    """Rotational energy of each level with J = 1 from nearly linear geometries, (S,) in hartree.

    That of a point is ½ (1/I_a + 1/I_b + 1/I_c); the integrals over it diverge at linearity. Levels
    above `NEAR_LINE` reach linear geometries.
    """
    moments = in_chunks(partial(_moments, levels), levels.points, CHUNK)
    energies = (1 / (2 * moments)).sum(1)
    usual = float((1 / (2 * (next(levels.each_density()) @ moments))).sum())
    near = torch.where(energies > NEARLY_LINEAR * usual, energies, 0.0)
    return torch.stack([density @ near for density in levels.each_density()])


def _moments(levels: Levels, q: Tensor) -> Tensor:
    """Moments of inertia of points (P, Q), (P, 3)."""
    x, masses = centred_positions(levels.system, q), masses_of(levels.system)
    second = torch.linalg.eigvalsh(x.mT @ (masses[:, None] * x))
    return (second.sum(1, keepdim=True) - second).clamp(min=LEAST)


def straight_reference(levels: Levels) -> FlexibleReference:
    """A reference that follows the bend of a triatomic and lies on the z axis where it is straight.

    References:
        J. T. Hougen, P. R. Bunker, J. W. C. Johns, J. Mol. Spectrosc. 34, 136 (1970),
        doi:10.1016/0022-2852(70)90080-9
    """
    end = straight_end(levels)
    assert end is not None
    path = flexible_reference(levels, end[0])
    q = levels.minimum[None].clone()
    q[:, end[0]] = end[1]
    line = path.at(q)[0][0]
    along = line[line.norm(dim=1).argmax()]
    z = torch.tensor([0.0, 0.0, 1.0]).to(along)
    along = along * (along @ z).sign()
    return path.turned(nearest_rotation(z[:, None] * along + _normal(z, along)).T)


def _normal(one: Tensor, other: Tensor) -> Tensor:
    """n nᵀ of the normal of two vectors' plane, or of the xz plane where they are one, (3, 3)."""
    n = torch.linalg.cross(one, other)
    if float(n.norm()) < STRAIGHT * float(other.norm()):
        n = torch.tensor([0.0, 1.0, 0.0]).to(one)
    n = n / n.norm() * float(other.norm())
    return n[:, None] * n

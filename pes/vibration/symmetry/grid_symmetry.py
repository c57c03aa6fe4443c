"""V and G on the grid, computed at one of the points that symmetries carry into one another."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.symmetry.action import NotInvariantError, images
from pes.vibration.symmetry.operation import Operation
from pes.vibration.system.system import System, potential_in_chunks

__all__ = [
    "G_SAME",
    "Orbits",
    "detached_kinetic",
    "energies_differ",
    "kinetic_on_grid",
    "orbits",
    "potential_on_grid",
]

G_SAME = 1e-7
"""Relative to √(G_kk G_ll), and of s_k to its own size: rounding near linearity, where both are
large, stays below. The kinetic energy, at most some 0.05 hartree, changes by as little."""

V_SAME = 1e-9
"""Hartree by which energies of images may differ: no level moves by more."""

V_RELATIVE = 1e-8
"""The same for each hartree above the lowest energy: where V is high, sums of large terms round
more, and levels hardly go there. They move by at most so much of ⟨V⟩."""

ULPS = 16
"""Last places by which coordinates are moved, to and fro, to see how a surface rounds."""

ROUNDINGS = 20.0
"""Energies of images may differ by so many times what such moves change."""

SAMPLE = 256
"""Points at which what was carried over is compared with what is computed there."""


GRID_CHUNK = 2**16
"""Grid points whose G is moved at once."""


@dataclass(frozen=True)
class Orbits:
    """One point of each set of images, and where the others come from.

    Attributes:
        first: points that stand for their images, (R,).
        carried: for each operation the points reached by it and those they come from.
    """

    first: Tensor
    carried: tuple[tuple[Operation, Tensor, Tensor], ...]

    def fill(self, g_matrix: Tensor, slope: Tensor) -> None:
        """Write G (Q, Q, P) and a gradient (Q, P) at the images, from the first points.

        G_kl(Oq) = ε_k ε_l G_o(k)o(l)(q), and the k-th slope is ε_k times the o(k)-th.
        """
        for operation, targets, sources in self.carried:
            order = operation.order
            signs = [-1.0 if m else 1.0 for m in operation.mirrored]
            for k, (j, sign) in enumerate(zip(order, signs, strict=True)):
                slope[k, targets] = sign * slope[j, sources]
                for m, (n, other) in enumerate(zip(order, signs, strict=True)):
                    g_matrix[k, m, targets] = sign * other * g_matrix[j, n, sources]

    def sample(self) -> Tensor:
        """Some of the points reached by each operation."""
        generator = torch.Generator().manual_seed(7)
        parts = [
            targets[torch.randint(len(targets), (SAMPLE,), generator=generator)]
            for _, targets, _ in self.carried
        ]
        return torch.cat(parts) if parts else self.first[:0]


def orbits(basis: GridBasis, operations: Sequence[Operation]) -> Orbits:
    """Orbits of the grid; operations that move points off the grid are left out."""
    numbers = torch.arange(len(basis.signs))
    moved = []
    for operation in operations:
        try:
            moved.append((operation, images(basis, operation)(numbers)))
        except NotInvariantError:
            continue
    lowest = numbers.clone()
    for _, places in moved:
        lowest = torch.minimum(lowest, places)
    known = lowest == numbers
    first, carried = known.nonzero().flatten(), []
    for operation, places in moved:
        targets = (~known & (places == lowest)).nonzero().flatten()
        known[targets] = True
        if len(targets):
            carried.append((operation, targets, places[targets]))
    return Orbits(first, tuple(carried))


def _alike(g: Tensor, slope: Tensor, other: Tensor, other_slope: Tensor) -> bool:
    """Whether G (P, Q, Q) and ∂ ln √det g (P, Q) are the same but for rounding."""
    roots = g.diagonal(dim1=1, dim2=2).sqrt()
    scale = roots[:, :, None] * roots[:, None, :]
    close = (g - other).abs() <= G_SAME * scale
    return bool(close.all()) and bool(
        ((slope - other_slope).abs() <= G_SAME * (slope.abs() + 1)).all()
    )


def potential_on_grid(
    system: System, basis: GridBasis, points: Tensor, operations: Sequence[Operation]
) -> Tensor:
    """V (P,); a surface that lacks a symmetry of the molecule is evaluated at every point.

    Fits whose terms are far larger than their sum round by up to 1e-7 hartree where V is high, and
    not alike at all images: differences that rounding explains are no lack of symmetry.
    """
    known = orbits(basis, operations if system.masses is not None else ())
    if not known.carried:
        return potential_in_chunks(system, points)
    v = points.new_empty(len(points))
    v[known.first] = potential_in_chunks(system, points[known.first])
    for _, targets, sources in known.carried:
        v[targets] = v[sources]
    sample = known.sample()
    there = potential_in_chunks(system, points[sample])
    apart = energies_differ(there, v[sample], float(v.min()))
    if bool(apart.any()):
        known_to = ROUNDINGS * rounding(system, points[sample][apart])
        if bool(((there - v[sample])[apart].abs() > known_to).any()):
            return potential_in_chunks(system, points)
    return v


def rounding(system: System, q: Tensor) -> Tensor:
    """Largest difference (P,) of V, hartree, among points equal to q (P, Q) but for last places."""
    steps = torch.finfo(q.dtype).eps * torch.arange(-ULPS, ULPS + 1, dtype=q.dtype)
    moved = [q + step * q.abs().clamp_min(1.0) for step in steps.tolist()]
    values = torch.stack([potential_in_chunks(system, x) for x in moved])
    return values.amax(0) - values.amin(0)


def energies_differ(v: Tensor, image: Tensor, lowest: float) -> Tensor:
    """Whether energies (P,) of points and of their images differ by more than rounding."""
    return (v - image).abs() > V_SAME + V_RELATIVE * (v - lowest).abs()


def kinetic_on_grid(
    system: System,
    basis: GridBasis,
    points: Tensor,
    operations: Sequence[Operation],
) -> tuple[Tensor, Tensor]:
    """G, its memory along the grid, and s; portion by portion, for both are large."""
    modes = len(basis.bases)
    g_matrix, slope = (
        points.new_empty(modes, modes, len(points)),
        points.new_empty(modes, len(points)),
    )
    # What leaves a molecule as it is leaves its kinetic energy: so much less to compute.
    known = orbits(basis, operations if system.masses is not None else ())
    for at in known.first.split(GRID_CHUNK):
        g, here = detached_kinetic(system, points[at])
        g_matrix[..., at], slope[:, at] = g.permute(1, 2, 0), here.T
    known.fill(g_matrix, slope)
    if known.carried:
        sample = known.sample()
        g, here = detached_kinetic(system, points[sample])
        if not _alike(g, here, g_matrix[..., sample].permute(2, 0, 1), slope[:, sample].T):
            return kinetic_on_grid(system, basis, points, ())
    s = slope.mul_(-0.5)
    uneven = any(bool(b.log_density_slope.any()) for b in basis.bases)
    if uneven:
        s += basis.density_slope.T / 2
    return g_matrix.permute(2, 0, 1), s.T


def detached_kinetic(system: System, q: Tensor) -> tuple[Tensor, Tensor]:
    """G (P, Q, Q) and ∂ ln √det g (P, Q) without a graph."""
    with torch.no_grad():
        g_matrix, slope = system.kinetic(q)
    # A view of a parameter asks for gradients even here.
    return g_matrix.detach(), slope.detach()

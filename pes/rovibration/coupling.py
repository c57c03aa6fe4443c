"""Integrals over vibrational states that couple them to the rotation of the body.

H = H_vib + ½ Σ_αβ G_αβ J_α J_β + ½ Σ_kα (p̃_k† G_kα + G_kα p̃_k) J_α,  p̃_k = −i D̃_k
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from pes.chunks import in_chunks, tuple_in_chunks
from pes.rovibration.frames import in_frame, is_near_jump
from pes.rovibration.group import Multiplets
from pes.rovibration.progress import PartDone, silent
from pes.rovibration.reference import (
    BodyReference,
    FlexibleReference,
    centred_positions,
    masses_of,
)
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels
from pes.vibration.system.kinetic import metric_tensor, tangents
from pes.vibration.system.system import System

__all__ = [
    "PAIRS",
    "Coupling",
    "RotationalFields",
    "coupling",
    "frame_positions",
    "integrals",
    "rotated",
    "rotational_fields",
    "rotational_metric",
]

CHUNK = 4096
"""Grid points worked on at once."""

MOST_NUMBERS = 10_000_000
"""Numbers held at once for ψ, its slopes and what is made of them."""

NEARLY_LINEAR = 20.0
"""Rotational energy at a point, in that of the ground state, from which it is nearly linear."""

PAIRS = tuple(combinations_with_replacement(range(3), 2))
"""Axes α ≤ β of G_αβ."""


@dataclass(frozen=True)
class Coupling:
    """Vibrational states and what couples them to rotation.

    Attributes:
        energies: of the J = 0 states, (n,) in hartree.
        rotation: ⟨a|G_αβ|b⟩, (3, 3, n, n) in hartree; symmetric.
        coriolis: A^α_ab = ½ Σ_k (⟨D̃_k a|G_kα|b⟩ − ⟨a|G_kα|D̃_k b⟩), (3, n, n) in hartree; real and
            antisymmetric in a and b.
        near_jumps: probability of each state near places where the axes jump, (n,); these places
            are left out of the integrals.
        near_lines: rotational energy of each state with J = 1 from places where the molecule is
            nearly linear, (n,) in hartree: there G diverges, and the integrals with it.
        missing: coupling of the lowest states to all that is not among the states, see
            `pes.rovibration.truncation`; None without.
        axial: of a linear molecule: K of each state, (n,); G_zz is in the energies then.
        multiplets: what the elements of a group with degenerate species make of the states.
    """

    energies: Tensor
    rotation: Tensor
    coriolis: Tensor
    near_jumps: Tensor
    near_lines: Tensor
    missing: Tensor | None = None
    axial: Tensor | None = None
    multiplets: Multiplets | None = None

    def first(self, count: int) -> "Coupling":
        """The same among the lowest states, which are whole sets of a group."""
        own = None if self.multiplets is None else self.multiplets.first(count)
        return replace(self.only(slice(count)), multiplets=own)

    def only(self, states: Tensor | slice) -> "Coupling":
        """The same among some of the states, by their numbers, ascending; nothing is missing."""
        return Coupling(
            self.energies[states], self.rotation[..., states, :][..., states],
            self.coriolis[..., states, :][..., states], self.near_jumps[states],
            self.near_lines[states], axial=None if self.axial is None else self.axial[states],
        )  # fmt: skip


@dataclass(frozen=True)
class RotationalFields:
    """The part of the inverse metric that rotation brings, on the grid of a calculation.

    Attributes:
        inner: G_αβ, (P, 3, 3).
        mixed: G_kα, (P, Q, 3).
        near_jump: whether the axes jump near a point, (P,); both are zero there.
    """

    inner: Tensor
    mixed: Tensor
    near_jump: Tensor


def rotational_fields(
    system: System, q: Tensor, frame: str, reference: BodyReference
) -> RotationalFields:
    """G_αβ and G_kα on a grid.

    Args:
        system: a molecule.
        q: points (P, Q).
        frame: see `pes.rovibration.frames`.
        reference: geometry that the frame refers to, see `pes.rovibration.reference`.
    """
    masses = masses_of(system)

    def jumps(part: Tensor) -> Tensor:
        if isinstance(reference, FlexibleReference):
            return reference.near_jump(part)
        return is_near_jump(centred_positions(system, part), reference, masses, frame)

    near = in_chunks(jumps, q, CHUNK)
    inner, mixed = q.new_zeros(len(q), 3, 3), q.new_zeros(*q.shape, 3)
    inner[~near], mixed[~near] = rotational_metric(system, q[~near], reference, masses, frame)
    return RotationalFields(inner, mixed, near)


def coupling(
    levels: Sequence[Levels], fields: RotationalFields, report: PartDone = silent
) -> Coupling:
    """Integrals over the states of a calculation.

    Args:
        levels: of a molecule, J = 0; of a linear one those of K = 0, 1, …, on one grid.
        fields: on the grid.
        report: called with the part that is done.
    """
    energies = torch.cat([one.energies for one in levels])
    n, axial = len(energies), _axial(levels)
    operators = energies.new_zeros(len(PAIRS) + 3, n, n)
    jumps, lines = energies.new_zeros(2, n)
    spin = fields.inner.diagonal(dim1=1, dim2=2).sum(1) / 2
    far = torch.zeros_like(fields.near_jump)
    for here, h, vectors in _portions(levels, len(PAIRS) + 3):
        report(here[0] / n)
        # Rotation changes K by two at most.
        near = [k for k in range(len(levels)) if abs(k - int(axial[here[0]])) <= 2]
        rows = torch.isin(axial, torch.tensor(near)).nonzero()
        psi, images = rotated(h, vectors, fields, [levels[k].hamiltonian.basis for k in near])
        density = h.basis.signs * psi.square()
        far = spin > NEARLY_LINEAR * (density[0] @ spin) if int(here[0]) == 0 else far
        jumps[here] = density[:, fields.near_jump].sum(1)
        lines[here] = density[:, far] @ spin[far]
        blocks = [
            levels[k].eigenpairs.coefficients @ image.mT
            for k, image in zip(near, images, strict=True)
        ]
        operators[:, rows, here] = torch.cat(blocks, 1)
    rotation = energies.new_zeros(3, 3, n, n)
    for (j, k), one in zip(PAIRS, operators, strict=False):
        rotation[j, k] = rotation[k, j] = (one + one.T) / 2
    coriolis = operators[len(PAIRS) :]
    coriolis = (coriolis - coriolis.mT) / 2
    if len(levels) == 1:
        return Coupling(energies, rotation, coriolis, jumps, lines)
    rotation[2, 2] = 0.0
    return Coupling(energies, rotation, coriolis, jumps, lines, axial=axial)


def _axial(levels: Sequence[Levels]) -> Tensor:
    """Number of the calculation that each state comes from: K of a linear molecule."""
    return torch.cat([torch.full((len(one.energies),), k) for k, one in enumerate(levels)])


def _portions(
    levels: Sequence[Levels], fields: int
) -> Iterator[tuple[Tensor, Hamiltonian, Tensor]]:
    """Numbers of some states (S,), their Hamiltonian and coefficients (S, N).

    Args:
        levels: calculations one after the other.
        fields: numbers that are held at each point for a state, beside ψ and its slopes.
    """
    start = 0
    for one in levels:
        h, vectors = one.hamiltonian, one.eigenpairs.coefficients
        each = len(h.potential) * (2 * h.modes + 2 + fields)
        for part in torch.arange(len(vectors)).split(max(1, MOST_NUMBERS // each)):
            yield start + part, h, vectors[part]
        start += len(vectors)


def rotated(
    h: Hamiltonian, vectors: Tensor, fields: RotationalFields, bras: Sequence[GridBasis]
) -> tuple[Tensor, list[Tensor]]:
    """ψ of some states on the grid, and the nine operators of rotation applied to them.

    Args:
        h: of the states.
        vectors: their coefficients, (S, N).
        fields: of rotation on the grid.
        bras: functions on that grid.

    Returns:
        ψ times √weight, (S, P); of each basis ⟨i|G_αβ|ψ⟩ for `PAIRS`, then ⟨i|A^α|ψ⟩, (9, S, N).
    """
    psi, slopes = h.basis.on_grid_with_slopes(vectors)
    for k, slope in enumerate(slopes):
        slope += h.s[:, k] * psi
    images: list[list[Tensor]] = [[] for _ in bras]
    for j, k in PAIRS:
        value = fields.inner[:, j, k] * psi
        for rows, basis in zip(images, bras, strict=True):
            rows.append(basis.from_grid(value))
    for axis in range(3):
        mixed = fields.mixed[:, :, axis].T[:, None] / 2
        value = -(mixed * slopes).sum(0) + (h.s.T[:, None] * mixed).sum(0) * psi
        flux = mixed * psi
        for rows, basis in zip(images, bras, strict=True):
            rows.append(basis.from_grid(value, flux))
    return psi, [torch.stack(rows) for rows in images]


def integrals(
    levels: Sequence[Levels], function: Callable[[Tensor], Tensor], report: PartDone = silent
) -> Tensor:
    """⟨a|f_k|b⟩ (K, n, n) of a function of coordinates (P, Q) with values (P, K)."""
    points, n = levels[0].hamiltonian.basis.points, sum(len(one.energies) for one in levels)
    values = in_chunks(function, points, CHUNK).T.contiguous()
    total = values.new_zeros(len(values), n, n)
    for here, h, vectors in _portions(levels, 0):
        report(int(here[0]) / n)
        psi = h.basis.on_grid(vectors)
        for k, value in enumerate(values):
            images = [one.hamiltonian.basis.from_grid(value * psi) for one in levels]
            blocks = [
                one.eigenpairs.coefficients @ image.T
                for one, image in zip(levels, images, strict=True)
            ]
            total[k][:, here] = torch.cat(blocks)
    return (total + total.mT) / 2


def rotational_metric(
    system: System, q: Tensor, reference: BodyReference, masses: Tensor, frame: str
) -> tuple[Tensor, Tensor]:
    """G_αβ (P, 3, 3) and G_kα (P, Q, 3) of the inverse metric at points (P, Q), in a frame."""
    positions = system.positions
    assert positions is not None

    def part(q: Tensor) -> tuple[Tensor, Tensor]:
        x, dx = tangents(lambda q, _: positions(q), q, masses)
        x, dx = _turned(x, dx, q, reference, masses, frame)
        inverse = torch.linalg.inv(metric_tensor(x, dx, masses)[1])
        modes = q.shape[1]
        return inverse[:, modes:, modes:], inverse[:, :modes, modes:]

    return tuple_in_chunks(part, q, CHUNK)


def frame_positions(system: System, q: Tensor, reference: BodyReference, frame: str) -> Tensor:
    """Positions (P, N, 3) at points (P, Q) along the axes of a frame, centred on their mass."""
    x = centred_positions(system, q)
    still = x.new_zeros(len(x), q.shape[1], *x.shape[1:])
    return _turned(x, still, q, reference, masses_of(system), frame)[0]


def _turned(
    x: Tensor, dx: Tensor, q: Tensor, reference: BodyReference, masses: Tensor, frame: str
) -> tuple[Tensor, Tensor]:
    """Positions and their derivatives in the axes of a frame; see `in_frame`."""
    if not isinstance(reference, FlexibleReference):
        return in_frame(x, dx, reference, masses, frame)
    geometry, slope = reference.at(q)
    drift = torch.zeros_like(dx)
    drift[:, reference.coordinate] = slope
    return in_frame(x, dx, geometry, masses, frame, drift)

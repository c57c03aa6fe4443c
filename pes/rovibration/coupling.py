"""Integrals over vibrational states that couple them to the rotation of the body.

H = H_vib + ½ Σ_αβ G_αβ J_α J_β + ½ Σ_kα (p̃_k† G_kα + G_kα p̃_k) J_α,  p̃_k = −i D̃_k
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.chunks import in_chunks, tuple_in_chunks
from pes.rovibration.frames import in_frame, is_near_jump
from pes.rovibration.group import Multiplets
from pes.rovibration.reference import (
    BodyReference,
    FlexibleReference,
    centred_positions,
    masses_of,
)
from pes.vibration.analysis.quadratic_form import Waves, waves
from pes.vibration.levels.result import Levels
from pes.vibration.system.kinetic import metric_tensor, tangents
from pes.vibration.system.system import System

__all__ = [
    "Coupling",
    "RotationalFields",
    "coupling",
    "frame_positions",
    "integrals",
    "joint_waves",
    "rotational_fields",
    "rotational_metric",
]

CHUNK = 4096
"""Grid points worked on at once."""


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
        missing: coupling of the lowest states to all that is not among the states, see
            `pes.rovibration.truncation`; None without.
        axial: of a linear molecule: K of each state, (n,); G_zz is in the energies then.
        multiplets: what the elements of a group with degenerate species make of the states.
    """

    energies: Tensor
    rotation: Tensor
    coriolis: Tensor
    near_jumps: Tensor
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
            axial=None if self.axial is None else self.axial[states],
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


def coupling(levels: Sequence[Levels], fields: RotationalFields) -> Coupling:
    """Integrals over the states of a calculation.

    Args:
        levels: of a molecule, J = 0; of a linear one those of K = 0, 1, …, on one grid.
        fields: on the grid.
    """
    energies, start = torch.cat([one.energies for one in levels]), 0
    n = len(energies)
    rotation, coriolis = energies.new_zeros(3, 3, n, n), energies.new_zeros(3, n, n)
    jumps = energies.new_zeros(n)
    for wave in joint_waves(levels):
        here = slice(start, start := start + len(wave.points))
        inner, mixed, near = fields.inner[here], fields.mixed[here], fields.near_jump[here]
        jumps += (wave.signs * wave.psi.square())[:, near].sum(1)
        signed = wave.signs * wave.psi
        for a in range(3):
            for b in range(a + 1):
                rotation[a, b] += (signed * inner[:, a, b]) @ wave.psi.T
            slope = torch.einsum("spk,pk->sp", wave.slopes, mixed[:, :, a])
            coriolis[a] += slope @ signed.T / 2
    lower = torch.tril(torch.ones(3, 3).to(rotation), -1)[..., None, None]
    rotation = rotation + (rotation * lower).transpose(0, 1)
    if len(levels) == 1:
        return Coupling(energies, rotation, coriolis - coriolis.mT, jumps)
    rotation[2, 2] = 0.0
    counts = torch.tensor([len(one.energies) for one in levels])
    axial = torch.arange(len(levels)).repeat_interleave(counts)
    return Coupling(energies, rotation, coriolis - coriolis.mT, jumps, axial=axial)


def integrals(levels: Sequence[Levels], function: Callable[[Tensor], Tensor]) -> Tensor:
    """⟨a|f_k|b⟩ (K, n, n) of a function of coordinates (P, Q) with values (P, K)."""
    count, total = sum(len(one.energies) for one in levels), None
    for wave in joint_waves(levels):
        values = function(wave.points)
        if total is None:
            total = values.new_zeros(values.shape[1], count, count)
        # Weights of sparse grids have either sign.
        signed = wave.signs * wave.psi
        for one, column in zip(total, values.mT, strict=True):
            one += (signed * column) @ wave.psi.T
    assert total is not None
    return total


def joint_waves(levels: Sequence[Levels]) -> Iterator[Waves]:
    """Wavefunctions of all states of several calculations on one grid, part by part."""
    total = sum(len(one.energies) for one in levels)
    each = (
        waves(one, range(len(one.energies)), beside=total - len(one.energies)) for one in levels
    )
    for parts in zip(*each, strict=True):
        psi, slopes, flux = (
            torch.cat([getattr(part, name) for part in parts]) for name in ("psi", "slopes", "flux")
        )
        yield Waves(parts[0].points, psi, slopes, flux, parts[0].signs)


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

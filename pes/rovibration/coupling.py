"""Integrals over vibrational states that couple them to the rotation of the body.

H = H_vib + ½ Σ_αβ G_αβ J_α J_β + ½ Σ_kα (p̃_k† G_kα + G_kα p̃_k) J_α,  p̃_k = −i D̃_k
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.chunks import in_chunks, tuple_in_chunks
from pes.geometry import nearest_rotation
from pes.rovibration.frames import in_frame, is_near_jump
from pes.vibration.analysis.quadratic_form import Waves, waves
from pes.vibration.levels.result import Levels
from pes.vibration.system.kinetic import metric_tensor, tangents
from pes.vibration.system.system import System

__all__ = [
    "Coupling",
    "RotationalFields",
    "coupling",
    "frame_positions",
    "is_linear",
    "joint_waves",
    "mean_geometry",
    "reference_geometry",
    "rotational_fields",
    "rotational_metric",
]

LINEAR = 1e-3
"""Spread of the masses across the longest axis against that along it, up to which a molecule is
linear."""

STEPS, SAME = 30, 1e-6
"""Steps of the mean geometry at most, and the change in bohr that ends them."""

UNSEEN = 1e-10
"""Probability of a grid point below which it does not matter where the axes are."""

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
    """

    energies: Tensor
    rotation: Tensor
    coriolis: Tensor
    near_jumps: Tensor
    missing: Tensor | None = None
    axial: Tensor | None = None

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


def rotational_fields(system: System, q: Tensor, frame: str, reference: Tensor) -> RotationalFields:
    """G_αβ and G_kα on a grid.

    Args:
        system: a molecule.
        q: points (P, Q).
        frame: see `pes.rovibration.frames`.
        reference: geometry that the frame refers to, (N, 3), see `reference_geometry`.
    """
    masses = _masses(system)
    near = in_chunks(
        lambda part: is_near_jump(_centred(system, part), reference, masses, frame), q, CHUNK
    )
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
    system: System, q: Tensor, reference: Tensor, masses: Tensor, frame: str
) -> tuple[Tensor, Tensor]:
    """G_αβ (P, 3, 3) and G_kα (P, Q, 3) of the inverse metric at points (P, Q), in a frame."""
    positions = system.positions
    assert positions is not None

    def part(q: Tensor) -> tuple[Tensor, Tensor]:
        x, dx = tangents(lambda q, _: positions(q), q, masses)
        x, dx = in_frame(x, dx, reference, masses, frame)
        inverse = torch.linalg.inv(metric_tensor(x, dx, masses)[1])
        modes = q.shape[1]
        return inverse[:, modes:, modes:], inverse[:, :modes, modes:]

    return tuple_in_chunks(part, q, CHUNK)


def frame_positions(system: System, q: Tensor, reference: Tensor, frame: str) -> Tensor:
    """Positions (P, N, 3) at points (P, Q) along the axes of a frame, centred on their mass."""
    x = _centred(system, q)
    return in_frame(x, x.new_zeros(len(x), 0, *x.shape[1:]), reference, _masses(system), frame)[0]


def _centred(system: System, q: Tensor) -> Tensor:
    """Positions (P, N, 3) at points (P, Q), their centre of mass at the origin."""
    assert system.positions is not None
    masses = _masses(system)
    with torch.no_grad():
        x = system.positions(q)
        return x - (masses[:, None] * x).sum(-2, keepdim=True) / masses.sum()


def reference_geometry(levels: Levels) -> Tensor:
    """Mean geometry of the ground state along its principal axes, (N, 3) in bohr.

    A molecule that is linear at its minimum has that for a reference, on the z axis.

    Axis x is b, y is c and z is a. Where the ground state lies in one well this is near its
    minimum. Between several wells it is what they have in common: of the pyramids of ammonia the
    plane, of the twisted minima of hydrogen peroxide the trans form. Axes that refer to one of the
    wells would turn over in a place where another has its states.

    Raises:
        ValueError: for a model without atoms.
    """
    positions = levels.system.positions
    if positions is None:
        raise ValueError("a model Hamiltonian does not rotate")
    masses = _masses(levels.system)
    with torch.no_grad():
        x = positions(levels.minimum[None])[0]
    if is_linear(x, masses):
        line = _along_principal_axes(x, masses)
        return torch.stack((0 * line[:, 2], 0 * line[:, 2], line[:, 2]), -1)
    density = next(levels.each_density())
    here = (density.abs() > UNSEEN).nonzero().flatten()
    start = _along_principal_axes(x, masses)
    mean = mean_geometry(_centred(levels.system, levels.points[here]), density[here], masses, start)
    return _along_principal_axes(mean, masses)


def mean_geometry(x: Tensor, density: Tensor, masses: Tensor, start: Tensor) -> Tensor:
    """Mean of geometries that are turned so as to be nearest to it, (N, 3) in bohr.

    Args:
        x: positions (P, N, 3), centre of mass at the origin.
        density: w, (P,).
        masses: (N,) in electron masses.
        start: geometry to begin with, (N, 3), centred.
    """
    mean, weights = start, density / density.sum()
    for _ in range(STEPS):
        turn = nearest_rotation((masses[:, None] * mean).mT @ x).mT
        last, mean = mean, torch.einsum("p,pai->ai", weights, x @ turn)
        if float((mean - last).abs().max()) < SAME:
            break
    return mean


def _along_principal_axes(x: Tensor, masses: Tensor) -> Tensor:
    """Centred positions (N, 3) along their principal axes: x is b, y is c and z is a."""
    # The largest spread of masses lies along a, the least across the plane of a planar molecule.
    x, _, axes = _spread(x, masses)
    axes = axes[:, [1, 0, 2]]
    largest = axes.abs().argmax(0)
    axes = axes * axes[largest, range(3)].sign()
    axes[:, 1] = axes[:, 1] * torch.linalg.det(axes).sign()
    return x @ axes


def is_linear(x: Tensor, masses: Tensor) -> bool:
    """Whether all atoms (N, 3) lie on a line, or nearly so."""
    _, spread, _ = _spread(x, masses)
    return float(spread[0] + spread[1]) < LINEAR * float(spread[2])


def _spread(x: Tensor, masses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centred positions, eigenvalues (3,) and vectors of Σ_a m_a x_a x_aᵀ."""
    x = x - (masses[:, None] * x).sum(0) / masses.sum()
    return x, *torch.linalg.eigh(x.mT @ (masses[:, None] * x))


def _masses(system: System) -> Tensor:
    assert system.masses is not None
    return system.masses.detach()

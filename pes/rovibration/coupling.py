"""Integrals over vibrational states that couple them to the rotation of the body.

H = H_vib + ½ Σ_αβ G_αβ J_α J_β + ½ Σ_kα (p̃_k† G_kα + G_kα p̃_k) J_α,  p̃_k = −i D̃_k
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pes.chunks import tuple_in_chunks
from pes.rovibration.frames import in_frame, is_near_jump
from pes.vibration.analysis.quadratic_form import waves
from pes.vibration.levels.result import Levels
from pes.vibration.system.kinetic import metric_tensor, tangents
from pes.vibration.system.system import System

__all__ = [
    "Coupling",
    "coupling",
    "frame_positions",
    "is_linear",
    "reference_geometry",
    "rotational_metric",
]

LINEAR = 1e-3
"""Spread of the masses across the longest axis against that along it, up to which a molecule is
linear."""

JUMPS = 1e-4
"""Probability of a state near places where the axes of a frame jump, above which its integrals miss
what happens there."""

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
    """

    energies: Tensor
    rotation: Tensor
    coriolis: Tensor

    def first(self, count: int) -> "Coupling":
        """The same among the lowest states."""
        n = slice(count)
        return Coupling(self.energies[n], self.rotation[..., n, n], self.coriolis[..., n, n])


def coupling(levels: Levels, frame: str) -> Coupling:
    """Integrals over the states of a calculation.

    Args:
        levels: of a molecule, J = 0.
        frame: see `pes.rovibration.frames`.

    Raises:
        ValueError: for a model, a molecule that is linear at its minimum, or principal axes that
            change places where the states are.
    """
    system = levels.system
    reference, masses = reference_geometry(levels), _masses(system)
    energies = levels.energies
    count = len(energies)
    rotation, coriolis = energies.new_zeros(3, 3, count, count), energies.new_zeros(3, count, count)
    jumps = energies.new_zeros(count)
    for wave in waves(levels, range(count)):
        near = is_near_jump(_centred(system, wave.points), reference, masses, frame)
        jumps += (wave.signs * wave.psi.square())[:, near].sum(1)
        inner, mixed = rotational_metric(system, wave.points, reference, masses, frame)
        signed = wave.signs * wave.psi
        for a in range(3):
            for b in range(a + 1):
                rotation[a, b] += (signed * inner[:, a, b]) @ wave.psi.T
            slope = torch.einsum("spk,pk->sp", wave.slopes, mixed[:, :, a])
            coriolis[a] += slope @ signed.T / 2
    if float(jumps.max()) > JUMPS:
        raise ValueError(
            f"the axes of the frame {frame!r} change places where two moments of inertia are "
            f"equal, and the states reach there (probability {float(jumps.max()):.2g}); choose "
            "`frame: eckart`"
        )
    lower = torch.tril(torch.ones(3, 3).to(rotation), -1)[..., None, None]
    rotation = rotation + (rotation * lower).transpose(0, 1)
    return Coupling(energies, rotation, coriolis - coriolis.mT)


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
    """The minimum along its principal axes, (N, 3) in bohr: x is b, y is c and z is a.

    Raises:
        ValueError: for a model without atoms and for a linear molecule.
    """
    positions = levels.system.positions
    if positions is None:
        raise ValueError("a model Hamiltonian does not rotate")
    masses = _masses(levels.system)
    with torch.no_grad():
        x = positions(levels.minimum[None])[0]
    if is_linear(x, masses):
        raise ValueError(
            "the molecule is linear at its minimum: levels with J > 0 are computed for molecules "
            "that are not"
        )
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

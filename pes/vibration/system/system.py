"""System: potential and kinetic energy as functions of q, which make a Hamiltonian."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.places import Places
from pes.vibration.system.continuation import Continuation
from pes.vibration.system.filling import Filling
from pes.vibration.system.kinetic import ToPositions, kinetic

__all__ = ["System", "harmonic_frequencies", "model", "molecular", "potential_in_chunks"]


@dataclass(frozen=True)
class System:
    """V(q), G(q) and, for a molecule, x(q).

    Attributes:
        potential: q (P, Q) to energies (P,) in hartree.
        kinetic: q (P, Q) to G (P, Q, Q) and ∂_k ln √det g (P, Q).
        positions: q (P, Q) to positions (P, N, 3) in bohr; None for a model.
        masses: (N,) in electron masses; None for a model.
        device: device of q and of all that is computed from it: of the masses, or of a model's G.
        bends: pairs of coordinates of a molecule that is linear at its minimum. A rotation about
            its line rotates each pair, and only functions with l = 0 are used.
        across: unit vectors (2, 3) along which the first and the second of each pair bend it.
        continuation: extrapolation of V at high energies; None if V is that of the surface.
        filling: walls that fill holes of V; None if no hole is filled.
        places: names and units of q for messages.
    """

    potential: Callable[[Tensor], Tensor]
    kinetic: Callable[[Tensor], tuple[Tensor, Tensor]]
    positions: Callable[[Tensor], Tensor] | None = None
    masses: Tensor | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    bends: tuple[tuple[int, int], ...] = ()
    across: Tensor | None = None
    continuation: Continuation | None = None
    filling: Filling | None = None
    places: Places = field(default_factory=Places)

    def continued(self, continuation: Continuation) -> "System":
        """The same with V continued beyond an energy."""
        return replace(
            self, potential=lambda q: continuation.of(self.potential, q), continuation=continuation
        )

    def filled(self, filling: Filling) -> "System":
        """The same with V raised in holes."""
        return replace(self, potential=lambda q: filling.of(self.potential, q), filling=filling)

    def cpu(self) -> "System":
        """The same for q on the CPU; V and G are still evaluated on their device."""
        if self.device.type == "cpu":
            return self
        there, at = self.device, self.positions

        def kinetic(q: Tensor) -> tuple[Tensor, Tensor]:
            g_matrix, slope = self.kinetic(q.to(there))
            return g_matrix.cpu(), slope.cpu()

        return System(
            lambda q: self.potential(q.to(there)).cpu(), kinetic,
            None if at is None else lambda q: at(q.to(there)).cpu(),
            None if self.masses is None else self.masses.cpu(), bends=self.bends,
            across=None if self.across is None else self.across.cpu(),
            continuation=self.continuation, filling=self.filling, places=self.places,
        )  # fmt: skip


def molecular(
    potential: Callable[[Tensor], Tensor],
    to_positions: ToPositions,
    masses: Tensor,
    *,
    across: Tensor | None = None,
    bends: Sequence[tuple[int, int]] = (),
    places: Places | None = None,
) -> System:
    """A molecule from its surface, its coordinates and its masses.

    Everything is differentiable in the parameters of the surface and in `masses`, which act
    through G, ∂ ln g and, where positions depend on them, V(x(q; m)).

    Args:
        potential: positions (P, N, 3) in bohr to energies (P,) in hartree.
        to_positions: q and masses to positions.
        masses: (N,) in electron masses.
        across: unit vectors (2, 3) across a molecule that is linear at its minimum.
        bends: pairs of its coordinates that are bends along the first and the second of these.
        places: names and units of q for messages; default atomic units without names.
    """
    named = places or Places()

    def positions(q: Tensor) -> Tensor:
        return to_positions(q, masses)

    return System(
        lambda q: potential(positions(q)),
        lambda q: kinetic(to_positions, q, masses, axes=across, places=named), positions, masses,
        masses.device, tuple(bends), across, places=named,
    )  # fmt: skip


def model(potential: Callable[[Tensor], Tensor], g_matrix: Tensor) -> System:
    """A model without atoms.

    Args:
        potential: V, coordinates (P, Q) to energies (P,) in hartree.
        g_matrix: constant G (Q, Q), inverse masses in atomic units.
    """

    def constant(q: Tensor) -> tuple[Tensor, Tensor]:
        return g_matrix.expand(len(q), *g_matrix.shape), torch.zeros_like(q)

    return System(potential, constant, device=g_matrix.device)


def harmonic_frequencies(system: System, modes: int) -> Tensor:
    """ω = G_kk at the minimum of dimensionless normal coordinates, (Q,) in hartree."""
    origin = torch.zeros(1, modes, dtype=torch.float64, device=system.device)
    with torch.no_grad():
        return system.kinetic(origin)[0][0].diagonal()


def potential_in_chunks(system: System, q: Tensor, *, chunk: int = 4096) -> Tensor:
    """V at many points, wherever these are, without a graph; every value checked.

    Raises:
        ValueError: if the surface gives another shape than (P,) or a value that is not a number.
    """

    def checked(part: Tensor) -> Tensor:
        energies = system.potential(part)
        if energies.shape != part.shape[:1]:
            raise ValueError(
                f"the surface returned shape {tuple(energies.shape)} for {len(part)} "
                f"geometries; it must return one energy each, shape ({len(part)},)"
            )
        return energies.detach()

    q = q.to(system.device)
    with torch.no_grad():
        energies = in_chunks(checked, q, chunk)
    bad = ~torch.isfinite(energies)
    if bad.any():
        where = system.places.text(q[bad][0])
        raise ValueError(
            f"the surface is not a number at {int(bad.sum())} of {len(q)} grid points, first at "
            f"{where}; narrow the ranges or correct the surface there"
        )
    return energies

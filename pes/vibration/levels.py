"""Vibrational levels, each with an estimate of how far it is from converged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.basis import PRIMITIVES, Basis, contract
from pes.vibration.eigensolver import Eigenpairs, lowest
from pes.vibration.hamiltonian import Hamiltonian, density_slope, grid_points
from pes.vibration.minimum import minimum
from pes.vibration.system import System, potential_in_chunks

__all__ = ["CAP", "Coordinate", "Levels", "hamiltonian", "levels"]

CAP = 60000 * CM1
"""Default ceiling of V above the minimum, hartree."""


@dataclass(frozen=True)
class Coordinate:
    """Basis wanted for one coordinate.

    Attributes:
        basis: a key of `PRIMITIVES`.
        low: lower end, bohr or radians.
        high: upper end.
        functions: contracted functions n.
        points: quadrature points m; None uses the primitive quadrature.
        primitives: functions of the primitive basis.
        name: for messages and tables.
    """

    basis: str
    low: float
    high: float
    functions: int
    points: int | None = None
    primitives: int = 60
    name: str = "q"

    def more_functions(self) -> "Coordinate":
        """15 % more functions, m/n as before."""
        n = max(self.functions + 1, round(1.15 * self.functions))
        m = None if self.points is None else ceil(self.points * n / self.functions)
        return self._fitted(functions=n, points=m)

    def more_points(self) -> "Coordinate":
        """15 % more quadrature points (of the primitive where that is the quadrature)."""
        if self.points is None:
            return replace(self, primitives=_grown(self.primitives))
        return self._fitted(functions=self.functions, points=max(self.points + 2, _grown(self.points)))

    def widened(self, low: bool, high: bool) -> "Coordinate":
        """Each permitted end moved out by 5 % of the range, primitives as dense as before."""
        margin = 0.05 * (self.high - self.low)
        ends = (self.low - margin * low, self.high + margin * high)
        grown = (ends[1] - ends[0]) / (self.high - self.low)
        primitives = ceil(self.primitives * grown)
        primitives += self.basis == "fourier" and primitives % 2 == 0
        return replace(self, low=ends[0], high=ends[1], primitives=primitives)

    def _fitted(self, functions: int, points: int | None) -> "Coordinate":
        """As many primitives as the larger sizes need."""
        needed = max(functions, points or 0)
        primitives = max(self.primitives, needed + (self.basis == "fourier" and needed % 2 == 0))
        return replace(self, functions=functions, points=points, primitives=primitives)


def _grown(size: int) -> int:
    grown = ceil(1.15 * size)
    return grown + (grown - size) % 2  # keeps odd sizes odd, as a Fourier basis must be


@dataclass(frozen=True)
class Levels:
    """Levels with everything needed to ask them further questions.

    Attributes:
        energies: (S,) in hartree, on the scale of the surface.
        convergence: estimated error, (S,) in hartree: of the zero-point energy for the first,
            of the energy above the ground state for the others. NaN where not asked for.
        minimum_energy: V at the bottom of the well, hartree.
        minimum: coordinates of the bottom, (Q,).
        pairs: coefficients, residuals and solver.
        hamiltonian: bases, V, G and s on the grid.
        system: what they were made of.
        changes: (3, S) changes with more functions, more points, wider ranges.
        cap: ceiling of V above the minimum, hartree.
        warnings: what a reader must know, in words.
    """

    energies: Tensor
    convergence: Tensor
    minimum_energy: float
    minimum: Tensor
    pairs: Eigenpairs
    hamiltonian: Hamiltonian
    system: System
    changes: Tensor
    cap: float
    coordinates: tuple[Coordinate, ...]
    warnings: tuple[str, ...] = ()

    @property
    def zero_point_energy(self) -> float:
        """E₀ − V at the minimum, hartree."""
        return float(self.energies[0]) - self.minimum_energy

    @property
    def excitations(self) -> Tensor:
        """Energies above the ground state, (S,) in hartree."""
        return self.energies - self.energies[0]

    @property
    def points(self) -> Tensor:
        """Grid points (P, Q)."""
        return grid_points(self.hamiltonian.bases)

    @property
    def positions(self) -> Tensor:
        """Positions on the grid, (P, N, 3) in bohr.

        Raises:
            ValueError: for a model without atoms.
        """
        if self.system.positions is None:
            raise ValueError("a model Hamiltonian has no atoms; use `points`")
        return self.system.positions(self.points)

    @property
    def wavefunctions(self) -> Tensor:
        """ψ times √(quadrature weight) on the grid, (S, P): rows are orthonormal."""
        return self.hamiltonian.on_grid(self.pairs.coefficients)

    @property
    def densities(self) -> Tensor:
        """ρ w |ψ|², (S, P): the probability at each grid point, and dE/dV there."""
        return self.wavefunctions**2

    def matrix_elements(self, values: Tensor) -> Tensor:
        """⟨m|f|n⟩ of a function given on the grid.

        Args:
            values: f at the grid points, (P,) or (P, K): `f(levels.positions)`.

        Returns:
            (S, S) or (S, S, K).
        """
        psi = self.wavefunctions
        if values.ndim == 1:
            return torch.einsum("mp,p,np->mn", psi, values, psi)
        return torch.einsum("mp,pk,np->mnk", psi, values, psi)

    def expectation(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """⟨n|f(x)|n⟩ for f of positions (P, N, 3) -> (P,) or (P, K)."""
        return self.densities @ function(self.positions)

    @property
    def leading(self) -> tuple[Tensor, Tensor]:
        """Quanta (S, Q) of the leading product function and its weight (S,)."""
        weight, index = (self.pairs.coefficients**2).max(1)
        quanta = torch.stack(torch.unravel_index(index, self.hamiltonian.shape), -1)
        return quanta, weight

    def leak(self) -> Tensor:
        """Probability in the outer 2 % of each range at each end, (S, Q, 2).

        Zero where functions are free at that end by nature (linearity, periodicity).
        """
        c = self.pairs.coefficients.reshape(-1, *self.hamiltonian.shape)
        leaks = []
        for k, basis in enumerate(self.hamiltonian.bases):
            along = (c.movedim(k + 1, 1).flatten(2).mT @ basis.fine_values.T).square().sum(1)
            low, high = basis.range
            margin = 0.02 * (high - low)
            ends = (basis.fine_points < low + margin, basis.fine_points > high - margin)
            leaks.append(
                torch.stack(
                    [along[:, e].sum(1) * (not o) for e, o in zip(ends, basis.open_ends, strict=True)],
                    -1,
                )
            )
        return torch.stack(leaks, 1)


def hamiltonian(
    system: System,
    coordinates: Sequence[Coordinate],
    reference: Tensor,
    *,
    ceiling: float,
) -> Hamiltonian:
    """The Hamiltonian of a system in bases contracted along cuts through a reference.

    Args:
        system: V and G.
        coordinates: basis wanted for each coordinate.
        reference: point of the cuts, (Q,).
        ceiling: V above this is set to it, hartree.
    """
    bases = _bases(system, coordinates, reference, ceiling)
    points = grid_points(bases)
    potential = potential_in_chunks(system, points).clamp(max=ceiling)
    with torch.no_grad():
        g_matrix, slope = system.kinetic(points)
    return Hamiltonian(bases, potential, g_matrix, (density_slope(bases) - slope) / 2)


def _bases(
    system: System, coordinates: Sequence[Coordinate], reference: Tensor, ceiling: float
) -> tuple[Basis, ...]:
    with torch.no_grad():
        g_reference = system.kinetic(_off_linear(reference, coordinates)[None])[0][0]
    bases = []
    for k, wanted in enumerate(coordinates):
        primitive = PRIMITIVES[wanted.basis](wanted.low, wanted.high, wanted.primitives)
        cut = reference.repeat(len(primitive.points), 1)
        cut[:, k] = primitive.points
        values = potential_in_chunks(system, cut).clamp(max=ceiling)
        bases.append(
            contract(
                primitive, values, g_reference[k, k], wanted.functions,
                points=wanted.points, range=(wanted.low, wanted.high),
            )  # fmt: skip
        )
    return tuple(bases)


def _off_linear(reference: Tensor, coordinates: Sequence[Coordinate]) -> Tensor:
    """A linear reference moved by 0.02 rad, where G is finite."""
    moved = reference.clone()
    for k, c in enumerate(coordinates):
        if c.basis == "legendre":
            moved[k] = moved[k].clamp(0.02, torch.pi - 0.02)
    return moved


def levels(
    system: System,
    coordinates: Sequence[Coordinate],
    count: int,
    *,
    cap: float = CAP,
    solver: str = "auto",
    convergence: bool = True,
    reference: Tensor | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Levels:
    """The lowest levels and how far each is from converged.

    The convergence estimate is the sum of the absolute changes of a level with (a) more
    functions at fixed m/n, (b) more points at fixed n and (c) every range widened by 5 %
    where the surface rises there. The levels returned are those of (a), the largest run.

    Args:
        system: V and G of a molecule or a model.
        coordinates: basis wanted for each coordinate.
        count: how many levels, the ground state included.
        cap: ceiling of V above its minimum, hartree.
        solver: a key of `eigensolver.SOLVERS`, or `auto`.
        convergence: False makes one run only, of the sizes asked for.
        reference: start of the search for the minimum, (Q,).
        progress: called with the name of each step.

    Raises:
        ValueError: for a basis too small, a surface that is not a number or a range whose
            edge is lower than its inside.
        RuntimeError: if the eigensolver fails.
    """
    ranges = [(c.low, c.high) for c in coordinates]
    bottom, v_min = minimum(system, ranges, near=reference)

    def run(wanted: Sequence[Coordinate], name: str) -> tuple[Hamiltonian, Eigenpairs]:
        progress(name)
        h = hamiltonian(system, wanted, bottom, ceiling=v_min + cap)
        return h, lowest(h, count, solver=solver)

    base = run(coordinates, "levels")
    changes = torch.full((3, count), torch.nan, dtype=torch.float64)
    largest, warnings, used = base, [], tuple(coordinates)
    if convergence:
        used = tuple(c.more_functions() for c in coordinates)
        largest = run(used, "more functions")
        more = run([c.more_points() for c in coordinates], "more points")
        wider, refused = _widened(system, coordinates, bottom, v_min)
        wide = run(wider, "wider ranges")
        if refused:
            warnings.append(f"not widened, for the surface falls beyond: {', '.join(refused)}")
        for row, (_, pairs) in enumerate((largest, more, wide)):
            changes[row] = (_scale(pairs.energies) - _scale(base[1].energies)).abs()
    h, pairs = largest
    found = Levels(
        pairs.energies, changes.sum(0), v_min, bottom, pairs, h, system, changes, cap, used
    )
    return replace(found, warnings=(*warnings, *_doubts(found)))


def _scale(energies: Tensor) -> Tensor:
    """Zero-point energy first, then energies above the ground state."""
    return torch.cat((energies[:1], energies[1:] - energies[0]))


def _widened(
    system: System, coordinates: Sequence[Coordinate], bottom: Tensor, v_min: float
) -> tuple[list[Coordinate], list[str]]:
    """Coordinates with every end moved out beyond which V still rises along the cut."""
    wider, refused = [], []
    for k, c in enumerate(coordinates):
        out = c.widened(True, True)
        low_free = c.basis == "legendre" and c.low < 1e-12
        high_free = c.basis == "legendre" and c.high > torch.pi - 1e-12
        if c.basis == "fourier":
            wider.append(c)
            continue
        ends = bottom.repeat(4, 1)
        ends[:, k] = torch.tensor(
            [out.low if c.basis != "legendre" else max(out.low, 0.01), c.low, c.high,
             out.high if c.basis != "legendre" else min(out.high, torch.pi)],
            dtype=torch.float64,
        )  # fmt: skip
        beyond_low, at_low, at_high, beyond_high = potential_in_chunks(system, ends).tolist()
        may_low = not low_free and beyond_low > at_low and out.low > 0
        may_high = not high_free and beyond_high > at_high
        may_high = may_high and (c.basis != "legendre" or out.high <= torch.pi)
        wider.append(c.widened(may_low, may_high))
        if not (may_low or low_free):
            refused.append(f"{c.name} at its lower end")
        if not (may_high or high_free):
            refused.append(f"{c.name} at its upper end")
    return wider, refused


def _doubts(found: Levels) -> list[str]:
    """What makes these levels doubtful, in words."""
    doubts = []
    potential, density = found.hamiltonian.potential, found.densities
    hole = potential < found.minimum_energy - 1e-7
    if hole.any():
        deepest = int(potential.argmin())
        q = [f"{v:.4f}" for v in found.points[deepest].tolist()]
        depth = (found.minimum_energy - float(potential[deepest])) / CM1
        doubts.append(
            f"hole in the surface: {int(hole.sum())} grid points lie below its minimum, the "
            f"deepest by {depth:.1f} cm-1 at q = {q} (bohr, radians); narrow the ranges"
        )
        inside = density[:, hole].sum(1)
        ghosts = (inside > 0.01).nonzero().flatten().tolist()
        if ghosts:
            doubts.append(f"ghost levels that live in the hole: {ghosts}")
    capped = density[:, potential >= found.minimum_energy + found.cap * (1 - 1e-12)].sum(1)
    moved = 0.1 * found.cap * capped
    if (moved > 0.01 * CM1).any():
        doubts.append(
            f"raising the cap by 10 % would move level {int(moved.argmax())} by about "
            f"{float(moved.max()) / CM1:.3f} cm-1; raise `cap`"
        )
    leak = found.leak()
    for k, c in enumerate(found.coordinates):
        for end, name in enumerate(("lower", "upper")):
            worst = leak[:, k, end]
            if (worst > 1e-5).any():
                first = int((worst > 1e-5).nonzero()[0])
                doubts.append(
                    f"{c.name}: levels from number {first} on reach its {name} end "
                    f"(up to {float(worst.max()):.1e} of the norm); widen the range"
                )
    return doubts

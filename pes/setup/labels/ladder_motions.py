"""Motions whose quanta number the levels of molecules in lengths and angles, in Herzberg's order.

One coordinate may pass from a well to its mirror image, an inversion or a torsion: its functions
are counted, and those of two wells have half as many quanta. The other coordinates move along the
normal modes that the molecule has with this one at rest. Of three atoms the distances move along
the modes, which shows the symmetry of three like atoms.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import pi

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pes.coordinates import NormalModes, normal_modes
from pes.setup.labels.curvature import surface_hessian
from pes.setup.labels.mode_numbers import BentModes
from pes.setup.labels.mode_sets import ModeSet, mode_sets, sentence_of
from pes.setup.problem.problem import Problem
from pes.vibration.analysis.level_ladders import Motion, quanta_by_level_ladders
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.levels.result import Levels

__all__ = ["LadderMotions", "bent_motions", "ladder_motions"]

NEAR = 0.02
"""Radians up to which a minimum lies on its mirror image."""

TURN = 1e-6
"""Radians by which a full turn may be short."""

QUANTA = 60
"""Quanta of a mode that are looked at, at most."""

WELLS = (
    "; v{} counts pairs of levels, one of each symmetry, because the molecule passes between two "
    "equal wells; modes are those of one well"
)
"""Sentence on a motion between two wells."""


@dataclass(frozen=True)
class LadderMotions:
    """Sets of modes of a molecule in lengths and angles, ν1 first.

    Attributes:
        modes: normal modes at the minimum.
        sets: modes of each quantum number.
        wide: number of the coordinate that passes from well to well, or turns fully; else None.
        wells: equal wells along this coordinate, 1 or 2.
        wide_set: number of the set that this coordinate stands for.
        coordinates: displacement of each coordinate for each mode, (Q, modes): rows of the inverse
            of ∂s/∂q, zero for the wide one; None of three atoms.
    """

    modes: NormalModes
    sets: tuple[ModeSet, ...]
    wide: int | None = None
    wells: int = 1
    wide_set: int | None = None
    coordinates: Tensor | None = None

    @property
    def sentence(self) -> str:
        """The convention in words."""
        if self.wide_set is None or self.wells == 1:
            return sentence_of(self.sets)
        return sentence_of(self.sets) + WELLS.format(self.wide_set + 1)

    def quanta(self, levels: Levels, task: Problem) -> tuple[list[tuple[int, ...] | None], Tensor]:
        """Quanta of each level and the share of the functions with these quanta in it, (S,)."""
        with torch.no_grad():
            motions = [self._motion(n, levels, task) for n in range(len(self.sets))]
            found, weights = quanta_by_level_ladders(levels, motions)
        if self.wide_set is None or self.wells == 1:
            return found, weights
        at, wells = self.wide_set, self.wells
        return [q and (*q[:at], q[at] // wells, *q[at + 1 :]) for q in found], weights

    def _motion(self, number: int, levels: Levels, task: Problem) -> Motion:
        basis, one = levels.hamiltonian.basis, self.sets[number]
        if number == self.wide_set:
            assert self.wide is not None
            steps = basis.bases[self.wide].energies
            moved = _along(basis, {self.wide: _turned(task, self.wide)})
            return Motion((moved,), tuple((steps - steps[0]).tolist()))
        energies = tuple(n * one.frequency for n in range(QUANTA))
        if self.coordinates is None:
            values = _by_distances(levels.positions, self.modes)[:, list(one.members)]
            return Motion(tuple(partial(_multiplied, basis, v) for v in values.T), energies)
        start = task.start.tolist()
        rows = [self.coordinates[:, k].tolist() for k in one.members]
        return Motion(
            tuple(
                _along(basis, {k: partial(_shifted, a, start[k]) for k, a in enumerate(r) if a})
                for r in rows
            ),
            energies,
        )


def bent_motions(task: Problem, bent: BentModes) -> LadderMotions:
    """Motions of a bent molecule of three atoms without degenerate modes."""
    modes = normal_modes(task.minimum, surface_hessian(task), task.molecule.masses)
    own = [bent.numbers.index(n) for n in range(3)]
    return LadderMotions(
        modes, tuple(ModeSet((k,), float(modes.frequencies[k]), "") for k in own)
    )  # fmt: skip


def ladder_motions(task: Problem) -> LadderMotions | None:
    """Motions that number the levels; None where they have no safe numbers.

    Args:
        task: levels of a molecule that is not linear, in coordinates that are not normal ones.
    """
    atoms = len(task.molecule.symbols)
    if len(task.internal.names) != 3 * atoms - 6:
        return None
    try:
        numbered = mode_sets(task)
    except ValueError:
        return None
    if numbered is None:
        return None
    modes, sets = numbered
    return LadderMotions(modes, sets) if atoms == 3 else _beside_wide(task, modes, sets)


def _beside_wide(
    task: Problem, modes: NormalModes, sets: tuple[ModeSet, ...]
) -> LadderMotions | None:
    """Motions with the wide coordinate, if any, apart from the others."""
    wide = [k for k in range(len(task.internal.names)) if _is_wide(task, k)]
    if len(wide) > 1:
        return None
    x, masses = task.minimum, task.molecule.masses
    b = torch.autograd.functional.jacobian(
        lambda p: task.internal.from_positions(p, masses), x
    ).flatten(1)  # fmt: skip
    inverse = torch.linalg.pinv(b)
    f, g = inverse.mT @ surface_hessian(task) @ inverse, b / masses.repeat_interleave(3) @ b.mT
    others = [k for k in range(len(b)) if k not in wide]
    vectors = _modes(f[others][:, others], g[others][:, others])
    moved = b @ modes.displacements.flatten(1).mT
    shares = (torch.linalg.inv(moved)[:, others] @ vectors).square() * modes.frequencies[:, None]
    mode = None if not wide else _mode_of(wide[0], moved, f, modes)
    free = [k for k in range(len(modes.frequencies)) if k != mode]
    rows, columns = linear_sum_assignment(-shares[free].numpy())
    coordinates = torch.zeros_like(b[:, : len(b)])
    amounts = torch.linalg.inv(vectors)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        coordinates[others, free[row]] = amounts[column]
    if mode is None:
        return LadderMotions(modes, sets, coordinates=coordinates)
    at = next(n for n, one in enumerate(sets) if mode in one.members)
    if len(sets[at].members) > 1:
        return None
    return LadderMotions(modes, sets, wide[0], _wells(task, wide[0]), at, coordinates)


def _is_wide(task: Problem, k: int) -> bool:
    """Whether a coordinate passes between the wells of an inversion, or turns fully."""
    kind, spec = task.internal.kinds[k], task.coordinates[k]
    if kind == "dihedral":
        return spec.high - spec.low > 2 * pi - TURN
    inverts = kind == "angle" and "azimuth" in task.internal.kinds
    return inverts and spec.low < pi / 2 < spec.high


def _wells(task: Problem, k: int) -> int:
    """Equal wells along a wide coordinate."""
    at = float(task.start[k])
    from_mirror = torch.tensor(at).sin() if task.internal.kinds[k] == "dihedral" else at - pi / 2
    return 1 if abs(float(from_mirror)) < NEAR else 2


def _mode_of(wide: int, moved: Tensor, f: Tensor, modes: NormalModes) -> int:
    """Number of the mode of which the wide coordinate has the largest part of the energy."""
    return int((f[wide, wide] * moved[wide].square() / modes.frequencies).argmax())


def _modes(f: Tensor, g: Tensor) -> Tensor:
    """Displacements of coordinates along the modes of F and G, dimensionless, (Q, modes)."""
    root = torch.linalg.cholesky(g)
    squares, vectors = torch.linalg.eigh(root.mT @ f @ root)
    return root @ vectors / squares.clamp(min=0).sqrt().sqrt().clamp(min=1e-8)


def _turned(task: Problem, k: int) -> Callable[[Tensor], Tensor]:
    """Displacement along the wide coordinate: odd about its mirror."""
    return torch.sin if task.internal.kinds[k] == "dihedral" else partial(_shifted, 1.0, pi / 2)


def _shifted(amount: float, start: float, q: Tensor) -> Tensor:
    return amount * (q - start)


def _by_distances(x: Tensor, modes: NormalModes) -> Tensor:
    """Displacement along each mode by the distances of atoms, (P, modes)."""
    pairs = list(combinations(range(x.shape[1]), 2))
    first, second = (list(one) for one in zip(*pairs, strict=True))

    def distances(p: Tensor) -> Tensor:
        return (p[..., first, :] - p[..., second, :]).norm(dim=-1)

    slope = torch.autograd.functional.jacobian(distances, modes.reference).flatten(1)
    moved = torch.linalg.inv(slope @ modes.displacements.flatten(1).mT)
    return (distances(x) - distances(modes.reference)) @ moved.mT


def _multiplied(basis: GridBasis, values: Tensor, coefficients: Tensor) -> Tensor:
    """Coefficients (M, N) of functions times values on the grid (P,)."""
    return basis.from_grid(values * basis.on_grid(coefficients))


def _along(
    basis: GridBasis, functions: dict[int, Callable[[Tensor], Tensor]]
) -> Callable[[Tensor], Tensor]:
    """Multiplication of coefficients (M, N) by a sum of functions of single coordinates."""
    matrices = {}
    for k, function in functions.items():
        one = basis.bases[k]
        matrices[k] = one.scaled_values.mT @ (function(one.points)[:, None] * one.scaled_values)
    return lambda coefficients: torch.cat([_moved(basis, matrices, c) for c in coefficients])


def _moved(basis: GridBasis, matrices: dict[int, Tensor], coefficients: Tensor) -> Tensor:
    """The same of one function, (1, N)."""
    full = basis.unpruned(coefficients[None])
    total = torch.zeros_like(full)
    for k, matrix in matrices.items():
        total += (full.movedim(k + 1, -1) @ matrix.mT).movedim(-1, k + 1)
    return total.flatten(1)[:, basis.numbers]

"""Symmetry of levels that were computed without it: permutations of like isotopes and parity."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.operation import Operation

__all__ = ["characters"]


def characters(levels: Levels, operations: Sequence[Operation]) -> Tensor:
    """⟨ψ_n|O ψ_n⟩ of each level and operation, (S, operations): ±1, or between for a mixture."""
    bases = levels.hamiltonian.basis.bases
    c = levels.hamiltonian.basis.unpruned(levels.eigenpairs.coefficients)
    rows = []
    for operation in operations:
        moved = c.permute(0, *[k + 1 for k in operation.order])
        for k, (b, mirrored) in enumerate(zip(bases, operation.mirrored, strict=True)):
            other = bases[operation.order[k]]
            matrix = _mirror(b) if mirrored else b.fine_values.T @ other.fine_values
            moved = (moved.movedim(k + 1, -1) @ matrix.T).movedim(-1, k + 1)
        rows.append((c * moved).flatten(1).sum(1))
    return torch.stack(rows, 1) if rows else c.new_zeros(len(c), 0)


def _mirror(basis: Basis) -> Tensor:
    """⟨φ_a|φ_b(low + high − q)⟩, (n, n)."""
    low, high = basis.range
    points, image = basis.fine_points, basis.fine_values.flip(0)
    if not torch.allclose(points + points.flip(0), torch.full_like(points, low + high)):
        # Points of a period: the first is its own image.
        image = image.roll(1, 0)
    return basis.fine_values.T @ image

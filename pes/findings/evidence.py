"""Evidence: what several checks look at, computed once and only when it is asked for."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pes.bonds import bond_sums
from pes.data import Dataset
from pes.data.symmetry import symmetry_groups
from pes.findings.reference import Reference, reference
from pes.geometry import distances
from pes.units import CM1

__all__ = ["Evidence"]

STRETCHED = 2.5
"""Distance in covalent bond lengths from which two atoms are not bound."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Labelled points and quantities derived from them.

    Attributes:
        dataset: the points.
        misplaced: mask (B,) of points whose atoms seem to stand in another order; they are left
            out of the reference.
    """

    dataset: Dataset
    misplaced: Tensor

    @cached_property
    def heights(self) -> Tensor:
        """Labels (B,) in cm⁻¹ above the lowest."""
        return (self.dataset.energies - self.dataset.energies.min()) / CM1

    @cached_property
    def groups(self) -> Tensor:
        """Labels (B,) that symmetry copies of one geometry share."""
        return symmetry_groups(self.dataset.positions, self.dataset.symbols)

    @cached_property
    def bonds(self) -> Tensor:
        """Distances (B, N(N−1)/2) in units of the sum of the covalent radii of the two atoms."""
        return distances(self.dataset.positions) / bond_sums(self.dataset.elements)

    @cached_property
    def linked(self) -> Tensor:
        """Mask (B, N) of the atoms bound, directly or through others, to the first one."""
        atoms = len(self.dataset.symbols)
        first, second = torch.triu_indices(atoms, atoms, 1)
        bound = torch.zeros(len(self.bonds), atoms, atoms, dtype=torch.bool)
        bound[:, first, second] = bound[:, second, first] = self.bonds < STRETCHED
        reached = torch.zeros(len(bound), atoms, dtype=torch.bool)
        reached[:, 0] = True
        for _ in range(atoms - 1):
            reached = reached | (bound & reached[:, :, None]).any(1)
        return reached

    @cached_property
    def low(self) -> Tensor:
        """Rows of the lowest tenth of the labels, one at least."""
        count = max(1, len(self.dataset) // 10)
        return self.dataset.energies.topk(count, largest=False).indices

    @cached_property
    def reference(self) -> Reference | None:
        """Robust linear surface; None where the points cannot carry one."""
        _, first = torch.unique(self.groups, return_inverse=True)
        order = torch.arange(len(first))
        firsts = torch.full((int(first.max()) + 1,), len(first)).scatter_reduce(
            0, first, order, "amin"
        )
        usable = torch.zeros(len(first), dtype=torch.bool)
        usable[firsts] = True
        return reference(self.dataset, usable & ~self.misplaced)

    @cached_property
    def wrong(self) -> Tensor:
        """Mask (B,) of labels that neither the reference nor their neighbours explain."""
        if self.reference is None:
            return torch.zeros(len(self.dataset), dtype=torch.bool)
        return self.reference.wrong()

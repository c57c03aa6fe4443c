"""Levels of one calculation paired with those of another: by overlap, not by position."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.product_tree import unraveled
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.warm_start import renumbered
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.hamiltonian.operator import Hamiltonian

__all__ = ["EXTRA", "Matching", "in_new_basis", "matching", "of_length", "of_partners"]

EXTRA = 4
"""Levels solved for beyond those asked for, so that each has its partner in the other runs."""

PARTNER = 0.25
"""Square of the overlap from which two vectors belong to the same level."""


@dataclass(frozen=True)
class Matching:
    """Partners of levels in another calculation.

    Attributes:
        partners: number of the partner of each level, −1 where there is none, (S,).
        changes: absolute differences of the zero-point energy for the first level and of the
            energies above the ground state for the others, (S,) in hartree; infinite without a
            partner.
    """

    partners: Tensor
    changes: Tensor


def matching(
    levels: tuple[Hamiltonian, Eigenpairs], others: tuple[Hamiltonian, Eigenpairs], count: int
) -> Matching:
    """Partners of the lowest `count` levels among all levels of another calculation.

    The bases may differ in number of functions, points and ranges; functions of the same number
    are taken as the same, but for their sign. Levels of another symmetry never are partners.

    Args:
        levels: Hamiltonian and eigenpairs of the calculation to judge.
        others: likewise of the one it is compared with; a few more levels than `count`.
        count: levels to find partners for.
    """
    h, pairs = levels
    other_h, other_pairs = others
    overlap = (pairs.coefficients.cpu() @ in_new_basis(other_h.basis, other_pairs, h.basis).T) ** 2
    # Representations of other groups have other names.
    if pairs.symmetry and other_pairs.symmetry and _names(h) == _names(other_h):
        same = [[a == b for b in other_pairs.symmetry] for a in pairs.symmetry]
        overlap = overlap * torch.tensor(same)
    rows, columns = linear_sum_assignment(-overlap.numpy())
    partners = torch.full((len(pairs.energies),), -1)
    partners[torch.from_numpy(rows)] = torch.from_numpy(columns)
    weak = overlap[torch.arange(len(partners)), partners] < PARTNER
    partners = partners.where(~weak, -1)[:count]
    known = partners >= 0
    here, there = pairs.energies.cpu()[:count], other_pairs.energies.cpu()
    apart = (here - here[0]) - (there[partners] - there[0])
    apart[0] = here[0] - there[0]
    return Matching(partners, apart.abs().where(known, torch.inf))


def of_partners(changes: Tensor, partners: Tensor) -> Tensor:
    """Changes of the partners (S,); infinite where there is none, the largest for new ones."""
    every = of_length(changes, max(1, int(partners.max()) + 1) if len(partners) else 0)
    return every[partners.clamp(min=0)].where(partners >= 0, torch.inf)


def of_length(changes: Tensor, count: int) -> Tensor:
    """Changes of so many levels; those of new ones are taken for the largest known."""
    if count <= len(changes):
        return changes[:count]
    return torch.cat((changes, changes.max().expand(count - len(changes))))


def _names(hamiltonian: Hamiltonian) -> list[str]:
    return [operation.name for operation in hamiltonian.operations]


def in_new_basis(old: GridBasis, pairs: Eigenpairs, new: GridBasis) -> Tensor:
    """Coefficients by the products of another basis, with the signs of its functions, (S, N)."""
    coefficients = pairs.coefficients.cpu()
    places = unraveled(old.numbers, old.shape)
    for one, other, i in zip(old.bases, new.bases, places, strict=True):
        coefficients = coefficients * _signs(one, other)[i.clamp(max=other.size - 1)]
    return renumbered(coefficients, old, new)


def _signs(one: Basis, other: Basis) -> Tensor:
    """Signs that the functions of another basis have relative to those of one, (n,) of the other.

    Functions of equal numbers are compared at the primitive points of the other.
    """
    count = min(one.size, other.size)
    here, there = one.fine_points.cpu().numpy(), other.fine_points.cpu().numpy()
    signs = torch.ones(other.size, dtype=torch.float64)
    if one.fine_points.shape == other.fine_points.shape and np.array_equal(here, there):
        product = (one.fine_values[:, :count] * other.fine_values[:, :count]).sum(0).cpu()
    else:
        moved = [np.interp(there, here, f.numpy(), 0.0, 0.0) for f in one.fine_values.cpu().T]
        product = (
            torch.from_numpy(np.stack(moved, 1))[:, :count] * other.fine_values.cpu()[:, :count]
        ).sum(0)
    signs[:count] = torch.where(product < 0, -1.0, 1.0)
    return signs

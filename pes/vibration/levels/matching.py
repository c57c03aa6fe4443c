"""Levels of one calculation paired with those of another: by overlap, not by position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.product_tree import unraveled
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.warm_start import renumbered
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.hamiltonian.operator import Hamiltonian

__all__ = [
    "EXTRA",
    "Matching",
    "in_new_basis",
    "matching",
    "of_equal_numbers",
    "of_length",
    "of_partners",
]

EXTRA = 4
"""Levels solved for beyond those asked for, so that each has its partner in the other runs."""

PARTNER = 0.25
"""Square of the overlap from which two vectors belong to the same level."""

ALIKE = 0.9
"""Mean overlap in every vector from which functions of equal number are taken as the same; smaller
where free waves change the order of functions."""

MOST_ELEMENTS = 2**25
"""Elements of vectors by all products of two calculations that are compared by overlaps of their
functions: a quarter of a GiB."""


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

    The bases may differ in number of functions, points and ranges. Levels of another symmetry never
    are partners.

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
    """Coefficients by the products of another basis, (S, N).

    Projections, by the overlaps of one-dimensional functions: among the free waves above a
    dissociation limit a bound function has another number in other ranges. Functions of equal
    number are taken as the same, but for their signs, where they are alike or where all products
    are too many.
    """
    coefficients = pairs.coefficients.cpu()
    overlaps = [_overlaps(one, other) for one, other in zip(old.bases, new.bases, strict=True)]
    alike = _alike(overlaps, old)
    elements = len(coefficients) * max(old.products, new.products)
    if elements > MOST_ELEMENTS or float((coefficients.square() @ alike.abs()).min()) > ALIKE:
        return renumbered(_signs(alike) * coefficients, old, new)
    products = coefficients.new_zeros(len(coefficients), old.products)
    products[:, old.numbers] = coefficients
    products = products.reshape(-1, *old.shape)
    for one in overlaps:
        # The axis of the coordinate goes to the end: after all of them their order is the old one.
        products = products.movedim(1, -1) @ one
    return products.flatten(1)[:, new.numbers]


def of_equal_numbers(
    old: GridBasis, pairs: Eigenpairs, new: GridBasis, count: int
) -> Tensor | None:
    """Coefficients by products of equal number of another basis, (S, N), signs made the same.

    None where the functions that the lowest `count` vectors consist of are not alike.
    """
    coefficients = pairs.coefficients.cpu()
    alike = _alike([_overlaps(a, b) for a, b in zip(old.bases, new.bases, strict=True)], old)
    if float((coefficients[:count].square() @ alike.abs()).min()) <= ALIKE:
        return None
    return renumbered(_signs(alike) * coefficients, old, new)


def _alike(overlaps: Sequence[Tensor], old: GridBasis) -> Tensor:
    """Overlaps of the products of one basis with those of equal number of another, (N,)."""
    alike = torch.ones(old.size, dtype=torch.float64)
    for one, i in zip(overlaps, unraveled(old.numbers, old.shape), strict=True):
        alike = alike * _of_equal_numbers(one)[i]
    return alike


def _signs(overlaps: Tensor) -> Tensor:
    return torch.where(overlaps < 0, -1.0, 1.0)


def _overlaps(one: Basis, other: Basis) -> Tensor:
    """∫ f_a f_b of the functions of two bases of one coordinate, (n, n')."""
    here, there = one.fine_points.cpu().numpy(), other.fine_points.cpu().numpy()
    functions, others = one.fine_values.cpu().numpy(), other.fine_values.cpu().numpy()
    if here.shape != there.shape or not np.array_equal(here, there):
        # The density at a point is the same in both, the weights differ by the distance of points.
        curves = CubicSpline(here, functions / np.sqrt(np.gradient(here))[:, None])
        inside = np.nan_to_num(curves(there, extrapolate=False))
        functions = inside * np.sqrt(np.gradient(there))[:, None]
    return torch.from_numpy(functions.T @ others)


def _of_equal_numbers(overlaps: Tensor) -> Tensor:
    """Overlaps of functions of one basis with those of equal number of the other, (n,)."""
    same = overlaps.new_zeros(len(overlaps))
    same[: len(overlaps.diagonal())] = overlaps.diagonal()
    return same

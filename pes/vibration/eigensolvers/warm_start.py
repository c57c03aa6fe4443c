"""Warm start: eigenvectors of one basis as start vectors in another."""

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import unraveled
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.grid.grid_basis import GridBasis

__all__ = ["renumbered", "start_vectors"]


def start_vectors(old: GridBasis, pairs: Eigenpairs, new: GridBasis) -> Tensor | None:
    """Coefficients (S, N) by the number of each function, zero for functions not there before.

    Exact where a basis only grew; near enough to begin with where points or ranges changed,
    for the functions are of the same kind. None if the factors are not the same.
    """
    if [f.coordinates for f in old.factors] != [f.coordinates for f in new.factors]:
        return None
    c = renumbered(pairs.coefficients, old, new)
    norms = c.norm(dim=1, keepdim=True)
    return c / norms if bool((norms > 0.1).all()) else None


def renumbered(coefficients: Tensor, old: GridBasis, new: GridBasis) -> Tensor:
    """Coefficients by the products of another basis, (S, N); products it lacks are left out."""
    places = unraveled(old.numbers, old.shape)
    there = torch.stack([i < n for i, n in zip(places, new.shape, strict=True)]).all(0)
    numbers = torch.zeros(int(there.sum()), dtype=torch.long)
    for i, n in zip(places, new.shape, strict=True):
        numbers = numbers * n + i[there]
    targets = torch.searchsorted(new.numbers, numbers).clamp(max=new.size - 1)
    kept = new.numbers[targets] == numbers
    result = coefficients.new_zeros(len(coefficients), new.size)
    result[:, targets[kept]] = coefficients[:, there.nonzero().flatten()[kept]]
    return result

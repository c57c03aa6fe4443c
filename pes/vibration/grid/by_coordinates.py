"""Coefficients by the functions of some coordinates, the products of the others side by side."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import unraveled
from pes.vibration.grid.grid_basis import GridBasis

__all__ = ["by_coordinates"]


def by_coordinates(basis: GridBasis, coefficients: Tensor, coordinates: Sequence[int]) -> Tensor:
    """Coefficients (S, N) as (S, n_j, …, R): R products of the other coordinates that occur.

    All products of nine coordinates, most of which are not kept, would be gigabytes.

    Args:
        basis: N products.
        coefficients: coefficients of these products.
        coordinates: coordinates whose functions are distinguished.
    """
    if len(basis.factors) < len(basis.bases):  # groups of coordinates
        axes = [1 + k for k in coordinates]
        whole = basis.unpruned(coefficients).movedim(axes, list(range(1, len(axes) + 1)))
        return whole.flatten(len(axes) + 1)
    places = unraveled(basis.numbers, basis.shape)
    rest = torch.zeros_like(basis.numbers)
    for k, (place, size) in enumerate(zip(places, basis.shape, strict=True)):
        rest = rest if k in coordinates else rest * size + place
    kinds, column = rest.unique(return_inverse=True)
    sizes = [basis.shape[k] for k in coordinates]
    table = coefficients.new_zeros(len(coefficients), *sizes, len(kinds))
    table[:, *(places[k] for k in coordinates), column] = coefficients
    return table

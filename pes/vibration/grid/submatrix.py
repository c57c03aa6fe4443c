"""Elements of a quadratic form between chosen products, the factors in any order."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import Branch, tree, unraveled
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.grid.matrix import matrix

__all__ = ["elements", "ordered_tree"]


def elements(
    basis: GridBasis,
    fields: Iterable[tuple[tuple[int, int], Tensor]],
    rows: Tensor,
    columns: Tensor | None = None,
    *,
    order: Sequence[int],
) -> Tensor:
    """∫ Σ_kl F_kl (∂_kφ_a)(∂_lφ_b), (rows, columns).

    Args:
        basis: functions.
        fields: F_kl on its grid by k and l, one after the other.
        rows: places among the products kept.
        columns: likewise; the rows, by default, and half the work.
        order: order of the factors; see `GridBasis.cheapest`.
    """
    ordered, strips = basis.laid_out(fields, order)
    factors = [basis.factors[i] for i in order]
    left, first = ordered_tree(basis, rows, order)
    if columns is None:
        return matrix(ordered, factors, strips, left)[first[:, None], first]
    right, second = ordered_tree(basis, columns, order)
    return matrix(ordered, factors, strips, left, right)[first[:, None], second]


def ordered_tree(
    basis: GridBasis, products: Tensor, order: Sequence[int]
) -> tuple[list[list[Branch]], Tensor]:
    """Branches of the products, factors in an order, and the place of each among the leaves."""
    places = unraveled(basis.numbers[products.cpu()], basis.shape)
    numbers = torch.zeros(len(products), dtype=torch.long)
    for i in order:
        numbers = numbers * basis.shape[i] + places[i]
    ascending, sorting = numbers.sort()
    branches = tree([basis.shape[i] for i in order], ascending, device=basis.device)
    return branches, sorting.argsort().to(basis.device)

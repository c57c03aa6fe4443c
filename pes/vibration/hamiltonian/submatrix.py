"""Elements of H between chosen products, the factors taken in whatever order is cheapest."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import tree
from pes.vibration.hamiltonian.matrix import Fields, matrix
from pes.vibration.hamiltonian.operator import Hamiltonian

__all__ = ["elements"]


def elements(
    hamiltonian: Hamiltonian,
    rows: Tensor,
    columns: Tensor | None = None,
    *,
    order: Sequence[int],
) -> Tensor:
    """⟨a|H|b⟩, (rows, columns).

    Args:
        hamiltonian: V, G and functions.
        rows: places among the products kept.
        columns: likewise; the rows, by default, and half the work.
        order: of the factors. Cost is that of the beginnings of products, in this order, that
            rows and columns have: what tells them apart should come first.
    """
    fields = _in_order(hamiltonian, order)
    factors = [hamiltonian.factors[i] for i in order]
    left, first = _tree(hamiltonian, rows, order)
    if columns is None:
        return matrix(fields, factors, left)[first][:, first]
    right, second = _tree(hamiltonian, columns, order)
    return matrix(fields, factors, left, right)[first][:, second]


def _in_order(h: Hamiltonian, order: Sequence[int]) -> Fields:
    """Fields on the grid whose axes have the order of the factors."""
    wanted = [h.order.index(k) for i in order for k in h.factors[i].coordinates]
    shape = [h.grid_shape[k] for k in h.order]
    return {
        pair: field.reshape(shape).permute(wanted).flatten() for pair, field in h.fields.items()
    }


def _tree(h: Hamiltonian, products: Tensor, order: Sequence[int]) -> tuple[list, Tensor]:
    """Branches of the products, and where each of them stands among the leaves."""
    places = torch.unravel_index(h.numbers[products.cpu()], h.shape)
    numbers = torch.zeros(len(products), dtype=torch.long)
    for i in order:
        numbers = numbers * h.shape[i] + places[i]
    ascending, sorting = numbers.sort()
    device = h.potential.device
    branches = tree([h.shape[i] for i in order], ascending, device=device)
    return branches, sorting.argsort().to(device)

"""Elements between chosen products against the whole matrix."""

from itertools import permutations

import pytest
import torch
from oscillator_products import mixed_pair, noise, oscillators

from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.grid.submatrix import elements

BASES = oscillators()
GROUP = mixed_pair(6)
EVERY = {
    "all products": ProductBasis(BASES),
    "some products": ProductBasis(BASES, kept=torch.arange(0, 24, 2)),
    "a group": ProductBasis(BASES, groups=(GROUP,)),
}


@pytest.mark.parametrize("basis", EVERY.values(), ids=EVERY)
def test_elements_in_any_order(basis: ProductBasis) -> None:
    fields = {(-1, -1): noise(120), (-1, 1): noise(120, seed=2), (0, 2): noise(120, seed=3)}
    generator = torch.Generator().manual_seed(4)
    rows, columns = (torch.randperm(basis.size, generator=generator)[:n] for n in (9, 7))
    whole = basis.matrix(fields)
    for order in permutations(range(len(basis.factors))):
        # Rounding of sums of some hundred numbers of size one.
        part = elements(basis, fields.items(), rows, columns, order=order)
        torch.testing.assert_close(part, whole[rows][:, columns], rtol=0, atol=1e-11)
        part = elements(basis, fields.items(), rows, order=order)
        torch.testing.assert_close(part, whole[rows][:, rows], rtol=0, atol=1e-11)

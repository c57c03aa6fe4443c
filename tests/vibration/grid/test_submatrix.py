"""Elements between chosen products against the whole matrix."""

from itertools import permutations

import pytest
import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.factor import Group
from pes.vibration.basis.primitives import PRIMITIVES
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.grid.submatrix import elements


def oscillator(functions: int, points: int) -> Basis:
    p = PRIMITIVES["sinc"](-7.5, 7.5, 50)
    one = torch.ones(()).double()
    return contract(p, p.points**2 / 2, one, functions, points=points, range=(-7.5, 7.5))


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


BASES = (oscillator(3, 5), oscillator(4, 6), oscillator(2, 4))
GROUP = Group((0, 2), torch.linalg.qr(noise(6, 6))[0], torch.arange(6).double())
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

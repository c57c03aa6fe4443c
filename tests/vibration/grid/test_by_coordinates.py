"""Coefficients by coordinates against the array of all products."""

import torch

from pes.vibration import BasisSpec, SparseGrid, model
from pes.vibration.basis.truncation import GroupSize, Truncation
from pes.vibration.grid.by_coordinates import by_coordinates
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.build import build_hamiltonian


def product(truncation: Truncation) -> ProductBasis:
    system = model(lambda q: q.square().sum(1) / 2, torch.eye(3).double())
    line = BasisSpec("hermite", -6.0, 6.0, 5, points=7, primitives=20)
    reference = torch.zeros(3, dtype=torch.float64)
    basis = build_hamiltonian(
        system, [line] * 3, reference, ceiling=1e3, truncation=truncation
    ).basis
    assert isinstance(basis, ProductBasis)
    return basis


def test_densities_of_all_products() -> None:
    bases: list[GridBasis] = [
        SparseGrid(("q1", "q2", "q3"), 4, 6).basis(torch.ones(3)),
        product(Truncation(4)),
        product(Truncation(groups=(GroupSize((0, 2), functions=6),))),
    ]
    generator = torch.Generator().manual_seed(1)
    for basis in bases:
        c = torch.randn(2, basis.size, generator=generator, dtype=torch.float64)
        whole = basis.unpruned(c)
        one = by_coordinates(basis, c, [1])
        torch.testing.assert_close(one @ one.mT, torch.einsum("sabc,sadc->sbd", whole, whole))
        two = by_coordinates(basis, c, [2, 0])
        expected = torch.einsum("sabc,sdbe->scaed", whole, whole)
        torch.testing.assert_close(torch.einsum("scab,sedb->scaed", two, two), expected)

"""Matrices that several calculations on one grid share are those that each would compute."""

from dataclasses import replace

import pytest
import torch

from pes.vibration.eigensolvers.blockwise import all_blocks
from pes.vibration.eigensolvers.shared_elements import with_elements
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.hamiltonian.sparse import SparseGrid, coarser, sparse_hamiltonian
from pes.vibration.system.system import model

GRID = SparseGrid(("a", "b", "c"), 4, 8)


@pytest.fixture(scope="module")
def hamiltonian() -> Hamiltonian:
    """A bend in two coordinates that stretches a spring."""
    frequencies = torch.tensor([1.0, 1.0, 1.7], dtype=torch.float64)

    def potential(q: torch.Tensor) -> torch.Tensor:
        return (frequencies * q.square()).sum(1) / 2 + 0.1 * q[:, 2] * q[:, :2].square().sum(1)

    system = replace(model(potential, torch.diag(frequencies)), bends=((0, 1),))
    return sparse_hamiltonian(system, GRID)


@pytest.mark.parametrize("momentum", [0, 1])
def test_fewer_functions_find_theirs(hamiltonian: Hamiltonian, momentum: int) -> None:
    turning = replace(hamiltonian, momentum=momentum)
    known = with_elements(turning, 3)
    assert known.elements is not None
    assert known.elements.matrices
    energies = turning.zero_order_energies
    low = (energies < energies.min() + 3.5).nonzero().flatten()
    for less in (known.only(low), coarser(known, replace(GRID, quanta=3))):
        alone = replace(less, elements=None)
        for one, other in zip(all_blocks(less), all_blocks(alone), strict=True):
            # Rounding; the grid is far finer than four quanta of this surface need.
            torch.testing.assert_close(one.dense(), other.dense(), rtol=0, atol=1e-11)


def test_functions_that_are_not_among_them(hamiltonian: Hamiltonian) -> None:
    """Elements between functions of another momentum or of a larger basis are computed."""
    known = with_elements(replace(hamiltonian, momentum=1), 3)
    assert known.elements is not None
    even = (known.basis.quanta(torch.arange(known.size)).sum(1) == 0).nonzero().flatten()
    assert known.elements.among(known.basis.numbers[even], known.basis.shape) is None
    torch.testing.assert_close(known.submatrix(even), hamiltonian.submatrix(even))
    fewer = coarser(known, GRID.larger(level=-2))
    assert fewer.elements is None

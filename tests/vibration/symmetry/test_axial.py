"""Functions without angular momentum against its operator, and levels against closed forms."""

import pytest
import torch

from pes.vibration import SparseGrid, vibrational_levels
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.hamiltonian.sparse import sparse_hamiltonian
from pes.vibration.symmetry.axial import axial_blocks
from pes.vibration.symmetry.axial_functions import axial_functions
from pes.vibration.system.system import System

BENDS = ((0, 1), (3, 4))
STRETCH, ONE, OTHER, COUPLING = 1.7, 1.0, 1.3, 0.15


def model() -> System:
    """Two bends coupled as q·q′ and a stretch, with the exact levels of `exact`."""
    w = torch.tensor([ONE, ONE, STRETCH, OTHER, OTHER]).double()

    def potential(q: torch.Tensor) -> torch.Tensor:
        across = q[:, 0] * q[:, 3] + q[:, 1] * q[:, 4]
        return (w * q.square()).sum(1) / 2 + COUPLING * across

    def kinetic(q: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.diag(w).expand(len(q), 5, 5), torch.zeros_like(q)

    return System(potential, kinetic, bends=BENDS)


def exact(energy: float) -> list[float]:
    """Levels of l = 0 above the ground state: two bends of n and m quanta have min(n, m) + 1 of
    them where n + m is even."""
    force = torch.tensor([[ONE, COUPLING], [COUPLING, OTHER]]).double()
    roots = torch.tensor([ONE, OTHER]).double().sqrt()
    a, b = torch.linalg.eigvalsh(force * roots[:, None] * roots).sqrt().tolist()
    return sorted(
        e
        for n in range(8) for m in range(8) for s in range(8) for _ in range(min(n, m) + 1)
        if (n + m) % 2 == 0 and (e := a * n + b * m + STRETCH * s) < energy
    )  # fmt: skip


@pytest.fixture(scope="module")
def hamiltonian() -> Hamiltonian:
    return sparse_hamiltonian(model(), SparseGrid(("a", "b", "s", "c", "d"), 6, 8))


def angular_momentum(hamiltonian: Hamiltonian) -> torch.Tensor:
    """The real matrix of Σ q_x ∂_y − q_y ∂_x in the products."""
    basis = hamiltonian.basis
    quanta = basis.quanta(torch.arange(basis.size)).tolist()
    places = {tuple(row): n for n, row in enumerate(quanta)}
    matrix = torch.zeros(basis.size, basis.size, dtype=torch.float64)
    for n, row in enumerate(quanta):
        for x, y in BENDS:
            for up, down, sign in ((x, y, 1.0), (y, x, -1.0)):
                if row[down]:
                    moved = list(row)
                    moved[up], moved[down] = row[up] + 1, row[down] - 1
                    size = ((row[up] + 1) * row[down]) ** 0.5
                    matrix[places[tuple(moved)], n] += sign * size
    return matrix


def test_functions_are_all_those_without_angular_momentum(hamiltonian: Hamiltonian) -> None:
    functions = axial_functions(hamiltonian.basis, BENDS)
    columns = functions.columns.to_dense()
    torch.testing.assert_close(
        columns.mT @ columns, torch.eye(columns.shape[1]).double(), rtol=0, atol=1e-13
    )
    momentum = angular_momentum(hamiltonian)
    assert float((momentum @ columns).abs().max()) < 1e-12
    # Its null space has no other dimension.
    nothing = torch.linalg.eigvalsh(momentum.mT @ momentum) < 1e-9
    assert int(nothing.sum()) == columns.shape[1]


def test_matrix_of_a_block_is_that_of_its_products(hamiltonian: Hamiltonian) -> None:
    for block in axial_blocks(hamiltonian):
        products = block.apply(torch.eye(block.size, dtype=torch.float64))
        torch.testing.assert_close(block.dense(), products, rtol=0, atol=1e-12)
        few = torch.tensor([0, 3, 4])
        torch.testing.assert_close(block.submatrix(few), products[few][:, few], rtol=0, atol=1e-12)


def test_coupled_bends_have_their_exact_levels() -> None:
    grid = SparseGrid(("a", "b", "s", "c", "d"), 8, 10)
    found = vibrational_levels(model(), grid, 9, convergence=False)
    # Functions of the uncoupled bends: what eight quanta leave out, 0.11 less with two more.
    assert found.excitations.tolist() == pytest.approx(exact(6.0)[:9], abs=1e-4)
    # V is even in the stretch, as it is in that of a molecule with a centre.
    assert {"Σg+", "Σg-", "Σu+", "Σu-"} >= set(found.eigenpairs.symmetry)


def test_both_coordinates_of_a_bend_take_the_same_limit() -> None:
    grid = SparseGrid(("a", "b", "s", "c", "d"), 4, 8, (1.0, 2.0, 1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="equal `weights`"):
        vibrational_levels(model(), grid, 3, symmetry=False, convergence=False)


def test_more_levels_than_functions_are_refused() -> None:
    with pytest.raises(ValueError, match="functions of l = 0"):
        vibrational_levels(model(), SparseGrid(("a", "b", "s", "c", "d"), 1, 3), 6)

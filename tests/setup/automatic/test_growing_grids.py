"""Grids that grow: product grids for four atoms, sparse ones beyond."""

import torch

from pes.setup.automatic.growing_grids import ProductGrid, SparsePoints, first_grid, memory
from pes.setup.speed import Speed
from pes.vibration.eigensolvers.select import DENSE_LIMIT
from pes.vibration.grid.sparse_basis import SparseBasis
from pes.vibration.hamiltonian.sparse import SparseGrid

ENDS = ((-8.0, 8.0),)
SPEED = Speed(1e-6, 1e-5, 1e-10)


def names(modes: int) -> tuple[str, ...]:
    return tuple(f"q{k + 1}" for k in range(modes))


def test_four_atoms_stand_on_a_product_and_more_on_a_sparse_grid() -> None:
    four, five = (first_grid(names(n), ENDS * n, 200) for n in (6, 9))
    assert isinstance(four, ProductGrid)
    assert isinstance(five, SparsePoints)
    # Products of six and of nine coordinates with up to four quanta: binomial coefficients.
    assert (four.functions, five.functions) == (210, 715)


def test_enough_functions_for_the_levels() -> None:
    assert first_grid(names(9), ENDS * 9, 716).functions == 5005


def test_sizes_are_those_of_the_bases() -> None:
    grid = ProductGrid(names(3), ENDS * 3, 8.0)
    assert [b.functions for b in grid.bases] == [7, 7, 7]
    assert grid.points == 9**3
    sparse = SparsePoints(SparseGrid(names(3), 6, 8))
    basis = sparse.grid.basis(torch.ones(3))
    assert isinstance(basis, SparseBasis)
    assert (sparse.functions, sparse.points) == (basis.size, len(basis.points))


def test_everything_grows_with_the_quanta() -> None:
    for grid in (ProductGrid(names(4), ENDS * 4, 6.0), SparsePoints(SparseGrid(names(7), 4, 6))):
        larger = grid.grown(2.0)
        assert larger.quanta == grid.quanta + 2
        for here, there in (
            (grid.functions, larger.functions), (grid.points, larger.points),
            (grid.seconds(SPEED, 20, 2), larger.seconds(SPEED, 20, 2)),
            (memory(grid, 20), memory(larger, 20)),
        ):  # fmt: skip
            assert here < there


def test_memory_of_a_matrix_counts_where_one_is_made() -> None:
    """Of one block of two, not of both; blocks of thousands are solved by products H·v alone."""
    small, large = (ProductGrid(names(6), ENDS * 6, quanta) for quanta in (6.0, 12.0))
    assert memory(small, 20, 2) < memory(small, 20, 1)
    assert large.functions // 2 > DENSE_LIMIT
    assert memory(large, 20, 2) == memory(large, 20, 1)

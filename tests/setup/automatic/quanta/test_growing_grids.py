"""Grids that grow: sparse ones, and product grids in place of these for four atoms."""

import torch

from pes.setup.automatic.quanta.growing_grids import ProductGrid, SparsePoints, first_grids
from pes.setup.automatic.request import Target
from pes.setup.machine.speed import Speed
from pes.vibration.eigensolvers.select import DENSE_LIMIT
from pes.vibration.grid.sparse_basis import SparseBasis
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.system.system import model

ENDS = ((-8.0, 8.0),)
SPEED = Speed(1e-6, 1e-5, 1e-10)


def names(modes: int) -> tuple[str, ...]:
    return tuple(f"q{k + 1}" for k in range(modes))


def test_a_product_grid_may_take_the_place_of_a_sparse_one_for_four_atoms_alone() -> None:
    (four, instead), (five, none) = (first_grids(names(n), ENDS * n) for n in (6, 9))
    assert isinstance(instead, ProductGrid)
    assert none is None
    # Products of six and of nine coordinates with up to two quanta: binomial coefficients.
    assert (four.functions, instead.functions, five.functions) == (28, 28, 55)


def test_oscillators_on_a_line_stand_on_a_sparse_grid_alone() -> None:
    assert first_grids(names(4), ENDS * 4, linear=True)[1] is None


def test_only_points_of_a_sparse_grid_are_checked() -> None:
    """The points of a product grid end with the ranges and need no check."""
    seen: list[SparseGrid] = []
    sparse, instead = first_grids(names(4), ENDS * 4, check=seen.append)
    squares = model(lambda q: q.square().sum(1) / 2, torch.eye(4).double())
    asked = Target(
        squares, ("normal",) * 4, names(4), torch.zeros(1, 4).double(), ENDS * 4, 1e-6, count=1
    )  # fmt: skip
    grown = sparse.adapted(squares).grown(1.0)
    for grid in (grown, instead):
        assert grid is not None
        grid.hamiltonian(asked)
    assert seen == [grown.grid]


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
            (grid.memory(20), larger.memory(20)),
        ):  # fmt: skip
            assert here < there


def test_memory_of_a_matrix_counts_where_one_is_made() -> None:
    """Of one block of two, not of both; blocks of thousands are solved by products H·v alone."""
    small, large = (ProductGrid(names(6), ENDS * 6, quanta) for quanta in (6.0, 12.0))
    assert small.memory(20, 2) < small.memory(20, 1)
    assert large.functions // 2 > DENSE_LIMIT
    assert large.memory(20, 2) == large.memory(20, 1)

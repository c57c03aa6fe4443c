"""Changes by products that are left out, against those of larger matrices."""

import pytest
import torch
from torch import Tensor

from pes.setup.automatic.quanta.growing_grids import ProductGrid, SparsePoints
from pes.setup.automatic.request import Target
from pes.setup.levels.levels import levels
from pes.setup.problem.truncation import TruncationRequest
from pes.units import CM1
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.levels.left_out import expected_changes, still_to_come, with_second_step
from pes.vibration.levels.matching import matching
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import model

RANGES = ((-7.0, 7.0),) * 3
COUNT = 6


def potential(q: Tensor) -> Tensor:
    """Two soft modes and a stiff one, coupled by cubic terms."""
    w = torch.tensor([900.0, 1100, 3100], dtype=torch.float64) * CM1
    a, b, c = q.unbind(1)
    coupled = 80 * a**2 * b + 120 * b**2 * c + 150 * a * b * c + 15 * (a**4 + b**4 + c**4)
    return (w * q.square()).sum(1) / 2 + coupled * CM1


@pytest.fixture(scope="module")
def target() -> Target:
    w = torch.tensor([900.0, 1100, 3100], dtype=torch.float64) * CM1
    names = ("q1", "q2", "q3")
    start = torch.zeros(1, 3, dtype=torch.float64)
    system = model(potential, torch.diag(w))
    return Target(system, ("normal",) * 3, names, start, RANGES, 0.05 * CM1, count=COUNT)


def solved(h: Hamiltonian) -> Eigenpairs:
    energies, vectors = torch.linalg.eigh(h.dense())
    return Eigenpairs(energies[:COUNT], vectors.T[:COUNT], torch.zeros(COUNT).double(), 0, "dense")


def test_second_order_is_what_larger_matrices_give(target: Target) -> None:
    """By two quanta and by four, of every level; higher orders are less than a tenth of it."""
    grid = ProductGrid(target.names, RANGES, 4.0)
    h, _ = grid.hamiltonian(target)
    pairs, larger = solved(h), [grid.more(h, 2.0), grid.more(h, 4.0)]
    expected = expected_changes(h, larger, pairs) / CM1
    for one, changes in zip(larger, expected, strict=True):
        true = solved(one).energies - pairs.energies
        true[1:] -= true[:1].clone()
        assert changes.tolist() == pytest.approx((true / CM1).tolist(), rel=0.1)
    # Of levels far from the first quanta left out, and of those next to them.
    assert 0.001 < float(expected.abs().min()) < 0.01 < 1 < float(expected.abs().max())


def test_on_the_points_of_a_sparse_grid_one_step_is_known(target: Target) -> None:
    """By two quanta, against the next grid, whose points are others too; no more than that."""
    grid = SparsePoints(SparseGrid(target.names, 6, 8))
    h, _ = grid.hamiltonian(target)
    finer, _ = grid.grown(2.0).hamiltonian(target)
    pairs, larger = solved(h), grid.more(h, 2.0)
    assert larger is not None
    assert larger.size == finer.size
    assert grid.more(h, 4.0) is None
    (near,) = expected_changes(h, [larger], pairs) / CM1
    true = (solved(finer).energies - pairs.energies) / CM1
    true[1:] -= true[:1].clone()
    # Squares of elements that these points do not quite integrate add a fifth.
    assert near.tolist() == pytest.approx(true.tolist(), rel=0.25)
    assert float(true.abs().max()) > 0.1


def test_a_second_step_that_is_not_known_falls_from_the_first() -> None:
    """By thirty, by two, and of a level that was not there before."""
    near = torch.tensor([-0.1, -5.0, 0.2])
    moved = torch.tensor([3.0, 10.0, torch.inf])
    first, both = with_second_step(near, moved)
    assert torch.equal(first, near)
    # All count as falling no faster than the largest does: 5 of 10.
    assert both.tolist() == pytest.approx([-0.2, -10.0, 0.4])
    (_, alone) = with_second_step(near[:1], moved[:1])
    # A fifth at least.
    assert alone.tolist() == pytest.approx([-0.12])


def test_what_is_to_come_holds_a_step_more_and_surprises() -> None:
    expected = torch.tensor([[-1.0, 0.0, 0.2], [-1.5, -0.5, -0.2]])
    left = still_to_come(expected, torch.tensor([0.0, 0.1, torch.inf]))
    assert left.tolist() == pytest.approx([2.2, 1.2, torch.inf])


def test_a_change_that_cancels_counts_as_half_of_a_neighbours() -> None:
    expected = torch.tensor([[0.0, 0.0, 0.0, -1.0, 0.0]]).expand(2, 5)
    left = still_to_come(expected, torch.zeros(5))
    assert left.tolist() == pytest.approx([0.55, 0.55, 0.55, 1.1, 0.55])
    far = still_to_come(torch.tensor([[0.0, 0.0, 0.0, 0.0, -1.0]]).expand(2, 5), torch.zeros(5))
    assert far.tolist() == pytest.approx([0.0, 0.55, 0.55, 0.55, 1.1])


@pytest.mark.parametrize(
    ("surface", "quanta", "count"),
    [
        ("carbon_dioxide_model", 1, 3), ("carbon_dioxide_model", 2, 4),
        ("carbon_dioxide_model", 3, 3), ("water_pjt1996", 1, 4), ("water_pjt1996", 2, 5),
        ("water_pjt1996", 3, 8), ("hydrogen_cyanide_model", 3, 4),
    ],
)  # fmt: skip
def test_estimates_of_very_few_quanta_cover_the_error(
    surface: str, quanta: int, count: int
) -> None:
    """Errors of ground state and levels cancel between small calculations, not in second order."""

    def few(quanta: int, count: int, convergence: bool) -> Levels:
        limits = TruncationRequest(quanta=quanta, grid_level=quanta + 2)
        return levels(
            surface, coordinates="bond_vectors", count=count, truncation=limits,
            convergence=convergence,
        ).levels  # fmt: skip

    small, large = few(quanta, count, True), few(9, 2 * count + 4, False)
    error = matching(
        (small.hamiltonian, small.eigenpairs), (large.hamiltonian, large.eigenpairs), count
    ).changes
    assert error[1:].max() > CM1 / 10
    # The reference is good to 0.1 cm⁻¹ for what has a finite estimate here.
    assert (error <= small.convergence + 0.1 * CM1).all()

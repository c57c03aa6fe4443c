import pytest
import torch

from pes.geometry import distances
from pes.potential.holes.coverage import Coverage, thinned

WATER = ("O", "H", "H")
START = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)


def waters(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return START + 0.2 * torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)


def test_zero_on_a_training_point_and_on_its_copies() -> None:
    x = waters(50)
    coverage = Coverage(WATER, x)
    assert coverage(x).max() == 0
    # The copy sums its pairs in another order.
    assert coverage(x[:, [0, 2, 1]]).max() < 1e-12


def test_far_geometries_are_far() -> None:
    coverage = Coverage(WATER, waters(200))
    assert coverage(START[None]).item() < 1
    assert coverage(0.5 * START[None]).item() > 2


def test_the_loneliest_training_point_would_be_at_one() -> None:
    x = waters(30)
    coverage = Coverage(WATER, x)
    gaps = torch.cdist(coverage.inputs, coverage.inputs).fill_diagonal_(torch.inf).min(0).values
    torch.testing.assert_close(gaps.max(), coverage.spacing)


def test_an_isolated_point_does_not_make_all_geometries_near() -> None:
    x = waters(200)
    coverage = Coverage(WATER, x)
    other = Coverage(WATER, torch.cat((x, 3 * START[None])))
    # Means and deviations of the invariants change with the point, by less than this.
    assert other(0.5 * START[None]).item() == pytest.approx(
        coverage(0.5 * START[None]).item(), rel=0.5
    )
    assert other(0.5 * START[None]).item() > 1
    assert other(3 * START[None]).item() == 0


def test_needs_points_that_differ() -> None:
    with pytest.raises(ValueError, match="two training points, got 1"):
        Coverage(WATER, waters(1))
    with pytest.raises(ValueError, match="points that differ"):
        Coverage(WATER, waters(1).expand(3, 3, 3))


def test_thinned_keeps_the_ranges() -> None:
    x = torch.randn(500, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    energies = x[:, 0, 0]
    kept = thinned(x, energies, most=40)
    assert 40 <= len(kept) <= 40 + 6
    for reduce in (torch.amin, torch.amax):
        assert torch.equal(reduce(distances(kept), 0), reduce(distances(x), 0))
        assert reduce(kept[:, 0, 0], 0) == reduce(energies, 0)
    assert thinned(x, energies) is x

import torch

from pes.potential.holes.coverage import Coverage
from pes.potential.holes.proposals import proposals

WATER = ("O", "H", "H")
START = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)


def waters(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return START + 0.2 * torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)


def test_largest_spread_times_distance_comes_first_and_nothing_comes_twice() -> None:
    train, x = waters(40, 0), waters(200, 1)
    coverage = Coverage(WATER, train)
    spread = torch.rand(200, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    rows = proposals(coverage, x, spread, 30)
    assert rows[0] == int((spread * coverage(x).clamp(max=1)).argmax())
    assert len(set(rows)) == 30
    assert rows[:10] == proposals(coverage, x, spread, 10)


def test_chosen_points_keep_apart() -> None:
    train, x = waters(40, 0), waters(400, 1)
    coverage = Coverage(WATER, train)
    even = torch.ones(400, dtype=torch.float64)
    rows = proposals(coverage, x, even, 20)

    def closest(points: torch.Tensor) -> float:
        apart = torch.cdist(coverage.invariants(points), coverage.invariants(points))
        return float(apart.fill_diagonal_(torch.inf).min())

    assert closest(x[rows]) > 2 * closest(x[:20])


def test_training_points_copies_and_sure_places_are_never_proposed() -> None:
    train = waters(40, 0)
    coverage = Coverage(WATER, train)
    new = waters(3, 1)
    x = torch.cat((train, new, new[:1]))
    spread = torch.ones(len(x), dtype=torch.float64)
    spread[41] = 0
    assert set(proposals(coverage, x, spread, 10)) <= {40, 42, 43}
    assert len(proposals(coverage, x, spread, 10)) == 2

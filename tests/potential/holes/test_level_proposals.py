"""Points for the error bars of levels, on a grid of two-atom geometries."""

import pytest
import torch
from torch import Tensor

from pes.potential.holes import level_proposals as module
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.level_proposals import level_proposals


def geometries(*lengths: float) -> Tensor:
    x = torch.zeros(len(lengths), 2, 3, dtype=torch.float64)
    x[:, 1, 0] = torch.tensor(lengths)
    return x


GRID = geometries(*torch.linspace(1.0, 3.0, 21).tolist())
COVERAGE = Coverage(("H", "H"), geometries(1.0, 1.5, 2.0, 2.5, 3.0))


def weights(*rows: int) -> Tensor:
    """Densities of levels that live at one point each."""
    return torch.eye(21, dtype=torch.float64)[list(rows)]


def independent(spread: Tensor) -> Tensor:
    """Members (M, P) that differ by `spread`, at each point independently of the others."""
    signs = torch.linalg.qr(torch.randn(64, 21, dtype=torch.float64))[0]
    d = signs - signs.mean(0)
    return d * spread / d.std(0)


def test_points_where_the_levels_live_and_the_members_differ() -> None:
    spread = torch.full((21,), 1.0, dtype=torch.float64)
    spread[3], spread[8], spread[20] = 2.0, 3.0, 100.0
    # Nobody lives at 20. Of 3 and 8 the second moves its level more.
    assert level_proposals(COVERAGE, GRID, independent(spread), weights(3, 8), 2) == [8, 3]


def test_what_a_label_already_tells_is_not_asked_again() -> None:
    # Two members: they differ along one function, and one label settles it.
    d = torch.stack((torch.ones(21, dtype=torch.float64), -torch.ones(21, dtype=torch.float64)))
    assert len(level_proposals(COVERAGE, GRID, d, weights(3, 8), 5, reach=1e6)) == 1
    # What happens far away is not known from it, for errors go together over a distance only.
    far = level_proposals(COVERAGE, GRID, d, weights(0, 20), 2, reach=0.1)
    assert sorted(far) == [0, 20]


def test_the_sum_of_squares_falls_by_what_was_promised() -> None:
    torch.manual_seed(3)
    d = torch.randn(40, 21, dtype=torch.float64)
    d = d - d.mean(0)
    w = torch.rand(4, 21, dtype=torch.float64)
    covariance = d.T @ d / 39

    def bars_after(rows: list[int]) -> float:
        """Sum of the squared bars by the conditional covariance of a normal distribution."""
        a, b = covariance[:, rows], covariance[rows][:, rows]
        return float((w @ (covariance - a @ torch.linalg.solve(b, a.T)) @ w.T).trace())

    # The first point is the best of all single ones, the second the best beside it.
    first, second = level_proposals(COVERAGE, GRID, d, w, 2, reach=1e6)
    assert first == min(range(21), key=lambda row: bars_after([row]))
    others = [row for row in range(21) if row != first]
    assert second == min(others, key=lambda row: bars_after([first, row]))


def test_sums_over_large_grids_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    monkeypatch.setattr(module, "DRAWS", 2000)
    p = torch.rand(5000, dtype=torch.float64)
    f = torch.rand(5000, dtype=torch.float64)
    rows, times = module._drawn(p, 0)
    # A sample of 2000 of a mean of numbers between 0 and 1: 0.29/sqrt(2000) = 0.7 %.
    assert float((p * f)[rows] @ times) == pytest.approx(float(p @ f), rel=0.03)
    assert len(rows) < 2000
    empty = torch.zeros(5000, dtype=torch.float64)
    empty[7] = 1
    assert module._drawn(empty, 0)[0].tolist() == [7]

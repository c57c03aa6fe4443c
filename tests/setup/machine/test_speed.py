"""Speed of the parts of a calculation, and the time that it says."""

from time import process_time

import pytest
import torch
from torch import Tensor

from pes.setup.machine.speed import Speed, iterations_left, measured_speed
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.system.system import model

SPEED = Speed(1e-5, 4e-5, 1e-10)


@pytest.mark.parametrize("each", [1e-3, 2e-5])
def test_a_surface_is_measured(each: float) -> None:
    """A surface that takes a known CPU time, which the clock of the measurement counts too."""

    def busy(q: Tensor) -> Tensor:
        end = process_time() + 5e-3 + each * len(q)
        while process_time() < end:
            pass
        return q.square().sum(1)

    speed = measured_speed(model(busy, torch.eye(2).double()), torch.zeros(2).double())
    assert speed.potential == pytest.approx(each, rel=0.3)
    assert 0 < speed.kinetic < 2e-4
    assert 0 < speed.multiplication < 1e-7


def test_what_points_take_once_is_not_counted_for_each() -> None:
    """A start that takes long, as where the machine is busy, and points that take little."""

    def busy(q: Tensor) -> Tensor:
        end = process_time() + 0.06 + 2e-5 * len(q)
        while process_time() < end:
            pass
        return q.square().sum(1)

    speed = measured_speed(model(busy, torch.eye(2).double()), torch.zeros(2).double())
    # The start alone, shared among 64 points, would be 1e-3.
    assert speed.potential < 2e-4


def test_the_surface_counts_once_for_each_point() -> None:
    """V at every point of a product grid, G at one of each pair that a reflection connects."""
    no_surface = Speed(0.0, 0.0, 1e-10)
    sums = no_surface.on_product_grid(10**6, 500, 2)
    assert SPEED.on_product_grid(10**6, 500, 2) - sums == pytest.approx(10 + 20)
    sums = no_surface.on_sparse_grid(10**6, 10**6, 20, 2)
    assert SPEED.on_sparse_grid(10**6, 10**6, 20, 2) - sums == pytest.approx(5 + 20)


@pytest.mark.parametrize(
    ("converged", "taken", "left"),
    [(0, 1.0, 9.0), (0, 30.0, 30.0), (10, 30.0, 15.0), (20, 30.0, 1.0)],
)
def test_a_forecast_that_was_too_short_never_says_that_nothing_is_left(
    converged: int, taken: float, left: float
) -> None:
    now = Progress(converged, 20, 1e-3, 100, torch.zeros(20, 5))
    assert iterations_left(now, taken, 10.0) == left

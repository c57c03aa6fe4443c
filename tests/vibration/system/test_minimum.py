"""The bottom of the well: found, or the reason why not."""

import pytest
import torch
from torch import Tensor

from pes.vibration.system.minimum import minimum, reach
from pes.vibration.system.system import System, model

BOX = [(-1.0, 3.0), (-2.0, 2.0)]


def system(potential: object) -> System:
    return model(potential, torch.eye(2))  # type: ignore[arg-type]


def bowl(q: Tensor) -> Tensor:
    x, y = q.unbind(-1)
    return 0.3 * (x - 1.2345) ** 2 + 0.1 * (y + 0.5) ** 2 + 0.05 * (x - 1.2345) * (y + 0.5) - 0.7


def double_well(q: Tensor) -> Tensor:
    x, y = q.unbind(-1)
    return (x**2 - 0.49) ** 2 - 0.05 * x + y**2


def test_bottom_of_a_bowl() -> None:
    q, v = minimum(system(bowl), BOX)
    # The search stops at a slope of 1e-9 hartree/bohr; differences of a parabola are exact
    # but for rounding, 1e-16/1e-4.
    torch.testing.assert_close(q, torch.tensor([1.2345, -0.5]).double(), rtol=0, atol=1e-6)
    assert v == pytest.approx(-0.7, abs=1e-12)


@pytest.mark.parametrize(("start", "side"), [(None, 1), ([-0.6, 0.1], -1), ([0.9, 0.1], 1)])
def test_the_lowest_well_or_the_one_nearby(start: list[float] | None, side: int) -> None:
    near = None if start is None else torch.tensor(start, dtype=torch.float64)
    q, _ = minimum(system(double_well), BOX, near=near)
    assert float(q[0].sign()) == side
    # 4x(x² − 0.49) = 0.05 has its roots near ±0.7.
    slope = 4 * q[0] * (q[0] ** 2 - 0.49) - 0.05
    assert abs(float(slope)) < 1e-6


def test_the_edge_is_no_minimum() -> None:
    with pytest.raises(ValueError, match=r"range of coordinate 2 \(.*-2.0000 to 2.0000 a.u."):
        minimum(system(lambda q: q[:, 0] ** 2 + 0.1 * q[:, 1]), BOX)


def test_a_bend_may_be_lowest_where_its_range_ends() -> None:
    """A linear molecule: V = ½k(π − θ)², flat at θ = π by symmetry."""
    box = [(-1.0, 1.0), (1.5, torch.pi)]
    q, v = minimum(system(lambda q: q[:, 0] ** 2 + 0.1 * (torch.pi - q[:, 1]) ** 2), box)
    # The search keeps one difference step (1e-4 of the range) away from the end.
    assert float(q[1]) == pytest.approx(torch.pi, abs=2e-4)
    assert v == pytest.approx(0.0, abs=1e-8)


def test_a_surface_that_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="not a number"):
        minimum(system(lambda q: torch.where(q[:, 0] > 2, torch.nan, bowl(q))), BOX)


def test_a_surface_of_the_wrong_shape() -> None:
    with pytest.raises(ValueError, match="one energy each"):
        minimum(system(lambda q: bowl(q)[:, None]), BOX)


def test_reach_of_an_oscillator() -> None:
    well = system(lambda q: (q[:, 0] - 0.5) ** 2 + 4 * q[:, 1] ** 2)
    bottom = torch.tensor([0.5, 0.0], dtype=torch.float64)
    ranges = reach(well, bottom, [(-9.0, 9.0), (-0.2, 9.0)], 1.0)
    # Sampled at 400 points from the bottom to each limit.
    assert ranges[0] == pytest.approx((-0.5, 1.5), abs=0.03)
    assert ranges[1][0] == -0.2
    assert ranges[1][1] == pytest.approx(0.5, abs=0.03)


def test_a_stiff_bend_has_its_minimum_at_linearity() -> None:
    """The search keeps a step away, where the slope is large; it falls to zero at the end."""
    bend = system(lambda q: 30.0 * (1 + torch.cos(q[:, 0])) + (q[:, 1] - 1.0) ** 2)
    q, v = minimum(bend, [(0.0, torch.pi), (0.5, 2.0)])
    assert q.tolist() == pytest.approx([torch.pi, 1.0], abs=1e-6)
    assert v == pytest.approx(0.0, abs=1e-12)

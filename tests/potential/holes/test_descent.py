import torch
from torch import Tensor

from pes.potential.holes.descent import descended


def everywhere(x: Tensor) -> Tensor:
    return torch.ones(len(x), dtype=torch.bool)


def rosenbrock(x: Tensor) -> tuple[Tensor, Tensor]:
    a, b = x.unbind(-1)
    gradient = torch.stack((-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)), -1)
    return (1 - a) ** 2 + 100 * (b - a**2) ** 2, gradient


def test_many_starts_reach_the_bottom_of_a_curved_valley() -> None:
    start = 2 * torch.rand(30, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ends = descended(rosenbrock, everywhere, start, steps=200)
    # Steps end at 1e-7; the valley is 500 times flatter along than across.
    torch.testing.assert_close(ends, torch.ones_like(ends), rtol=0, atol=1e-4)


def test_stays_inside_and_never_rises() -> None:
    start = torch.tensor([[0.2, 0.3], [0.5, -0.4]], dtype=torch.float64)
    ends = descended(rosenbrock, lambda x: x[:, 0] < 0.6, start)
    assert (ends[:, 0] < 0.6).all()
    assert (rosenbrock(ends)[0] < rosenbrock(start)[0]).all()


def test_what_is_no_number_is_avoided() -> None:
    def cliff(x: Tensor) -> tuple[Tensor, Tensor]:
        value, gradient = x[:, 0].clone(), torch.ones_like(x)
        value[x[:, 0] < -1] = torch.nan
        return value, gradient

    (end,) = descended(cliff, everywhere, torch.zeros(1, 1, dtype=torch.float64))
    # The last accepted step before the edge; backtracking finds it as closely as it likes.
    assert -1 <= end.item() < -0.999


def test_a_flat_place_is_left_alone() -> None:
    start = torch.rand(3, 2, dtype=torch.float64)
    flat = descended(lambda x: (0 * x[:, 0], torch.zeros_like(x)), everywhere, start)
    assert torch.equal(flat, start)


def test_a_start_without_a_slope_is_left_alone() -> None:
    start = torch.zeros(1, 2, dtype=torch.float64)
    calls = []

    def kink(x: Tensor) -> tuple[Tensor, Tensor]:
        calls.append(len(x))
        return x.norm(dim=-1), x / x.norm(dim=-1, keepdim=True)

    assert torch.equal(descended(kink, everywhere, start), start)
    assert len(calls) == 1

"""Far points must not rule the validation error; without them it is the plain one."""

import pytest
import torch

from pes.training.bounded import bounded_rms, bounded_sum, far_points


def test_normal_errors_count_in_full() -> None:
    errors = torch.randn(2000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert bounded_rms(errors) == pytest.approx(float(errors.square().mean().sqrt()), rel=1e-12)
    assert len(far_points(errors)) == 0


@pytest.mark.parametrize("count", [5, 40, 1000])
def test_one_far_point_counts_as_six_times_the_rest(count: int) -> None:
    errors = torch.ones(count, dtype=torch.float64)
    errors[2] = -1e6
    # s = 1 for all but one, which counts 36.
    expected = ((count - 1 + 36) / count) ** 0.5
    assert bounded_rms(errors) == pytest.approx(expected, rel=1e-12)
    assert far_points(errors).tolist() == [2]


def test_padding_is_no_point() -> None:
    squares = torch.tensor([[1.0, 1, 4, 9, 400, 0, 0]], dtype=torch.float64)
    padded = bounded_sum(squares, torch.tensor([5.0], dtype=torch.float64))
    assert float(padded) == float(bounded_sum(squares[0, :5]))


def test_far_points_come_with_the_largest_first() -> None:
    errors = torch.full((100,), 0.1, dtype=torch.float64)
    errors[7], errors[3] = 5.0, -50.0
    assert far_points(errors).tolist() == [3, 7]


def test_a_single_point_is_its_own_scale() -> None:
    assert bounded_rms(torch.tensor([2.0], dtype=torch.float64)) == 2.0

"""Against fits that really leave a point out."""

import pytest
import torch

from pes.descriptors import Invariants
from pes.potential.analytic import WaterPJT
from pes.potential.leave_one_out import leave_one_out, left_out_errors
from pes.potential.linear_fit import linear_fits


@pytest.mark.parametrize("weighted", [False, True])
def test_each_point_left_out_in_turn(weighted: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(12, 4, generator=generator, dtype=torch.float64)
    values = torch.randn(12, generator=generator, dtype=torch.float64)
    weights = torch.rand(12, generator=generator, dtype=torch.float64) + 0.5
    weights = weights if weighted else torch.ones_like(weights)
    ridges = (0.0, 0.1, 10.0)
    for ridge, (error, coefficients) in zip(
        ridges, leave_one_out(matrix, values, ridges, weights=weights), strict=True
    ):

        def solution(rows: torch.Tensor, ridge: float = ridge) -> torch.Tensor:
            a, w = matrix[rows], weights[rows]
            normal = a.mT @ (w[:, None] * a) + ridge * torch.eye(4, dtype=torch.float64)
            return torch.linalg.solve(normal, a.mT @ (w * values[rows]))

        everything = torch.arange(12)
        # Rounding; the matrix is well conditioned.
        torch.testing.assert_close(coefficients, solution(everything), rtol=1e-10, atol=1e-12)
        squares = [
            float((matrix[k] @ solution(everything[everything != k]) - values[k]) ** 2)
            for k in range(12)
        ]
        assert error == pytest.approx((sum(squares) / 12) ** 0.5, rel=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_errors_of_a_linear_surface_at_points_left_out(weighted: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)
    x = start + 0.15 * torch.randn(40, 3, 3, generator=generator, dtype=torch.float64)
    energies = WaterPJT()(x).detach()
    weights = torch.rand(40, generator=generator, dtype=torch.float64) + 0.5
    weights = weights if weighted else torch.ones_like(weights)
    descriptor, ridges = Invariants(("O", "H", "H"), 3), [0.0, 1e-12]
    fits = linear_fits(descriptor, x, energies, weights=weights)
    errors = left_out_errors(fits, ridges, x, energies, weights=weights)
    assert errors.shape == (40, 2)
    for k in (0, 7, 39):
        rest = torch.arange(40) != k
        again = linear_fits(descriptor, x[rest], energies[rest], weights=weights[rest])
        coefficients, shifts = again.numbers(ridges)
        expected = (shifts + descriptor(x[k : k + 1]) @ coefficients - energies[k])[0]
        # Ridges are relative to a singular value that differs a little without the point.
        torch.testing.assert_close(errors[k], expected, rtol=1e-6, atol=1e-10)

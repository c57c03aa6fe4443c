"""Against fits that really leave a point out."""

import pytest
import torch

from pes.potential.leave_one_out import leave_one_out


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

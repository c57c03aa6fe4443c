from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.training.optimizers.problem import ChunkedLeastSquares, check_finite, symmetric_blocks


def cubic_fit(chunk: int) -> ChunkedLeastSquares:
    """Eleven points with two rows each, three parameters."""
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)

    def residuals(p: Tensor, points: Tensor) -> Tensor:
        t = x[points]
        rows = torch.stack((p[0] * torch.exp(p[1] * t) - t, p[2] * t**2 - p[0]), 1)
        return rows.flatten()

    def jacobian(p: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        return residuals(p, points), torch.func.jacrev(residuals)(p, points)

    return ChunkedLeastSquares(residuals, jacobian, len(x), chunk)


START = torch.tensor([0.5, -0.3, 1.2], dtype=torch.float64)


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_chunks_change_nothing(chunk: int) -> None:
    whole, chunked = cubic_fit(11), cubic_fit(chunk)
    torch.testing.assert_close(chunked.loss(START), whole.loss(START))
    for a, b in zip(chunked.gradient(START), whole.gradient(START), strict=True):
        torch.testing.assert_close(a, b)
    for a, b in zip(chunked.normal_equations(START), whole.normal_equations(START), strict=True):
        torch.testing.assert_close(a, b)


def test_normal_equations_are_those_of_the_jacobian() -> None:
    problem = cubic_fit(4)
    rows, jacobian = problem.jacobian(START, torch.arange(11))
    loss, gradient, matrix = problem.normal_equations(START)
    torch.testing.assert_close(loss, 0.5 * rows @ rows)
    torch.testing.assert_close(gradient, jacobian.mT @ rows)
    torch.testing.assert_close(matrix, jacobian.mT @ jacobian)
    torch.testing.assert_close(problem.gradient(START)[1], gradient)


def test_blocks_of_a_large_matrix() -> None:
    """JᵀJ is put together from three blocks of columns; those above the diagonal are copies."""
    generator = torch.Generator().manual_seed(0)
    j = torch.randn(30, 701, generator=generator, dtype=torch.float64)
    p = torch.zeros(701, dtype=torch.float64)
    problem = ChunkedLeastSquares(
        lambda p, i: j[i] @ p - 1, lambda p, i: (j[i] @ p - 1, j[i]), 30, 8
    )
    matrix = problem.normal_equations(p)[2]
    torch.testing.assert_close(matrix, j.mT @ j)
    # Within a block of the diagonal, the order of the sums is the machine's.
    torch.testing.assert_close(matrix, matrix.mT, rtol=0, atol=1e-12)
    for start, end in symmetric_blocks(701):
        assert torch.equal(matrix[:start, start:end], matrix[start:end, :start].mT)


@pytest.mark.parametrize("chunk", [3, 100])
def test_curvature(chunk: int) -> None:
    """Exact where r is of third order along the direction, whatever the step."""
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)

    def residuals(p: Tensor, points: Tensor) -> Tensor:
        t = x[points]
        return p[0] * p[1] * p[2] * t + p[1] ** 2 - t

    problem = ChunkedLeastSquares(residuals, lambda p, i: (residuals(p, i), p), 11, chunk)
    v = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    every = torch.arange(11)
    j = torch.func.jacrev(residuals)(START, every)
    second = torch.func.jacrev(torch.func.jacrev(residuals))(START, every) @ v @ v
    torch.testing.assert_close(problem.curvature(START, v), j.mT @ second)


def test_what_no_parameter_moves_counts_in_the_loss() -> None:
    plain, fixed = cubic_fit(4), torch.linspace(0, 1, 11, dtype=torch.float64)
    problem = replace(plain, fixed=fixed)
    some = torch.tensor([3, 10])
    torch.testing.assert_close(problem.loss(START), plain.loss(START) + 0.5 * fixed.sum())
    found, gradient = problem.gradient(START, some)
    torch.testing.assert_close(found, plain.gradient(START, some)[0] + 0.5 * fixed[some].sum())
    assert torch.equal(gradient, plain.gradient(START, some)[1])
    assert problem.normal_equations(START)[0] == pytest.approx(float(problem.loss(START)))


def test_gradients_of_batches_add_up() -> None:
    problem, points = cubic_fit(4), torch.randperm(11, generator=torch.Generator().manual_seed(0))
    parts = [problem.gradient(START, part)[1] for part in points.split(5)]
    torch.testing.assert_close(torch.stack(parts).sum(0), problem.gradient(START)[1])


def test_parameters_are_not_touched() -> None:
    parameters = START.clone()
    problem = cubic_fit(4)
    problem.gradient(parameters)
    problem.normal_equations(parameters)
    assert torch.equal(parameters, START)
    assert not parameters.requires_grad


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_loss_that_is_no_number(loss: float) -> None:
    with pytest.raises(FloatingPointError, match=r"loss became (nan|inf); try this"):
        check_finite(loss, "try this")

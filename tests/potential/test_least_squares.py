import pytest
import torch

from pes.potential.least_squares import decomposition, triangular_factor


def least_squares(matrix: torch.Tensor, values: torch.Tensor, ridge: float = 0.0) -> torch.Tensor:
    """Coefficients (F,) in two steps: QR, then the singular values of R."""
    factor = triangular_factor([torch.cat((matrix, values[:, None]), 1)])
    return decomposition(factor[:, :-1], factor[:, -1]).coefficients([ridge])[:, 0]


def test_residual_is_orthogonal_to_the_columns() -> None:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(20, 4, generator=generator, dtype=torch.float64) * torch.tensor([1, 1e6, 1, 1])
    b = torch.randn(20, generator=generator, dtype=torch.float64)
    columns = a / a.norm(dim=0)
    assert (columns.mT @ (b - a @ least_squares(a, b))).abs().max() < 1e-13


def test_ridge_is_the_augmented_system() -> None:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    b = torch.randn(20, generator=generator, dtype=torch.float64)
    lengths = a.norm(dim=0)
    damping = 0.1 * torch.linalg.matrix_norm(a / lengths, 2)
    rows = torch.cat((a / lengths, damping * torch.eye(4, dtype=a.dtype)))
    expected = torch.linalg.lstsq(rows, torch.cat((b, b.new_zeros(4)))).solution / lengths
    torch.testing.assert_close(least_squares(a, b, ridge=0.1), expected)


def test_a_column_of_zeros_and_a_repeated_one() -> None:
    a = torch.tensor([[1.0, 0, 1], [2, 0, 2], [3, 0, 3]], dtype=torch.float64)
    c = least_squares(a, a[:, 0])
    torch.testing.assert_close(c, torch.tensor([0.5, 0, 0.5], dtype=torch.float64))


def test_blocks_keep_what_normal_equations_lose() -> None:
    """Läuchli's matrix with e = 1e-9: AᵀA is singular to rounding, the blocks' R is not."""
    e = 1e-9
    a = torch.tensor([[1.0, 1], [e, 0], [0, e]], dtype=torch.float64)
    c = torch.tensor([1.0, 2], dtype=torch.float64)
    system = torch.cat((a, (a @ c)[:, None]), 1)
    assert torch.linalg.matrix_rank(a.mT @ a) == 1
    # c stands in b with a relative error of eps/e.
    for blocks in ([system], system.split(1), system.split(2)):
        factor = triangular_factor(blocks)
        found = decomposition(factor[:, :-1], factor[:, -1]).coefficients([0.0])[:, 0]
        torch.testing.assert_close(found, c, rtol=0, atol=1e-6)


def test_factor_of_blocks_is_that_of_the_whole() -> None:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(50, 4, generator=generator, dtype=torch.float64)
    r = triangular_factor(a.split(7))
    assert r.shape == (4, 4)
    torch.testing.assert_close(r.mT @ r, a.mT @ a)
    with pytest.raises(ValueError, match="no rows"):
        triangular_factor([])


def test_every_ridge_from_one_decomposition() -> None:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    b = torch.randn(20, generator=generator, dtype=torch.float64)
    ridges = [0.0, 1e-3, 0.5]
    found = decomposition(a, b).coefficients(ridges)
    for ridge, c in zip(ridges, found.mT, strict=True):
        torch.testing.assert_close(c, least_squares(a, b, ridge=ridge))

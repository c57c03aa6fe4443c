"""A scrambled decomposition is still one, and another."""

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh
from scramble import Scramble, scrambled

DEGENERATE = torch.diag(torch.tensor([1.0, 2.0, 2.0, 2.0, 3.0], dtype=torch.float64))
A = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def unitary(matrix: torch.Tensor) -> bool:
    unit = torch.eye(matrix.shape[-1], dtype=matrix.dtype)
    return torch.allclose(matrix.mT @ matrix, unit.expand_as(matrix.mT @ matrix), atol=1e-12)


def test_eigenvectors() -> None:
    plain = torch.linalg.eigh(DEGENERATE)
    with scrambled(3) as one:
        values, vectors = torch.linalg.eigh(DEGENERATE)
        batch = torch.linalg.eigh(DEGENERATE.expand(2, 5, 5))
    assert one.calls
    assert torch.equal(values, plain.eigenvalues)
    # Mixed within the level, and nowhere else.
    assert (vectors[1:4, 1:4].abs() > 0.01).sum() > 6
    torch.testing.assert_close(vectors @ values.diag() @ vectors.mT, DEGENERATE)
    assert unitary(vectors)
    assert unitary(batch.eigenvectors)
    assert not torch.equal(batch.eigenvectors[0], batch.eigenvectors[1])


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [A, A.mT, torch.eye(4).double(), torch.zeros(3, 2).double()])
def test_singular_vectors(matrix: torch.Tensor, full: bool) -> None:
    plain = torch.linalg.svd(matrix, full_matrices=full)
    with scrambled(5):
        u, s, vh = torch.linalg.svd(matrix, full_matrices=full)
    assert (u.shape, vh.shape) == (plain.U.shape, plain.Vh.shape)
    count = len(s)
    torch.testing.assert_close(u[:, :count] * s @ vh[:count], matrix)
    assert unitary(u)
    assert unitary(vh.mT)
    assert not torch.allclose(u, plain.U)


@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
def test_factors(mode: str) -> None:
    with scrambled(8):
        q, r = torch.linalg.qr(A, mode=mode)
    torch.testing.assert_close(r.mT @ r, A.mT @ A)
    if mode != "r":
        torch.testing.assert_close(q @ r, A)
        assert unitary(q)


def test_decompositions_of_numpy() -> None:
    matrix, tall = DEGENERATE.numpy(), A.numpy()
    plain = np.linalg.eigh(matrix)
    with scrambled(3):
        values, vectors = np.linalg.eigh(matrix)
        u, s, vh = np.linalg.svd(tall, full_matrices=False)
        q, r = np.linalg.qr(tall)
    np.testing.assert_allclose(values, plain.eigenvalues)
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, matrix, atol=1e-12)
    np.testing.assert_allclose(u * s @ vh, tall, atol=1e-12)
    np.testing.assert_allclose(q @ r, tall, atol=1e-12)
    assert not np.allclose(abs(vectors), abs(plain.eigenvectors))
    assert not np.allclose(u, np.linalg.svd(tall, full_matrices=False)[0])
    assert not np.allclose(q, np.linalg.qr(tall)[0])


def test_arpack() -> None:
    matrix = torch.diag(torch.arange(1.0, 31, dtype=torch.float64)).numpy()
    values, vectors = Scramble(1).eigsh(eigsh)(matrix, 4, which="SA")  # type: ignore[misc]
    np.testing.assert_allclose(np.sort(values), [1, 2, 3, 4], atol=1e-10)
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-10)


def test_gradients_pass_and_nothing_stays_replaced() -> None:
    before = torch.linalg.eigh
    x = torch.tensor([[1.0, 0.2], [0.2, 2.0]], dtype=torch.float64, requires_grad=True)
    with scrambled(2):
        assert torch.autograd.gradcheck(lambda x: torch.linalg.eigh(x + x.mT)[1][0].square(), (x,))
        torch.func.jacrev(lambda x: torch.linalg.svd(x).S)(x.detach())
    assert torch.linalg.eigh is before

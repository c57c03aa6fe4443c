"""Distances, rotations and ties against what is known by hand."""

import torch

from pes.geometry import (
    atom_pairs,
    distances,
    nearest_orthogonal,
    nearest_rotation,
    sorted_distances,
)


def test_a_right_triangle() -> None:
    x = torch.tensor([[0.0, 0, 0], [3.0, 0, 0], [0, 4.0, 0]], dtype=torch.float64)
    assert distances(x).tolist() == [3.0, 4.0, 5.0]


def test_order_of_pairs() -> None:
    assert atom_pairs(4).T.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_gradient_is_the_unit_vector_and_zero_at_coincidence() -> None:
    x = torch.tensor([[0.0, 0, 0], [3.0, 4.0, 0], [0, 0, 0]], dtype=torch.float64)
    jacobian = torch.func.jacrev(distances)(x)
    torch.testing.assert_close(jacobian[0, 1], x[1] / 5)
    assert not jacobian[1].any()


def test_like_atoms_in_any_order_have_the_same_sorted_distances() -> None:
    x = torch.randn(3, 5, 3, generator=torch.Generator().manual_seed(1)).double()
    masses = (12.0, 1.0, 16.0, 1.0, 1.0)
    other = x[:, [0, 4, 2, 1, 3]]
    # Sums of squares in another order of the pair: rounding.
    torch.testing.assert_close(
        sorted_distances(other, masses), sorted_distances(x, masses), rtol=1e-14, atol=0
    )
    assert not torch.allclose(distances(other), distances(x))
    assert not torch.allclose(sorted_distances(x[:, [2, 1, 0, 3, 4]], masses),
                              sorted_distances(x, masses))  # fmt: skip


def test_a_rotation_is_recovered_and_a_reflection_is_not_taken() -> None:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(4, 3, generator=generator).double()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=generator).double()).Q
    turn = turn * turn.det().sign()
    torch.testing.assert_close(nearest_rotation(x.mT @ (x @ turn)), turn)
    torch.testing.assert_close(nearest_rotation(x.mT @ -x).det(), torch.tensor(1.0).double())
    # A mirror image is an orthogonal matrix as well.
    torch.testing.assert_close(nearest_orthogonal(x.mT @ -x), -torch.eye(3).double())

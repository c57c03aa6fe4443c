import torch

from pes.descriptors.distances import atom_pairs, distances


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

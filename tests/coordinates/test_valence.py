"""Valence coordinates of a triatomic: there and back."""

from itertools import permutations

import pytest
import torch
from torch import Tensor

from pes.coordinates import COORDINATES, Valence

Q = torch.tensor(
    [[1.8, 1.9, 1.7], [1.2, 3.1, 0.3], [2.0, 2.0, 3.1], [1.5, 1.7, torch.pi / 2]],
    dtype=torch.float64,
)


def test_named_in_the_dictionary() -> None:
    assert COORDINATES["valence"] is Valence


@pytest.mark.parametrize("atoms", list(permutations(range(3))))
def test_there_and_back(atoms: tuple[int, int, int]) -> None:
    valence = Valence(atoms[0], atoms[1:])
    # Rounding: the angle comes back through sin and cos.
    torch.testing.assert_close(valence.from_positions(valence.to_positions(Q)), Q)


def test_masses_play_no_part_and_any_leading_shape() -> None:
    valence = Valence(0, (1, 2))
    x = valence.to_positions(Q.reshape(2, 2, 3), torch.tensor([1.0, 2.0, 3.0]))
    assert x.shape == (2, 2, 3, 3)
    assert torch.equal(x.flatten(0, 1), valence.to_positions(Q))
    assert valence.from_positions(x).shape == (2, 2, 3)


def test_distances_are_the_law_of_cosines() -> None:
    r1, r2, theta = Q.T
    x = Valence(0, (1, 2)).to_positions(Q)
    opposite = (r1**2 + r2**2 - 2 * r1 * r2 * theta.cos()).sqrt()
    torch.testing.assert_close((x[:, 1] - x[:, 2]).norm(dim=-1), opposite)


@pytest.mark.parametrize("angle", [0.0, 1e-9, torch.pi - 1e-9, torch.pi])
def test_the_angle_is_sharp_at_both_ends(angle: float) -> None:
    valence = Valence(0, (1, 2))
    q = torch.tensor([1.8, 1.9, angle], dtype=torch.float64)
    back = valence.from_positions(valence.to_positions(q))
    # arccos of a scalar product would be off by 1e-8 here.
    assert abs(float(back[2]) - angle) < 1e-15


def test_derivatives() -> None:
    def there(q: Tensor) -> Tensor:
        return Valence(0, (1, 2)).to_positions(q)

    def back(x: Tensor) -> Tensor:
        return Valence(0, (1, 2)).from_positions(x)

    assert torch.autograd.gradcheck(there, Q.clone().requires_grad_())
    assert torch.autograd.gradcheck(back, there(Q).detach().requires_grad_())


def test_names_and_kinds() -> None:
    valence = Valence()
    assert len(valence.names) == len(valence.kinds) == 3
    assert valence.kinds == ("length", "length", "angle")

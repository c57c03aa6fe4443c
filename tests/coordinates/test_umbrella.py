"""Umbrella coordinates: there and back, the inversion, exchanges of atoms, a wrong centre."""

from math import pi

import pytest
import torch
from torch import Tensor

from pes.coordinates import Umbrella

ONES = torch.ones(4, dtype=torch.float64)


def geometries() -> Tensor:
    """Irregular pyramids, upwards and downwards, (8, 6)."""
    middle = torch.tensor([1.9, 2.1, 1.8, 1.2, 0.1, -0.2], dtype=torch.float64)
    q = middle + 0.2 * torch.rand(8, 6, generator=torch.Generator().manual_seed(3)).double()
    q[4:, 3] = pi - q[4:, 3]
    return q


def distances(x: Tensor) -> Tensor:
    return torch.cdist(x, x)


@pytest.mark.parametrize("centre", [0, 1, 2, 3])
def test_there_and_back(centre: int) -> None:
    q, umbrella = geometries(), Umbrella(centre)
    back = umbrella.from_positions(umbrella.to_positions(q, ONES), ONES)
    torch.testing.assert_close(back, q, rtol=0, atol=1e-13)  # rounding


def test_the_inversion_is_one_coordinate() -> None:
    """The other side of the plane is the mirror image: equal distances, another handedness."""
    q = geometries()
    other = q.clone()
    other[:, 3] = pi - q[:, 3]
    x, y = (Umbrella().to_positions(each, ONES) for each in (q, other))
    torch.testing.assert_close(distances(x), distances(y), rtol=1e-12, atol=0)
    torch.testing.assert_close(x * torch.tensor([1.0, 1.0, -1.0]), y, rtol=0, atol=1e-13)


def test_exchange_of_the_last_two_atoms() -> None:
    """It reverses s_a and the handedness: lengths change places, s_b stays."""
    q = geometries()
    other = q[:, [0, 2, 1, 3, 4, 5]] * torch.tensor([1.0, 1, 1, 1, -1, 1])
    x, y = (Umbrella().to_positions(each, ONES) for each in (q, other))
    exchanged = y[:, [0, 1, 3, 2]]
    torch.testing.assert_close(distances(x), distances(exchanged), rtol=1e-12, atol=0)


def test_a_centre_that_is_no_atom() -> None:
    with pytest.raises(ValueError, match="the centre must be one of the atoms 0 to 3, got 4"):
        Umbrella(4)

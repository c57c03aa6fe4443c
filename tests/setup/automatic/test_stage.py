"""One calculation of a series, and what is refused of it."""

from types import SimpleNamespace

import pytest
import torch

from pes.setup.automatic.stage import _check_ghosts
from pes.units import CM1


def test_a_level_below_the_minimum_lives_in_a_hole() -> None:
    """The lowest point of the grid is where the hole is."""
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    h = SimpleNamespace(
        basis=SimpleNamespace(points=points), potential=torch.tensor([0.1, -0.2]).double()
    )
    target = SimpleNamespace(lowest_energy=0.0, names=("r", "theta"))
    pairs = SimpleNamespace(energies=torch.tensor([-7 * CM1]).double())
    with pytest.raises(ValueError, match=r"7\.0 cm-1 below the minimum.* r = 3\.0000, theta = 4\."):
        _check_ghosts(target, h, pairs)
    _check_ghosts(target, h, SimpleNamespace(energies=torch.tensor([7 * CM1]).double()))

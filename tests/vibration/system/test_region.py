"""Regions below an energy: wells, holes and the boxes around them."""

import torch
from double_well import two_wells
from torch import Tensor

from pes.vibration.system.region import energies_or_infinite, low_region
from pes.vibration.system.system import System, model

LIMITS = ((-6.0, 6.0), (-6.0, 6.0))


def test_the_region_of_a_low_energy_holds_one_well() -> None:
    system, left = two_wells(), torch.tensor([-1.0, -1.0], dtype=torch.float64)
    region = low_region(system, left[None], 0.5, ((-4.0, 4.0), (-4.0, 4.0)))
    assert float(region.axes[0][region.inside.any(1)].max()) < 0
    high = low_region(system, left[None], 2.0, ((-4.0, 4.0), (-4.0, 4.0)))
    assert float(high.axes[0][high.inside.any(1)].max()) > 1


def test_a_hole_is_seen() -> None:
    """A pit of depth 3 beside the well, with a low pass between."""

    def potential(q: Tensor) -> Tensor:
        pit = ((q - q.new_tensor([2.5, 0.0])) ** 2).sum(-1)
        return (q**2).sum(-1) / 2 - 6 * torch.exp(-pit)

    system = model(potential, torch.eye(2, dtype=torch.float64))
    bottom = torch.zeros(2, dtype=torch.float64)
    region = low_region(system, bottom[None], 3.0, LIMITS)
    assert region.depth > 1
    assert float((region.lowest - torch.tensor([2.5, 0.0])).abs().max()) < 0.5


def test_light_atoms_meet_at_short_distances() -> None:
    """Two H atoms 0.6 bohr apart: H3+ reaches 0.9, and its wavefunctions die out before 0.6."""
    positions = torch.tensor([[[0.0, 0.0, 0.0], [0.6, 0.0, 0.0]]], dtype=torch.float64)
    system = System(lambda q: q[:, 0], lambda q: (q, q), lambda q: positions.expand(len(q), 2, 3))
    assert energies_or_infinite(system, torch.ones(1, 1).double()).isfinite().all()

"""Holes of a surface behind a pass: where they are, how high the pass is, what is left as it is."""

import pytest
import torch
from torch import Tensor

from pes.vibration.system.holes import hole_filling
from pes.vibration.system.system import model

LIMITS = ((-2.0, 2.0), (-2.0, 2.0), (-2.0, 2.0))
WELL = torch.zeros(1, 3, dtype=torch.float64)
PASS = 0.05
"""Highest V along the first coordinate, at 1: beyond, it falls without end."""


def falling(q: Tensor) -> Tensor:
    """Cubic along the first coordinate, harmonic along the others."""
    x = q[:, 0]
    return PASS * (3 * x**2 - 2 * x**3) + 0.1 * q[:, 1:].square().sum(1) - 0.3


SYSTEM = model(falling, torch.eye(3, dtype=torch.float64))


def test_a_hole_is_filled_to_twice_its_pass() -> None:
    """The grid has a spacing of 4/47: its highest point next to the pass is that much lower."""
    holes = hole_filling(SYSTEM, WELL, LIMITS)
    assert holes is not None
    assert holes.lowest_pass == pytest.approx(PASS, rel=0.01)
    torch.testing.assert_close(holes.place, torch.tensor([1.0, 0, 0]).double(), rtol=0, atol=0.05)
    q = torch.tensor([[1.6, 0.0, 0.0], [1.9, 0.1, -0.1]], dtype=torch.float64)
    v = SYSTEM.filled(holes).potential(q) + 0.3
    assert bool((v > 1.9 * PASS).all())
    torch.testing.assert_close(holes.raised(SYSTEM.filled(holes).potential, q), v)


def test_v_stays_as_it_is_before_the_pass() -> None:
    holes = hole_filling(SYSTEM, WELL, LIMITS)
    assert holes is not None
    q = 4 * torch.rand(4000, 3, generator=torch.Generator().manual_seed(3)).double() - 2
    q = q[q[:, 0] < 0.9]
    filled = SYSTEM.filled(holes).potential
    torch.testing.assert_close(filled(q), falling(q), rtol=0, atol=0)
    assert not holes.raised(filled, q).any()


def test_members_of_an_ensemble_are_raised_alike() -> None:
    holes = hole_filling(SYSTEM, WELL, LIMITS)
    assert holes is not None
    q = torch.tensor([[0.3, 0.0, 0.0], [1.7, 0.0, 0.0]], dtype=torch.float64)
    each = holes.of(lambda q: torch.stack((falling(q), falling(q) + 0.001)), q)
    assert each[0, 1] == each[1, 1] > falling(q)[1]
    assert each[1, 0] - each[0, 0] == pytest.approx(0.001)


def test_a_well_that_is_known_is_no_hole() -> None:
    """A second well, 0.02 deeper than the first, is filled unless it is among the minima."""

    def two_wells(q: Tensor) -> Tensor:
        x = q[:, 0]
        return 0.05 * (x**2 - 1).square() - 0.01 * x + 0.1 * q[:, 1:].square().sum(1)

    system = model(two_wells, torch.eye(3, dtype=torch.float64))
    wells = torch.tensor([[-1.0, 0, 0], [1.0, 0, 0]], dtype=torch.float64)
    assert hole_filling(system, wells, LIMITS) is None
    assert hole_filling(system, wells[1:], LIMITS) is None
    holes = hole_filling(system, wells[:1], LIMITS)
    assert holes is not None
    # 0.05 above the bottom of a symmetric double well; the first well lies 0.01 above it.
    assert holes.lowest_pass == pytest.approx(0.04, rel=0.02)


def test_a_surface_without_holes_is_left_alone() -> None:
    system = model(lambda q: q.square().sum(1), torch.eye(3, dtype=torch.float64))
    assert hole_filling(system, WELL, LIMITS) is None

"""The dissociation limit of a model whose fragments have known levels."""

from math import exp, inf

import pytest
import torch
from torch import Tensor

from pes.setup.automatic.cuts.target import levels_to_target
from pes.setup.automatic.request import Budget, Target
from pes.setup.errors.verdict import verdict
from pes.units import CM1
from pes.vibration.system.system import model

MASS, DEPTH, STEEP = 20000.0, 200 * CM1, 1.0
FORCE = 0.02
END = 7.0


def weakly_bound(x_end: float) -> Target:
    """A Morse oscillator in x and two harmonic ones."""

    def potential(q: Tensor) -> Tensor:
        x, y, z = q.unbind(-1)
        return DEPTH * (1 - torch.exp(-STEEP * x)) ** 2 + FORCE * (y**2 + z**2) / 2

    return Target(
        model(potential, torch.eye(3, dtype=torch.float64) / MASS), ("length",) * 3,
        ("x", "y", "z"), torch.zeros(1, 3, dtype=torch.float64),
        ((-2.0, x_end), (-3.0, 3.0), (-3.0, 3.0)), 0.1 * CM1, count=12,
    )  # fmt: skip


def test_levels_above_the_limit_are_those_of_fragments() -> None:
    levels, _ = levels_to_target(weakly_bound(END), budget=Budget(seconds=2.0))
    # What is left at the end: two oscillators on the floor of the surface there.
    exact = DEPTH * (1 - exp(-STEEP * END)) ** 2 + (FORCE / MASS) ** 0.5
    assert levels.dissociation == pytest.approx(exact, abs=0.01 * CM1)
    free = int((levels.energies > exact).sum())
    assert 0 < free < 12
    said = verdict(levels)
    assert f"levels {12 - free} to 11 lie above the dissociation limit" in said
    # Bound levels alone are asked to be converged.
    assert not any("11 feel" in warning for warning in levels.warnings)


def test_no_limit_where_the_surface_still_rises() -> None:
    levels, _ = levels_to_target(weakly_bound(0.6), budget=Budget(seconds=2.0))
    assert levels.dissociation == inf

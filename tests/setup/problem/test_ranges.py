"""Ranges of surfaces whose points end before their levels do."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import pes
from pes.coordinates.valence import Valence
from pes.potential import SurfaceRecord
from pes.potential.analytic import WaterPJT
from pes.setup.automatic.cuts.cuts_below import cuts_below
from pes.setup.problem.problem import problem
from pes.units import ANGSTROM, CM1

LAST = 1.10
"""Å: longest bond of the points, where the surface is 4,400 cm⁻¹ above its minimum."""


def points(longest: float) -> Tensor:
    """Geometries on a grid of bonds up to a length (Å) and angles, (P, 3, 3)."""
    r = torch.linspace(0.65, longest, 7, dtype=torch.float64) * ANGSTROM
    theta = torch.linspace(1.0, 2.8, 7, dtype=torch.float64)
    return Valence(0, (1, 2)).to_positions(torch.cartesian_prod(r, r, theta))


class Falling(WaterPJT):
    """Water that falls without end where the bonds have a sum of more than 2.2 Å."""

    def forward(self, positions: Tensor) -> Tensor:
        sum_of_bonds = (positions[:, 1:] - positions[:, :1]).norm(dim=2).sum(1)
        return super().forward(positions) - 5 * (sum_of_bonds / ANGSTROM - 2.2).clamp(min=0) ** 2


def fitted(potential: torch.nn.Module, longest: float = LAST) -> pes.Surface:
    """A surface as if fitted to points that end at a length."""
    errors = {"test": {"energy": {"rmse": {"all": 0.01}}, "points": {"count": {"all": 9}}}}
    record = SurfaceRecord(("O", "H", "H"), (0.0, 0.1), "none", points(longest), {"errors": errors})
    return pes.Surface(potential, record.symbols, record)


def in_order(result: pes.LevelsResult) -> Tensor:
    return torch.cat((torch.tensor([result.zero_point_energy]), result.energies[1:]))


def test_lengths_go_on_past_the_points() -> None:
    """A wall at the last point would move the stretches by more than 100 cm⁻¹."""
    result = pes.levels(fitted(WaterPJT()), count=6, accuracy=0.05)
    ends = [b.high / ANGSTROM for b in result.task.coordinates[:2]]
    assert min(ends) > LAST + 0.1
    whole = pes.levels("water_pjt1996", count=6)
    assert (in_order(result) - in_order(whole)).abs().max() < 0.1
    # What is beyond is not known, and said to be so: more for stretches than for bends.
    assert result.table[3]["fit"] > result.table[1]["fit"] > 0.01 * 2**0.5


def test_lengths_end_where_a_fit_falls() -> None:
    """One bond may be long, not both: then the ranges are those of the points."""
    task = problem(fitted(Falling(), longest=1.1))
    kinds = task.internal.kinds
    below = 20_000 * CM1
    cuts = cuts_below(task.system, task.wells, below, task.limits, kinds, sampled=task.sampled)
    assert task.limits[0][1] > 1.15 * ANGSTROM
    assert all(float(cut.points[-1]) <= 1.1 * ANGSTROM * (1 + 1e-12) for cut in cuts[:2])
    with pytest.raises(ValueError, match=r"falls .* below its minimum at r1 = .* A, .* deg"):
        cuts_below(task.system, task.wells, below, task.limits, kinds)


def test_like_bonds_end_at_the_same_length() -> None:
    """Else water would have no blocks by symmetry; means over points differ in the last bit."""
    draw = torch.rand(301, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    q = torch.tensor([1.4, 1.4, 1.2]) + torch.tensor([1.0, 0.7, 1.2]) * draw
    known = fitted(WaterPJT())
    assert known.record is not None
    record = replace(known.record, training_positions=Valence(0, (1, 2)).to_positions(q))
    first, second, _ = problem(pes.Surface(WaterPJT(), record.symbols, record)).coordinates
    assert (first.low, first.high) == (second.low, second.high)


def test_a_flat_end_is_no_invitation() -> None:
    """Beyond points of separated atoms nothing rises, and nothing is gained."""

    class Broken(WaterPJT):
        def forward(self, positions: Tensor) -> Tensor:
            return super().forward(positions).clamp(max=15000 * CM1)

    surface = fitted(Broken(), longest=1.9)
    limits = problem(surface).limits
    assert limits[0][1] == pytest.approx(1.9 * ANGSTROM)

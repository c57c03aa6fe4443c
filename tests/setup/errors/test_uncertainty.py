"""Error bars of levels from members whose differences are known."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import pes
from pes.potential.analytic import WaterPJT
from pes.setup.errors.uncertainty import Spreads, spreads
from pes.units import CM1

RANGES = {"r1": (0.7, 1.3), "r2": (0.7, 1.3), "theta": (60.0, 160.0)}


class Changed(nn.Module):
    """Water: (1 + scale) V + shift."""

    def __init__(self, scale: float = 0.0, shift: float = 0.0) -> None:
        super().__init__()
        self.water, self.scale, self.shift = WaterPJT(), scale, shift

    def forward(self, positions: Tensor) -> Tensor:
        return (1 + self.scale) * self.water(positions) + self.shift


def result_of(surface: nn.Module, ensemble: str = "first_order") -> pes.LevelsResult:
    return pes.levels(
        surface, "O H H", count=2, ranges=RANGES, basis={"all": 3}, convergence=False,
        ensemble=ensemble,
    )  # fmt: skip


@pytest.mark.parametrize("ensemble", ["first_order", "full"])
def test_members_that_differ_by_constants_agree_on_every_level(ensemble: str) -> None:
    bars = result_of(
        pes.Ensemble([Changed(shift=s * CM1) for s in (-3, 1, 2)]), ensemble
    ).error_bars
    # Zero-point energies count from each member's own minimum.
    for moved in bars.moved.values():
        torch.testing.assert_close(moved, torch.zeros_like(moved), rtol=0, atol=1e-12)


@pytest.mark.parametrize("ensemble", ["first_order", "full"])
def test_members_that_differ_by_a_factor(ensemble: str) -> None:
    """(1 + s) V moves a level by s ⟨V⟩, and an excitation by the difference of two of these."""
    scales = torch.tensor([-2e-4, 0.5e-4, 1.5e-4], dtype=torch.float64)
    result = result_of(pes.Ensemble([Changed(scale=s) for s in scales.tolist()]), ensemble)
    levels, bars = result.levels, result.error_bars
    assert bars.members == 3
    mean = levels.densities @ (levels.hamiltonian.potential - levels.minimum_energy)
    mean[1:] -= mean[0].clone()
    assert list(bars.columns) == ["spread", "spread_full"][: len(bars.columns)]
    assert len(bars.columns) == (2 if ensemble == "full" else 1)
    for moved, column in zip(bars.moved.values(), bars.columns.values(), strict=True):
        # Second order is about a scale of 2e-4 of the first.
        torch.testing.assert_close(moved, scales[:, None] * mean, rtol=1e-3, atol=1e-12)
        torch.testing.assert_close(column, moved.std(0))


def test_one_surface_has_no_error_bars() -> None:
    single = result_of(WaterPJT())
    assert single.error_bars.columns == {}
    assert single.error_bars.members == 0
    assert Spreads().moved == {}


def test_refused_in_words() -> None:
    result = result_of(pes.Ensemble([Changed(), Changed(shift=CM1)]))
    with pytest.raises(ValueError, match="`ensemble` must be one of first_order, full, got 'both'"):
        spreads(result.levels, result.task, "both")
    formula = replace(result.task, system=replace(result.task.system, positions=None))
    with pytest.raises(TypeError, match="an ensemble surface is for molecules"):
        spreads(result.levels, formula)

"""Mean and spread of several surfaces."""

from pathlib import Path

import pytest
import torch
from torch import nn

from pes.descriptors import Invariants
from pes.potential.analytic import WaterPJT
from pes.potential.ensemble import Ensemble
from pes.potential.linear_fit import linear_surface
from pes.potential.neural import NeuralSurface, neural_surface
from pes.potential.storage import SurfaceRecord, load_surface, save_surface


class Constant(nn.Module):
    """The same energy everywhere."""

    def __init__(self, energy: float) -> None:
        super().__init__()
        self.energy = energy

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        """Energies (B,)."""
        return torch.full_like(positions[:, 0, 0], self.energy)


X = torch.zeros(5, 3, 3, dtype=torch.float64)


def test_mean_and_standard_deviation() -> None:
    surface = Ensemble([Constant(1.0), Constant(2.0), Constant(6.0)])
    assert surface(X).tolist() == [3.0] * 5
    assert surface.spread(X)[0].item() == pytest.approx(7**0.5)  # ((4 + 1 + 9) / 2)^½


def test_inflation_moves_members_and_leaves_the_mean(tmp_path: Path) -> None:
    members = [Constant(1.0), Constant(2.0), Constant(6.0)]
    wide = Ensemble(members, inflation=2.0)
    assert wide(X).tolist() == [3.0] * 5
    assert wide.each(X)[:, 0].tolist() == [-1.0, 1.0, 9.0]
    assert wide.spread(X)[0].item() == pytest.approx(2 * 7**0.5)
    with pytest.raises(ValueError, match="`inflation` must be positive, got 0"):
        Ensemble(members, inflation=0)
    stored = Ensemble([WaterPJT(), WaterPJT()], inflation=1.7)
    record = SurfaceRecord(("O", "H", "H"), (0.0, 1.0), "", X[:1] + torch.eye(3).double())
    save_surface(tmp_path / "wide.safetensors", stored, record)
    loaded, _ = load_surface(tmp_path / "wide.safetensors")
    assert isinstance(loaded, Ensemble)
    assert loaded.inflation == 1.7


def test_one_member_has_no_spread() -> None:
    assert Ensemble([Constant(1.0)]).spread(X).tolist() == [0.0] * 5


def test_no_member_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        Ensemble([])


def networks(lengths: tuple[float, ...], energies: torch.Tensor) -> list[NeuralSurface]:
    found = []
    for seed, length in enumerate(lengths):
        descriptor = Invariants(("O", "H", "H"), 2, length=length)
        baseline = linear_surface(Invariants(("O", "H", "H"), 3), WATERS, energies)
        found.append(
            neural_surface(descriptor, WATERS, energies, hidden=(3,), baseline=baseline, seed=seed)
        )
    return found


WATERS = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64) + (
    0.1 * torch.randn(30, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
)


@pytest.mark.parametrize(("lengths", "calls"), [((2.0, 2.0, 2.0), 2), ((2.0, 2.0, 3.0), 3)])
def test_equal_descriptors_are_evaluated_once(lengths: tuple[float, ...], calls: int) -> None:
    """One of degree 2 for the networks (another for another length), one for the baselines."""
    members = networks(lengths, WaterPJT()(WATERS).detach())
    alone = torch.stack([member(WATERS) for member in members])
    surface, seen = Ensemble(members), []
    for module in {m for m in surface.modules() if isinstance(m, Invariants)}:
        module.register_forward_hook(lambda *_: seen.append(1))
    assert torch.equal(surface.each(WATERS), alone)
    assert len(seen) == calls


def test_stored_file_is_complete(tmp_path: Path) -> None:
    surface = Ensemble(networks((2.0, 2.0), WaterPJT()(WATERS).detach()))
    record = SurfaceRecord(("O", "H", "H"), (0.0, 1.0), "", WATERS)
    save_surface(tmp_path / "surface.safetensors", surface, record)
    loaded, _ = load_surface(tmp_path / "surface.safetensors")
    assert isinstance(loaded, Ensemble)
    assert torch.equal(loaded.each(WATERS), surface.each(WATERS))
    assert len({m for m in loaded.modules() if isinstance(m, Invariants)}) == 2

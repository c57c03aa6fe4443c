"""One calculation of a series, and what is refused of it."""

from types import SimpleNamespace

import pytest
import torch

from pes.setup.automatic import stage
from pes.setup.automatic.stage import _check_ghosts
from pes.units import CM1
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs


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


@pytest.mark.parametrize("norm", [1.0, 0.1])
def test_vectors_whose_functions_are_gone_are_not_followed(
    monkeypatch: pytest.MonkeyPatch, norm: float
) -> None:
    """The second level keeps a hundredth of its density in the functions of the other run."""
    vectors = torch.diag(torch.tensor([1.0, norm], dtype=torch.float64))
    monkeypatch.setattr(stage, "in_new_basis", lambda *_: vectors)
    monkeypatch.setattr(stage, "followed", lambda *_, **__: "followed")
    monkeypatch.setattr(stage, "lowest_blockwise", lambda *_, **__: "matrix")
    monkeypatch.setattr(stage, "EXTRA", 0)
    h = SimpleNamespace(size=5000, operations=(), device="cpu", basis=None)
    pairs = Eigenpairs(torch.zeros(2).double(), vectors, torch.zeros(2).double(), "dense")
    near = SimpleNamespace(pairs=pairs, hamiltonian=h)
    target = SimpleNamespace(solver="auto", accuracy=CM1)
    assert stage._levels(target, h, 2, near, True) == ("followed" if norm == 1.0 else "matrix")

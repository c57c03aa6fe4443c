"""Potential and kinetic energy as functions of q, and surfaces that misbehave."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence
from pes.vibration.system.system import model, molecular, potential_in_chunks

MASSES = torch.tensor([29000.0, 1800.0, 1800.0], dtype=torch.float64)
Q = torch.tensor([[1.8, 1.9, 1.7], [1.2, 3.1, 0.3]], dtype=torch.float64)


def repulsion(positions: Tensor) -> Tensor:
    return 1 / (positions[:, 1] - positions[:, 2]).norm(dim=-1)


def test_a_molecule() -> None:
    valence = Valence(0, (1, 2))
    system = molecular(repulsion, valence.to_positions, MASSES)
    torch.testing.assert_close(system.potential(Q), repulsion(valence.to_positions(Q)))
    assert system.positions is not None
    torch.testing.assert_close(system.positions(Q), valence.to_positions(Q))
    g, slope = system.kinetic(Q)
    assert g.shape == (2, 3, 3)
    assert slope.shape == (2, 3)


def test_masses_that_move_the_atoms_act_through_the_potential() -> None:
    """d V(x(q; m))/dm when positions depend on the masses."""

    def to_positions(q: Tensor, masses: Tensor) -> Tensor:
        return Valence(0, (1, 2)).to_positions(q) / masses[1].sqrt()

    def energies(masses: Tensor) -> Tensor:
        return molecular(repulsion, to_positions, masses).potential(Q)

    masses = torch.tensor([3.0, 2.0, 2.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(energies(masses).sum(), masses)
    # V ∝ √m₁, so m dV/dm = V/2.
    torch.testing.assert_close(2 * slope[1], energies(masses).sum() / 2)
    assert slope[0] == 0


def test_a_model() -> None:
    g = torch.tensor([[1.0, 0.1], [0.1, 2.0]], dtype=torch.float64)
    system = model(lambda q: (q**2).sum(-1), g)
    q = torch.ones(3, 2, dtype=torch.float64)
    found, slope = system.kinetic(q)
    assert torch.equal(found, g.expand(3, 2, 2))
    assert not slope.any()
    assert system.positions is None


def test_chunks_change_nothing() -> None:
    system = model(lambda q: q.sum(-1), torch.eye(2))
    q = torch.rand(7, 2, dtype=torch.float64)
    assert torch.equal(potential_in_chunks(system, q, chunk=3), q.sum(-1))


def test_wrong_shape() -> None:
    system = model(lambda q: q, torch.eye(2))
    with pytest.raises(ValueError, match=r"returned shape \(7, 2\) for 7 geometries.*\(7,\)"):
        potential_in_chunks(system, torch.rand(7, 2))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_not_a_number(bad: float) -> None:
    system = model(lambda q: torch.where(q[:, 0] > 0.25, bad, 1.0), torch.eye(2))
    q = torch.tensor([[0.0, 1.0], [0.5, 2.0], [1.0, 3.0]])
    with pytest.raises(ValueError, match=r"at 2 of 3 grid points, first at q = .*0\.5000.*2\.0000"):
        potential_in_chunks(system, q)

"""Functions of a sparse grid about the mean of the ground state."""

import pytest
import torch
from torch import Tensor

from pes.vibration import SparseGrid
from pes.vibration.hamiltonian.adapted import adapted
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.system.system import model

OMEGA = torch.diag(torch.tensor([1.0, 1.3, 1.3]).double())


def pushed(q: Tensor) -> Tensor:
    """Two oscillators that push a third one outwards, as stretches do with a bond."""
    b = q[:, 1:].square().sum(1)
    return q[:, 0] ** 2 / 2 + 0.65 * b - 0.2 * q[:, 0] * b + 0.03 * (q[:, 0] ** 2 + b) ** 2


def test_functions_about_the_mean_converge_sooner() -> None:
    """Levels with five quanta, plain or about the mean, against those with fourteen."""
    system, names = model(pushed, OMEGA), ("a", "b", "c")

    def energies(grid: SparseGrid) -> Tensor:
        return vibrational_levels(system, grid, 4, convergence=False).energies

    converged = energies(SparseGrid(names, 14, 20))
    plain = SparseGrid(names, 5, 9)
    better = adapted(system, plain)
    assert better.centres is not None
    assert better.centres[0] > 0.05
    assert better.centres[1:] == (0.0, 0.0)
    errors = [energies(grid) - converged for grid in (plain, better)]
    # Upper bounds both, but for the quadrature.
    assert 0 < float(errors[1].max()) < 0.5 * float(errors[0].max())


def test_a_ground_state_that_is_none_of_an_oscillator_moves_nothing() -> None:
    """Two wells at ±2: the mean is the barrier and the width is beyond that of any oscillator."""
    double = model(lambda q: (q[:, 0] ** 2 - 4) ** 2 / 8 + q[:, 1] ** 2 / 2, torch.eye(2).double())
    grid = SparseGrid(("a", "b"), 4, 6)
    assert adapted(double, grid) == grid


def test_moved_functions_are_orthonormal_in_q() -> None:
    """Σ over the grid of ψ² with the weights of q is one, and the slopes are those of q."""
    grid = SparseGrid(("a", "b"), 3, 6, None, (0.4, -0.2), (1.1, 0.9))
    basis = grid.basis(torch.ones(2).double())
    psi = basis.on_grid(torch.eye(basis.size).double())
    overlap = (psi * basis.signs) @ psi.T
    assert torch.allclose(overlap, torch.eye(basis.size).double(), atol=1e-12)
    # exp(−x²/2) of both, at the centre: (π^½ width)^(−½) each.
    at = int((basis.points - torch.tensor([0.4, -0.2])).square().sum(1).argmin())
    height = psi[0, at] / basis.weights[at].abs().sqrt()
    assert float(height.abs()) == pytest.approx((torch.pi * 1.1 * 0.9) ** -0.5, rel=1e-12)
    # ⟨0|∂|1⟩ of an oscillator of width w is 1/(√2 w).
    one = basis.numbers.tolist().index(basis.shape[1])
    slope = basis.on_grid(torch.eye(basis.size).double()[[one]], slope=0)[0]
    value = float((psi[0] * basis.signs * slope).sum())
    assert abs(value) == pytest.approx(1 / (2**0.5 * 1.1), rel=1e-12)

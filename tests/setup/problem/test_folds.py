"""Levels beyond 180° are told of, in words."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence, curvilinear, hessian, normal_modes
from pes.molecule import Molecule
from pes.setup.problem.folds import check_domain, folds
from pes.vibration import BasisSpec, SparseGrid, molecular, vibrational_levels

MASSES = Molecule(("O", "H", "H")).masses


def nearly_linear(x: Tensor) -> Tensor:
    """Harmonic in both bonds and in an angle of 2.6 rad: some levels are as wide as the rest."""
    q = Valence().from_positions(x)
    return (q - torch.tensor([1.8, 1.8, 2.6]).to(q)) ** 2 @ torch.tensor([0.3, 0.3, 0.1]).to(q)


def test_an_angle_beyond_linearity() -> None:
    x = Valence().to_positions(torch.tensor([1.8, 1.8, 2.6], dtype=torch.float64))
    internal = curvilinear(Valence(), normal_modes(x, hessian(nearly_linear, x), MASSES))
    system = molecular(nearly_linear, internal.to_positions, MASSES)
    sizes = {"points": 12, "primitives": 30}
    wanted = [BasisSpec("sinc", -4.5, 4.5, 8, **sizes, name=n) for n in internal.names]
    found = vibrational_levels(system, wanted, 4, convergence=False)
    (said,) = folds(internal, found)
    assert said.startswith("levels from number 0 on reach geometries where theta leaves 0 to 180")
    assert folds(Valence(), found) == []
    # In a tenth of the range about the minimum there is no fold.
    near = vibrational_levels(
        system, [BasisSpec("sinc", -0.5, 0.5, 4, points=8, primitives=20)] * 3, 2,
        convergence=False, cap=1.0,
    )  # fmt: skip
    assert folds(internal, near) == []


def test_a_sparse_grid_beyond_linearity() -> None:
    """q = 3.67 turns the angle of 149° beyond 180°, q = 1.22 does not."""
    x = Valence().to_positions(torch.tensor([1.8, 1.8, 2.6], dtype=torch.float64))
    internal = curvilinear(Valence(), normal_modes(x, hessian(nearly_linear, x), MASSES))
    end = internal.bounds()[0][1] / 0.98
    assert 1.2247 < end < 3.67
    check_domain(internal, SparseGrid(internal.names, 0, 1))
    with pytest.raises(ValueError, match=r"theta leaves 0 to 180 deg, the nearest at q1 = \d"):
        check_domain(internal, SparseGrid(internal.names, 6, 8))

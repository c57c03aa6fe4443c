"""Error bars of levels from several surfaces: exact shifts, first order against diagonalising."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import CM1
from pes.vibration import BasisSpec, Levels, model, molecular, vibrational_levels
from pes.vibration.analysis.uncertainty import first_order, full, standard_deviation


def test_stiffer_oscillators(line: BasisSpec) -> None:
    """V_k = (1 + d) x²/2 + c: E_n − E_0 = n √(1 + d), n (1 + d/2) to first order; c is nothing."""
    found = vibrational_levels(
        model(lambda q: q[:, 0] ** 2 / 2, torch.eye(1).double()), [line], 4, cap=1e3,
        convergence=False,
    )  # fmt: skip
    d = torch.tensor([0.02, -0.02], dtype=torch.float64)

    def members(q: Tensor) -> Tensor:
        return (1 + d)[:, None] * q[:, 0] ** 2 / 2 + torch.tensor([[0.3], [-0.3]])

    n = torch.tensor([0.5, 1, 2, 3], dtype=torch.float64)
    # Converged basis; the minimum is found to 1e-9 in V.
    torch.testing.assert_close(first_order(found, members), torch.outer(d / 2, n), rtol=0,
                               atol=1e-8)  # fmt: skip
    exact = torch.outer((1 + d).sqrt() - 1, n)
    torch.testing.assert_close(full(found, members), exact, rtol=0, atol=1e-8)
    # ±x: the sample deviation of two is √2 x.
    torch.testing.assert_close(standard_deviation(first_order(found, members)), 0.01 * n * 2**0.5,
                               rtol=0, atol=1e-8)  # fmt: skip
    assert (standard_deviation(torch.ones(1, 3)) == 0).all()


@pytest.fixture(scope="module")
def water_levels() -> Levels:
    """Six levels of a small basis."""
    system = molecular(
        WaterPJT(), Valence(0, (1, 2)).to_positions, Molecule(("O", "H", "H")).masses
    )
    stretch = BasisSpec("sinc", 1.23, 3.1, 5, points=9, primitives=40)
    bend = BasisSpec("legendre", 0.7, 3.14, 6, points=10, primitives=36)
    return vibrational_levels(system, [stretch, stretch, bend], 6, convergence=False)


def test_first_order_leaves_an_error_of_second_order(water_levels: Levels) -> None:
    """Members: the surface and smooth random bumps of some size; a tenth of it leaves a
    hundredth of the difference between the two ways."""
    draw = torch.Generator().manual_seed(3)
    centres = torch.tensor([1.8, 1.8, 1.8]) + 0.3 * torch.randn(4, 5, 3, generator=draw)
    heights = torch.randn(4, 5, generator=draw).double() * CM1
    heights = heights - heights.mean(0)  # nearly V is the mean; centres differ, order one stays

    def members(size: float):
        def each(q: Tensor) -> Tensor:
            distance = (q[None, None] - centres.double()[:, :, None]).square().sum(-1)
            bumps = (heights[..., None] * torch.exp(-distance / 0.3)).sum(1)
            return water_levels.system.potential(q) + size * bumps

        return each

    differences = []
    for size in (30.0, 3.0):
        first, whole = (f(water_levels, members(size)) for f in (first_order, full))
        differences.append(float((first - whole).abs().max()))
        # Bumps of tens of cm⁻¹: second order is a few per cent of the first.
        assert (
            standard_deviation(first) - standard_deviation(whole)
        ).abs().max() < 0.1 * standard_deviation(first).max()
    assert differences[0] / CM1 > 0.1
    assert differences[1] == pytest.approx(differences[0] / 100, rel=0.3)

"""Levels of systems with exact answers and of a published surface."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from pes.units import CM1
from pes.vibration import BasisSpec, System, model, vibrational_levels

Water = Callable[..., System]

WATER = [
    1594.6586, 3151.4938, 3657.1104, 3755.8298, 4666.838, 5234.925, 5331.361, 6133.088, 6775.176,
    6871.550, 7202.142, 7249.846, 7444.667, 7536.651, 8273.822, 8373.937, 8761.727, 8806.777,
    8851.342,
]  # fmt: skip
"""cm⁻¹ above the zero-point energy 4634.7648, from an independent program with sinc functions
in symmetrised stretches, converged to 0.0005."""
HEAVY_WATER = [1178.291, 2336.622, 2670.851, 2786.730, 3474.322]


def test_sizes_alone_decide(oscillator: System, line: BasisSpec) -> None:
    one, other = (vibrational_levels(oscillator, [line], 4, cap=1e3) for _ in range(2))
    assert torch.equal(one.energies, other.energies)


@pytest.mark.parametrize(
    ("basis", "low", "high"), [("hermite", -7, 7), ("fourier", -9, 9), ("sinc", -8, 8)]
)
def test_every_basis_on_a_line(basis: str, low: float, high: float, oscillator: System) -> None:
    line = BasisSpec(basis, low, high, 12, points=20, primitives=61)
    found = vibrational_levels(oscillator, [line], 5, cap=1e3, convergence=False)
    # Wave functions end at 1e-10, their transforms at 1e-9.
    torch.testing.assert_close(found.energies, torch.arange(5).double() + 0.5, rtol=0, atol=1e-9)


def test_up_to_an_energy(plane: System, line: BasisSpec) -> None:
    found = vibrational_levels(plane, [line, line], energy=7.5, cap=1e3, convergence=False)
    # Shells 0 to 7 hold 36 levels: one doubling of 20.
    assert len(found.energies) == 36
    assert found.eigenpairs.coefficients.shape == (36, 256)
    assert found.excitations[-1] <= 7.5
    few = vibrational_levels(plane, [line, line], energy=0.5, cap=1e3)
    assert len(few.energies) == len(few.convergence) == 1


def test_up_to_an_energy_the_basis_does_not_reach(oscillator: System, line: BasisSpec) -> None:
    with pytest.raises(ValueError, match=r"lower half of 16 basis functions.*raise the numbers"):
        vibrational_levels(oscillator, [line], energy=9.0, cap=1e3)


@pytest.mark.parametrize("request_", [{}, {"count": 3, "energy": 1.0}])
def test_a_count_or_an_energy(request_: dict, oscillator: System, line: BasisSpec) -> None:
    with pytest.raises(ValueError, match="either a count or an energy"):
        vibrational_levels(oscillator, [line], **request_)


def test_levels_carry_no_graph(line: BasisSpec) -> None:
    """Nor where V and G are views of parameters."""
    g = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    v = torch.ones(1, dtype=torch.float64, requires_grad=True)
    system = model(lambda q: v.expand(len(q)) if len(q) == 1 else q[:, 0] ** 2 / 2 * v, g)
    found = vibrational_levels(system, [line], 3, cap=1e3, reference=torch.zeros(1).double())
    assert not found.energies.requires_grad
    assert not found.hamiltonian.g_matrix.requires_grad
    assert not found.hamiltonian.potential.requires_grad


def test_too_many_levels(oscillator: System, line: BasisSpec) -> None:
    with pytest.raises(ValueError, match=r"17 levels.*16 basis functions"):
        vibrational_levels(oscillator, [line], 17, cap=1e3)


def test_a_bend_over_the_whole_range() -> None:
    """A free rod with √det g = sin θ: levels l(l + 1)/2I."""
    inertia = 40.0
    g = torch.full((1, 1), 1 / inertia, dtype=torch.float64)
    free = System(
        lambda q: torch.zeros_like(q[:, 0]),
        lambda q: (g.expand(len(q), 1, 1), 1 / torch.tan(q)),
    )
    bend = BasisSpec("legendre", 0.0, torch.pi, 8, primitives=20, name="theta")
    near = torch.ones(1, dtype=torch.float64)
    found = vibrational_levels(free, [bend], 5, convergence=False, reference=near)
    k = torch.arange(5).double()
    # Exact by Gauss quadrature.
    torch.testing.assert_close(found.energies, k * (k + 1) / (2 * inertia), rtol=0, atol=1e-12)
    assert found.warnings == ()


def test_water(water: Water, bonds_and_angle: tuple[BasisSpec, ...]) -> None:
    found = vibrational_levels(water(), bonds_and_angle, 20)
    # What this basis is chosen for; the reference itself is good to 0.0005.
    assert found.zero_point_energy / CM1 == pytest.approx(4634.7648, abs=0.01)
    assert found.excitations[1:] / CM1 == pytest.approx(WATER, abs=0.01)
    error = (found.excitations[1:] / CM1 - torch.tensor(WATER).double()).abs()
    assert (error <= found.convergence[1:] / CM1 + 0.0015).all()  # digits of the reference
    assert found.warnings == ()
    assert found.minimum[2] == pytest.approx(104.499647 * torch.pi / 180, abs=1e-6)
    # The bottom of this surface is its zero by construction.
    assert found.minimum_energy == pytest.approx(0.0, abs=1e-12)


def test_heavy_water(water: Water, bonds_and_angle: tuple[BasisSpec, ...]) -> None:
    found = vibrational_levels(water("O", "D", "D"), bonds_and_angle, 6, convergence=False)
    assert found.zero_point_energy / CM1 == pytest.approx(3387.203, abs=0.01)
    assert found.excitations[1:] / CM1 == pytest.approx(HEAVY_WATER, abs=0.01)


def test_a_bend_that_stops_short_of_linearity_says_so(
    water: Water, bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    """Level 8851 has six quanta of bend and reaches linearity."""
    r1, r2, theta = bonds_and_angle
    short = replace(theta, basis="sinc", high=2.6)
    found = vibrational_levels(water(), [r1, r2, short], 20, convergence=False)
    assert any("theta: levels from number" in w and "upper end" in w for w in found.warnings)
    assert abs(found.excitations[19] / CM1 - WATER[-1]) > 0.1

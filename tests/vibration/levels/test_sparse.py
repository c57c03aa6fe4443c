"""Levels on sparse grids against exact spectra, a product grid, and exact derivatives."""

from itertools import product
from math import erfc, exp, pi

import pytest
import torch
from kinetic import kinetic_energies
from torch import Tensor

from pes.coordinates import ZMatrix, curvilinear, hessian, normal_modes
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import (
    BasisSpec,
    Levels,
    SparseGrid,
    System,
    level_derivatives,
    model,
    molecular,
    vibrational_levels,
)
from pes.vibration.analysis.rotational_constants import rotational_constants
from pes.vibration.eigensolvers.eigenpairs import SolverError

OMEGA = torch.tensor([1000.0, 1150.0, 1400.0, 1750.0], dtype=torch.float64) * CM1


def force_constants(coupling: float) -> Tensor:
    root = OMEGA.sqrt()
    return torch.diag(OMEGA) * (1 - coupling) + coupling * root[:, None] * root


def coupled(f: Tensor) -> System:
    return model(lambda q: torch.einsum("pk,kl,pl->p", q, f, q) / 2, torch.diag(OMEGA))


def exact(f: Tensor, count: int) -> Tensor:
    root = OMEGA.sqrt()
    omega = torch.linalg.eigvalsh(root[:, None] * f * root).sqrt()
    quanta = torch.tensor(list(product(range(5), repeat=len(OMEGA))), dtype=torch.float64)
    return ((quanta + 0.5) @ omega).sort().values[:count]


def names(count: int) -> tuple[str, ...]:
    return tuple(f"q{k + 1}" for k in range(count))


def test_coupled_oscillators() -> None:
    """Levels converge to the exact ones from above, and the estimate covers the error."""
    f = force_constants(0.05)
    levels = vibrational_levels(coupled(f), SparseGrid(names(4), 5, 7), 12)
    error = levels.energies - exact(f, 12)
    # V is a polynomial: the quadrature is exact, and the levels are variational.
    assert error.min() > -1e-14
    assert error.max() < 1e-4 * CM1
    above = (levels.excitations - (exact(f, 12) - exact(f, 12)[0])).abs()
    assert (above[1:] <= levels.convergence[1:] + 1e-12).all()
    assert levels.warnings == ()


def test_blocks_change_nothing() -> None:
    f = force_constants(0.05)
    alike, plain = (
        vibrational_levels(
            coupled(f), SparseGrid(names(4), 6, 8), 12, symmetry=blocks, convergence=False
        )
        for blocks in (True, False)
    )
    assert set(alike.eigenpairs.symmetry) == {"+", "-"}
    torch.testing.assert_close(alike.energies, plain.energies, rtol=0, atol=1e-13)


def test_davidson_on_the_grid_agrees_with_the_matrix() -> None:
    f = force_constants(0.05)
    dense, davidson = (
        vibrational_levels(
            coupled(f), SparseGrid(names(4), 6, 8), 5, solver=solver, convergence=False
        )
        for solver in ("dense", "davidson")
    )
    # Residuals of 2e-9 hartree.
    torch.testing.assert_close(davidson.energies, dense.energies, rtol=0, atol=1e-13)


@pytest.fixture(scope="module")
def water() -> tuple[System, SparseGrid]:
    """Curvilinear normal coordinates of water."""
    inner, masses = ZMatrix((("O",), ("H", 0), ("H", 0, 1))), Molecule(("O", "H", "H")).masses
    q = torch.tensor([0.9579205 * ANGSTROM] * 2 + [104.499647 * DEGREE], dtype=torch.float64)
    x = inner.to_positions(q, masses)
    modes = curvilinear(inner, normal_modes(x, hessian(WaterPJT(), x), masses))
    masses = masses.clone().requires_grad_()
    return molecular(WaterPJT(), modes.to_positions, masses), SparseGrid(names(3), 10, 12)


@pytest.fixture(scope="module")
def water_levels(water: tuple[System, SparseGrid]) -> Levels:
    return vibrational_levels(*water, 5)


def test_water(water_levels: Levels) -> None:
    """Levels of DESIGN of the same surface by another program, converged to 0.0005 cm⁻¹."""
    expected = torch.tensor([1594.6586, 3151.4938, 3657.1104, 3755.8298], dtype=torch.float64)
    assert water_levels.zero_point_energy / CM1 == pytest.approx(4634.7648, abs=0.002)
    error = (water_levels.excitations[1:] / CM1 - expected).abs()
    assert (error <= water_levels.convergence[1:] / CM1 + 0.0005).all()
    assert error.max() < 0.1
    assert water_levels.eigenpairs.symmetry == ("A1", "A1", "A1", "A1", "B2")


def test_derivatives_by_masses(water: tuple[System, SparseGrid], water_levels: Levels) -> None:
    """dE/d ln μ = −⟨T⟩, and the published slopes by central differences."""
    system = water[0]
    assert system.masses is not None
    (slopes,) = level_derivatives(water_levels, [system.masses])
    along = (slopes * system.masses.detach()).sum(1)
    torch.testing.assert_close(along, -kinetic_energies(water_levels), rtol=1e-9, atol=0)
    expected = torch.tensor([-2280.99, -3050.43, -3780.34, -4024.34, -4067.86])
    # The basis is converged to a few hundredths.
    torch.testing.assert_close(along / CM1, expected.double(), rtol=0, atol=0.1)


def test_rotational_constants(water: tuple[System, SparseGrid], water_levels: Levels) -> None:
    assert water[0].masses is not None
    constants = rotational_constants(water_levels, water[0].masses)[0] / CM1
    # docs/equations.md, from a product grid.
    assert constants.tolist() == pytest.approx([27.884, 14.509, 9.300], abs=2e-3)


@pytest.mark.parametrize("solver", ["dense", "davidson", "shift_invert"])
def test_a_grid_too_coarse_is_named(solver: str) -> None:
    """V is positive, but of degree 16: weights of both signs make its matrix indefinite."""

    def steep(q: Tensor) -> Tensor:
        return (OMEGA * q.square()).sum(1) / 2 + 10_000 * CM1 * q.prod(1) ** 4

    system, grid = model(steep, torch.diag(OMEGA)), SparseGrid(names(4), 6, 7)
    with pytest.raises(SolverError, match="level 7 is too coarse for 6 quanta"):
        vibrational_levels(system, grid, 3, convergence=False, solver=solver)


def test_what_belongs_to_product_grids_is_refused() -> None:
    with pytest.raises(ValueError, match="`quanta` belongs to a product grid"):
        vibrational_levels(coupled(force_constants(0.0)), SparseGrid(names(4), 4, 6), 2, quanta=3)


def test_agrees_with_a_product_grid() -> None:
    f = force_constants(0.05)[:2, :2]

    def potential(q: Tensor) -> Tensor:
        return torch.einsum("pk,kl,pl->p", q, f, q) / 2 + 50 * CM1 * (q[:, 0] ** 2 * q[:, 1])

    system = model(potential, torch.diag(OMEGA[:2]))
    line = BasisSpec("sinc", -6.5, 6.5, 22, points=30, primitives=60)
    product_grid = vibrational_levels(system, [line] * 2, 6, convergence=False)
    sparse = vibrational_levels(system, SparseGrid(names(2), 18, 20), 6, convergence=False)
    torch.testing.assert_close(sparse.energies, product_grid.energies, rtol=0, atol=1e-5 * CM1)


@pytest.mark.parametrize("quanta", [9, 12, 15])
def test_estimates_of_levels_that_converge_slowly(quanta: int) -> None:
    """A Morse oscillator with ω = 1: errors fall by less than half from quantum to quantum.

    Those of the highest fall by 0.6 from two quanta to the next two.
    """
    depth = 8.0
    width = 1 / (2 * depth) ** 0.5
    system = model(lambda q: depth * (1 - torch.exp(-width * q[:, 0])) ** 2, torch.eye(1).double())
    n = torch.arange(6).double() + 0.5
    exact = n - (width * n) ** 2 / 2
    found = vibrational_levels(system, SparseGrid(("q1",), quanta, 24), 6)
    error = (found.energies - exact).abs()
    error[1:] = (found.excitations - (exact - exact[0]))[1:].abs()
    # Below 1e-9 the quadrature decides.
    assert (error <= found.convergence + 1e-9).all()
    assert error.max() > 1e-6, "nothing was tested"


@pytest.mark.parametrize("count", [3, 9])
def test_probability_of_a_region(count: int) -> None:
    """Of q1 > x the ground state has erfc(x)/2, the first excited one x exp(−x²)/√π more."""
    omega = torch.linspace(1000.0, 2000.0, count, dtype=torch.float64) * CM1
    system = model(lambda q: q.square() @ omega / 2, torch.diag(omega))
    grid = SparseGrid(names(count), 3, 5)
    levels = vibrational_levels(system, grid, 2, convergence=False, symmetry=False)
    for x in (0.5, 1.5):
        ground = erfc(x) / 2
        excited = ground + x * exp(-(x**2)) / pi**0.5
        # Four standard deviations of 20,000 points, of which a fourth counts with nine modes.
        error = 4 * (excited / 5000) ** 0.5
        shares = levels.probability_where(lambda q, x=x: q[:, 0] > x)
        assert shares.tolist() == pytest.approx([ground, excited], abs=error)
    assert levels.probability_where(lambda q: q[:, 0] > -9).tolist() == pytest.approx([1, 1])

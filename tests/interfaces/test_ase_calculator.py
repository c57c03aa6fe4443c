"""The calculator of ASE against the surface, and what ASE makes of it."""

import numpy as np
import pytest
import torch
from ase import Atoms, units
from ase.build import molecule
from ase.calculators.calculator import PropertyNotImplementedError
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS
from ase.vibrations import Vibrations

import pes
from pes.interfaces import SurfaceCalculator
from pes.potential import Ensemble, Surface
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1, EV


@pytest.fixture
def water() -> Atoms:
    atoms = molecule("H2O")
    atoms.positions += np.random.default_rng(1).normal(scale=0.05, size=(3, 3))
    atoms.calc = SurfaceCalculator(pes.load("water_pjt1996"))
    return atoms


def test_energy_and_forces(water: Atoms) -> None:
    x = torch.from_numpy(water.positions[None] * ANGSTROM)
    assert water.get_potential_energy() * EV == pytest.approx(WaterPJT()(x).item(), abs=1e-12)
    # Central differences of second order: off by about step² times the third derivative.
    step, forces = 1e-4, water.get_forces()
    energies = []
    for sign in (1, -1):
        other = water.copy()
        other.calc = water.calc
        other.positions[2, 1] += sign * step
        energies.append(other.get_potential_energy())
    assert forces[2, 1] == pytest.approx((energies[1] - energies[0]) / (2 * step), abs=1e-5)


def test_hessian(water: Atoms) -> None:
    hessian = water.calc.get_hessian(water)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-8)
    step = 1e-4
    moved = []
    for sign in (1, -1):
        other = water.copy()
        other.calc = water.calc
        other.positions[1, 2] += sign * step
        moved.append(other.get_forces().flatten())
    np.testing.assert_allclose(hessian[5], -(moved[0] - moved[1]) / (2 * step), atol=1e-4)


def test_optimisation_and_frequencies(water: Atoms, tmp_path: object) -> None:
    """The minimum of the surface by its definition; frequencies by its second derivatives."""
    BFGS(water, logfile=None).run(fmax=1e-4)
    assert water.get_distance(0, 1) == pytest.approx(0.9579205, abs=1e-5)
    assert water.get_angle(1, 0, 2) == pytest.approx(104.499647, abs=1e-3)
    vibrations = Vibrations(water, name=str(tmp_path) + "/vib")
    vibrations.run()
    by_ase = vibrations.get_frequencies().real[-3:]
    masses = np.repeat(water.get_masses(), 3) ** -0.5
    squares = np.linalg.eigvalsh(masses[:, None] * water.calc.get_hessian(water) * masses)[-3:]
    # √(eV/Å²/u) in cm⁻¹.
    scale = (EV / ANGSTROM**2 / (1 / units._me * units._amu)) ** 0.5 / CM1
    np.testing.assert_allclose(by_ase, scale * squares**0.5, rtol=1e-3)
    np.testing.assert_allclose(by_ase, [1650, 3830, 3940], rtol=0.02)


def test_dynamics_keep_the_energy(water: Atoms) -> None:
    start = water.get_total_energy()
    VelocityVerlet(water, timestep=0.2 * units.fs).run(50)
    assert water.get_kinetic_energy() > 0
    assert water.get_total_energy() == pytest.approx(start, abs=1e-3)


def test_uncertainty_of_an_ensemble(water: Atoms) -> None:
    members = [WaterPJT(), WaterPJT()]
    with torch.no_grad():
        members[1].r_e += 0.001
    water.calc = SurfaceCalculator(Surface(Ensemble(members), ("O", "H", "H")))
    water.get_potential_energy()
    assert water.calc.results["energy_uncertainty"] > 0
    water.positions[1] *= 1.1
    fresh = water.calc.get_property("energy_uncertainty", water)
    assert fresh == water.calc.results["energy_uncertainty"] > 0
    water.calc = SurfaceCalculator(Surface(WaterPJT(), ("O", "H", "H")))
    with pytest.raises(PropertyNotImplementedError, match="energy_uncertainty: the surface of"):
        water.calc.get_property("energy_uncertainty", water)


def test_what_is_refused(water: Atoms) -> None:
    with pytest.raises(
        PropertyNotImplementedError, match="stress: the surface of a molecule gives"
    ):
        water.get_stress()
    turned = water[[1, 0, 2]]
    turned.calc = water.calc
    with pytest.raises(ValueError, match="the atoms are H O H, the surface is for O H H"):
        turned.get_potential_energy()
    water.pbc = True
    with pytest.raises(ValueError, match="periodic"):
        water.get_potential_energy()
    with pytest.raises(ValueError, match="give `symbols`"):
        SurfaceCalculator(Surface(WaterPJT()))

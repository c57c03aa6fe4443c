"""Everything follows the device of the masses: nothing is left behind on the CPU, results agree.

Most tests run on a device made of CPU arithmetic, which refuses operands that are not all on it;
those marked `gpu` run on a real one.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from other_device import OTHER, OtherDevice
from torch import Tensor

from pes.coordinates import Polyspherical, Valence, hessian, normal_modes
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import CM1
from pes.vibration import BasisSpec, Levels, System, model, molecular, vibrational_levels
from pes.vibration.analysis.derivatives import level_derivatives
from pes.vibration.analysis.intensities import stick_spectrum
from pes.vibration.analysis.second_order import curvatures
from pes.vibration.analysis.uncertainty import ENSEMBLE_METHODS
from pes.vibration.basis.truncation import GroupSize, Truncation
from pes.vibration.eigensolvers.select import lowest_eigenpairs
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.system.perturbation import gaussian, perturbed

LINE = BasisSpec("sinc", -6.0, 6.0, 5, points=7, primitives=24)


@pytest.fixture
def other() -> Iterator[torch.device]:
    with OtherDevice():
        yield OTHER


@pytest.fixture
def small(bonds_and_angle: tuple[BasisSpec, ...]) -> list[BasisSpec]:
    r1, r2, theta = bonds_and_angle
    few = {"functions": 3, "points": 6, "primitives": 16}
    return [
        replace(r1, **few),
        replace(r2, **few),
        replace(theta, functions=4, points=7, primitives=16),
    ]


def water(device: torch.device) -> System:
    masses = Molecule(("O", "H", "H")).masses.to(device).requires_grad_()
    return molecular(WaterPJT().to(device), Valence(0, (1, 2)).to_positions, masses)


def oscillators(device: torch.device) -> System:
    g = torch.tensor([[1.0, 0.1, 0.0], [0.1, 0.8, 0.0], [0.0, 0.0, 1.3]], dtype=torch.float64)
    return model(lambda q: (q**2).sum(-1) / 2 + 0.05 * q[:, 0] * q[:, 1] * q[:, 2], g.to(device))


def assert_same(here: Levels, there: Levels) -> None:
    assert there.hamiltonian.g_matrix.device.type == there.energies.device.type != "cpu"
    for name in ("energies", "convergence", "changes", "minimum"):
        one, other = getattr(here, name), getattr(there, name).cpu()
        # The same arithmetic, or on a GPU 1e-8 cm⁻¹ of rounding.
        torch.testing.assert_close(one, other, rtol=0, atol=1e-8 * CM1, equal_nan=True)


def test_the_device_refuses_mixtures(other: torch.device) -> None:
    """The instrument itself."""
    here = torch.ones(3, dtype=torch.float64)
    there = here.to(other)
    with pytest.raises(RuntimeError, match="must be on one device"):
        here + there
    with pytest.raises(RuntimeError, match="must be on one device"):
        here[there > 0]
    assert (2 * there[torch.tensor([0, 2])]).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("convergence", ["larger", "smaller"])
def test_levels_of_water(other: torch.device, small: list[BasisSpec], convergence: str) -> None:
    here = vibrational_levels(
        water(torch.device("cpu")), small, 2, solver="dense", convergence=convergence
    )
    there = vibrational_levels(water(other), small, 2, convergence=convergence)
    assert there.eigenpairs.solver == "dense"
    assert_same(here, there)
    assert here.warnings == there.warnings


@pytest.mark.parametrize(
    ("products", "solver"),
    [
        (Truncation(quanta=4), "davidson"),
        (Truncation(energy=4.0, self_consistent=True), "dense"),
        (Truncation(quanta=4, groups=(GroupSize((0, 1), functions=8),)), "davidson"),
    ],
    ids=["quanta", "modals", "group"],
)
def test_every_kind_of_basis(other: torch.device, products: Truncation, solver: str) -> None:
    found = [
        vibrational_levels(
            oscillators(torch.device(d)),
            [LINE] * 3,
            3,
            truncation=products,
            solver=solver,
            cap=1e3,
            convergence=False,
        )
        for d in ("cpu", other)
    ]
    assert_same(*found)
    assert torch.equal(found[0].leading[0], found[1].leading[0])
    torch.testing.assert_close(found[0].leak(), found[1].leak().cpu())


def test_arpack_stays_on_the_cpu(other: torch.device) -> None:
    with pytest.raises(ValueError, match="'shift_invert' works on the CPU, the Hamiltonian is on"):
        vibrational_levels(oscillators(other), [LINE] * 3, 4, solver="shift_invert", cap=1e3)


def test_products_with_vectors(other: torch.device, small: list[BasisSpec]) -> None:
    _products_agree(other, small)


def _products_agree(device: torch.device, coordinates: list[BasisSpec]) -> None:
    bottom = torch.tensor([1.81, 1.81, 1.82], dtype=torch.float64)
    here, there = (
        build_hamiltonian(water(torch.device(d)), coordinates, bottom, ceiling=0.3)
        for d in ("cpu", device)
    )
    v = torch.randn(3, here.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    product = there.apply(v.to(device))
    assert product.device.type == device.type
    # Rounding of sums over 4,000 grid points of numbers up to one hartree.
    torch.testing.assert_close(product.cpu(), here.apply(v), rtol=0, atol=1e-12)
    torch.testing.assert_close(there.dense().cpu(), here.dense(), rtol=0, atol=1e-12)
    energies = lowest_eigenpairs(there, 3, solver="davidson").energies
    assert energies.device.type == device.type


def test_what_levels_tell(other: torch.device, small: list[BasisSpec]) -> None:
    """Derivatives of either mode, curvatures, spreads, moments: all where the levels are."""
    _tell_the_same(other, small)


def _tell_the_same(device: torch.device, coordinates: list[BasisSpec]) -> None:
    told = []
    for where in (torch.device("cpu"), device):
        strength = torch.zeros(1, dtype=torch.float64).to(where).requires_grad_()
        masses = Molecule(("O", "H", "H")).masses.to(where).requires_grad_()
        surface = WaterPJT().to(where)
        plain = molecular(surface, Valence(0, (1, 2)).to_positions, masses)
        system = perturbed(plain, strength, [gaussian(0, 1.9, 0.2)])
        found = vibrational_levels(system, coordinates, 3, solver="dense", convergence=False)
        told.append(
            {
                "forward": level_derivatives(found, [masses], mode="forward")[0],
                "reverse": level_derivatives(found, [masses, strength], mode="reverse")[0],
                "parameters": level_derivatives(found, [surface.r_e])[0],
                "all states": curvatures(found, [strength], method="all_states"),
                "linear": curvatures(found, [strength], method="linear"),
                "intensities": stick_spectrum(found, lambda x: x[:, 0] - x[:, 1], masses.detach(),
                                        temperature=0.0).intensities,
                "spread": ENSEMBLE_METHODS["full"](found, _two_surfaces(system)),
                "density": found.pair_density(1, 0, 2),
            }
        )  # fmt: skip
    here, there = told
    for name, value in here.items():
        assert there[name].device.type == device.type, name
        # Rounding; the solver of the response stops at 1e-10.
        torch.testing.assert_close(
            there[name].detach().cpu(), value.detach(), rtol=1e-7, atol=1e-11
        )


def _two_surfaces(system: System) -> Callable[[Tensor], Tensor]:
    def members(q: Tensor) -> Tensor:
        v = system.potential(q).detach()
        return torch.stack((v * 1.001, v * 0.999))

    return members


def test_brought_to_the_cpu(other: torch.device, small: list[BasisSpec]) -> None:
    """Tables and pictures take the levels from there, the surface stays where it is."""
    there = vibrational_levels(water(other), small, 3, convergence=False)
    here = there.cpu()
    assert here.densities.device.type == here.positions.device.type == "cpu"
    assert here.system.kinetic(here.points[:2])[0].device.type == "cpu"
    torch.testing.assert_close(here.densities, there.densities.cpu(), rtol=0, atol=0)
    assert there.cpu().cpu().system is not there.system


def test_four_atoms(other: torch.device) -> None:
    internal = Polyspherical(((0, 1), (0, 2), (0, 3)))
    masses = Molecule(("C", "O", "H", "H")).masses.to(other)
    q = torch.tensor([[2.3, 2.1, 2.1, 2.0, 2.2, 3.0]], dtype=torch.float64).to(other)
    system = molecular(lambda x: x.sum((1, 2)), internal.to_positions, masses)
    assert system.kinetic(q)[0].device == OTHER


def test_constants_of_coordinates_follow(other: torch.device) -> None:
    """Normal modes hold tensors of their own."""
    x = torch.tensor([[0.0, 0, 0], [1.0, 0, 0]], dtype=torch.float64)
    modes = normal_modes(
        x, hessian(lambda x: (x[:, 1] - x[:, 0]).norm(dim=-1) ** 2, x), 1 + x[:, 1]
    )
    assert modes.to_positions(torch.ones(3, 1).double().to(other)).device == OTHER


@pytest.mark.gpu
def test_on_a_gpu(small: list[BasisSpec]) -> None:
    cuda = torch.device("cuda")
    here = vibrational_levels(water(torch.device("cpu")), small, 4, solver="dense")
    assert_same(here, vibrational_levels(water(cuda), small, 4))
    _products_agree(cuda, small)
    _tell_the_same(cuda, small)

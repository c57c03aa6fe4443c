"""What all coordinates have in common: there and back, G, derivatives, any leading shape."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from pes.coordinates import (
    COORDINATES,
    BondVectors,
    Curvilinear,
    Jacobi,
    NormalModes,
    Polyspherical,
    Radau,
    Umbrella,
    Valence,
    ZMatrix,
    bond_vectors,
    curvilinear,
    hessian,
    normal_modes,
)
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM
from pes.vibration.system.kinetic import kinetic

FORMALDEHYDE = (("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2))
PEROXIDE = (("H",), ("O", 0), ("O", 1, 0), ("H", 2, 1, 0))
# An H–C–C–H chain bent out of line somewhat, with a dummy beside it.
WITH_DUMMY = (("N",), ("C", 0), ("H", 1, 0), ("X", 1, 0, 2), ("H", 1, 3, 0))


NORMAL = {
    "normal modes": lambda modes: modes,
    "curvilinear": lambda modes: curvilinear(Jacobi(1, (2, 0)), modes),
    "bond vectors": lambda modes: bond_vectors(modes, [(1, 0), (0, 2)]),
}


class Case(NamedTuple):
    coordinates: (
        Valence
        | Radau
        | Jacobi
        | ZMatrix
        | NormalModes
        | Polyspherical
        | Curvilinear
        | BondVectors
        | Umbrella
    )
    masses: Tensor
    low: list[float]
    high: list[float]

    @property
    def q(self) -> Tensor:
        """Twelve random geometries, (12, Q)."""
        low, high = (torch.tensor(end, dtype=torch.float64) for end in (self.low, self.high))
        generator = torch.Generator().manual_seed(11)
        return low + (high - low) * torch.rand(12, len(low), generator=generator).double()


def case(name: str) -> Case:
    if name in NORMAL:
        modes = water_modes()
        return Case(NORMAL[name](modes), modes.masses, [-2.0] * 3, [2.0] * 3)
    coordinates, symbols = {
        "valence": (Valence(1, (2, 0)), "HOD"),
        "radau": (Radau(1, (2, 0)), "HOD"),
        "radau, light centre": (Radau(0, (1, 2)), "HOD"),
        "jacobi": (Jacobi(1, (2, 0)), "HOD"),
        "jacobi, unlike pair": (Jacobi(0, (1, 2)), "HOD"),
        "zmatrix, H2CO": (ZMatrix(FORMALDEHYDE), "COHH"),
        "zmatrix, H2O2": (ZMatrix(PEROXIDE), "HOOH"),
        "zmatrix, dummy": (
            ZMatrix(WITH_DUMMY, fixed={"r3": 1.0, "theta3": 1.5, "phi3": 2.0}),
            "NCHH",
        ),
        "polyspherical": (Polyspherical([(0, 1), ((0, 1), 2), (2, 3)]), "COHD"),
        "polyspherical, radau": (
            Polyspherical([(("radau", 0, 1, 2, 3, 4), k) for k in (1, 2, 3, 4)]),
            "CHDHF",
        ),
        "zmatrix, frozen": (ZMatrix(FORMALDEHYDE, fixed={"phi3": 3.0}), "COHH"),
        "umbrella": (Umbrella(1), "HNDH"),
    }[name]
    ends = {
        "length": (1.2, 3.0), "angle": (0.7, 2.6), "dihedral": (0.3, 6.0), "azimuth": (-0.4, 0.5),
    }  # fmt: skip
    low, high = ([ends[kind][i] for kind in coordinates.kinds] for i in (0, 1))
    return Case(coordinates, Molecule(tuple(symbols)).masses, low, high)


def water_modes() -> NormalModes:
    surface = WaterPJT()
    q = torch.stack((surface.r_e, surface.r_e, surface.alpha_e + 1e-12)).detach()
    reference = Valence().to_positions(q)
    masses = Molecule(("O", "H", "D")).masses
    return normal_modes(reference, hessian(surface, reference), masses)


INVERTIBLE = [
    "valence", "radau", "radau, light centre", "jacobi", "jacobi, unlike pair", "zmatrix, H2CO",
    "zmatrix, H2O2", "zmatrix, dummy", "normal modes", "curvilinear", "bond vectors",
    "polyspherical", "polyspherical, radau", "umbrella",
]  # fmt: skip
ALL = [*INVERTIBLE, "zmatrix, frozen"]


def test_every_sibling_is_in_the_dictionary() -> None:
    kinds = {type(case(name).coordinates) for name in ALL}
    # Curvilinear ones are made of any of the others.
    assert kinds == {*COORDINATES.values(), Curvilinear}
    assert list(COORDINATES) == sorted(COORDINATES)


@pytest.mark.parametrize("name", ALL)
def test_there_and_back(name: str) -> None:
    coordinates, masses, *_ = given = case(name)
    x = coordinates.to_positions(given.q, masses)
    assert x.shape == (12, len(masses), 3)
    # Rounding; angles stay away from 0 and π.
    back = coordinates.from_positions(x, masses)
    torch.testing.assert_close(back, given.q, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_turned_and_displaced(name: str) -> None:
    coordinates, masses, *_ = given = case(name)
    skew = torch.tensor([[0, 1.0, -0.7], [-1.0, 0, 0.4], [0.7, -0.4, 0]], dtype=torch.float64)
    x = coordinates.to_positions(given.q, masses) @ torch.matrix_exp(skew) + 3 * ANGSTROM
    back = coordinates.from_positions(x, masses)
    torch.testing.assert_close(back, given.q, rtol=0, atol=1e-12)  # rounding


@pytest.mark.parametrize("name", ALL)
def test_any_leading_shape(name: str) -> None:
    coordinates, masses, *_ = given = case(name)
    x = coordinates.to_positions(given.q, masses)
    grid = coordinates.to_positions(given.q.reshape(3, 4, -1), masses)
    assert torch.equal(grid.flatten(0, 1), x)
    assert torch.equal(coordinates.to_positions(given.q[0], masses), x[0])
    assert coordinates.from_positions(grid, masses).shape == (3, 4, len(coordinates.names))


@pytest.mark.parametrize("name", ALL)
def test_names_and_kinds(name: str) -> None:
    coordinates, _, low, _ = case(name)
    assert len(coordinates.names) == len(set(coordinates.names)) == len(low)
    assert len(coordinates.kinds) == len(coordinates.names)
    assert set(coordinates.kinds) <= {"length", "angle", "dihedral", "azimuth", "normal"}


@pytest.mark.parametrize("name", INVERTIBLE)
def test_g_is_that_of_wilson(name: str) -> None:
    """G = B M⁻¹ Bᵀ with B = ∂q/∂x, from the inverse transformation alone."""
    coordinates, masses, *_ = given = case(name)
    x = coordinates.to_positions(given.q, masses).requires_grad_()
    back = coordinates.from_positions(x, masses)
    rows = [torch.autograd.grad(b.sum(), x, retain_graph=True)[0] for b in back.unbind(-1)]
    b = torch.stack(rows, 1).flatten(2)
    wilson = (b / masses.repeat_interleave(3)) @ b.mT
    g, _ = kinetic(coordinates.to_positions, given.q, masses)
    # Rounding, times the condition of the metric: up to 1e4 for four atoms.
    scale = float(wilson.abs().max())
    torch.testing.assert_close(g, wilson, rtol=1e-9, atol=1e-11 * scale)


@pytest.mark.parametrize("name", ALL)
def test_derivatives(name: str) -> None:
    coordinates, masses, *_ = given = case(name)
    q = given.q[:2].requires_grad_()
    # In units of u, for the steps of gradcheck are absolute.
    unit = float(masses[0])
    m = (masses / unit).requires_grad_()

    def there(q: Tensor, m: Tensor) -> Tensor:
        return coordinates.to_positions(q, m * unit)

    assert torch.autograd.gradcheck(there, (q, m))
    x = there(q, m).detach().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: coordinates.from_positions(x, masses), (x,), atol=1e-4
    )


@pytest.mark.parametrize("name", ["radau", "jacobi", "jacobi, unlike pair"])
def test_mass_derivative_does_not_vanish(name: str) -> None:
    coordinates, masses, *_ = given = case(name)
    masses.requires_grad_()
    x = coordinates.to_positions(given.q, masses)
    (slope,) = torch.autograd.grad(x.square().sum(), masses)
    assert slope.abs().max() > 0


@pytest.mark.parametrize("kind", [Valence, Radau, Jacobi])
@pytest.mark.parametrize("atoms", [(0, (1, 1)), (0, (0, 2)), (1, (2, 3)), (0, (1, 2, 3))])
def test_atoms_of_a_triatomic(kind: type, atoms: tuple) -> None:
    with pytest.raises(ValueError, match="must be the atoms 0, 1 and 2, each once"):
        kind(*atoms)

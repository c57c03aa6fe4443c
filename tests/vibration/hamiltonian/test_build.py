"""G at one point of each set of images is G at all of them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.coordinates import Jacobi, ZMatrix
from pes.molecule import Molecule
from pes.vibration import BasisSpec, System, build_hamiltonian, molecular
from pes.vibration.symmetry.grid_symmetry import orbits
from pes.vibration.symmetry.operation import Operation
from pes.vibration.symmetry.operations import symmetry_operations

ZMATRIX = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
MASSES = Molecule(("C", "O", "H", "H")).masses
BOND = BasisSpec("sinc", 1.5, 2.8, 2, points=3, primitives=20)
ANGLE = BasisSpec("legendre", 1.3, 2.9, 2, points=3, primitives=20)
TORSION = BasisSpec("sinc", 2.0, 2 * torch.pi - 2.0, 2, points=5, primitives=20)
COORDINATES = (replace(BOND, low=1.9), BOND, ANGLE, BOND, ANGLE, TORSION)
REFERENCE = torch.tensor([2.3, 2.1, 2.1, 2.1, 2.1, torch.pi], dtype=torch.float64)


def springs(x: Tensor) -> Tensor:
    return sum((x[:, i] - x[:, 0]).square().sum(-1) / 20 for i in range(1, x.shape[1]))  # pyright: ignore


@pytest.fixture
def formaldehyde() -> System:
    return molecular(springs, ZMATRIX.to_positions, MASSES)


@pytest.fixture
def group(formaldehyde: System) -> list[Operation]:
    found = symmetry_operations(formaldehyde, COORDINATES)
    assert len(found) == 3
    return found


def counting(system: System, asked: list[int]) -> System:
    """The same, with the number of points of each question put down."""

    def counted(q: Tensor) -> tuple[Tensor, Tensor]:
        asked.append(len(q))
        return system.kinetic(q)

    return replace(system, kinetic=counted)


def test_the_same_as_at_every_point(formaldehyde: System, group: list[Operation]) -> None:
    asked: list[int] = []
    system = counting(formaldehyde, asked)
    h = build_hamiltonian(system, COORDINATES, REFERENCE, ceiling=1e3, operations=group)
    points = torch.cartesian_prod(*[b.points for b in h.basis.bases])
    g, slope = formaldehyde.kinetic(points)
    density = torch.cartesian_prod(*[b.log_density_slope for b in h.basis.bases])
    # Rounding, of G near 1e-3.
    torch.testing.assert_close(h.g_matrix, g, rtol=1e-9, atol=1e-14)
    torch.testing.assert_close(h.s, (density - slope) / 2, rtol=1e-9, atol=1e-10)
    # Pairs of bonds and angles 9·10/2, halves of torsion points and the middle one: 3·45·3 of 1215.
    known = orbits(h.basis, group)
    assert len(known.first) == 405
    assert 405 in asked
    assert len(points) not in asked


def test_slopes_change_sign_in_a_mirror() -> None:
    """The volume element of Jacobi coordinates falls to both sides of the middle angle."""
    masses = Molecule(("O", "H", "H")).masses
    system = molecular(springs, Jacobi(0, (1, 2)).to_positions, masses)
    # Of plain weight: that of Legendre functions takes the slope away.
    wide = BasisSpec("sinc", 0.5, torch.pi - 0.5, 2, points=4, primitives=20)
    wanted = (BOND, replace(BOND, low=0.8, high=1.9), wide)
    group = symmetry_operations(system, wanted)
    middle = torch.tensor([2.1, 1.3, torch.pi / 2], dtype=torch.float64)
    asked: list[int] = []
    one, other = (
        build_hamiltonian(counting(system, asked), wanted, middle, ceiling=1e3, operations=ops)
        for ops in (group, [])
    )
    assert len(orbits(one.basis, group).first) == 18
    # All 36 points only where there is no symmetry to use.
    assert asked.count(18) == 1
    assert asked.count(36) == 1
    # Of bases whose cuts are means of two, equal but for rounding.
    torch.testing.assert_close(one.s, other.s, rtol=1e-7, atol=1e-9)
    assert float(one.s[:, 2].abs().min()) > 0.01


def test_kinetic_energy_that_is_not_symmetric_is_computed(
    formaldehyde: System, group: list[Operation]
) -> None:
    """An operation that is none is found out by points looked at."""

    def lopsided(q: Tensor) -> tuple[Tensor, Tensor]:
        g, slope = formaldehyde.kinetic(q)
        return g * (1 + 1e-5 * q[:, 1, None, None]), slope

    system = replace(formaldehyde, kinetic=lopsided)
    h = build_hamiltonian(system, COORDINATES, REFERENCE, ceiling=1e3, operations=group)
    points = torch.cartesian_prod(*[b.points for b in h.basis.bases])
    torch.testing.assert_close(h.g_matrix, lopsided(points)[0], rtol=1e-12, atol=1e-16)

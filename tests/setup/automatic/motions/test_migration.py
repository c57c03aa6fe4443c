"""Coordinates for a hydrogen that passes from one of two like atoms to the other."""

import pytest
import torch
from torch import Tensor

import pes
from pes.coordinates import Jacobi, Valence
from pes.setup.automatic.motions.migration import around_the_pair, half_way
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.problem import Problem, problem
from pes.units import ANGSTROM, CM1


def peroxyl(barrier: float) -> Problem:
    """H, O, O: two equal wells cos γ = ±0.62 in Jacobi coordinates and a barrier in cm⁻¹."""

    def surface(x: Tensor) -> Tensor:
        oxygen, way = x[:, 2] - x[:, 1], x[:, 0] - (x[:, 1] + x[:, 2]) / 2
        r, distance = oxygen.norm(dim=1) / ANGSTROM, way.norm(dim=1) / ANGSTROM
        c = (oxygen * way).sum(1) / (oxygen.norm(dim=1) * way.norm(dim=1))
        stretch = 1 - torch.exp(-2.7 * (r - 1.33))
        far = 1 - torch.exp(-2 * (distance - 1.15 - 0.32 * c**2))
        wells = barrier * (1 - (c / 0.62) ** 2) ** 2
        return (45000 * stretch**2 + 36000 * far**2 + wells) * CM1

    return problem(as_surface(surface), "H O O")


@pytest.mark.parametrize(
    ("barrier", "kind"), [(3000.0, Jacobi), (30000.0, Valence)], ids=["passes", "stays"]
)
def test_coordinates_of_a_hydrogen_that_passes(barrier: float, kind: type) -> None:
    """Twenty levels reach some 6,000 cm⁻¹ above the minimum."""
    task, said = peroxyl(barrier), list[str]()
    chosen = around_the_pair(task, 20, None, said.append)
    assert isinstance(task.internal, Valence)
    assert isinstance(chosen.internal, kind)
    assert bool(said) == (kind is Jacobi)


def test_height_half_way() -> None:
    """At cos γ = 0 with both lengths at their minima V is the barrier itself."""
    task = peroxyl(3000.0)
    with torch.no_grad():
        x = task.internal.to_positions(task.start[None], task.masses)[0]
        there = task.surface.potential(half_way(task.surface.potential, x, 0)[None])
    # The search ends where the slope is 1e-8 hartree/bohr.
    assert float(there) / CM1 == pytest.approx(3000.0, abs=1e-3)


@pytest.mark.parametrize("few", [1, 3])
def test_levels_decide(few: int) -> None:
    """The ground state lies at about 2,900 cm⁻¹: below a barrier of 5,500, as are all of three."""
    task = peroxyl(5500.0)
    assert around_the_pair(task, few, None) is task
    assert around_the_pair(task, None, 4000.0) is not task


def test_an_atom_between_two_others_has_no_jacobi_coordinates() -> None:
    """F–H···F: half-way the hydrogen is on the line, where its distance from the centre is zero."""

    def surface(x: Tensor) -> Tensor:
        first, second = (x[:, 1] - x[:, k] for k in (0, 2))
        r1, r2 = first.norm(dim=1) / ANGSTROM, second.norm(dim=1) / ANGSTROM
        across = 1 + (first * second).sum(1) / (first.norm(dim=1) * second.norm(dim=1))
        apart, off = r1 + r2 - 2.5, (r1 - r2) ** 2 - 0.36
        return (30000 * apart**2 + 8000 * off**2 + 9000 * across) * CM1

    task = problem(as_surface(surface), "F H F")
    assert around_the_pair(task, 20, None) is task


def test_coordinates_that_the_user_chose_stay() -> None:
    task = problem(
        peroxyl(3000.0).surface, "H O O", coordinates=pes.CoordinateRequest(kind="valence")
    )
    assert around_the_pair(task, 20, None) is task

"""A minimum that no molecule has is refused, or said, before levels are computed about it."""

import pytest
import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.setup.automatic.motions.stiff_minimum import (
    refuse_stiff_minimum,
    stiffness_at_minimum,
    unusual_stiffness,
)
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.problem import Problem, problem
from pes.units import ANGSTROM, CM1, EV, KCAL_MOL

MUONIUM = 0.1139289
"""Mass in u of a positive muon with an electron."""


def water(depth: float, hydrogen: float | None = None, unit: float = 1.0) -> Problem:
    """Two bonds and a bend, and beside them a pit 0.06 Å wide of a depth in cm⁻¹.

    The mass of both H, in u, may be another one, and the energies may have another unit (hartree).
    """

    def surface(x: Tensor) -> Tensor:
        first, second = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
        r1, r2 = first.norm(dim=1) / ANGSTROM, second.norm(dim=1) / ANGSTROM
        c = (first * second).sum(1) / (r1 * r2 * ANGSTROM**2)
        bonds = (1 - torch.exp(-2.2 * (r1 - 0.96))) ** 2 + (1 - torch.exp(-2.2 * (r2 - 0.96))) ** 2
        pit = torch.exp(-((r1 - 0.97) ** 2 + (r2 - 0.97) ** 2) / 0.06**2)
        return (44000 * bonds + 19000 * (c + 0.25) ** 2 - depth * pit) * CM1 / unit

    masses = {} if hydrogen is None else {1: hydrogen, 2: hydrogen}
    return problem(as_surface(surface), Molecule("O H H", other_masses=masses))


def refuse(task: Problem) -> None:
    refuse_stiff_minimum(task, stiffness_at_minimum(task))


def test_a_minimum_in_a_pit() -> None:
    """Its depth of 20,000 cm⁻¹ over 0.06 Å gives a force constant ten times that of O-H."""
    with pytest.raises(ValueError, match=r"is \d{5} cm-1.* hole of the .* O1-H2 0\.9\d\d A"):
        refuse(water(20000.0))


@pytest.mark.parametrize("hydrogen", [None, MUONIUM])
def test_a_minimum_of_a_molecule(hydrogen: float | None) -> None:
    """With muonium its bonds have 11,300 cm⁻¹."""
    refuse(water(0.0, hydrogen))
    assert unusual_stiffness(stiffness_at_minimum(water(0.0, hydrogen))) == ()


def test_a_pit_of_a_molecule_of_muonium() -> None:
    with pytest.raises(ValueError, match=r"bonds of these lengths have about 1\d{4}\. "):
        refuse(water(20000.0, MUONIUM))


@pytest.mark.parametrize(("name", "unit"), {"eV": EV, "kcal/mol": KCAL_MOL, "cm-1": CM1}.items())
def test_energies_of_a_function_in_another_unit(name: str, unit: float) -> None:
    with pytest.raises(ValueError, match=f"The energies look like {name}; a surface must"):
        refuse(water(0.0, unit=unit))


def test_positions_in_another_unit() -> None:
    """A function that converts to Å and returns eV, around one that takes and returns neither."""
    inner = water(0.0).surface.potential
    double = as_surface(lambda x: inner(x / ANGSTROM) / EV)
    with pytest.raises(
        ValueError, match=r"1\.8\d times a usual bond.*positions in bohr and returns"
    ):
        refuse(problem(double, ["O", "H", "H"]))


def test_bonds_too_soft_for_a_molecule() -> None:
    known = stiffness_at_minimum(water(0.0, unit=1 / EV))
    refuse_stiff_minimum(water(0.0, unit=1 / EV), known)
    (sentence,) = unusual_stiffness(known)
    assert "a surface must return hartree for positions in bohr" in sentence

"""A minimum that no molecule has is refused before levels are computed about it."""

import pytest
import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.setup.automatic.motions.steep_minimum import refuse_steep_minimum
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.problem import Problem, problem
from pes.units import ANGSTROM, CM1

MUONIUM = 0.1139289
"""Mass in u of a positive muon with an electron."""


def water(depth: float, hydrogen: float | None = None) -> Problem:
    """Two bonds and a bend, and beside them a pit 0.06 Å wide of a depth in cm⁻¹.

    The mass of both H, in u, may be another one.
    """

    def surface(x: Tensor) -> Tensor:
        first, second = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
        r1, r2 = first.norm(dim=1) / ANGSTROM, second.norm(dim=1) / ANGSTROM
        c = (first * second).sum(1) / (r1 * r2 * ANGSTROM**2)
        bonds = (1 - torch.exp(-2.2 * (r1 - 0.96))) ** 2 + (1 - torch.exp(-2.2 * (r2 - 0.96))) ** 2
        pit = torch.exp(-((r1 - 0.97) ** 2 + (r2 - 0.97) ** 2) / 0.06**2)
        return (44000 * bonds + 19000 * (c + 0.25) ** 2 - depth * pit) * CM1

    masses = {} if hydrogen is None else {1: hydrogen, 2: hydrogen}
    return problem(as_surface(surface), Molecule("O H H", other_masses=masses))


def test_a_minimum_in_a_pit() -> None:
    """Its depth of 20,000 cm⁻¹ over 0.06 Å gives a force constant ten times that of O-H."""
    with pytest.raises(ValueError, match=r"hole of the surface: .* \d{5} cm-1.* O1-H2 0\.9\d\d A"):
        refuse_steep_minimum(water(20000.0))


def test_a_minimum_of_a_molecule() -> None:
    refuse_steep_minimum(water(0.0))


def test_a_minimum_of_a_molecule_of_muonium() -> None:
    """Its bonds have 11,300 cm⁻¹; the same pit is one for it too."""
    refuse_steep_minimum(water(0.0, MUONIUM))
    with pytest.raises(ValueError, match=r"H2 with atoms of 0\.114 u 13\d{3}\. "):
        refuse_steep_minimum(water(20000.0, MUONIUM))

"""Levels of molecules that weak forces hold together."""

import pytest
import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.setup.inputs.surfaces import as_surface
from pes.setup.levels.solved import solved
from pes.setup.problem.problem import problem
from pes.units import ANGSTROM, CM1

DEPTH, STEEP, FAR = 100 * CM1, 0.7 / ANGSTROM, 4.2 * ANGSTROM
MASSES = Molecule(["Ar", "C", "O"]).masses


def isotropic(x: Tensor) -> Tensor:
    """CO, and Ar around its centre of mass, by a force that is the same from all sides."""
    centre = (MASSES[1] * x[:, 1] + MASSES[2] * x[:, 2]) / MASSES[1:].sum()
    r, distance = (x[:, 1] - x[:, 2]).norm(dim=-1), (x[:, 0] - centre).norm(dim=-1)
    bond = 90000 * CM1 * (1 - torch.exp(-2.3 * (r / ANGSTROM - 1.13))) ** 2
    return bond + DEPTH * ((1 - torch.exp(-STEEP * (distance - FAR))) ** 2 - 1)


@pytest.mark.slow
def test_a_length_goes_on_where_levels_do() -> None:
    """Without rotation of CO the levels are those of a Morse oscillator, exactly."""
    result = solved(problem(as_surface(isotropic), ["Ar", "C", "O"]), count=16, accuracy=0.05)
    assert not any("feel the limits" in warning for warning in result.levels.warnings)
    reduced = 1 / (1 / MASSES[0] + 1 / MASSES[1:].sum())
    omega = float(STEEP * (2 * DEPTH / reduced) ** 0.5)
    n = torch.arange(4).double() + 0.5
    morse = (omega * n - (omega * n) ** 2 / (4 * DEPTH)) / CM1
    found = torch.tensor([row["energy"] for row in result.table])
    for energy in (morse - morse[0]).tolist():
        assert float((found - energy).abs().min()) == pytest.approx(0, abs=0.05), energy

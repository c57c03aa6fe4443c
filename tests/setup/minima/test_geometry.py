"""Minima found from atoms alone, against what the surfaces say of themselves."""

import pytest
import torch

from pes.molecule import Molecule
from pes.potential.analytic import ANALYTIC
from pes.setup.minima.geometry import minima
from pes.units import ANGSTROM, CM1


@pytest.mark.parametrize(
    "name",
    sorted(set(ANALYTIC) - {"water_pjt1996", "formaldehyde_model", "hydrogen_cyanide_model"}),
)
def test_the_minimum_of_every_model(name: str) -> None:
    """It has the energy zero by definition of these surfaces."""
    surface = ANALYTIC[name]()
    lowest = minima(Molecule(surface.symbols), surface)[0]
    assert lowest.energy == pytest.approx(0.0, abs=1e-3 * CM1)


def test_both_isomers() -> None:
    surface = ANALYTIC["hydrogen_cyanide_model"]()
    first, second = minima(Molecule(surface.symbols), surface)[:2]
    # The model is written so that HNC lies 5,200 cm-1 above HCN.
    assert (second.energy - first.energy) / CM1 == pytest.approx(5200, abs=0.1)
    h, c, n = first.positions
    assert float((h - c).norm()) < float((h - n).norm())
    h, c, n = second.positions
    assert float((h - n).norm()) < float((h - c).norm())


def test_a_surface_without_a_molecule() -> None:
    """Atoms that repel one another have no minimum."""

    def repulsion(x: torch.Tensor) -> torch.Tensor:
        return (1 / torch.cdist(x, x).clamp(min=0.1) * (1 - torch.eye(3).double())).sum((1, 2))

    assert minima(Molecule(("O", "H", "H")), repulsion) == []


def test_known_geometries_come_first() -> None:
    water = ANALYTIC["water_pjt1996"]()
    near = torch.tensor([[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]).double() * ANGSTROM
    (lowest, *_) = minima(Molecule(water.symbols), water, near)
    bond = float((lowest.positions[1] - lowest.positions[0]).norm()) / ANGSTROM
    assert bond == pytest.approx(0.9579, abs=1e-4)


def test_an_atom_held_by_weak_forces() -> None:
    """Ne beside HF, three times as far as a bond: a Morse well of 90 cm-1 on the line Ne-H-F."""

    def surface(x: torch.Tensor) -> torch.Tensor:
        ne_f, bond = x[:, 2] - x[:, 0], x[:, 2] - x[:, 1]
        far, near = ne_f.norm(dim=-1), bond.norm(dim=-1)
        line = 1 - (ne_f * bond).sum(-1) / (far * near)
        well = 90 * ((1 - torch.exp(-1.0 * (far - 6.3))) ** 2 - 1) + 20 * line
        return (well + 49000 * (1 - torch.exp(-1.17 * (near - 1.733))) ** 2) * CM1

    lowest = minima(Molecule(("Ne", "H", "F")), surface)[0]
    # Slopes of differences over 0.001 bohr end below 1e-5 hartree/bohr.
    assert lowest.energy == pytest.approx(-90 * CM1, abs=0.01 * CM1)
    apart = torch.cdist(lowest.positions, lowest.positions)
    assert float(apart[0, 2]) == pytest.approx(6.3, abs=0.01)
    assert float(apart[0, 1]) == pytest.approx(6.3 - 1.733, abs=0.01)


def test_a_saddle_is_no_minimum() -> None:
    """A proton between two chlorine atoms: a barrier stands half-way, where searches begin."""

    def surface(x: torch.Tensor) -> torch.Tensor:
        one, other, apart = (
            (x[:, a] - x[:, b]).norm(dim=-1) / ANGSTROM for a, b in ((0, 1), (1, 2), (0, 2))
        )
        off, bent = (one - other) / 2, one + other - apart
        heavy = 12000 * (1 - torch.exp(-1.5 * (apart - 3.12))) ** 2
        return (heavy - 2500 * off**2 + 45000 * off**4 + 9000 * bent) * CM1

    (lowest,) = minima(Molecule(("Cl", "H", "Cl")), surface)
    assert lowest.energy == pytest.approx(-(2500**2) / (4 * 45000) * CM1, abs=0.01 * CM1)

"""Units told by what molecules allow."""

from dataclasses import replace

import pytest
import torch
from made_up import ammonia, evidence

from pes.data import Dataset
from pes.findings.curvature import curvature
from pes.findings.units import energy_unit, length_unit
from pes.potential.analytic import ANALYTIC
from pes.units import ANGSTROM, CM1, EV, KCAL_MOL, KJ_MOL


def diatomic(symbols: str, length: float, points: int = 3) -> Dataset:
    x = torch.zeros(points, 2, 3, dtype=torch.float64)
    x[:, 1, 2] = length * ANGSTROM
    return Dataset(tuple(symbols.split()), x, torch.arange(points).double() * 1e-3)


@pytest.mark.parametrize(
    ("symbols", "length"),
    [("H H", 0.741), ("N N", 1.098), ("O H", 0.97), ("Cs H", 2.49), ("I I", 2.67), ("Na Cl", 2.36),
     ("Ar Ar", 3.76)],
)  # fmt: skip
def test_bond_lengths_of_the_literature(symbols: str, length: float) -> None:
    # K. P. Huber, G. Herzberg, Constants of Diatomic Molecules (1979).
    assert length_unit(evidence(diatomic(symbols, length))) == []
    if "Ar" not in symbols:
        (finding,) = length_unit(evidence(diatomic(symbols, length * ANGSTROM)))
        assert "bohr were called angstrom" in finding.sentence
        (finding,) = length_unit(evidence(diatomic(symbols, length / ANGSTROM)))
        assert "angstrom were called bohr" in finding.sentence


def test_the_highest_wavenumber_of_a_model() -> None:
    # Harmonic stretches of the model lie at 3,500 to 3,700 cm-1 at its minimum.
    known = curvature(evidence(ammonia()))
    assert known is not None
    assert known.wavenumber == pytest.approx(3600, rel=0.15)
    assert known.plausible()


@pytest.mark.parametrize(("name", "unit"), {"eV": EV, "kcal/mol": KCAL_MOL, "cm-1": CM1}.items())
def test_relative_energies_in_another_unit_are_told_by_their_curvature(
    name: str, unit: float
) -> None:
    data = replace(ammonia(), energies=ammonia().energies / unit, forces=None)
    (finding,) = energy_unit(evidence(data))
    assert f"they look like {name} called hartree" in finding.sentence


def test_the_unit_in_which_a_file_was_read_is_the_wrong_one() -> None:
    # 23.06 and 27.21 cannot be told apart by a curvature.
    energies = ammonia().energies * KCAL_MOL / EV
    provenance = {"units": "lengths in angstrom, energy in kcal/mol (E)"}
    data = replace(ammonia(), energies=energies, forces=None, provenance=provenance)
    (finding,) = energy_unit(evidence(data))
    assert "they look like eV called kcal/mol" in finding.sentence
    assert finding.advice == "state the unit of energies: `--units energy=eV`"


@pytest.mark.parametrize(("name", "unit"), {"eV": EV, "kJ/mol": KJ_MOL}.items())
def test_total_energies_are_told_by_those_of_the_atoms(name: str, unit: float) -> None:
    data = ammonia()
    total = replace(data, energies=data.energies - 56.4, forces=None)
    assert energy_unit(evidence(total)) == []
    (finding,) = energy_unit(evidence(replace(total, energies=total.energies / unit)))
    assert f"{name} called hartree" in finding.sentence
    assert "total energy of the atoms" in finding.sentence


def test_total_energies_in_hartree_called_ev() -> None:
    """A 27th of the total energy of the atoms, more than binds any molecule."""
    data = ammonia()
    total = replace(data, energies=(data.energies - 56.4) * EV, forces=None)
    (finding,) = energy_unit(evidence(total))
    assert "they look like hartree called eV" in finding.sentence
    # Counted from separate atoms ammonia lies 0.47 hartree below them: 0.008 of the total.
    assert energy_unit(evidence(replace(data, energies=data.energies - 0.47, forces=None))) == []


def test_bonds_too_long_for_their_elements_are_no_bohr_where_another_order_explains_them() -> None:
    """CH4 whose first atom, called C, is a hydrogen atom: its neighbour is 1.09 Å away."""
    surface = ANALYTIC["methane_model"]()
    x = torch.tensor([surface.reference] * 3, dtype=torch.float64) * ANGSTROM
    right = Dataset(surface.symbols, x, torch.arange(3).double() * 1e-3)
    assert length_unit(evidence(right)) == []
    assert length_unit(evidence(replace(right, positions=x.flip(1)))) == []
    (finding,) = length_unit(evidence(replace(right, positions=x * ANGSTROM)))
    assert "bohr were called angstrom" in finding.sentence


@pytest.mark.parametrize("name", ["carbon_dioxide_model", "silicide_model"])
def test_hartree_called_ev_without_hydrogen(name: str) -> None:
    """Wavenumbers of a fifth, such as many molecules without hydrogen have."""
    surface = ANALYTIC[name]().requires_grad_(False)
    middle = torch.tensor(surface.reference, dtype=torch.float64) * ANGSTROM
    noise = torch.randn(200, 3, 3, generator=torch.Generator().manual_seed(1)).double()
    x = middle + 0.06 * noise
    data = Dataset(surface.symbols, x, surface(x))
    assert energy_unit(evidence(data)) == []
    (finding,) = energy_unit(evidence(replace(data, energies=data.energies * EV)))
    assert "they look like" in finding.sentence
    assert finding.severity == "error"

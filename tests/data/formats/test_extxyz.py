from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from pes.data import Dataset, read, write
from pes.data.formats.extxyz import write_geometries
from pes.units import ANGSTROM, EV

FRAME = """3
Properties=species:S:1:pos:R:3:forces:R:3 energy=-10.0 dipole="0.0 0.5 0.0"
O 0.0 0.0 0.0 0.0 1.0 0.0
H 1.0 0.0 0.0 0.0 -0.5 0.0
H 0.0 1.0 0.0 0.0 -0.5 0.0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "water.xyz"
    path.write_text(text)
    return path


def test_the_units_are_those_of_ase(tmp_path):
    back = read(written(tmp_path, FRAME + FRAME.replace("-10.0", "-9.5")))
    assert back.symbols == ("O", "H", "H")
    assert back.energies.tolist() == [-10 * EV, -9.5 * EV]
    assert back.positions[1, 2, 1] == ANGSTROM
    assert back.forces is not None
    assert back.dipoles is not None
    assert back.forces[0, 0, 1] == EV / ANGSTROM
    assert back.dipoles[0, 1] == 0.5 * ANGSTROM


def test_further_numbers_become_columns(tmp_path):
    more = FRAME.replace("energy=-10.0", 'energy=-10.0 energy_scf=-9.0 t1=1 note="a" good=T')
    back = read(written(tmp_path, more + FRAME))
    assert sorted(back.columns) == ["energy_scf", "t1"]
    assert back.column_units == {"energy_scf": "eV", "t1": "1"}
    assert back.columns["energy_scf"][0] == -9.0
    assert back.columns["energy_scf"].isnan().tolist() == [False, True]


def test_a_key_may_end_with_its_unit(tmp_path):
    text = FRAME.replace("energy=", "TotEnergy_hartree=").replace(":forces:", ":dft_forces_eV/A:")
    back = read(written(tmp_path, text))
    assert back.energies.tolist() == [-10.0]
    assert back.forces is not None
    assert back.forces[0, 0, 1] == EV / ANGSTROM
    with pytest.raises(ValueError, match="energy is stated as hartree and as eV"):
        read(written(tmp_path, text), units={"energy": "eV"})


def test_other_units_are_stated(tmp_path):
    path = written(tmp_path, FRAME)
    back = read(path, units={"energy": "hartree", "length": "bohr"})
    assert back.energies.tolist() == [-10.0]
    assert back.positions[0, 1, 0] == 1.0
    assert back.forces is not None
    assert back.forces[0, 0, 1] == 1.0
    with pytest.raises(ValueError, match="unknown energy unit 'kcal', did you mean"):
        read(path, units={"energy": "kcal"})
    mixed = read(path, units={"energy": "eV", "forces": "hartree/bohr"})
    assert mixed.forces is not None
    assert (mixed.energies[0], mixed.forces[0, 0, 1]) == (-10 * EV, 1.0)


def test_a_file_of_ase_is_read(tmp_path):
    atoms = Atoms("OH2", positions=[[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    forces = np.arange(9.0).reshape(3, 3)
    atoms.calc = SinglePointCalculator(atoms, energy=-10.0, forces=forces, dipole=[0, 0, 1.0])
    ase.io.write(tmp_path / "ase.extxyz", [atoms, atoms], format="extxyz")
    back = read(tmp_path / "ase.extxyz")
    assert back.energies.tolist() == [-10 * EV] * 2
    assert back.forces is not None
    assert back.dipoles is not None
    assert back.forces[1, 2, 2] == 8 * (EV / ANGSTROM)
    assert back.dipoles[0, 2] == ANGSTROM


def test_isotopes_are_stated_or_kept(tmp_path):
    path = written(tmp_path, FRAME)
    heavy = read(path, formula=("18O", "D", "H"))
    assert heavy.symbols == ("18O", "D", "H")
    write(path, heavy)
    assert read(path).symbols == ("18O", "D", "H")
    with pytest.raises(ValueError, match="`formula` names D D O, but the file has 18O D H"):
        read(path, formula=("D", "D", "O"))


def test_what_was_written_is_read_with_every_digit(tmp_path):
    positions = torch.tensor([[[0.0, 0, 0], [1.1, 0.3, 0], [-0.7, 1.3, 0.1]]]).double() / 3 + 1
    data = Dataset(("O", "H", "H"), positions, positions[:, 0, 0], positions / 7, positions[:, 1])
    write(tmp_path / "water.xyz", data)
    back = read(tmp_path / "water.xyz")
    for name in ("positions", "energies", "forces", "dipoles"):
        # Into eV and Å and back: two roundings.
        torch.testing.assert_close(getattr(back, name), getattr(data, name), rtol=4e-16, atol=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n", "holds no frames"),
        ("3", "truncated"),
        ("3\n", "frame 0: truncated, 1 of 5 lines"),
        ("rubbish\n", "frame 0: not readable as XYZ"),
        (FRAME[:-30], "truncated: its last line has no line break"),
        (FRAME[: FRAME.index("H 0.0")], "frame 0: truncated, 4 of 5 lines"),
        (FRAME.replace("O 0.0", "Qq 0.0"), "unknown element 'Qq'"),
        (FRAME.replace("energy=", "E="), "frame 0: no `energy` .*keys there: E"),
        (FRAME + FRAME.replace("energy=", "E="), "frame 1: no `energy`, which other frames"),
        (FRAME + FRAME.replace("dipole=", "mu="), "frame 1: no `dipole`"),
        (FRAME + FRAME.replace(":forces:", ":velo:"), "frame 1: no `forces`"),
        (
            FRAME + FRAME.replace("O 0", "H 0").replace("H 1.0", "O 1.0"),
            "frame 1: atoms H O H differ",
        ),
        (FRAME + FRAME.replace("energy=-10.0", "energy=nan"), "energies, row 1: not a finite"),
        (FRAME.replace("energy=-10.0", "energy=low"), "frame 0: no `energy` .*not numbers: energy"),
        (FRAME.replace("H 1.0", "H 0.0"), "atoms 0 and 1 are 0 angstrom apart"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_the_file(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=message) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_geometries_without_labels(tmp_path: Path) -> None:
    x = torch.tensor([[[0.0, 0, 0], [0, 0, 1 / 3]], [[0, 0, 0], [1.4, 0, 0]]], dtype=torch.float64)
    path = tmp_path / "a.xyz"
    write_geometries(path, ("H", "D"), x, {"row": [7, 1], "height_cm1": [0.1, -2.5]})
    first, second = ase.io.read(path, index=":")
    assert (first.info["row"], second.info["height_cm1"]) == (7, -2.5)
    assert abs(torch.from_numpy(first.positions) * ANGSTROM - x[0]).max() < 1e-15
    # They are no data set, and must not be taken for one.
    with pytest.raises(ValueError, match="no `energy`"):
        read(path)

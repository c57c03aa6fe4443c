import ase.db
import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from pes.data import read
from pes.units import ANGSTROM, EV


def frame(energy: float | None = -10.0, symbols: str = "OH2") -> Atoms:
    atoms = Atoms(symbols, positions=[[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    if energy is not None:
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=np.ones((3, 3)))
    return atoms


def test_a_trajectory_of_ase(tmp_path):
    ase.io.write(tmp_path / "a.traj", [frame(), frame(-9.0)])
    back = read(tmp_path / "a.traj")
    assert back.energies.tolist() == [-10 * EV, -9 * EV]
    assert back.forces is not None
    assert back.forces[0, 0, 0] == EV / ANGSTROM
    assert back.positions[0, 1, 0] == ANGSTROM


def test_a_database_of_ase_keeps_its_numbers(tmp_path):
    with ase.db.connect(tmp_path / "a.db") as database:
        database.write(frame(), t1=0.01, name="first")
        database.write(frame(-9.0), data={"scf_energy": -8.0})
    back = read(tmp_path / "a.db")
    assert back.columns["t1"][0] == 0.01
    assert back.columns["t1"].isnan().tolist() == [False, True]
    assert back.columns["scf_energy"][1] == -8.0
    assert back.column_units == {"t1": "1", "scf_energy": "eV"}


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([frame(), frame(None)], "frame 1: no `energy`, which frame 0 has"),
        ([frame(None)], "no `energy` .keys there: none"),
        ([frame(), frame(symbols="HOH")], "frame 1: atoms H O H differ from O H H of frame 0"),
    ],
)
def test_a_mistake_is_named_with_its_frame(tmp_path, frames, message):
    ase.io.write(tmp_path / "a.traj", frames)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.traj")

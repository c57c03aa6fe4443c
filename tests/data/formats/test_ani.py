from pathlib import Path

import h5py
import numpy as np
import pytest

from pes.data import read
from pes.units import ANGSTROM

X = np.array([[[0, 0, 0], [0, 0, 1.0], [0, 1.1, 0]], [[0, 0, 0], [0, 0, 1.2], [0, 0.9, 0]]])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Water in two groups and methanol's oxygen without hydrogen, as one finds them."""
    with h5py.File(tmp_path / "ani.h5", "w") as file:
        for name, energy in (("gdb/water-1", -76.0), ("gdb/water-2", -75.0)):
            group = file.create_group(name)
            group["coordinates"] = X
            group["species"] = np.array([b"O", b"H", b"H"])
            group["energies"] = np.array([energy, energy + 0.1])
            group["wb97x.energy"] = np.array([energy, energy + 0.2])
            group["smiles"] = np.array([b"O"])
        other = file.create_group("gdb/co")
        other["coordinates"] = X[:, :2]
        other["atomic_numbers"] = np.array([6, 8])
        other["wb97x.energy"] = np.array([-110.0, -110.1])
    return tmp_path / "ani.h5"


def test_one_molecule_of_several_is_named(path):
    with pytest.raises(ValueError, match=r"ani.h5: 2 molecules are there .*O H H.*; name one in"):
        read(path)
    water = read(path, formula="O D H")
    assert water.symbols == ("O", "D", "H")
    assert water.energies.tolist() == [-76.0, -75.9, -75.0, -74.9]
    assert water.positions[3, 1, 2] == 1.2 * ANGSTROM
    assert water.column_units == {"wb97x.energy": "hartree"}
    assert len(read(path, formula="C O")) == 2
    with pytest.raises(ValueError, match="2 molecules are there"):
        read(path, formula="H O H")


def test_another_energy_is_named(path):
    water = read(path, formula="O H H", keys={"energy": "wb97x.energy"})
    assert water.energies.tolist() == [-76.0, -75.8, -75.0, -74.8]


def test_a_size_that_is_not_there_is_refused_at_once(path):
    """Chunks of 600 GiB that were never written."""
    with h5py.File(path, "a") as file:
        del file["gdb/co"]
        group = file["gdb/water-1"]
        del group["coordinates"]
        group.create_dataset("coordinates", (10**10, 3, 3), "f8", chunks=(1000, 3, 3))
        del group["energies"]
        group.create_dataset("energies", (10**10,), "f8", chunks=(1000,))
    with pytest.raises(ValueError, match=r"declares .* GiB, but 0 bytes of it are stored"):
        read(path)


def test_a_wrong_shape_is_named(path):
    with h5py.File(path, "a") as file:
        del file["gdb/co/coordinates"]
        file["gdb/co/coordinates"] = X
    with pytest.raises(ValueError, match=r"`/gdb/co/coordinates` must have shape .2, 2, 3."):
        read(path, formula="C O")

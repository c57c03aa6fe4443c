"""Both kinds of npz, as other programs write them."""

import io
import zipfile

import numpy as np
import pytest

from pes.data import read
from pes.units import ANGSTROM, EV, KCAL_MOL

X = np.array([[[0, 0, 0], [0, 0, 1.0], [0, 1.1, 0]], [[0, 0, 0], [0, 0, 1.2], [0, 0.9, 0]]])
E = np.array([-10.0, -9.5])
PHYSNET = {
    "N": np.array([3, 3]),
    "Z": np.array([[8, 1, 1, 0], [8, 1, 1, 0]]),
    "Q": np.array([0.0, 0.0]),
    # Padded with a fourth atom that is none.
    "R": np.concatenate([X, np.zeros((2, 1, 3))], axis=1),
    "E": E,
    "F": np.concatenate([X / 7, np.zeros((2, 1, 3))], axis=1),
    "D": X[:, 1],
}
MD17 = {"z": np.array([8, 1, 1]), "R": X, "E": E[:, None], "F": X / 7, "name": np.array("water")}


def test_physnet_in_its_units(tmp_path):
    np.savez(tmp_path / "a.npz", **PHYSNET)
    back = read(tmp_path / "a.npz")
    assert back.symbols == ("O", "H", "H")
    assert back.energies.tolist() == (E * EV).tolist()
    assert back.positions[1, 1, 2] == 1.2 * ANGSTROM
    assert back.forces is not None
    assert back.dipoles is not None
    assert back.forces[0, 1, 2] == (1 / 7) * (EV / ANGSTROM)
    assert back.dipoles[1, 2] == 1.2 * ANGSTROM
    assert back.columns["Q"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("own", "energy", "length"),
    [
        ({}, KCAL_MOL, ANGSTROM),
        ({"e_unit": np.array("eV"), "r_unit": np.array("Ang")}, EV, ANGSTROM),
        ({"e_unit": np.array(b"eV"), "r_unit": np.array(b"bohr")}, EV, 1.0),
    ],
)
def test_md17_in_its_own_units(tmp_path, own, energy, length):
    np.savez(tmp_path / "a.npz", **MD17, **own)
    back = read(tmp_path / "a.npz")
    assert back.energies.tolist() == (E * energy).tolist()
    assert back.positions[1, 1, 2] == 1.2 * length
    assert back.forces is not None
    assert back.forces[0, 1, 2] == pytest.approx(energy / length / 7, rel=1e-15)


def test_revised_md17_has_other_names(tmp_path):
    names = {"nuclear_charges": "z", "coords": "R", "energies": "E", "forces": "F"}
    before = {"old_energies": E - 1, "old_forces": X, "old_indices": np.array([5, 3])}
    np.savez(tmp_path / "a.npz", **{new: MD17[old] for new, old in names.items()}, **before)
    back = read(tmp_path / "a.npz")
    assert back.energies.tolist() == (E * KCAL_MOL).tolist()
    assert back.forces is not None
    assert back.forces[0, 1, 2] == pytest.approx(KCAL_MOL / ANGSTROM / 7, rel=1e-15)
    assert back.columns["old_indices"].tolist() == [5, 3]


MISTAKES = {
    "no positions": (
        {k: v for k, v in PHYSNET.items() if k != "R"},
        "arrays R and Z are needed; arrays there: N, Z",
    ),
    "no energies": ({k: v for k, v in MD17.items() if k != "E"}, "no `energy` .keys there: "),
    "another molecule": (
        {**PHYSNET, "Z": np.array([[8, 1, 1, 0], [1, 8, 1, 0]])},
        r"row 1: atomic numbers \[1, 8, 1, 0\] differ from",
    ),
    "fewer energies": ({**PHYSNET, "E": E[:1]}, r"`E` .energy. has shape .1,., but there are 2"),
    "fewer atoms": ({**MD17, "z": np.array([8, 1])}, r"`R` must have shape .points, 2, 3., got"),
    "NaN": ({**MD17, "E": np.array([0, np.nan])}, "energies, row 1: not a finite number"),
    "text": ({**MD17, "E": np.array(["a", "b"])}, "no `energy` .keys there: F"),
    "unknown unit": ({**MD17, "e_unit": np.array("furlong")}, "unknown energy unit 'furlong'"),
    "objects": ({**MD17, "E": np.array([{}, {}])}, "no `energy`"),
    "by columns": ({**MD17, "R": np.asfortranarray(X)}, "`R` is stored column by column"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(tmp_path, mistake):
    arrays, message = MISTAKES[mistake]
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message) as raised:
        read(tmp_path / "a.npz")
    assert str(raised.value).startswith(f"{tmp_path / 'a.npz'}: ")


def test_a_size_that_is_not_there_is_refused_at_once(tmp_path):
    """A header of 218 GiB over no numbers."""
    header = io.BytesIO()
    shape = (10**10, 3, 3)
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    path = tmp_path / "a.npz"
    np.savez(path, **{k: v for k, v in MD17.items() if k != "R"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("R.npy", header.getvalue())
    with pytest.raises(ValueError, match="`R` declares 90,000,000,000 numbers, the file holds"):
        read(path)

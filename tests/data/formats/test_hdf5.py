import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from pes.data import Dataset, read, write
from pes.units import CM1, DIPOLE_UNITS, ENERGY_UNITS, FORCE_UNITS, LENGTH_UNITS

WATER = torch.tensor([[0.0, 0.0, 0.0], [1.8, 0.0, 0.0], [-0.5, 1.7, 0.0]], dtype=torch.float64)
SCALES = torch.tensor([1.0, 1.1, 1.2], dtype=torch.float64)
DATA = Dataset(
    symbols=("18O", "H", "D"),
    positions=SCALES[:, None, None] * WATER,
    energies=-76 + 0.01 * SCALES,
    forces=0.1 * SCALES[:, None, None] * WATER,
    dipoles=SCALES[:, None] * WATER[1],
    columns={"t1_diagnostic": 0.01 * SCALES, "quadrupole": WATER.expand(3, 3, 3)},
    column_units={"quadrupole": "e*bohr^2"},
    provenance={"method": "CCSD(T), π", "threshold": 1e-9, "points": 3},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "water.h5", DATA)
    return tmp_path / "water.h5"


def test_what_was_written_is_read_bit_for_bit(path):
    back = read(path)
    assert back.symbols == DATA.symbols
    assert back.sha256 == DATA.sha256
    assert back.dipoles is not None
    assert DATA.dipoles is not None
    assert torch.equal(back.dipoles, DATA.dipoles)
    assert back.columns.keys() == DATA.columns.keys()
    assert all(torch.equal(back.columns[name], DATA.columns[name]) for name in DATA.columns)
    assert back.column_units == {"t1_diagnostic": "1", "quadrupole": "e*bohr^2"}
    assert back.provenance == DATA.provenance


def test_what_is_not_known_stays_unknown(tmp_path):
    write(tmp_path / "bare.h5", Dataset(DATA.symbols, DATA.positions, DATA.energies))
    back = read(tmp_path / "bare.h5")
    assert back.forces is None
    assert back.dipoles is None
    assert not back.columns
    assert not back.provenance


@pytest.mark.parametrize(
    ("name", "units", "factor"),
    [
        (name, units, factor)
        for name, table in {
            "positions": LENGTH_UNITS,
            "energies": ENERGY_UNITS,
            "forces": FORCE_UNITS,
            "dipoles": DIPOLE_UNITS,
        }.items()
        for units, factor in table.items()
    ],
)
def test_every_unit_comes_back_in_atomic_units(path, name, units, factor):
    with h5py.File(path, "r+") as file:
        file[name][...] /= factor
        file[name].attrs["units"] = units
    back = getattr(read(path), name)
    # Division and multiplication by one factor: two roundings.
    torch.testing.assert_close(back, getattr(DATA, name), rtol=4e-16, atol=0)


def test_a_failed_write_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("pes.data.formats.hdf5._append", _fails)
    with pytest.raises(RuntimeError, match="disk full"):
        write(path, DATA)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["water.h5"]


def _fails(*_arguments: object) -> None:
    raise RuntimeError("disk full")


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder .*nowhere does not exist"):
        write(tmp_path / "nowhere" / "water.h5", DATA)


def _set(name: str, values: np.ndarray, units: str | None) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file[name] = values
        if units is not None:
            file[name].attrs["units"] = units

    return change


def _attribute(place: str, key: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[place].attrs[key] = value

    return change


MISTAKES = {
    "another format": (
        _attribute("/", "format", "schnetpack"),
        "not a pes-dataset file: .* 'pes-dataset', got 'schnetpack'",
    ),
    "no format": (lambda f: f.attrs.__delitem__("format"), "got None"),
    "another version": (_attribute("/", "version", 7), "version 7 of pes-dataset is unknown"),
    "no energies": (lambda f: f.__delitem__("energies"), "`energies` is missing"),
    "no symbols": (lambda f: f.attrs.__delitem__("symbols"), "`symbols` must be a list"),
    "symbols in one string": (_attribute("/", "symbols", "OHH"), "`symbols` .* got 'OHH'"),
    "a misspelt name": (
        _set("force", np.zeros((3, 3, 3)), "hartree/bohr"),
        "unknown dataset `force`, did you mean 'forces'",
    ),
    "gradients": (_set("gradients", np.zeros((3, 3, 3)), "1"), "unknown dataset `gradients`"),
    "no units": (_set("energies", np.zeros(3), None), "`energies` has no attribute `units`"),
    "no units of a column": (
        _set("columns/t1_diagnostic", np.zeros(3), None),
        "`columns/t1_diagnostic` has no attribute `units`",
    ),
    "unknown units": (
        _set("energies", np.zeros(3), "Hartrees"),
        "`energies` is in unknown units 'Hartrees', did you mean 'hartree'.*hartree, eV, cm-1",
    ),
    "letter case": (_set("energies", np.zeros(3), "ev"), "did you mean 'eV'"),
    "far-off units": (_set("positions", np.ones((3, 3, 3)), "parsec"), "known are bohr, angstrom"),
    "NaN energies": (
        _set("energies", np.array([0.0, np.nan, 0.0]), "hartree"),
        "energies, row 1: not a finite number",
    ),
    "wrong shape of forces": (
        _set("forces", np.zeros((3, 9)), "hartree/bohr"),
        r"forces must have shape \(3, 3, 3\) .*got \(3, 9\)",
    ),
    "no points": (_set("energies", np.zeros(0), "hartree"), "at least one point"),
    "text for numbers": (
        _set("energies", np.array([b"a", b"b", b"c"]), "hartree"),
        "`energies` must be a dataset of numbers",
    ),
    "a group for numbers": (
        lambda f: (f.__delitem__("energies"), f.create_group("energies")),
        "`energies` must be a dataset of numbers",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_file_is_named_with_the_file(path, mistake):
    change, message = MISTAKES[mistake]
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(ValueError, match=message) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=r"water\.h5: .*truncated"):
        read(path)


def test_a_flipped_byte_is_refused_or_does_not_matter(path):
    content = path.read_bytes()
    messages = []
    for place in range(7, len(content), 41):
        path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        try:
            assert read(path).sha256 == DATA.sha256
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 10
    assert all(message.startswith(f"{path}: ") for message in messages)


def test_the_same_data_give_the_same_bytes(path, tmp_path):
    write(tmp_path / "again.h5", DATA)
    assert (tmp_path / "again.h5").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_files_of_other_programs_are_read(tmp_path, version):
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w", libver=version) as file:
        file.attrs.update(format="pes-dataset", version=1, symbols=["O", "H", "D"])
        _set("positions", DATA.positions.numpy(), "bohr")(file)
        _set("energies", np.array([1, 2, 3], dtype=np.int32), "cm-1")(file)
        file.create_group("provenance").attrs["author"] = "π"
    back = read(path)
    assert back.symbols == ("O", "H", "D")
    assert back.energies.tolist() == [CM1, 2 * CM1, 3 * CM1]
    assert back.provenance == {"author": "π"}


def test_a_copy_is_as_good(path, tmp_path):
    assert read(shutil.copy(path, tmp_path / "copy.h5")).sha256 == DATA.sha256

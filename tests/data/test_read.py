import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

import pytest
import torch

from pes.data import READERS, Dataset, read
from pes.data.formats.extxyz import write_extxyz
from pes.data.formats.hdf5 import write_hdf5

WRITERS: dict[str, Callable[[Path, Dataset], None]] = {
    ".h5": write_hdf5,
    ".hdf5": write_hdf5,
    ".xyz": write_extxyz,
    ".extxyz": write_extxyz,
}


def water(*, forces: bool) -> Dataset:
    x = torch.tensor([[0.0, 0.1, 0.2], [1.8, 0.0, 0.0], [-0.5, 1.7, 0.0]], dtype=torch.float64)
    positions = torch.stack((x, 1.1 * x))
    return Dataset(
        ("O", "D", "H"), positions, positions[:, 1, 0] - 76, positions / 9 if forces else None
    )


def test_every_reader_has_a_row_here():
    assert WRITERS.keys() == READERS.keys()
    assert all(callable(resolve_name(name)) for name in READERS.values())


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("forces", [True, False])
def test_a_round_trip_keeps_every_point(tmp_path, suffix, forces):
    data, path = water(forces=forces), tmp_path / f"water{suffix}"
    WRITERS[suffix](path, data)
    back = read(path)
    assert back.symbols == data.symbols
    torch.testing.assert_close(back.positions, data.positions, rtol=4e-16, atol=0)
    torch.testing.assert_close(back.energies, data.energies, rtol=4e-16, atol=0)
    torch.testing.assert_close(back.forces, data.forces, rtol=4e-16, atol=0)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", READERS)
def test_a_file_cut_anywhere_is_refused_in_words(tmp_path, suffix):
    path = tmp_path / f"water{suffix}"
    WRITERS[suffix](path, water(forces=True))
    content = path.read_bytes()
    for kept in (0, 1, 2, 5, 50, len(content) // 2, int(0.9 * len(content)), len(content) - 3):
        path.write_bytes(content[:kept])
        with pytest.raises(ValueError, match=f"water{suffix}: "):
            read(path)


@pytest.mark.parametrize("suffix", READERS)
def test_bytes_of_no_format_are_refused_in_words(tmp_path, suffix):
    path = tmp_path / f"water{suffix}"
    path.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(ValueError, match=f"water{suffix}: "):
        read(path)


@pytest.mark.parametrize("suffix", READERS)
def test_a_missing_file_is_named(tmp_path, suffix):
    with pytest.raises(FileNotFoundError, match=f"water{suffix}: no such file"):
        read(tmp_path / f"water{suffix}")
    with pytest.raises(FileNotFoundError, match=f"water{suffix}: no such file"):
        resolve_name(READERS[suffix])(tmp_path / f"water{suffix}")


def test_an_unknown_suffix_names_the_known_ones(tmp_path):
    path = tmp_path / "water.csv"
    path.write_text("1,2\n")
    with pytest.raises(ValueError, match=r"unknown suffix '.csv'; readable are .h5, .hdf5, .xyz"):
        read(path)


def test_the_suffix_is_read_in_any_case(tmp_path):
    write_hdf5(tmp_path / "water.H5", water(forces=False))
    assert len(read(tmp_path / "water.H5")) == 2


def test_importing_the_package_loads_nothing_optional():
    code = (
        "import sys, pes.data; "
        "print([m for m in ('ase', 'pyscf', 'matplotlib', 'h5py') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout == "[]\n", printed.stderr

"""One contract over all formats that are written and read."""

import gzip
import lzma
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch

from pes.data import FORMATS, Dataset, read, write
from pes.geometry import distances


class Row(NamedTuple):
    """How one format is read back and what it has a place for."""

    suffix: str
    how: Mapping[str, Any] = MappingProxyType({})
    kept: tuple[str, ...] = ("forces", "dipoles", "columns")
    symbols: tuple[str, ...] = ("O", "D", "H")


ELEMENTS = ("O", "H", "H")
ROWS = {
    "hdf5": Row(".h5"),
    "ani": Row(".hdf5", {"format": "ani"}, symbols=ELEMENTS),
    "extxyz": Row(".xyz"),
    "qm22": Row(".xyz", {"units": {"dipole": "e*bohr"}}, ("forces", "dipoles")),
    "physnet": Row(".npz", symbols=ELEMENTS),
    "md17": Row(".npz", symbols=ELEMENTS),
    "qcschema": Row(".json"),
    "traj": Row(".traj"),
    "ase": Row(".db"),
    "distances": Row(
        ".csv",
        {"formula": "O H H", "units": {"energy": "hartree", "length": "bohr"}},
        ("columns",),
        ELEMENTS,
    ),
}
WRITTEN = [name for name, one in FORMATS.items() if one.writer is not None]


def water(*, full: bool) -> Dataset:
    x = torch.tensor([[0.0, 0.1, 0.2], [1.8, 0.0, 0.0], [-0.5, 1.7, 0.0]], dtype=torch.float64)
    positions = torch.stack((x, 1.1 * x, 1.23456789 * x))
    more: dict[str, Any] = {
        "forces": positions / 9,
        "dipoles": positions[:, 1] / 7,
        "columns": {"weight": positions[:, 1, 0] / 3, "t1": positions[:, 2, 1]},
    }
    return Dataset(("O", "D", "H"), positions, positions[:, 1, 0] - 76, **(more if full else {}))


def written(folder: Path, name: str, data: Dataset) -> Path:
    path = folder / f"water{ROWS[name].suffix}"
    write(path, data, format=name)
    return path


def test_every_format_has_a_row_here():
    assert set(ROWS) == set(WRITTEN)
    for one in FORMATS.values():
        for function in (one.reader, one.writer, one.recognised):
            # cclib is an extra.
            if function is not None and not function.startswith("outputs:"):
                assert callable(resolve_name(f"pes.data.formats.{function}"))


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("full", [True, False])
def test_a_round_trip_keeps_every_point(tmp_path, name, full):
    data, row = water(full=full), ROWS[name]
    path = written(tmp_path, name, data)
    back = read(path, **row.how)
    assert back.symbols == row.symbols
    # A factor into other units and back: two roundings; a distance, one more.
    close = {"rtol": 1e-15, "atol": 1e-15}
    torch.testing.assert_close(distances(back.positions), distances(data.positions), **close)
    torch.testing.assert_close(back.energies, data.energies, rtol=4e-16, atol=0)
    for quantity in ("forces", "dipoles"):
        theirs = getattr(data, quantity) if quantity in row.kept else None
        torch.testing.assert_close(getattr(back, quantity), theirs, **close)
    if name != "distances":
        torch.testing.assert_close(back.positions, data.positions, **close)
    for column in data.columns if "columns" in row.kept else ():
        assert torch.equal(back.columns[column], data.columns[column])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", WRITTEN)
def test_parts_are_joined_in_their_order(tmp_path, name, monkeypatch):
    """As if each file were larger than what is read at once."""
    data, path = water(full=True), tmp_path / f"water{ROWS[name].suffix}"
    write(path, (data.select([k]) for k in range(3)), format=name)
    for module, size in {
        "points.VALUES_AT_ONCE": 1,
        "frames.LINES_AT_ONCE": 1,
        "tables.LINES_AT_ONCE": 1,
        "qcschema.RECORDS_AT_ONCE": 1,
        "ase_files.FRAMES_AT_ONCE": 1,
    }.items():
        monkeypatch.setattr(f"pes.data.formats.{module}", size)
    back = read(path, **ROWS[name].how)
    torch.testing.assert_close(back.energies, data.energies, rtol=4e-16, atol=0)
    assert len(back) == 3


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_cut_anywhere_is_refused_in_words(tmp_path, name):
    path = written(tmp_path, name, water(full=True))
    content = path.read_bytes()
    for kept in (0, 1, 2, 5, 50, len(content) // 2, int(0.9 * len(content)), len(content) - 3):
        path.write_bytes(content[:kept])
        with pytest.raises(ValueError, match=f"water{path.suffix}: "):
            read(path, **ROWS[name].how)


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_of_no_format_are_refused_in_words(tmp_path, name):
    path = tmp_path / f"water{FORMATS[name].suffixes[0]}"
    path.write_bytes(bytes(range(256)) * 8)
    for format in (None, name):
        with pytest.raises(ValueError, match=f"water{path.suffix}: "):
            read(path, format=format, formula="O H H", zmatrix=[("O",), ("H", 0), ("H", 0, 1)])


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zip"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_compressed_file_is_read_as_it_is(tmp_path, name, suffix):
    data, plain = water(full=True), written(tmp_path, name, water(full=True))
    path = tmp_path / f"{plain.name}{suffix}"
    content = plain.read_bytes()
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(plain, f"folder/{plain.name}")
    else:
        path.write_bytes({".gz": gzip, ".xz": lzma}[suffix].compress(content))
    back = read(path, **ROWS[name].how)
    torch.testing.assert_close(back.energies, data.energies, rtol=4e-16, atol=0)
    whole = path.read_bytes()
    for damaged in (whole[:-9], whole[: len(whole) // 2], b"PK\x03\x04" + whole[4:100], b"nothing"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=f"water{plain.suffix}{suffix}: "):
            read(path, **ROWS[name].how)


@pytest.mark.parametrize("name", WRITTEN)
def test_other_atoms_than_stated_are_refused(tmp_path, name):
    path = written(tmp_path, name, water(full=False))
    how = {**ROWS[name].how, "formula": "H O H"}
    if name == "distances":
        # It has no atoms of its own.
        pytest.skip("a table of distances does not say its atoms")
    with pytest.raises(ValueError, match=r"another order|name one in `formula`"):
        read(path, **how)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_failed_write_leaves_nothing(tmp_path, name):
    def parts():
        yield water(full=False)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write(tmp_path / f"water{ROWS[name].suffix}", parts(), format=name)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_with_two_files_or_none_is_refused(tmp_path):
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    with pytest.raises(ValueError, match=r"both.zip: the archive is empty"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.xyz", "")
        archive.writestr("b.xyz", "")
    with pytest.raises(ValueError, match=r"both.zip: the archive must hold one file, it holds 2"):
        read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"water.xyz: no such file"):
        read(tmp_path / "water.xyz")
    os.symlink(tmp_path / "b.h5", tmp_path / "a.h5")
    os.symlink(tmp_path / "a.h5", tmp_path / "b.h5")
    with pytest.raises(FileNotFoundError, match=r"a.h5: no such file .a symbolic link"):
        read(tmp_path / "a.h5")


def test_an_unknown_suffix_names_the_known_ones(tmp_path):
    path = tmp_path / "water.doc"
    path.write_text("1,2\n")
    with pytest.raises(ValueError, match=r"unknown suffix '.doc'; readable are .h5, .hdf5, .xyz"):
        read(path)
    with pytest.raises(ValueError, match=r"`format` must be one of hdf5, ani, .* got 'word'"):
        read(path, format="word")
    with pytest.raises(ValueError, match=r"cannot write suffix '.doc'; formats that can be"):
        write(path, water(full=False))


def test_the_suffix_is_read_in_any_case(tmp_path):
    write(tmp_path / "water.H5", water(full=False))
    assert len(read(tmp_path / "water.H5")) == 3


def test_unknown_words_of_the_user_are_named(tmp_path):
    path = written(tmp_path, "extxyz", water(full=True))
    for how, message in {
        "kcal": ({"units": {"energy": "kcal"}}, "unknown energy unit 'kcal', did you mean"),
        "mass": ({"units": {"mass": "u"}}, "`units` has keys energy, length, .* not 'mass'"),
        "key": ({"keys": {"spin": "s"}}, "`keys` may name energy, .* not 'spin'"),
        "no key": ({"keys": {"energy": "E2"}}, "frame 0: no `E2` .energy.; keys there: "),
        "formula": ({"formula": "H2O!"}, "`formula` must be like H2O"),
        "element": ({"formula": "Q R"}, "'Q' is not a known isotope"),
        "many": ({"formula": "H99999999999"}, "`formula` must have at most 1000 atoms"),
    }.values():
        with pytest.raises(ValueError, match=message):
            read(path, **how)


def test_units_are_echoed_and_doubted(tmp_path, caplog):
    data = water(full=True)
    data = replace(data, energies=0.1 * data.energies)
    with caplog.at_level("INFO", logger="pes"):
        back = read(written(tmp_path, "extxyz", data))
    assert back.provenance["units"] == (
        "lengths in angstrom, energy in eV, forces in eV/angstrom, dipole in e*angstrom"
    )
    assert f"extended XYZ, {back.provenance['units']}" in caplog.text
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
    caplog.clear()
    read(tmp_path / "water.xyz", units={"length": "bohr", "energy": "cm-1"})
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 2
    assert "perhaps angstrom is called bohr: check the unit of lengths" in warnings[0]
    assert "check the unit of energies" in warnings[1]
